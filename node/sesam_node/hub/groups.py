"""Config groups: parts of the configuration that are read and replaced on their own.

A pipe or system says in `metadata.$config-group` which group it belongs to; without a word it is in
"default", as is the node's metadata. What came through `/config`, the way to the default group, is
in that group whatever it says, so that a project reads back as it was uploaded (the manual, "Config
groups"). What came through `/config/{group}` is marked with that group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.document import NODE, Document
from sesam_node.errors import ConfigError, Problem, preview
from sesam_node.hub.active import json_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DEFAULT = "default"
KEY = "$config-group"
PLACED = "placed-by-way"
"""The setting with the ids that are in the default group by their way."""


def group_of(component: Mapping[str, Any], placed: Collection[str] = ()) -> str:
    """The group of a component; `placed` are the ids that are in the default one by their way."""
    if component.get("_id") in placed:
        return DEFAULT
    metadata = component.get("metadata")
    named = metadata.get(KEY) if type(metadata) is dict else None
    return named if type(named) is str and named else DEFAULT


def part(document: Document, group: str, placed: Collection[str]) -> Document:
    """The components of one group, in their order."""
    return Document(
        tuple(
            component
            for component in document.components
            if type(component) is dict and group_of(component, placed) == group
        )
    )


def with_part(document: Document, group: str, new: Document, placed: Collection[str]) -> Document:
    """The document with one group replaced. Raises ConfigError where `new` names others' ids."""
    problems = []
    for name in new.by_id:
        there = document.by_id.get(name)
        if name == NODE and group != DEFAULT:
            message = "the metadata of the node belongs to the default config group"
            problems.append(Problem("$._id", "wrong-config-group", message, component=name))
        elif there is not None and group_of(there, placed) != group:
            message = f"it belongs to the config group {preview(group_of(there, placed))}"
            hint = "delete it there, or move it by its own configuration"
            problems.append(Problem("$._id", "wrong-config-group", message, hint, component=name))
    if problems:
        raise ConfigError("the configuration names components of other config groups", problems)
    others = [
        component
        for name, component in document.by_id.items()
        if group_of(component, placed) != group
    ]
    return Document((*new.components, *others), new.warnings)


def marked(document: Document, group: str) -> Document:
    """Every component with the mark of a group."""
    return Document(
        tuple(_marked(component, group) for component in document.components), document.warnings
    )


def _marked(component: Any, group: str) -> Any:
    if type(component) is not dict or group_of(component) == group:
        return component
    metadata = component.get("metadata")
    own = metadata if type(metadata) is dict else {}
    return {**component, "metadata": {**own, KEY: group}}


def placed_values(old: frozenset[str], new: frozenset[str]) -> dict[str, bytes | None]:
    """What is written where others are in the default group by their way."""
    if old == new:
        return {}
    return {PLACED: json_bytes(sorted(new)) if new else None}
