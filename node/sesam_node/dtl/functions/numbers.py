"""Group "numbers": casts between text and the three number types, and tests for each of them.

Casts never guess: a value that is no number is dropped or goes to the default expression, and so
does a number that the type cannot hold (1e400 as a float, an integer of more than 4299 digits).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import (
    cast,
    first_is,
    text,
    whole_number,
)
from sesam_node.dtl.limits import MAX_DIGITS
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import each
from sesam_node.model.values import (
    as_decimal,
    decimal_text,
    from_number,
    kind_of_text,
    number,
    parse_decimal,
)

if TYPE_CHECKING:
    from sesam_node.model.values import Value

QUICK_DIGITS = 19
"""Shorter texts of digits alone are read without a look at other notations."""

NUMERAL = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*").fullmatch
INTEGER = re.compile(r"\s*([+-]?[0-9]+)\s*").fullmatch
HEXADECIMAL = re.compile(r"\s*0[xX]([0-9a-fA-F]+)\s*").fullmatch


def numeral(value: Value) -> int | float | Decimal | None:
    """The number of a DTL number or of a string in decimal notation, else null."""
    found = number(value)
    if found is None:
        characters = text(value)
        if characters is not None and NUMERAL(characters):
            return parse_decimal(characters)
    return found


@function(
    "decimal",
    "FUNCTION(function-expression{0|1}), VALUES(value-expression{1})",
    Example(["decimal", "1.0"], "~f1.0"),
    Example(["decimal", ["list", 2, 2.2, "1E2", "n/a"]], ["~f2", "~f2.2", "~f100"]),
    Example(["decimal", ["string", "none"], ["list", "1.5", "x"]], ["~f1.5", "none"]),
    Example(["decimal", "one"], None),
)
def decimal(default: Value, values: Value) -> Value:
    """Cast each value to a decimal, exactly: numbers and strings in decimal notation.

    A float goes through its shortest notation, so 2.2 is 2.2. Values that cannot be cast become
    FUNCTION with `_` as the value, or are dropped without it. Null gives null, a list a list
    without its nulls.
    """
    return cast(default, values, _decimal)


def _decimal(value: Value) -> str | None:
    if type(value) is str and value[:2] == "~f" and kind_of_text(value) == "decimal":
        return value
    found = numeral(value)
    return None if found is None else decimal_text(as_decimal(found))


@function(
    "float",
    "FUNCTION(function-expression{0|1}), VALUES(value-expression{1})",
    Example(["float", "1.0"], 1.0),
    Example(["float", ["list", 2, "~f1.25", "1e400"]], [2.0, 1.25], note="1e400 is out of range"),
    Example(["float", ["boolean", False], ["list", "1.5", "x"]], [1.5, False]),
    Example(["float", "NaN"], None),
)
def float_(default: Value, values: Value) -> Value:
    """Cast each value to a float: numbers and strings in decimal notation.

    Digits beyond those of a float are lost. Values that cannot be cast or are out of range become
    FUNCTION with `_` as the value, or are dropped without it. Null gives null, a list a list
    without its nulls.
    """
    return cast(default, values, _float)


def _float(value: Value) -> float | None:
    found = numeral(value)
    try:
        return None if found is None else from_number(float(found))
    except OverflowError:
        return None


@function(
    "integer",
    "FUNCTION(function-expression{0|1}), VALUES(value-expression{1})",
    Example(["integer", "_S.age"], 42, source={"age": "42"}),
    Example(["integer", ["list", "1", "-12", 124.4, "124.4"]], [1, -12, 124]),
    Example(["integer", ["list", "0x00ff", "0xff"]], [255, -1], note="two's complement bytes"),
    Example(["integer", ["integer", 0], ["list", "1", "10^2"]], [1, 0]),
    Example(["integer", "~r12"], None),
)
def integer(default: Value, values: Value) -> Value:
    """Cast each value to an integer: digits with an optional sign, `0x` bytes, numbers.

    Floats and decimals lose their fraction. Values that cannot be cast become FUNCTION with `_` as
    the value, or are dropped without it. Null gives null, a list a list without its nulls.
    """
    if type(values) is str and values.isdigit() and values.isascii() and len(values) < QUICK_DIGITS:
        return int(values)
    return cast(default, values, _integer)


def _integer(value: Value) -> int | None:
    found = number(value)
    if found is not None:
        if type(found) is Decimal and found.adjusted() >= MAX_DIGITS:
            return None
        return int(found)
    characters = text(value)
    if characters is None:
        return None
    match = INTEGER(characters)
    if match:
        return whole_number(match[1])
    match = HEXADECIMAL(characters)
    if match is None or len(match[1]) > MAX_DIGITS // 2:
        return None
    digits = match[1]
    return int.from_bytes(bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)), signed=True)


@function(
    "hex",
    "VALUES(value-expression{1})",
    Example(["hex", 1], "0x01"),
    Example(["hex", ["list", 255, 124.4, -1]], ["0x00ff", "0xff"], note="a float is no integer"),
    Example(["integer", ["hex", -300]], -300),
)
def hex_(values: Value) -> Value:
    """Write each integer as `0x` and its two's complement bytes, as few as show the sign.

    Null gives null, a list a list; values that are not integers (floats too) are dropped.
    """
    return each(values, _hex)


def _hex(value: Value) -> str | None:
    if type(value) is not int:
        return None
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return "0x" + value.to_bytes(size, signed=True).hex()


@function(
    "is-decimal",
    "VALUES(value-expression{1})",
    Example(["is-decimal", ["decimal", "1.5"]], expect=True),
    Example(["is-decimal", 1.5], expect=False, note="a float"),
    Example(["is-decimal", ["list", "~f1", 2]], expect=True, note="the first value counts"),
    boolean=True,
)
def is_decimal(values: Value) -> bool:
    """Is it a decimal, or a list that begins with one? False for null and the empty list."""
    return first_is(values, "decimal")


@function(
    "is-float",
    "VALUES(value-expression{1})",
    Example(["is-float", 1.0], expect=True),
    Example(["is-float", 1], expect=False),
    Example(["is-float", ["list", 1.5, "a"]], expect=True, note="the first value counts"),
    boolean=True,
)
def is_float(values: Value) -> bool:
    """Is it a float, or a list that begins with one? False for null and the empty list."""
    return first_is(values, "float")


@function(
    "is-integer",
    "VALUES(value-expression{1})",
    Example(["is-integer", 1], expect=True),
    Example(["is-integer", True], expect=False, note="a boolean is no number"),
    Example(["is-integer", ["list", "1", 2]], expect=False, note="the first value counts"),
    boolean=True,
)
def is_integer(values: Value) -> bool:
    """Is it an integer, or a list that begins with one? False for null and the empty list."""
    return first_is(values, "integer")
