"""Runs pumps and operations in supervised worker processes of our own.

Each process has a thread here that gives it jobs and reads what it tells, so that one that dies
fails its own job only and is replaced with the next one. Processes are started when they are
needed, stay warm for the next job, and go when they have been idle for long. Pumps and interactive
operations have workers of their own: a preview never waits for a pump.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from threading import Condition, Lock, Thread, Timer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node.errors import SesamError
from sesam_node.pipes.runs import RunResult, now_text
from sesam_node.scheduling.executor import CallHandle
from sesam_node.scheduling.worker import Start

if TYPE_CHECKING:
    from sesam_node.pipes.runs import Progress, RunRequest

log = logging.getLogger(__name__)

IDLE_S = 300.0
LOOK_S = 0.5
CLOSE_S = 0.5
PUMP_NICE = 5
CALL_MEMORY_BYTES = 2 * 1024**3
HIDDEN_VARIABLES = ("SESAM_JWT_KEY",)

COMMAND = "from sesam_node.scheduling.worker import main; main()"


class WorkerDied(Exception):  # noqa: N818 - says what happened
    """The process ended while it had a job."""


class Process:
    """One worker process and the socket to it."""

    def __init__(self, start: Start) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {
                name: value for name, value in os.environ.items() if name not in HIDDEN_VARIABLES
            }
            # -P: a file in the current folder must not stand in for a module.
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [sys.executable, "-P", "-c", COMMAND, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
            )
        self._connection = Connection(ours.detach())
        self._sending = Lock()
        self.send("open", replace(start, parent=os.getpid()))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, *message: Any) -> None:
        """Raises OSError where the process has ended."""
        with self._sending:
            self._connection.send(message)

    def receive(self, timeout_s: float | None = None) -> tuple[Any, ...] | None:
        """The next message; None when there is none in time. Raises WorkerDied."""
        try:
            if timeout_s is not None and not self._connection.poll(timeout_s):
                return None
            message: tuple[Any, ...] = self._connection.recv()
        except (EOFError, OSError):
            raise WorkerDied(self.ending()) from None
        return message

    def ending(self) -> str:
        """How the process ended: "was killed by SIGKILL", "ended with status 1"."""
        code = self._wait()
        if code >= 0:
            return f"ended with status {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"was killed by {name}"

    def kill(self) -> None:
        """End it now."""
        self._process.kill()

    def close(self) -> None:
        """End it and give everything back."""
        with self._sending:
            self._connection.close()
        self._wait()

    def _wait(self) -> int:
        """The status of a process that is about to end by itself."""
        try:
            return self._process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


class Job:
    """Something for a worker to do, and who is told how it ends."""

    name: str

    def __init__(self, job_id: str) -> None:
        self.id = job_id
        self.pool: Pool | None = None
        self.process: Process | None = None
        self.why_killed = ""

    def message(self) -> tuple[Any, ...]:
        raise NotImplementedError

    def patience_s(self) -> float | None:
        """How long to wait for the next message before `look` is called."""
        return None

    def look(self) -> None:
        """Called when nothing has come for a while."""

    def told(self, kind: str, *rest: Any) -> bool:
        """A message of the worker; true when it was the last one."""
        raise NotImplementedError

    def lost(self, reason: str) -> None:
        """The worker died, or the job never began."""
        raise NotImplementedError

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
            self.kill(f"it took longer than {self._timeout_s:g} seconds")

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


@dataclass(slots=True)
class _State:
    """How many threads there are, and how many of them wait for a job."""

    threads: int = 0
    idle: int = 0
    closed: bool = False


class Pool:
    """Up to `size` worker processes for jobs of one kind, first come first served."""

    def __init__(self, name: str, size: int, start: Start, idle_s: float = IDLE_S) -> None:
        self.name = name
        self.size = size
        self._start = start
        self._idle_s = idle_s
        self._jobs: deque[Job] = deque()
        self._busy: set[Job] = set()
        self._processes: set[Process] = set()
        self._state = _State()
        self._changed = Condition()

    def submit(self, job: Job, *, urgent: bool = False) -> None:
        """Put a job into the queue, at its front where it is urgent."""
        job.pool = self
        with self._changed:
            if self._state.closed:
                raise SesamError("the node is stopping")
            if urgent:
                self._jobs.appendleft(job)
            else:
                self._jobs.append(job)
            if self._state.idle < len(self._jobs) and self._state.threads < self.size:
                self._add_thread()
            self._changed.notify()

    def warm(self) -> None:
        """Start one process now, so that the first job need not wait for it."""
        with self._changed:
            if not self._state.threads and not self._state.closed:
                self._add_thread()

    def withdraw(self, job: Job) -> bool:
        """Take a job out of the queue; false when it has begun already."""
        with self._changed:
            if job in self._jobs:
                self._jobs.remove(job)
                return True
        return False

    def pids(self) -> list[int]:
        """The process ids of the workers, those that are busy first."""
        with self._changed:
            busy = [job.process.pid for job in self._busy if job.process is not None]
            return busy + [p.pid for p in self._processes if p.pid not in busy]

    def close(self, grace_s: float) -> None:
        """Take no more jobs, stop those that run, end the processes."""
        with self._changed:
            self._state.closed = True
            waiting, busy = list(self._jobs), list(self._busy)
            self._changed.notify_all()
        for job in [*waiting, *busy]:
            if isinstance(job, RunJob):
                job.cancel()
            else:
                job.stop(None)
        with self._changed:
            if not self._changed.wait_for(lambda: not self._busy, grace_s):
                for job in list(self._busy):
                    job.kill("the node stopped")
            # Each thread waits for the end of its process, and kills one that does not end.
            self._changed.wait_for(lambda: not self._state.threads, 4 * CLOSE_S)

    def _add_thread(self) -> None:
        self._state.threads += 1
        number = self._state.threads
        Thread(target=self._serve, name=f"{self.name} {number}", daemon=True).start()

    def _serve(self) -> None:
        """The life of one thread: a process at a time, jobs as long as there are any."""
        process: Process | None = None
        try:
            process = self._begin()
            while (job := self._next()) is not None:
                if process is None or not process.alive:
                    self._forget(process)
                    process = self._begin()
                if not self._carry_out(job, process):
                    self._forget(process)
                    process = None
        finally:
            self._forget(process)
            with self._changed:
                self._state.threads -= 1
                # A job that came while this thread was leaving needs another one.
                if self._jobs and not self._state.closed and not self._state.idle:
                    self._add_thread()
                self._changed.notify_all()

    def _begin(self) -> Process | None:
        try:
            process = Process(self._start)
        except OSError:
            log.exception("a worker process cannot be started")
            return None
        with self._changed:
            self._processes.add(process)
        return process

    def _forget(self, process: Process | None) -> None:
        if process is not None:
            with self._changed:
                self._processes.discard(process)
            process.close()

    def _next(self) -> Job | None:
        with self._changed:
            self._state.idle += 1
            came = self._changed.wait_for(lambda: self._jobs or self._state.closed, self._idle_s)
            while not came and self._state.threads == 1:
                # One process stays warm.
                came = self._changed.wait_for(lambda: self._jobs or self._state.closed)
            self._state.idle -= 1
            if self._state.closed or not self._jobs:
                return None
            job = self._jobs.popleft()
            self._busy.add(job)
            return job

    def _carry_out(self, job: Job, process: Process | None) -> bool:
        """Do a job; false when the process cannot be used any more."""
        try:
            if process is None:
                job.lost(f"the {job.name} did not begin: no worker process could be started")
                return False
            job.process = process
            try:
                process.send(*job.message())
            except OSError:
                raise WorkerDied(process.ending()) from None
            while True:
                message = process.receive(job.patience_s())
                if message is None:
                    job.look()
                elif message[0] != "ready" and job.told(*message):
                    return not job.why_killed
        except WorkerDied as died:
            if process is not None and not job.why_killed:
                log.warning("worker process %d %s during the %s", process.pid, died, job.name)
            job.lost(f"the {job.name} ended early: its worker process {died}")
            return False
        except Exception as error:
            log.exception("the %s went wrong", job.name)
            job.lost(f"the {job.name} went wrong: {error}")
            return False
        finally:
            job.process = None
            with self._changed:
                self._busy.discard(job)
                self._changed.notify_all()


class WorkerExecutor:
    """The executor of a node: `pumps` workers for runs, `calls` for interactive operations."""

    def __init__(
        self,
        store_url: str,
        pumps: int,
        calls: int,
        *,
        log_level: str = "info",
        log_format: str = "text",
        call_memory_bytes: int = CALL_MEMORY_BYTES,
    ) -> None:
        self._start = Start(
            0, store_url, log_level=log_level, log_format=log_format, preload=PRELOAD
        )
        self._sizes = pumps, calls
        self._call_memory_bytes = call_memory_bytes
        self._open()

    def _open(self) -> None:
        pumps, calls = self._sizes
        self.pumps = Pool("pump worker", pumps, replace(self._start, nice=PUMP_NICE))
        limited = replace(self._start, memory_bytes=self._call_memory_bytes)
        self.calls = Pool("call worker", calls, limited)

    def warm(self) -> None:
        """Start one worker of each kind."""
        self.pumps.warm()
        self.calls.warm()

    def restart(self, grace_s: float = 2.0) -> None:
        """Cancel everything and begin with new workers."""
        self.close(grace_s)
        self._open()
        self.warm()

    def submit(self, request: RunRequest) -> RunJob:
        job = RunJob(request)
        self.pumps.submit(job, urgent=request.reason == "manual")
        return job

    def call(self, operation: str, payload: dict[str, Any], *, timeout_s: float) -> CallHandle:
        job = CallJob(operation, payload, timeout_s)
        self.calls.submit(job)
        return job.handle

    def close(self, grace_s: float = 2.0) -> None:
        threads = [Thread(target=pool.close, args=[grace_s]) for pool in (self.pumps, self.calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


PRELOAD = ("sesam_node.pipes.pump", "sesam_node.pipes.operations", "sesam_node.pipes.build")
"""What a new worker imports before its first job."""
