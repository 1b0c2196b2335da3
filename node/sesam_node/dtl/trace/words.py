"""Texts of what a recording holds: calls, places, entities, look-ups, branches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_node.errors import json_path, preview

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sesam_node.dtl.trace.places import Part

SHOWN = 72
PLAIN = frozenset(".[]\"'\n\r\t")
"""What a name must not hold to be shown as it is."""

WRITING = ("add", "add-if", "default")
NAMING = ("copy", "remove", "rename", "make-ni")


def call_text(raw: Any) -> str:
    return preview(raw, SHOWN)


def transform_text(raw: Any, name: str = "") -> str:
    """A transform in short, without the value that it writes: `add`, `copy "*"`.

    The name of a property is left out where it is `name`.
    """
    if type(raw) is not list or not raw:
        return "a transform"
    shown = raw[1:2] if raw[0] in WRITING else raw[1:] if raw[0] in NAMING else []
    words = ", ".join(preview(argument, SHOWN // 2) for argument in shown if argument != name)
    return f"{raw[0]} {words}" if words else str(raw[0])


def place_text(names: Sequence[Part]) -> str:
    """A place in words' reach: `orders[1].rdf:type`; names with dots or brackets are quoted."""
    if not names:
        return "all"
    text = ""
    for name in names:
        if isinstance(name, str) and name and PLAIN.isdisjoint(name):
            text += f".{name}" if text else name
        else:
            text += f"[{name}]" if isinstance(name, int) else json_path([name])[1:]
    return text


def place_of(names: Sequence[Part], what: str) -> str:
    return f"{place_text(names)} of {what}" if names else what


def entity_text(entity: Mapping[str, Any]) -> str:
    version = entity.get("version")
    suffix = "" if version is None else f" version {version}"
    return f"{entity['dataset']} {preview(entity['id'], SHOWN // 2)}{suffix}"


def way_text(lookup: Mapping[str, Any]) -> str:
    index = lookup.get("index")
    if index is None:
        return "every entity read"
    return f"by index {index_text(index)}" if index else "by _id"


def index_text(index: str) -> str:
    """The expression of an index id; a property of the entity by its name alone."""
    try:
        expression = json.loads(index)
    except ValueError:
        return index
    if type(expression) is dict:
        expression = expression.get("expression")
    if type(expression) is str:
        return expression.removeprefix("_S.")
    return preview(expression, SHOWN // 2)


def branch_position(raw: Any, branch: int) -> int | None:
    """The position in a call of if, case or case-eq of the part that a branch took."""
    if type(raw) is not list or not raw or branch < 0:
        return None
    name = raw[0]
    first = 3 if name == "case-eq" else 2
    step = 1 if name == "if" else 2
    position = first + step * branch
    if name != "if" and position > len(raw) - 1:
        position = len(raw) - 1  # ELSE stands alone, not after a condition
    return position if position < len(raw) else None


def branch_text(raw: Any, branch: int) -> str:
    """`THEN`, `ELSE`, `no branch` or `branch 3`, counted from 1."""
    if branch < 0 or type(raw) is not list:
        return "no branch"
    first = 3 if raw[0] == "case-eq" else 2
    conditions = 1 if raw[0] == "if" else (len(raw) - first + 1) // 2
    if branch >= conditions:
        return "ELSE"
    return "THEN" if conditions == 1 else f"branch {branch + 1}"
