"""Group "math": operators on two numbers, their list forms, rounding and a few functions.

Integers and decimals are exact, floats are binary64. Two operands meet in the more precise of
integer < float < decimal; only a quotient of integers is a decimal. A float that meets a decimal,
or is rounded to digits, goes through its shortest notation: 2.2 is 2.2. What has no value (zero
divisor, root of a negative number, overflow, over 4299 digits) is null.
"""

from __future__ import annotations

import math
import operator
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import TYPE_CHECKING, NamedTuple

from sesam_node.dtl.functions._values import MAX_DIGITS, prepared
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, each, first_value
from sesam_node.model.values import as_decimal, decimal_text, from_number, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value

QUOTIENT_DIGITS = 50
LARGEST = 10**MAX_DIGITS
MAX_BITS = LARGEST.bit_length()
STEEPEST = 1e15
"""A tangent beyond this is that of PI/2, which binary64 only meets nearly."""

ONE = Decimal(1)
FAULTS = [InvalidOperation, DivisionByZero, Overflow]


def _context(digits: int, *, exact: bool) -> Context:
    traps = [*FAULTS, Inexact] if exact else FAULTS
    return Context(digits, ROUND_HALF_EVEN, -MAX_DIGITS, MAX_DIGITS, traps=traps)


EXACT = _context(MAX_DIGITS, exact=True)
EXACT_QUOTIENT = _context(QUOTIENT_DIGITS, exact=True)
ROUNDED = _context(QUOTIENT_DIGITS, exact=False)
GUARDED = _context(2 * QUOTIENT_DIGITS, exact=False)
WIDE = _context(MAX_DIGITS, exact=False)


class Operator(NamedTuple):
    """One operation on each of the three number types."""

    integers: Callable[[int, int], int | Decimal]
    floats: Callable[[float, float], float]
    decimals: Callable[[Decimal, Decimal], Decimal]


def _digits(value: Decimal) -> int:
    return len(value.as_tuple().digits)


def _quotient(a: Decimal, b: Decimal) -> Decimal:
    """Exact where the quotient ends, else to 50 digits or as many as the longer operand has."""
    try:
        return EXACT_QUOTIENT.divide(a, b)
    except Inexact:
        longer = max(QUOTIENT_DIGITS, _digits(a), _digits(b))
    # A quotient that ends has at most that many digits: the divisor is made of twos and fives.
    enough = min(MAX_DIGITS, _digits(a) + 4 * _digits(b))
    if enough > QUOTIENT_DIGITS:
        try:
            return _context(enough, exact=True).divide(a, b)
        except Inexact:
            pass
    return _context(min(longer, MAX_DIGITS), exact=False).divide(a, b)


def _integer_quotient(a: int, b: int) -> Decimal:
    return _quotient(Decimal(a), Decimal(b))


def _remainder(a: Decimal, b: Decimal) -> Decimal:
    rest = EXACT.remainder(a, b)
    if not rest:
        return rest.copy_abs()
    return rest if rest.is_signed() == b.is_signed() else EXACT.add(rest, b)


def _integer_power(base: int, exponent: int) -> int | Decimal:
    if exponent < 0:
        return _quotient(ONE, Decimal(_integer_power(base, -exponent)))
    if (abs(base).bit_length() - 1) * exponent > MAX_BITS:
        raise OverflowError
    return base**exponent  # type: ignore[no-any-return]  # the exponent is not negative


def _decimal_power(base: Decimal, exponent: Decimal) -> Decimal:
    """Exact for a whole exponent where the digits suffice, else to 50 digits."""
    if not exponent:
        return ONE
    if exponent == exponent.to_integral_value():
        if exponent.is_signed():
            return _quotient(ONE, _decimal_power(base, exponent.copy_negate()))
        if exponent <= MAX_DIGITS and _digits(base) * int(exponent) <= MAX_DIGITS:
            return EXACT.power(base, exponent)
    return ROUNDED.power(GUARDED.plus(base), exponent)


ADD = Operator(operator.add, operator.add, EXACT.add)
SUBTRACT = Operator(operator.sub, operator.sub, EXACT.subtract)
MULTIPLY = Operator(operator.mul, operator.mul, EXACT.multiply)
DIVIDE = Operator(_integer_quotient, operator.truediv, _quotient)
MODULO = Operator(operator.mod, operator.mod, _remainder)
POWER = Operator(_integer_power, math.pow, _decimal_power)


def calculate(operation: Operator, a: Value, b: Value) -> Value:
    """`a` operation `b` as a DTL value; null where one is no number or there is no result."""
    left, right = number(a), number(b)
    if left is None or right is None:
        return None
    try:
        if type(left) is int and type(right) is int:
            result = operation.integers(left, right)
        elif type(left) is Decimal or type(right) is Decimal:
            result = operation.decimals(as_decimal(left), as_decimal(right))
        else:
            return from_number(operation.floats(float(left), float(right)))
    except (ArithmeticError, ValueError):
        return None
    if type(result) is int:
        return result if -LARGEST < result < LARGEST else None
    return decimal_text(result)  # type: ignore[arg-type]  # an int has just been returned


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
    digits = max(QUOTIENT_DIGITS, _digits(found))
    try:
        return decimal_text(_context(min(digits, MAX_DIGITS), exact=False).sqrt(found))
    except ArithmeticError:
        return None
