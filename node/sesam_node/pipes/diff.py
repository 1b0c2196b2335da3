"""What would change in the sink if a draft of a pipe ran in full, told without writing to it.

The draft reads its source as a run does, and what it makes is compared with what the sink has:
live entities that come, change, go or stay. Rules of a run that count: the last one that makes an
id has it, filtered entities delete, vanished children stay as deleted, and with deletion tracking
goes what nothing makes. A sample is compared at once. For all of it what is made is put into a
dataset of its own, `system:diff:<job>`, so that memory stays small; the work is cut into slices,
between which others get the worker.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import Runtime
from sesam_node.errors import InputError
from sesam_node.model import content_hash, decode, encode
from sesam_node.model.namespaces import remove_namespaces
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.comparison import Comparison
from sesam_node.pipes.emitted import INDEX, records_of
from sesam_node.pipes.evaluate import EntityError, Evaluator, make_write, source_entity
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.operations import error_data
from sesam_node.pipes.policy import suppresses_filtered, tracks_children
from sesam_node.pipes.writer import with_vanished_children
from sesam_node.store.api import Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sesam_node.pipes.batch import Batch, Offset
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Dataset, Store, Version

Told = dict[str, Any]

SAMPLE_SECONDS = 15.0
PAGE = 1_000
STAGED = 5_000
"""How many writes are put into the dataset of a job in one transaction."""

PREFIX = "system:diff:"
DELETED, UNKNOWN = "deleted", "unknown"


def staging_name(job: str) -> str:
    """The dataset in which a job keeps what the draft makes."""
    return f"{PREFIX}{job}"


class Draft:
    """A pipe that is run for what it makes; nothing of it is written.

    Raises InputError where there is no sink dataset to compare with, or nothing to read.
    """

    def __init__(self, definition: PipeDefinition, store: Store) -> None:
        self.pipe = build_pipe(definition, store)
        try:
            _check(self.pipe)
            self.pipe.ensure_lookups()
        except BaseException:
            self.pipe.close()
            raise
        sink: Any = self.pipe.sink
        self.deletion_tracking: bool = sink.deletion_tracking
        self.children = tracks_children(self.pipe)
        self.dataset: Dataset | None = self.pipe.context.dataset(sink.dataset)
        self._drops = self.deletion_tracking and suppresses_filtered(self.pipe)
        lookup = StoreLookup(self.pipe.context)
        runtime = Runtime(lookup=lookup, sleep=_awake, secrets=definition.secrets)
        self._evaluator = Evaluator(self.pipe, lookup, runtime)
        stored = self.pipe.stored_source
        if stored is not None:
            stored.prepare()

    def made(self, batch: Batch, comparison: Comparison) -> tuple[list[Write], list[str]]:
        """What a batch becomes, in order; and the ids of source entities that failed."""
        writes: list[Write] = []
        failed: list[str] = []
        while batch.size:
            try:
                self._evaluator.writes(batch, writes)
                break
            except EntityError as error:
                entity_id = source_entity(batch, error.position)["_id"]
                failed.append(entity_id)
                comparison.error(entity_id, error_data(error.cause))
                batch = batch.part(error.position + 1)
        self._evaluator.forget()
        if self._drops:
            writes = [write for write in writes if write.body]
        return writes, failed

    def source_ids(self, batch: Batch) -> list[str]:
        """What names the source entities of a batch in the records of emitted ids."""
        return [self._evaluator.source_id(batch, i) for i in range(batch.size)]

    def own_ids(self, batch: Batch) -> list[str]:
        """The ids that the source entities of a batch come out under where rules leave them."""
        pipe = self.pipe
        if batch.entities is not None:
            return [own_id(pipe, entity["_id"]) for entity in batch.entities]
        return [own_id(pipe, version.entity_id) for version in batch.versions or ()]

    def live_before(self, ids: Sequence[str]) -> list[bytes | None]:
        """The bodies that these ids have in the sink; None where none is live."""
        if self.dataset is None or not ids:
            return [None] * len(ids)
        return [_live(version) for version in self.dataset.get_many(ids)]

    def after(self, before: bytes | None, write: Write) -> bytes | None:
        """The body that an id would have then; None where it would not be live."""
        if write.deleted:
            return None
        if self.children and before is not None:
            return with_vanished_children(write, before).body
        return write.body

    def told(self) -> Told:
        """What stands before the figures."""
        told: Told = {"pipe": self.pipe.id, "dataset": self.pipe.sink.dataset}
        stored = self.pipe.stored_source
        if self.pipe.sink.dataset in self.pipe.hops:
            told["note"] = "the rules look into their own sink, which is taken as it is now"
        elif stored is not None and stored.combines and not self.pipe.emits_own_id:
            told["note"] = (
                "where several merged entities make the same id, another may have it after a run"
            )
        return told


def _check(pipe: Pipe) -> None:
    if not pipe.sink.dataset:
        raise InputError(f'pipe "{pipe.id}" writes to no dataset: there is nothing to compare with')
    if getattr(pipe.source, "is_receiver", False):
        raise InputError(
            f'pipe "{pipe.id}" is a receiver: what was posted is not kept, so it cannot run again'
        )
    for transform in pipe.transforms:
        if getattr(transform, "side_effects", False):
            raise InputError("a transform with side effects cannot be tried")


def _awake(_seconds: float) -> None:
    """`sleep!` of a draft: nobody should wait for it."""


def _live(version: Version | None) -> bytes | None:
    return None if version is None or version.deleted else version.body


# -- a sample --------------------------------------------------------------------------------------


def diff_sample(definition: PipeDefinition, store: Store, *, limit: int) -> Told:
    """What would change of what the first `limit` source entities make, and made before.

    `complete` is true where they are all; `stopped` is "time" where that ended it.
    """
    draft = Draft(definition, store)
    try:
        return _sampled(draft, store, limit)
    finally:
        draft.pipe.close()


def _sampled(draft: Draft, store: Store, limit: int) -> Told:
    comparison = Comparison()
    latest: dict[str, Write] = {}
    unknown: set[str] = set()
    sources: list[str] = []
    own: list[str] = []
    until = time.monotonic() + SAMPLE_SECONDS
    told = draft.told()
    complete = True
    for batch in draft.pipe.source.read(None):
        if len(sources) >= limit or time.monotonic() > until:
            complete = False
            break
        part = batch.part(0, limit - len(sources))
        complete = part.size == batch.size
        sources.extend(draft.source_ids(part))
        own.extend(draft.own_ids(part))
        writes, failed = draft.made(part, comparison)
        unknown.update(failed)
        for write in writes:
            latest[write.entity_id] = write
        if not complete:
            break
    if time.monotonic() > until:
        told["stopped"] = "time"
    _compare(draft, comparison, list(latest.values()))
    if draft.deletion_tracking:
        if complete:
            for gone in _unmade(draft, lambda ids: [i in latest or i in unknown for i in ids]):
                _compare_gone(draft, comparison, gone)
        else:
            gone = _vanished(draft, store, sources, own, latest.keys() | unknown)
            _compare_gone(draft, comparison, gone)
    return {**told, "complete": complete, "read": len(sources), **comparison.to_json()}


def _vanished(
    draft: Draft, store: Store, sources: list[str], own: list[str], made: Iterable[str]
) -> list[str]:
    """Ids that the source entities of a sample made before, and do not make now."""
    known = set(made)
    records = records_of(store, draft.pipe.id)
    if records is None:
        # Before, each came out under its own id.
        return [entity_id for entity_id in dict.fromkeys(own) if entity_id not in known]
    before: dict[str, None] = {}
    for version in records.get_many(sources):
        if version is not None:
            before.update(dict.fromkeys(decode(version.body)["ids"]))
    lost = [entity_id for entity_id in before if entity_id not in known]
    if not lost:
        return []
    sampled = set(sources)
    owners = records.lookup_many(INDEX, lost)
    return [
        entity_id
        for entity_id, versions in zip(lost, owners, strict=True)
        if all(version.entity_id in sampled for version in versions)
    ]


def own_id(pipe: Pipe, source_id: str) -> str:
    """The id that a source entity comes out under where its rules leave it alone."""
    entity = pipe.prepared({"_id": source_id})
    own: str = (remove_namespaces(entity) if pipe.remove else entity)["_id"]
    return own


def _compare(draft: Draft, comparison: Comparison, writes: Sequence[Write]) -> None:
    for start in range(0, len(writes), PAGE):
        page = writes[start : start + PAGE]
        before = draft.live_before([write.entity_id for write in page])
        for write, body in zip(page, before, strict=True):
            comparison.entity(body, draft.after(body, write))


def _compare_gone(draft: Draft, comparison: Comparison, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), PAGE):
        for body in draft.live_before(ids[start : start + PAGE]):
            comparison.entity(body, None)


def _unmade(draft: Draft, is_made: Any, after: str | None = None) -> Iterator[list[str]]:
    """Pages of the live ids of the sink that nothing makes."""
    if draft.dataset is None:
        return
    while rows := draft.dataset.live(after, PAGE):
        ids = [entity_id for entity_id, _, deleted in rows if not deleted]
        yield [i for i, made in zip(ids, is_made(ids), strict=True) if not made]
        after = rows[-1][0]


# -- all, in slices --------------------------------------------------------------------------------


@dataclass(slots=True)
class Sliced:
    """How far a job is; travels between the calls that carry it out.

    Phases are "read", "compare", "delete" and "done"; `since` and `after` say where in them.
    """

    phase: str = "read"
    since: Offset = None
    after: str | None = None
    read: int = 0
    total: int | None = None
    compared: int = 0
    sink_head: int = 0
    told: Told = field(default_factory=dict)
    comparison: Comparison = field(default_factory=Comparison)

    def progress(self) -> Told:
        return {
            "phase": self.phase,
            "read": self.read,
            "of": self.total,
            "compared": self.compared,
        }


def diff_slice(
    definition: PipeDefinition,
    store: Store,
    *,
    job: str,
    sliced: Sliced | None,
    seconds: float,
) -> Sliced:
    """Goes on with a job for some seconds, longer where the source can only be read in one go.

    Without `sliced` it begins. `told` is the result once the phase is "done". Raises NotFoundError
    where the dataset of the job is not there.
    """
    draft = Draft(definition, store)
    try:
        staged = store.dataset(staging_name(job), create=False)
        if sliced is None:
            sliced = _begun(draft)
        _Slice(draft, staged, sliced, seconds).go_on()
        return sliced
    finally:
        draft.pipe.close()


def _begun(draft: Draft) -> Sliced:
    known = [draft.pipe.context.dataset(name) for name in draft.pipe.source.datasets]
    total = sum(dataset.counts().index_exists for dataset in known if dataset is not None)
    return Sliced(
        total=total if known else None,
        sink_head=0 if draft.dataset is None else draft.dataset.head(),
        told=draft.told(),
    )


class _Slice:
    """One stretch of a job."""

    def __init__(self, draft: Draft, staged: Dataset, sliced: Sliced, seconds: float) -> None:
        self._draft = draft
        self._staged = staged
        self._sliced = sliced
        self._until = time.monotonic() + seconds

    def is_over(self) -> bool:
        return time.monotonic() > self._until

    def go_on(self) -> None:
        sliced = self._sliced
        steps = {"read": self._read, "compare": self._compare, "delete": self._delete}
        while sliced.phase != "done":
            following = steps[sliced.phase]()
            if following:
                sliced.phase, sliced.after = following, None
            if self.is_over():
                break
        if sliced.phase == "done" and "counts" not in sliced.told:
            self._finish()

    def _read(self) -> str:
        sliced, source = self._sliced, self._draft.pipe.source
        pausing = source.supports_since and source.is_chronological
        pending: list[Write] = []
        for batch in source.read(sliced.since):
            writes, failed = self._draft.made(batch, sliced.comparison)
            pending.extend(marked(write) for write in writes)
            pending.extend(marker(entity_id, UNKNOWN) for entity_id in failed)
            sliced.read += batch.size
            over = pausing and self.is_over()
            if over or len(pending) >= STAGED:
                self._staged.write(pending, sync=False)
                pending.clear()
                sliced.since = batch.offset if pausing else None
            if over:
                return ""
        if pending:
            self._staged.write(pending, sync=False)
        return "compare"

    def _compare(self) -> str:
        sliced, draft = self._sliced, self._draft
        rows = self._staged.live(sliced.after, PAGE)
        if not rows:
            return "delete" if draft.deletion_tracking else "done"
        ids = [entity_id for entity_id, _, _ in rows]
        before = draft.live_before(ids)
        for version, body in zip(self._staged.get_many(ids), before, strict=True):
            if version is None:
                continue
            kind = decode(version.body).get("_diff") if b'"_diff":' in version.body else None
            if kind == UNKNOWN:
                continue
            write = Write(version.entity_id, version.body, version.hash, kind == DELETED)
            sliced.comparison.entity(body, draft.after(body, write))
        sliced.compared += len(rows)
        sliced.after = ids[-1]
        return ""

    def _delete(self) -> str:
        sliced, draft = self._sliced, self._draft
        if draft.dataset is None:
            return "done"
        rows = draft.dataset.live(sliced.after, PAGE)
        if not rows:
            return "done"
        ids = [entity_id for entity_id, _, deleted in rows if not deleted]
        made = self._staged.get_many(ids)
        gone = [i for i, version in zip(ids, made, strict=True) if version is None]
        _compare_gone(draft, sliced.comparison, gone)
        sliced.after = rows[-1][0]
        return ""

    def _finish(self) -> None:
        sliced, dataset = self._sliced, self._draft.dataset
        sliced.told |= {"complete": True, "read": sliced.read, **sliced.comparison.to_json()}
        if dataset is not None and dataset.head() != sliced.sink_head:
            sliced.told["note"] = "the sink has changed meanwhile"


def marked(write: Write) -> Write:
    """A write as it is kept: a delete is a marker, as a store keeps none of what was not there."""
    return marker(write.entity_id, DELETED) if write.deleted else write


def marker(entity_id: str, kind: str) -> Write:
    """Stands for an id without content; `_diff` is a name that no stored entity has."""
    body = encode({"_diff": kind, "_id": entity_id})
    return make_write((entity_id, body, content_hash(body), False))
