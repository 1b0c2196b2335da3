"""What people may do with a pump: start and stop it, disable it, set where it goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node.errors import ConflictError, InputError
from sesam_node.hub.bookkeeping import state_name
from sesam_node.model import encode
from sesam_node.pipes import offsets
from sesam_node.pipes.breaker import COMMIT
from sesam_node.pipes.execution_log import write_event
from sesam_node.pipes.observing import discard
from sesam_node.pipes.runs import now_text
from sesam_node.scheduling.scheduler import Changed, Disabled, Enabled
from sesam_node.store import Commit, Fence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.hub.checking import Facts
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.batch import Offset
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store import Store

EVERY_PUMP = ("start", "stop", "start-rescan", "enable", "disable", "discard-retries")
TRACKING = ("reset-tracking", "set-tracking-to-start")
OF_SINK = ("discard-inferred-schema",)
WITH_OFFSET = ("update-last-seen", "reset-rescan")
RESOLVE_S = 600.0
DATASET_OFFSET = ("set-last-seen-to-end",)


def supported(facts: Facts) -> list[str]:
    """The operations that the pump of a pipe has."""
    if facts.waits:
        return ["disable", "enable"]
    found = list(EVERY_PUMP)
    if facts.since:
        found += WITH_OFFSET
        found += DATASET_OFFSET if facts.sources else ()
        found += TRACKING if facts.sources and facts.hops else ()
    found += OF_SINK if facts.sink is not None else ()
    return sorted(found)


class PumpOperations:
    """Carries out operations; each is on disk when it returns."""

    def __init__(self, store: Store, pumps: Pumps, executor: Executor) -> None:
        self._store = store
        self._executor = executor
        self._pumps = pumps

    async def operate(
        self, pipe_id: str, operation: str, arguments: Mapping[str, str], user: str = ""
    ) -> dict[str, Any]:
        """Carry out an operation; gives the runtime fields that it changed beyond their source.

        Raises InputError for one that the pump does not have, ConflictError where it cannot be
        now.
        """
        if operation not in supported(self._pumps.known(pipe_id)):
            raise InputError(
                f'the pump of "{pipe_id}" doesn\'t support the operation "{operation}"'
            )
        match operation:
            case "start" | "start-rescan":
                self._start(pipe_id, operation, user)
            case "stop":
                await self._pumps.driver.cancel([pipe_id], self._pumps.grace_s)
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
            case "reset-tracking":
                self._change_state(pipe_id, self._hops(pipe_id, at_end=True))
            case "set-tracking-to-start":
                self._change_state(pipe_id, self._hops(pipe_id, at_end=False))
            case "reset-rescan":
                self._reset_rescan(pipe_id)
            case "discard-retries":
                self._discard_retries(pipe_id, user)
            case "discard-inferred-schema":
                sink = self._pumps.known(pipe_id).sink or ""
                await asyncio.to_thread(discard, self._store, sink)
                self._event(pipe_id, "pump-discard-inferred-schema", user)
        return {}

    def _start(self, pipe_id: str, operation: str, user: str) -> None:
        self._pumps.runnable(pipe_id)
        self._check_breaker(pipe_id)
        self._pumps.driver.start(
            pipe_id, "rescan" if operation == "start-rescan" else "auto", user=user
        )

    def _check_breaker(self, pipe_id: str) -> None:
        sink = self._pumps.known(pipe_id).sink
        if self._pumps.tripped(sink):
            raise ConflictError(
                f'the circuit breaker of dataset "{sink}" has tripped; commit what is held back '
                f'or roll it back before the pipe "{pipe_id}" can go on'
            )

    def enable(self, pipe_id: str, user: str = "") -> None:
        self._pumps.known(pipe_id)
        if self._pumps.books.kept(pipe_id).disabled:
            self._pumps.books.keep(pipe_id, disabled=False, comment="")
            self._event(pipe_id, "pump-enabled", user)
        self.take_up(pipe_id)

    def take_up(self, pipe_id: str) -> None:
        """Have a pipe scheduled again, unless it is disabled or its circuit breaker has tripped."""
        kept = self._pumps.books.kept(pipe_id)
        if not kept.disabled and not self._pumps.tripped(self._pumps.known(pipe_id).sink):
            self._pumps.driver.handle(Enabled(pipe_id, self._pumps.driver.clock.now()))

    def disable(self, pipe_id: str, comment: str = "", user: str = "") -> None:
        self._pumps.known(pipe_id)
        before = self._pumps.books.kept(pipe_id)
        self._pumps.books.keep(pipe_id, disabled=True, comment=comment)
        if before != self._pumps.books.kept(pipe_id):
            self._event(pipe_id, "pump-disabled", user, comment=comment)
        self._pumps.driver.handle(Disabled(pipe_id))

    def _move(self, pipe_id: str, offset: Offset, user: str, *, hops: bool = False) -> None:
        """Set the offset of a pipe, and where its hopped datasets end if `hops`."""
        facts = self._pumps.known(pipe_id)
        if self._pumps.configuration.active.effective(pipe_id).get("disable_set_last_seen") is True:
            raise InputError(
                f'"disable_set_last_seen" of the pipe "{pipe_id}" forbids to set its offset'
            )
        offset = offsets.check_offset(offset, facts.sources, union=facts.reads_many)
        before = self._pumps.state(pipe_id).offset
        changes: dict[str, bytes | None] = {
            offsets.OFFSET: None if offset is None else encode(offset)
        }
        if hops:
            changes |= self._hops(pipe_id, at_end=True)
        self._change_state(pipe_id, changes, gives_up_full_run=True)
        self._event(
            pipe_id,
            "pump-offset-set",
            user,
            is_reset=offset is None,
            pipe_offset=offsets.last_seen(offset),
            original_pipe_offset=offsets.last_seen(before),
        )

    def _end(self, pipe_id: str) -> Offset:
        """The offset behind all that is in the source's datasets."""
        facts = self._pumps.known(pipe_id)
        ends = {
            name: dataset.head() - 1
            for name in facts.sources
            if (dataset := self._pumps.dataset(name)) is not None
        }
        if facts.reads_many:
            return ends
        return ends.get(facts.sources[0], -1)

    def _hops(self, pipe_id: str, *, at_end: bool) -> dict[str, bytes | None]:
        """The state in which hopped datasets are tracked from their end on, or from their start."""
        heads: dict[str, tuple[int, str | None]] = {}
        for name in self._pumps.known(pipe_id).hops:
            dataset = self._pumps.dataset(name)
            if dataset is None:
                heads[name] = (0, None)
            else:
                heads[name] = (dataset.head() if at_end else 0, dataset.generation)
        return {offsets.HOPS: offsets.hops_bytes(heads)}

    def _reset_rescan(self, pipe_id: str) -> None:
        """Have the next full run begin at the start, where one is unfinished."""
        unfinished = self._pumps.state(pipe_id).full_run is not None
        changes: dict[str, bytes | None] = {offsets.OFFSET: None} if unfinished else {}
        self._change_state(pipe_id, changes, gives_up_full_run=True)

    def _discard_retries(self, pipe_id: str, user: str) -> None:
        facts = self._pumps.known(pipe_id)
        dataset = self._pumps.dataset(facts.sink or state_name(pipe_id))
        kept = [] if dataset is None else dataset.state(pipe_id)
        waiting = [key for key in kept if key.startswith(offsets.RETRY)]
        if waiting:
            self._change_state(pipe_id, dict.fromkeys(waiting))
        self._event(pipe_id, "pump-discard-retries", user, discarded=len(waiting))

    def _change_state(
        self,
        pipe_id: str,
        changes: dict[str, bytes | None],
        *,
        gives_up_full_run: bool = False,
    ) -> None:
        """Write state of a pipe that does not run."""
        if pipe_id in self._pumps.driver.running:
            raise ConflictError(f'the pipe "{pipe_id}" is running; stop it first')
        self._check_breaker(pipe_id)
        facts = self._pumps.known(pipe_id)
        dataset = self._store.dataset(facts.sink or state_name(pipe_id))
        open_run = [
            key
            for key in dataset.state(pipe_id)
            if gives_up_full_run
            and (key == offsets.FULL_RUN or key.startswith(f"{offsets.FULL_RUN}:"))
        ]
        fence = Fence(
            self._pumps.epoch,
            self._pumps.configuration.active.revision,
            pipe_id,
            f"operation:{uuid4()}",
        )
        dataset.claim(fence)
        dataset.write([], Commit(pipe_id, {**dict.fromkeys(open_run), **changes}, fence))

    async def resolve_breaker(self, dataset: str, operation: str, user: str = "") -> int:
        """Commit or roll back what the breaker of a dataset holds; gives how many entities.

        Raises ConflictError where it has not tripped.
        """
        pipes = [
            pipe
            for pipe, facts in self._pumps.configuration.active.facts.items()
            if facts.sink == dataset
        ]
        for pipe in pipes:
            if pipe in self._pumps.driver.running:
                raise ConflictError(f'the pipe "{pipe}" is running; stop it first')
        call = self._executor.call(
            "sesam_node.pipes.breaker:resolve",
            {
                "dataset": dataset,
                "pipe": pipes[0] if pipes else dataset,
                "operation": operation,
                "epoch": self._pumps.epoch,
                "revision": self._pumps.configuration.active.revision,
                "run": f"operation:{uuid4()}",
            },
            timeout_s=RESOLVE_S,
        )
        entities: int = await call.value()
        for pipe in pipes:
            self._event(pipe, operation, user, entities=entities)
            self.take_up(pipe)
        if operation == COMMIT:
            self._pumps.driver.handle(Changed(frozenset([dataset])))
        return entities

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
