"""Which requests may go to one system, and when. Decides only; knows no clock and no threads.

With a rate of `n` requests a second there are never more than `n` within any second, as the server
sees it: a request counts from when it may go until a second after its answer began. The server gets
it in between, so that neither a slow line nor a worker that was held up brings two batches closer
together. (The price: where answers take long, fewer than `n` a second go through.)
"""

from __future__ import annotations

from collections import deque
from typing import Any

Ticket = tuple[Any, int]
"""Who asks, and the number of what he asks."""


class Budget:
    """The requests to one system. Times are seconds of one steady clock."""

    def __init__(self) -> None:
        self._waiting: deque[Ticket] = deque()
        self._under_way: set[Ticket] = set()
        self._answered: deque[float] = deque()
        self._rate: float | None = None
        self.paused_until = float("-inf")

    def ask(self, ticket: Ticket, rate: float | None) -> None:
        """Wait for a turn; the newest `rate` is that of all."""
        self._rate = rate
        self._waiting.append(ticket)

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._waiting)

    def pause(self, until: float) -> None:
        """Let nothing go before `until`."""
        self.paused_until = max(self.paused_until, until)

    def answered(self, ticket: Ticket, now: float) -> None:
        """A request that went has its answer."""
        if ticket in self._under_way:
            self._under_way.discard(ticket)
            self._answered.append(now)

    def leave(self, owner: Any, now: float) -> None:
        """Somebody is gone. What he sent may have arrived."""
        self._waiting = deque(ticket for ticket in self._waiting if ticket[0] != owner)
        for ticket in [ticket for ticket in self._under_way if ticket[0] == owner]:
            self.answered(ticket, now)

    def due(self, now: float) -> list[Ticket]:
        """Those whose turn it is now, first come first served. They count from here on."""
        found: list[Ticket] = []
        if now < self.paused_until:
            return found
        self._forget(now)
        while self._waiting and self._has_room():
            ticket = self._waiting.popleft()
            if self._rate is not None:
                self._under_way.add(ticket)
            found.append(ticket)
        return found

    def wake(self, now: float) -> float | None:
        """When there may be somebody due; null where that takes something to happen."""
        if not self._waiting:
            return None
        if now < self.paused_until:
            return self.paused_until
        if self._rate is None:
            return now
        return self._answered[0] + self._window_s if self._answered else None

    def _has_room(self) -> bool:
        return self._rate is None or len(self._under_way) + len(self._answered) < self._count

    def _forget(self, now: float) -> None:
        if self._rate is None:
            self._answered.clear()
            return
        while self._answered and self._answered[0] + self._window_s <= now:
            self._answered.popleft()

    @property
    def _count(self) -> int:
        """How many within `_window_s`: 5 a second are 5 in 1 s, 0.5 are 1 in 2 s."""
        return max(1, int(self._rate or 1))

    @property
    def _window_s(self) -> float:
        return self._count / (self._rate or 1)
