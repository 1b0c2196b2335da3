"""Which properties of two datasets look as if they belonged together: suggestions for `where`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY_WORDS = frozenset(["id", "ids", "ni", "no", "nr", "key", "ref", "code", "number", "fk"])
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
MAX_JOINS = 5


@dataclass(frozen=True)
class Side:
    """One side of a join: its variable, the dataset (may be unknown: ""), its property names."""

    variable: str
    dataset: str
    names: tuple[str, ...]


def joins_between(known: Side, joined: Side) -> list[tuple[str, str]]:
    """Pairs of paths that may be joined, the likeliest first; at most MAX_JOINS.

    A name that says the other dataset goes with its `_id`, two equal names that look like keys go
    together; other names that look like keys are the last resort.
    """
    scored: dict[tuple[str, str], int] = {}
    for name in known.names:
        _score(scored, name, (name, "_id"), joined.dataset)
    for name in joined.names:
        _score(scored, name, ("_id", name), known.dataset)
    for name in sorted(set(known.names) & set(joined.names)):
        if _is_key(name):
            scored[name, name] = 3
    best = sorted(scored, key=lambda pair: (-scored[pair], pair))
    likely = [pair for pair in best if scored[pair] > 1]
    pairs = (likely or best)[:MAX_JOINS]
    return [(_path(known, left), _path(joined, right)) for left, right in pairs]


def _score(scored: dict[tuple[str, str], int], name: str, pair: tuple[str, str], to: str) -> None:
    if name[:1] in ("_", "$"):
        return
    words = _words(name)
    named = {word for word in words if word not in KEY_WORDS}
    if named and named <= _words(to):
        scored[pair] = 4 if _is_key(name) else 3
    elif _is_key(name):
        scored[pair] = 2 if named & _words(to) else 1


def _is_key(name: str) -> bool:
    plain = name.rpartition(":")[2]
    words = [word.lower() for word in WORD.findall(plain)]
    return plain[:1] not in ("_", "$") and len(words) > 1 and words[-1] in KEY_WORDS


def _words(name: str) -> frozenset[str]:
    """The words of a name or dataset, in the singular as far as an "s" says so."""
    words: Iterable[str] = (word.lower() for word in WORD.findall(name.rpartition(":")[2]))
    return frozenset(
        word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] != "s" else word
        for word in words
    )


def _path(side: Side, name: str) -> str:
    return f"{side.variable}.{quoted_name(name)}"


def quoted_name(name: str) -> str:
    """A property name as it stands in a path."""
    if name and "." not in name and "'" not in name:
        return name
    return "'" + name.replace("'", "''") + "'"
