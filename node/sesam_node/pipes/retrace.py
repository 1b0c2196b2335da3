"""One source entity through its pipe again, with a recording of each DTL transform on the way.

What comes out keeps the way it came, so that a property can be followed back through all the
transforms to what was read: properties of the source entity, and of entities that hops found.
Nothing is written, but for the indexes that look-ups need.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.dtl import Runtime
from sesam_node.dtl.record import record
from sesam_node.dtl.trace.recording import Recording, rules_path
from sesam_node.dtl.trace.values import MAX_SIBLINGS
from sesam_node.dtl.trace.why import Why
from sesam_node.errors import InputError, SesamError
from sesam_node.model import encode
from sesam_node.model.namespaces import remove_namespaces, split_name
from sesam_node.pipes.evaluate import source_entity, with_source_header
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.transforms.dtl import DtlTransform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.dtl.trace.places import Part
    from sesam_node.dtl.trace.values import Node
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch, Transform
    from sesam_node.pipes.pipe import Pipe

EVENTS = 20_000
"""How many events are recorded of one entity in one transform."""


class Origin(NamedTuple):
    """What was read: an entity of a dataset (None: the source entity) and the place in it.

    `version` is its seq; `joined` says that a hop found it.
    """

    dataset: str | None
    entity_id: str
    version: int | None
    place: tuple[str | int, ...]
    joined: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """An entity on its way, and the one that it was made of (None: it is the source entity).

    `kind` is "source", "named" (namespaces put on), "stripped" (taken off), "passed" (as it was),
    "dtl" (with the `document` of the transform and which of its results this is) or "other".
    """

    entity: Entity
    kind: str = "source"
    before: Stage | None = None
    document: dict[str, Any] | None = None
    result: int = 0


@dataclass(slots=True)
class Retraced:
    """What became of one source entity: what came out at the end, or what it failed with."""

    source: Entity
    batch: Batch
    out: list[Stage] = field(default_factory=list)
    error: SesamError | None = None


class Retrace:
    """Runs source entities of a pipe again.

    Raises InputError for a pipe with a transform that changes something outside.
    """

    def __init__(self, pipe: Pipe) -> None:
        for transform in pipe.transforms:
            if getattr(transform, "side_effects", False):
                raise InputError("a transform with side effects is not run again")
        pipe.ensure_lookups()
        self.pipe = pipe
        self._lookup = StoreLookup(pipe.context)
        self._runtime = Runtime(lookup=self._lookup, sleep=_awake, secrets=pipe.definition.secrets)

    def run(self, one: Batch) -> Retraced:
        """What becomes of the source entity in a batch of one."""
        pipe, lookup = self.pipe, self._lookup
        entity = source_entity(one, 0)
        lookup.forget()
        lookup.current_dataset = one.dataset
        lookup.current = one.versions[0] if one.versions is not None else None
        if pipe.any_transform("reads_header") and lookup.current is not None:
            with_source_header(entity, lookup.current)
        found = Retraced(entity, one)
        stages = [Stage(entity)]
        if pipe.add:
            stages = [Stage(pipe.prepared(entity), "named", stages[0])]
        try:
            for transform in pipe.transforms:
                stages = [made for stage in stages for made in self._through(transform, stage)]
        except SesamError as error:
            found.error = error
            return found
        if pipe.remove:
            stages = [Stage(remove_namespaces(stage.entity), "stripped", stage) for stage in stages]
        found.out = stages
        return found

    def ids(self, one: Batch) -> list[str]:
        """The ids that come out of a batch of one, without recording; none where it fails."""
        run = self.pipe.bind(self._runtime)
        entity = source_entity(one, 0)
        if run is None:
            return [entity["_id"]]
        out: list[Entity] = []
        try:
            run(entity, out)
        except SesamError:
            return []
        return [item["_id"] for item in out]

    def _through(self, transform: Transform, stage: Stage) -> Iterator[Stage]:
        if "_filtered" in stage.entity:
            yield stage
            return
        out: list[Entity] = []
        transform.bind(self._runtime)(stage.entity, out)
        if not isinstance(transform, DtlTransform):
            yield from (Stage(entity, "other", stage) for entity in out)
            return
        if not transform.takes(stage.entity):
            yield from (Stage(entity, "passed", stage) for entity in out)
            return
        document = self._recorded(transform, stage.entity)
        for position, entity in enumerate(out):
            yield Stage(entity, "dtl", stage, document, position)

    def _recorded(self, transform: DtlTransform, entity: Entity) -> dict[str, Any]:
        current = self._lookup.current
        return record(
            transform.rules,
            [entity],
            context=transform.context,
            runtime=self._runtime,
            path=transform.path,
            version_of=lambda _entity: None if current is None else current.seq,
            budget=EVENTS,
        )


def _awake(_seconds: float) -> None:
    """`sleep!` while somebody waits for an answer."""


# -- back through the transforms -------------------------------------------------------------------


class Reads(Why):
    """The tree that answers why, and everything that was read for it.

    `missed` are the look-ups that found nothing: dataset, and keys as JSON. `more` is how many
    parts are left out, as there are so many.
    """

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        self.missed: dict[tuple[str, str], Any] = {}
        self.more = 0
        self.own: dict[tuple[Part, ...], None] = {}
        self.joined: dict[tuple[str, str, int | None, tuple[Part, ...]], None] = {}

    def source(
        self, frame: int, names: list[Part], focus: list[Part], number: int | None = None
    ) -> list[Node]:
        if self.recording.frames[frame]["event"] is None:
            self.own[*names, *focus] = None
        return super().source(frame, names, focus, number)

    def entity_node(
        self, entity: Node, place: list[Part], value: Any, number: int | None = None
    ) -> Node:
        self._note(entity, place)
        return super().entity_node(entity, place, value, number)

    def found(self, entity: Node, value: Any, focus: list[Part]) -> Node:
        self._note(entity, focus)
        return super().found(entity, value, focus)

    def limited(self, nodes: list[Node], makers: Sequence[Any]) -> list[Node]:
        self.more += max(0, len(makers) - MAX_SIBLINGS)
        return super().limited(nodes, makers)

    def lookup(self, lookup: Node) -> Node:
        made = super().lookup(lookup)
        if lookup["found"] == 0 and "value" in made:
            keys = made["value"]
            self.missed[lookup["dataset"], encode(keys).decode()] = keys
        return made

    def _note(self, entity: Node, place: list[Part]) -> None:
        key = (entity["dataset"], entity["id"], entity.get("version"), tuple(place))
        self.joined[key] = None


@dataclass(slots=True)
class Way:
    """How a property came to be: what was read, the rules that wrote it, and the trees of why.

    `because` has one tree a transform, the last transform first; `base` is the path of its rules.
    `missed` are look-ups that found nothing, `more` is how many origins are left out.
    """

    origins: dict[Origin, None] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    because: list[dict[str, Any]] = field(default_factory=list)
    missed: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0


def way_of(stage: Stage, name: str | None) -> Way:
    """The way of a property of what came out; with no name, of its being filtered."""
    way = Way()
    _follow(stage, () if name is None else (name,), way)
    return way


def _follow(stage: Stage, place: tuple[Part, ...], way: Way) -> None:
    before = stage.before
    if before is None:
        origin = Origin(None, stage.entity["_id"], None, place, joined=False)
        way.origins[origin] = None
    elif stage.kind == "dtl":
        _follow_rules(stage, before, place, way)
    elif stage.kind == "named":
        _follow(before, _renamed(place, stage.entity, before.entity, added=True), way)
    elif stage.kind == "stripped":
        _follow(before, _renamed(place, stage.entity, before.entity, added=False), way)
    elif stage.kind == "passed":
        _follow(before, place, way)
    else:
        # What other transforms do is not recorded: all of the entity may have a part in it.
        _follow(before, (), way)


def _follow_rules(stage: Stage, before: Stage, place: tuple[Part, ...], way: Way) -> None:
    assert stage.document is not None  # noqa: S101 - a stage of rules has one
    recording = Recording(stage.document, 0)
    if stage.result >= len(recording.results):
        return
    reader = Reads(recording)
    nodes = reader.result(stage.result, list(place))
    way.because.append({"base": rules_path(stage.document), "nodes": nodes})
    way.rules.extend(
        {"path": node["path"], "text": node["text"]}
        for node in nodes
        if "path" in node and node["kind"] in ("set", "result")
    )
    way.more += reader.more
    way.missed.extend({"dataset": name, "keys": keys} for (name, _), keys in reader.missed.items())
    for dataset, entity_id, version, read in reader.joined:
        way.origins[Origin(dataset, entity_id, version, read, joined=True)] = None
    for read in reader.own:
        _follow(before, read, way)


def _renamed(
    place: tuple[Part, ...], now: Entity, before: Entity, *, added: bool
) -> tuple[Part, ...]:
    """A place of an entity where it was before namespaces were put on or taken off."""
    if not place or place[0] in before:
        return place
    for name in before:
        plain = split_name(name)[1]
        if (added and split_name(str(place[0]))[1] == name and place[0] in now) or (
            not added and plain == place[0]
        ):
            return (name, *place[1:])
    return place
