"""One run of a pump, from the request to the result.

`run_kind` says which run it is, `full_run` and `incremental_run` what is read in which order, and
`transfer` how it gets through the transforms into the sink. Offsets move in the transaction that
writes the output. A run that fails or is cancelled keeps what it wrote.
"""

from __future__ import annotations

import gc
import resource
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from sesam_node.errors import FenceError
from sesam_node.hiding import keeping
from sesam_node.model import encode
from sesam_node.pipes import offsets
from sesam_node.pipes.background_rescan import background_rescan
from sesam_node.pipes.breaker import TrippedError, guarded
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.compaction import compact_after
from sesam_node.pipes.completeness import inherited, keep
from sesam_node.pipes.evaluate import EntityError
from sesam_node.pipes.execution_log import RunLog
from sesam_node.pipes.full_run import full_run
from sesam_node.pipes.incremental_run import incremental_run
from sesam_node.pipes.kept_secrets import kept_secrets
from sesam_node.pipes.out_of_sync import out_of_sync
from sesam_node.pipes.policy import config_hash
from sesam_node.pipes.recorded import RecordedLookups
from sesam_node.pipes.replication import replica_of
from sesam_node.pipes.retries import message_of, traceback_of
from sesam_node.pipes.run_kind import FULL, INCREMENTAL, PARTIAL, Situation
from sesam_node.pipes.runs import Progress, RunRequest, RunResult, now_text
from sesam_node.pipes.sink_indexes import declared_indexes
from sesam_node.pipes.sources.merge import MergeSource
from sesam_node.pipes.tracking import Tracking
from sesam_node.pipes.transfer import CancelledError, SlowError, Transfer
from sesam_node.store.api import Fence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sesam_node.pipes.offsets import PipeState
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.store.api import Store

__all__ = ["RunRequest", "RunResult", "run_pump"]


def run_pump(
    request: RunRequest,
    store: Store,
    report: Callable[[Progress], None] = lambda _progress: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Run a pipe once. Never raises for a pipe that fails: the result says so.

    `report` is told how far the run is and `cancelled` asked whether to stop, between batches.
    What is told of the run holds no secrets.
    """
    with keeping(kept_secrets(request.definition)):
        return _run(request, store, report, cancelled)


def _run(
    request: RunRequest,
    store: Store,
    report: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> RunResult:
    result = RunResult(request.definition.pipe_id, request.run_id, started=now_text())
    started = time.monotonic()
    log: RunLog | None = None
    pipe: Pipe | None = None
    try:
        pipe = build_pipe(request.definition, store)
        pipe.context.columns = partial(_columns, request, store)
        log = RunLog(store, request, pipe.pump)
        pipe.context.tell = log.tell
        with rare_collection():
            PumpRun(pipe, request, store, result, report, cancelled, log).run()
            compact_after(request, store, result)
    except Exception as error:  # noqa: BLE001 - whatever a pipe does wrong is its result
        _failed(result, error)
    finally:
        if pipe is not None:
            result.trace = pipe.context.exchanges.told()
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


def _columns(request: RunRequest, store: Store, sample_size: int) -> Any:
    """The columns of a table for what the pipe makes of so many source entities."""
    from sesam_node.pipes.columns import pipe_columns

    return pipe_columns(request.definition, store, sample_size=sample_size)


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
    result.tripped = isinstance(error, TrippedError)
    cause = error.cause if isinstance(error, EntityError) else error
    result.error = message_of(error)
    result.original_error = message_of(cause)
    if not result.cancelled:
        result.traceback = traceback_of(cause)
    if isinstance(error, EntityError | SlowError):
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

    def run(self) -> None:
        pipe = self.pipe
        if pipe.sink.is_endpoint or getattr(pipe.source, "is_receiver", False):
            return
        dataset = self.store.dataset(pipe.state_dataset)
        dataset.claim(self._fence)
        sink: Any = pipe.sink
        was_populated = sink.dataset is None or dataset.populated
        if sink.dataset:
            for index, keys in declared_indexes(pipe):
                dataset.ensure_index(index, keys)
            if sink.set_initial_offset in ("initially", "onload") and not dataset.populated:
                dataset.set_populated()
        held = guarded(self.store, dataset, pipe, self._fence)
        written: Any = held or replica_of(pipe, dataset) or dataset
        transfer = Transfer(
            pipe,
            self.store,
            written,
            self._fence,
            self.result,
            self._log,
            self._report,
            self._cancelled,
        )
        complete = inherited(pipe, time.time_ns() // 1000)
        try:
            transfer.start()
            self._run(transfer)
            if held is not None:
                held.commit()
            if not self.result.waiting_for:
                keep(dataset, complete)
        except FenceError:
            raise
        except Exception:
            transfer.settle()
            if held is not None:
                held.settle()
            raise
        finally:
            self.result.populated = not was_populated and dataset.populated
            self._sum_up(transfer, hidden=held is not None and held.tripped)

    def _run(self, transfer: Transfer) -> None:
        pipe, state = self.pipe, transfer.state
        stored = pipe.stored_source
        generations = {} if stored is None else stored.prepare()
        tracking = None if stored is None else self._tracking(state)
        config = config_hash(pipe)
        now = Situation(pipe, state, self.request.kind, config, generations, tracking)
        self.result.waiting_for = now.waiting_for()
        if self.result.waiting_for:
            return
        pipe.ensure_indexes()
        changes: dict[str, bytes | None] = {}
        if stored is not None:
            changes[offsets.GENERATIONS] = encode(generations)
        if isinstance(pipe.source, MergeSource):
            changes[offsets.MERGE_RULES] = encode(pipe.source.rules)
        reasons = out_of_sync(now)
        if tracking is not None:
            transfer.record_lookups(tracking)
        resumed = now.goes_on()
        if now.rescans_beside(reasons):
            self.result.sync_type = FULL
            background_rescan(transfer, config, changes, tracking, generations, self._track_again)
        elif resumed or now.reason_for_full_run(reasons):
            self.result.sync_type = FULL
            full_run(transfer, config, changes, tracking, resumed=resumed)
        else:
            self.result.sync_type = PARTIAL if self.request.kind == "partial" else INCREMENTAL
            self.result.out_of_sync = reasons
            if reasons:
                changes[offsets.OUT_OF_SYNC] = encode(reasons)
            incremental_run(transfer, changes, tracking, delta=self._delta())

    def _delta(self) -> int:
        """How far back a partial run begins."""
        partial = self.request.kind == "partial"
        return int(self.pipe.pump["partial_rescan_delta"] or 0) if partial else 0

    def _track_again(self, state: PipeState, before: Tracking) -> Tracking:
        return Tracking(self.pipe, state, before.records)

    def _tracking(self, state: PipeState) -> Tracking:
        return Tracking(self.pipe, state, RecordedLookups(self.store, self.pipe.id, self._fence))

    def _sum_up(self, transfer: Transfer, *, hidden: bool) -> None:
        """What the run came to, however it ended; `hidden` is what a breaker holds back."""
        result, writer = self.result, transfer.writer
        sink = self.pipe.sink.dataset
        result.changed = writer.changed if sink else transfer.taken
        shown = result.changed and not hidden
        if sink and (shown or result.populated):
            # Pipes may wait for a dataset that is empty, but populated now.
            result.changed_datasets = [sink]
        retries = transfer.retries
        result.failed, result.kept = retries.errors, retries.kept
        result.retries_waiting = len(retries.waiting)
        result.last_seen = offsets.last_seen(offsets.read_state(writer.state).offset)
        for transform in self.pipe.transforms:
            result.fetched |= getattr(transform, "fetched", {})
        result.metrics = {
            "entities": {
                "changes_last_run": result.changed,
                "entities_last_run": result.processed,
                "read_errors_last_run": transfer.read_errors,
                "write_errors_last_run": transfer.retries.errors,
                "ttl_deletes_entities_last_run": 0,
                **{name: round(seconds, 6) for name, seconds in transfer.times.items()},
            },
            "hops": {
                "max-cardinality": transfer.evaluator.most_rows,
                "max-cardinality-last-run": transfer.evaluator.most_rows,
                "total-rows-last-run": transfer.lookup.rows,
            },
            "memory": {
                "batch-max-mem-size": writer.largest_bytes,
                "total-peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            },
        }
