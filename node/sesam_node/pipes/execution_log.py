"""What a run tells: events in the dataset `system:pump_execution:<pipe>`.

Written after the data is committed. A run has one `pump-started` and one `pump-completed` or
`pump-failed`, with its run id, so that telling it twice adds nothing. A run without effect leaves
no events unless the pump asks for them; one with errors always does. In between come the errors of
single entities (`write-error:<id>`, see `retries.py`) and of reading (`read-error:<guid>`).
Entities that were given up go to the dead letters, a dataset of their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node import __version__
from sesam_node.model import content_hash, decode, encode
from sesam_node.pipes.evaluate import make_write
from sesam_node.pipes.retries import WRITE_ERROR, dead_letters_name, error_code, message_of
from sesam_node.pipes.runs import now_text
from sesam_node.pipes.seen import deletes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.runs import RunRequest, RunResult
    from sesam_node.store.api import Dataset, Store, Write

STARTED = "pump-started"
COMPLETED = "pump-completed"
FAILED = "pump-failed"
MOST_EVENTS = 1_000
"""Events of one run that are handed on beyond the log; a run may have any number of them."""


def log_name(pipe_id: str) -> str:
    """The dataset that holds the events of a pipe."""
    return f"system:pump_execution:{pipe_id}"


def write_event(store: Store, pipe_id: str, event: Entity) -> int:
    """Appends an event; gives its place in the log."""
    return store.dataset(log_name(pipe_id)).write([_write(event)]).seqs[0]


def _write(entity: Entity) -> Write:
    body = encode(entity)
    return make_write((entity["_id"], body, content_hash(body), False))


class RunLog:
    """The events of one run."""

    def __init__(self, store: Store, request: RunRequest, pump: dict[str, Any]) -> None:
        self._store = store
        self._request = request
        self._pump = pump
        self._pipe_id = request.definition.pipe_id
        self._location: int | None = None
        self._next = request.next_interval
        self._has_errors = False
        self._letters = dead_letters_name(self._pipe_id, pump)
        self.tracks_dead_letters = bool(
            self._letters
            and pump.get("track_dead_letters")
            and pump.get("max_write_errors_in_retry_dataset")
        )
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

    # -- errors on the way -------------------------------------------------------------------------

    def given_up(self, source_id: str) -> Entity | None:
        """The entity that was given up last under this id, unless another version came since."""
        known = self._latest(f"{WRITE_ERROR}:{source_id}")
        return known[1].get("entity") if known is not None and known[1].get("dead") else None

    def read_error(self, error: Exception, text: str) -> None:
        """Tells that the source could not be read; `text` is the traceback."""
        facts = {
            "error_code": error_code(error),
            "traceback": text,
            "original_traceback": text,
            "original_error_message": message_of(error),
        }
        self.tell("read-error", facts)

    def tell(self, event_type: str, facts: dict[str, Any]) -> None:
        """Tells of something on the way; a run with such an event is not silent."""
        self._has_errors = True
        event = {
            "_id": f"{event_type}:{uuid4()}",
            "event_type": event_type,
            "event_time": now_text(),
            "pipe": self._pipe_id,
            "run_id": self._request.run_id,
            **facts,
        }
        write_event(self._store, self._pipe_id, event)
        if len(self.events) < MOST_EVENTS:
            self.events.append(event)

    def deliver(self, outbox: Sequence[dict[str, Any]], *, again: bool) -> None:
        """Writes events of failed entities, and the dead letters that follow from them.

        `again` is after a crash: what is there already is not written a second time.
        """
        self._has_errors = True
        log = self._store.dataset(log_name(self._pipe_id))
        for item in outbox:
            event = item.get("event")
            if event is None:
                self._revive(item["revived"])
                continue
            event = {**event, "pipe": self._pipe_id}
            write = _write(event)
            if not again or all(old.body != write.body for old in log.history(write.entity_id)):
                log.write([write])
            if event["dead"] and self._letters:
                self._store.dataset(self._letters).write([_dead_letter(event["entity"])])

    def dead_among(self, ids: list[str]) -> list[str]:
        """Those of the ids that have a dead letter, where that is looked for."""
        if not self.tracks_dead_letters or not self._store.exists(self._letters or ""):
            return []
        found = self._store.dataset(self._letters or "").get_many(ids)
        return [version.entity_id for version in found if version and not version.deleted]

    def _revive(self, source_id: str) -> None:
        if self._letters and self._store.exists(self._letters):
            dataset = self._store.dataset(self._letters)
            dataset.write(deletes_of(dataset, [source_id]))

    # -- the end -----------------------------------------------------------------------------------

    def is_silent(self, result: RunResult) -> bool:
        """Is it a run without effect that is not to be told?"""
        if (
            not result.success
            or self._has_errors
            or result.trace
            or self._pump["log_events_noop_runs"]
        ):
            return False
        changes_only = self._pump["log_events_noop_runs_changes_only"]
        if (result.changed if changes_only else result.processed) != 0:
            return False
        return not self._is_time_again(result)

    def _is_time_again(self, result: RunResult) -> bool:
        """Was the last end of a run told longer ago than `notification_granularity` seconds?"""
        granularity = self._pump.get("notification_granularity")
        if granularity is None:
            return False
        known = self._latest(COMPLETED)
        if known is None:
            return True
        passed = datetime.fromisoformat(result.ended) - datetime.fromisoformat(known[1]["end_time"])
        return passed.total_seconds() > float(granularity)

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
            "retry_entities_exist": result.retries_waiting > 0,
            "entities_succeeded": result.processed - result.kept,
            "entities_failed": result.failed,
            "cancelled": result.cancelled,
        }
        if result.trace:
            event["trace"] = result.trace
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


def _dead_letter(entity: Entity) -> Write:
    body = encode(entity)
    deleted = entity.get("_deleted") is True
    return make_write((entity["_id"], body, content_hash(body), deleted))
