"""`run-all-pipes`: every pipe, in passes along the graph, until nothing changes any more.

Made for tests: the schedule is held off meanwhile, disabled and manual pipes run too. In the first
pass every pipe runs; afterwards those whose input has changed since their last run, and those that
failed. Pipes that do not wait for each other run side by side.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node.errors import SesamError
from sesam_node.hub.passes import Graph, Pass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.hub.checking import Facts
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.runs import RunResult

log = logging.getLogger(__name__)

HOLD = "run-all-pipes"
RESET = "delete-all-sink-datasets"
KEPT_RUNS = 20
KEPT_LINES = 20_000
POLL_S = 0.5
FAILURES_SHOWN = 20

RUNNING, SUCCESS, FAILED, NOT_RUNNING = "running", "success", "failed", "not-running"


@dataclass(frozen=True, slots=True)
class RunAllOptions:
    """The parameters of `run-all-pipes`.

    `extra_zero_runs` passes without a change are needed at the end; after `max_runs` passes or
    `max_run_time` seconds the run has failed. `delete_input_datasets` false keeps what receivers
    got. With `scheduler_mode` "poll" nothing is started or reset: the run waits until a node that
    runs by its own schedule has come to rest.
    """

    extra_zero_runs: int = 2
    max_run_time: float = 900
    max_runs: int = 100
    delete_input_datasets: bool = True
    reset_pipes_and_delete_sink_datasets: bool = True
    check_input_pipes: bool = False
    output_run_statistics: bool = False
    scheduler_mode: str = "active"


@dataclass(slots=True)
class Tally:
    """What the runs of one pipe came to."""

    runs: int = 0
    processed: int = 0
    changed: int = 0
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class RunAll:
    """One run of all pipes, from its start to its verdict."""

    token: str
    options: RunAllOptions
    status: str = RUNNING
    info: str = ""
    passes: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    def answer(self) -> dict[str, Any]:
        found: dict[str, Any] = {"status": self.status, "token": self.token}
        if self.info:
            found["additional_info"] = self.info
        return found


class _FailedError(SesamError):
    """The run of all pipes has failed, for this reason."""


class Runner:
    """The service behind `/api/pipes/run-all-pipes` and its neighbours."""

    def __init__(self, pumps: Pumps, cancel_grace_s: float) -> None:
        self._pumps = pumps
        self._grace_s = cancel_grace_s
        self._runs: dict[str, RunAll] = {}
        self._current: RunAll | None = None
        self._lines: list[dict[str, str]] = []
        self._last_stamp = datetime.fromtimestamp(0, UTC)
        self._lock = asyncio.Lock()

    # -- the service -------------------------------------------------------------------------------

    async def run_all(self, options: RunAllOptions) -> dict[str, Any]:
        """Run all pipes and wait for the end: `status` "success" or "failed", and why."""
        run = self._begin(options)
        if run.task is not None:
            await asyncio.shield(run.task)
        return run.answer()

    def start(self, options: RunAllOptions) -> str:
        """Begin to run all pipes; gives the token to ask with."""
        return self._begin(options).token

    def status(self, token: str | None = None) -> dict[str, Any]:
        """How the run of a token, or the last one, is going."""
        run = self._runs.get(token) if token else next(reversed(self._runs.values()), None)
        return {"status": NOT_RUNNING} if run is None else run.answer()

    def log(self, since: str | None = None, token: str | None = None) -> list[dict[str, str]]:
        """The lines after a timestamp (all runs share one log): oldest first."""
        return [
            {name: line[name] for name in ("timestamp", "loglevel", "logdata")}
            for line in self._lines
            if (not since or line["timestamp"] > since)
            and (not token or line["token"] == token or token not in self._runs)
        ]

    async def stop(self, terminate_timeout: float = 30) -> None:
        """End the run of all pipes, and the pumps it has started."""
        run = self._current
        if run is not None and run.task is not None and not run.task.done():
            run.task.cancel()
            await asyncio.wait([run.task], timeout=terminate_timeout + self._grace_s)

    async def delete_all_sink_datasets(self) -> None:
        """Reset all pipes and delete all that they wrote or received."""
        driver = self._pumps.driver
        driver.hold(RESET)
        try:
            await self.stop()
            await driver.cancel(list(driver.running), self._grace_s)
            await self._pumps.delete_data(list(self._pumps.configuration.active.facts))
        finally:
            driver.release(RESET)

    # -- one run -----------------------------------------------------------------------------------

    def _begin(self, options: RunAllOptions) -> RunAll:
        run = RunAll(uuid4().hex, options)
        self._runs[run.token] = run
        for token in list(self._runs)[:-KEPT_RUNS]:
            del self._runs[token]
        before, self._current = self._current, run
        run.task = asyncio.get_running_loop().create_task(self._carry_out(run, before))
        return run

    async def _carry_out(self, run: RunAll, before: RunAll | None) -> None:
        """The whole run; ends with a verdict, whatever happens."""
        driver = self._pumps.driver
        started = time.monotonic()
        active = run.options.scheduler_mode != "poll"
        try:
            if before is not None and before.task is not None and not before.task.done():
                before.task.cancel()
                await asyncio.wait([before.task])
            async with asyncio.timeout(run.options.max_run_time or None):
                if active:
                    driver.hold(HOLD)
                    await self._run(run)
                else:
                    await self._watch(run)
            run.status = SUCCESS
        except _FailedError as error:
            run.status, run.info = FAILED, error.message
        except TimeoutError:
            run.status = FAILED
            run.info = self._with_failures(
                run, f"not finished within {run.options.max_run_time:g} seconds"
            )
        except asyncio.CancelledError:
            run.status, run.info = FAILED, "the run was stopped"
        except Exception as error:
            log.exception("run-all-pipes failed")
            run.status, run.info = FAILED, f"{type(error).__name__}: {error}"
        finally:
            if active:
                if run.status != SUCCESS:
                    await driver.cancel(list(driver.running), self._grace_s)
                driver.release(HOLD)
        seconds = time.monotonic() - started
        if run.options.output_run_statistics:
            run.info = "\n".join(filter(None, [run.info, _statistics(run, seconds)]))
        level = "INFO" if run.status == SUCCESS else "ERROR"
        self._say(run, level, f"{run.status} after {run.passes} passes, {seconds:.1f} s")
        if run.info:
            self._say(run, level, run.info)

    async def _run(self, run: RunAll) -> None:
        options, pumps = run.options, self._pumps
        await pumps.driver.cancel(list(pumps.driver.running), self._grace_s)
        active = pumps.configuration.active
        pipes = {
            pipe: facts for pipe, facts in active.facts.items() if self._is_run(run, pipe, facts)
        }
        if options.reset_pipes_and_delete_sink_datasets:
            kept = () if options.delete_input_datasets else _received(active.facts)
            await pumps.delete_data([pipe for pipe in active.facts if pipe not in kept])
            self._say(run, "INFO", "all pipes are reset")
        graph = Graph(pipes)
        due = set(pipes)
        quiet = 0
        while quiet < max(1, options.extra_zero_runs):
            if run.passes >= options.max_runs:
                raise _FailedError(
                    self._with_failures(run, f"not at rest after {options.max_runs} passes")
                )
            run.passes += 1
            changed, due = await self._pass(run, graph, due)
            due |= self._with_queues(pipes)
            quiet = 0 if changed or due.difference(run.failures) else quiet + 1
        self._judge(run, pipes)

    def _is_run(self, run: RunAll, pipe: str, facts: Facts) -> bool:
        """Input and internal pipes are run; those that only publish or hand on are not."""
        active = self._pumps.configuration.active
        if facts.sink is None or facts.waits:
            return False
        if pipe in active.invalid:
            self._say(run, "WARNING", f"{pipe}: left out, its configuration is invalid")
            return False
        pump = active.effective(pipe).get("pump")
        if type(pump) is dict and pump.get("mode") == "off":
            self._say(run, "WARNING", f'{pipe}: left out, the mode of its pump is "off"')
            return False
        return True

    async def _pass(self, run: RunAll, graph: Graph, due: set[str]) -> tuple[bool, set[str]]:
        """One pass; gives whether anything changed, and the pipes that the next one must run."""
        current = Pass(graph, due)
        tasks: dict[asyncio.Task[RunResult], str] = {}
        changed = False

        def start(pipes: list[str]) -> None:
            for pipe in pipes:
                coroutine = self._pumps.driver.run(pipe, reason="run-all")
                tasks[asyncio.get_running_loop().create_task(coroutine)] = pipe

        start(current.begin())
        started = time.monotonic()
        runs = 0
        try:
            while tasks:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    pipe = tasks.pop(task)
                    result = task.result()
                    runs += 1
                    changed = changed or bool(result.changed_datasets)
                    self._count(run, pipe, result)
                    start(current.ended(pipe, result.changed_datasets, success=result.success))
        finally:
            for task in tasks:
                task.cancel()
        seconds = time.monotonic() - started
        self._say(run, "INFO", f"pass {run.passes}: {runs} runs, {seconds:.2f} s")
        return changed, current.due

    def _count(self, run: RunAll, pipe: str, result: RunResult) -> None:
        tally = run.tallies.setdefault(pipe, Tally())
        tally.runs += 1
        tally.processed += result.processed
        tally.changed += result.changed
        tally.seconds += _seconds(result)
        if result.success:
            run.failures.pop(pipe, None)
            if result.processed:
                text = f"{pipe}: {result.processed} processed, {result.changed} changed"
                self._say(run, "INFO", text)
        else:
            run.failures[pipe] = result.original_error or result.error or "failed"
            self._say(run, "ERROR", f"{pipe}: {result.error}")

    def _with_queues(self, pipes: dict[str, Facts]) -> set[str]:
        """The pipes with something to read, whoever wrote it, unless they wait for a dataset."""
        found = set()
        for pipe, facts in pipes.items():
            if self._pumps.books.last_run(pipe).waiting_for:
                continue
            queues = self._pumps.queues(facts, self._pumps.state(pipe))
            source = queues["source"]
            counts = list(source.values()) if isinstance(source, dict) else [source]
            if any(counts) or any(queues["dependencies"].values()):
                found.add(pipe)
        return found

    def _judge(self, run: RunAll, pipes: dict[str, Facts]) -> None:
        """Raise for pipes that have failed to the end; name those that have waited to the end."""
        for pipe in pipes:
            last = self._pumps.books.last_run(pipe)
            if last.waiting_for:
                self._say(run, "WARNING", f"{pipe}: did not run. {last.message}")
        counted = {
            pipe: error
            for pipe, error in run.failures.items()
            if run.options.check_input_pipes or not (pipe in pipes and pipes[pipe].is_input)
        }
        if counted:
            run.failures = counted
            raise _FailedError(self._with_failures(run, ""))

    def _with_failures(self, run: RunAll, reason: str) -> str:
        shown = list(run.failures.items())[:FAILURES_SHOWN]
        lines = [f'pipe "{pipe}" failed: {error}' for pipe, error in shown]
        if len(run.failures) > FAILURES_SHOWN:
            lines.append(f"… and {len(run.failures) - FAILURES_SHOWN} more pipes failed")
        return "\n".join(filter(None, [reason, *lines]))

    async def _watch(self, run: RunAll) -> None:
        """Wait until a node that runs by its schedule has come to rest."""
        pumps = self._pumps
        quiet = 0
        while quiet <= run.options.extra_zero_runs:
            active = pumps.configuration.active
            pipes = {p: facts for p, facts in active.facts.items() if self._is_run(run, p, facts)}
            last = {pipe: pumps.books.last_run(pipe) for pipe in pipes}
            run.failures = {
                pipe: item.original_error or item.message or "failed"
                for pipe, item in last.items()
                if item.success is False
            }
            at_rest = not pumps.driver.running and not self._with_queues(pipes).difference(
                run.failures
            )
            quiet = quiet + 1 if at_rest else 0
            run.passes += 1
            await asyncio.sleep(POLL_S)
        self._judge(run, pipes)

    # -- the log -----------------------------------------------------------------------------------

    def _say(self, run: RunAll, level: str, text: str) -> None:
        # Each line has a time of its own, so that "after the last line" leaves none out.
        stamp = max(datetime.now(UTC), self._last_stamp + timedelta(microseconds=1))
        self._last_stamp = stamp
        self._lines.append(
            {
                "timestamp": stamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "loglevel": level,
                "logdata": text,
                "token": run.token,
            }
        )
        del self._lines[:-KEPT_LINES]


def _received(facts: Mapping[str, Facts]) -> set[str]:
    """The pipes whose datasets hold what was posted to them."""
    return {pipe for pipe, item in facts.items() if item.receiver and item.sink is not None}


def _seconds(result: RunResult) -> float:
    try:
        begun = datetime.fromisoformat(result.started)
        return (datetime.fromisoformat(result.ended) - begun).total_seconds()
    except ValueError:
        return 0.0


def _statistics(run: RunAll, seconds: float) -> str:
    """A table of what each pipe did, the slowest first."""
    width = max((len(pipe) for pipe in run.tallies), default=4)
    lines = [
        f"{run.passes} passes, {sum(t.runs for t in run.tallies.values())} runs, {seconds:.1f} s",
        f"{'pipe':<{width}} {'runs':>5} {'processed':>10} {'changed':>10} {'seconds':>8}",
    ]
    slowest = sorted(run.tallies.items(), key=lambda item: -item[1].seconds)
    lines += [
        f"{pipe:<{width}} {t.runs:>5} {t.processed:>10} {t.changed:>10} {t.seconds:>8.2f}"
        for pipe, t in slowest
    ]
    return "\n".join(lines)
