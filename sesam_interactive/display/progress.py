"""A progress line of a running pump: plain text that works in a notebook, a terminal, a log."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

EVERY_S = 0.25


class Progress:
    """Shows how many entities a run has processed and how fast; ends with one closing line.

    In a notebook the line is an output that is updated in place; in a terminal it is rewritten;
    elsewhere only the closing line is printed.
    """

    def __init__(self, title: str, *, shown: bool = True) -> None:
        self.title = title
        self.shown = shown
        self._started = self._last = time.monotonic()
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

    def update(self, processed: int) -> None:
        now = time.monotonic()
        if not self.shown or not processed or now - self._last < EVERY_S:
            return
        self._last = now
        rate = processed / (now - self._started)
        self._show(f"{self.title}: {processed:,} entities, {rate:,.0f}/s")

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


def in_notebook() -> bool:
    """Does this code run in a Jupyter kernel?"""
    if "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None
