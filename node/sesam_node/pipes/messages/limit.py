"""How many messages a system sends in an hour: counted by all of its pipes, over restarts.

Counts stand in the node's settings, a minute each, and change by compare and set, so that workers
that send at the same time share them.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from sesam_node.errors import FenceError, PipeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_node.store.api import Settings

MINUTES = 60
MOST_TRIES = 1_000


class HourlyLimit:
    """At most `most` messages within any hour; `now` gives seconds since 1970."""

    def __init__(
        self,
        settings: Settings,
        system_id: str,
        most: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._key = f"messages/hour/{system_id}"
        self._most = most
        self._now = now

    def take(self) -> bool:
        """May one more be sent? Then it is counted."""
        return self._change(1)

    def give_back(self) -> None:
        """What was counted was not sent."""
        self._change(-1)

    def _change(self, by: int) -> bool:
        for _ in range(MOST_TRIES):
            minute = int(self._now() // 60)
            stored = self._settings.get(self._key)
            counts = {
                int(key): count
                for key, count in json.loads(stored or b"{}").items()
                # The minute in which the hour began counts whole: never more than the limit.
                if minute - MINUTES <= int(key)
            }
            if by > 0 and sum(counts.values()) + by > self._most:
                return False
            counts[minute] = counts.get(minute, 0) + by
            try:
                self._settings.write({self._key: _bytes(counts)}, {self._key: stored})
            except FenceError:
                continue  # another worker was quicker
            return True
        raise PipeError("the messages that were sent cannot be counted: too many pipes send some")


def _bytes(counts: Mapping[int, int]) -> bytes:
    return json.dumps({str(minute): count for minute, count in sorted(counts.items())}).encode()
