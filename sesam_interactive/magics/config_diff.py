"""Where two configurations differ: places with their old and new value, lists aligned."""

from __future__ import annotations

import json
from difflib import SequenceMatcher, unified_diff
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.dtl.format import format_text
from sesam_node.errors import json_path, preview

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 60
Path = tuple[str | int, ...]


class Change(NamedTuple):
    """One place: `kind` is "added", "removed" or "changed".

    The path of a removed item of a list is its old one.
    """

    path: str
    kind: str
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        if self.kind == "added":
            return f"+ {self.path} = {preview(self.new, 2 * WIDTH)}"
        if self.kind == "removed":
            return f"- {self.path} = {preview(self.old, 2 * WIDTH)}"
        old, new = preview(self.old, WIDTH), preview(self.new, WIDTH)
        return f"~ {self.path}  {old} → {new}"


def changes(old: Any, new: Any) -> list[Change]:
    """Every place in which two JSON values differ, in the order of the new one."""
    return list(_changes(old, new, ()))


def _changes(old: Any, new: Any, path: Path) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*new, *old]):
            here = (*path, name)
            if name not in old:
                yield Change(json_path(here), "added", new=new[name])
            elif name not in new:
                yield Change(json_path(here), "removed", old=old[name])
            else:
                yield from _changes(old[name], new[name], here)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _items(old, new, path)
    elif _text(old) != _text(new):
        yield Change(json_path(path), "changed", old, new)


def _items(old: list[Any], new: list[Any], path: Path) -> Iterator[Change]:
    """The differences of two lists; what stands between the same neighbours is compared within."""
    matcher = SequenceMatcher(None, [*map(_text, old)], [*map(_text, new)], autojunk=False)
    for tag, start, end, begin, stop in matcher.get_opcodes():
        if tag == "equal":
            continue
        both = min(end - start, stop - begin)
        for offset in range(both):
            was, now = old[start + offset], new[begin + offset]
            here = (*path, begin + offset)
            if _alike(was, now):
                yield from _changes(was, now, here)
            else:
                yield Change(json_path(here), "changed", was, now)
        for offset in range(both, end - start):
            yield Change(json_path((*path, start + offset)), "removed", old=old[start + offset])
        for offset in range(both, stop - begin):
            yield Change(json_path((*path, begin + offset)), "added", new=new[begin + offset])


def _alike(old: Any, new: Any) -> bool:
    """Are two items of a list the same thing, changed within? Calls of one function are."""
    if isinstance(old, list) and isinstance(new, list):
        return old[:1] == new[:1]
    return type(old) is type(new) and isinstance(old, dict)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def laid_out(config: Any) -> str:
    """A configuration in the one layout of rules: a transform a line where it fits."""
    return format_text(json.dumps(config, ensure_ascii=False))


def unified(old: Any, new: Any, before: str, after: str) -> str:
    """The two as text, line by line: `-` was, `+` will be."""
    was, now = (laid_out(value).splitlines() for value in (old, new))
    return "\n".join(unified_diff(was, now, before, after, lineterm=""))
