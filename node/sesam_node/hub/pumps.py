"""Pumps: what the driver runs, what is known of each, and what people may do with them."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node.errors import ConfigError, NotFoundError, SesamError, suggestion
from sesam_node.hub.active import OWN, delete_datasets
from sesam_node.hub.bookkeeping import Bookkeeping, datasets_of, state_name
from sesam_node.hub.gates import is_populated_at_once
from sesam_node.hub.pump_operations import supported
from sesam_node.model import content_hash, encode
from sesam_node.model.pumps import state_of
from sesam_node.pipes import offsets
from sesam_node.pipes.breaker import held_dataset
from sesam_node.pipes.execution_log import RunLog, log_name
from sesam_node.pipes.http.address_rules import ANY_BUT_OWN, AddressRules
from sesam_node.pipes.out_of_sync import reason_text
from sesam_node.pipes.runs import PipeDefinition, RunRequest
from sesam_node.scheduling.schedule import schedule_of
from sesam_node.scheduling.scheduler import Configured, Disabled, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from sesam_node.hub.active import Active
    from sesam_node.hub.checking import Facts
    from sesam_node.hub.compaction import Compaction
    from sesam_node.hub.configuration import Configuration
    from sesam_node.hub.microservices import Microservices
    from sesam_node.pipes.runs import RunResult
    from sesam_node.scheduling.driver import Driver
    from sesam_node.scheduling.scheduler import Keep, Run
    from sesam_node.store import Dataset, Store

log = logging.getLogger(__name__)

CONFIGURATION = "configuration"
DISABLE_USER_PIPES = "disable_user_pipes"


class Pumps:
    """Makes runs of pipes and keeps the books.

    It is the driver's host, and follows changes of the configuration.
    """

    driver: Driver
    configuration: Configuration
    compaction: Compaction
    microservices: Microservices

    def __init__(
        self,
        store: Store,
        epoch: int,
        *,
        cancel_grace_s: float,
        base_folder: str = "",
        allow_files: bool = False,
        addresses: AddressRules = ANY_BUT_OWN,
    ) -> None:
        self.books = Bookkeeping(store)
        self._store = store
        self.epoch = epoch
        self.grace_s = cancel_grace_s
        self._base_folder = base_folder
        self._allow_files = allow_files
        self._addresses = addresses
        self._fetched: dict[str, dict[str, Any]] = {}
        self._listeners: list[Callable[[RunResult], None]] = []

    # -- the driver's host -------------------------------------------------------------------------

    def definition(self, pipe_id: str) -> PipeDefinition:
        """All that a worker needs to build a pipe."""
        active = self.configuration.active
        definition = self.with_systems(
            active.effective(pipe_id), active.systems_of(pipe_id), active.facts[pipe_id].secrets
        )
        return replace(definition, awaited=active.awaited(pipe_id))

    def with_systems(
        self,
        effective: dict[str, Any],
        systems: Mapping[str, dict[str, Any]],
        named: Collection[str] = (),
    ) -> PipeDefinition:
        """The definition of a pipe, or of a draft of one, with its systems and their secrets.

        `named` are the secrets that its rules name.
        """
        found, secrets = self.configuration.with_secrets(systems, named)
        place = self.microservices.with_address
        return PipeDefinition(
            pipe=effective,
            systems={name: place(name, item) for name, item in found.items()},
            metadata=self.configuration.active.metadata,
            secrets=secrets,
            base_folder=self._base_folder,
            allow_files=self._allow_files,
            addresses=self._addresses,
        )

    def of_system(self, system_id: str) -> PipeDefinition:
        """A system alone, for what is asked of it beside pipes.

        Raises NotFoundError where there is none, ConfigError where it is invalid.
        """
        active = self.configuration.active
        if system_id not in active.document.systems:
            hint = suggestion(system_id, active.document.systems)
            message = f'there is no system "{system_id}"'
            raise NotFoundError(f"{message}; {hint}" if hint else message)
        if system_id in active.invalid:
            message = f'the system "{system_id}" has an invalid configuration'
            raise ConfigError(message, active.problems[system_id])
        systems = {system_id: active.effective(system_id)}
        return self.with_systems({"_id": "", "type": "pipe"}, systems)

    def prepare(self, command: Run) -> RunRequest:
        pipe, pump = command.pipe, self._pump_config(command.pipe)
        kind = self._counted(pipe, pump) if command.kind == "auto" else command.kind
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
            compaction=self.compaction.for_run(pipe),
        )

    def _counted(self, pipe: str, pump: Mapping[str, Any]) -> str:
        """Is it the turn of a rescan, or of a partial one? A rescan goes before."""
        kept = self.books.kept(pipe)
        rescan, runs = _turn(pump.get("rescan_run_count"), kept.runs)
        partial, partial_runs = _turn(pump.get("partial_rescan_run_count"), kept.partial_runs)
        self.books.keep(pipe, runs=runs, partial_runs=partial_runs)
        return "rescan" if rescan else "partial" if partial else "auto"

    def finished(self, request: RunRequest, result: RunResult) -> None:
        pipe = result.pipe_id
        if not result.success:
            keys = {"pipe": pipe, "run": result.run_id}
            level = logging.INFO if result.cancelled else logging.WARNING
            log.log(level, "the run failed: %s", result.error, extra=keys)
        if result.out_of_sync:
            keys = {"pipe": pipe, "run": result.run_id}
            reasons = reason_text(result.out_of_sync)
            log.warning("the pipe is out of sync, and wants a reset: %s", reasons, extra=keys)
        if pipe in self.configuration.active.document.pipes:
            self.books.ended(result)
            if result.fetched:
                self._fetched[pipe] = result.fetched
            if not result.success and not result.events:
                self._tell_loss(request, result)
        if result.tripped:
            self.driver.handle(Disabled(pipe))
        for listener in list(self._listeners):
            listener(result)

    def with_fetched(self, effective: dict[str, Any]) -> dict[str, Any]:
        """The effective configuration of a pipe with the schemas that its last run has fetched."""
        fetched = self._fetched.get(str(effective.get("_id")))
        transform = effective.get("transform")
        if not fetched or transform is None:
            return effective

        def complete(item: Any) -> Any:
            place = item.get("schema_url") if type(item) is dict else None
            return {**item, "schema": fetched[place]} if place in fetched else item

        several = type(transform) is list
        put_in = [complete(item) for item in transform] if several else complete(transform)
        return {**effective, "transform": put_in}

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
        await self.driver.cancel(pipes, self.grace_s)

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
                disabled=frozenset(
                    pipe
                    for pipe, item in kept.items()
                    if item.disabled or self.tripped(new.facts[pipe].sink)
                ),
            )
        )
        self.microservices.configured()
        for pipe, facts in new.facts.items():
            if is_populated_at_once(facts, new.effective(pipe)):
                self._populate(facts)
        tasks = new.metadata.get("task_manager")
        if type(tasks) is dict and tasks.get("disable_user_pipes") is True:
            self.driver.hold(DISABLE_USER_PIPES)
        else:
            self.driver.release(DISABLE_USER_PIPES)
        self.driver.release(CONFIGURATION)

    def _populate(self, facts: Facts) -> None:
        dataset = self._store.dataset(facts.sink or "")
        if not dataset.populated:
            dataset.set_populated()

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

    def runnable(self, pipe_id: str) -> Facts:
        """The facts of a pipe whose configuration is right. Raises NotFoundError, ConfigError."""
        facts = self.known(pipe_id)
        active = self.configuration.active
        if pipe_id in active.invalid:
            raise ConfigError(
                f'the pipe "{pipe_id}" has an invalid configuration', active.problems[pipe_id]
            )
        return facts

    def dataset(self, name: str) -> Dataset | None:
        """A dataset, if it is there."""
        try:
            return self._store.dataset(name, create=False)
        except NotFoundError:
            return None

    def dataset_counts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What there is in each dataset: living and deleted entities; the node's own left out."""
        for name in self._store.names():
            dataset = None if name.startswith(OWN) else self.dataset(name)
            if dataset is None:
                continue
            try:
                counts, populated, head = dataset.counts(), dataset.populated, dataset.head()
            except SesamError:
                # Deleted meanwhile.
                continue
            yield (
                name,
                {
                    "entities": counts.index_exists - counts.index_deleted,
                    "deleted": counts.index_deleted,
                    "last-offset": head - 1,
                    "populated": populated,
                },
            )

    def tripped(self, sink: str | None) -> bool:
        """Has the circuit breaker of a dataset tripped?"""
        return sink is not None and held_dataset(self._store, sink) is not None

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
        found: dict[str, Any] = {
            "state": "Deployed",
            "is-running": running is not None,
            "is-disabled": kept.disabled,
            "circuit-breaker-tripped": self.tripped(facts.sink),
            "disabled-comment": kept.comment or None,
            "is-valid-config": pipe_id not in active.invalid,
            "config-errors": active.config_errors(pipe_id),
            "last-seen": offsets.last_seen(state.offset),
            "last-run": last.ended,
            "next-run": time_text(next_run),
            "last-message": last.message,
            "last-original-error-message": last.original_error,
            "success": last.success,
            "progress": {"processed": processed},
            "queues": self.queues(facts, state),
            "out-of-sync": state.out_of_sync,
            "waiting-for": list(last.waiting_for),
            "retries": state.retries,
            "supported-operations": supported(facts),
            "dependencies": sorted(facts.hops),
            "execution-dataset": log_name(pipe_id),
        }
        return {**found, "status": state_of(found)}

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


def _turn(every: Any, runs: int) -> tuple[bool, int]:
    """Is every `every`-th run due after `runs` others? And the count for the next time."""
    if type(every) is not int or every < 1:
        return False, 0
    return (True, 0) if runs + 1 >= every else (False, runs + 1)


def _global(active: Active, name: str) -> Any:
    defaults = active.metadata.get("global_defaults")
    return defaults.get(name) if type(defaults) is dict else None


def time_text(moment: float | None) -> str | None:
    """A moment in Unix time as text, in UTC."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
