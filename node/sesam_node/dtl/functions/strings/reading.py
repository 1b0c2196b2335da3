"""The text of any value, and a part of a text: string, substring."""

from __future__ import annotations

from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import each_text, json_text, prepared, untagged
from sesam_node.dtl.limits import MAX_DIGITS, not_too_large
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, OfText, each
from sesam_node.model.values import as_string, kind_of_text, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value


@function(
    "string",
    "VALUES(value-expression{1})",
    Example(["string", "_S.number"], "4711", source={"number": 4711}),
    Example(["string", ["list", "a", ["uri", "foo:bar"], 1]], ["a", "foo:bar", "1"]),
    Example(["string", {"b": [1, 2], "a": "x"}], '{"a": "x", "b": [1, 2]}'),
    Example(["string", ["decimal", "1E3"]], "1000", note="no exponent"),
    Example(["string", ["bytes", "blå"]], "blå"),
    text=str,
)
def string(values: Value) -> Value:
    """Give the text of each value.

    Decimals are written without exponent (up to 4299 digits), floats as short as they can be, bytes
    read as utf-8 (dropped where they are none). Typed values lose their tag, dicts and lists within
    the list become JSON with sorted keys. Null gives null, a list a list without its nulls.
    """
    return each(values, _string)


def _string(value: Value) -> Value:
    kind = type(value)
    if kind is str:
        return value if value[:1] != "~" else _untagged_string(value)
    if kind is int or kind is float:
        return repr(value)
    if kind is bool:
        return "true" if value else "false"
    return None if value is None else json_text(untagged(not_too_large("string", value)))


def _untagged_string(value: str) -> str | None:
    kind = kind_of_text(value)
    if kind == "string":
        return value
    if kind == "decimal":
        return _without_exponent(value[2:])
    if kind == "bytes":
        from base64 import b64decode

        try:
            return as_string(b64decode(value[2:]).decode())
        except UnicodeDecodeError:
            return None
    return as_string(plain_text(value))


def _without_exponent(notation: str) -> str:
    """A decimal in digits; with its exponent where that would be more than `MAX_DIGITS` of them."""
    if "E" not in notation and "e" not in notation:
        return notation
    value = Decimal(notation)
    return format(value, "f") if abs(value.adjusted()) < MAX_DIGITS else notation


def _cutter(start: int, end: Value) -> Callable[[Value], Value]:
    part = slice(start, None if end is ABSENT else end)
    return OfText(
        itemgetter(part), lambda values: each_text(values, lambda characters: characters[part])
    )


@function(
    "substring",
    "START_INDEX(integer{1}), END_INDEX(integer{0|1}), VALUES(value-expression{1})",
    Example(["substring", 2, 4, "abcdef"], "cd"),
    Example(["substring", -3, "abcdef"], "def"),
    Example(["substring", 1, -1, ["list", "(a)", 5]], ["a"]),
    Example(["substring", 4, 2, "abcdef"], ""),
    prepare=prepared(_cutter),
)
def substring(start: int, end: Value, values: Value) -> Value:
    """Cut out the characters from START_INDEX up to, not including, END_INDEX (or the end).

    Negative indexes count from the end, those out of range are clipped. Null gives null, a list a
    list; values that are not strings are dropped.
    """
    return _cutter(start, end)(values)
