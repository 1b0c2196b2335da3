"""Running all pipes of a node until nothing changes any more: `hub.runner`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.waiting import AbandonedError, pause
from sesam_interactive.display.progress import Progress
from sesam_interactive.display.rows import Rows

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection

POLL_S = 0.1
LONGEST_POLL_S = 1.0
GRACE_S = 60.0
SHOWN = 3


class RunAll(dict[str, Any]):
    """The verdict on a run of all pipes: `status`, `token`, `additional_info`."""

    @property
    def success(self) -> bool:
        return self.get("status") == "success"

    @property
    def text(self) -> str:
        """What each pipe did, as a table."""
        return str(self.get("additional_info", ""))

    def __repr__(self) -> str:
        return f"run of all pipes: {self.get('status')}\n{self.text}".strip()

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - IPython's protocol
        printer.text(repr(self))


class Runner:
    """Runs all pipes in the order of their graph, in passes, until nothing changes any more."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(
        self,
        *,
        reset: bool = False,
        keep_received: bool = False,
        max_run_time: int = 900,
        check_input_pipes: bool = False,
        extra_zero_runs: int = 1,
        wait_for_schedule: bool = False,
    ) -> str:
        """Begin, and give the token to ask with; `run` waits for the end.

        `reset` first empties the datasets that pipes write, and those of receivers too unless
        `keep_received`. With `check_input_pipes` a
        failing input pipe fails the run. With `wait_for_schedule` no pump is started: the run ends
        when a node that runs by its own schedule has come to rest.
        """
        asked = {
            "request_mode": "async",
            "reset_pipes_and_delete_sink_datasets": reset,
            "delete_input_datasets": reset and not keep_received,
            "max_run_time": max_run_time,
            "check_input_pipes": check_input_pipes,
            "extra_zero_runs": extra_zero_runs,
            "output_run_statistics": True,
            "scheduler_mode": "poll" if wait_for_schedule else "active",
        }
        answer = self._connection.json("POST", "/pipes/run-all-pipes", params=asked)
        return str(answer["token"])

    def run(self, *, progress: bool = True, stop: bool = False, **options: Any) -> RunAll:
        """Run all pipes and wait for the end; options as of `start`.

        Interrupting leaves the run going on the node, unless `stop`, and says so. Raises
        ClientError with the failing pipes where it does not end well.
        """
        token = self.start(**options)
        deadline = time.monotonic() + float(options.get("max_run_time", 900)) + GRACE_S
        with Progress("all pipes", shown=progress, unit="runs done", rated=False) as shown:
            try:
                verdict = self._wait(token, shown, deadline)
            except (KeyboardInterrupt, AbandonedError):
                if stop:
                    self.stop()
                what = "stopped" if stop else "goes on on the node; hub.runner.stop() ends it"
                shown.close(f"all pipes: {what}")
                raise
            shown.close(f"all pipes: {verdict.get('status')}")
        if not verdict.success:
            raise ClientError(f"not all pipes ran: {verdict.text or verdict.get('status')}")
        return verdict

    def _wait(self, token: str, shown: Progress, deadline: float) -> RunAll:
        delay, done, since = POLL_S, 0, None
        while (verdict := self.status(token)).get("status") == "running":
            if time.monotonic() > deadline:
                raise ClientError("the run of all pipes does not end; hub.runner.log() tells more")
            if shown.shown:
                for line in self._lines(token, since):
                    since = line["timestamp"]
                    done += line["logdata"].endswith(" changed")
                shown.update(done, note=self._running())
            pause(delay)
            delay = min(LONGEST_POLL_S, delay * 1.3)
        return verdict

    def _running(self) -> str:
        """The pipes that run now, and how far the first ones are."""
        names = self._connection.get("/status").get("running", ())
        texts = []
        for name in names[:SHOWN]:
            runtime = self._connection.get(f"/pipes/{segment(name)}/pump")["runtime"]
            done = (runtime.get("progress") or {}).get("processed") or 0
            texts.append(f"{name} {done:,}" if done else name)
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return f"now {', '.join(texts)}{more}" if texts else ""

    def status(self, token: str | None = None) -> RunAll:
        """How the run of a token, or the last one, is going: running, success, failed, …"""
        return RunAll(self._connection.get("/pipes/get-pipe-runner-status", token=token))

    def log(self, token: str | None = None, *, since: str | None = None) -> Rows:
        """The lines of the log of runs, oldest first: `timestamp`, `loglevel`, `logdata`."""
        shown = {"time": "timestamp", "level": "loglevel", "what": "logdata"}
        return Rows(self._lines(token, since), shown, "no run of all pipes yet", 160)

    def _lines(self, token: str | None, since: str | None) -> list[dict[str, Any]]:
        path = "/pipes/get-run-all-pipes-log"
        found: list[dict[str, Any]] = self._connection.get(path, since=since, token=token)
        return found

    def stop(self, timeout_s: int = 30) -> None:
        """Stop the run and the pumps it has started; nothing happens where nothing runs."""
        asked = {"terminate_timeout": timeout_s}
        self._connection.json(
            "POST", "/pipes/stop-run-all-pipes", params=asked, timeout=timeout_s + GRACE_S
        )

    def delete_all_sink_datasets(self) -> None:
        """Reset all pipes and delete all that they have written and received."""
        self._connection.json("POST", "/pipes/delete-all-sink-datasets", timeout=600.0)

    def __repr__(self) -> str:
        return f"<Runner: {self.status().get('status')}>"
