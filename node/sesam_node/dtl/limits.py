"""What one entity may cost: lists and texts of bounded size, and a budget for all of its rules.

A rule set is data from outside. Loops within loops, texts put together with themselves and rules
that apply each other grow beyond any machine within a few lines, so functions whose cost is not
that of their arguments say what they spend. Each entity begins with a full budget, and so do the
keys of an entity in an index, and what is folded while compiling.
"""

from __future__ import annotations

import threading
from typing import Any

from sesam_node.errors import DtlError

MAX_DIGITS = 4299
"""Results with more digits are null: with a sign, longer integers cannot be read from JSON."""

LARGEST = 10**MAX_DIGITS

MAX_MADE = 10_000_000
"""The longest list that a function makes: beyond it a rule is wrong, not large."""

MAX_TEXT = 10_000_000
"""The longest text, in characters, that a function puts together."""

BUDGET = 10_000_000
"""Values made, rows found and expressions evaluated in loops, for one entity."""

APPLIED = 5
"""What the application of a rule costs, for each value that it is applied to."""

SHORT = 1_000
"""Texts and lists up to here are not worth counting where they are only put together."""

CHARACTERS = 16
"""So many characters of a text cost what one value does."""


class Budget(threading.local):
    """What is left for the entity that this thread is at; generated code fills it by itself."""

    value = BUDGET


budget = Budget()


def begin() -> None:
    """Fill the budget of this thread: a new entity."""
    budget.value = BUDGET


def spend(count: int) -> None:
    """Take from the budget. Raises DtlError where it is used up."""
    left = budget.value = budget.value - count
    if left < 0:
        raise DtlError(f"the rules do too much for one entity: more than {BUDGET} values and rows")


def made_text(name: str, text: str) -> str:
    """A text that a function has put together. Raises DtlError where it is too long."""
    if len(text) > SHORT:
        refuse_too_long(name, len(text))
    return text


def refuse_too_long(name: str, length: int) -> None:
    """Stop before a text that no memory holds. Raises DtlError."""
    if length > MAX_TEXT:
        message = f'"{name}" would make a text of {length} characters; the limit is {MAX_TEXT}'
        raise DtlError(message)
    spend(length // CHARACTERS)


def refuse_too_many(name: str, count: int) -> None:
    """Stop before a list that no memory holds. Raises DtlError."""
    if count > MAX_MADE:
        raise DtlError(f'"{name}" would make a list of {count} values; the limit is {MAX_MADE}')
    spend(count)


def not_too_large(name: str, value: Any) -> Any:
    """A value that is about to be gone through. Raises DtlError where it is larger than it looks.

    A list of a list twice, that list twice, and so on is small in memory, and as text larger than
    any: what visits every value within one counts them before.
    """
    count = 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind is dict:
            waiting.extend(one.values())
        elif kind is list or kind is tuple:
            waiting.extend(one)
        else:
            continue
        count += len(one)
        if count > MAX_MADE:
            message = f'"{name}" would go through more than {MAX_MADE} values within one'
            raise DtlError(message)
    if count > SHORT:
        spend(count)
    return value
