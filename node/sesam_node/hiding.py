"""Texts that this process must not tell: the secrets it has in hand, in any form they may take.

What works with secrets does so within `keeping(values)`. Whatever leaves it for people, such as log
lines, errors, tracebacks and events, goes through `hidden(text)` on its way. That is a second line:
nothing should put a secret into a text, but servers and drivers say what they like.
"""

from __future__ import annotations

import base64
import html
import json
import re
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

from sesam_node.errors import Problem, SesamError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HIDDEN: Final = "*****"
ANYWHERE_CHARACTERS: Final = 4
"""Shorter ones are hidden where they stand alone: within words they would be everywhere."""
ENCODED_CHARACTERS: Final = 6
MESSAGES: Final = frozenset(
    (
        *("message", "problem", "error", "hint", "detail", "reason", "traceback"),
        *("original_error_message", "original_traceback", "reason_why_stopped"),
    )
)
"""Keys of answers whose texts are for people; other keys hold data, which stays as it is."""

_scopes: list[set[str]] = []


@contextmanager
def keeping(values: Iterable[str]) -> Iterator[None]:
    """Hide these texts within, in the whole process."""
    scope = {value for value in values if value}
    _scopes.append(scope)
    try:
        yield
    finally:
        # Not the last one, where another thread has come since; equal sets are not the same.
        _scopes[:] = [one for one in _scopes if one is not scope]


def learn(*values: str) -> None:
    """Hide these texts, too, until the work in hand ends: tokens that were fetched on the way."""
    if _scopes:
        _scopes[-1].update(filter(None, values))


def hidden(text: str) -> str:
    """The text with `*****` for each secret in hand."""
    return hidden_in(text, frozenset().union(*_scopes)) if _scopes else text


def hidden_in(text: str, secrets: frozenset[str]) -> str:
    """The text with `*****` for each of these secrets."""
    return _pattern(secrets).sub(HIDDEN, text) if secrets and text else text


def hidden_error(error: Exception) -> Exception:
    """The same error, with secrets hidden in its message and problems."""
    if not _scopes:
        return error
    if isinstance(error, SesamError):
        error.message = hidden(error.message)
        error.problems = tuple(_problem(problem) for problem in error.problems)
    error.args = tuple(hidden(item) if isinstance(item, str) else item for item in error.args)
    return error


def _problem(problem: Problem) -> Problem:
    return replace(problem, message=hidden(problem.message), hint=hidden(problem.hint))


def hidden_messages(value: Any) -> Any:
    """A copy of an answer with secrets hidden in its messages; data in it is not looked at."""
    return _messages(value) if _scopes else value


def _messages(value: Any) -> Any:
    if type(value) is dict:
        return {
            key: hidden(item)
            if key in MESSAGES and type(item) is str
            else _messages(item)
            if type(item) in (dict, list)
            else item
            for key, item in value.items()
        }
    if type(value) is list:
        return [_messages(item) if type(item) in (dict, list) else item for item in value]
    return value


@lru_cache(maxsize=64)
def _pattern(values: frozenset[str]) -> re.Pattern[str]:
    """Finds every form of every text, the longest first."""
    plain, alone, encoded = set[str](), set[str](), set[str]()
    for value in values:
        if len(value) < ANYWHERE_CHARACTERS:
            alone.add(value)
            continue
        plain.update(_spelled(value))
        if len(value) >= ENCODED_CHARACTERS:
            encoded.update(_encoded(value))
    parts = [_any_of(plain)] if plain else []
    if encoded:
        # The ends depend on what stands beside it, and would give a part of it away.
        parts.append(f"[A-Za-z0-9+/_-]*{_any_of(encoded)}[A-Za-z0-9+/_-]*={{0,2}}")
    if alone:
        parts.append(rf"(?<!\w){_any_of(alone)}(?!\w)")
    return re.compile("|".join(parts), re.IGNORECASE)


def _any_of(texts: Iterable[str]) -> str:
    ordered = sorted(texts, key=lambda text: (-len(text), text))
    return f"(?:{'|'.join(map(re.escape, ordered))})"


def _spelled(value: str) -> Iterator[str]:
    """A text as it is, and as it stands in JSON, in Python, in a URL and in HTML."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield repr(value.encode("utf-8", "surrogatepass"))[2:-1]
    for safe in ("", "/", "/:@!$&'()*+,;="):
        yield quote(value, safe=safe, errors="replace")
        yield quote_plus(value, safe=safe, errors="replace")
    yield html.escape(value)


def _encoded(value: str) -> Iterator[str]:
    """The middle of its base64, for the three ways in which it may begin."""
    data = value.encode("utf-8", "surrogatepass")
    for lead in range(3):
        whole = base64.b64encode(b"\0" * lead + data).decode()
        middle = whole[4 if lead else 0 : -4 if (lead + len(data)) % 3 else None]
        if len(middle) >= ENCODED_CHARACTERS:
            yield middle
            yield middle.replace("+", "-").replace("/", "_")
