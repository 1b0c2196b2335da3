"""Entities that failed: which are tried again and how often, and what is told of them.

With `max_write_errors_in_retry_dataset` above 0 a source entity that a transform or the sink fails
on is kept, and the run goes on behind it. Later runs try it again until that works, a newer version
of it works, or `max_retries_per_entity` is used up: then it is dead, and goes to the dead letters.

What is kept is part of the pipe's state and commits with the output, as does the outbox: events and
dead letters that are still to be written to their datasets. They are written after the commit, and
once more by the next run where that was interrupted.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, SesamError
from sesam_node.hiding import hidden
from sesam_node.model import decode, encode
from sesam_node.pipes.offsets import OUTBOX, RETRY
from sesam_node.pipes.runs import now_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.pipe import Pipe

WRITE_ERROR = "write-error"
NO_CONTACT, THIS_ENTITY = 0, 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A source entity to try again: how often that was done, and the run that did it last."""

    entity: Entity
    attempts: int
    run: str

    def is_of(self, entity: Entity) -> bool:
        """Is this the same version of the entity?"""
        return encode(self.entity) == encode(entity)


def dead_letters_name(pipe_id: str, pump: Mapping[str, Any]) -> str | None:
    """The dataset that entities go to when they are given up; null where there is none."""
    if pump.get("dead_letter_dataset"):
        return str(pump["dead_letter_dataset"])
    return f"system:dead-letter:{pipe_id}" if pump.get("use_dead_letter_dataset") else None


class Retries:
    """The failed entities of one pipe during a run.

    `known_dead` gives the entity that was given up last under an id, from the execution log.
    `outbox` holds what is to be told once the state is committed: `{"event"}`, or `{"revived"}`
    with the id of a dead letter that is none any more. `failed_ids` are those of this run; `errors`
    counts its errors, `kept` those that the run went on behind.
    """

    def __init__(
        self,
        pump: Mapping[str, Any],
        state: Mapping[str, bytes],
        run_id: str,
        known_dead: Callable[[str], Entity | None],
        now: Callable[[], str] = now_text,
    ) -> None:
        self._most_entries: int = pump["max_write_errors_in_retry_dataset"]
        self._most_attempts: int = pump["max_retries_per_entity"]
        self._run = run_id
        self._known_dead = known_dead
        self._now = now
        self._entries = {
            key.removeprefix(RETRY): Entry(**decode(value))
            for key, value in state.items()
            if key.startswith(RETRY)
        }
        self.outbox: list[dict[str, Any]] = decode(state[OUTBOX]) if OUTBOX in state else []
        self._stored_outbox = OUTBOX in state
        self._touched: set[str] = set()
        self.failed_ids: set[str] = set()
        self.errors = self.kept = 0

    @property
    def keeps(self) -> bool:
        """Are failed entities kept, and the run goes on behind them?"""
        return self._most_entries > 0

    @property
    def waiting(self) -> dict[str, Entity]:
        """The entities to try again, by id."""
        return {name: entry.entity for name, entry in self._entries.items()}

    def failed(self, source_id: str, entity: Entity, error: Exception, text: str) -> None:
        """An entity has failed; `text` is the traceback.

        Raises PipeError where no more may be kept.
        """
        self.errors += 1
        before = self._entries.get(source_id)
        if before is None:
            dead = self._known_dead(source_id)
            if dead is not None and encode(dead) == encode(entity):
                self._keep(source_id)
                return
            if len(self._entries) >= self._most_entries:
                raise PipeError(
                    f"{error}\nit cannot be kept for another try: there are "
                    f"{len(self._entries)} such entities, as many as "
                    f'"max_write_errors_in_retry_dataset" allows'
                ) from error
        self._keep(source_id)
        attempts = 0
        if before is not None and before.is_of(entity):
            attempts = before.attempts + (before.run != self._run)
        is_dead = attempts >= self._most_attempts
        self._touched.add(source_id)
        if is_dead:
            self._entries.pop(source_id, None)
        else:
            self._entries[source_id] = Entry(entity, attempts, self._run)
        self._tell(
            source_id,
            entity,
            attempts,
            error_code=error_code(error),
            retryable=not is_dead,
            resolved=False,
            dead=is_dead,
            traceback=text,
            original_traceback=text,
            original_error_message=message_of(error),
        )

    def _keep(self, source_id: str) -> None:
        self.kept += 1
        self.failed_ids.add(source_id)

    def succeeded(self, source_id: str, entity: Entity) -> None:
        """A version of an entity that failed before went through."""
        entry = self._entries.pop(source_id, None)
        if entry is None:
            return
        self._touched.add(source_id)
        same = entry.is_of(entity)
        self._tell(
            source_id,
            entry.entity,
            entry.attempts + (1 if same else 0),
            error_code=THIS_ENTITY,
            retryable=False,
            resolved=True,
            dead=False,
            **({} if same else {"resolved_entity": entity}),
        )

    def revived(self, ids: Iterable[str]) -> None:
        """Entities with dead letters went through after all."""
        self.outbox += [{"revived": source_id} for source_id in ids]

    def forget_unmet(self) -> None:
        """At the end of a full run: what it did not meet is not in the source any more."""
        for source_id, entry in list(self._entries.items()):
            if source_id in self.failed_ids:
                continue
            del self._entries[source_id]
            self._touched.add(source_id)
            self._tell(
                source_id,
                entry.entity,
                entry.attempts,
                error_code=THIS_ENTITY,
                retryable=False,
                resolved=False,
                dead=False,
            )

    def changes(self) -> dict[str, bytes | None]:
        """The changes of state since this was asked last."""
        changed: dict[str, bytes | None] = {}
        for source_id in self._touched:
            entry = self._entries.get(source_id)
            changed[RETRY + source_id] = (
                None
                if entry is None
                else encode({"entity": entry.entity, "attempts": entry.attempts, "run": entry.run})
            )
        self._touched.clear()
        if self.outbox:
            changed[OUTBOX] = encode(self.outbox)
        elif self._stored_outbox:
            changed[OUTBOX] = None
        self._stored_outbox = bool(self.outbox)
        return changed

    def _tell(self, source_id: str, entity: Entity, attempts: int, **more: Any) -> None:
        event = {
            "_id": f"{WRITE_ERROR}:{source_id}",
            "event_type": WRITE_ERROR,
            "event_time": self._now(),
            "run_id": self._run,
            "retry_attempts": attempts,
            "entity": entity,
            **more,
        }
        self.outbox.append({"event": event})


def retry_option(pipe: Pipe, name: str, error: Exception | None = None) -> Any:
    """A retry option of the pump; where it sets none, that of the system for such an error."""
    own = pipe.definition.pipe.get("pump") or {}
    if own.get(name) is None and error is not None:
        cause = getattr(error, "cause", error)
        wanted = getattr(cause, "retry", {})
        if wanted.get(name) is not None:
            return wanted[name]
    return pipe.pump[name]


def error_code(error: BaseException) -> int:
    """0 where the other side could not be reached, 1 where it did not take this entity."""
    if getattr(error, "status", THIS_ENTITY) is None:
        return NO_CONTACT
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) or type(seen).__name__ in ("ConnectError", "ConnectTimeout"):
            return NO_CONTACT
        seen = seen.__cause__ or seen.__context__
    return THIS_ENTITY


def message_of(error: Exception) -> str:
    """What went wrong, in one text, without the secrets in hand."""
    text = str(error) if isinstance(error, SesamError) else f"{type(error).__name__}: {error}"
    return hidden(text)


def traceback_of(error: BaseException) -> str:
    """Its traceback as a text, without the secrets in hand."""
    return hidden("".join(traceback.format_exception(error)))
