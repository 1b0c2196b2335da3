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
from sesam_node.errors import PipeError, SesamError
from sesam_node.model import content, encode
from sesam_node.pipes import offsets
from sesam_node.pipes.emitted import EmittedIds
from sesam_node.pipes.evaluate import EntityError, Evaluator
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.policy import tracks_children, tracks_emitted
from sesam_node.pipes.runs import Progress
from sesam_node.pipes.writer import SinkWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch, Offset
    from sesam_node.pipes.evaluate import Group
    from sesam_node.pipes.execution_log import RunLog
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import RunResult
    from sesam_node.store.api import Dataset, Fence, Store

MANY_GROUPS = 5_000


class CancelledError(PipeError):
    """The run was asked to stop."""


class Transfer:
    """Carries entities of one run through its pipe; `writer` holds what waits for a commit."""

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
        self.writer = SinkWriter(
            dataset,
            pipe.id,
            fence,
            children=bool(sink.dataset) and tracks_children(pipe),
            max_bytes=sink.max_bytes if sink.dataset else 0,
        )
        self.state = offsets.read_state(self.writer.state)
        self.lookup = StoreLookup(pipe.context, sink.dataset)
        self.lookup.on_flush(lambda: self.commit({}))
        runtime = Runtime(lookup=self.lookup, secrets=pipe.definition.secrets)
        self.evaluator = Evaluator(pipe, self.lookup, runtime)
        # Not while a transform waits for a server: a long reader makes the files grow.
        self._reads_together = bool(pipe.hops) and all(
            hasattr(transform, "compiled") for transform in pipe.transforms
        )
        self.taken = 0
        self.times = {"source_time": 0.0, "transform_time": 0.0, "sink_time": 0.0}
        self._groups: list[Group] = []
        self._handed_over: list[Entity] = []
        self._newest = True
        self._at: Offset = None
        self._emitted: EmittedIds | None = None

    def begin(self, *, full: bool) -> None:
        """Tell a sink that takes the entities of a run together that one begins."""
        begin = getattr(self.pipe.sink, "begin", None)
        if begin is not None:
            begin(full=full)

    def end(self) -> None:
        """Tell it that the run has brought everything: before the offset moves there."""
        end = getattr(self.pipe.sink, "end", None)
        if end is not None:
            self._hand_over()
            end()

    def open_emitted(self, *, reset: bool) -> None:
        """Begin to record what each source entity becomes, anew if `reset`."""
        if tracks_emitted(self.pipe):
            self._emitted = EmittedIds(self._store, self.pipe.id, self._fence, self.state.emitted)
            if reset:
                self._emitted.reset()

    def read(
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
        combines = getattr(self.pipe.source, "combines", False)
        self._newest = newest and not combines and len(self.pipe.source.datasets) == 1

        def commit() -> None:
            self.commit({**changes, **self.offset_change(at)} if moves else {})
            if moves:
                changes.clear()

        clock = time.monotonic()
        for batch in _until_failure(batches, commit):
            self.times["source_time"] += time.monotonic() - clock
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
            if stop or not batch.size or self.writer.is_due() or len(self._groups) >= MANY_GROUPS:
                commit()
            if stop:
                raise CancelledError("the run was stopped")
            self.lookup.forget()
            self._tell()
            clock = time.monotonic()
        if self._groups:
            commit()
        return at

    def _evaluate(self, batch: Batch, *, drop: bool) -> None:
        clock = time.monotonic()
        pending = self.writer.pending
        before = len(pending)
        try:
            with self._store.reading() if self._reads_together else nullcontext():
                if self.pipe.sink.dataset is None:
                    for _, emitted in self.evaluator.emitted(batch):
                        self._handed_over.extend(emitted)
                elif self._emitted is not None:
                    # One by one: a look-up in the own sink commits, and begins a new list.
                    for group in self.evaluator.groups(batch):
                        self._groups.append(group)
                else:
                    self.evaluator.writes(batch, pending)
        finally:
            if drop:
                pending[before:] = [write for write in pending[before:] if write.body]
            self.times["transform_time"] += time.monotonic() - clock

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
        now: dict[str, bytes | None] = {}
        self._hand_over()
        if self._emitted is not None and self._groups:
            groups, self._groups = self._groups, []
            writes = self._emitted.resolve(groups, self._run_again, newest=self._newest)
            self.writer.pending.extend(writes)
            now[offsets.EMITTED] = encode(self._emitted.number)
        if self.evaluator.depends_when_deleted and not self.state.depends_when_deleted:
            now[offsets.DEPENDS_WHEN_DELETED] = b"true"
        self.writer.commit(state, now=now, last=last)
        self.times["sink_time"] += time.monotonic() - clock

    def _hand_over(self) -> None:
        """What was evaluated goes to a sink that is no dataset."""
        if self._handed_over:
            entities, self._handed_over = self._handed_over, []
            wanted = [content(item) for item in entities if "_filtered" not in item]
            self.taken += self.pipe.sink.write(wanted)

    def _run_again(self, ids: list[str]) -> Iterator[Group]:
        """Source entities that own an id which another one has dropped."""
        stored = self.pipe.stored_source
        if ids and stored is not None:
            for batch in stored.as_of(ids, self._at):
                yield from self.evaluator.groups(batch)

    def settle(self) -> None:
        """After a failure: what was evaluated is written, and the state that waits for it."""
        with suppress(SesamError):
            self.commit({})
            self.writer.settle()

    def check_cancelled(self) -> None:
        """Raises CancelledError where the run is to stop."""
        if self._cancelled():
            raise CancelledError("the run was stopped")


def _until_failure(batches: Iterable[Batch], commit: Callable[[], None]) -> Iterator[Batch]:
    """The batches; where the source fails, what it gave before is kept, with its offset."""
    iterator = iter(batches)
    while True:
        try:
            batch = next(iterator, None)
        except SesamError:
            commit()
            raise
        if batch is None:
            return
        yield batch
