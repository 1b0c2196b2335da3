"""Where two configurations differ: places with their old and new value, lists aligned."""

from __future__ import annotations

import json
from difflib import SequenceMatcher, unified_diff
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.dtl.format import format_text
from sesam_node.errors import json_path, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WIDTH = 60
Path = tuple[str | int, ...]
Items = list[tuple[int, Any]]
"""Items of a list with their positions in it."""


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
    """The differences of two lists.

    Items that are the same stand by each other; between them calls that write the same property,
    then calls of the same function, are compared within. The rest has come or gone.
    """
    yield from _aligned(list(enumerate(old)), list(enumerate(new)), path, [_text, _named, _head])


def _aligned(
    old: Items, new: Items, path: Path, keys: list[Callable[[Any], str]]
) -> Iterator[Change]:
    if not keys:
        yield from _unlike(old, new, path)
        return
    key, *others = keys
    was, now = ([key(item) for _, item in items] for items in (old, new))
    matcher = SequenceMatcher(None, was, now, autojunk=False)
    for tag, start, end, begin, stop in matcher.get_opcodes():
        if tag != "equal":
            yield from _aligned(old[start:end], new[begin:stop], path, others)
            continue
        for (_, before), (at, after) in zip(old[start:end], new[begin:stop], strict=True):
            yield from _changes(before, after, (*path, at))


def _unlike(old: Items, new: Items, path: Path) -> Iterator[Change]:
    if len(old) == len(new) == 1:
        yield Change(json_path((*path, new[0][0])), "changed", old[0][1], new[0][1])
        return
    for at, item in old:
        yield Change(json_path((*path, at)), "removed", old=item)
    for at, item in new:
        yield Change(json_path((*path, at)), "added", new=item)


def _named(item: Any) -> str:
    """What a transform is about: its function and the property, an object's `_id`."""
    if isinstance(item, list) and len(item) > 1 and isinstance(item[1], str):
        return _text(item[:2])
    return _text(item["_id"]) if isinstance(item, dict) and "_id" in item else _text(item)


def _head(item: Any) -> str:
    """The function of a call; of other values their kind."""
    if isinstance(item, list) and item and isinstance(item[0], str):
        return item[0]
    return f" {type(item).__name__}"


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def laid_out(config: Any) -> str:
    """A configuration in the one layout of rules: a transform a line where it fits."""
    return format_text(json.dumps(config, ensure_ascii=False))


def unified(old: Any, new: Any, before: str, after: str) -> str:
    """The two as text, line by line: `-` was, `+` will be."""
    was, now = (laid_out(value).splitlines() for value in (old, new))
    return "\n".join(unified_diff(was, now, before, after, lineterm=""))
