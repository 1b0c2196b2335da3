"""From the source to the sink: batches are read, run through the transforms, and committed.

Output, offset and whatever else changes of the pipe's state go in one transaction. What a run reads
and in which order is decided elsewhere (`full_run`, `incremental_run`); how each batch goes its way
is here.
"""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import Runtime
from sesam_node.errors import FenceError, PipeError, SesamError, preview
from sesam_node.model import encode
from sesam_node.pipes import offsets
from sesam_node.pipes.batch import Batch, comes_in_order
from sesam_node.pipes.emitted import EmittedIds
from sesam_node.pipes.evaluate import (
    EntityError,
    RefusedError,
    as_write,
    source_entity,
    source_ids,
)
from sesam_node.pipes.handing_over import HandOver
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.policy import sizes_of, tracks_children, tracks_emitted
from sesam_node.pipes.read_retries import read_batches
from sesam_node.pipes.recorded import RecordingLookup
from sesam_node.pipes.replication import evaluator_of
from sesam_node.pipes.retries import Retries, retry_option, traceback_of
from sesam_node.pipes.runs import Progress
from sesam_node.pipes.sink_checks import SinkChecks
from sesam_node.pipes.writer import SinkWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Offset
    from sesam_node.pipes.evaluate import Group
    from sesam_node.pipes.execution_log import RunLog
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.recorded import RecordedLookups
    from sesam_node.pipes.runs import RunResult
    from sesam_node.pipes.tracking import Tracking
    from sesam_node.store.api import Dataset, Fence, Store

MANY_GROUPS = 5_000
MOST_ERRORS = "max_consecutive_write_errors"
LONGEST_WAIT_S = 0.2


class CancelledError(PipeError):
    """The run was asked to stop."""


class SlowError(PipeError):
    """Transforms took longer than `max_seconds_per_entity`; `entity` is the first of the batch."""

    def __init__(self, batch: Batch, spent_s: float, limit_s: float) -> None:
        self.entity = source_entity(batch, 0)
        super().__init__(
            f"the transforms took {spent_s:.3f} s for {batch.size} entities, more than the "
            f'{limit_s:g} s each that "max_seconds_per_entity" allows; the first is '
            f"{preview(self.entity.get('_id'))}"
        )


class Transfer:
    """Carries entities of one run through its pipe; `writer` holds what waits for a commit.

    Ids in `spared` are not written; those that are, are `collected` where that is a set.
    """

    def __init__(
        self,
        pipe: Pipe,
        store: Store,
        dataset: Dataset,
        fence: Fence,
        result: RunResult,
        log: RunLog,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        self.pipe = pipe
        self.result = result
        self._store = store
        self._fence = fence
        self._log = log
        self._report = report
        self._cancelled = cancelled
        sink: Any = pipe.sink
        own_hop = sink.dataset in pipe.hops
        self.writer = SinkWriter(
            dataset,
            pipe.id,
            fence,
            children=bool(sink.dataset) and tracks_children(pipe),
            # Look-ups in the own sink write in the middle of a batch, before it is checked.
            max_bytes=sink.max_bytes if sink.dataset and own_hop else 0,
        )
        self.state = offsets.read_state(self.writer.state)
        self.lookup = StoreLookup(pipe.context, sink.dataset)
        self._lookups: RecordedLookups | None = None
        self._bind()
        # Not while a transform waits for a server: a long reader makes the files grow.
        self._reads_together = bool(pipe.hops) and all(
            hasattr(transform, "compiled") for transform in pipe.transforms
        )
        self.retries = Retries(pipe.pump, self.writer.state, result.run_id, log.given_up)
        self.checks = SinkChecks(sink, dataset) if sink.dataset else None
        self.hand_over = HandOver(pipe, self.pause)
        self.sizes = sizes_of(pipe, own_hop=own_hop, checks=self.checks)
        self.times = {"source_time": 0.0, "transform_time": 0.0, "sink_time": 0.0}
        self.read_errors = 0
        self._consecutive = 0
        self._since_commit = 0
        self._committing = False
        self._groups: list[Group] = []
        self._newest = True
        self._at: Offset = None
        self._emitted: EmittedIds | None = None
        self.spared: Collection[str] = ()
        self.collected: set[str] | None = None

    def begin(self, *, full: bool) -> None:
        """Tell a sink that takes the entities of a run together that one begins."""
        begin = getattr(self.pipe.sink, "begin", None)
        if begin is not None:
            begin(full=full)

    def end(self) -> None:
        """Tell it that the run has brought everything: before the offset moves there."""
        end = getattr(self.pipe.sink, "end", None)
        if end is not None:
            end()

    @property
    def taken(self) -> int:
        """How many entities a sink that is no dataset has taken."""
        return self.hand_over.taken

    def _bind(self) -> None:
        self.lookup.on_flush(lambda: self.commit({}))
        runtime = Runtime(lookup=self.lookup, secrets=self.pipe.definition.secrets)
        self.evaluator = evaluator_of(self.writer.dataset)(self.pipe, self.lookup, runtime)

    def record_lookups(self, tracking: Tracking) -> None:
        """Have those look-ups recorded from which no function leads back to the source."""
        if not tracking.recorded:
            return
        self._lookups = tracking.records
        self.lookup = RecordingLookup(
            self.pipe.context, self.pipe.sink.dataset, self._lookups, tracking.recorded
        )
        self._bind()

    def forget_place(self) -> None:
        """Give up the offset before a full run forgets its records: nothing goes on without them.

        Where the run then ends early, the next one is full, too.
        """
        forgets = self._lookups is not None or tracks_emitted(self.pipe)
        if forgets and (self.state.offset is not None or self.state.full_run is not None):
            self.commit({offsets.OFFSET: None, offsets.FULL_RUN: None})

    def open_records(self, *, reset: bool) -> None:
        """Begin to record what source entities look up and what they become, anew if `reset`."""
        if self._lookups is not None:
            self._lookups.open(reset=reset)
        if tracks_emitted(self.pipe):
            self._emitted = EmittedIds(self._store, self.pipe.id, self._fence, self.state.emitted)
            if reset:
                self._emitted.reset()

    def read(
        self,
        open_: Callable[[Offset], Iterable[Batch]],
        changes: dict[str, bytes | None],
        since: Offset,
        *,
        moves: bool = True,
        newest: bool = True,
        drop: bool = False,
        between: Callable[[], None] | None = None,
    ) -> Offset:
        """Run all batches that `open_(offset)` gives; gives the offset after the last one.

        With `moves` the offset goes along with each commit, and `changes` of state with the first
        one; `newest` says that no source entity comes behind these. `drop` leaves out filtered
        entities. `between` is called after each batch.
        """
        moves = moves and comes_in_order(self.pipe.source, since)
        self._at = since
        combines = getattr(self.pipe.source, "combines", False)
        self._newest = newest and not combines and len(self.pipe.source.datasets) == 1

        def commit() -> None:
            self.commit({**changes, **self.offset_change(self._at)} if moves else {})
            if moves:
                changes.clear()

        try:
            for batch in read_batches(self, open_, since):
                self._carry(batch, commit, drop=drop)
                self.check_cancelled()
                self.lookup.forget()
                self._tell()
                if between is not None:
                    between()
        except FenceError:
            raise
        except Exception:
            # What has been done is kept: the next run goes on behind it.
            if not self._committing:
                commit()
            raise
        if self._groups:
            commit()
        return self._at

    def stand_at(self, offset: Offset) -> None:
        """Go on reading what the pipe has read before, while it is at this offset."""
        self._at = offset
        self._newest = False

    def _carry(self, batch: Batch, commit: Callable[[], None], *, drop: bool) -> None:
        """Bring one batch of the source to the sink, in parts as large as the pipe wants them.

        Raises what ends the run; `_at` is then behind all that was done.
        """
        start = 0
        while start < batch.size:
            part = batch.part(start, start + self.sizes.part)
            try:
                self._evaluate(part, drop=drop)
            except EntityError as error:
                self._went_through(part.part(0, error.position))
                self._reach(batch, start + error.position)
                start += error.position + self._goes_past(part, error)
                self._reach(batch, start)
                if self._consecutive >= retry_option(self.pipe, MOST_ERRORS, error):
                    raise
                self.pause(retry_option(self.pipe, "write_retry_delay", error))
                continue
            self._went_through(part)
            start += part.size
            self._reach(batch, start)
            self._since_commit += part.size
            if (
                self._since_commit >= self.sizes.commit
                or self.writer.is_due()
                or len(self._groups) >= MANY_GROUPS
            ):
                commit()
                if start < batch.size:
                    self.check_cancelled()
        self._at = batch.offset
        if not batch.size:
            # A source may move on without entities: that is kept too.
            commit()

    def _reach(self, batch: Batch, count: int) -> None:
        """The first `count` source entities of a batch are done."""
        if count == batch.size:
            self._at = batch.offset
        elif count and batch.offset_of is not None:
            self._at = batch.offset_of(count - 1)

    def _went_through(self, part: Batch) -> None:
        """These source entities are evaluated, and in the sink or on the way to it."""
        if not part.size:
            return
        self.result.processed += part.size
        self._consecutive = 0
        retries = self.retries
        if not retries.waiting and not self._log.tracks_dead_letters:
            return
        ids = source_ids(part)
        for position, source_id in enumerate(ids):
            if source_id in retries.waiting:
                retries.succeeded(source_id, source_entity(part, position))
        retries.revived(self._log.dead_among(ids))

    def _goes_past(self, part: Batch, error: EntityError) -> bool:
        """Is the entity that failed kept, so that the run goes on behind it?

        Raises PipeError where there are too many, and CancelledError where the run is stopped: what
        was waiting for a system failed because of that.
        """
        self.check_cancelled()
        self._consecutive += 1
        if not self.retries.keeps:
            self.retries.errors += 1
            return False
        source_id = source_ids(part)[error.position]
        text = traceback_of(error.cause)
        self.retries.failed(source_id, error.entity, error.cause, text)
        self.result.processed += 1
        return True

    def retry(self) -> set[str]:
        """Try again what failed before, as it was at the pipe's offset; gives the ids tried.

        Too many errors in a row end the retries, not the run: one system out of order, or a few
        entities, must not hold back what is new.
        """
        waiting = self.retries.waiting
        if not waiting or not self.retries.keeps:
            return set()
        stored = self.pipe.stored_source

        def again(offset: Offset) -> Iterable[Batch]:
            if stored is not None:
                return stored.as_of(list(waiting), offset)
            return [Batch(list(waiting.values()), None, offset)]

        try:
            self.read(again, {}, self.state.offset, moves=False, newest=False)
        except EntityError:
            self._consecutive = 0
        return set(waiting)

    def _evaluate(self, batch: Batch, *, drop: bool) -> None:
        clock = time.monotonic()
        pending = self.writer.pending
        before = len(pending)
        outcome: list[tuple[int, list[Entity]]] = []
        failure: EntityError | None = None
        try:
            with self._store.reading() if self._reads_together else nullcontext():
                if self.checks is None:
                    outcome.extend(self.evaluator.emitted(batch))
                elif self.checks.locks:
                    for position, emitted in self.evaluator.emitted(batch):
                        self._lock(batch, position, emitted)
                        pending.extend(map(as_write, emitted))
                elif self._emitted is not None:
                    # One by one: a look-up in the own sink commits, and begins a new list.
                    for group in self.evaluator.groups(batch):
                        self._groups.append(group)
                else:
                    self.evaluator.writes(batch, pending)
        except EntityError as error:
            failure = error
        finally:
            if drop:
                pending[before:] = [write for write in pending[before:] if write.body]
            spent_s = time.monotonic() - clock
            self.times["transform_time"] += spent_s
        if failure is None:
            self._check_pace(batch, spent_s)
        if self.checks is None:
            clock = time.monotonic()
            try:
                self.hand_over.bring(batch, outcome)
            finally:
                self.times["sink_time"] += time.monotonic() - clock
        else:
            self._check(batch, before, drop=drop)
        if failure is not None:
            raise failure

    def read_failed(self, error: Exception, text: str) -> None:
        """The source could not be read; `text` is the traceback."""
        self.read_errors += 1
        self._log.started(self.result)
        self._log.read_error(error, text)

    def _check_pace(self, batch: Batch, spent_s: float) -> None:
        limit = self.pipe.pump["max_seconds_per_entity"]
        if limit is not None and spent_s / batch.size > limit:
            raise SlowError(batch, spent_s, limit)

    def _lock(self, batch: Batch, position: int, emitted: list[Entity]) -> None:
        if self.checks is not None:
            try:
                self.checks.check_locks(emitted)
            except RefusedError as error:
                entity = source_entity(batch, position)
                raise EntityError(position, entity, error) from error

    def _check(self, batch: Batch, before: int, *, drop: bool) -> None:
        """Let the sink look at what was evaluated; if it refuses, find out which entity it is.

        `before` is where the writes of this batch begin among those that wait.
        """
        checks, pending = self.checks, self.writer.pending
        if checks is None:
            return
        if self._emitted is not None:
            self._check_groups(checks, batch)
            return
        if self.spared:
            pending[before:] = [write for write in pending[before:] if write[0] not in self.spared]
        try:
            added = pending[before:]
            kept = checks.checked(added)
            if kept is not added:
                pending[before:] = kept
        except RefusedError as error:
            del pending[before:]
            if batch.size == 1:
                raise EntityError(0, source_entity(batch, 0), error) from error
            for position in range(batch.size):
                try:
                    self._evaluate(batch.part(position, position + 1), drop=drop)
                except EntityError as single:
                    raise EntityError(position, single.entity, single.cause) from single

    def _check_groups(self, checks: SinkChecks, batch: Batch) -> None:
        mine = len(self._groups) - batch.size
        for position, group in enumerate(self._groups[max(0, mine) :]):
            try:
                kept = checks.checked(group.writes)
            except RefusedError as error:
                del self._groups[max(0, mine) + position :]
                entity = source_entity(batch, position)
                raise EntityError(position, entity, error) from error
            if kept is not group.writes:
                self._groups[max(0, mine) + position] = group._replace(writes=kept)

    def _tell(self) -> None:
        result = self.result
        self._report(Progress(result.processed, self.writer.changed, result.sync_type))
        if self.writer.changed:
            self._log.started(result)

    # -- commits -----------------------------------------------------------------------------------

    def offset_change(self, offset: Offset) -> dict[str, bytes | None]:
        """The change of state that moves the offset there."""
        if offset is None or not self.pipe.source.supports_since:
            return {}
        return {offsets.OFFSET: encode(offset)}

    def commit(self, state: Mapping[str, bytes | None], *, last: bool = False) -> None:
        """Write what has been evaluated, with these changes of the pipe's state."""
        clock = time.monotonic()
        self._committing = True
        now: dict[str, bytes | None] = {}
        if self._emitted is not None and self._groups:
            groups, self._groups = self._groups, []
            writes = self._emitted.resolve(groups, self._run_again, newest=self._newest)
            self.writer.pending.extend(writes)
            now[offsets.EMITTED] = encode(self._emitted.number)
        if self._lookups is not None:
            self._lookups.write()
        if self.evaluator.depends_when_deleted and not self.state.depends_when_deleted:
            now[offsets.DEPENDS_WHEN_DELETED] = b"true"
        now |= self.retries.changes()
        if self.collected is not None:
            self.collected.update(write[0] for write in self.writer.pending)
        self.writer.commit(state, now=now, last=last)
        self._since_commit = 0
        if self.retries.outbox:
            self.deliver()
            self.writer.commit({}, now=self.retries.changes(), last=last)
        self._committing = False
        self.times["sink_time"] += time.monotonic() - clock

    def deliver(self, *, again: bool = False) -> None:
        """Write committed events and dead letters to their datasets; `again` after a crash."""
        self._log.started(self.result)
        self._log.deliver(self.retries.outbox, again=again)
        self.retries.outbox.clear()

    def _run_again(self, ids: list[str]) -> Iterator[Group]:
        """Source entities that own an id which another one has dropped."""
        stored = self.pipe.stored_source
        if ids and stored is not None:
            for batch in stored.as_of(ids, self._at):
                yield from self.evaluator.groups(batch)

    def start(self) -> None:
        """Tell what an interrupted run could not."""
        if self.retries.outbox:
            self.deliver(again=True)
            self.writer.commit({}, now=self.retries.changes())

    def settle(self) -> None:
        """After a failure: what was evaluated is written, and the state that waits for it."""
        with suppress(SesamError):
            self.commit({})
            self.writer.settle()

    def pause(self, seconds: float) -> None:
        """Wait. Raises CancelledError where the run is stopped meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check_cancelled()
            time.sleep(min(left, LONGEST_WAIT_S))

    def check_cancelled(self) -> None:
        """Raises CancelledError where the run is to stop."""
        if self._cancelled():
            raise CancelledError("the run was stopped")
