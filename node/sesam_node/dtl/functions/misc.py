"""What fits nowhere else: hashes, composite keys, literals, versions of the source, datasets."""

from __future__ import annotations

import itertools
import math
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions._values import text
from sesam_node.dtl.limits import refuse_too_many
from sesam_node.dtl.registry import Example, function, special
from sesam_node.dtl.runtime import ABSENT, as_list, each
from sesam_node.errors import preview
from sesam_node.model.values import Value, equal, kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.runtime import Lookup
    from sesam_node.dtl.syntax import Call
    from sesam_node.model.values import Entity

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
    # Here and not above: a bare install runs DTL without it.
    import mmh3

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


@function(
    "literal",
    "VALUE(value{1})",
    Example(["literal", "_S.foo"], "_S.foo", source={"foo": 1}, note="not a path"),
    Example(["literal", ["upper", "hello"]], ["upper", "hello"], note="not a call"),
    Example(["in", "b", ["literal", ["a", "b"]]], expect=True, note="a constant list"),
    Example(["literal", None], None),
)
def literal(value: Value) -> Value:
    """Give the argument as it stands in the configuration, unevaluated: no path, no call.

    Null is null; tagged text such as `"~f1.5"` is the value that it stands for.
    """
    return value


def differs(lookup: Lookup, source: Entity, look: Callable[[Entity], Value]) -> bool | None:
    """Does `look` see a change since the previous version of a source entity? Null: unknown."""
    before = lookup.previous(source)
    if before is None:
        return None
    if source.get("_deleted") is True or before.get("_deleted") is True:
        return True
    return not equal(look(source), look(before))


@special(
    "is-changed",
    "FUNCTION(function-expression{1})",
    Example(["is-changed", "_.name"], None, note="no previous version: unknown"),
    Example(["if", ["is-changed", ["list", "_.a", "_.b"]], "yes", "no"], "no"),
    pure=False,
    boolean=True,
)
def is_changed(scope: Scope, call: Call) -> str:
    """Tell whether FUNCTION gives something else for the previous version of the source entity.

    In FUNCTION `_` is the one version, then the other; all other variables are what they are. True
    where either version is deleted; null where there is no previous version or the source is no
    dataset. In an applied rule too it is about the source entity of the pipe.
    """
    source = "S" if scope.root else "R[0]"
    return scope.call(call.at, differs, "lookup", source, scope.function(call.arguments[0]))


def completeness_of(lookup: Lookup, via: str, dataset: str) -> Value:
    """The completeness of a dataset as `via` has heard of it."""
    return lookup.completeness(dataset, via)


@special(
    "completeness",
    "VIA_DATASET_ID(string{1}), DATASET_ID(string{1})",
    Example(["completeness", "no-such-dataset", "orders"], None),
    Example(["if-null", ["completeness", "totals", "orders"], "unknown"], "unknown"),
    pure=False,
)
def completeness(scope: Scope, call: Call) -> str:
    """Give the completeness of DATASET_ID, a datetime, as VIA_DATASET_ID has heard of it.

    That can be older than what the dataset itself has, which it gives where both ids are the same.
    Null where one of the datasets does not exist or nothing has been heard.
    """
    via, dataset = (scope.constant(call.constant(position)) for position in range(2))
    return scope.call(call.at, completeness_of, "lookup", via, dataset)
