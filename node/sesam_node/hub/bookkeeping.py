"""What is known of a pipe's runs: the last one, and what people have set.

The result of the last run comes from the pipe's execution log after a restart. Whether a pipe is
disabled, and when a long schedule is due, is kept in the store's settings.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from sesam_node.model import decode
from sesam_node.model.pumps import rate_of
from sesam_node.pipes import recorded
from sesam_node.pipes.breaker import held_name
from sesam_node.pipes.emitted import records_name
from sesam_node.pipes.execution_log import COMPLETED, FAILED, log_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.hub.checking import Facts
    from sesam_node.pipes.runs import RunResult
    from sesam_node.store import Store

COMPLETED_TEXT = "Pump completed successfully."


def state_name(pipe_id: str) -> str:
    """The dataset that keeps the state of a pipe whose sink is no dataset."""
    return f"system:pipe:{pipe_id}"


def datasets_of(pipe_id: str, facts: Facts) -> Iterator[str]:
    """The datasets that belong to a pipe: its sink, its state, its records, its execution log."""
    if facts.sink is not None:
        yield facts.sink
        yield held_name(facts.sink)
    yield from (state_name(pipe_id), records_name(pipe_id))
    yield from (recorded.records_name(pipe_id), log_name(pipe_id))


@dataclass(frozen=True, slots=True)
class LastRun:
    """How the last run of a pipe ended; all null before the first one."""

    started: str | None = None
    ended: str | None = None
    success: bool | None = None
    message: str | None = None
    original_error: str | None = None
    processed: int = 0
    changed: int = 0
    sync_type: str | None = None
    waiting_for: tuple[str, ...] = ()

    @classmethod
    def of(cls, result: RunResult) -> LastRun:
        message = COMPLETED_TEXT if result.success else result.error
        if result.waiting_for:
            names = ", ".join(f'"{name}"' for name in result.waiting_for)
            message = f"The pipe waits until these datasets are populated: {names}"
        return cls(
            result.started or None,
            result.ended or None,
            result.success,
            message,
            result.original_error,
            result.processed,
            result.changed,
            result.sync_type,
            tuple(result.waiting_for),
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store keeps about a pipe.

    `runs` since the last rescan and `partial_runs` since the last partial one, where that counts.
    """

    disabled: bool = False
    comment: str = ""
    next_run: float | None = None
    runs: int = 0
    partial_runs: int = 0


class Bookkeeping:
    """Last runs and kept settings of all pipes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: dict[str, LastRun] = {}
        self._rates: dict[str, float | None] = {}
        self._kept = {
            key.removeprefix("pipe/"): Kept(**json.loads(text))
            for key, text in store.settings.items("pipe/").items()
        }

    def last_run(self, pipe_id: str) -> LastRun:
        """The last run, if need be from the execution log."""
        if pipe_id not in self._last:
            # Also asked for in a thread: a run that ends meanwhile is the later one.
            return self._last.setdefault(pipe_id, self._from_log(pipe_id))
        return self._last[pipe_id]

    def ended(self, result: RunResult) -> None:
        self._last[result.pipe_id] = LastRun.of(result)
        for rate in map(rate_of, result.events):
            if rate is not None:
                self._rates[result.pipe_id] = rate

    def rate(self, pipe_id: str) -> float | None:
        """Entities a second in its last run that read any; null where none is known."""
        if pipe_id not in self._rates:
            rates = (rate for event in self._logged(pipe_id) if (rate := rate_of(event)))
            return self._rates.setdefault(pipe_id, next(rates, None))
        return self._rates[pipe_id]

    def kept(self, pipe_id: str) -> Kept:
        return self._kept.get(pipe_id, Kept())

    def keep(self, pipe_id: str, **values: Any) -> None:
        """Write something down about a pipe, on disk when this returns."""
        kept = replace(self.kept(pipe_id), **values)
        if kept == self.kept(pipe_id):
            return
        text = json.dumps(asdict(kept)).encode() if kept != Kept() else None
        self._store.settings.write({f"pipe/{pipe_id}": text})
        self._kept[pipe_id] = kept

    def forget(self, pipe_id: str) -> None:
        """The pipe, or all it has done, is gone."""
        self._last.pop(pipe_id, None)
        self._rates.pop(pipe_id, None)

    def forget_kept(self, pipe_id: str) -> None:
        self._kept.pop(pipe_id, None)

    def _logged(self, pipe_id: str) -> list[dict[str, Any]]:
        """How its last runs ended, by the execution log, the later first."""
        name = log_name(pipe_id)
        if not self._store.exists(name):
            return []
        versions = self._store.dataset(name, create=False).get_many([COMPLETED, FAILED])
        events = [decode(version.body) for version in versions if version is not None]
        return sorted(events, key=lambda found: str(found.get("end_time", "")), reverse=True)

    def _from_log(self, pipe_id: str) -> LastRun:
        events = self._logged(pipe_id)
        if not events:
            return LastRun()
        event = events[0]
        success = event.get("event_type") == COMPLETED
        processed = event.get("entities_succeeded")
        return LastRun(
            event.get("start_time"),
            event.get("end_time"),
            success,
            COMPLETED_TEXT if success else event.get("reason_why_stopped"),
            event.get("original_error_message"),
            processed if type(processed) is int else 0,
            sync_type=event.get("sync_type"),
        )
