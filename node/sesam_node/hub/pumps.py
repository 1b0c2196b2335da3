"""Pumps: what the driver runs, what is known of each, and what people may do with them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node.errors import ConfigError, ConflictError, InputError, NotFoundError, SesamError
from sesam_node.hub.bookkeeping import Bookkeeping, datasets_of, state_name
from sesam_node.hub.configuration import delete_datasets
from sesam_node.model import content_hash, encode
from sesam_node.pipes import offsets
from sesam_node.pipes.execution_log import RunLog, log_name, write_event
from sesam_node.pipes.runs import PipeDefinition, RunRequest, now_text
from sesam_node.scheduling.schedule import schedule_of
from sesam_node.scheduling.scheduler import (
    Configured,
    Disabled,
    Enabled,
    Plan,
)
from sesam_node.store import Commit, Fence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sesam_node.hub.active import Active
    from sesam_node.hub.checking import Facts
    from sesam_node.hub.configuration import Configuration
    from sesam_node.pipes.batch import Offset
    from sesam_node.pipes.runs import RunResult
    from sesam_node.scheduling.driver import Driver
    from sesam_node.scheduling.scheduler import Keep, Run
    from sesam_node.store import Dataset, Store

log = logging.getLogger(__name__)

CONFIGURATION = "configuration"
DISABLE_USER_PIPES = "disable_user_pipes"

EVERY_PUMP = ("start", "stop", "start-rescan", "enable", "disable")
WITH_OFFSET = ("update-last-seen", "reset-rescan")
DATASET_OFFSET = ("set-last-seen-to-end",)


class Pumps:
    """Makes runs of pipes, keeps the books, and carries out what the API asks of a pump.

    It is the driver's host, and follows changes of the configuration.
    """

    driver: Driver
    configuration: Configuration

    def __init__(
        self,
        store: Store,
        epoch: int,
        *,
        cancel_grace_s: float,
        base_folder: str = "",
        allow_files: bool = False,
    ) -> None:
        self.books = Bookkeeping(store)
        self._store = store
        self.epoch = epoch
        self._grace_s = cancel_grace_s
        self._base_folder = base_folder
        self._allow_files = allow_files
        self._listeners: list[Callable[[RunResult], None]] = []

    # -- the driver's host -------------------------------------------------------------------------

    def definition(self, pipe_id: str) -> PipeDefinition:
        """All that a worker needs to build a pipe."""
        active = self.configuration.active
        systems = active.systems_of(pipe_id)
        return replace(
            self.base_definition(active.effective(pipe_id)),
            systems=systems,
            secrets=self.configuration.system_secrets(systems),
        )

    def base_definition(self, effective: dict[str, Any]) -> PipeDefinition:
        """The definition of a pipe without its systems."""
        return PipeDefinition(
            pipe=effective,
            metadata=self.configuration.active.metadata,
            base_folder=self._base_folder,
            allow_files=self._allow_files,
        )

    def prepare(self, command: Run) -> RunRequest:
        pipe, pump = command.pipe, self._pump_config(command.pipe)
        kind: str = command.kind
        every = pump.get("rescan_run_count")
        if type(every) is int and every > 0 and kind == "auto":
            runs = self.books.kept(pipe).runs + 1
            kind = "rescan" if runs >= every else kind
            self.books.keep(pipe, runs=0 if runs >= every else runs)
        interval = pump.get("schedule_interval")
        return RunRequest(
            run_id=str(uuid4()),
            definition=self.definition(pipe),
            kind=kind,
            epoch=self.epoch,
            revision=self.configuration.active.revision,
            user=command.user,
            reason=command.reason,
            next_interval=interval if type(interval) in (int, float) else None,
        )

    def finished(self, request: RunRequest, result: RunResult) -> None:
        pipe = result.pipe_id
        if not result.success:
            keys = {"pipe": pipe, "run": result.run_id}
            level = logging.INFO if result.cancelled else logging.WARNING
            log.log(level, "the run failed: %s", result.error, extra=keys)
        if pipe in self.configuration.active.document.pipes:
            self.books.ended(result)
            if not result.success and not result.events:
                self._tell_loss(request, result)
        for listener in list(self._listeners):
            listener(result)

    def _tell_loss(self, request: RunRequest, result: RunResult) -> None:
        """A run whose worker died could not write its own end."""
        try:
            RunLog(self._store, request, {"log_events_noop_runs": True}).ended(result, 0.0)
        except SesamError:
            log.exception(
                "the execution log of the pipe cannot be written", extra={"pipe": result.pipe_id}
            )

    def keep(self, command: Keep) -> None:
        if command.pipe in self.configuration.active.document.pipes:
            self.books.keep(command.pipe, next_run=command.next_run)

    def listen(self, listener: Callable[[RunResult], None]) -> None:
        """Tell `listener` of every run that ends, until `unlisten`."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[RunResult], None]) -> None:
        self._listeners.remove(listener)

    # -- changes of the configuration --------------------------------------------------------------

    async def stop_pipes(self, pipes: Collection[str]) -> None:
        self.driver.hold(CONFIGURATION)
        await self.driver.cancel(pipes, self._grace_s)

    def activated(self, old: Active, new: Active, *, startup: bool = False) -> None:
        for pipe in set(old.document.pipes).difference(new.document.pipes):
            self.books.forget(pipe)
            self.books.forget_kept(pipe)
        kept = {pipe: self.books.kept(pipe) for pipe in new.document.pipes}
        self.driver.handle(
            Configured(
                plans=tuple(self._plan(pipe, new) for pipe in new.document.pipes),
                now=self.driver.clock.now(),
                startup=startup,
                next_runs={
                    pipe: item.next_run for pipe, item in kept.items() if item.next_run is not None
                },
                disabled=frozenset(pipe for pipe, item in kept.items() if item.disabled),
            )
        )
        tasks = new.metadata.get("task_manager")
        if type(tasks) is dict and tasks.get("disable_user_pipes") is True:
            self.driver.hold(DISABLE_USER_PIPES)
        else:
            self.driver.release(DISABLE_USER_PIPES)
        self.driver.release(CONFIGURATION)

    def _plan(self, pipe: str, active: Active) -> Plan:
        facts, config = active.facts[pipe], active.effective(pipe)
        pump = config.get("pump")
        pump = pump if type(pump) is dict else {}
        if pipe in active.invalid:
            return Plan(pipe, mode="off")
        schedule = schedule_of(pump, internal=facts.internal)
        source = config.get("source")
        wanted = source.get("supports_signalling") if type(source) is dict else None
        if wanted is None:
            default = _global(active, "use_signalling_internally")
            wanted = default is not False and facts.internal and not schedule.is_long
        rescan = pump.get("rescan_cron_expression")
        mode = pump.get("mode")
        return Plan(
            pipe,
            schedule,
            mode if mode in ("manual", "off") else "scheduled",
            waits=facts.waits,
            reads=facts.reads if wanted and not facts.waits else frozenset(),
            run_at_startup=self._runs_at_startup(pump, facts, active),
            rescan_cron=rescan if type(rescan) is str else "",
            version=content_hash(encode([pump, config.get("source"), sorted(facts.reads)])).hex(),
        )

    def _runs_at_startup(self, pump: Mapping[str, Any], facts: Facts, active: Active) -> bool:
        if pump.get("run_at_startup") is True:
            return True
        wanted = pump.get("run_at_startup_if_not_populated")
        if wanted is None:
            wanted = _global(active, "run_at_startup_if_not_populated")
        if wanted is not True or facts.sink is None:
            return False
        dataset = self.dataset(facts.sink)
        return dataset is None or not dataset.populated

    # -- state -------------------------------------------------------------------------------------

    def known(self, pipe_id: str) -> Facts:
        """The facts of a pipe. Raises NotFoundError."""
        facts = self.configuration.active.facts.get(pipe_id)
        if facts is None:
            raise NotFoundError(f'there is no pipe "{pipe_id}"')
        return facts

    def dataset(self, name: str) -> Dataset | None:
        """A dataset, if it is there."""
        try:
            return self._store.dataset(name, create=False)
        except NotFoundError:
            return None

    def state(self, pipe_id: str) -> offsets.PipeState:
        """Where the pipe is in what it reads."""
        facts = self.known(pipe_id)
        dataset = self.dataset(facts.sink or state_name(pipe_id))
        if dataset is None:
            return offsets.PipeState()
        try:
            return offsets.read_state(dataset.state(pipe_id))
        except NotFoundError:
            return offsets.PipeState()

    def runtime(self, pipe_id: str) -> dict[str, Any]:
        """All runtime fields of a pump."""
        facts = self.known(pipe_id)
        active = self.configuration.active
        state = self.state(pipe_id)
        last = self.books.last_run(pipe_id)
        kept = self.books.kept(pipe_id)
        running = self.driver.running.get(pipe_id)
        next_run = self.driver.scheduler.next_run(pipe_id)
        processed = last.processed if running is None else running.progress.get("processed", 0)
        return {
            "state": "Deployed",
            "is-running": running is not None,
            "is-disabled": kept.disabled,
            "disabled-comment": kept.comment or None,
            "is-valid-config": pipe_id not in active.invalid,
            "config-errors": active.config_errors(pipe_id),
            "last-seen": offsets.last_seen(state.offset),
            "last-run": last.ended,
            "next-run": _time_text(next_run),
            "last-message": last.message,
            "last-original-error-message": last.original_error,
            "success": last.success,
            "progress": {"processed": processed},
            "queues": self.queues(facts, state),
            "supported-operations": self.operations(pipe_id),
            "dependencies": sorted(facts.hops),
            "execution-dataset": log_name(pipe_id),
        }

    def queues(self, facts: Facts, state: offsets.PipeState) -> dict[str, Any]:
        """How many versions there are to read in each dataset: in the source, and hopped to."""
        source: Any = None
        if len(facts.sources) == 1 and type(state.offset) is not dict:
            seen = state.offset + 1 if type(state.offset) is int else 0
            source = self._waiting(facts.sources[0], seen)
        elif facts.sources:
            at = state.offset if type(state.offset) is dict else {}
            source = {
                name: self._waiting(name, at[name] + 1 if type(at.get(name)) is int else 0)
                for name in facts.sources
            }
        hops = state.hops or {}
        return {
            "source": source,
            "dependencies": {
                name: self._waiting(name, hops.get(name, (0, None))[0])
                for name in sorted(facts.hops)
            },
        }

    def _waiting(self, name: str, seen: int) -> int | None:
        dataset = self.dataset(name)
        if dataset is None:
            return None
        try:
            return max(0, dataset.head() - seen)
        except NotFoundError:
            return None

    # -- operations --------------------------------------------------------------------------------

    def operations(self, pipe_id: str) -> list[str]:
        """The operations that a pump has."""
        facts = self.known(pipe_id)
        if facts.waits:
            return ["enable", "disable"]
        found = list(EVERY_PUMP)
        if facts.since:
            found += WITH_OFFSET
            found += DATASET_OFFSET if facts.sources else ()
        return sorted(found)

    async def operate(
        self, pipe_id: str, operation: str, arguments: Mapping[str, str], user: str = ""
    ) -> dict[str, Any]:
        """Carry out an operation; gives the runtime fields that it changed beyond their source.

        Raises InputError for one that the pump does not have, ConflictError where it cannot be
        now.
        """
        if operation not in self.operations(pipe_id):
            raise InputError(
                f'the pump of "{pipe_id}" doesn\'t support the operation "{operation}"'
            )
        match operation:
            case "start" | "start-rescan":
                self._start(pipe_id, operation, user)
            case "stop":
                await self.driver.cancel([pipe_id], self._grace_s)
            case "enable":
                self.enable(pipe_id, user)
            case "disable":
                self.disable(pipe_id, arguments.get("comment", ""), user)
            case "update-last-seen":
                text = arguments.get("last-seen", "")
                self._move(pipe_id, offsets.parse_last_seen(text), user)
                return {"last-seen": text}
            case "set-last-seen-to-end":
                self._move(pipe_id, self._end(pipe_id), user, hops=True)
            case "reset-rescan":
                self._change_state(pipe_id, {})
        return {}

    def _start(self, pipe_id: str, operation: str, user: str) -> None:
        active = self.configuration.active
        if pipe_id in active.invalid:
            raise ConfigError(
                f'the pipe "{pipe_id}" has an invalid configuration',
                active.problems.get(pipe_id, ()),
            )
        self.driver.start(pipe_id, "rescan" if operation == "start-rescan" else "auto", user=user)

    def enable(self, pipe_id: str, user: str = "") -> None:
        self.known(pipe_id)
        if self.books.kept(pipe_id).disabled:
            self.books.keep(pipe_id, disabled=False, comment="")
            self._event(pipe_id, "pump-enabled", user)
        self.driver.handle(Enabled(pipe_id, self.driver.clock.now()))

    def disable(self, pipe_id: str, comment: str = "", user: str = "") -> None:
        self.known(pipe_id)
        before = self.books.kept(pipe_id)
        self.books.keep(pipe_id, disabled=True, comment=comment)
        if before != self.books.kept(pipe_id):
            self._event(pipe_id, "pump-disabled", user, comment=comment)
        self.driver.handle(Disabled(pipe_id))

    def _move(self, pipe_id: str, offset: Offset, user: str, *, hops: bool = False) -> None:
        """Set the offset of a pipe, and where its hopped datasets end if `hops`."""
        facts = self.known(pipe_id)
        if self.configuration.active.effective(pipe_id).get("disable_set_last_seen") is True:
            raise InputError(
                f'"disable_set_last_seen" of the pipe "{pipe_id}" forbids to set its offset'
            )
        union = facts.source_type == "union_datasets" or len(facts.sources) > 1
        offset = offsets.check_offset(offset, facts.sources, union=union)
        before = self.state(pipe_id).offset
        changes: dict[str, bytes | None] = {
            offsets.OFFSET: None if offset is None else encode(offset)
        }
        if hops:
            heads: dict[str, tuple[int, str | None]] = {}
            for name in facts.hops:
                dataset = self.dataset(name)
                heads[name] = (0, None) if dataset is None else (dataset.head(), dataset.generation)
            changes[offsets.HOPS] = offsets.hops_bytes(heads)
        self._change_state(pipe_id, changes)
        self._event(
            pipe_id,
            "pump-offset-set",
            user,
            is_reset=offset is None,
            pipe_offset=offset,
            original_pipe_offset=before,
        )

    def _end(self, pipe_id: str) -> Offset:
        """The offset behind all that is in the source's datasets."""
        facts = self.known(pipe_id)
        ends = {
            name: dataset.head() - 1
            for name in facts.sources
            if (dataset := self.dataset(name)) is not None
        }
        if facts.source_type == "union_datasets" or len(facts.sources) > 1:
            return ends
        return ends.get(facts.sources[0], -1)

    def _change_state(self, pipe_id: str, changes: dict[str, bytes | None]) -> None:
        """Write state of a pipe that does not run; an unfinished full run is given up."""
        if pipe_id in self.driver.running:
            raise ConflictError(f'the pipe "{pipe_id}" is running; stop it first')
        facts = self.known(pipe_id)
        dataset = self._store.dataset(facts.sink or state_name(pipe_id))
        open_run = [
            key
            for key in dataset.state(pipe_id)
            if key == offsets.FULL_RUN or key.startswith(f"{offsets.FULL_RUN}:")
        ]
        fence = Fence(
            self.epoch, self.configuration.active.revision, pipe_id, f"operation:{uuid4()}"
        )
        dataset.claim(fence)
        dataset.write([], Commit(pipe_id, {**dict.fromkeys(open_run), **changes}, fence))

    def _event(self, pipe_id: str, event_type: str, user: str, **more: Any) -> None:
        event = {
            "_id": event_type,
            "event_type": event_type,
            "event_time": now_text(),
            "pipe": pipe_id,
            **more,
        }
        if user:
            event["user"] = {"user_id": user}
        write_event(self._store, pipe_id, event)

    async def delete_data(self, pipes: Collection[str]) -> None:
        """Delete the sinks and the state of pipes that do not run; their logs stay."""
        names = {
            name
            for pipe in pipes
            for name in datasets_of(pipe, self.known(pipe))
            if name != log_name(pipe)
        }
        await asyncio.to_thread(delete_datasets, self._store, names)

    def _pump_config(self, pipe_id: str) -> dict[str, Any]:
        pump = self.configuration.active.effective(pipe_id).get("pump")
        return pump if type(pump) is dict else {}


def _global(active: Active, name: str) -> Any:
    defaults = active.metadata.get("global_defaults")
    return defaults.get(name) if type(defaults) is dict else None


def _time_text(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
