"""One run of a pump: what is read, in which order, and what commits when.

A run is full (from the start; ends with the deletion of what it did not meet) or incremental. An
incremental run first runs those source entities again that changes in hopped datasets concern, as
they were at the pipe's own offset, then the new source entities. Offsets move in the transaction
that writes the output. A full run over a chronological source leaves a marker, so that it goes on
as the same full run after an interruption. A run that fails or is cancelled keeps what it wrote.
"""

from __future__ import annotations

import gc
import time
import traceback
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import Runtime
from sesam_node.errors import FenceError, PipeError, SesamError
from sesam_node.model import content, encode
from sesam_node.pipes import offsets
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.emitted import EmittedIds
from sesam_node.pipes.evaluate import EntityError, Evaluator
from sesam_node.pipes.execution_log import RunLog
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.policy import (
    check_empty,
    config_hash,
    populate,
    suppresses_filtered,
    tracks_children,
    tracks_emitted,
)
from sesam_node.pipes.runs import Progress, RunRequest, RunResult, now_text
from sesam_node.pipes.seen import Seen, unseen_deletes
from sesam_node.pipes.sink_indexes import declared_indexes
from sesam_node.pipes.tracking import Tracking
from sesam_node.pipes.writer import SinkWriter
from sesam_node.store.api import Fence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch, Offset
    from sesam_node.pipes.evaluate import Group
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.store.api import Store

__all__ = ["RunRequest", "RunResult", "run_pump"]

FULL, INCREMENTAL = "full", "incremental"
MANY_GROUPS = 5_000


class CancelledError(PipeError):
    """The run was asked to stop."""


def run_pump(
    request: RunRequest,
    store: Store,
    report: Callable[[Progress], None] = lambda _progress: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Run a pipe once. Never raises for a pipe that fails: the result says so.

    `report` is told how far the run is and `cancelled` asked whether to stop, between batches.
    """
    result = RunResult(request.definition.pipe_id, request.run_id, started=now_text())
    started = time.monotonic()
    log: RunLog | None = None
    pipe: Pipe | None = None
    try:
        pipe = build_pipe(request.definition, store)
        log = RunLog(store, request, pipe.pump)
        with rare_collection():
            PumpRun(pipe, request, store, result, report, cancelled, log).run()
    except Exception as error:  # noqa: BLE001 - whatever a pipe does wrong is its result
        _failed(result, error)
    finally:
        if pipe is not None:
            pipe.close()
    result.ended = now_text()
    try:
        log = log or RunLog(store, request, {"log_events_noop_runs": True})
        log.ended(result, time.monotonic() - started)
        result.events = log.events
    except Exception as error:  # noqa: BLE001 - likewise
        if result.success:
            _failed(result, error)
    return result


@contextmanager
def rare_collection() -> Iterator[None]:
    """Lets the garbage collector look less often.

    A batch makes thousands of dicts, hardly ever a cycle: at its usual pace the collector takes a
    fifth of a run.
    """
    usual = gc.get_threshold()
    if usual[0]:
        gc.set_threshold(max(usual[0], 200_000), *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _failed(result: RunResult, error: Exception) -> None:
    result.success = False
    result.cancelled = isinstance(error, CancelledError)
    cause = error.cause if isinstance(error, EntityError) else error
    text = str(error) if isinstance(error, SesamError) else f"{type(error).__name__}: {error}"
    result.error = text
    known = isinstance(cause, SesamError)
    result.original_error = str(cause) if known else f"{type(cause).__name__}: {cause}"
    if not result.cancelled:
        result.traceback = "".join(traceback.format_exception(cause))
    if isinstance(error, EntityError):
        result.exception_entity = error.entity


class PumpRun:
    """The run of one pipe. `run` raises what makes it fail, after what came before is written."""

    def __init__(
        self,
        pipe: Pipe,
        request: RunRequest,
        store: Store,
        result: RunResult,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        log: RunLog,
    ) -> None:
        self.pipe = pipe
        self.request = request
        self.store = store
        self.result = result
        self._report = report
        self._cancelled = cancelled
        self._log = log
        self._fence = Fence(request.epoch, request.revision, pipe.id, request.run_id)
        self._times = {"source_time": 0.0, "transform_time": 0.0, "sink_time": 0.0}

    def run(self) -> None:
        pipe, result = self.pipe, self.result
        if pipe.sink.is_endpoint or getattr(pipe.source, "is_receiver", False):
            return
        dataset = self.store.dataset(pipe.state_dataset)
        dataset.claim(self._fence)
        sink: Any = pipe.sink
        self.writer = SinkWriter(
            dataset,
            pipe.id,
            self._fence,
            children=bool(sink.dataset) and tracks_children(pipe),
            max_bytes=sink.max_bytes if sink.dataset else 0,
        )
        if sink.dataset:
            for index, keys in declared_indexes(pipe):
                dataset.ensure_index(index, keys)
            if sink.set_initial_offset == "initially" and not dataset.populated:
                dataset.set_populated()
        self.state = offsets.read_state(self.writer.state)
        self.lookup = StoreLookup(pipe.context, sink.dataset)
        self.lookup.on_flush(lambda: self._commit({}))
        runtime = Runtime(lookup=self.lookup, secrets=pipe.definition.secrets)
        self.evaluator = Evaluator(pipe, self.lookup, runtime)
        # Not while a transform waits for a server: a long reader makes the files grow.
        self._reads_together = bool(pipe.hops) and all(
            hasattr(transform, "compiled") for transform in pipe.transforms
        )
        self.groups: list[Group] = []
        self.handed_over: list[Entity] = []
        self.taken = 0
        self._newest = True
        self._at: Offset = None
        self.emitted: EmittedIds | None = None
        self._read_emitted = tracks_emitted(pipe)
        try:
            self._run()
        except FenceError:
            raise
        except Exception:
            self._settle()
            raise
        finally:
            result.changed = self.writer.changed if sink.dataset else self.taken
            if sink.dataset and result.changed:
                result.changed_datasets = [sink.dataset]
            result.last_seen = offsets.last_seen(offsets.read_state(self.writer.state).offset)
            result.metrics = {
                "entities": {
                    "changes_last_run": result.changed,
                    "entities_last_run": result.processed,
                    "read_errors_last_run": 0,
                    "write_errors_last_run": 0,
                    **{name: round(seconds, 6) for name, seconds in self._times.items()},
                }
            }

    # -- which run it is ---------------------------------------------------------------------------

    def _run(self) -> None:
        pipe = self.pipe
        stored = pipe.stored_source
        generations = {} if stored is None else stored.prepare()
        if self._is_waiting(generations):
            return
        pipe.ensure_indexes()
        tracking = None if stored is None else Tracking(pipe, self.state.hops)
        config = config_hash(pipe)
        resumed = self._resumed(config, generations)
        reason = "" if resumed else self._reason_for_full_run(generations, tracking)
        changes: dict[str, bytes | None] = {}
        if stored is not None:
            changes[offsets.GENERATIONS] = encode(generations)
        if resumed or reason:
            self.result.sync_type = FULL
            self._full_run(config, changes, tracking, resumed=resumed)
        else:
            self.result.sync_type = INCREMENTAL
            self._incremental_run(changes, tracking)

    def _is_waiting(self, generations: Mapping[str, str | None]) -> bool:
        """Has a source dataset gone that was there? Then nothing is done until it is back."""
        known = self.state.generations
        return any(
            made is None and known.get(name) is not None for name, made in generations.items()
        )

    def _resumed(self, config: str, generations: Mapping[str, str | None]) -> bool:
        """Does an unfinished full run go on?"""
        marker = self.state.full_run
        return (
            marker is not None
            and self.request.kind == "auto"
            and marker["config"] == config
            and self.state.generations == generations
        )

    def _reason_for_full_run(
        self, generations: Mapping[str, str | None], tracking: Tracking | None
    ) -> str:
        state = self.state
        if self.request.kind in ("full", "rescan"):
            return "it was asked for"
        if not self.pipe.source.supports_since:
            return "the source cannot go on where it was"
        if state.offset is None:
            return "the pipe has no offset"
        if state.full_run is not None:
            return "a full run was not finished"
        for name, made in generations.items():
            before = state.generations.get(name)
            if before is not None and made != before:
                return f'dataset "{name}" has been made again'
        return "" if tracking is None else tracking.reason_for_full_run()

    # -- the two kinds of run ----------------------------------------------------------------------

    def _full_run(
        self,
        config: str,
        changes: dict[str, bytes | None],
        tracking: Tracking | None,
        *,
        resumed: bool,
    ) -> None:
        pipe, writer = self.pipe, self.writer
        sink: Any = pipe.sink
        source = pipe.source
        goes_on = source.supports_since and source.is_chronological
        since: Offset = self.state.offset if resumed else None
        tracks_deletes = bool(sink.dataset) and sink.deletion_tracking
        if resumed and self.state.full_run is not None:
            head = int(self.state.full_run["head"])
        else:
            head = writer.dataset.head()
        if tracks_deletes:
            known = writer.state if resumed else {}
            writer.seen = Seen.load(head, offsets.FULL_RUN, known)
        self._open_emitted(reset=not resumed)
        if not resumed:
            changes |= {key: None for key in writer.state if key.startswith("full-run:")}
            changes[offsets.OFFSET] = None
            if tracking is not None:
                changes[offsets.HOPS] = offsets.hops_bytes(tracking.heads)
            if goes_on:
                changes[offsets.FULL_RUN] = encode(
                    {
                        "run": self.request.run_id,
                        "head": head,
                        "config": config,
                        "started": self.result.started,
                    }
                )
        drop = tracks_deletes and not resumed and suppresses_filtered(pipe)
        last = self._read(source.read(since), changes, since, newest=True, drop=drop)
        if not self.result.processed and since is None:
            check_empty(self.pipe)
        self._commit({**changes, **self._offset_change(last)})
        if writer.seen is not None:
            for deletes in unseen_deletes(
                writer.dataset, writer.seen, mark_tracked=sink.mark_deletion_tracked
            ):
                self._check_cancelled()
                writer.pending.extend(deletes)
                if writer.is_due():
                    self._commit({})
            ended = writer.seen.removed()
        else:
            ended = {}
        ended[offsets.FULL_RUN] = None
        self._commit(ended, last=True)
        populate(self.pipe, self.writer.dataset)

    def _incremental_run(self, changes: dict[str, bytes | None], tracking: Tracking | None) -> None:
        pipe, state = self.pipe, self.state
        self._open_emitted(reset=False)
        stored = pipe.stored_source
        if stored is not None and tracking is not None and tracking.has_changes():
            lookup = StoreLookup(pipe.context)
            ids = tracking.ids(lookup)
            if state.depends_when_deleted:
                ids.update(stored.deleted_ids())
            self._read(stored.as_of(ids, state.offset), {}, state.offset, newest=False)
        if tracking is not None:
            changes[offsets.HOPS] = offsets.hops_bytes(tracking.heads)
        last = self._read(pipe.source.read(state.offset), changes, state.offset, newest=True)
        self._commit({**changes, **self._offset_change(last)}, last=True)
        populate(self.pipe, self.writer.dataset)

    def _open_emitted(self, *, reset: bool) -> None:
        if self._read_emitted:
            self.emitted = EmittedIds(self.store, self.pipe.id, self._fence, self.state.emitted)
            if reset:
                self.emitted.reset()

    # -- batches -----------------------------------------------------------------------------------

    def _read(
        self,
        batches: Iterable[Batch],
        changes: dict[str, bytes | None],
        since: Offset,
        *,
        newest: bool,
        drop: bool = False,
    ) -> Offset:
        """Run all batches; gives the offset after the last one.

        `changes` of state go with the first commit of `newest` source entities (those after the
        pipe's offset), and the offset with each. `drop` leaves out filtered entities.
        """
        at: Offset = since
        moves = newest and self.pipe.source.is_chronological
        self._at = since
        self._newest = newest and len(self.pipe.source.datasets) == 1

        def commit() -> None:
            self._commit({**changes, **self._offset_change(at)} if moves else {})
            if moves:
                changes.clear()

        clock = time.monotonic()
        for batch in batches:
            self._times["source_time"] += time.monotonic() - clock
            try:
                self._evaluate(batch, drop=drop)
            except EntityError as error:
                self.result.processed += error.position
                if batch.offset_of is not None and error.position:
                    at = self._at = batch.offset_of(error.position - 1)
                commit()
                raise
            self.result.processed += batch.size
            at = self._at = batch.offset
            stop = self._cancelled()
            if stop or self.writer.is_due() or len(self.groups) >= MANY_GROUPS:
                commit()
            if stop:
                raise CancelledError("the run was stopped")
            self.lookup.forget()
            self._tell()
            clock = time.monotonic()
        if self.groups:
            commit()
        return at

    def _evaluate(self, batch: Batch, *, drop: bool) -> None:
        clock = time.monotonic()
        pending = self.writer.pending
        before = len(pending)
        try:
            with self.store.reading() if self._reads_together else nullcontext():
                if self.pipe.sink.dataset is None:
                    for _, emitted in self.evaluator.emitted(batch):
                        self.handed_over.extend(emitted)
                elif self.emitted is not None:
                    # One by one: a look-up in the own sink commits, and begins a new list.
                    for group in self.evaluator.groups(batch):
                        self.groups.append(group)
                else:
                    self.evaluator.writes(batch, pending)
        finally:
            if drop:
                pending[before:] = [write for write in pending[before:] if write.body]
            self._times["transform_time"] += time.monotonic() - clock

    def _tell(self) -> None:
        result = self.result
        self._report(Progress(result.processed, self.writer.changed, result.sync_type))
        if self.writer.changed:
            self._log.started(result)

    # -- commits -----------------------------------------------------------------------------------

    def _offset_change(self, offset: Offset) -> dict[str, bytes | None]:
        if offset is None or not self.pipe.source.supports_since:
            return {}
        return {offsets.OFFSET: encode(offset)}

    def _commit(self, state: Mapping[str, bytes | None], *, last: bool = False) -> None:
        clock = time.monotonic()
        now: dict[str, bytes | None] = {}
        if self.handed_over:
            entities, self.handed_over = self.handed_over, []
            wanted = [content(item) for item in entities if "_filtered" not in item]
            self.taken += self.pipe.sink.write(wanted)
        if self.emitted is not None and self.groups:
            groups, self.groups = self.groups, []
            writes = self.emitted.resolve(groups, self._run_again, newest=self._newest)
            self.writer.pending.extend(writes)
            now[offsets.EMITTED] = encode(self.emitted.number)
        if self.evaluator.depends_when_deleted and not self.state.depends_when_deleted:
            now[offsets.DEPENDS_WHEN_DELETED] = b"true"
        self.writer.commit(state, now=now, last=last)
        self._times["sink_time"] += time.monotonic() - clock

    def _run_again(self, ids: list[str]) -> Iterator[Group]:
        """Source entities that own an id which another one has dropped."""
        stored = self.pipe.stored_source
        if ids and stored is not None:
            for batch in stored.as_of(ids, self._at):
                yield from self.evaluator.groups(batch)

    def _settle(self) -> None:
        """After a failure: what was evaluated is written, and the state that waits for it."""
        with suppress(SesamError):
            self._commit({})
            self.writer.settle()

    def _check_cancelled(self) -> None:
        if self._cancelled():
            raise CancelledError("the run was stopped")
