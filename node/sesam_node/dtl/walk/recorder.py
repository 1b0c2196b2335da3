"""Writes down what a walk does: the full trace document, see `docs/trace-format.md`.

A `Recorder` takes all entities of one rule set; each has an `EntityRecording` while it is on its
way. `Silent` is what a walk reports to when nobody records.
"""

# ruff: noqa: ARG002 - `Silent` does not use what is reported to it

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.failures import reason_of
from sesam_node.dtl.plan import evaluated_nodes
from sesam_node.dtl.runtime import ABSENT
from sesam_node.dtl.syntax import Path, RuleContext
from sesam_node.dtl.trace.document import FORMAT, VERSION
from sesam_node.dtl.walk.stack import room
from sesam_node.errors import json_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.runtime import Lookup
    from sesam_node.dtl.syntax import At
    from sesam_node.errors import DtlError
    from sesam_node.model.values import Entity, Value

Found = tuple[str, "Entity"]
"""A dataset and an entity in it."""

SMALL = 16  # members of a list or dict up to which it is compared by content
SCALARS = (str, int, float, bool, type(None))


class Silent:
    """Takes every report of a walk and keeps nothing.

    `begin` and `frame` give a token that `end` or `fail` is called with; what is reported between
    them belongs to that event, unless another one has begun.
    """

    records = False

    def frame(self, rule: str, at: At, source: Value, found: Found | None = None) -> int:
        """A rule begins to run for a source, which hops have found."""
        return 0

    def begin(self, at: At, kind: str, name: str) -> int:
        """A function or transform begins."""
        return 0

    def end(self, token: int, output: Value = ABSENT) -> None:
        """It is done; `output` is its value where it has one."""

    def fail(self, token: int, error: Exception) -> None:
        """It is left by an exception."""

    def path(self, node: Path, output: Value, found: Found | None) -> None:
        """A path has been read, from an entity that hops have found or from anything else."""

    def input(self, value: Value) -> None:
        """An argument has been evaluated."""

    def branch(self, position: int) -> None:
        """A branch has been taken; -1 is none."""

    def put(self, name: str, value: Value) -> None:
        """A property of the target has been set."""

    def removed(self, name: str) -> None:
        """A property of the target has been deleted."""

    def emitted(self, entities: Sequence[Entity]) -> None:
        """Entities come out."""

    def ends(self, how: str) -> None:
        """The target has been filtered or discarded."""

    def found(self, found: Found) -> None:
        """The value is this entity of a dataset."""

    def row(self, entities: Mapping[str, Found]) -> None:
        """A row of hops fulfils its conditions: what each alias stands for."""

    def lookup(
        self, dataset: str, index: str | None, keys: Sequence[Value] | None, found: int
    ) -> None:
        """A dataset has been asked by keys, or read as a whole (no index, no keys)."""

    def close(self, results: Sequence[Entity], error: DtlError | None = None) -> None:
        """The entity is through."""


SILENT = Silent()


class Recorder:
    """Collects the traces of the entities that a rule set is walked for.

    `rules` and `context` go into the document as they are. At most `limit` events are kept of an
    entity, and as many rows and look-ups of hops. `clock` gives nanoseconds.
    """

    def __init__(
        self,
        rules: Any,
        context: RuleContext = RuleContext(),  # noqa: B008 - immutable
        *,
        limit: int = 100_000,
        clock: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self.rules = rules
        self.context = context
        self.limit = limit
        self.clock = clock
        self.lookup: Lookup | None = None
        self.nodes: list[dict[str, str]] = []
        self.paths: dict[str, int] = {}
        self.values: list[Value] = []
        self.by_content: dict[Any, int] = {}
        self.by_identity: dict[int, tuple[Value, int]] = {}
        self.entities: list[dict[str, Any]] = []

    def attach(self, plan: Plan, lookup: Lookup) -> None:
        """Get to know the plan that is walked and the datasets; called by `WalkedRules.bind`."""
        self.nodes = evaluated_nodes(plan)
        self.lookup = lookup

    def begin_entity(self, source: Entity) -> EntityRecording:
        """The recording of one source entity."""
        return EntityRecording(self, source)

    def path(self, at: At) -> int:
        """The number of a JSON path in the document."""
        return self.paths.setdefault(json_path(at), len(self.paths))

    def value(self, value: Value) -> int:
        """The number of a value in the document.

        The same object, and small values of equal content, have one number. What is given must not
        change any more.
        """
        content = content_of(value)
        if content is not None:
            number = self.by_content.get(content)
            if number is None:
                number = self.by_content[content] = len(self.values)
                self.values.append(value)
            return number
        known = self.by_identity.get(id(value))
        if known is None:
            # The value itself is kept beside its number, so that its id stays its own.
            known = self.by_identity[id(value)] = (value, len(self.values))
            self.values.append(value)
        return known[1]

    def entity(self, found: Found) -> dict[str, Any]:
        """Which entity of which dataset something is, with its version where that is known."""
        dataset, entity = found
        ask = getattr(self.lookup, "version", None)
        version = None if ask is None else ask(dataset, entity["_id"])
        return {"dataset": dataset, "id": entity["_id"], "version": version}

    def document(self) -> dict[str, Any]:
        """The trace of all entities so far, as JSON data that nothing changes any more."""
        document = {
            "format": FORMAT,
            "version": VERSION,
            "strength": "full",
            "rules": self.rules,
            "pipe": self.context.pipe_id,
            "nodes": self.nodes,
            "paths": list(self.paths),
            "values": self.values,
            "entities": self.entities,
        }
        with room():  # values may be as deep as rules have made them
            copied: dict[str, Any] = json_data(document)
        return copied


def content_of(value: Value) -> Any:
    """What stands for a scalar or a small list or dict of scalars; None for anything larger."""
    kind = type(value)
    if kind in SCALARS:
        return (kind, repr(value) if kind is float else value)  # 0.0 and -0.0 are written apart
    members = value.values() if kind is dict else value
    if len(members) > SMALL or any(type(member) not in SCALARS for member in members):
        return None
    names = tuple(value) if kind is dict else len(members)
    return ("dict" if kind is dict else "list", names, *map(content_of, members))


def json_data(value: Any) -> Any:
    """A copy made of lists and dicts alone."""
    if type(value) is dict:
        return {name: json_data(item) for name, item in value.items()}
    if type(value) is list or type(value) is tuple:
        return [json_data(item) for item in value]
    return value


class EntityRecording(Silent):
    """The events of one source entity, in the order in which they began."""

    records = True

    def __init__(self, recorder: Recorder, source: Entity) -> None:
        self.recorder = recorder
        self.limit = recorder.limit
        self.source = recorder.value(dict(source))
        version = source.get("_updated")
        self.version = version if type(version) is int else None
        self.frames: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.open: list[tuple[int | None, int | None]] = []  # event and frame of each level
        self.details = 0
        self.truncated = False
        self.error: Exception | None = None
        self.started = recorder.clock()

    # -- events ------------------------------------------------------------------------------------

    def now(self) -> int:
        """Nanoseconds since the entity began."""
        return self.recorder.clock() - self.started

    @property
    def event(self) -> dict[str, Any]:
        """The event that a report belongs to; a throw-away one where it was not recorded."""
        number = self.open[-1][0] if self.open else None
        return {} if number is None else self.events[number]

    def started_event(self, at: At, kind: str, name: str, frame: int | None) -> int:
        token = len(self.open)
        parent = self.open[-1][0] if self.open else None
        if len(self.events) >= self.limit:
            self.truncated = True
            self.open.append((None, frame))
            return token
        event = {
            "path": self.recorder.path(at),
            "kind": kind,
            "name": name,
            "parent": parent,
            "frame": frame,
            "at": self.now(),
        }
        self.events.append(event)
        self.open.append((len(self.events) - 1, frame))
        return token

    def frame(self, rule: str, at: At, source: Value, found: Found | None = None) -> int:
        event, parent = self.open[-1] if self.open else (None, None)
        number = parent
        if len(self.events) < self.limit:
            number = len(self.frames)
            of = self.recorder.value(source) if self.open else self.source
            frame: dict[str, Any] = {"rule": rule, "parent": parent, "event": event, "source": of}
            if found is not None:
                frame["entity"] = self.recorder.entity(found)
            self.frames.append(frame)
        return self.started_event(at, "rule", rule, number)

    def begin(self, at: At, kind: str, name: str) -> int:
        return self.started_event(at, kind, name, self.open[-1][1])

    def end(self, token: int, output: Value = ABSENT) -> None:
        event = self.event
        del self.open[token:]
        if event:
            event["ns"] = self.now() - event["at"]
            if output is not ABSENT:
                event["output"] = self.recorder.value(output)

    def fail(self, token: int, error: Exception) -> None:
        # Those within were left by the same exception: rules, which do not report it, and all that
        # could not where the stack had run out.
        while len(self.open) > token + 1:
            self.end(len(self.open) - 1)
        event = self.event
        if event and error is not self.error:
            self.error = error
            event["error"] = reason_of(error)[1]
        self.end(token)

    def path(self, node: Path, output: Value, found: Found | None) -> None:
        token = self.begin(node.at, "path", node.raw)
        event = self.event
        event["variable"] = node.variable
        event["names"] = list(node.names)
        if found is not None:
            self.found(found)
        self.end(token, output)

    # -- what belongs to the event that is open ----------------------------------------------------

    def input(self, value: Value) -> None:
        event = self.event
        if event:
            event.setdefault("inputs", []).append(self.recorder.value(value))

    def branch(self, position: int) -> None:
        self.event["branch"] = position

    def put(self, name: str, value: Value) -> None:
        event = self.event
        if event:
            event.setdefault("sets", {})[name] = self.recorder.value(value)

    def removed(self, name: str) -> None:
        self.event.setdefault("removes", []).append(name)

    def emitted(self, entities: Sequence[Entity]) -> None:
        event = self.event
        if event and entities:
            event["emits"] = [self.recorder.value(entity) for entity in entities]

    def ends(self, how: str) -> None:
        self.event["ends"] = how

    def found(self, found: Found) -> None:
        self.event["entity"] = self.recorder.entity(found)

    def has_room(self) -> bool:
        """May another row or look-up be recorded? No more than events."""
        if not self.event:
            return False
        self.details += 1
        self.truncated = self.truncated or self.details > self.limit
        return self.details <= self.limit

    def row(self, entities: Mapping[str, Found]) -> None:
        if self.has_room():
            shown = {
                alias: {**self.recorder.entity(found), "value": self.recorder.value(found[1])}
                for alias, found in entities.items()
            }
            self.event.setdefault("rows", []).append(shown)

    def lookup(
        self, dataset: str, index: str | None, keys: Sequence[Value] | None, found: int
    ) -> None:
        if not self.has_room():
            return
        entry = {"dataset": dataset, "index": index, "found": found}
        if keys is not None:
            entry["keys"] = self.recorder.value(keys)
        self.event.setdefault("lookups", []).append(entry)

    # -- the end -----------------------------------------------------------------------------------

    def close(self, results: Sequence[Entity], error: DtlError | None = None) -> None:
        while self.open:
            self.end(len(self.open) - 1)
        problem = None
        if error is not None:
            first = error.problems[0]
            problem = {"path": first.path, "code": first.code, "message": first.message}
        self.recorder.entities.append(
            {
                "source": self.source,
                "version": self.version,
                # Who gets them may change them.
                "results": [self.recorder.value(dict(entity)) for entity in results],
                "error": problem,
                "ns": self.now(),
                "truncated": self.truncated,
                "frames": self.frames,
                "events": self.events,
            }
        )
