"""A configuration as it was uploaded: its components, untouched, in their order.

What the node makes of it (`$ENV` replaced, conditionals decided, defaults) is derived in
`effective.py`; the originals here are what downloads, comparisons and editors get back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_node.config.text import MAX_DEPTH, check_depth
from sesam_node.errors import ConfigError, Problem, preview, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Component = dict[str, Any]

NODE = "node"
METADATA_TYPE = "metadata"
PIPE_TYPE = "pipe"
SYSTEM_PREFIX = "system:"

MAX_ID_BYTES = 200
PLAIN_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?\Z")


@dataclass(frozen=True)
class Document:
    """The components of a configuration in the order given, and warnings from reading them."""

    components: tuple[Any, ...] = ()
    warnings: tuple[Problem, ...] = field(default=(), compare=False)

    @classmethod
    def from_list(cls, components: Any, warnings: Iterable[Problem] = ()) -> Document:
        """The document of a JSON array of components.

        Raises ConfigError when it is no array, or nested too deep.
        """
        if type(components) is not list:
            message = f"expected a list of pipes and systems, got {preview(components)}"
            raise ConfigError(message, [Problem("$", "wrong-type", message)])
        try:
            check_depth(components)
        except RecursionError:
            message = f"nested more than {MAX_DEPTH} levels deep"
            raise ConfigError(message, [Problem("$", "too-deep", message)]) from None
        return cls(tuple(components), tuple(warnings))

    def to_list(self) -> list[Any]:
        """The components as they were given."""
        return list(self.components)

    @cached_property
    def by_id(self) -> Mapping[str, Component]:
        """Every component that has a usable `_id`; of duplicates the first."""
        found: dict[str, Component] = {}
        for component in self.components:
            if type(component) is dict and type(component.get("_id")) is str:
                found.setdefault(component["_id"], component)
        return found

    @cached_property
    def pipes(self) -> Mapping[str, Component]:
        """The pipes by id."""
        return {name: component for name, component in self.by_id.items() if is_pipe(component)}

    @cached_property
    def systems(self) -> Mapping[str, Component]:
        """The systems by id."""
        return {name: component for name, component in self.by_id.items() if is_system(component)}

    @cached_property
    def metadata(self) -> Component | None:
        """The node's metadata, where there is any."""
        found = self.by_id.get(NODE)
        return found if found is not None and found.get("type") == METADATA_TYPE else None

    def with_components(self, components: Iterable[Component]) -> Document:
        """The document with these components: in the place of the same `_id`, else at the end."""
        new = {component["_id"]: component for component in components}
        kept = [
            new.pop(component["_id"])
            if type(component) is dict and component.get("_id") in new
            else component
            for component in self.components
        ]
        return replace(self, components=(*kept, *new.values()))

    def without(self, ids: Iterable[str]) -> Document:
        """The document without the components of these ids."""
        gone = set(ids)
        kept = [
            component
            for component in self.components
            if type(component) is not dict or component.get("_id") not in gone
        ]
        return replace(self, components=tuple(kept))

    def problems(self) -> list[Problem]:
        """What is wrong with the components as such: shape, ids, types."""
        problems = list(self.warnings)
        seen: set[str] = set()
        for position, component in enumerate(self.components):
            problems += _check_component(component, position, seen)
        return problems


def is_pipe(component: Component) -> bool:
    return component.get("type") == PIPE_TYPE


def is_system(component: Component) -> bool:
    type_ = component.get("type")
    return type(type_) is str and type_.startswith(SYSTEM_PREFIX)


def _check_component(component: Any, position: int, seen: set[str]) -> list[Problem]:
    place = f"$[{position}]"
    if type(component) is not dict:
        message = f"expected a pipe or system, got {preview(component)}"
        return [Problem(place, "wrong-type", message)]
    name = component.get("_id")
    if type(name) is not str:
        message = (
            f"expected a string, got {preview(name)}"
            if "_id" in component
            else f'"_id" is missing in {preview(component)}'
        )
        return [Problem(f"{place}._id" if "_id" in component else place, "bad-id", message)]
    if name in seen:
        message = f"another component has the id {preview(name)} too"
        return [Problem("$._id", "duplicate-id", message, component=name)]
    seen.add(name)
    return [*_check_type(component, name), *_check_id(component, name)]


def _check_type(component: Component, name: str) -> list[Problem]:
    type_ = component.get("type")
    if type_ in (PIPE_TYPE, METADATA_TYPE) or is_system(component):
        return []
    if "type" not in component:
        message = '"type" is missing'
        hint = 'it is "pipe", "metadata" or "system:" with the type of the system'
        return [Problem("$", "missing-option", message, hint, component=name)]
    message = f'expected "pipe", "metadata" or "system:…", got {preview(type_)}'
    hint = suggestion(type_, (PIPE_TYPE, METADATA_TYPE)) if type(type_) is str else ""
    return [Problem("$.type", "unknown-type", message, hint, component=name)]


def _check_id(component: Component, name: str) -> list[Problem]:
    def problem(message: str, hint: str = "", level: str = "error") -> list[Problem]:
        return [Problem("$._id", "bad-id", message, hint, level, name)]

    if component.get("type") == METADATA_TYPE:
        return [] if name == NODE else problem(f'expected "node", got {preview(name)}')
    reason = bad_name(name)
    if reason:
        return problem(f"the id {preview(name)} {reason}")
    if name == NODE:
        return problem('the id "node" belongs to the metadata of the node')
    if is_pipe(component) and not PLAIN_ID.match(name):
        return problem(
            f"the id {preview(name)} is not like a host name",
            "small letters, digits and dashes, at most 62, work everywhere",
            "warning",
        )
    return []


def bad_name(name: str) -> str:
    """Why a name cannot be the id of a pipe, system or dataset; nothing when it can."""
    if not name:
        return "is empty"
    if "/" in name or "\\" in name:
        return "has a slash in it"
    if name.startswith("system:"):
        return 'begins with "system:", which belongs to the node'
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        return "has a control character in it"
    if name != name.strip():
        return "begins or ends with a blank"
    if name in (".", ".."):
        return "is no name"
    if len(name.encode("utf-8", "replace")) > MAX_ID_BYTES:
        return f"is longer than {MAX_ID_BYTES} bytes"
    return ""


def same_content(left: Any, right: Any) -> bool:
    """Is it the same JSON, the order of keys aside? `1`, `1.0` and `true` are three values."""
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is dict:
        return left.keys() == right.keys() and all(
            same_content(value, right[key]) for key, value in left.items()
        )
    if kind is list:
        return len(left) == len(right) and all(map(same_content, left, right))
    return bool(left == right)


def components_of(value: Any) -> Sequence[Any]:
    """The components in the content of a file: one, or a list of them."""
    return value if type(value) is list else [value]
