"""What a run tells: events in the dataset `system:pump_execution:<pipe>`.

Written after the data is committed. A run has one `pump-started` and one `pump-completed` or
`pump-failed`, with its run id, so that telling it twice adds nothing. A run without effect leaves
no events unless the pump asks for them; a failed one always does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node import __version__
from sesam_node.model import content_hash, decode, encode
from sesam_node.pipes.evaluate import make_write

if TYPE_CHECKING:
    from sesam_node.model import Entity
    from sesam_node.pipes.runs import RunRequest, RunResult
    from sesam_node.store.api import Dataset, Store

STARTED = "pump-started"
COMPLETED = "pump-completed"
FAILED = "pump-failed"


def log_name(pipe_id: str) -> str:
    """The dataset that holds the events of a pipe."""
    return f"system:pump_execution:{pipe_id}"


def write_event(store: Store, pipe_id: str, event: Entity) -> int:
    """Appends an event; gives its place in the log."""
    dataset = store.dataset(log_name(pipe_id))
    body = encode(event)
    written = dataset.write([make_write((event["_id"], body, content_hash(body), False))])
    return written.seqs[0]


class RunLog:
    """The events of one run."""

    def __init__(self, store: Store, request: RunRequest, pump: dict[str, Any]) -> None:
        self._store = store
        self._request = request
        self._pump = pump
        self._pipe_id = request.definition.pipe_id
        self._location: int | None = None
        self._next = request.next_interval
        self.events: list[Entity] = []

    def _common(self, result: RunResult, event_type: str) -> Entity:
        event: Entity = {
            "_id": event_type,
            "event_type": event_type,
            "run_id": result.run_id,
            "pipe": self._pipe_id,
            "pump_definition": f"pump:{self._pipe_id}",
            "sync_type": result.sync_type,
            "start_time": result.started,
            "reason": self._request.reason,
        }
        if self._request.user:
            event["user"] = {"user_id": self._request.user}
        if result.metrics:
            event["metrics"] = result.metrics
        return event

    def started(self, result: RunResult) -> None:
        """Tells that the run has begun. Does nothing the second time."""
        if self._location is not None:
            return
        known = self._latest(STARTED)
        if known is not None and known[1].get("run_id") == result.run_id:
            self._location = known[0]
            return
        event = self._common(result, STARTED)
        event.pop("metrics", None)
        self._location = write_event(self._store, self._pipe_id, event)
        self.events.append(event)

    def _latest(self, event_type: str) -> tuple[int, Entity] | None:
        name = log_name(self._pipe_id)
        if not self._store.exists(name):
            return None
        dataset: Dataset = self._store.dataset(name)
        version = dataset.get(event_type)
        return None if version is None else (version.seq, decode(version.body))

    def is_silent(self, result: RunResult) -> bool:
        """Is it a run without effect that is not to be told?"""
        if not result.success or self._pump["log_events_noop_runs"]:
            return False
        changes_only = self._pump["log_events_noop_runs_changes_only"]
        return (result.changed if changes_only else result.processed) == 0

    def ended(self, result: RunResult, total_s: float) -> None:
        """Tells how the run ended, unless that is to be silent."""
        if self._location is None and self.is_silent(result):
            return
        self.started(result)
        kind = COMPLETED if result.success else FAILED
        known = self._latest(kind)
        if known is not None and known[1].get("run_id") == result.run_id:
            return
        event = self._common(result, kind)
        event |= {
            "end_time": result.ended,
            "total_time": round(total_s, 6),
            "pump_started_location": self._location,
            "retry_entities_exist": False,
            "entities_succeeded": result.processed,
            "entities_failed": 0 if result.exception_entity is None else 1,
            "cancelled": result.cancelled,
        }
        if self._next is not None:
            event["next_interval"] = self._next
        if not result.success:
            event |= {
                "reason_why_stopped": result.error,
                "traceback": result.traceback,
                "original_traceback": result.traceback,
                "original_error_message": result.original_error,
                "node_build_info": {"version": __version__},
            }
            if result.exception_entity is not None:
                event["exception_entity"] = result.exception_entity
        write_event(self._store, self._pipe_id, event)
        self.events.append(event)
