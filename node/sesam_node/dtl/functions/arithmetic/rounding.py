"""Each number without its sign or some of its digits: abs, ceil, floor, round."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, NamedTuple

from sesam_node.dtl.functions.arithmetic.operations import WIDE
from sesam_node.dtl.limits import MAX_DIGITS
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, each, first_value
from sesam_node.model.values import as_decimal, decimal_text, from_number, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value


@function(
    "abs",
    "VALUE(numeric-expression{1})",
    Example(["abs", ["list", -2, "x", 4]], [2, 4]),
    Example(["abs", -2.5], 2.5),
    Example(["abs", "~f-1.50"], "~f1.50"),
)
def abs_(values: Value) -> Value:
    """Give the absolute value of each number, in its type.

    Null gives null, a list a list; values that are no numbers are dropped.
    """
    return each(values, _absolute)


def _absolute(value: Value) -> Value:
    found = number(value)
    if type(found) is Decimal:
        return decimal_text(found.copy_abs())
    return None if found is None else abs(found)


class Rounding(NamedTuple):
    """One way to round: of a float to an integer, and the mode for decimals."""

    whole: Callable[[float], int]
    mode: str


UP = Rounding(math.ceil, ROUND_CEILING)
DOWN = Rounding(math.floor, ROUND_FLOOR)
NEAREST = Rounding(round, ROUND_HALF_EVEN)


def _round_each(rounding: Rounding, digits: Value, values: Value) -> Value:
    if digits is ABSENT:
        places = 0
    else:
        given = number(first_value(digits))
        if given is None or not -MAX_DIGITS <= given <= MAX_DIGITS or given != int(given):
            return None
        places = int(given)
    return each(values, lambda value: _rounded(rounding, places, value))


def _rounded(rounding: Rounding, places: int, value: Value) -> Value:
    found = number(value)
    if found is None:
        return None
    if places == 0:
        return _rounded_whole(rounding, found)
    exact = as_decimal(found)
    exponent = exact.as_tuple().exponent
    try:
        if isinstance(exponent, int) and exponent < -places:
            exact = exact.quantize(Decimal((0, (1,), -places)), rounding.mode, WIDE)
    except ArithmeticError:
        return None
    exact = exact or exact.copy_abs()
    return decimal_text(exact) if type(found) is Decimal else from_number(float(exact))


def _rounded_whole(rounding: Rounding, value: float | Decimal) -> int | None:
    if isinstance(value, float):
        return rounding.whole(value)
    if isinstance(value, Decimal):
        fits = value.adjusted() < MAX_DIGITS
        return int(value.to_integral_value(rounding.mode)) if fits else None
    return value


@function(
    "ceil",
    "DIGITS(numeric-expression{0|1}), VALUES(value-expression{1})",
    Example(["ceil", ["list", 2.2, "x", 6]], [3, 6]),
    Example(["ceil", 1, ["list", 2.2, "~f4.71"]], [2.2, "~f4.8"]),
    Example(["ceil", -2.5], -2),
)
def ceil(digits: Value, values: Value) -> Value:
    """Round each number up to DIGITS decimals, 0 without it.

    With 0 digits the result is an integer; else a decimal for decimals and a float for others. Null
    gives null, a list a list; values that are no numbers are dropped. Null where DIGITS (of a list
    the first value) is no whole number.
    """
    return _round_each(UP, digits, values)


@function(
    "floor",
    "DIGITS(numeric-expression{0|1}), VALUES(value-expression{1})",
    Example(["floor", ["list", 2.9, "x", 6]], [2, 6]),
    Example(["floor", 2, 2.299], 2.29),
    Example(["floor", -2.5], -3),
)
def floor(digits: Value, values: Value) -> Value:
    """Round each number down to DIGITS decimals, 0 without it.

    With 0 digits the result is an integer; else a decimal for decimals and a float for others. Null
    gives null, a list a list; values that are no numbers are dropped. Null where DIGITS (of a list
    the first value) is no whole number.
    """
    return _round_each(DOWN, digits, values)


@function(
    "round",
    "DIGITS(numeric-expression{0|1}), VALUES(value-expression{1})",
    Example(["round", 2, "_S.price"], 19.99, source={"price": 19.987}),
    Example(["round", ["list", 2.2, 3.5, 4.5]], [2, 4, 4], note="ties go to the even digit"),
    Example(["round", 2, ["decimal", "2.355"]], "~f2.36"),
    Example(["round", 1, 2.25], 2.2),
)
def round_(digits: Value, values: Value) -> Value:
    """Round each number to DIGITS decimals, 0 without it; ties go to the even digit.

    With 0 digits the result is an integer; else a decimal for decimals and a float for others. Null
    gives null, a list a list; values that are no numbers are dropped. Null where DIGITS (of a list
    the first value) is no whole number.
    """
    return _round_each(NEAREST, digits, values)
