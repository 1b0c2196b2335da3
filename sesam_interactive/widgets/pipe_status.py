"""A pipe as it runs: state, queue, progress, runs, failures; started and stopped here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Protocol

import traitlets

from sesam_interactive.widgets.base import View, request
from sesam_node.errors import InputError, SesamError, preview

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


class PipeStatus(View, module="pipe_status"):
    """The state of one pipe, kept up to date while it is seen."""

    name = traitlets.Unicode().tag(sync=True)

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        super().__init__(name=pump.name)

    def still(self) -> str:
        """The state as it is now, without what keeps it up to date."""
        return f"<pre>{escape(repr(self))}</pre>"

    def __repr__(self) -> str:
        try:
            runtime, runs = self._pump.runtime(), self._pump.runs()
        except SesamError as error:
            return f"<PipeStatus {self.name}: {error.message}>"
        lines = [f"{self.name}: {state_of(runtime)}"]
        queue = queued(runtime)
        if queue:
            lines.append(f"  queue     {queue:,}")
        if runs:
            last = runs[-1]
            word = "ok" if last["success"] else f"failed: {last['message'].splitlines()[0]}"
            took = f"{last['read']:,} read, {last['changed']:,} changed, {last['seconds']:.2f} s"
            lines.append(f"  last run  {last['start'][:19].replace('T', ' ')}, {took}, {word}")
        elif runtime.get("success") is False:
            lines.append(f"  failed    {message_of(runtime).splitlines()[0]}")
        return "\n".join(lines)

    # -- what the page asks ------------------------------------------------------------------------

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


def state_of(runtime: Mapping[str, Any]) -> str:
    """The state of a pump in a word or two."""
    if runtime.get("is-valid-config") is False:
        return "invalid configuration"
    if runtime.get("is-running"):
        return "running"
    if runtime.get("is-disabled"):
        return "disabled"
    if runtime.get("circuit-breaker-tripped"):
        return "circuit breaker tripped"
    if runtime.get("success") is None:
        can_start = "start" in (runtime.get("supported-operations") or ())
        return "not run yet" if can_start else "waits to be asked"
    return "ok" if runtime["success"] else "failed"


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
