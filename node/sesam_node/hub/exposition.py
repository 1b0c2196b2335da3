"""Figures in the text form of Prometheus; the library is loaded when somebody asks for them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    StateSetMetricFamily,
)

from sesam_node.hub.metrics import COUNTERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prometheus_client.core import Metric

    from sesam_node.hub.metrics import Facts, Service

PIPE_GAUGES = {
    "enabled": "1 where the pipe is enabled",
    "queue_source": "entities that wait in the source",
    "queue_tracking": "entities that wait in datasets that are hopped to",
    "circuit_breaker_tripped": "1 where the circuit breaker has tripped",
}
COUNTS = ("index_exists", "index_deleted", "log_exists", "log_deleted")
PUMP_GAUGES = {
    "total_time": "seconds that the last run took, 0 before the first",
    "successful": "1 where the last run succeeded, -1 where it failed, 0 before the first",
    "entities_retryable": "failed entities that wait to be tried again",
    "last_completed_time": "when the last run ended, Unix time",
    "scheduled_time": "when the pump is due next, Unix time",
}


def render(service: Service, pipes: Sequence[Facts]) -> bytes:
    """All figures, in a registry of their own."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Collected([*_of_node(service), *_of_pipes(pipes), *_of_pumps(pipes)]))
    return generate_latest(registry)


def _of_node(service: Service) -> Iterable[Metric]:
    states = {"healthy": service.healthy, "unhealthy": not service.healthy, "unknown": False}
    yield StateSetMetricFamily("sesam_health", "is the node well?", value=states)
    yield GaugeMetricFamily(
        "sesam_service_restarts", "how often the node was started again", float(service.restarts)
    )
    yield GaugeMetricFamily(
        "sesam_store_bytes", "size of the files of the store", float(service.store_bytes)
    )
    requests = CounterMetricFamily(
        "sesam_api_requests", "requests answered", labels=("method", "status")
    )
    for (method, status), count in sorted(service.requests.items()):
        requests.add_metric((method, str(status)), count, created=service.started)
    yield requests


class _Collected:
    """Families that are there already."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _of_pipes(pipes: Sequence[Facts]) -> Iterable[Metric]:
    config = GaugeMetricFamily(
        "sesam_pipe_config",
        "1 where the configuration is valid",
        labels=("pipe", "config_group", "leaf"),
    )
    for facts in pipes:
        labels = (facts.pipe, facts.group, str(int(facts.leaf)))
        config.add_metric(labels, float(facts.valid))
    yield config
    for name, text in PIPE_GAUGES.items():
        yield _gauges(f"sesam_pipe_{name}", text, ((f.pipe, f.gauges.get(name)) for f in pipes))
    for name in COUNTS:
        what = name.replace("_", " ")
        yield _gauges(
            f"sesam_pipe_sink_dataset_count_{name}",
            f"{what} in the sink dataset",
            ((facts.pipe, facts.sink.get(name)) for facts in pipes),
        )
        yield _gauges(
            f"sesam_pipe_dead_letter_dataset_count_{name}",
            f"{what} in the dead letter dataset",
            ((facts.pipe, facts.dead.get(name)) for facts in pipes),
        )


def _of_pumps(pipes: Sequence[Facts]) -> Iterable[Metric]:
    """Figures of pumps that run by a schedule; the manual leaves out all others."""
    scheduled = [facts for facts in pipes if facts.scheduled]
    for name, text in PUMP_GAUGES.items():
        yield _gauges(f"sesam_pump_{name}", text, ((f.pipe, f.pump.get(name)) for f in scheduled))
    now = time.time()
    yield _gauges(
        "sesam_pump_scrape_time", "when this was asked for", ((f.pipe, now) for f in scheduled)
    )
    for name, text in COUNTERS.items():
        family = CounterMetricFamily(f"sesam_pump_{name}", text, labels=("pipe",))
        for facts in scheduled:
            counted = facts.counted
            family.add_metric((facts.pipe,), counted.values[name], created=counted.since)
        yield family


def _gauges(name: str, text: str, values: Iterable[tuple[str, float | None]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=("pipe",))
    for pipe, value in values:
        if value is not None:
            family.add_metric((pipe,), value)
    return family
