"""A view of one recorded entity of a full document: its events and what stands around them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.places import MISSING, argument_of, at, parts_of, same
from sesam_node.errors import InputError, Problem, json_path, preview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.dtl.trace.document import Document

HOPPING = {"hops": 1, "apply-hops": 2}
"""The position of the first specification in a call."""


class Recording:
    """One entity of a full document, with what is asked of its events again and again.

    Events are named by their position. Raises InputError for an entity that is not there and for
    a document of counters. The document must be valid.
    """

    def __init__(self, document: Document, entity: int) -> None:
        full_only(document)
        entities = document["entities"]
        if type(entity) is not int or not 0 <= entity < len(entities):
            held = f"the document has {len(entities)}, counted from 0"
            problem = Problem("$.entities", "no-entity", f"there is no entity {entity!r}; {held}")
            raise InputError("no such entity in the trace", [problem])
        self.document = document
        self.position = entity
        self.entity: Document = entities[entity]
        self.values: list[Any] = document["values"]
        self.events: list[Document] = self.entity["events"]
        self.frames: list[Document] = self.entity["frames"]

    @cached_property
    def children(self) -> list[list[int]]:
        """The events that began right within each event, in order."""
        found: list[list[int]] = [[] for _ in self.events]
        for number, event in enumerate(self.events):
            if event["parent"] is not None:
                found[event["parent"]].append(number)
        return found

    @cached_property
    def frames_of(self) -> dict[int, list[int]]:
        """The frames that each apply or apply-hops began, in order."""
        found: dict[int, list[int]] = {}
        for number, frame in enumerate(self.frames):
            if frame["event"] is not None:
                found.setdefault(frame["event"], []).append(number)
        return found

    @cached_property
    def rule_events(self) -> dict[int, int]:
        """The event of kind "rule" of each frame."""
        return {e["frame"]: n for n, e in enumerate(self.events) if e["kind"] == "rule"}

    @cached_property
    def writers(self) -> dict[int, list[int]]:
        """The transforms of each frame that set or removed something, in order."""
        found: dict[int, list[int]] = {}
        for number, event in enumerate(self.events):
            if "sets" in event or "removes" in event:
                found.setdefault(event["frame"], []).append(number)
        return found

    @property
    def source(self) -> Any:
        return self.values[self.entity["source"]]

    @property
    def results(self) -> list[Any]:
        return [self.values[value] for value in self.entity["results"]]

    def path(self, event: int) -> str:
        path: str = self.document["paths"][self.events[event]["path"]]
        return path

    def raw(self, event: int) -> Any:
        """The JSON of the rules at an event."""
        return raw_at(self.document, self.path(event))

    def output(self, event: int) -> Any:
        """What an event gave, or MISSING where it gave nothing or raised."""
        value = self.events[event].get("output")
        return MISSING if value is None else self.values[value]

    def ancestors(self, event: int) -> Iterator[int]:
        """The events around an event, innermost first."""
        parent = self.events[event]["parent"]
        while parent is not None:
            yield parent
            parent = self.events[parent]["parent"]

    def argument(self, event: int, position: int) -> int | None:
        """The event of an argument of a call, by its position in the call's JSON (from 1)."""
        path = f"{self.path(event)}[{position}]"
        return next((child for child in self.children[event] if self.path(child) == path), None)

    def rows_values(self, event: int) -> Iterator[tuple[Document, Any]]:
        """The entities in the rows of a call of hops, each with its value."""
        for row in self.events[event].get("rows", ()):
            for found in row.values():
                yield found, self.values[found["value"]]

    def entity_of_frame(self, frame: int) -> Document | None:
        """Which entity of a dataset apply-hops ran a frame for, where that is known."""
        held = self.frames[frame]
        if "entity" in held or held["event"] is None:
            known: Document | None = held.get("entity")
            return known
        source = self.values[held["source"]]
        rows = self.rows_values(held["event"])
        return next((found for found, value in rows if same(value, source)), None)

    def entity_of_path(self, event: int) -> Document | None:
        """Which entity of a dataset a path was read from, where that is known."""
        read = self.events[event]
        if "entity" in read:
            known: Document = read["entity"]
            return known
        inner = event
        for around in self.ancestors(event):
            rows = self.events[around].get("rows", ())
            if any(read["variable"] in row for row in rows):
                # Within `return`, which is evaluated once for each row, in their order.
                path = self.path(inner)
                if ".return" not in path[len(self.path(around)) :]:
                    return None
                runs = [n for n in self.children[around] if self.path(n) == path]
                row = rows[runs.index(inner)] if len(runs) == len(rows) else {}
                return row.get(read["variable"])
            inner = around
        return None

    def steps_on(self, event: int) -> bool:
        """Is `_S` at an event what hops came through, and not that of the frame?

        So it is in a subset, and may be in recursion and from the second specification on.
        """
        path = self.path(event)
        for around in self.ancestors(event):
            name, raw = self.events[around]["name"], self.raw(around)
            place = argument_of(path, self.path(around))
            if name not in HOPPING or place is None or type(raw) is not list:
                continue
            spec = raw[place] if place < len(raw) else None
            if type(spec) is not dict or place > HOPPING[name] or spec.get("recurse"):
                return True
            if ".subsets" in path[len(self.path(around)) :]:
                return True
        return False


def full_only(document: Document) -> None:
    """Raise InputError where a document has no events."""
    if document.get("strength") != "full":
        message = f"expected a full trace, got one of {preview(document.get('strength'))}"
        problem = Problem("$.strength", "wrong-strength", message, "record a few entities in full")
        raise InputError("the trace has no events", [problem])


def rules_path(document: Document) -> str:
    """The JSON path of the rule set, which every path of the document begins with."""
    for node in document["nodes"]:
        if node["kind"] == "rule":
            path: str = node["path"]
            return path.removesuffix(json_path([node["name"]])[1:])
    return "$.rules"


def raw_at(document: Document, path: str) -> Any:
    """The JSON of the rules at a path, or MISSING."""
    parts = parts_of(path)
    return at(document["rules"], parts[len(parts_of(rules_path(document))) :])
