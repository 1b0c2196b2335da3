"""What the view of a pipe asks: the state of its pump, its last runs; operations of the pump."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sesam_interactive.widgets.answering import Answering, request
from sesam_node.errors import InputError, preview
from sesam_node.model.pumps import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

OPERATIONS = ("start", "stop", "start-rescan", "reset", "enable", "disable")
NEEDS = {"reset": "update-last-seen"}
MESSAGE = 2_000


class Pump(Protocol):
    """What the view asks of the side of the node."""

    name: str

    def runtime(self) -> dict[str, Any]: ...
    def runs(self) -> list[dict[str, Any]]: ...
    def operate(self, operation: str) -> dict[str, Any]: ...


class PumpAnswers(Answering):
    """The answers for one pipe."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump

    @request(apart=True)
    def status(self) -> dict[str, Any]:
        return _told(self._pump.runtime())

    @request(apart=True)
    def runs(self) -> list[dict[str, Any]]:
        runs = self._pump.runs()
        return [run | {"message": run["message"][:MESSAGE]} for run in runs]

    @request(apart=True)
    def operate(self, operation: str) -> dict[str, Any]:
        if operation not in OPERATIONS:
            raise InputError(f"a pipe is not asked to {preview(operation)} here")
        return _told(self._pump.operate(operation))


def queued(runtime: Mapping[str, Any]) -> int | None:
    """How many entities wait in the source; null where that is not known."""
    queue = (runtime.get("queues") or {}).get("source")
    if isinstance(queue, dict):
        return sum(int(number) for number in queue.values() if number)
    return queue if isinstance(queue, int) else None


def message_of(runtime: Mapping[str, Any]) -> str:
    return str(runtime.get("last-original-error-message") or runtime.get("last-message") or "")


def _told(runtime: Mapping[str, Any]) -> dict[str, Any]:
    dependencies = (runtime.get("queues") or {}).get("dependencies") or {}
    supported = runtime.get("supported-operations") or ()
    return {
        "state": state_of(runtime),
        "running": bool(runtime.get("is-running")),
        "processed": int((runtime.get("progress") or {}).get("processed") or 0),
        "queue": queued(runtime),
        "dependencies": sum(number or 0 for number in dependencies.values()),
        "retries": runtime.get("retries") or 0,
        "waiting_for": runtime.get("waiting-for") or [],
        "last_run": runtime.get("last-run"),
        "next_run": runtime.get("next-run"),
        "failed": runtime.get("success") is False,
        "message": message_of(runtime)[:MESSAGE] if runtime.get("success") is False else "",
        "comment": runtime.get("disabled-comment") or "",
        "problems": [
            element.get("msg", "") for element in (runtime.get("config-errors") or [])[:20]
        ],
        "operations": [one for one in OPERATIONS if NEEDS.get(one, one) in supported],
    }
