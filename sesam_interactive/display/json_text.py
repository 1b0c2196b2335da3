"""Entities as text for people: laid out JSON, without what the node keeps about them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sesam_node.model import Entity

RESERVED = ("_updated", "_previous", "_ts", "_hash", "_deleted")


def content(entity: Entity) -> Entity:
    """An entity without what the node keeps about it (`_updated`, `_hash`, ...), but its `_id`."""
    return {name: value for name, value in entity.items() if name not in RESERVED or value is True}


def pretty(value: Any, width: int = 90, indent: str = "") -> str:
    """JSON for people: what fits on a line of `width` characters stays on one."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) + len(indent) <= width or not value or not isinstance(value, list | dict):
        return text
    inner = indent + "  "
    if isinstance(value, dict):
        shown = [
            f"{json.dumps(name, ensure_ascii=False)}: {pretty(item, width, inner)}"
            for name, item in value.items()
        ]
        opening, closing = "{", "}"
    else:
        shown = [pretty(item, width, inner) for item in value]
        opening, closing = "[", "]"
    lines = f",\n{inner}".join(shown)
    return f"{opening}\n{inner}{lines}\n{indent}{closing}"


def plain_value(value: Any, most: int) -> str:
    """A value on one line without the tag of its type, JSON for what is nested, cut to `most`."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if (
        isinstance(value, str)
        and value[:1] == "~"
        and value[1:2] in {"t", "f", "r", "u", "b", ":", "~"}
    ):
        text = value[1:] if value[1] == "~" else value[2:]
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
