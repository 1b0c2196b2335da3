"""Connects the scheduler with the clock, and its commands with an executor, on an asyncio loop.

Everything here happens on the loop's thread. What a run is made of comes from above (`prepare`),
as does what is done with its result (`finished`) and with times to remember (`keep`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sesam_node.errors import ConflictError
from sesam_node.pipes.runs import RunResult, now_text
from sesam_node.scheduling.scheduler import (
    Asked,
    Changed,
    ClockMoved,
    Finished,
    Held,
    Keep,
    Kind,
    Refused,
    Released,
    Run,
    Scheduler,
    Tick,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sesam_node.pipes.runs import RunRequest
    from sesam_node.scheduling.executor import Executor, RunHandle
    from sesam_node.scheduling.scheduler import Event

log = logging.getLogger(__name__)

LONGEST_SLEEP_S = 60.0
CLOCK_TOLERANCE_S = 2.0
GIVE_UP_S = 1.0
NOT_STARTED: dict[str, Any] = {}


class Host(Protocol):
    """What the driver asks of the services above it."""

    def prepare(self, command: Run) -> RunRequest:
        """The run that a command asks for."""
        ...

    def finished(self, request: RunRequest, result: RunResult) -> None:
        """A run has ended."""
        ...

    def keep(self, command: Keep) -> None:
        """Write down when a pipe is due, or that it is not any more."""
        ...


class Clock:
    """Unix time that does not jump; `jump` tells when the computer's clock was set."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._offset = wall() - steady()

    def now(self) -> float:
        return self._steady() + self._offset

    def jump(self) -> float:
        """By how many seconds the clock was set since last asked; 0 if it was not."""
        by = self._wall() - self.now()
        if abs(by) <= CLOCK_TOLERANCE_S:
            return 0.0
        self._offset += by
        return by


@dataclass(slots=True, eq=False)
class Running:
    """A run from its start to its end; `handle` is missing while a system is at its limit."""

    request: RunRequest
    ended: asyncio.Future[RunResult]
    handle: RunHandle | None = None
    cancelled: bool = False

    @property
    def progress(self) -> dict[str, Any]:
        return NOT_STARTED if self.handle is None else self.handle.progress()


@dataclass(slots=True)
class _Limits:
    """How many runs use each system now, and those that wait for one."""

    used: Counter[str] = field(default_factory=Counter)
    waiting: list[Running] = field(default_factory=list)


class Driver:
    """Runs pipes when the scheduler says so."""

    def __init__(
        self, scheduler: Scheduler, executor: Executor, host: Host, clock: Clock | None = None
    ) -> None:
        self.scheduler = scheduler
        self.clock = clock or Clock()
        self.running: dict[str, Running] = {}
        self._executor = executor
        self._host = host
        self._limits = _Limits()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._listeners: list[Callable[[Iterable[str]], None]] = []

    def listen(self, listener: Callable[[Iterable[str]], None]) -> None:
        """Tell `listener` of datasets that have changed, by whatever."""
        self._listeners.append(listener)

    def handle(self, event: Event) -> list[Refused]:
        """Tell the scheduler what happened and do what follows; gives what it refused."""
        refused = []
        changed = _changed(event)
        for listener in self._listeners if changed else ():
            listener(changed)
        for command in self.scheduler.handle(event):
            match command:
                case Run():
                    self._launch(command)
                case Keep():
                    self._host.keep(command)
                case Refused():
                    refused.append(command)
        self._set_timer()
        return refused

    def start(
        self, pipe: str, kind: Kind = "auto", *, reason: str = "manual", user: str = ""
    ) -> Running:
        """Start a pipe now. Raises ConflictError where it runs already, or cannot run."""
        refused = self.handle(Asked(pipe, kind, reason, user))
        if refused:
            raise ConflictError(f'the pipe "{pipe}" cannot be started: {refused[0].message}')
        return self.running[pipe]

    async def run(
        self, pipe: str, kind: Kind = "auto", *, reason: str = "manual", user: str = ""
    ) -> RunResult:
        """Start a pipe and wait for its end."""
        return await asyncio.shield(self.start(pipe, kind, reason=reason, user=user).ended)

    async def cancel(self, pipes: Iterable[str], grace_s: float) -> None:
        """Stop the runs of these pipes and wait until they have ended.

        An executor ends a run within the grace time; one that does not is given up after it.
        """
        found = [self.running[pipe] for pipe in pipes if pipe in self.running]
        for running in found:
            self._cancel(running, grace_s)
        if not found:
            return
        _, left = await asyncio.wait([run.ended for run in found], timeout=grace_s + GIVE_UP_S)
        for running in found:
            if running.ended in left:
                pipe = running.request.definition.pipe_id
                log.error("the run does not end, and is given up", extra={"pipe": pipe})
                self._ended(running, _stopped(running.request))

    def hold(self, reason: str) -> None:
        """Let only what is asked for start, until `release`."""
        self.handle(Held(reason))

    def release(self, reason: str) -> None:
        if not self._closed:
            self.handle(Released(reason, self.clock.now()))

    async def close(self, grace_s: float) -> None:
        """Start nothing more, and end what runs."""
        self._closed = True
        self.scheduler.handle(Held("closed"))
        if self._timer is not None:
            self._timer.cancel()
        await self.cancel(list(self.running), grace_s)

    def _cancel(self, running: Running, grace_s: float) -> None:
        running.cancelled = True
        if running.handle is not None:
            running.handle.cancel(grace_s)
        elif running in self._limits.waiting:
            self._limits.waiting.remove(running)
            result = _stopped(running.request)
            asyncio.get_running_loop().call_soon(self._ended, running, result)

    def _launch(self, command: Run) -> None:
        request = self._host.prepare(command)
        running = Running(request, asyncio.get_running_loop().create_future())
        self.running[command.pipe] = running
        if self._has_room(request):
            self._submit(running)
        else:
            self._limits.waiting.append(running)

    def _submit(self, running: Running) -> None:
        loop = asyncio.get_running_loop()
        self._limits.used.update(list(running.request.definition.systems))
        running.handle = self._executor.submit(running.request)

        def ended(result: RunResult) -> None:
            self._limits.used.subtract(list(running.request.definition.systems))
            self._ended(running, result)

        def tell(future: Any) -> None:
            # The loop may be gone when a node is torn down.
            if not loop.is_closed():
                loop.call_soon_threadsafe(ended, future.result())

        running.handle.result().add_done_callback(tell)

    def _has_room(self, request: RunRequest) -> bool:
        """Do the systems of a pipe allow one more run (`worker_threads`)?"""
        return all(
            self._limits.used[name] < int(system.get("worker_threads") or 10)
            for name, system in request.definition.systems.items()
        )

    def _ended(self, running: Running, result: RunResult) -> None:
        pipe = running.request.definition.pipe_id
        if self.running.get(pipe) is not running:
            # It was given up, and ends after all.
            return
        del self.running[pipe]
        try:
            self._host.finished(running.request, result)
        except Exception:
            # Whatever goes wrong with the books, the pipe must not stay "running" for ever.
            log.exception("the end of a run was not recorded", extra={"pipe": pipe})
        if not running.ended.done():
            running.ended.set_result(result)
        for other in list(self._limits.waiting):
            if self._has_room(other.request):
                self._limits.waiting.remove(other)
                self._submit(other)
        changed = frozenset(result.changed_datasets)
        self.handle(Finished(pipe, self.clock.now(), changed))

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake = self.scheduler.wake()
        if wake is not None and not self._closed:
            delay = min(max(0.0, wake - self.clock.now()), LONGEST_SLEEP_S)
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        by = self.clock.jump()
        now = self.clock.now()
        if by:
            log.warning("the clock was set by %+.0f seconds", by)
            self.handle(ClockMoved(by, now))
        else:
            self.handle(Tick(now))


def _changed(event: Event) -> frozenset[str]:
    """The datasets that an event says have changed."""
    match event:
        case Changed():
            return event.datasets
        case Finished():
            return event.changed
        case _:
            return frozenset()


def _stopped(request: RunRequest) -> RunResult:
    """The result of a run that was stopped and could not tell so itself."""
    return RunResult(
        request.definition.pipe_id,
        request.run_id,
        success=False,
        cancelled=True,
        error="the run was stopped",
        started=now_text(),
        ended=now_text(),
    )
