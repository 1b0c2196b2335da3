"""Which access token is the present one, and who fetches the next. Decides only.

One at a time fetches the token of a key; the others wait for it. A server that refuses a token that
has been replaced meanwhile causes no second fetch: the answer is the present one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_node.pipes.shared.questions import Token

if TYPE_CHECKING:
    from sesam_node.pipes.shared.budget import Ticket
    from sesam_node.pipes.shared.questions import Wanted


@dataclass(slots=True)
class _Kept:
    """The token of a key, who is fetching the next one, and who waits for it."""

    data: dict[str, Any] | None
    serial: int
    fetching: Any = None
    waiting: deque[tuple[Ticket, Wanted]] = field(default_factory=deque)


class Tokens:
    """Tokens by key. Times are seconds since 1970."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._serial = 0

    def knows(self, key: str) -> bool:
        return key in self._kept

    def load(self, key: str, data: dict[str, Any] | None) -> None:
        """Take over what was kept."""
        self._kept[key] = _Kept(data, self._next())

    def clear(self) -> None:
        """Forget the tokens, but not who waits."""
        for kept in self._kept.values():
            kept.data, kept.serial = None, self._next()

    def ask(self, ticket: Ticket, wanted: Wanted) -> None:
        """Wait for a token."""
        self._kept[wanted.key].waiting.append((ticket, wanted))

    def keep(self, key: str, data: dict[str, Any]) -> int:
        """A token was fetched; its serial."""
        kept = self._kept.setdefault(key, _Kept(None, 0))
        kept.data, kept.serial = data, self._next()
        return kept.serial

    def done(self, key: str, owner: Any) -> None:
        """Who was to fetch the token is through with it."""
        kept = self._kept.get(key)
        if kept is not None and kept.fetching == owner:
            kept.fetching = None

    def leave(self, owner: Any) -> None:
        """Somebody is gone: what he was to fetch is for the next one."""
        for key, kept in self._kept.items():
            kept.waiting = deque(item for item in kept.waiting if item[0][0] != owner)
            self.done(key, owner)

    def due(self, now: float) -> list[tuple[Ticket, Token]]:
        """Those that have an answer now."""
        found: list[tuple[Ticket, Token]] = []
        for kept in self._kept.values():
            while kept.waiting and kept.fetching is None:
                ticket, wanted = kept.waiting.popleft()
                fresh = _is_fresh(kept, wanted, now)
                if not fresh:
                    kept.fetching = ticket[0]
                found.append((ticket, Token(kept.serial, kept.data, fresh)))
        return found

    def _next(self) -> int:
        self._serial += 1
        return self._serial


def _is_fresh(kept: _Kept, wanted: Wanted, now: float) -> bool:
    if kept.data is None or wanted.refused == kept.serial:
        return False
    return bool(kept.data["renew"] > now)
