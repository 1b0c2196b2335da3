"""The desk: answers what systems ask, from any thread, and in the order in which it can.

An answer is given by the `reply` that came with the question, at once or later from another thread.
Nothing here waits for a server, and nobody's death leaves others waiting: who goes away is told of
by `leave`.
"""

from __future__ import annotations

import logging
import time
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Protocol

from sesam_node.errors import SesamError
from sesam_node.pipes.shared.budget import Budget
from sesam_node.pipes.shared.questions import (
    Answered,
    Done,
    Failed,
    Keep,
    Pause,
    Question,
    Turn,
    Wanted,
)
from sesam_node.pipes.shared.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.pipes.shared.budget import Ticket

    Reply = Callable[[Any], None]

log = logging.getLogger(__name__)

TOLD_S = 5.0
"""Pauses that are this long are told in the log."""


class TokenSafe(Protocol):
    """Where tokens are kept over a restart."""

    def load(self, key: str) -> dict[str, Any] | None: ...

    def save(self, key: str, system: str, data: dict[str, Any]) -> None:
        """Keep a token; it is on disk when this returns. Raises SesamError."""
        ...


class NoSafe:
    """Keeps nothing."""

    def load(self, key: str) -> dict[str, Any] | None:  # noqa: ARG002 - there is none
        return None

    def save(self, key: str, system: str, data: dict[str, Any]) -> None:
        """Tokens live as long as the desk."""


class Desk:
    """Rates, pauses and tokens of all systems of a node."""

    def __init__(
        self,
        safe: TokenSafe | None = None,
        *,
        steady: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._safe = safe or NoSafe()
        self._steady, self._wall = steady, wall
        self._budgets: dict[str, Budget] = {}
        self._paused: dict[str, float] = {}
        self._tokens = Tokens()
        self._systems: dict[str, str] = {}
        self._replies: dict[Ticket, Reply] = {}
        self._changed = Condition()
        self._timer: Thread | None = None

    def ask(self, owner: Any, number: int, question: Question, reply: Reply | None) -> None:
        """Answer a question, its `number` is the owner's own, by calling `reply` once.

        Those that have no answer come without a `reply`.
        """
        ticket = owner, number
        answer: Any = None
        with self._changed:
            if reply is not None:
                self._replies[ticket] = reply
            now = self._steady()
            try:
                match question:
                    case Turn(system, rate):
                        self._budgets.setdefault(system, Budget()).ask(ticket, rate)
                    case Answered(system, turn):
                        self._budgets.setdefault(system, Budget()).answered((owner, turn), now)
                    case Pause(system, seconds):
                        self._budgets.setdefault(system, Budget()).pause(now + seconds)
                        until = self._wall() + seconds
                        self._paused[system] = max(self._paused.get(system, until), until)
                        if seconds >= TOLD_S:
                            log.info('system "%s" wants no requests for %g s', system, seconds)
                    case Wanted(key, system):
                        self._systems[key] = system
                        if not self._tokens.knows(key):
                            self._tokens.load(key, self._safe.load(key))
                        self._tokens.ask(ticket, question)
                    case Keep(key, data):
                        self._safe.save(key, self._systems.get(key, ""), data)
                        answer = self._tokens.keep(key, data)
                    case Done(key):
                        self._tokens.done(key, owner)
            except SesamError as error:
                answer = Failed(str(error))
            ready = self._due()
            if answer is not None and ticket in self._replies:
                ready.append((self._replies.pop(ticket), answer))
        _tell(ready)

    def leave(self, owner: Any) -> None:
        """Somebody is gone, or has done his job."""
        with self._changed:
            for ticket in [ticket for ticket in self._replies if ticket[0] == owner]:
                del self._replies[ticket]
            now = self._steady()
            for budget in self._budgets.values():
                budget.leave(owner, now)
            self._tokens.leave(owner)
            ready = self._due()
        _tell(ready)

    def held(self, system: str) -> tuple[float | None, int]:
        """Until when a system takes no requests (Unix time; null: it does), and how many wait."""
        with self._changed:
            budget = self._budgets.get(system)
            if budget is None:
                return None, 0
            is_paused = budget.paused_until > self._steady()
            return self._paused[system] if is_paused else None, budget.waiting

    def clear(self) -> None:
        """Forget all tokens."""
        with self._changed:
            self._tokens.clear()

    def _due(self) -> list[tuple[Reply, Any]]:
        """The answers that can be given now; sees to it that those are that come later."""
        now = self._steady()
        found: list[tuple[Reply, Any]] = []
        wake: float | None = None
        for budget in self._budgets.values():
            found += [
                (self._replies.pop(ticket), ticket[1])
                for ticket in budget.due(now)
                if ticket in self._replies
            ]
            when = budget.wake(now)
            wake = when if wake is None or (when is not None and when < wake) else wake
        found += [
            (self._replies.pop(ticket), token)
            for ticket, token in self._tokens.due(self._wall())
            if ticket in self._replies
        ]
        if wake is not None:
            if self._timer is None:
                self._timer = Thread(target=self._wait, name="desk", daemon=True)
                self._timer.start()
            self._changed.notify_all()
        return found

    def _wait(self) -> None:
        """Give the answers whose time comes, as long as there are any."""
        while True:
            with self._changed:
                now = self._steady()
                times = [budget.wake(now) for budget in self._budgets.values()]
                wake = min((when for when in times if when is not None), default=None)
                if wake is None:
                    self._timer = None
                    return
                if wake > now:
                    self._changed.wait(wake - now)
                ready = self._due()
            _tell(ready)


def _tell(ready: list[tuple[Reply, Any]]) -> None:
    for reply, answer in ready:
        reply(answer)
