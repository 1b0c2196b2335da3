"""What a worker is given to do: a pump run, or a call that somebody waits for.

A job knows what to send, what to make of the messages that come back, and what to tell those who
wait when its worker dies.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from concurrent.futures import Future
from threading import Timer
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from sesam_node.errors import SesamError
from sesam_node.pipes.runs import RunResult, now_text
from sesam_node.scheduling.executor import CallHandle

if TYPE_CHECKING:
    from sesam_node.pipes.runs import Progress, RunRequest
    from sesam_node.scheduling.process import Process

log = logging.getLogger(__name__)

LOOK_S = 0.5


class Queue(Protocol):
    """Where a job waits until a worker is free."""

    def withdraw(self, job: Job) -> bool:
        """Take a job out; false when it has begun already."""
        ...


class Job(ABC):
    """Something for a worker to do, and who is told how it ends."""

    name: str

    def __init__(self, job_id: str) -> None:
        self.id = job_id
        self.pool: Queue | None = None
        self.process: Process | None = None
        self.why_killed = ""
        self.begun = False
        self.tries = 0
        self.waits_for = ""
        self.stopped = False

    @abstractmethod
    def message(self) -> tuple[Any, ...]:
        """What the worker is sent."""

    def patience_s(self) -> float | None:
        """How long to wait for the next message before `look` is called."""
        return None

    def look(self) -> None:  # noqa: B027 - most jobs have nothing to do then
        """Called when nothing has come for a while."""

    @abstractmethod
    def told(self, kind: str, *rest: Any) -> bool:
        """A message of the worker; true when it was the last one."""

    @abstractmethod
    def lost(self, reason: str) -> None:
        """The worker died, or the job never began."""

    def send(self, *message: Any) -> None:
        """Tell the worker something during the job; nothing happens when it has ended."""
        process = self.process
        if process is not None:
            try:
                process.send(*message)
            except OSError:
                log.debug("worker %d has ended", process.pid)

    def stop(self, grace_s: float | None) -> None:
        """Ask the worker to stop, and kill it after the grace time."""
        pool = self.pool
        self.stopped = True
        if pool is not None and pool.withdraw(self):
            self.lost("")
            return
        self.send("cancel", self.id)
        if grace_s is not None:
            timer = Timer(grace_s, self.kill, [f"it did not stop within {grace_s:g} seconds"])
            timer.daemon = True
            timer.start()

    def kill(self, why: str) -> None:
        process = self.process
        if process is not None:
            self.why_killed = why
            process.kill()


class RunJob(Job):
    """A pump run; the handle that `submit` gives."""

    def __init__(self, request: RunRequest) -> None:
        super().__init__(request.run_id)
        self.name = f'run of pipe "{request.definition.pipe_id}"'
        self._request = request
        self._result: Future[RunResult] = Future()
        self._progress: dict[str, Any] = {}
        self._cancelled = False
        self._begun = now_text()

    @property
    def run_id(self) -> str:
        return self.id

    def cancel(self, grace_s: float | None = None) -> None:
        self._cancelled = True
        self.stop(grace_s)

    def progress(self) -> dict[str, Any]:
        return self._progress

    def result(self) -> Future[RunResult]:
        return self._result

    def message(self) -> tuple[Any, ...]:
        self._begun = now_text()
        return "run", self._request

    def told(self, kind: str, *rest: Any) -> bool:
        if kind == "progress":
            progress: Progress = rest[1]
            self._progress = {
                "processed": progress.processed,
                "changed": progress.changed,
                "sync_type": progress.sync_type,
            }
            return False
        if kind == "result":
            self._end(rest[1])
        elif kind == "error":
            self._end(self._failed(str(rest[1]), rest[2]))
        return kind in ("result", "error")

    def lost(self, reason: str) -> None:
        if self._cancelled:
            text = f"the run was stopped: {self.why_killed}" if self.why_killed else ""
            result = self._failed(text or "the run was stopped")
            result.cancelled = True
        else:
            result = self._failed(reason)
        self._end(result)

    def _failed(self, error: str, traceback: str | None = None) -> RunResult:
        progress = self._progress
        return RunResult(
            pipe_id=self._request.definition.pipe_id,
            run_id=self.id,
            sync_type=str(progress.get("sync_type", "full")),
            success=False,
            processed=int(progress.get("processed", 0)),
            changed=int(progress.get("changed", 0)),
            error=error,
            original_error=error,
            traceback=traceback,
            started=self._begun,
            ended=now_text(),
        )

    def _end(self, result: RunResult) -> None:
        if not self._result.done():
            self._result.set_result(result)


class CallJob(Job):
    """An interactive operation with a time limit; time in which its reader is slow is free."""

    def __init__(self, operation: str, payload: dict[str, Any], timeout_s: float) -> None:
        super().__init__(uuid4().hex)
        self.name = f'operation "{operation.rpartition(":")[2]}"'
        self.handle = CallHandle()
        self.handle.on_take = lambda: self.send("credit", self.id)
        self.handle.on_cancel = lambda: self.stop(1.0)
        self._operation = operation
        self._payload = payload
        self._timeout_s = timeout_s
        self._left_s = timeout_s
        self._seen = 0.0

    def message(self) -> tuple[Any, ...]:
        self._seen = time.monotonic()
        return "call", self.id, self._operation, self._payload

    def patience_s(self) -> float | None:
        return min(LOOK_S, max(0.0, self._left_s))

    def look(self) -> None:
        now = time.monotonic()
        if not self.handle.waits_for_reader:
            self._left_s -= now - self._seen
        self._seen = now
        if self._left_s <= 0 and not self.why_killed:
            waited = f" and was {self.waits_for}" if self.waits_for else ""
            self.kill(f"it took longer than {self._timeout_s:g} seconds{waited}")

    def told(self, kind: str, *rest: Any) -> bool:
        self.look()
        if kind == "chunk":
            self.handle.put(rest[1])
        elif kind == "value":
            self.handle.finish(rest[1])
        elif kind == "error":
            if not isinstance(rest[1], SesamError) or type(rest[1]) is SesamError:
                log.debug("%s failed:\n%s", self.name, rest[2])
            self.handle.fail(rest[1])
        return kind in ("value", "error")

    def lost(self, reason: str) -> None:
        if self.why_killed:
            reason = f"the {self.name} was ended: {self.why_killed}"
        self.handle.fail(SesamError(reason or f"the {self.name} was cancelled"))
