"""Errors as data: what is wrong, where, and what to try.

Everything that checks something reports `Problem`s, all of them at once, sorted by path. The
exceptions below carry them; each layer has its family, and `api/base.py` turns a class into an
HTTP status in one table.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

POSITION = re.compile(r"(?<=\[)([0-9]{1,9})(?=\])")
"""A position in a JSON path."""

PLAIN_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input.

    `path` is a JSON path from the root of the checked document (`$.source.dataset`), `code` a
    stable word (`unknown-function`), `level` "error" or "warning", `component` the `_id` of the
    pipe or system it is in, where there is one.
    """

    path: str
    code: str
    message: str
    hint: str = ""
    level: str = "error"
    component: str = ""

    def __lt__(self, other: Problem) -> bool:
        """By component and path, positions as numbers: `[2]` comes before `[10]`."""
        return self._order < other._order

    @property
    def _order(self) -> tuple[Any, ...]:
        parts = [
            (0, int(part), "") if position % 2 else (1, 0, part)
            for position, part in enumerate(POSITION.split(self.path))
        ]
        return self.component, parts, self.code, self.message, self.hint, self.level

    def __str__(self) -> str:
        text = f"{self.path}: {self.message}" if self.path else self.message
        if self.component:
            text = f"{self.component} {text}"
        if self.hint:
            text = f"{text}; {self.hint}"
        return f"{text} [{self.code}]"


def json_path(parts: Iterable[str | int]) -> str:
    """`["rules", "default", 3]` as `$.rules.default[3]`; odd keys are quoted."""
    text = "$"
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and PLAIN_KEY.issuperset(part):
            text += f".{part}"
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def preview(value: Any, length: int = 60) -> str:
    """A value on one line of at most `length` characters, for messages."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= length else text[: length - 3] + "..."


def suggestion(name: str, known: Iterable[str]) -> str:
    """`did you mean "upper"?`, or nothing when no known name is near."""
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""


class SesamError(Exception):
    """The root of all errors of this package; `problems` says what, where and what to try."""

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        self.message = message
        self.problems = tuple(sorted(problems))
        super().__init__(message)

    def __str__(self) -> str:
        if not self.problems:
            return self.message
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems)])


class InputError(SesamError):
    """Bytes or values from outside that are no entities: broken JSON, NaN, too deep, no `_id`."""


class ConfigError(SesamError):
    """A configuration that cannot be loaded."""


class DtlError(SesamError):
    """A rule set that does not compile, or an entity that a rule fails on."""


class StoreError(SesamError):
    """A dataset that cannot be read or written."""


class FenceError(StoreError):
    """A commit by a run that has been superseded: an older epoch, configuration or offset."""


class ExpiredError(StoreError):
    """A read of a dataset as it was at a time whose versions are no longer all there.

    `exact_from` is the earliest head for which they are.
    """

    def __init__(self, message: str, exact_from: int) -> None:
        super().__init__(message)
        self.exact_from = exact_from

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, self.exact_from))


class PipeError(SesamError):
    """A run that failed."""


class NotFoundError(SesamError):
    """A pipe, system, dataset or entity that does not exist."""


class ForbiddenError(SesamError):
    """Something that whoever asks may not do; the message names the missing permissions."""


class ConflictError(SesamError):
    """Something that cannot be done now: the pump already runs, the pipe already exists."""


class OutdatedError(ConflictError):
    """A change of something that is not any more as whoever changes it has seen it."""


class NotBuiltError(PipeError):
    """A component whose options are known and checked, but which this version cannot run."""
