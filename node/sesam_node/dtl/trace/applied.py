"""What applied rules and hops gave, as a part of an answer of `why`."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.places import MISSING, at, same
from sesam_node.dtl.trace.values import MAX_SIBLINGS, Node, Values
from sesam_node.dtl.trace.words import SHOWN, entity_text, place_of, way_text
from sesam_node.errors import preview

if TYPE_CHECKING:
    from sesam_node.dtl.trace.places import Part


class Applied(Values):
    """The part of an answer that is about applied rules and hops."""

    @abstractmethod
    def of_target(self, frame: int, focus: list[Part]) -> list[Node]:
        """What made a place of the target that a frame gave."""

    def applied(self, number: int, focus: list[Part]) -> list[Node]:
        """The rule that made the value at the focus, or all runs of it in short."""
        recording = self.recording
        frames = recording.frames_of.get(number, [])
        frame, rest = self.frame_at(number, focus)
        if frame is not None:
            return [self.ran(frame, rest)]
        nodes: list[Node] = []
        given = recording.argument(number, 2)
        if given is not None:
            nodes = self.value(given, [])
        return self.limited(nodes, [lambda f=f: [self.ran(f, None)] for f in frames])

    def frame_at(self, number: int, focus: list[Part]) -> tuple[int | None, list[Part]]:
        """The frame that gave the place of an apply's output, and the place in its target."""
        recording = self.recording
        output = recording.output(number)
        giving = [frame for frame in recording.frames_of.get(number, []) if self.gave(frame)]
        if type(output) is list:
            if focus and isinstance(focus[0], int) and focus[0] < len(giving):
                return giving[focus[0]], focus[1:]
            return None, focus
        return (giving[0], focus) if giving else (None, focus)

    def gave(self, frame: int) -> bool:
        event = self.recording.rule_events.get(frame)
        return event is not None and "output" in self.recording.events[event]

    def ran(self, frame: int, focus: list[Part] | None) -> Node:
        """One run of an applied rule; `focus` None: in short."""
        recording = self.recording
        held = recording.frames[frame]
        source = recording.values[held["source"]]
        entity = recording.entity_of_frame(frame)
        what = preview(source, SHOWN // 2) if entity is None else entity_text(entity)
        event = recording.rule_events.get(frame)
        made = self.node("rule", f'the rule "{held["rule"]}" for {what}', event)
        made["frame"] = frame
        if event is not None and "output" in recording.events[event]:
            made["value"] = recording.output(event)
        elif event is not None and "error" not in recording.events[event]:
            made["text"] += " gave nothing"
        if focus is not None:
            made["from"] = self.of_target(frame, focus)
        return made

    def hopped(self, number: int, focus: list[Part]) -> list[Node]:
        """Look-ups of hops, the keys they were made with, and the entities that came of them."""
        recording = self.recording
        event = recording.events[number]
        if event["name"] == "apply-hops":
            frame, rest = self.frame_at(number, focus)
            if frame is not None:
                return [self.ran(frame, rest)]
        nodes = [self.lookup(lookup) for lookup in event.get("lookups", ())[:MAX_SIBLINGS]]
        nodes += self.keys(number)
        if event["name"] == "apply-hops":
            frames = recording.frames_of.get(number, [])
            return self.limited(nodes, [lambda f=f: [self.ran(f, None)] for f in frames])
        if event["name"] == "lookup-entity":
            return [*nodes, *self.looked_up(number, focus)]
        returned = self.returned(number, focus)
        if returned is not None:
            return nodes + self.value(returned, focus[1:])
        parts = self.row_parts(number, recording.output(number), focus)
        return self.limited(nodes, [lambda p=p: [self.found(*p)] for p in parts])

    def looked_up(self, number: int, focus: list[Part]) -> list[Node]:
        """The entity that lookup-entity found, if any."""
        event, output = self.recording.events[number], self.recording.output(number)
        if type(output) is not dict:
            return []
        lookups = event.get("lookups") or [{"dataset": "?"}]
        dataset = lookups[0]["dataset"]
        entity = {"dataset": dataset, "id": output.get("_id"), "version": None}
        return [self.found(event.get("entity", entity), output, focus)]

    def lookup(self, lookup: Node) -> Node:
        recording = self.recording
        keys = recording.values[lookup["keys"]] if "keys" in lookup else MISSING
        text = f"looked up in {lookup['dataset']}: {lookup['found']} found, {way_text(lookup)}"
        more = {name: lookup[name] for name in ("dataset", "index", "found")}
        return self.node("lookup", text, None, value=keys, **more)

    def keys(self, number: int) -> list[Node]:
        """What was read to find the first rows: each property once."""
        nodes: list[Node] = []
        seen: set[str] = set()
        waiting = self.recording.children[number][::-1]
        while waiting and len(nodes) < MAX_SIBLINGS and self.left > 0:
            child = waiting.pop()
            event = self.recording.events[child]
            if event["kind"] == "rule":
                continue
            if event["kind"] != "path":
                waiting.extend(self.recording.children[child][::-1])
            elif event["variable"] in ("_S", "_T", "_P", "_R", "_B") and "entity" not in event:
                path = self.recording.path(child)
                if path not in seen:
                    seen.add(path)
                    nodes.extend(self.value(child, []))
        return nodes

    def returned(self, number: int, focus: list[Part]) -> int | None:
        """The evaluation of `return` that gave the item at the focus."""
        recording = self.recording
        output = recording.output(number)
        if not focus or not isinstance(focus[0], int) or type(output) is not list:
            return None
        marks = [
            child
            for child in recording.children[number]
            if ".return" in recording.path(child)[len(recording.path(number)) :]
            and recording.output(child) not in (None, MISSING)
        ]
        plain = len(marks) == len(output) and not any(
            type(recording.output(mark)) is list for mark in marks
        )
        return marks[focus[0]] if plain and focus[0] < len(marks) else None

    def row_parts(
        self, number: int, output: Any, focus: list[Part]
    ) -> list[tuple[Node, Any, list[Part]]]:
        """The entities of the rows, each once: all, or the one at the focus."""
        found: dict[tuple[str, str], tuple[Node, Any, list[Part]]] = {}
        chosen = at(output, focus[:1]) if focus and isinstance(focus[0], int) else MISSING
        for part, value in self.recording.rows_values(number):
            if chosen is MISSING or same(value, chosen):
                found.setdefault((part["dataset"], part["id"]), (part, value, focus[1:]))
        if not found and chosen is not MISSING:
            return self.row_parts(number, output, [])
        return list(found.values())

    def found(self, entity: Node, value: Any, focus: list[Part]) -> Node:
        text = place_of(focus, entity_text(entity))
        shown = at(value, focus) if value is not MISSING else MISSING
        more = {name: entity.get(name) for name in ("dataset", "id", "version")}
        return self.node("entity", text, None, value=shown, **more)
