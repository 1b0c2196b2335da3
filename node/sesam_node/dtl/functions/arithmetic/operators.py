"""The operators: + - * / % ^ on two values; plus, minus, multiply, divide, mod, pow on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import prepared
from sesam_node.dtl.functions.arithmetic.operations import (
    ADD,
    DIVIDE,
    MODULO,
    MULTIPLY,
    POWER,
    SUBTRACT,
    Operator,
    calculate,
)
from sesam_node.dtl.limits import LARGEST
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import each, first_value
from sesam_node.model.values import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value


def _natural(operation: Operator, a: Value, b: Value) -> Value:
    return calculate(operation, first_value(a), first_value(b))


def _mapped(operation: Operator) -> Callable[[Value], Callable[[Value], Value]]:
    def make(operand: Value) -> Callable[[Value], Value]:
        right = first_value(operand)
        if number(right) is None:
            return lambda _: None
        return lambda values: each(values, lambda value: calculate(operation, value, right))

    return make


_plus, _minus, _multiply = _mapped(ADD), _mapped(SUBTRACT), _mapped(MULTIPLY)
_divide, _mod, _pow = _mapped(DIVIDE), _mapped(MODULO), _mapped(POWER)


@function(
    "+",
    "VALUE1(value-expression{1}), VALUE2(value-expression{1})",
    Example(["+", 10, ["list", 3, 20]], 13, note="of a list the first value"),
    Example(["+", ["decimal", "0.1"], ["decimal", "0.2"]], "~f0.3"),
    Example(["+", 1, 2.5], 3.5),
    Example(["+", 1, None], None),
)
def plus_sign(a: Value, b: Value) -> Value:
    """VALUE1 plus VALUE2.

    Of a list the first value counts. Null where one of them is null or no number.
    """
    if type(a) is int and type(b) is int:
        result = a + b
        return result if -LARGEST < result < LARGEST else None
    return _natural(ADD, a, b)


@function(
    "-",
    "VALUE1(value-expression{1}), VALUE2(value-expression{1})",
    Example(["-", 10, 12], -2),
    Example(["-", ["decimal", "1.0"], 0.1], "~f0.9"),
    Example(["-", "1", 1], None, note="text is no number"),
)
def minus_sign(a: Value, b: Value) -> Value:
    """VALUE1 minus VALUE2.

    Of a list the first value counts. Null where one of them is null or no number.
    """
    if type(a) is int and type(b) is int:
        result = a - b
        return result if -LARGEST < result < LARGEST else None
    return _natural(SUBTRACT, a, b)


@function(
    "*",
    "VALUE(value-expression{1}), MULTIPLIER(value-expression{1})",
    Example(["*", 2, ["list", 2, 4]], 4),
    Example(["*", ["decimal", "19.99"], 3], "~f59.97"),
    Example(["*", 2, 1.5], 3.0),
)
def times_sign(a: Value, b: Value) -> Value:
    """VALUE times MULTIPLIER.

    Of a list the first value counts. Null where one of them is null or no number.
    """
    return _natural(MULTIPLY, a, b)


@function(
    "/",
    "DIVIDEND(numeric-expression{1}), DIVISOR(value-expression{1})",
    Example(["/", 10, 20], "~f0.5", note="of two integers: a decimal"),
    Example(["/", 1.0, 4], 0.25),
    Example(["/", 1, 0], None),
)
def division_sign(a: Value, b: Value) -> Value:
    """DIVIDEND divided by DIVISOR: exact where the decimals end, else to 50 digits.

    Of a list the first value counts. Two integers give a decimal, so nothing is lost. Null where
    one of them is null or no number, and for a divisor of zero.
    """
    return _natural(DIVIDE, a, b)


@function(
    "%",
    "DIVIDEND(numeric-expression{1}), DIVISOR(value-expression{1})",
    Example(["%", 8, 3], 2),
    Example(["%", -8, 3], 1, note="the sign of the divisor"),
    Example(["%", ["decimal", "10.5"], 3], "~f1.5"),
    Example(["%", 8, 0], None),
)
def modulo_sign(a: Value, b: Value) -> Value:
    """What remains of DIVIDEND divided by DIVISOR, with the sign of DIVISOR.

    Of a list the first value counts. Null where one of them is null or no number, and for a divisor
    of zero.
    """
    return _natural(MODULO, a, b)


@function(
    "^",
    "VALUE(value-expression{1}), EXPONENT(value-expression{1})",
    Example(["^", 2, 10], 1024),
    Example(["^", ["decimal", "1.1"], 2], "~f1.21"),
    Example(["^", 2, -1], "~f0.5", note="a quotient of integers"),
    Example(["^", -8, 0.5], None, note="no real number"),
)
def power_sign(a: Value, b: Value) -> Value:
    """VALUE to the power of EXPONENT.

    Of a list the first value counts. Null where one of them is null or no number, where there is no
    real result and where it has more than 4299 digits.
    """
    return _natural(POWER, a, b)


@function(
    "plus",
    "INCREMENT(numeric-expression{1}), VALUES(value-expression{1})",
    Example(["plus", 10, ["list", 1, "a", None, 2]], [11, 12]),
    Example(["plus", ["decimal", "0.1"], "~f0.2"], "~f0.3"),
    Example(["plus", 1, "x"], None),
    prepare=prepared(_plus),
)
def plus(increment: Value, values: Value) -> Value:
    """Add INCREMENT to each number of VALUES.

    Null gives null, a list a list; other values are dropped. Of a list INCREMENT the first value
    counts; null where it is null or no number.
    """
    return _plus(increment)(values)


@function(
    "minus",
    "DECREMENT(numeric-expression{1}), VALUES(value-expression{1})",
    Example(["minus", 1, ["list", 1, "x", 3]], [0, 2]),
    Example(["minus", 0.5, 2], 1.5),
    Example(["minus", None, 2], None),
    prepare=prepared(_minus),
)
def minus(decrement: Value, values: Value) -> Value:
    """Take DECREMENT from each number of VALUES.

    Null gives null, a list a list; other values are dropped. Of a list DECREMENT the first value
    counts; null where it is null or no number.
    """
    return _minus(decrement)(values)


@function(
    "multiply",
    "MULTIPLIER(numeric-expression{1}), VALUES(value-expression{1})",
    Example(["multiply", 2, ["list", 1, "x", 3]], [2, 6]),
    Example(["multiply", 2, ["list", 4]], [8]),
    Example(["multiply", "~f1.5", 3], "~f4.5"),
    prepare=prepared(_multiply),
)
def multiply(multiplier: Value, values: Value) -> Value:
    """Multiply each number of VALUES by MULTIPLIER.

    Null gives null, a list a list; other values are dropped. Of a list MULTIPLIER the first value
    counts; null where it is null or no number.
    """
    return _multiply(multiplier)(values)


@function(
    "divide",
    "DIVISOR(numeric-expression{1}), DIVIDENDS(value-expression{1})",
    Example(["divide", 2, ["list", 7, "x"]], ["~f3.5"], note="of two integers: a decimal"),
    Example(["divide", 0.5, 1], 2.0),
    Example(["divide", 0, 1], None),
    prepare=prepared(_divide),
)
def divide(divisor: Value, values: Value) -> Value:
    """Divide each number of DIVIDENDS by DIVISOR; integers by an integer give decimals.

    Null gives null, a list a list; other values are dropped, all for a divisor of zero. Of a list
    DIVISOR the first value counts; null where it is null or no number.
    """
    return _divide(divisor)(values)


@function(
    "mod",
    "DIVISOR(numeric-expression{1}), VALUES(value-expression{1})",
    Example(["mod", 3, ["list", 7, "x", 9]], [1, 0]),
    Example(["mod", -3, 7], -2, note="the sign of the divisor"),
    Example(["mod", ["decimal", "0.3"], 1], "~f0.1"),
    prepare=prepared(_mod),
)
def mod(divisor: Value, values: Value) -> Value:
    """What remains of each number divided by DIVISOR, with the sign of DIVISOR.

    Null gives null, a list a list; other values are dropped, all for a divisor of zero. Of a list
    DIVISOR the first value counts; null where it is null or no number.
    """
    return _mod(divisor)(values)


@function(
    "pow",
    "EXPONENT(numeric-expression{1}), VALUES(value-expression{1})",
    Example(["pow", 2, ["list", 3, "x"]], [9]),
    Example(["pow", 0.5, 16], 4.0),
    Example(["pow", None, 2], None),
    prepare=prepared(_pow),
)
def pow_(exponent: Value, values: Value) -> Value:
    """Raise each number of VALUES to the power of EXPONENT.

    Null gives null, a list a list; other values are dropped, and numbers without a real result. Of
    a list EXPONENT the first value counts; null where it is null or no number.
    """
    return _pow(exponent)(values)
