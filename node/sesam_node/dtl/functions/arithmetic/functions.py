"""Functions of each number: cos, sin, tan, sqrt."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from sesam_node.dtl.functions.arithmetic.operations import (
    QUOTIENT_DIGITS,
    ROUNDED,
    decimal_context,
    digits_of,
)
from sesam_node.dtl.limits import MAX_DIGITS
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import each
from sesam_node.model.values import decimal_text, from_number, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value

STEEPEST = 1e15
"""A tangent beyond this is that of PI/2, which binary64 only meets nearly."""


def _each_float(f: Callable[[float], float | None], values: Value) -> Value:
    def apply(value: Value) -> Value:
        found = number(value)
        try:
            return None if found is None else f(float(found))
        except (OverflowError, ValueError):
            return None

    return each(values, apply)


@function(
    "cos",
    "VALUE(numeric-expression{1})",
    Example(["cos", 0], 1.0),
    Example(["cos", ["list", 3.14159265, "x"]], [-1.0], approx=1e-6),
)
def cos(values: Value) -> Value:
    """Give the cosine of each number of radians, a float.

    Null gives null, a list a list; values that are no numbers are dropped.
    """
    return _each_float(math.cos, values)


@function(
    "sin",
    "VALUE(numeric-expression{1})",
    Example(["sin", 0], 0.0),
    Example(["sin", ["list", 1.5707963, "x"]], [1.0], approx=1e-6),
)
def sin(values: Value) -> Value:
    """Give the sine of each number of radians, a float.

    Null gives null, a list a list; values that are no numbers are dropped.
    """
    return _each_float(math.sin, values)


@function(
    "tan",
    "VALUE(numeric-expression{1})",
    Example(["tan", 0], 0.0),
    Example(["tan", 0.7853981633974483], 1.0, approx=1e-9),
    Example(["tan", 1.5707963267948966], None, note="undefined for half of PI"),
)
def tan(values: Value) -> Value:
    """Give the tangent of each number of radians, a float.

    Null gives null, a list a list; values that are no numbers are dropped, and those that are as
    near to odd multiples of half of PI as a float can be.
    """
    return _each_float(_tangent, values)


def _tangent(angle: float) -> float | None:
    result = math.tan(angle)
    return result if abs(result) < STEEPEST else None


@function(
    "sqrt",
    "VALUE(numeric-expression{1})",
    Example(["sqrt", ["list", 4, 9.0, "x"]], [2.0, 3.0]),
    Example(["sqrt", "~f1.44"], "~f1.2"),
    Example(["sqrt", -1], None),
)
def sqrt(values: Value) -> Value:
    """Give the square root of each number: a decimal of decimals, else a float.

    Null gives null, a list a list; values that are no numbers are dropped, negative ones too.
    """
    return each(values, _root)


def _root(value: Value) -> Value:
    found = number(value)
    if found is None or found < 0:
        return None
    if type(found) is not Decimal:
        try:
            return math.sqrt(found)
        except OverflowError:
            return from_number(float(ROUNDED.sqrt(Decimal(found))))
    digits = max(QUOTIENT_DIGITS, digits_of(found))
    try:
        return decimal_text(decimal_context(min(digits, MAX_DIGITS), exact=False).sqrt(found))
    except ArithmeticError:
        return None
