"""Room on Python's stack: a walk takes some ten frames where compiled rules take two or three."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAMES = 5000
"""As deep as rules that are walked may nest, which is about as deep as compiled ones."""


class Room:
    """Raises the limit of recursion while something walks, and sets it back after the last one."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.walking = 0
        self.before = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """The limit is the interpreter's, so all walks of all threads share it."""
        with self.lock:
            self.walking += 1
            if self.walking == 1:
                self.before = sys.getrecursionlimit()
                sys.setrecursionlimit(max(self.before, FRAMES))
        try:
            yield
        finally:
            with self.lock:
                self.walking -= 1
                if self.walking == 0:
                    sys.setrecursionlimit(self.before)


room = Room()
