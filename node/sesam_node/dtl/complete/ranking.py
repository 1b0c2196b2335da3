"""Suggestions, and their order: how well a name fits what has been typed."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ITEMS = 200
MAX_NEAR = 5
BREAK = re.compile(r"[-_:. !$]")


class Item(TypedDict):
    """One suggestion.

    `insert` replaces the text between `from` and `to`. `kind` is one of transform, function,
    property, variable, alias, rule, dataset, option, join, value; `detail` is a signature or a
    type, `doc` a sentence.
    """

    label: str
    kind: str
    insert: str
    detail: str
    doc: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name that may stand at the cursor. `text` is what it is there, `order` comes first.

    `raw`: `text` is JSON already, not the inside of a string.
    """

    label: str
    kind: str
    text: str
    detail: str = ""
    doc: str = ""
    order: int = 0
    raw: bool = False


def fit(query: str, label: str) -> int | None:
    """How well a label fits what was typed, 0 the best; None where it does not.

    The same, a beginning, the beginning of a word in it, a part, its letters in order.
    """
    query, label = query.lower(), label.lower()
    if query == label:
        return 0
    if label.startswith(query):
        return 1
    if any(word.startswith(query) for word in BREAK.split(label)):
        return 2
    if query in label:
        return 3
    rest = iter(label)
    return 4 if all(char in rest for char in query) else None


def ranked(query: str, candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates that fit, the best first; near misses where none does. At most MAX_ITEMS."""
    listed = list(candidates)
    scored = [
        (score, one.order, len(one.label) if query else 0, position, one)
        for position, one in enumerate(listed)
        if (score := fit(query, one.label) if query else 0) is not None
    ]
    if scored:
        # Positions differ, so candidates are never compared.
        return [one for *_, one in sorted(scored)[:MAX_ITEMS]]
    near = difflib.get_close_matches(query, {one.label for one in listed}, MAX_NEAR, cutoff=0.6)
    return [one for label in near for one in listed if one.label == label]
