"""Figures for Prometheus: what pipes hold and pumps do, the store, the process, the requests.

The names are those of the manual, "Metrics". Gauges are read when they are asked for, counters are
kept since the node has started. Nothing is global: two nodes in one process have figures of their
own. The only labels are the id of a pipe, its config group, and the method and status of requests;
so there are never more series than the configuration has pipes.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sesam_node.errors import SesamError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sesam_node.hub.active import Active
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.runs import RunResult

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COUNTERS = {
    "started": "runs that have started and were no no-ops",
    "completed": "runs that have completed and were no no-ops",
    "failed": "runs that have failed",
    "interrupted": "runs that were stopped",
    "entities_changes": "entities that changed in the sink",
    "entities_seen": "entities of the source that were processed",
}


@dataclass(slots=True)
class Counted:
    """What is counted of one pump since the node has started."""

    since: float
    retryable: int = 0
    values: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0.0))


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is told of one pipe; a figure that is not known is left out."""

    pipe: str
    group: str
    leaf: bool
    valid: bool
    scheduled: bool
    gauges: Mapping[str, float]
    sink: Mapping[str, float]
    dead: Mapping[str, float]
    pump: Mapping[str, float]
    counted: Counted


@dataclass(frozen=True, slots=True)
class Service:
    """What is told of the node; `requests` counts by method and status since `started`."""

    healthy: bool
    restarts: int
    store_bytes: int
    started: float
    requests: Mapping[tuple[str, int], int]


class Metrics:
    """The service behind `/api/metrics`. Listens to the runs of the pumps."""

    def __init__(self, pumps: Pumps, healthy: Callable[[], str], data: Path) -> None:
        self._pumps = pumps
        self._healthy = healthy
        self._data = data
        self._started = time.time()
        self._counted: dict[str, Counted] = {}
        pumps.listen(self.ended)

    def ended(self, result: RunResult) -> None:
        """Count a run that has ended."""
        counted = self._of(result.pipe_id)
        counted.retryable = result.retries_waiting
        values = counted.values
        values["entities_seen"] += result.processed
        values["entities_changes"] += result.changed
        if result.cancelled:
            values["interrupted"] += 1
        elif not result.success:
            values["failed"] += 1
        elif result.processed or result.changed:
            values["completed"] += 1
        else:
            return
        values["started"] += 1

    def _of(self, pipe: str) -> Counted:
        return self._counted.setdefault(pipe, Counted(time.time()))

    async def text(self, requests: Mapping[tuple[str, int], int]) -> bytes:
        """All figures in Prometheus' text form; `requests` counts by method and status.

        Datasets are read in a thread, so that the node answers meanwhile.
        """
        from sesam_node.hub.exposition import render

        pipes = list(self._pumps.configuration.active.document.pipes)
        for name in set(self._counted).difference(pipes):
            del self._counted[name]
        scheduler = self._pumps.driver.scheduler
        due = {pipe: scheduler.next_run(pipe) for pipe in pipes}
        return await asyncio.to_thread(lambda: render(self._service(requests), self._all(due)))

    def _all(self, due: Mapping[str, float | None]) -> list[Facts]:
        active = self._pumps.configuration.active
        read = frozenset().union(*(facts.reads for facts in active.facts.values()))
        return [
            self._facts(pipe, at, active, read) for pipe, at in due.items() if pipe in active.facts
        ]

    def _service(self, requests: Mapping[tuple[str, int], int]) -> Service:
        size = sum(path.stat().st_size for path in self._data.glob("store/**/*.mdb"))
        return Service(
            not self._healthy(), max(0, self._pumps.epoch - 1), size, self._started, dict(requests)
        )

    def _facts(self, pipe: str, due: float | None, active: Active, read: frozenset[str]) -> Facts:
        pumps = self._pumps
        facts, effective = active.facts[pipe], active.effective(pipe)
        pump = effective.get("pump")
        pump = pump if type(pump) is dict else {}
        kept, last = pumps.books.kept(pipe), pumps.books.last_run(pipe)
        queues = pumps.queues(facts, pumps.state(pipe))
        gauges = {"enabled": float(not kept.disabled)}
        for name, value in (("source", queues["source"]), ("tracking", queues["dependencies"])):
            waiting = value.values() if type(value) is dict else [value]
            gauges[f"queue_{name}"] = float(sum(number or 0 for number in waiting))
        gauges["circuit_breaker_tripped"] = float(pumps.tripped(facts.sink))
        started, ended = _moment(last.started), _moment(last.ended)
        took = max(0.0, ended - started) if started is not None and ended is not None else 0.0
        counted = self._of(pipe)
        figures = {
            "total_time": took,
            "successful": 0.0 if last.success is None else 1.0 if last.success else -1.0,
            "entities_retryable": float(counted.retryable),
        }
        if ended is not None:
            figures["last_completed_time"] = ended
        if due is not None:
            figures["scheduled_time"] = due
        return Facts(
            pipe,
            pumps.configuration.group(pipe),
            facts.sink not in read,
            pipe not in active.invalid,
            not kept.disabled and pump.get("mode") not in ("manual", "off") and not facts.waits,
            gauges,
            self._counts(facts.sink),
            self._counts(pump.get("dead_letter_dataset")),
            figures,
            counted,
        )

    def _counts(self, name: Any) -> Mapping[str, float]:
        dataset = self._pumps.dataset(name) if type(name) is str else None
        if dataset is None:
            return {}
        try:
            counts = dataset.counts()
        except SesamError:
            # Deleted meanwhile.
            return {}
        # The manual counts what exists and what is deleted apart.
        return {
            "index_exists": float(counts.index_exists - counts.index_deleted),
            "index_deleted": float(counts.index_deleted),
            "log_exists": float(counts.log_exists - counts.log_deleted),
            "log_deleted": float(counts.log_deleted),
        }


def _moment(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None
