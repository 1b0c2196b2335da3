"""The circuit breaker of a dataset sink: a run that would change too much is held back.

A run of a pipe with a breaker, over a dataset that is populated, does not write to its sink but to
`system:uncommitted:<dataset>`, with the changes of the pipe's state. At its end that is moved over
and the state follows with the last of it; then the held dataset goes. When the run writes more than
the limit, the breaker trips: the run ends, what it wrote stays held, and the pipe does not run
until somebody commits that (it is moved over) or rolls it back (it is dropped: the pipe is where it
was before the run). The state of the held dataset says how far that has come, so a kill at any
moment is made up for: what an unfinished run held is dropped by the next one, a move that was
begun is done again, which changes nothing twice.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConflictError, NotBuiltError, NotFoundError, PipeError, SesamError
from sesam_node.model import content_hash, decode
from sesam_node.model.entity import with_header
from sesam_node.pipes import offsets
from sesam_node.pipes.emitted import records_name
from sesam_node.pipes.evaluate import make_write
from sesam_node.store.api import Commit, Fence, Version, Written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sesam_node.pipes.pipe import Pipe
    from sesam_node.store.api import Dataset, KeyFunction, Store, Write

BREAKER = "/circuit-breaker"
"""Under this name, which no pipe can have, the held dataset keeps what has become of the run."""
PHASE = "phase"
TRIPPED, MOVING = b"tripped", b"moving"
KEPT, REMOVED = b"1", b"0"
MOVE_BATCH = 10_000
PAGE = 1_000

COMMIT, ROLLBACK = "commit-circuit-breaker", "rollback-circuit-breaker"


class TrippedError(PipeError):
    """The circuit breaker has tripped, in this run or before it."""


def held_name(dataset: str) -> str:
    """The dataset that holds what is not committed yet."""
    return f"system:uncommitted:{dataset}"


def held_dataset(store: Store, dataset: str) -> Dataset | None:
    """What a tripped breaker holds back of a dataset; null where none has tripped."""
    try:
        held = store.dataset(held_name(dataset), create=False)
        return held if held.state(BREAKER).get(PHASE) == TRIPPED else None
    except NotFoundError:
        return None


def breaker_of(sink: Any) -> dict[str, Any] | None:
    """The options of a sink's breaker; null for a sink that cannot have one."""
    return getattr(sink, "breaker", None)


def limit_of(factor: float | None, count: int | None, ids: int) -> int:
    """How many entities a run may write to a dataset of so many ids."""
    return max(int((factor or 0) * ids), count or 0)


class HeldSink:
    """Stands for the sink while a run goes on: reads are its own, writes are held back.

    It is as much of a `Dataset` as a run needs. An entity that the run has written is met as it
    wrote it; the seqs that a write gives are those of the sink, so that deletion tracking knows
    what it has met.
    """

    def __init__(self, store: Store, sink: Dataset, pipe_id: str, fence: Fence, limit: int) -> None:
        self._store = store
        self._sink = sink
        self._pipe = pipe_id
        self._fence = fence
        self._limit = limit
        self.tripped = False
        self.name = sink.name
        _settle(store, sink, pipe_id, fence)
        self._held = store.dataset(held_name(sink.name))
        self._held.claim(fence)

    def __getattr__(self, name: str) -> Any:
        """What is not said here is as the sink has it."""
        return getattr(self._sink, name)

    @property
    def generation(self) -> str:
        return self._sink.generation

    @property
    def populated(self) -> bool:
        return self._sink.populated

    def set_populated(self, value: bool = True) -> None:  # noqa: FBT001, FBT002 - a setter
        self._sink.set_populated(value)

    def state(self, pipe: str) -> dict[str, bytes]:
        return self._sink.state(pipe)

    def head(self) -> int:
        return self._sink.head()

    def live(self, after: str | None = None, limit: int = 1000) -> list[tuple[str, int, bool]]:
        return self._sink.live(after, limit)

    def ensure_index(self, index: str, keys: KeyFunction) -> None:
        self._sink.ensure_index(index, keys)

    def get(self, entity_id: str) -> Version | None:
        return self.get_many([entity_id])[0]

    def get_many(self, ids: Sequence[str], as_of: int | None = None) -> list[Version | None]:
        stored = self._sink.get_many(ids, as_of)
        held = [version and real(version) for version in self._held.get_many(ids)]
        head = self.head()
        return [
            theirs
            if mine is None
            else mine._replace(seq=theirs.seq if theirs is not None else head + mine.seq)
            for mine, theirs in zip(held, stored, strict=True)
        ]

    def write(
        self,
        batch: Sequence[Write],
        commit: Commit | None = None,
        *,
        sync: bool = True,  # noqa: ARG002 - as the sink's
        force: bool = False,
    ) -> Written:
        """Hold back what would change the sink. Raises TrippedError where that is too much."""
        if self.tripped:
            raise self._error()
        ids = [item.entity_id for item in batch]
        known: dict[str, Version | Write | None] = dict(zip(ids, self.get_many(ids), strict=True))
        seqs = {v.entity_id: v.seq for v in self._sink.get_many(ids) if v is not None}
        changed: list[Write] = []
        new = deleted = 0
        for item in batch:
            before = known[item.entity_id]
            if before is None and item.deleted:
                continue
            if (
                before is not None
                and (before.hash, before.deleted) == (item.hash, item.deleted)
                and not force
            ):
                continue
            new += before is None
            deleted += item.deleted
            known[item.entity_id] = item
            # A delete is no delete for the held dataset, which need not have the entity.
            changed.append(item._replace(deleted=False))
        state = {} if commit is None else held_state(commit.state)
        self._held.write(changed, Commit(self._pipe, state, self._fence))
        if self._held.counts().index_exists > self._limit:
            self._trip()
        return Written(len(changed), new, deleted, [seqs.get(name, -1) for name in ids])

    def _trip(self) -> None:
        self._held.write([], Commit(BREAKER, {PHASE: TRIPPED}, None))
        self.tripped = True
        raise self._error()

    def _error(self) -> TrippedError:
        return TrippedError(
            f'the circuit breaker of dataset "{self.name}" has tripped: the run wrote more than '
            f"{self._limit:,} entities; commit them or roll them back"
        )

    def settle(self) -> None:
        """The run has failed: it keeps what it wrote, unless the breaker has tripped."""
        if not self.tripped:
            with suppress(SesamError):
                self.commit()

    def commit(self) -> None:
        """The run has ended well: move what it wrote to the sink."""
        self._held.write([], Commit(BREAKER, {PHASE: MOVING}, None))
        _move(self._store, self._sink, self._held, self._pipe, self._fence)


def guarded(store: Store, sink: Dataset, pipe: Pipe, fence: Fence) -> HeldSink | None:
    """What stands for the sink during a run; null where no breaker is set or it is not armed.

    Raises TrippedError where it has tripped before, NotBuiltError for a pipe that looks into its
    own sink, which would not see what is held.
    """
    options = breaker_of(pipe.sink)
    pipe_id = pipe.id
    if options is None:
        return None
    if held_dataset(store, sink.name) is not None:
        raise TrippedError(
            f'the circuit breaker of dataset "{sink.name}" has tripped; commit what is held back '
            "or roll it back before the pipe can run again"
        )
    factor = options["circuit_breaker_threshold_factor"]
    count = options["circuit_breaker_threshold_count"]
    if (factor is None and count is None) or not sink.populated:
        _settle(store, sink, pipe_id, fence)
        return None
    if sink.name in pipe.hops:
        raise NotBuiltError(
            "the circuit breaker of a pipe that hops to its own sink cannot run in this version"
        )
    limit = limit_of(factor, count, sink.counts().index_exists)
    return HeldSink(store, sink, pipe_id, fence, limit)


def resolve(
    store: Store, *, dataset: str, pipe: str, operation: str, epoch: int, revision: int, run: str
) -> int:
    """Commit or roll back what a tripped breaker holds; gives how many entities that were.

    Raises ConflictError where it has not tripped. An operation for the executor.
    """
    sink = store.dataset(dataset, create=False)
    held = held_dataset(store, dataset)
    if held is None:
        raise ConflictError(f'the circuit breaker of dataset "{dataset}" has not tripped')
    fence = Fence(epoch, revision, pipe, run)
    sink.claim(fence)
    entities = held.counts().index_exists
    if operation == COMMIT:
        held.claim(fence)
        held.write([], Commit(BREAKER, {PHASE: MOVING}, None, {PHASE: TRIPPED}))
        _move(store, sink, held, pipe, fence)
    else:
        _drop(store, sink, held, pipe, fence)
    return entities


def _settle(store: Store, sink: Dataset, pipe_id: str, fence: Fence) -> None:
    """End what an earlier run left: a move goes on, what an unfinished run held is dropped."""
    try:
        held = store.dataset(held_name(sink.name), create=False)
        phase = held.state(BREAKER).get(PHASE)
    except NotFoundError:
        return
    if phase == MOVING:
        held.claim(fence)
        _move(store, sink, held, pipe_id, fence)
    elif phase is None:
        _drop(store, sink, held, pipe_id, fence)


def _move(store: Store, sink: Dataset, held: Dataset, pipe_id: str, fence: Fence) -> None:
    """Write everything to the sink, the state with the last of it; then the held dataset goes."""
    since = None
    while True:
        versions = held.changes(since, MOVE_BATCH)
        batch = [_as_write(version) for version in versions]
        last = len(versions) < MOVE_BATCH
        state = real_state(held.state(pipe_id)) if last else {}
        sink.write(batch, Commit(pipe_id, state, fence))
        if last:
            break
        since = versions[-1].seq
    store.delete(held.name)


def _drop(store: Store, sink: Dataset, held: Dataset, pipe_id: str, fence: Fence) -> None:
    """Forget what is held.

    Where the run had begun anew, and with it the records of emitted ids, the next one must too.
    """
    began_anew = offsets.FULL_RUN in held.state(pipe_id)
    if began_anew and store.exists(records_name(pipe_id)):
        sink.write([], Commit(pipe_id, {offsets.OFFSET: None}, fence))
    store.delete(held.name)


def held_state(state: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """Changes of a state as values to keep: a removal is one too."""
    return {key: REMOVED if value is None else KEPT + value for key, value in state.items()}


def real_state(state: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """The changes that values of a held dataset stand for."""
    return {key: None if value == REMOVED else value[1:] for key, value in state.items()}


def real(version: Version) -> Version:
    """A held version with the delete that its body tells of."""
    return version._replace(deleted=_is_delete(version.body))


def _is_delete(body: bytes) -> bool:
    return b'"_deleted":true' in body and decode(body).get("_deleted") is True


def _as_write(version: Version) -> Write:
    body = version.body
    return make_write((version.entity_id, body, content_hash(body), _is_delete(body)))


def with_held(
    pages: Iterator[list[bytes]],
    held: Dataset,
    head: int,
    since: int | None,
    limit: int | None,
    *,
    reserved: bool = True,
) -> Iterator[list[bytes]]:
    """Pages of entities, and after them what is held back, under the seqs that it would get."""
    left = limit
    for page in pages:
        left = None if left is None else left - len(page)
        yield page
    at = None if since is None else since - head
    while left is None or left > 0:
        versions = held.changes(at, PAGE if left is None else min(PAGE, left))
        if not versions:
            return
        if reserved:
            yield [wire_held(version, head) for version in versions]
        else:
            yield [version.body for version in versions]
        at = versions[-1].seq
        left = None if left is None else left - len(versions)


def wire_held(version: Version, head: int) -> bytes:
    """A held version as it is sent; `head` is that of its dataset."""
    return with_header(
        version.body,
        head + version.seq,
        None,
        version.ts,
        version.hash,
        deleted=_is_delete(version.body),
    )
