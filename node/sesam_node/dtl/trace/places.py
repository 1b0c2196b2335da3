"""JSON paths as texts and parts, and what stands at a place of a value."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.wildcards import wildcard
from sesam_node.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

Part = str | int

STEP = re.compile(
    r"""\.(?P<name>[^.\[\]]+) | \[(?P<index>\d{1,9})\] | \[(?P<quoted>"(?:[^"\\]|\\.)*")\]
    | \['(?P<single>[^']*)'\]""",
    re.VERBOSE,
)
MISSING: Any = object()
"""What stands at a place that is not there."""


def parts_of(path: str) -> list[Part]:
    """`$.orders[1]["odd.name"]` as `["orders", 1, "odd.name"]`; the leading `$.` may be left out.

    Raises InputError for a text that is no such path.
    """
    text = path if path[:1] == "$" else f"${path}" if path[:1] in (".", "[") else f"$.{path}"
    parts: list[Part] = []
    position = 1
    while position < len(text):
        step = STEP.match(text, position)
        quoted = _unquoted(step["quoted"]) if step and step["quoted"] else None
        if step is None or (step["quoted"] and quoted is None):
            problem = Problem("$.path", "wrong-path", f"expected a JSON path, got {path!r}")
            raise InputError("not a JSON path", [problem])
        if step["index"]:
            parts.append(int(step["index"]))
        else:
            parts.append(step["name"] or quoted or step["single"] or "")
        position = step.end()
    return parts


def _unquoted(text: str) -> str | None:
    try:
        return str(json.loads(text))
    except ValueError:
        return None


def at(value: Any, parts: list[Part]) -> Any:
    """What stands at a place of a value, or MISSING."""
    for part in parts:
        if isinstance(part, str):
            value = value.get(part, MISSING) if type(value) is dict else MISSING
        else:
            value = value[part] if type(value) is list and part < len(value) else MISSING
    return value


def below(path: str, parent: str) -> bool:
    """Does one JSON path lie within another, or is it the same?"""
    return path == parent or (path.startswith(parent) and path[len(parent)] in ".[")


def argument_of(path: str, parent: str) -> int | None:
    """The position of the argument of `parent` that `path` lies in."""
    if not below(path, parent):
        return None
    step = STEP.match(path, len(parent))
    return int(step["index"]) if step and step["index"] else None


def matches(pattern: str, name: str) -> bool:
    """Does a pattern with `*` (any text) and `?` (one character) match the whole name?"""
    return wildcard(pattern)(name) is not None


def same_property(written: str, name: str) -> bool:
    """May a name in a rule mean this property? An unqualified one crosses namespaces."""
    plain = written.lstrip(":")
    return plain == name or (":" not in plain and name.endswith(f":{plain}"))


def same(left: Any, right: Any) -> bool:
    """Are two values equal JSON? `1`, `1.0` and `true` are different values."""
    if left is right:
        return left is not MISSING
    if type(left) is not type(right):
        return False
    if type(left) is dict:
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if type(left) is list:
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def walk(value: Any, names: Iterable[Part]) -> Any:
    """A place of a value; names go into every item of a list, as paths of the rules do."""
    for name in names:
        if isinstance(name, int) or type(value) is dict:
            value = at(value, [name])
        elif type(value) is list:
            found = [item.get(name) for item in value if type(item) is dict]
            value = [item for part in found for item in (part if type(part) is list else [part])]
        else:
            return MISSING
    return value
