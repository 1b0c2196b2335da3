"""What fits nowhere else: hashes, composite keys, literals, versions of the source, datasets."""

from __future__ import annotations

import itertools
import math
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import mmh3

from sesam_node.dtl.functions._values import text
from sesam_node.dtl.functions.lists import refuse_too_many
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, as_list, each
from sesam_node.errors import preview
from sesam_node.model.values import Value, kind

if TYPE_CHECKING:
    from collections.abc import Sequence

ABC = 79267961763742113019008347020647561319
SEED_MASK = 0xFFFFFFFF


def check_algorithm(algorithm: Value) -> str | None:
    """What is wrong with a constant ALGORITHM."""
    if algorithm == "murmur3":
        return None
    return f'expected the algorithm "murmur3", got {preview(algorithm)}'


def hashed_bytes(value: Value) -> bytes | None:
    """What is hashed of a string (utf-8) or of bytes; null for other types."""
    characters = text(value)
    if characters is not None:
        return characters.encode("utf-8", "surrogatepass")
    return b64decode(value[2:]) if kind(value) == "bytes" else None


@function(
    "hash128",
    "ALGORITHM(string{1}), SEED(integer-expression{0|1}), VALUES(value-expression{1})",
    Example(["hash128", "murmur3", "abc"], ABC),
    Example(["hash128", "murmur3", ["list", 123, "~bYWJj"]], [ABC], note="bytes, no numbers"),
    Example(["hash128", "murmur3", 42, "abc"], 155605047596158287791348051400769664982),
    Example(["hash128", "murmur3", "42", "abc"], None, note="SEED must be an integer"),
    checks={"ALGORITHM": check_algorithm},
)
def hash128(_algorithm: str, seed: Value, values: Value) -> Value:
    """Give the 128-bit hash (MurmurHash3 x64, unsigned) of each string or bytes value.

    SEED is 0 by default, its low 32 bits count. Values of other types are ignored; null gives null,
    and so does a SEED that is no integer.
    """
    if seed is ABSENT:
        seed = 0
    if type(seed) is not int:
        return None
    seed &= SEED_MASK

    def hash_of(value: Value) -> Value:
        data = hashed_bytes(value)
        return None if data is None else mmh3.hash128(data, seed, x64arch=True, signed=False)

    return each(values, hash_of)


@function(
    "tuples",
    "VALUES(value-expression{>=0})",
    Example(["tuples", "a", "b", "c"], [["a", "b", "c"]]),
    Example(["tuples", ["list", 1, 2], ["list", 3, None, 4]], [[1, 3], [1, 4], [2, 3], [2, 4]]),
    Example(["tuples", ["list", 1, 2], None], [], note="no value, no tuple"),
    Example(["tuples"], []),
)
def tuples(*values: Value) -> Value:
    """Give a list of all tuples with one value of each argument, the last one varying fastest.

    Null values are ignored; an argument without values gives `[]`. Tuples are the keys of joins
    over several properties. Fails where there would be too many.
    """
    if not values:
        return []
    parts: Sequence[list[Any]] = [
        [item for item in as_list(value) if item is not None] for value in values
    ]
    refuse_too_many("tuples", math.prod(map(len, parts)))
    return list(itertools.product(*parts))
