"""What is different between two rule sets: the edits that lead from one to the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from sesam_node.errors import json_path, preview

if TYPE_CHECKING:
    from collections.abc import Iterator

At = tuple[str | int, ...]


@dataclass(frozen=True)
class Edit:
    """One edit. `old` and `new` are short paths (`default[2]`) in the rules before and after.

    `old` is null for what was added, `new` for what was removed.
    """

    old: str | None
    new: str | None
    text: str

    @property
    def kind(self) -> str:
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"

    def data(self) -> dict[str, Any]:
        """As JSON: `kind, old, new, text`."""
        return {"kind": self.kind, "old": self.old, "new": self.new, "text": self.text}

    def __str__(self) -> str:
        where = self.new or self.old
        return f"{where} {self.kind}: {self.text}"


def edits(old: Any, new: Any) -> list[Edit]:
    """The edits between two rule sets: the smallest parts that differ, in the order of rules."""
    before, after = _rules(old), _rules(new)
    return list(_dict(before, after, (), ()))


def _rules(rules: Any) -> dict[str, Any]:
    return {"default": rules} if isinstance(rules, list) else rules


def _value(old: Any, new: Any, at: At, to: At) -> Iterator[Edit]:
    if _text(old) == _text(new):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _dict(old, new, at, to)
    elif _is_call(old) and _is_call(new) and old[0] == new[0] and len(old) == len(new):
        for number, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _value(left, right, (*at, number), (*to, number))
    elif _is_block(old) and _is_block(new):
        yield from _list(old, new, at, to)
    else:
        yield Edit(_path(at), _path(to), f"{preview(old, 50)} -> {preview(new, 50)}")


def _dict(old: dict[str, Any], new: dict[str, Any], at: At, to: At) -> Iterator[Edit]:
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            yield Edit(_path((*at, name)), None, preview(old[name], 80))
        elif name not in old:
            yield Edit(None, _path((*to, name)), preview(new[name], 80))
        else:
            yield from _value(old[name], new[name], (*at, name), (*to, name))


def _list(old: list[Any], new: list[Any], at: At, to: At) -> Iterator[Edit]:
    left, right = list(map(_text, old)), list(map(_text, new))
    for word, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if word == "equal":
            continue
        both = min(i2 - i1, j2 - j1)
        for step in range(both):
            yield from _value(old[i1 + step], new[j1 + step], (*at, i1 + step), (*to, j1 + step))
        for number in range(i1 + both, i2):
            yield Edit(_path((*at, number)), None, preview(old[number], 80))
        for number in range(j1 + both, j2):
            yield Edit(None, _path((*to, number)), preview(new[number], 80))


def _is_call(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def _is_block(value: Any) -> bool:
    """Is it a list of transforms?"""
    return isinstance(value, list) and all(isinstance(item, list) for item in value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _path(at: At) -> str:
    return json_path(at).removeprefix("$").lstrip(".")


def near(path: str | None, others: list[str]) -> bool:
    """Does a path lie within one of the others, or one of them within it?"""
    return path is not None and any(is_within(path, one) or is_within(one, path) for one in others)


def is_within(path: str, outer: str) -> bool:
    return path == outer or (path.startswith(outer) and path[len(outer)] in ".[")
