"""What a recorded value was made of: calls and what they read.

`Values` holds the limits of one answer and makes its nodes; `applied.Applied` adds rules and hops,
`why.Why` results and properties. `why` describes the nodes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.places import MISSING, argument_of, at, same, walk
from sesam_node.dtl.trace.words import (
    branch_position,
    call_text,
    entity_text,
    place_of,
)
from sesam_node.errors import json_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.dtl.trace.places import Part
    from sesam_node.dtl.trace.recording import Recording

Node = dict[str, Any]

MAX_NODES = 400
MAX_SIBLINGS = 12
MAX_DEPTH = 60
APPLYING = ("apply", "apply-hops")
HOPPING = ("hops", "apply-hops")
PASSING = frozenset(
    (
        *("apply-ns", "case", "case-eq", "coalesce", "coalesce-args", "combine", "difference"),
        *("distinct", "filter", "first", "flatten", "group", "if", "if-null", "insert"),
        *("intersection", "last", "list", "literal", "max", "min", "nth", "reversed", "slice"),
        *("sorted", "sorted-descending", "tuples", "union"),
    )
)
"""Functions whose result, or whose items, are values that they were given."""
PICKING = ("coalesce", "coalesce-args", "first", "if-null", "last", "max", "min", "nth")
"""Functions that give one item of a list."""

BINDING = frozenset(
    (
        *("all", "any", "boolean", "coalesce", "datetime", "decimal", "distinct", "filter"),
        *("float", "group", "group-by", "integer", "json-parse", "json-transit-parse", "map"),
        *("map-dict", "map-values", "max", "min", "sorted", "sorted-descending"),
    )
)
"""Functions that evaluate all arguments but the last for each item of the last, which is `_`."""


class Values(ABC):
    """Builds the part of an answer that is about values."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.left = MAX_NODES
        self.depth = 0
        self.told: set[tuple[int, tuple[Part, ...]]] = set()

    # -- nodes -------------------------------------------------------------------------------------

    def node(self, kind: str, text: str, event: int | None = None, **more: Any) -> Node:
        self.left -= 1
        made: Node = {"kind": kind, "text": text}
        if event is not None:
            made["path"] = self.recording.path(event)
            made["event"] = event
        made.update({name: value for name, value in more.items() if value is not MISSING})
        return made

    def limited(self, nodes: list[Node], makers: Sequence[Any]) -> list[Node]:
        """Nodes made one by one, as far as the limits allow."""
        for position, make in enumerate(makers):
            rest = len(makers) - position
            if position == MAX_SIBLINGS or self.left <= 0:
                nodes.append(self.node("more", f"and {rest} more"))
                break
            nodes.extend(make())
        return nodes

    @abstractmethod
    def property(
        self, frame: int, name: str, focus: list[Part], before: int | None = None
    ) -> list[Node]:
        """What set a property of a frame's target, as it was before an event or at the end."""

    @abstractmethod
    def applied(self, number: int, focus: list[Part]) -> list[Node]:
        """What made the output of an apply."""

    @abstractmethod
    def hopped(self, number: int, focus: list[Part]) -> list[Node]:
        """What made the output of hops, apply-hops or lookup-entity."""

    # -- values ------------------------------------------------------------------------------------

    def value(self, number: int, focus: list[Part]) -> list[Node]:
        """What the output of an event, at a focus, was made of."""
        event = self.recording.events[number]
        if self.depth >= MAX_DEPTH or self.left <= 0:
            return [self.node("more", "deeper than is told here")]
        self.depth += 1
        try:
            if event["kind"] == "path":
                return self.read(number, focus)
            key = (number, tuple(focus))
            if key in self.told:
                text = f"{call_text(self.recording.raw(number))}: shown above"
                return [self.node("more", text, number)]
            self.told.add(key)
            return [self.call(number, focus)]
        finally:
            self.depth -= 1

    def call(self, number: int, focus: list[Part]) -> Node:
        recording = self.recording
        event = recording.events[number]
        output = recording.output(number)
        made = self.node("function", call_text(recording.raw(number)), number, value=output)
        if "branch" in event:
            made["branch"] = event["branch"]
        if "error" in event:
            made["error"] = event["error"]
        if event["name"] in HOPPING or "lookups" in event:
            made["from"] = self.hopped(number, focus)
        elif event["name"] == "apply":
            made["from"] = self.applied(number, focus)
        else:
            made["from"] = self.arguments(number, focus)
        if not made["from"]:
            del made["from"]
        return made

    def arguments(self, number: int, focus: list[Part]) -> list[Node]:
        """The arguments of a call; only the one that passed the value on, where that is known."""
        passed = self.passed(number, focus)
        if passed is not None:
            child, inner = passed
            others = [n for n in self.deciding(number) if n != child]
            nodes = self.limited([], [lambda n=n: self.value(n, []) for n in others])
            return nodes + self.value(child, inner)
        made = self.made_by(number, focus)
        if made is not None:
            return self.value(made, focus[1:])
        return self.all_arguments(number)

    def all_arguments(self, number: int) -> list[Node]:
        """Every argument that was evaluated; of a function-expression each run in short.

        Where it only chose or ordered the items, its runs are left out.
        """
        recording = self.recording
        children = recording.children[number]
        name, raw = recording.events[number]["name"], recording.raw(number)
        last = recording.argument(number, len(raw) - 1) if type(raw) is list else None
        if name not in BINDING or last is None or len(children) < 2:
            return self.limited([], [lambda n=n: self.value(n, []) for n in children])
        nodes = self.value(last, [])
        if name in PASSING:
            return nodes
        runs = [child for child in children if child != last]
        return self.limited(nodes, [lambda n=n: [self.tested(n)] for n in runs])

    def tested(self, number: int) -> Node:
        """An evaluation in short: what, and what it gave."""
        recording = self.recording
        text, value = call_text(recording.raw(number)), recording.output(number)
        return self.node("function", text, number, value=value)

    def made_by(self, number: int, focus: list[Part]) -> int | None:
        """The event within dict or map that made the property, or the item, at the focus."""
        recording = self.recording
        event = recording.events[number]
        path, output = recording.path(number), recording.output(number)
        if event["name"] == "dict" and focus and isinstance(focus[0], str):
            raw = recording.raw(number)
            if type(raw) is dict:  # the template of a `return`
                wanted = path + json_path(focus[:1])[1:]
            else:
                names = raw[1::2] if type(raw) is list else []
                wanted = f"{path}[{names.index(focus[0]) * 2 + 2}]" if focus[0] in names else ""
            return next(
                (n for n in recording.children[number] if recording.path(n) == wanted), None
            )
        if event["name"] == "map" and focus and isinstance(focus[0], int):
            runs = [
                n
                for n in recording.children[number]
                if recording.path(n) == f"{path}[1]" and recording.output(n) is not None
            ]
            if type(output) is list and len(runs) == len(output) and focus[0] < len(runs):
                return runs[focus[0]]
        return None

    def deciding(self, number: int) -> list[int]:
        """The conditions of an if, case or case-eq: what decided, without being the value."""
        raw = self.recording.raw(number)
        name = self.recording.events[number]["name"]
        if name not in ("if", "case", "case-eq"):
            return []
        taken = branch_position(raw, self.recording.events[number].get("branch", -1))
        return [
            child
            for child in self.recording.children[number]
            if argument_of(self.recording.path(child), self.recording.path(number)) != taken
        ]

    def passed(self, number: int, focus: list[Part]) -> tuple[int, list[Part]] | None:
        """The child whose output the value at the focus is, or is an item of."""
        recording = self.recording
        event = recording.events[number]
        output = recording.output(number)
        if event["name"] == "path":
            return self.walked(number, focus)
        if event["name"] not in PASSING:
            return None
        children = recording.children[number][::-1]
        if event["name"] != "list":
            for child in children:
                if output is not MISSING and same(recording.output(child), output):
                    return child, focus
        if focus and isinstance(focus[0], int) and type(output) is list and focus[0] < len(output):
            item, rest = output[focus[0]], focus[1:]
        elif event["name"] in PICKING or (focus and type(output) is dict):
            item, rest = output, focus
        else:
            return None
        for child in children:
            given = recording.output(child)
            if same(given, item):
                return child, rest
            if type(given) is list:
                for position, other in enumerate(given):
                    if same(other, item):
                        return child, [position, *rest]
        return None

    def walked(self, number: int, focus: list[Part]) -> tuple[int, list[Part]] | None:
        """`path` with one constant name: the same place of the values that it went into."""
        recording = self.recording
        raw = recording.raw(number)
        given = recording.argument(number, 2)
        if given is None or type(raw) is not list or len(raw) < 2 or type(raw[1]) is not str:
            return None
        items, name = recording.output(given), raw[1]
        if type(items) is dict:
            return given, [name, *focus]
        if type(items) is not list:
            return None
        having = [n for n, item in enumerate(items) if walk(item, [name]) not in (None, MISSING)]
        values = [walk(items[n], [name]) for n in having]
        if not focus or not isinstance(focus[0], int) or focus[0] >= len(values):
            return None
        if any(type(value) is list for value in values):
            return None  # lists are made flat: an item's place is not that of its dict
        return given, [having[focus[0]], name, *focus[1:]]

    # -- what is read ------------------------------------------------------------------------------

    def read(self, number: int, focus: list[Part]) -> list[Node]:
        """A path of the rules: the source, a target, an entity of a hop, a parameter."""
        recording = self.recording
        event = recording.events[number]
        variable, names = event["variable"], list(event.get("names", ()))
        frame: int | None = event["frame"]
        before: int | None = number
        text = str(recording.raw(number))
        value = recording.output(number)
        entity = recording.entity_of_path(number)
        if entity is not None:
            return [self.entity_property(number, entity, names, focus)]
        while variable == "_P" and frame is not None:
            held = recording.frames[frame]
            frame, before = held["parent"], held["event"]
            variable = names.pop(0) if names else ""
        if variable == "_R":
            while frame:
                held = recording.frames[frame]
                frame, before = held["parent"], held["event"]
            variable = names.pop(0) if names else ""
        if event["variable"] == "_S" and recording.steps_on(number):
            what = place_of([*names, *focus], "an entity that the hops came through")
            return [self.node("source", what, number, value=at(value, focus))]
        if frame is not None and variable == "_S":
            return self.source(frame, names, focus, number)
        if frame is not None and variable == "_T":
            made = self.node("variable", text, number, value=value)
            if names:
                made["from"] = self.property(frame, names[0], [*names[1:], *focus], before)
            return [made]
        if variable == "_":
            return [self.bound(number, [*names, *focus])]
        what = f"{text}, a parameter of the pipe" if variable == "_B" else text
        return [self.node("source", what, number, value=value)]

    def bound(self, number: int, focus: list[Part]) -> Node:
        """A read of `_`: followed to the item that the function around it was evaluated for."""
        recording = self.recording
        made = self.node("variable", str(recording.raw(number)), number)
        made["value"] = recording.output(number)
        inner = number
        for around in recording.ancestors(number):
            raw = recording.raw(around)
            last = len(raw) - 1 if type(raw) is list else 0
            path = recording.path(inner)
            place = argument_of(path, recording.path(around))
            if recording.events[around]["name"] in BINDING and place is not None and place < last:
                made["text"] += f", an item that {recording.events[around]['name']} was given"
                runs = [n for n in recording.children[around] if recording.path(n) == path]
                given = recording.argument(around, last)
                items = recording.output(given) if given is not None else None
                if given is not None and type(items) is list:
                    places = [n for n, item in enumerate(items) if item is not None]
                    if len(places) == len(runs):
                        made["from"] = self.value(given, [places[runs.index(inner)], *focus])
                break
            inner = around
        return made

    def entity_property(
        self, number: int, entity: Node, names: list[Part], focus: list[Part]
    ) -> Node:
        value = at(self.recording.output(number), focus)
        return self.entity_node(entity, [*names, *focus], value, number)

    def entity_node(
        self, entity: Node, place: list[Part], value: Any, number: int | None = None
    ) -> Node:
        text = place_of(place, entity_text(entity))
        known = {name: entity.get(name) for name in ("dataset", "id", "version")}
        return self.node("source", text, number, value=value, entity=known)

    def source(
        self, frame: int, names: list[Part], focus: list[Part], number: int | None = None
    ) -> list[Node]:
        """A place of the `_S` of a frame, followed to the entity that it came from.

        `names` are those of the event `number` that read it, which knows their value.
        """
        recording = self.recording
        held = recording.frames[frame]
        source = recording.values[held["source"]]
        read = walk(source, names) if number is None else recording.output(number)
        value = at(read, focus)
        place = [*names, *focus]
        if held["event"] is None:
            entity_id = source.get("_id") if type(source) is dict else None
            entity = {"id": entity_id, "version": recording.entity["version"]}
            text = place_of(place, "the source entity")
            if value is None and names and type(source) is dict and names[0] not in source:
                text += ", which has no such property"
            return [self.node("source", text, number, value=value, entity=entity)]
        found = recording.entity_of_frame(frame)
        if found is not None:
            return [self.entity_node(found, place, value, number)]
        text = place_of(place, f'what the rule "{held["rule"]}" was applied to')
        made = self.node("source", text, number, value=value)
        position = recording.frames_of[held["event"]].index(frame)
        given = recording.argument(held["event"], 2)
        if given is not None and recording.events[held["event"]]["name"] == "apply":
            many = type(recording.output(given)) is list
            where = [self.item_of(given, position), *place] if many else place
            made["from"] = self.value(given, where)
        return [made]

    def item_of(self, given: int, frame_position: int) -> int:
        """The item of the applied values that a frame was for: each has one, in order."""
        output = self.recording.output(given)
        return min(frame_position, max(len(output) - 1, 0))
