"""Waiting that ends early: polls and retries of calls that nobody waits for any more.

A call of the asynchronous client runs in a thread. When its task is cancelled the thread cannot be
stopped from outside; it looks here, before each request and while it waits, whether it should.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from threading import Event


class AbandonedError(BaseException):
    """Nobody waits for this call any more. Like an interrupt: only cleaning up is left to do."""


class Cancellation:
    """Tells a thread, once, that it should end; what cleans up afterwards is let through."""

    def __init__(self) -> None:
        self._asked = Event()
        self._told = False

    def cancel(self) -> None:
        self._asked.set()

    def wait(self, seconds: float) -> None:
        """Wait so long. Raises AbandonedError as soon as the call is cancelled."""
        if self._told:
            time.sleep(seconds)
        elif self._asked.wait(seconds):
            self._told = True
            raise AbandonedError


cancellation: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)


def pause(seconds: float) -> None:
    """Sleep. Raises AbandonedError where the call is cancelled, KeyboardInterrupt as any sleep."""
    current = cancellation.get()
    if current is None:
        time.sleep(seconds)
    else:
        current.wait(seconds)


def check() -> None:
    """Raises AbandonedError where the call is cancelled."""
    current = cancellation.get()
    if current is not None:
        current.wait(0)
