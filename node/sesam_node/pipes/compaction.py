"""When and how far the datasets of a pipe are compacted: the options, and the work in a worker.

The sink is compacted at the end of a run that changed it, by the run itself; the other datasets by
an operation that the hub starts. Both are handed a `Retention`: how far readers have come is known
to the hub alone, and only rises.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.errors import NotFoundError, SesamError
from sesam_node.store.retention import Compacted, Retention

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.runs import RunRequest, RunResult
    from sesam_node.store.api import Store

log = logging.getLogger(__name__)

HOUR_US = 3_600_000_000
DEFAULT_SECONDS = 60.0
LOG_HOURS = 720.0
"""The least and usual time that events of runs are kept."""


class Rules(NamedTuple):
    """The compaction options of a pipe, with the node's defaults.

    `sink` says that runs compact their sink, `automatic` that it is done in the background where
    they do not. Hours and seconds are numbers, null where there is no such limit.
    """

    automatic: bool = True
    sink: bool = True
    keep_versions: int = 2
    hours: float | None = None
    hours_pump: float = LOG_HOURS
    growth: float = 1.0
    interval_s: float = 0.0
    ttl_deletes_hours: float | None = None
    retract: bool = False
    seconds: float = DEFAULT_SECONDS


class Job(NamedTuple):
    """A dataset to compact, by which rules, and how many seconds that may take."""

    dataset: str
    retention: Retention
    seconds: float = DEFAULT_SECONDS


def rules_of(pipe: Mapping[str, Any], metadata: Mapping[str, Any]) -> Rules:
    """The rules for the datasets of a pipe; both are effective configurations."""
    own = pipe.get("compaction")
    own = own if type(own) is dict else {}
    defaults = metadata.get("global_defaults")
    defaults = defaults if type(defaults) is dict else {}

    def value(name: str, otherwise: Any) -> Any:
        found = own.get(name)
        if found is None:
            found = defaults.get(name if name.startswith("compaction_") else f"compaction_{name}")
        return found if type(found) in (int, float) else otherwise

    sink = own.get("sink")
    if sink is None:
        sink = defaults.get("default_compaction_type", "sink") != "background"
    ttl, retract = own.get("ttl_deletes_hours"), own.get("retract") is True
    limits = [
        float(own.get(name) or DEFAULT_SECONDS)
        for name, used in (
            ("ttl_deletes_timeout_seconds", ttl is not None),
            ("retract_timeout_seconds", retract),
        )
        if used
    ]
    return Rules(
        automatic=own.get("automatic") is not False,
        sink=sink is True,
        keep_versions=value("keep_versions", 2),
        hours=value("time_threshold_hours", None),
        hours_pump=max(LOG_HOURS, value("time_threshold_hours_pump", LOG_HOURS)),
        growth=value("growth_threshold", 1.0),
        interval_s=value("compaction_interval", 0.0),
        ttl_deletes_hours=ttl,
        retract=retract,
        seconds=max(limits, default=DEFAULT_SECONDS),
    )


def sink_retention(
    rules: Rules, now_us: int, floor: int | None = None, read_floor: int | None = None
) -> Retention:
    """What is kept of a pipe's sink; the floors are as in `Retention`."""
    return Retention(
        rules.keep_versions,
        until=_before(now_us, rules.hours),
        deletes_until=_before(now_us, rules.ttl_deletes_hours),
        retract=rules.retract,
        floor=floor,
        read_floor=read_floor,
    )


def log_retention(rules: Rules, now_us: int, floor: int | None = None) -> Retention:
    """What is kept of a pipe's execution log: the last event of each kind, and the young ones."""
    return Retention(1, until=_before(now_us, rules.hours_pump), floor=floor)


def _before(now_us: int, hours: float | None) -> int | None:
    return None if hours is None else max(0, now_us - int(hours * HOUR_US))


def compact_after(request: RunRequest, store: Store, result: RunResult) -> None:
    """Compact the sink of a run that has changed it, where the request says so.

    Deleted entities grow old without changes, so a run without any drops those too.
    The output is committed, so a compaction that fails is told in the log and fails no run.
    """
    job = request.compaction
    if job is None:
        return
    if job.dataset not in result.changed_datasets and job.retention.deletes_until is None:
        return
    try:
        done = _compact(store, job, logging.DEBUG)
    except SesamError as error:
        keys = {"pipe": result.pipe_id, "run": result.run_id}
        log.warning("the sink could not be compacted: %s", error, extra=keys)
        return
    if job.retention.deletes_until is not None:
        entities = {**result.metrics.get("entities", {})}
        entities["ttl_deletes_entities_last_run"] = done.entities
        result.metrics = {**result.metrics, "entities": entities}


def compact(store: Store, *, job: Job) -> Compacted:
    """Compact a dataset, and give back disk space that it has left free where it is much.

    An operation for the executor. A dataset that has gone is no error.
    """
    try:
        done = _compact(store, job, logging.INFO)
        freed = store.dataset(job.dataset, create=False).reclaim()
    except NotFoundError:
        return Compacted()
    if freed:
        log.info('dataset "%s": %d bytes of disk space were given back', job.dataset, freed)
    return done


def _compact(store: Store, job: Job, level: int) -> Compacted:
    ends = time.monotonic() + job.seconds
    dataset = store.dataset(job.dataset, create=False)
    done = dataset.compact(job.retention, lambda: time.monotonic() < ends)
    if done.versions:
        log.log(
            level,
            'dataset "%s": %d versions were compacted away, %d entities altogether%s',
            job.dataset,
            done.versions,
            done.entities,
            "" if done.done else "; the rest another time",
        )
    return done
