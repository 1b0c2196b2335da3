"""Shared by the modules of the value functions: text in and out, casts, type tests, JSON text.

A DTL string is a `str` that may carry the escape of `model.values.as_string`; nearly none does, so
every helper has a first test for a leading `~` and leaves the rest alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sesam_node.dtl.limits import MAX_DIGITS
from sesam_node.dtl.runtime import ABSENT, VARIES, first_value
from sesam_node.model.values import as_string, is_text, kind, plain_text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value


def text(value: Value) -> str | None:
    """The characters of a DTL string; null for every other value."""
    if type(value) is not str:
        return None
    if value[:1] != "~":
        return value
    return text_of(value) if is_text(value) else None


def each_text(values: Value, change: Callable[[str], str]) -> Value:
    """MAP over strings: `change` gets and gives plain characters; other values are left out."""
    if type(values) is str and values[:1] != "~":
        result = change(values)
        return result if result[:1] != "~" else as_string(result)
    if type(values) is list:
        return [
            as_string(change(characters))
            for value in values
            if (characters := text(value)) is not None
        ]
    characters = text(values)
    return None if characters is None else as_string(change(characters))


def prepared(
    make: Callable[..., Callable[[Value], Value]],
) -> Callable[..., Callable[[Value], Value] | None]:
    """The `prepare` hook of a function whose arguments but the last are usually constants.

    `make` gets these constants and gives the function of the last argument.
    """

    def prepare(*arguments: Value) -> Callable[[Value], Value] | None:
        *constants, values = arguments
        varies = any(constant is VARIES for constant in constants)
        return None if varies or values is not VARIES else make(*constants)

    return prepare


def cast(default: Value, values: Value, convert: Callable[[Value], Value]) -> Value:
    """MAP with `convert`; a value it gives null for becomes `default(value)`, or is left out.

    Nulls are never cast: a single one stays, one in a list is left out.
    """
    if type(values) is list:
        results = []
        for value in values:
            if value is None:
                continue
            result = convert(value)
            if result is None and default is not ABSENT:
                result = default(value)
            if result is not None:
                results.append(result)
        return results
    if values is None:
        return None
    result = convert(values)
    return default(values) if result is None and default is not ABSENT else result


def first_is(values: Value, wanted: str) -> bool:
    """Is the value, or the first of a list, of this kind? Null and the empty list are of none."""
    value = first_value(values)
    return value is not None and kind(value) == wanted


def whole_number(text_: str) -> int | None:
    """The integer of decimal digits with an optional sign; null where it has too many of them."""
    return int(text_) if len(text_) <= MAX_DIGITS else None


def untagged(value: Value) -> Value:
    """The same JSON data with typed values as their plain text and escapes taken off."""
    kind_ = type(value)
    if kind_ is str:
        return value if value[:1] != "~" else plain_text(value)
    if kind_ is dict:
        return {key: untagged(item) for key, item in value.items()}
    if kind_ is list or kind_ is tuple:
        return [untagged(item) for item in value]
    return value


def json_text(value: Value) -> str:
    """JSON of a value as it is: keys sorted at every level, `", "` and `": "` between."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
