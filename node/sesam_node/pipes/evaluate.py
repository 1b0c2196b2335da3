"""From source entities to writes: decode, transform, encode and hash in one loop a batch.

A pipe without transforms hands on bytes and hash of stored versions as they are. An emitted entity
loses its reserved properties; most have none, which the bytes tell without looking at each key.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.errors import DtlError, PipeError, SesamError, preview
from sesam_node.model import content, decode, encode
from sesam_node.model.entity import content_hash as hash_of
from sesam_node.model.entity import content_hashes as hashes_of
from sesam_node.pipes.batch import GONE, PLACE_BITS
from sesam_node.pipes.encoded import Encoded
from sesam_node.pipes.policy import tracks_emitted
from sesam_node.pipes.prefetch import prefetcher
from sesam_node.pipes.together import together
from sesam_node.pipes.tracking_limits import hops_limit
from sesam_node.store.api import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sesam_node.dtl import Runtime
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch
    from sesam_node.pipes.lookup import StoreLookup
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.store.api import Version

    MakeWrite = Callable[[tuple[str, bytes, bytes, bool]], Write]

make_write: MakeWrite = partial(tuple.__new__, Write)
"""A `Write` of a tuple; three times faster than calling the class."""

CHUNK = 32
"""Entities that go through a stage together, so that its code stays in the processor's cache."""

nothing_reserved = re.compile(rb'\{"_id":"[^"\\]*"(?:\}|,"[^_])').match
"""Do canonical bytes tell that `_id` is the only property that begins with `_`?

Keys are sorted: `_id` comes first, and the one behind it is not reserved. An `_id` with escapes,
or properties that sort before it, take the long way.
"""

NO_BODY = b""
"""The body of a delete whose content is what the sink has: a filtered entity."""


class RefusedError(PipeError):
    """An entity that the sink does not take; the message names it."""


class EntityError(PipeError):
    """A source entity that a transform failed on."""

    def __init__(self, position: int, entity: Entity, cause: Exception) -> None:
        self.position = position
        self.entity = entity
        self.cause = cause
        if isinstance(cause, DtlError | RefusedError):
            message = cause.message
        else:
            reason = cause if isinstance(cause, SesamError) else f"{type(cause).__name__}: {cause}"
            message = f"the entity {preview(entity.get('_id'))} failed: {reason}"
        super().__init__(message, getattr(cause, "problems", ()))

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (EntityError, (self.position, self.entity, self.cause))


class Group(NamedTuple):
    """What one source entity became; `place` orders source entities as a full run reads them."""

    source_id: str
    place: int
    writes: list[Write]


def make_delete(entity_id: str) -> Write:
    """A delete that keeps the content the sink has."""
    return make_write((entity_id, NO_BODY, NO_BODY, True))


def as_write(entity: Entity) -> Write:
    """The write of an emitted entity: canonical bytes and hash of its content."""
    if "_filtered" in entity:
        return make_delete(entity["_id"] or "")  # what has no id is in no sink
    body = encode(entity)
    if nothing_reserved(body) and "_id" in entity:
        return make_write((entity["_id"], body, hash_of(body), False))
    return write_of_content(entity, body)


def write_of_content(entity: Entity, body: bytes) -> Write:
    """As `as_write`, of an entity and its bytes that need a closer look."""
    if "_filtered" in entity:
        return make_delete(entity["_id"])
    entity_id = entity.get("_id")
    if type(entity_id) is not str:
        raise PipeError(f'expected text for "_id", got {preview(entity_id)}')
    if body.count(b'"_') > 1:  # one is that of `_id`
        cleaned = content(entity)
        if cleaned is not entity:
            body = encode(cleaned)
    return make_write((entity_id, body, hash_of(body), entity.get("_deleted") is True))


def append_writes(entities: list[Entity], out: list[Write]) -> None:
    """Append the write of each entity: `as_write` in one loop, without a call for most."""
    append, plain, new, make_bytes, digest = (
        out.append,
        nothing_reserved,
        make_write,
        encode,
        hash_of,
    )
    for entity in entities:
        body = make_bytes(entity)
        if plain(body):
            append(new((entity["_id"], body, digest(body), False)))
        else:
            append(write_of_content(entity, body))


def with_source_header(entity: Entity, version: Version) -> Entity:
    """The entity with the reserved properties of its version, for rules that name them."""
    entity["_updated"] = version.seq
    entity["_previous"] = version.previous
    entity["_ts"] = version.ts
    entity["_hash"] = version.hash.hex()
    entity["_deleted"] = version.deleted
    return entity


class Evaluator:
    """Runs the transforms of a pipe over batches.

    `most_rows` is the most that look-ups found for one source entity.
    `depends_when_deleted` turns true when look-ups had a part in what a deleted source entity
    became, and that need not be a delete: such entities must be run again when a hopped dataset
    changes.
    """

    def __init__(
        self, pipe: Pipe, lookup: StoreLookup, runtime: Runtime, stage: str = "sink"
    ) -> None:
        self.run = pipe.bind(runtime, stage)
        self._lookup = lookup
        self._shares_ids = pipe.shares_ids
        self._places = {name: i << PLACE_BITS for i, name in enumerate(pipe.source.datasets)}
        self._header = pipe.any_transform("reads_header")
        self._careful = (
            self._header or pipe.any_transform("reads_previous") or pipe.sink.dataset in pipe.hops
        )
        self._recorder = lookup if lookup.records else None
        self._careful = self._careful or self._recorder is not None
        self._may_revive = bool(pipe.hops) and not pipe.keeps_deletes
        self._pipe = pipe
        self.exchanges = pipe.context.exchanges
        lookup.as_source = self._as_source
        self._together = together(pipe, lookup, runtime, stage)
        self._careful = self._careful or self._together is not None
        ahead = None if stage in ("source", "before-transforms") else prefetcher(pipe, lookup)
        self._ahead = None if ahead is None else ahead.ahead
        self.depends_when_deleted = False
        self.most_rows = 0
        self._row_limit = hops_limit(pipe)
        # What is no source entity any more is deleted under its id, whatever the rules would say,
        # where the records of what it emitted do not delete it.
        self._skips_gone = bool(pipe.sink.dataset) and (pipe.emits_own_id or tracks_emitted(pipe))

    def _as_source(self, entity: Entity, version: Version) -> Entity:
        return self._pipe.prepared(with_source_header(entity, version) if self._header else entity)

    def forget(self) -> None:
        """Lets go of what look-ups have read, once it is much. Called between batches."""
        self._lookup.forget()

    def writes(self, batch: Batch, out: list[Write]) -> None:
        """Append the writes of a batch. Raises EntityError; what came before it is in `out`."""
        if self.run is None:
            self._pass(batch, out)
        elif self._careful or batch.entities is not None or self._may_depend(batch):
            append, write = out.append, as_write
            for position, emitted in self.emitted(batch):
                if batch.places is not None and batch.places[position] == GONE:
                    out += _deletes(batch, position, emitted)
                    continue
                for entity in emitted:
                    append(write(entity))
        else:
            self._fused(batch, out)

    def groups(self, batch: Batch) -> Iterator[Group]:
        """The writes of a batch by source entity. Raises EntityError."""
        versions, places = batch.versions or (), batch.places
        first = 0 if batch.dataset is None else self._places.get(batch.dataset.name, 0)
        for position, emitted in self.emitted(batch):
            source_id = self.source_id(batch, position)
            writes = list(map(as_write, emitted))
            if places is None:
                yield Group(source_id, first + versions[position].seq, writes)
            else:
                place = places[position]
                yield Group(source_id, place, [] if place == GONE else writes)

    def source_id(self, batch: Batch, position: int) -> str:
        """What names a source entity in records: its id, where the source gives no other."""
        entities = batch.entities
        if type(entities) is Encoded:
            return entities.ids[position]
        if entities is not None:
            return str(entities[position].get("_id", ""))
        version = (batch.versions or ())[position]
        if self._shares_ids and batch.dataset is not None:
            return f"{batch.dataset.name}:{version.entity_id}"
        return version.entity_id

    def _may_depend(self, batch: Batch) -> bool:
        """Are there deleted source entities that look-ups may have a part in?"""
        return self._may_revive and any(version[4] for version in batch.versions or ())

    @staticmethod
    def _pass(batch: Batch, out: list[Write]) -> None:
        entities = batch.entities
        if type(entities) is Encoded and not entities.reserved:
            bodies = entities.bodies
            rows = zip(entities.ids, bodies, hashes_of(bodies), repeat(False), strict=False)  # noqa: FBT003 - a delete?
            out.extend(map(make_write, rows))
        elif entities is not None:
            out.extend(map(as_write, entities))
        else:
            out.extend(
                make_write((version[1], version[2], version[5], version[4]))
                for version in batch.versions or ()
            )

    def _fused(self, batch: Batch, out: list[Write]) -> None:
        versions = batch.versions or ()
        for first in range(0, len(versions), CHUNK):
            chunk = versions[first : first + CHUNK]
            if self._ahead is not None:
                self._ahead(batch, first, CHUNK)
            emitted, ends, failure = self._run_chunk(chunk)
            before = len(out)
            try:
                append_writes(emitted, out)
            except Exception as error:  # noqa: BLE001 - it becomes the error of its entity
                del ends[bisect_right(ends, len(out) - before) :]
                failure = error
            if failure is not None:
                position = len(ends)
                entity = decode(chunk[position].body)
                raise EntityError(first + position, entity, failure) from failure

    def _run_chunk(
        self, chunk: Sequence[Version]
    ) -> tuple[list[Entity], list[int], Exception | None]:
        """What came out, how much of it after each source entity, and what the next failed with."""
        run: Any = self.run
        emitted: list[Entity] = []
        ends: list[int] = []
        end = ends.append
        try:
            if not self._pipe.hops:
                for entity in [decode(version[2]) for version in chunk]:
                    run(entity, emitted)
                    end(len(emitted))
            else:
                self._run_counted([decode(version[2]) for version in chunk], emitted, ends)
        except Exception as error:  # noqa: BLE001 - it becomes the error of its entity
            del emitted[ends[-1] if ends else 0 :]
            return emitted, ends, error
        return emitted, ends, None

    def _run_counted(self, entities: list[Entity], emitted: list[Entity], ends: list[int]) -> None:
        run: Any = self.run
        lookup = self._lookup
        rows = lookup.rows
        for entity in entities:
            run(entity, emitted)
            self._count_rows(lookup.rows - rows)
            ends.append(len(emitted))
            rows = lookup.rows

    def _count_rows(self, count: int) -> None:
        """Raises PipeError where look-ups found more for one source entity than is allowed."""
        if count > self.most_rows:
            self.most_rows = count
            if self._row_limit is not None and count > self._row_limit:
                raise PipeError(
                    f"hops found {count} entities for one source entity, more than the "
                    f'{self._row_limit} of "dependency_tracking.dependency_error_threshold"'
                )

    def emitted(self, batch: Batch) -> Iterator[tuple[int, list[Entity]]]:
        """Position of each source entity, and what it became. Raises EntityError."""
        run, lookup, versions = self.run or _unchanged, self._lookup, batch.versions
        ahead, together, recorder = self._ahead, self._together, self._recorder
        # What is no source entity any more goes round the rules as the delete that it is.
        places = batch.places if self._skips_gone else None
        lookup.current_dataset = batch.dataset
        version: Version | None = None
        for position in range(batch.size):
            if ahead is not None:
                ahead(batch, position)
            if versions is not None:
                version = versions[position]
            if places is not None and places[position] == GONE:
                if recorder is not None:
                    recorder.begin()
                    recorder.end(self.source_id(batch, position))
                yield position, [self._pipe.renamed(source_entity(batch, position))]
                continue
            if together is not None and not together.has(batch, position):
                together.begin(batch, position, partial(self._to_begin, batch, places))
            entity = self._prepared(batch, position, version)
            out: list[Entity] = []
            looked_up, rows = lookup.count, lookup.rows
            if recorder is not None:
                recorder.begin()
            try:
                if together is None:
                    run(entity, out)
                else:
                    begun = together.finish(position, out)
                    looked_up, rows = looked_up - begun.looked_up, rows - begun.rows
            except Exception as error:
                if recorder is not None:
                    recorder.end(self.source_id(batch, position), failed=True)
                raise EntityError(position, source_entity(batch, position), error) from error
            if recorder is not None:
                recorder.end(self.source_id(batch, position))
            if (
                self._may_revive
                and lookup.count != looked_up
                and (entity.get("_deleted") is True if version is None else version[4])
            ):
                self.depends_when_deleted = True
            try:
                self._count_rows(lookup.rows - rows)
            except PipeError as error:
                raise EntityError(position, source_entity(batch, position), error) from error
            yield position, out

    def _to_begin(self, batch: Batch, places: Sequence[int] | None, position: int) -> Entity | None:
        """A source entity for the transforms; null where it goes round them."""
        if places is not None and places[position] == GONE:
            return None
        version = None if batch.versions is None else batch.versions[position]
        return self._prepared(batch, position, version)

    def _prepared(self, batch: Batch, position: int, version: Version | None) -> Entity:
        """A source entity as the pipe's transforms get it, which look-ups know as the present."""
        if version is None or batch.entities is not None:
            entity = source_entity(batch, position)
        else:
            entity = decode(version[2])
        self._lookup.current = version
        if version is not None and self._header:
            with_source_header(entity, version)
        return entity


def _deletes(batch: Batch, position: int, emitted: list[Entity]) -> list[Write]:
    """The deletes among what became of a source entity that is no longer; its own at least."""
    writes = [write for write in map(as_write, emitted) if write.deleted]
    return writes or [make_delete(source_entity(batch, position)["_id"])]


def _unchanged(entity: Entity, out: list[Entity]) -> None:
    out.append(entity)


def source_entity(batch: Batch, position: int) -> Entity:
    """The source entity at a position of a batch."""
    if batch.entities is not None:
        return batch.entities[position]
    entity: Entity = decode((batch.versions or ())[position].body)
    return entity


def source_ids(batch: Batch) -> list[str]:
    """The ids of the source entities of a batch."""
    entities = batch.entities
    if type(entities) is Encoded:
        return list(entities.ids)
    if entities is not None:
        return [str(entity.get("_id", "")) for entity in entities]
    return [version.entity_id for version in batch.versions or ()]
