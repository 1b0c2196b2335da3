"""A progress line of something long: plain text that works in a notebook, a terminal, a log."""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

EVERY_S = 0.25
BAR = 20
WINDOW_S = 10.0
QUIET_S = 2.0


class Progress:
    """Shows how much is done, how fast, and how long it will take; ends with one closing line.

    In a notebook the line is an output that is updated in place; in a terminal it is rewritten;
    elsewhere only the closing line is printed.
    """

    def __init__(
        self, title: str, *, shown: bool = True, unit: str = "entities", rated: bool = True
    ) -> None:
        self.title = title
        self.shown = shown
        self.unit = unit
        self.rated = rated
        self._started = self._last = time.monotonic()
        self._seen: deque[tuple[float, int]] = deque()
        self._handle: Any = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._handle is not None and not self._closed:
            self.close(f"{self.title}: interrupted")

    def update(self, processed: int, total: int | None = None, note: str = "") -> None:
        """Say how much is done, of how much where that is known."""
        now = time.monotonic()
        if not self.shown or now - self._last < EVERY_S:
            return
        self._last = now
        if not processed and not note:
            if now - self._started > QUIET_S:
                text = f"nothing yet, {duration_text(now - self._started)}"
                self._show(f"{self.title}: {text}")
            return
        rate = self._rate(now, processed) if self.rated else None
        self._show(progress_text(self.title, processed, total, rate, self.unit, note))

    def _rate(self, now: float, processed: int) -> float | None:
        """How many a second lately: what long preparations took says nothing of what is left."""
        self._seen.append((now, processed))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        then, before = self._seen[0]
        return (processed - before) / (now - then) if processed > before else None

    def close(self, text: str) -> None:
        """Replace the line by a last one."""
        self._closed = True
        if not self.shown:
            return
        if in_notebook():
            self._show(text)
        elif sys.stdout.isatty():
            sys.stdout.write(f"\r\x1b[K{text}\n")
        else:
            sys.stdout.write(f"{text}\n")

    def _show(self, text: str) -> None:
        if in_notebook():
            from IPython.display import display

            data = {"text/plain": text}
            if self._handle is None:
                self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
            else:
                self._handle.update(data, raw=True)
        elif sys.stdout.isatty():
            sys.stdout.write(f"\r\x1b[K{text}")
            sys.stdout.flush()


def progress_text(
    title: str,
    done: int,
    total: int | None,
    rate: float | None,
    unit: str = "entities",
    note: str = "",
) -> str:
    """`orders: ████░░░░ 40 %, 4,000 of 10,000 entities, 2,000/s, 3 s left`.

    `rate` is how many a second, where that is known; with `total` it says how long it will take.
    """
    if total is None or total < done or not total:
        parts = [f"{done:,} {unit}"]
    else:
        share = done / total
        full = int(share * BAR)
        bar = "█" * full + "░" * (BAR - full)
        parts = [f"{bar} {share:.0%}".replace("%", " %"), f"{done:,} of {total:,} {unit}"]
    if rate:
        parts.append(f"{rate:,.0f}/s" if rate >= 1 else f"{rate:.2g}/s")
    if total and rate and total > done:
        parts.append(f"{duration_text((total - done) / rate)} left")
    if note:
        parts.append(note)
    return f"{title}: {', '.join(parts)}"


def duration_text(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def in_notebook() -> bool:
    """Does this code run in a Jupyter kernel?"""
    if "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None
