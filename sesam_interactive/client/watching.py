"""A pipe as one watches it: its pump, its last runs, what may be done. For `status_view()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.runs import read_runs

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection
    from sesam_interactive.widgets.pipe_status import PipeStatus

RUNS = 40


class Watching:
    """The pump of one pipe."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._path = f"/pipes/{segment(name)}"
        self.name = name

    def runtime(self) -> dict[str, Any]:
        """The state of the pump: progress, queues, last and next run, supported operations."""
        found: dict[str, Any] = self._connection.get(f"{self._path}/pump")["runtime"]
        return found

    def runs(self) -> list[dict[str, Any]]:
        """Its last runs that did something, oldest first, times as text."""
        rows = reversed(read_runs(self._connection, [self.name], RUNS))
        return [row | {end: row[end].isoformat() for end in ("start", "end")} for row in rows]

    def operate(self, operation: str) -> dict[str, Any]:
        """Send the pump an operation; gives its state after that.

        Beside its own names `reset`: the next run reads everything.
        """
        data = {"operation": operation}
        if operation == "reset":
            data = {"operation": "update-last-seen", "last-seen": ""}
        self._connection.json("POST", f"{self._path}/pump", data=data)
        return self.runtime()


def status(connection: Connection, name: str) -> PipeStatus:
    from sesam_interactive.widgets.pipe_status import PipeStatus

    return PipeStatus(Watching(connection, name))
