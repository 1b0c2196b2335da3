"""What completion knows of the node: names, and answers that are not waited for long.

Pressing a key must never start a node, raise, or take long: what does not come in time is left out,
and comes with the next key.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from typing import TYPE_CHECKING, Any

from sesam_interactive.client import ClientError, connected_hub
from sesam_interactive.magics.draft import Known, known
from sesam_interactive.magics.rule_book import RuleBook, rule_book

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_interactive.client import Hub

WAIT_S = 0.09
KEPT_S = 5.0
LATE_S = 3.0
NOTHING = Known(frozenset(), frozenset())


class Knowledge:
    """Asks the connected node in the background; gives what it has in time, else what it had."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="sesam-complete")
        self._names: dict[str, tuple[float, Known]] = {}
        self._waiting: dict[str, Future[Any]] = {}

    @property
    def hub(self) -> Hub | None:
        return connected_hub()

    @property
    def book(self) -> RuleBook:
        return RuleBook() if self.hub is None else rule_book(self.hub)

    def names(self) -> Known:
        """Pipes and datasets of the node, at most five seconds old where it answers."""
        hub = self.hub
        if hub is None:
            return NOTHING
        at, held = self._names.get(hub.url, (0.0, NOTHING))
        if time.monotonic() - at < KEPT_S:
            return held
        found: Known | None = self.in_time("names", lambda: self._look(hub))
        return held if found is None else found

    def _look(self, hub: Hub) -> Known:
        # What comes too late for this key is there for the next one.
        found = known(hub)
        self._names[hub.url] = time.monotonic(), found
        return found

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        """The answer of the node to a POST, null where it does not come in time, or is an error."""
        hub = self.hub
        if hub is None:
            return None
        # What comes too late is of no use: it does not keep the kernel from ending.
        return self.in_time(
            path, lambda: hub.connection.json("POST", path, json=body, timeout=LATE_S)
        )

    def in_time(self, what: str, call: Callable[[], Any]) -> Any:
        """What a call gives within 90 ms; null else. One call of a kind is under way at a time."""
        before = self._waiting.get(what)
        if before is not None and not before.done():
            return None
        future = self._waiting[what] = self._pool.submit(call)
        try:
            return future.result(WAIT_S)
        except (TooLate, ClientError):
            return None

    def end(self) -> None:
        """Wait for what is under way; nothing is asked any more."""
        self._pool.shutdown()

    def feed(self, name: str | None, *, dataset: bool = False) -> dict[str, str]:
        """What a pipe's or dataset's name is to `/api/dtl`; empty where there is none of it."""
        there = self.names()
        if name in there.pipes and not dataset:
            return {"pipe": str(name)}
        return {"dataset": str(name)} if name in there.datasets else {}
