"""Running a pipe and what came of it: `pipe.run()`, `pipe.log()`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.operations import Events, Operations, counted_queues
from sesam_interactive.client.waiting import AbandonedError, pause
from sesam_interactive.display.html import properties_table
from sesam_interactive.display.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_POLL_S, LONGEST_POLL_S = 0.02, 0.2


@dataclass(frozen=True)
class Run:
    """What a run of a pump did.

    `processed` entities were read, `changed` ones written. `event` is its entry in the execution
    log; a run that changed nothing leaves none there, and `event` is empty. `waiting_for` names the
    datasets that must be populated before the pipe runs: then nothing was read.
    """

    pipe: str
    success: bool
    message: str
    processed: int
    changed: int
    seconds: float
    event: Mapping[str, Any]
    waiting_for: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """`ok`, or why not."""
        if self.waiting_for:
            return f"did not run, it waits for {', '.join(self.waiting_for)} to be populated"
        return "ok" if self.success else f"failed: {self.message}"

    def __repr__(self) -> str:
        return (
            f'<Run of "{self.pipe}": {self.verdict}, {self.processed:,} read, '
            f"{self.changed:,} changed, {self.seconds:.2f} s>"
        )

    def _repr_html_(self) -> str:
        rows = {
            "result": self.verdict,
            "kind": self.event.get("sync_type", ""),
            "read": self.processed,
            "changed": self.changed,
            "seconds": f"{self.seconds:.2f}",
        }
        return properties_table(f"Run of {self.pipe}", {k: v for k, v in rows.items() if v != ""})


class Running(Operations):
    """The part of a pipe that runs its pump and tells of it."""

    def run(
        self,
        *,
        full: bool = False,
        progress: bool = True,
        stop: bool = False,
        timeout_s: float | None = None,
    ) -> Run:
        """Run it now and wait for the end, with a progress line.

        `full` starts from the beginning and ends with deletion tracking. Interrupting, and the end
        of `timeout_s`, leave the pump running unless `stop`, and say so. Raises ClientError with
        the node's message when the run fails.
        """
        before = self._newest_event()
        started = time.monotonic()
        try:
            self.start(full=full)
        except ClientError as error:
            if error.status != 409 or not self.is_running():
                raise
        with Progress(self.name, shown=progress) as shown:
            try:
                runtime = self._wait(shown, timeout_s)
            except (KeyboardInterrupt, AbandonedError, ClientError):
                if stop:
                    self.stop()
                what = "stopped" if stop else "goes on running on the node; .stop() ends it"
                shown.close(f"{self.name}: {what}")
                raise
            run = self._run(runtime, before, time.monotonic() - started)
            shown.close(repr(run)[1:-1])
        if not run.success:
            raise ClientError(f'the run of "{self.name}" failed: {run.message}')
        return run

    def retry_dead_letters(self, *, progress: bool = True) -> Run:
        """Run everything again, the entities that were given up too.

        What works now is written, and where the pipe tracks dead letters it is deleted from them.
        """
        self.dead_letters()
        return self.run(full=True, progress=progress)

    def _wait(self, shown: Progress, timeout_s: float | None) -> dict[str, Any]:
        delay, total = FIRST_POLL_S, None
        started = time.monotonic()
        while True:
            runtime: dict[str, Any] = self.pump()["runtime"]
            done = int((runtime.get("progress") or {}).get("processed") or 0)
            waiting, _ = counted_queues(runtime)
            if total is None and waiting:
                # What is read and what is committed are told by themselves; the first look counts.
                total = done + waiting
            shown.update(done, total)
            if not runtime["is-running"]:
                return runtime
            if timeout_s is not None and time.monotonic() - started > timeout_s:
                raise ClientError(f'"{self.name}" has not ended within {timeout_s:g} s')
            pause(delay)
            delay = min(LONGEST_POLL_S, delay * 1.5)

    def _newest_event(self) -> Mapping[str, Any]:
        events = self.log(limit=1)
        return events[0] if events else {}

    def _run(self, runtime: Mapping[str, Any], before: Mapping[str, Any], seconds: float) -> Run:
        message = runtime.get("last-original-error-message") or runtime.get("last-message") or ""
        event = self._newest_event()
        if event.get("_updated") == before.get("_updated"):
            event = {}
        entities = event.get("metrics", {}).get("entities", {})
        processed = (runtime.get("progress") or {}).get("processed") or 0
        return Run(
            self.name,
            bool(runtime.get("success")),
            str(message),
            int(entities.get("entities_last_run") or processed),
            int(entities.get("changes_last_run") or 0),
            float(event.get("total_time") or seconds),
            event,
            tuple(runtime.get("waiting-for") or ()),
        )

    def log(self, limit: int = 20) -> Events:
        """The events of its execution log, newest first."""
        return Events(self._events(limit=limit, reverse=True, history=False))
