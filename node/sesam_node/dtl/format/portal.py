"""The layout of Sesam's portal and of the command line client, with comments on top.

Keys are in their conventional order; a list in a list begins a line; an object in a list begins on
the line of the list.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sesam_node.dtl.format.arrange import (
    Arranged,
    Entry,
    arrange,
    behind,
    indented,
    literal,
    own_lines,
)

if TYPE_CHECKING:
    from sesam_node.dtl.written_text import Written

STEP = "  "
FIRST = (
    *("_id", "type", "name", "description", "source", "sink", "transform", "pump", "metadata"),
    *("system", "datasets", "where", "return", "recurse", "max_depth", "exclude_root"),
    *("track-dependencies", "trace", "default"),
)
ORDER = {name: position for position, name in enumerate(FIRST)}
LAST = frozenset(["$audit", "$principals-from-user"])


def portal(text: str, node: Written, indent: str = "") -> str:
    """A value on lines that begin with `indent`, but for its first."""
    if node.kind == "string":
        return _string(text, node)
    if node.kind not in ("list", "object"):
        return literal(text, node)
    parts = arrange(text, node)
    if node.kind == "object":
        return _object(text, parts, indent)
    return _list(text, parts, indent)


def _string(text: str, node: Written) -> str:
    """A string as the client writes it: all but control characters and surrogates unescaped."""
    value = json.loads(text[node.start : node.end])
    escaped = json.dumps(value, ensure_ascii=False)
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in escaped)


def _weight(entry: Entry) -> tuple[int, str]:
    key = str(json.loads(entry.key.removesuffix(": ")))
    if (key.startswith("_") and key != "_id") or key in LAST:
        return len(FIRST) + 1, key
    return (ORDER[key], "") if key in ORDER else (len(FIRST), key)


def _object(text: str, parts: Arranged, indent: str) -> str:
    inner = indent + STEP
    entries = sorted(parts.entries, key=_weight)
    if not entries and not parts.closing:
        return "{}"
    lines = ["{" + _opening(parts, indent)]
    for position, entry in enumerate(entries):
        comma = "," if position < len(entries) - 1 else ""
        lines += own_lines(entry.own, inner, blank=False)
        value = portal(text, entry.node, inner)
        lines.append(inner + entry.prefix + value + behind(entry, comma, inner))
    lines += own_lines(parts.closing, inner, blank=False)
    return "\n".join([*lines, indent + "}"])


def _list(text: str, parts: Arranged, indent: str) -> str:
    inner = indent + STEP
    found = "[" + _opening(parts, indent)
    breaks = bool(parts.opening)
    for position, entry in enumerate(parts.entries):
        nested = entry.node.kind == "list" or bool(entry.own)
        if nested or breaks:
            found += "\n".join(["", *own_lines(entry.own, inner, blank=False), inner])
        elif position:
            found += " "
        # An object in a list is not indented further than the list.
        within = inner if entry.node.kind == "list" else indent
        comma = "," if position < len(parts.entries) - 1 else ""
        breaks = any(not remark.is_inline for remark in entry.behind)
        end = behind(entry, comma, inner) if breaks else behind(entry) + comma
        found += entry.prefix + portal(text, entry.node, within) + end
    if parts.closing:
        found += "\n" + "\n".join(own_lines(parts.closing, inner, blank=False))
    last = parts.entries[-1].node if parts.entries else None
    if breaks or parts.closing or (last is not None and last.kind == "list"):
        found += "\n" + indent
    return found + "]"


def _opening(parts: Arranged, indent: str) -> str:
    return "".join(f" {indented(remark, indent)}" for remark in parts.opening)
