"""Compaction of the node's datasets: up to where, when, and one at a time.

Runs compact their own sink (`for_run`). What they do not compact, and the logs of pipes, is done in
the background once a day, by an operation in a worker beside running pumps. No compaction goes past
what a pipe still has to read as it was, be the pipe disabled or not.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sesam_node.errors import ConflictError, SesamError
from sesam_node.pipes import emitted, recorded
from sesam_node.pipes.compaction import Job, log_retention, rules_of, sink_retention
from sesam_node.pipes.execution_log import log_name
from sesam_node.store.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sesam_node.hub.checking import Facts
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.batch import Offset
    from sesam_node.pipes.compaction import Rules
    from sesam_node.pipes.offsets import PipeState
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store.retention import Compacted

log = logging.getLogger(__name__)

OPERATION = "sesam_node.pipes.compaction:compact"
FIRST_S = 600.0
EVERY_S = 24 * 3600.0
LOOK_S = 60.0
PATIENCE_S = 600.0
LATEST_ONLY = frozenset({"dataset", "union_datasets"})
"""Sources that read the latest versions alone."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dataset for the background, and how much it must have grown since the last time."""

    dataset: str
    growth: float = 1.0


class Turns:
    """Which dataset is compacted next in the background. Times are seconds, handed in."""

    def __init__(self, now: float) -> None:
        self._first = now + FIRST_S
        self._due: dict[str, float] = {}
        self._sizes: dict[str, int] = {}

    def due(self, candidates: Iterable[Candidate], now: float) -> list[Candidate]:
        """Those whose time has come; a new one waits until the node has run for a while."""
        return [
            candidate
            for candidate in candidates
            if self._due.setdefault(candidate.dataset, self._first) <= now
        ]

    def next(
        self, candidates: Iterable[Candidate], sizes: Mapping[str, int], now: float
    ) -> str | None:
        """The dataset that has waited longest; null where none is due.

        `sizes` are numbers of versions; a dataset that has not grown enough is left for a day.
        """
        due: list[tuple[float, str]] = []
        for candidate in self.due(candidates, now):
            name = candidate.dataset
            if name not in sizes:
                self._due[name] = now + LOOK_S  # it is not there, for now
                continue
            before = self._sizes.get(name)
            if before is not None and sizes[name] <= before * candidate.growth:
                self._due[name] = now + EVERY_S
                continue
            due.append((self._due[name], name))
        return min(due)[1] if due else None

    def ended(self, dataset: str, size: int, now: float, *, done: bool) -> None:
        """A compaction has ended; it goes on at once where it was not done."""
        self._due[dataset] = now + EVERY_S if done else now
        if done:
            self._sizes[dataset] = size


def floors(
    dataset: str,
    facts: Mapping[str, Facts],
    states: Mapping[str, PipeState],
    keeps: Callable[[str], bool],
) -> tuple[int | None, int | None]:
    """Up to which head a dataset may be compacted, and up to which one deletes may go.

    The first is the least of those at which a pipe reads the dataset as it was: those that track
    dependencies and those for which `keeps(pipe)` says that their source reads old versions. The
    second is the least up to which the readers have come. A pipe that has not run yet, or begins
    anew, reads what is there then.
    """
    exact: list[int] = []
    read: list[int] = []
    for pipe, known in facts.items():
        state = states.get(pipe)
        if state is None:
            continue
        if dataset in known.sources:
            at = _head(state.offset, dataset)
            if at is not None:
                read.append(at)
                if known.hops or known.source_type not in LATEST_ONLY or keeps(pipe):
                    exact.append(at)
        if dataset in known.hops and state.hops is not None and dataset in state.hops:
            exact.append(state.hops[dataset][0])
    return min(exact, default=None), min(read, default=None)


def _head(offset: Offset, dataset: str) -> int | None:
    """The head up to which a source has read a dataset."""
    if type(offset) is dict:
        # A merge source that is still on its first way reads what the state was that it leads to.
        offset = offset.get(dataset, (offset.get("$to") or {}).get(dataset))
    return offset + 1 if type(offset) is int else None


class Compaction:
    """Decides on compactions of one node and has them carried out."""

    def __init__(self, pumps: Pumps, executor: Executor) -> None:
        self._pumps = pumps
        self._executor = executor
        self._turns = Turns(time.monotonic())
        self._last_sink: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    # -- what is to be done ------------------------------------------------------------------------

    def for_run(self, pipe: str) -> Job | None:
        """What a run of the pipe compacts at its end."""
        sink = self._pumps.known(pipe).sink
        rules = self._rules(pipe)
        now = time.monotonic()
        if sink is None or not rules.sink or not self._may(sink):
            return None
        last = self._last_sink.get(sink)
        if rules.interval_s and last is not None and now - last < rules.interval_s:
            return None
        self._last_sink[sink] = now
        return self._sink_job(pipe, sink)

    def candidates(self) -> list[Candidate]:
        """What the background looks after."""
        found = []
        for pipe, facts in self._pumps.configuration.active.facts.items():
            rules = self._rules(pipe)
            # What a receiver writes is no run that could compact it.
            waits = facts.receiver or not rules.sink
            if facts.sink is not None and rules.automatic and waits:
                found.append(Candidate(facts.sink, rules.growth))
            found += [Candidate(log_name(pipe)), *map(Candidate, _records_of(pipe))]
        return found

    def job(self, dataset: str) -> Job | None:
        """How a dataset is compacted; null where no pipe is in charge of it."""
        for pipe, facts in self._pumps.configuration.active.facts.items():
            if facts.sink == dataset:
                return self._sink_job(pipe, dataset)
            if dataset in _records_of(pipe):
                return Job(dataset, Retention(1))
            if dataset == log_name(pipe):
                floor, _ = self._floors(dataset)
                return Job(dataset, log_retention(self._rules(pipe), _now_us(), floor))
        return None

    def _sink_job(self, pipe: str, dataset: str) -> Job:
        rules = self._rules(pipe)
        return Job(dataset, sink_retention(rules, _now_us(), *self._floors(dataset)), rules.seconds)

    def _rules(self, pipe: str) -> Rules:
        active = self._pumps.configuration.active
        return rules_of(active.effective(pipe), active.metadata)

    def _floors(self, dataset: str) -> tuple[int | None, int | None]:
        active = self._pumps.configuration.active
        readers = {pipe: facts for pipe, facts in active.facts.items() if dataset in facts.reads}
        states = {pipe: self._pumps.state(pipe) for pipe in readers}

        def keeps(pipe: str) -> bool:
            source = active.effective(pipe).get("source")
            return type(source) is dict and source.get("include_previous_versions") is True

        return floors(dataset, readers, states, keeps)

    def _may(self, dataset: str) -> bool:
        """May the dataset be compacted now?"""
        return not dataset.startswith("system:") and not self._pumps.tripped(dataset)

    # -- doing it ----------------------------------------------------------------------------------

    async def compact(self, dataset: str) -> Compacted:
        """Compact a dataset now, as far as its rules allow.

        Raises NotFoundError, and ConflictError where no pipe is in charge of the dataset.
        """
        if self._pumps.tripped(dataset):
            raise ConflictError(
                f'the circuit breaker of dataset "{dataset}" has tripped; it is not compacted'
            )
        job = self.job(dataset)
        if job is None:
            raise ConflictError(
                f'no pipe writes the dataset "{dataset}", so nothing says what is to be kept of it'
            )
        async with self._turn:
            call = self._executor.call(OPERATION, {"job": job}, timeout_s=PATIENCE_S)
            done: Compacted = await call.value()
        return done

    def start(self) -> None:
        """Begin to look after datasets in the background."""
        self._task = asyncio.create_task(self._look_after())

    async def stop(self) -> None:
        """End that; a compaction that is at work ends with its worker."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                while await self._one():
                    pass
            except Exception:
                log.exception("compaction in the background failed; it is tried again")

    async def _one(self) -> bool:
        """Compact what is due next; gives whether there was anything."""
        candidates = self._turns.due(self.candidates(), time.monotonic())
        sizes = await asyncio.to_thread(self._sizes, candidates)
        name = self._turns.next(candidates, sizes, time.monotonic())
        if name is None:
            return False
        done = True
        try:
            done = (await self.compact(name)).done
        except SesamError as error:
            log.warning('dataset "%s" could not be compacted: %s', name, error)
        size = (await asyncio.to_thread(self._sizes, [Candidate(name)])).get(name, 0)
        self._turns.ended(name, size, time.monotonic(), done=done)
        return True

    def _sizes(self, candidates: Iterable[Candidate]) -> dict[str, int]:
        """The number of versions of those that are there."""
        found = {}
        for candidate in candidates:
            dataset = self._pumps.dataset(candidate.dataset)
            if dataset is not None:
                try:
                    found[candidate.dataset] = dataset.counts().log_exists
                except SesamError:
                    continue
        return found


def _records_of(pipe: str) -> tuple[str, str]:
    """The datasets in which a pipe keeps what it needs itself; of that the latest versions."""
    return emitted.records_name(pipe), recorded.records_name(pipe)


def _now_us() -> int:
    return time.time_ns() // 1000
