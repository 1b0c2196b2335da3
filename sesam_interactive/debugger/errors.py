"""What is wrong in what the debugger is asked; shown as text, without a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, Problem, SesamError

if TYPE_CHECKING:
    from collections.abc import Callable


class DebuggerError(SesamError):
    """Something that the debugger cannot do as it was asked; the message says what to try."""

    def __str__(self) -> str:
        hints = [problem.hint for problem in self.problems if problem.hint]
        return "; ".join([self.message, *hints])

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


def asked(reader: Callable[..., dict[str, Any]], *args: Any, **options: Any) -> dict[str, Any]:
    """What a reader of traces answers; its InputError becomes a DebuggerError."""
    try:
        return reader(*args, **options)
    except InputError as error:
        raise DebuggerError(error.problems[0].message, error.problems) from None


def wrong(message: str, path: str = "", code: str = "wrong-argument", hint: str = "") -> Exception:
    """An error with one Problem where there is a path or a hint to tell."""
    problems = [Problem(path, code, message, hint)] if path or hint else []
    return DebuggerError(message, problems)
