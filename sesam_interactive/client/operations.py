"""What can be done with the pump of a pipe, by name: `pipe.reset()`, `pipe.skip_to_end()`, …

Each is on the node's disk when it returns, and gives nothing; `pipe.pump()` tells the new state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.client.errors import ClientError
from sesam_interactive.display.rows import SHOWN, Rows

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection
    from sesam_node.model import Entity

DEAD_LETTERS = "dead_letter_dataset"
STATES = {"dead": "dead", "resolved": "resolved", "retryable": "waits"}


class Operations:
    """The part of a pipe that works its pump."""

    _connection: Connection
    _path: str
    name: str

    def pump(self) -> dict[str, Any]:
        """The state of its pump: `runtime` with progress, queues, last and next run."""
        state: dict[str, Any] = self._connection.get(f"{self._path}/pump")
        return state

    def operate(self, operation: str, **arguments: str) -> dict[str, Any]:
        """Send the pump an operation (`start`, `stop`, `update-last-seen`, ...); its new state.

        `supported-operations` of its runtime lists them; those below have names here.
        """
        data = {"operation": operation} | {k.replace("_", "-"): v for k, v in arguments.items()}
        try:
            state: dict[str, Any] = self._connection.json("POST", f"{self._path}/pump", data=data)
        except ClientError as error:
            if error.status != 400 or "support" not in error.message:
                raise
            known = ", ".join(self.pump()["runtime"]["supported-operations"])
            raise ClientError(f"{error.message}; it has {known}", status=400) from None
        return state

    def start(self, *, full: bool = False) -> None:
        """Start it and do not wait; `run` waits. Raises ClientError (409) where it runs already."""
        self.operate("start-rescan" if full else "start")

    def stop(self) -> None:
        """Stop the running pump at its next batch; what is committed stays."""
        self.operate("stop")

    def is_running(self) -> bool:
        return bool(self.pump()["runtime"]["is-running"])

    def enable(self) -> None:
        """Have it run by schedule and signal again."""
        self.operate("enable")

    def disable(self, comment: str = "") -> None:
        """No starts by schedule and signal any more, until `enable`; survives a restart."""
        self.operate("disable", comment=comment)

    def reset(self) -> None:
        """Forget how far it has read: the next run reads everything."""
        self.operate("update-last-seen", last_seen="")

    def update_last_seen(self, offset: Any) -> None:
        """Go on after this offset: a number, or what the source has for one."""
        self.operate("update-last-seen", last_seen=str(offset))

    def skip_to_end(self) -> None:
        """Take all that is in its source now as read."""
        self.operate("set-last-seen-to-end")

    def reset_rescan(self) -> None:
        """Have an unfinished full run begin at the start."""
        self.operate("reset-rescan")

    def track_from_end(self) -> None:
        """Track the datasets it hops to from their end on: older changes there are forgotten."""
        self.operate("reset-tracking")

    def track_from_start(self) -> None:
        """Track the datasets it hops to from their start: all their entities count as changed."""
        self.operate("set-tracking-to-start")

    def discard_retries(self) -> None:
        """Forget the entities that wait to be tried again; they do not become dead letters."""
        self.operate("discard-retries")

    def discard_schema(self) -> None:
        """Forget what was observed of the entities of its sink; it is counted anew."""
        self.operate("discard-inferred-schema")

    def queue(self) -> int:
        """How many versions wait in its source and in the datasets it hops to, where known."""
        return sum(counted_queues(self.pump()["runtime"]))

    def failures(self, limit: int = 100) -> Rows:
        """The entities that failed, newest first: `entity`, `state`, `tries`, `message`, `source`.

        They wait to be tried again, are dead, resolved since, or gone from the source.
        """
        events = self._events(limit=10 * limit, reverse=True, history=False)
        rows = [_failure(event) for event in events if event["_id"].startswith("write-error")]
        return Rows(rows[:limit], none=f'no entity of "{self.name}" has failed')

    def dead_letters(self) -> list[Entity]:
        """The entities that were given up. Raises ClientError where the pipe keeps none."""
        pump = self.pump()["config"]["effective"]
        name = pump.get(DEAD_LETTERS)
        if pump.get("use_dead_letter_dataset") and not name:
            name = f"system:dead-letter:{self.name}"
        if not name:
            raise ClientError(f'the pump of "{self.name}" has no "{DEAD_LETTERS}"')
        from sesam_interactive.client.datasets import Dataset

        dataset = Dataset(self._connection, str(name))
        return list(dataset) if dataset.exists() else []

    def _events(self, **wanted: Any) -> list[Entity]:
        events: list[Entity] = self._connection.get(f"{self._path}/log", **wanted)
        return events


def counted_queues(runtime: dict[str, Any]) -> list[int]:
    """What waits in the source, and in hopped datasets, of a pump; unknown ones are left out."""
    queues = runtime.get("queues") or {}
    parts = [queues.get("source"), queues.get("dependencies")]
    values = [list(part.values()) if isinstance(part, dict) else [part] for part in parts]
    return [sum(count for count in counts if isinstance(count, int)) for counts in values]


def _failure(event: Entity) -> dict[str, Any]:
    return {
        "entity": event["_id"].partition(":")[2],
        "state": next((word for key, word in STATES.items() if event.get(key)), "gone"),
        "tries": event.get("retry_attempts"),
        "time": event.get("event_time"),
        "message": event.get("original_error_message"),
        "source": event.get("entity"),
    }


class Events(Rows):
    """Events of an execution log, newest first; shown as what each run did."""

    def __init__(self, events: list[Entity]) -> None:
        super().__init__(events, none="no runs yet")

    def _table(self) -> list[dict[str, Any]]:
        return [_event_row(event) for event in self[:SHOWN]]


def _event_row(event: Entity) -> dict[str, Any]:
    counts = (event.get("metrics") or {}).get("entities") or {}
    time = event.get("end_time") or event.get("event_time") or event.get("start_time") or ""
    message = event.get("original_error_message") or event.get("reason_why_stopped") or ""
    return {
        "time": str(time)[:19].replace("T", " "),
        "event": event.get("event_type"),
        "kind": event.get("sync_type"),
        "read": counts.get("entities_last_run"),
        "changed": counts.get("changes_last_run"),
        "seconds": event.get("total_time"),
        "message": message,
    }
