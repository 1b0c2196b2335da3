"""How two versions of an entity differ, property by property."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model.entity import encode

if TYPE_CHECKING:
    from sesam_node.model.values import Entity


def property_changes(old: Entity | None, new: Entity | None) -> list[dict[str, Any]]:
    """The properties that differ, by name: each with `name`, `change`, and `old` and `new` values.

    `change` is "added", "changed" or "removed"; the value that there is none of is left out.
    Reserved properties are not looked at. Values differ where their canonical bytes do.
    """
    before, after = old or {}, new or {}
    found: list[dict[str, Any]] = []
    for name in sorted(before.keys() | after.keys()):
        if name[:1] == "_":
            continue
        if name not in before:
            found.append({"name": name, "change": "added", "new": after[name]})
        elif name not in after:
            found.append({"name": name, "change": "removed", "old": before[name]})
        elif encode(before[name]) != encode(after[name]):
            found.append(
                {"name": name, "change": "changed", "old": before[name], "new": after[name]}
            )
    return found
