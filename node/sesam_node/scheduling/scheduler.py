"""Decides when pumps start: events in, commands out, no clock and no I/O of its own.

`handle(event)` gives the commands that follow from it. A pipe starts when its schedule is due, when
a dataset that it reads has changed, or when somebody asks. It never runs twice at a time: a start
that comes while it runs is remembered, and follows when the run has ended. While starts are held
off (node metadata, or `run-all-pipes`) only what is asked for starts; the rest is remembered.
The same events give the same commands, so a log of events can be replayed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sesam_node.scheduling.schedule import Schedule, next_cron

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Kind = Literal["auto", "full", "rescan"]
Mode = Literal["scheduled", "manual", "off"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the scheduler knows of a pipe.

    `reads` are the datasets whose change starts it; it is empty where signals are not followed.
    `waits` is a pipe that is only asked (a receiver or publisher): it is never started. `version`
    changes with the configuration, a new one forgets the time of the next start.
    """

    pipe: str
    schedule: Schedule = field(default_factory=Schedule)
    mode: Mode = "scheduled"
    waits: bool = False
    reads: frozenset[str] = frozenset()
    run_at_startup: bool = False
    rescan_cron: str = ""
    version: str = ""


# Events: what happened. `now` is Unix time.


@dataclass(frozen=True, slots=True)
class Configured:
    """These are the pipes from now on. `next_runs` are kept times of an earlier process."""

    plans: tuple[Plan, ...]
    now: float
    startup: bool = False
    next_runs: Mapping[str, float] = field(default_factory=dict)
    disabled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tick:
    now: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody wants a run now."""

    pipe: str
    kind: Kind = "auto"
    reason: str = "manual"
    user: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A run has ended; `changed` are the datasets that it changed."""

    pipe: str
    now: float
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Changed:
    """Datasets were changed by something that is no run: a receiver, a deletion."""

    datasets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Signalled:
    """There is news where this pipe reads, outside the node."""

    pipe: str


@dataclass(frozen=True, slots=True)
class Disabled:
    pipe: str


@dataclass(frozen=True, slots=True)
class Enabled:
    pipe: str
    now: float


@dataclass(frozen=True, slots=True)
class Held:
    """Starts by schedule and signal are held off, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Released:
    """The reason is gone; starts go on when no other is left."""

    reason: str
    now: float


@dataclass(frozen=True, slots=True)
class ClockMoved:
    """The clock was set: it is `by` seconds further than it should be, and shows `now`."""

    by: float
    now: float


Event = (
    Configured
    | ClockMoved
    | Tick
    | Asked
    | Finished
    | Changed
    | Signalled
    | Disabled
    | Enabled
    | Held
    | Released
)


# Commands: what to do.


@dataclass(frozen=True, slots=True)
class Run:
    pipe: str
    kind: Kind = "auto"
    reason: str = "schedule"
    user: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """Write down when a pipe with a long schedule is due, so that a restart catches up."""

    pipe: str
    next_run: float | None


@dataclass(frozen=True, slots=True)
class Refused:
    pipe: str
    message: str


Command = Run | Keep | Refused


@dataclass(slots=True)
class _Pump:
    plan: Plan
    due: float | None = None
    rescan_due: float | None = None
    running: bool = False
    disabled: bool = False
    signalled: bool = False
    removed: bool = False

    @property
    def starts_itself(self) -> bool:
        return self.plan.mode == "scheduled" and not self.plan.waits and not self.disabled


class Scheduler:
    """The state of all pumps. `random` gives numbers from 0 to 1, for the jitter."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._pumps: dict[str, _Pump] = {}
        self._readers: dict[str, list[str]] = {}
        self._held: set[str] = set()

    @property
    def held(self) -> frozenset[str]:
        """The reasons for which starts are held off."""
        return frozenset(self._held)

    def next_run(self, pipe: str) -> float | None:
        """When the schedule starts the pipe next; None when it does not."""
        pump = self._pumps.get(pipe)
        if pump is None or self._held or not pump.starts_itself:
            return None
        return _earliest(pump.due, pump.rescan_due)

    def is_running(self, pipe: str) -> bool:
        pump = self._pumps.get(pipe)
        return pump is not None and pump.running

    def is_disabled(self, pipe: str) -> bool:
        pump = self._pumps.get(pipe)
        return pump is not None and pump.disabled

    def wake(self) -> float | None:
        """When the next Tick is needed; None when only another event can start something."""
        if self._held:
            return None
        times = (
            _earliest(pump.due, pump.rescan_due)
            for pump in self._pumps.values()
            if pump.starts_itself and not pump.running
        )
        return min((moment for moment in times if moment is not None), default=None)

    def handle(self, event: Event) -> list[Command]:
        """What follows from an event, in the order to do it."""
        match event:
            case Configured():
                return self._configure(event)
            case Tick():
                return self._tick(event.now)
            case ClockMoved():
                return self._move(event)
            case Asked():
                return self._ask(event)
            case Finished():
                return self._finish(event)
            case Changed():
                return self._signal(event.datasets)
            case Signalled():
                return self._signal_one(event.pipe)
            case Disabled():
                return self._disable(event.pipe)
            case Enabled():
                return self._enable(event)
            case Held():
                self._held.add(event.reason)
                return []
            case Released():
                self._held.discard(event.reason)
                return [] if self._held else [*self._waiting(), *self._tick(event.now)]

    def _configure(self, event: Configured) -> list[Command]:
        old, self._pumps, self._readers = self._pumps, {}, {}
        commands: list[Command] = []
        for plan in event.plans:
            pump = old.pop(plan.pipe, None)
            if pump is None or pump.plan.version != plan.version:
                commands += self._begin(plan, pump, event)
            else:
                pump.plan = plan
                self._pumps[plan.pipe] = pump
            for dataset in sorted(plan.reads):
                self._readers.setdefault(dataset, []).append(plan.pipe)
        # The run of a removed pipe still ends; until then its id is taken.
        for pump in old.values():
            if pump.running:
                pump.plan = Plan(pump.plan.pipe, mode="off")
                pump.signalled, pump.removed = False, True
                self._pumps[pump.plan.pipe] = pump
            if pump.due is not None and pump.plan.schedule.is_long:
                commands.append(Keep(pump.plan.pipe, None))
        return commands

    def _begin(self, plan: Plan, before: _Pump | None, event: Configured) -> list[Command]:
        pump = _Pump(plan, disabled=plan.pipe in event.disabled)
        if before is not None:
            pump.running, pump.disabled = before.running, before.disabled
        self._pumps[plan.pipe] = pump
        kept = event.next_runs.get(plan.pipe)
        if event.startup and plan.run_at_startup:
            pump.due = event.now
        elif kept is not None and plan.schedule.is_long:
            pump.due = kept
        else:
            return self._plan_next(pump, event.now)
        self._plan_rescan(pump, event.now)
        return []

    def _plan_next(self, pump: _Pump, now: float) -> list[Command]:
        """Set when a pump is due after `now`."""
        before = pump.due
        plan = pump.plan
        if plan.mode != "scheduled" or plan.waits:
            pump.due = pump.rescan_due = None
            return []
        pump.due = plan.schedule.due(now, self._random)
        self._plan_rescan(pump, now)
        if plan.schedule.is_long and pump.due != before:
            return [Keep(plan.pipe, pump.due)]
        return []

    def _plan_rescan(self, pump: _Pump, now: float) -> None:
        cron = pump.plan.rescan_cron
        if cron and (pump.rescan_due is None or pump.rescan_due <= now):
            pump.rescan_due = next_cron(cron, now)

    def _move(self, event: ClockMoved) -> list[Command]:
        """Intervals go on as if nothing had happened, cron follows the clock."""
        for pump in self._pumps.values():
            plan = pump.plan
            if pump.due is not None:
                if plan.schedule.cron:
                    # What has become due by the jump starts once.
                    pump.due = min(pump.due, next_cron(plan.schedule.cron, event.now) or pump.due)
                else:
                    pump.due += event.by
            if pump.rescan_due is not None:
                pump.rescan_due = min(
                    pump.rescan_due, next_cron(plan.rescan_cron, event.now) or pump.rescan_due
                )
        return self._tick(event.now)

    def _tick(self, now: float) -> list[Command]:
        if self._held:
            return []
        commands: list[Command] = []
        for pump in self._pumps.values():
            if pump.running or not pump.starts_itself:
                continue
            if pump.rescan_due is not None and pump.rescan_due <= now:
                commands.append(self._start(pump, "rescan", "schedule"))
            elif pump.due is not None and pump.due <= now:
                commands.append(self._start(pump, "auto", "schedule"))
        return commands

    def _start(self, pump: _Pump, kind: Kind, reason: str, user: str = "") -> Run:
        pump.running = True
        pump.signalled = False
        return Run(pump.plan.pipe, kind, reason, user)

    def _ask(self, event: Asked) -> list[Command]:
        pump = self._pumps.get(event.pipe)
        if pump is None:
            return [Refused(event.pipe, f'there is no pipe "{event.pipe}"')]
        if pump.plan.waits:
            message = "it runs when it is read or written to, and cannot be started"
            return [Refused(event.pipe, message)]
        if pump.plan.mode == "off":
            return [Refused(event.pipe, 'the mode of its pump is "off"')]
        if pump.running:
            return [Refused(event.pipe, "it is already running")]
        return [self._start(pump, event.kind, event.reason, event.user)]

    def _finish(self, event: Finished) -> list[Command]:
        commands: list[Command] = []
        pump = self._pumps.get(event.pipe)
        if pump is not None:
            pump.running = False
            if pump.removed:
                del self._pumps[event.pipe]
                pump = None
        if pump is not None:
            commands += self._plan_next(pump, event.now)
        commands += self._signal(event.changed, by=event.pipe)
        if pump is not None and pump.signalled and not self._held and pump.starts_itself:
            commands.append(self._start(pump, "auto", "signal"))
        return commands

    def _signal(self, datasets: Iterable[str], by: str = "") -> list[Command]:
        """Start the readers of changed datasets, or remember to.

        A pipe that reads its own sink is not started by itself: where its output never settles it
        would run without end.
        """
        readers = {pipe for dataset in datasets for pipe in self._readers.get(dataset, ())}
        readers.discard(by)
        for pipe in readers:
            self._pumps[pipe].signalled = True
        return [] if self._held else self._waiting()

    def _signal_one(self, pipe: str) -> list[Command]:
        pump = self._pumps.get(pipe)
        if pump is None or not pump.starts_itself:
            return []
        pump.signalled = True
        return [] if self._held else self._waiting()

    def _waiting(self) -> list[Command]:
        """Starts of all that was signalled and could not start."""
        return [
            self._start(pump, "auto", "signal")
            for pump in self._pumps.values()
            if pump.signalled and pump.starts_itself and not pump.running
        ]

    def _disable(self, pipe: str) -> list[Command]:
        pump = self._pumps.get(pipe)
        if pump is not None:
            pump.disabled = True
            pump.signalled = False
        return []

    def _enable(self, event: Enabled) -> list[Command]:
        pump = self._pumps.get(event.pipe)
        if pump is None or not pump.disabled:
            return []
        pump.disabled = False
        return self._plan_next(pump, event.now)


def _earliest(*moments: float | None) -> float | None:
    return min((moment for moment in moments if moment is not None), default=None)
