"""What generated code and functions call: rules for lists and single values, paths, look-ups.

Pure but for `Runtime`, which brings what is not: datasets, time, chance, secrets.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from sesam_node.model.values import Entity, Value, identity, truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "ABSENT",
    "VARIES",
    "Lookup",
    "OfText",
    "Runtime",
    "as_list",
    "each",
    "first_value",
    "identity",
    "truth",
    "walk",
]


class Marker(Enum):
    """Stand-ins that no DTL value equals."""

    ABSENT = "absent"
    VARIES = "varies"

    def __repr__(self) -> str:
        return self.name


ABSENT: Any = Marker.ABSENT
"""Passed for an optional argument that is not given."""

VARIES: Any = Marker.VARIES
"""Passed to a `prepare` hook for an argument that is no constant."""


class OfText:
    """A function of a value that has a quicker form for text without any `~`.

    What a `prepare` hook may give: generated code asks for such text itself, and calls `text` with
    it and `whole` with everything else. Both give the same for such text.
    """

    __slots__ = ("text", "whole")

    def __init__(self, text: Callable[[str], Value], whole: Callable[[Value], Value]) -> None:
        self.text = text
        self.whole = whole

    def __call__(self, values: Value) -> Value:
        return self.whole(values)


def each(values: Value, f: Callable[[Any], Value]) -> Value:
    """The manual's rule for most functions of values (MAP).

    null gives null; a single value f of it; a list the results that are not null, in order. Nulls
    in the list are left out, lists within it are passed to f whole.
    """
    if type(values) is list:
        return [
            result for value in values if value is not None and (result := f(value)) is not None
        ]
    return None if values is None else f(values)


def first_value(values: Value) -> Value:
    """The first value of a list, null of an empty one, anything else as it is (FIRST)."""
    if type(values) is list:
        return values[0] if values else None
    return values


def as_list(values: Value) -> list[Value]:
    """No values for null, the list itself for a list, else one value (LIST). Not to be changed."""
    if type(values) is list:
        return values
    return [] if values is None else [values]


def walk(value: Value, name: str) -> Value:
    """One step of a path: the property of a dict, those of the dicts of a list as one flat list."""
    if type(value) is dict:
        return value.get(name)
    if type(value) is not list:
        return None
    found: list[Value] = []
    for item in value:
        result = walk(item, name)
        if type(result) is list:
            found.extend(result)
        elif result is not None:
            found.append(result)
    return found


class Lookup(Protocol):
    """The datasets as generated code sees them; the pipe layer fulfils it with a store.

    Entities are live (never deleted), without the header fields of the wire form, and are not to
    be changed.
    """

    def entity(self, dataset: str, entity_id: str) -> Entity | None:
        """The live entity with this `_id`."""
        ...

    def find(self, dataset: str, index: str, keys: Sequence[Value]) -> Sequence[Entity]:
        """Live entities that have any of `keys` in that index, each once, by `_id`."""
        ...

    def entities(self, dataset: str) -> Iterable[Entity]:
        """All live entities, by `_id`."""
        ...

    def previous(self, entity: Entity) -> Entity | None:
        """The version of a source entity before this one."""
        ...

    def completeness(self, dataset: str, via: str) -> Value:
        """When `dataset` was last complete with regard to `via`, as a datetime."""
        ...

    def version(self, dataset: str, entity_id: str) -> int | None:
        """The version of the live entity with this `_id`: its `_updated`, where that is known."""
        ...


class NoLookup:
    """A look-up over no datasets at all."""

    def entity(self, dataset: str, entity_id: str) -> Entity | None:  # noqa: ARG002
        return None

    def find(self, dataset: str, index: str, keys: Sequence[Value]) -> Sequence[Entity]:  # noqa: ARG002
        return ()

    def entities(self, dataset: str) -> Iterable[Entity]:  # noqa: ARG002
        return ()

    def previous(self, entity: Entity) -> Entity | None:  # noqa: ARG002
        return None

    def completeness(self, dataset: str, via: str) -> Value:  # noqa: ARG002
        return None

    def version(self, dataset: str, entity_id: str) -> int | None:  # noqa: ARG002
        return None


def current_time() -> str:
    """Now as a datetime value, in microseconds."""
    text = datetime.now(UTC).strftime("~t%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".") + "Z"


def random_uuid() -> str:
    return f"~u{uuid.uuid4()}"


@dataclass
class Runtime:
    """What a rule set needs beyond its entity; generated code knows it as `runtime`.

    `now` gives a datetime value, `new_uuid` a UUID value (both tagged text), `parameters` is `_B`,
    `secrets` the values of `$SECRET(name)` by name, `sleep` waits for so many seconds.
    """

    lookup: Lookup = field(default_factory=NoLookup)
    now: Callable[[], str] = current_time
    new_uuid: Callable[[], str] = random_uuid
    parameters: Entity = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    sleep: Callable[[float], None] = time.sleep
