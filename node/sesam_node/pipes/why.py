"""Why an entity of a dataset is as it is: back through pipes, rules and hops to what came in.

The pipe that writes the dataset is asked which source entities make this one (by the records of
emitted ids where ids are computed, else by its own id, for merged ones by its members). They run
again, recorded, as the inputs are now. `exact` says whether that gives the entity that is stored;
else an input has changed since, and the properties that differ are told. What was read is followed
in the same way, until an input of the node, the asked depth or a circle ends it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.trace.entity_text import entity_why_text
from sesam_node.errors import InputError, NotFoundError, Problem, SesamError, suggestion
from sesam_node.model import decode
from sesam_node.pipes.arrivals import fetched, received
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.emitted import INDEX, records_of
from sesam_node.pipes.evaluate import source_entity
from sesam_node.pipes.made import Made, members_of
from sesam_node.pipes.policy import tracks_emitted
from sesam_node.pipes.retrace import Retrace, Way, way_of
from sesam_node.pipes.runs import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.retrace import Origin, Retraced
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Dataset, Store, Version

Told = dict[str, Any]

DEPTH, MOST_DEPTH = 10, 50
MAX_ENTITIES = 200
"""How many entities one answer tells of."""

MAX_INPUTS = 50
MAX_PROPERTIES = 200
SCANNED = 10_000
"""How many source entities are run to find those that make an id that nothing is recorded of."""

SECONDS = 10.0
NEAR = 500
END = 1 << 62


def explain_entity(
    *,
    store: Store,
    dataset: str,
    entity_id: str,
    writers: Mapping[str, list[PipeDefinition]],
    name: str | None = None,
    depth: int = DEPTH,
) -> Told:
    """Why the latest version of an entity is as it is, as `docs/why-and-what-if.md` describes.

    `writers` are the pipes that write each dataset; `name` asks for one property, `depth` says how
    many pipes to go back. Raises NotFoundError for an entity that is not there and never was, and
    InputError for a property that it does not have.
    """
    explainer = Explainer(store, writers)
    try:
        return explainer.explain(dataset, entity_id, name, min(depth, MOST_DEPTH))
    finally:
        explainer.close()


def explained_text(*, store: Store, **asked: Any) -> str:
    """The answer of `explain_entity` as text. Raises as that does."""
    return entity_why_text(explain_entity(store=store, **asked))


@dataclass(slots=True)
class Asked:
    """An entity to tell of: which properties (None: all), how much deeper, and on which way."""

    dataset: str
    entity_id: str
    names: frozenset[str] | None
    depth: int
    way: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.dataset, self.entity_id


@dataclass(slots=True)
class Inputs:
    """The entities that were read for one, in order, each with the properties that were read."""

    roles: dict[tuple[str, str], str] = field(default_factory=dict)
    names: dict[tuple[str, str], set[str] | None] = field(default_factory=dict)

    def touch(self, key: tuple[str, str], role: str) -> None:
        """Note that an entity had a part in it."""
        self.roles.setdefault(key, role)
        self.names.setdefault(key, set())

    def add(self, key: tuple[str, str], role: str, name: str | None) -> None:
        """Note that a property was read; with no name all of the entity."""
        self.touch(key, role)
        if name is None:
            self.names[key] = None
        elif (known := self.names[key]) is not None:
            known.add(name)


class Explainer:
    """Makes one answer."""

    def __init__(self, store: Store, writers: Mapping[str, list[PipeDefinition]]) -> None:
        self._store = store
        self._writers = writers
        self._built: dict[str, Pipe] = {}
        self._retraces: dict[str, Retrace] = {}
        self._left = MAX_ENTITIES
        self._until = time.monotonic() + SECONDS
        self._told: set[tuple[str, str, frozenset[str] | None]] = set()

    def close(self) -> None:
        for pipe in self._built.values():
            pipe.close()

    def explain(self, dataset: str, entity_id: str, name: str | None, depth: int) -> Told:
        stored = self._dataset(dataset)
        if stored is None:
            hint = suggestion(dataset, self._store.names())
            raise _missing("dataset", f'there is no dataset "{dataset}"', hint)
        version = stored.get(entity_id)
        if version is None:
            hint = suggestion(entity_id, near_ids(stored, entity_id))
            message = f'there is no entity "{entity_id}" in the dataset "{dataset}"'
            raise _missing("entity_id", message, hint)
        if name is not None:
            entity = decode(version.body)
            if name not in entity:
                hint = suggestion(name, entity)
                message = f'the entity "{entity_id}" has no property "{name}"'
                problem = Problem("$.property", "unknown-property", message, hint)
                raise InputError(message, [problem])
        names = None if name is None else frozenset([name])
        return self._entity(Asked(dataset, entity_id, names, depth), root=name is not None)

    def _dataset(self, name: str) -> Dataset | None:
        return self._store.dataset(name, create=False) if self._store.exists(name) else None

    # -- one entity --------------------------------------------------------------------------------

    def _entity(self, asked: Asked, *, root: bool = False) -> Told:
        """All that is told of one entity; `root`: with the trees of why."""
        told: Told = {"dataset": asked.dataset, "entity_id": asked.entity_id}
        stored = self._dataset(asked.dataset)
        version = None if stored is None else stored.get(asked.entity_id)
        if stored is None or version is None:
            return {**told, "how": "missing", "text": "it is not there any more"}
        told |= {
            "seq": version.seq,
            "ts": time_text(version.ts),
            "deleted": version.deleted,
        }
        key = (*asked.key, asked.names)
        ended = self._ended(asked, key)
        if ended:
            return {**told, **ended}
        self._told.add(key)
        self._left -= 1
        writers = self._writers.get(asked.dataset, [])
        if not writers:
            text = "no pipe of this configuration writes the dataset"
            return {**told, "pipe": None, "how": "unwritten", "text": text}
        answers = []
        for definition in writers:
            answers.append(self._by_pipe(dict(told), asked, definition, stored, version, root=root))
            if answers[-1].get("exact"):
                break
        return min(answers, key=lambda answer: not answer.get("exact"))

    def _ended(self, asked: Asked, key: tuple[str, str, frozenset[str] | None]) -> Told:
        """Why nothing further is told of an entity; empty where it is."""
        if asked.key in asked.way:
            return {"more": "circle", "text": "it is on this way already: a circle"}
        if key in self._told:
            return {"more": "shown", "text": "told above"}
        if asked.depth < 0:
            return {"more": "depth", "text": "deeper than was asked"}
        if self._left <= 0 or time.monotonic() > self._until:
            return {"more": "size", "text": "the answer is long enough"}
        return {}

    def _by_pipe(
        self,
        told: Told,
        asked: Asked,
        definition: PipeDefinition,
        stored: Dataset,
        version: Version,
        *,
        root: bool,
    ) -> Told:
        told["pipe"] = definition.pipe_id
        source = definition.pipe.get("source") or {}
        try:
            pipe = self._pipe(definition)
            if getattr(pipe.source, "is_receiver", False):
                return told | received(definition, version)
            if pipe.stored_source is None and source.get("type") != "embedded":
                return told | fetched(self._store, definition, version)
            retrace = self._retrace(definition)
            runs = [retrace.run(one) for one in self._sources(pipe, asked.entity_id)]
        except SesamError as error:
            return told | {"how": "unknown", "text": f"it cannot be told: {error.message}"}
        made = Made(pipe, stored, version, runs)
        told |= made.told()
        if source.get("type") == "embedded":
            told["text"] += "; it stands in the configuration of the pipe"
        self._follow(told, asked, made, root=root)
        return told

    def _pipe(self, definition: PipeDefinition) -> Pipe:
        if definition.pipe_id not in self._built:
            self._built[definition.pipe_id] = build_pipe(definition, self._store)
        return self._built[definition.pipe_id]

    def _retrace(self, definition: PipeDefinition) -> Retrace:
        if definition.pipe_id not in self._retraces:
            self._retraces[definition.pipe_id] = Retrace(self._pipe(definition))
        return self._retraces[definition.pipe_id]

    # -- which source entities make it -------------------------------------------------------------

    def _sources(self, pipe: Pipe, entity_id: str) -> list[Batch]:
        """The source entities that an entity may be made of, the one it belongs to last."""
        stored = pipe.stored_source
        if stored is None:
            return self._scanned(pipe, entity_id)
        recorded = self._recorded(pipe, entity_id)
        if recorded is None and not pipe.emits_own_id:
            return self._scanned(pipe, entity_id)
        stored.prepare()
        ids = own_ids(pipe, entity_id) if recorded is None else recorded
        offset: Any = END
        if type(pipe.definition.pipe["source"].get("datasets")) is list:
            offset = dict.fromkeys(pipe.source.datasets, END)
        found: list[Batch] = []
        for source_id in ids:
            for batch in stored.as_of([source_id], offset):
                found.extend(singly(batch))
        return found

    def _recorded(self, pipe: Pipe, entity_id: str) -> list[str] | None:
        """The source entities whose records have the id, by their place; None: no records."""
        if not tracks_emitted(pipe):
            return None
        records = records_of(self._store, pipe.id)
        if records is None:
            return None
        (versions,) = records.lookup_many(INDEX, [entity_id])
        places = sorted((decode(version.body)["place"], version.entity_id) for version in versions)
        return [source_id for _, source_id in places]

    def _scanned(self, pipe: Pipe, entity_id: str) -> list[Batch]:
        """Source entities that make the id now, by running the first ones."""
        retrace = Retrace(pipe)
        if pipe.stored_source is not None:
            pipe.stored_source.prepare()
        ones = (one for batch in pipe.source.read(None) for one in singly(batch))
        own = pipe.emits_own_id
        found = []
        for one in islice(ones, SCANNED):
            if time.monotonic() > self._until:
                break
            if own and source_entity(one, 0)["_id"] not in own_ids(pipe, entity_id):
                continue
            if entity_id in retrace.ids(one):
                found.append(one)
        return found

    # -- what was read -----------------------------------------------------------------------------

    def _follow(self, told: Told, asked: Asked, made: Made, *, root: bool) -> None:
        """Adds `properties` and `inputs`, and at the root the trees of why."""
        stage, run = made.stage, made.run or made.last
        inputs = Inputs()
        sources = Sources(self._store, made.pipe, run)
        for key in sources.keys:
            inputs.touch(key, sources.role)
        if stage is not None and "_filtered" in stage.entity:
            way = way_of(stage, None)
            sources.note(inputs, way)
            told["rules"] = way.rules
            if root or not asked.way:
                told["because"] = way.because
        elif stage is not None:
            whole = decode(made.version.body)
            told["properties"] = {}
            for name in made.names(asked.names)[:MAX_PROPERTIES]:
                way = way_of(stage, name)
                sources.note(inputs, way)
                told["properties"][name] = found = {
                    "value": whole.get(name),
                    "rules": way.rules,
                    "from": sources.places(way),
                }
                if way.more:
                    found["more"] = way.more
                if way.missed:
                    found["found_nothing"] = way.missed
                if root:
                    told["because"] = way.because
        told["inputs"] = self._inputs(asked, inputs)

    def _inputs(self, asked: Asked, inputs: Inputs) -> list[Told]:
        """What was read, source entities first, each told in the same way."""
        found: list[Told] = []
        order = sorted(inputs.roles, key=lambda key: inputs.roles[key] == "hop")
        for key in order[:MAX_INPUTS]:
            names = inputs.names[key]
            deeper = Asked(
                *key,
                None if names is None else frozenset(names),
                asked.depth - 1,
                (*asked.way, asked.key),
            )
            found.append({"role": inputs.roles[key], **self._entity(deeper)})
        if len(order) > MAX_INPUTS:
            found.append({"role": "hop", "more": "size", "text": f"and {len(order) - MAX_INPUTS}"})
        return found


class Sources:
    """The stored entities that a source entity is: one, or the members of a merged one."""

    def __init__(self, store: Store, pipe: Pipe, run: Retraced | None) -> None:
        self.keys = [] if run is None else members_of(pipe, run)
        self.role = "source" if len(self.keys) < 2 else "member"
        self._id = "" if run is None else run.source["_id"]
        self._entities: dict[tuple[str, str], Entity] = {}
        if len(self.keys) > 1:
            for dataset, entity_id in self.keys:
                version = store.dataset(dataset, create=False).get(entity_id)
                self._entities[dataset, entity_id] = {} if version is None else decode(version.body)

    def of(self, origin: Origin) -> list[tuple[str, str]]:
        """The stored entities that something was read of: of a merged one those that have it."""
        if origin.dataset is not None:
            return [(origin.dataset, origin.entity_id)]
        name = origin.place[0] if origin.place else None
        having = [key for key, entity in self._entities.items() if name in entity]
        return having or self.keys

    def note(self, inputs: Inputs, way: Way) -> None:
        """Adds what was read on a way to the inputs."""
        for origin in way.origins:
            first = origin.place[0] if origin.place else None
            for key in self.of(origin):
                role = "hop" if origin.joined else self.role
                inputs.add(key, role, first if isinstance(first, str) else None)

    def places(self, way: Way) -> list[Told]:
        """What was read on a way, as it stands in an answer."""
        told: list[Told] = []
        for origin in way.origins:
            names = [str(part) for part in origin.place if isinstance(part, str)]
            more = {"property": ".".join(names)} if names else {}
            keys: list[tuple[str | None, str]] = [*self.of(origin)] or [(None, self._id)]
            told.extend({"dataset": ds, "entity_id": entity_id, **more} for ds, entity_id in keys)
        return told


def near_ids(dataset: Dataset, entity_id: str) -> list[str]:
    """Ids of a dataset that begin like one, to suggest from."""
    shorter = [entity_id[:length] for length in range(len(entity_id) // 2, len(entity_id))]
    known = dataset.get_many([name for name in shorter if name])
    found = [version.entity_id for version in known if version is not None]
    for length in sorted({len(entity_id) // 2, max(len(entity_id) - 1, 0)}, reverse=True):
        rows = dataset.live(entity_id[:length] or None, NEAR)
        found.extend(name for name, _, deleted in rows if not deleted)
    return list(dict.fromkeys(found))


def own_ids(pipe: Pipe, entity_id: str) -> list[str]:
    """The ids that a source entity may have which comes out under this one."""
    found = [entity_id]
    prefix = f"{pipe.identity}:"
    if pipe.add and entity_id.startswith(prefix):
        found.append(entity_id[len(prefix) :])
    if pipe.remove:
        found.append(prefix + entity_id)
    return found


def singly(batch: Batch) -> Iterator[Batch]:
    """Each source entity of a batch in a batch of its own."""
    return (batch.part(position, position + 1) for position in range(batch.size))


def _missing(field_: str, message: str, hint: str) -> NotFoundError:
    problem = Problem(f"$.{field_}", f"unknown-{field_.replace('_', '-')}", message, hint)
    return NotFoundError(message, [problem])
