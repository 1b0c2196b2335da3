"""Runs pumps and operations in supervised worker processes of our own.

Each process has a thread here that gives it jobs and reads what it tells, so that one that dies
fails its own job only and is replaced with the next one. Processes are started when they are
needed, stay warm for the next job, and go when they have been idle for long. Pumps and interactive
operations have workers of their own: a preview never waits for a pump.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, replace
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any

from sesam_node.errors import SesamError
from sesam_node.pipes.shared.desk import Desk
from sesam_node.pipes.shared.questions import waiting_for
from sesam_node.scheduling.jobs import CallJob, Job, RunJob
from sesam_node.scheduling.process import CLOSE_S, Process, WorkerDied
from sesam_node.scheduling.worker import Start

if TYPE_CHECKING:
    from sesam_node.pipes.runs import RunRequest
    from sesam_node.pipes.shared.questions import Question
    from sesam_node.scheduling.executor import CallHandle

log = logging.getLogger(__name__)

IDLE_S = 300.0
PUMP_NICE = 5
CALL_MEMORY_BYTES = 2 * 1024**3


@dataclass(slots=True)
class _State:
    """How many threads there are, and how many of them wait for a job."""

    threads: int = 0
    idle: int = 0
    closed: bool = False


class Pool:
    """Up to `size` worker processes for jobs of one kind, first come first served."""

    def __init__(
        self,
        name: str,
        size: int,
        start: Start,
        idle_s: float = IDLE_S,
        desk: Desk | None = None,
    ) -> None:
        """`desk` answers what the systems of the jobs ask."""
        self.name = name
        self.desk = desk or Desk()
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
                if job.stopped:
                    # It was stopped while its process was being started.
                    process.send("cancel", job.id)
            except OSError:
                raise WorkerDied(process.ending()) from None
            while True:
                message = process.receive(job.patience_s())
                if message is None:
                    job.look()
                elif message[0] == "begun":
                    job.begun = True
                elif message[0] == "ask":
                    self._ask(job, *message[2:])
                elif message[0] != "ready" and job.told(*message):
                    return not job.why_killed
        except WorkerDied as died:
            if self._try_again(job):
                return False
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
            self.desk.leave(job.id)
            with self._changed:
                self._busy.discard(job)
                self._changed.notify_all()

    def _ask(self, job: Job, number: int, question: Question) -> None:
        """Pass a question on to the desk, whose answer goes to the process of the job."""

        def reply(answer: Any) -> None:
            job.waits_for = ""
            job.send("answer", number, answer)

        if number:
            job.waits_for = waiting_for(question)
        self.desk.ask(job.id, number, question, reply if number else None)

    def _try_again(self, job: Job) -> bool:
        """Queue a job again, once, whose worker died before it began with it."""
        job.tries += 1
        with self._changed:
            if job.begun or job.stopped or job.why_killed or job.tries > 1 or self._state.closed:
                return False
            self._jobs.appendleft(job)
        return True


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
        self._desk = Desk()
        self._open()

    def _open(self) -> None:
        pumps, calls = self._sizes
        starts = replace(self._start, nice=PUMP_NICE)
        self.pumps = Pool("pump worker", pumps, starts, desk=self._desk)
        limited = replace(self._start, memory_bytes=self._call_memory_bytes)
        self.calls = Pool("call worker", calls, limited, desk=self._desk)

    def share(self, desk: Desk) -> None:
        self._desk = self.pumps.desk = self.calls.desk = desk

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
