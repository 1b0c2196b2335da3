"""Operations on two numbers of any type, and the contexts in which decimals are exact or rounded.

`calculate` lets the operands meet in one type and gives null where there is no result.
"""

from __future__ import annotations

import math
import operator
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from typing import TYPE_CHECKING, NamedTuple

from sesam_node.dtl.limits import LARGEST, MAX_DIGITS
from sesam_node.model.values import as_decimal, decimal_text, from_number, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value

QUOTIENT_DIGITS = 50
MAX_BITS = LARGEST.bit_length()
ONE = Decimal(1)
FAULTS = [InvalidOperation, DivisionByZero, Overflow]


def decimal_context(digits: int, *, exact: bool) -> Context:
    traps = [*FAULTS, Inexact] if exact else FAULTS
    return Context(digits, ROUND_HALF_EVEN, -MAX_DIGITS, MAX_DIGITS, traps=traps)


EXACT = decimal_context(MAX_DIGITS, exact=True)
EXACT_QUOTIENT = decimal_context(QUOTIENT_DIGITS, exact=True)
ROUNDED = decimal_context(QUOTIENT_DIGITS, exact=False)
GUARDED = decimal_context(2 * QUOTIENT_DIGITS, exact=False)
WIDE = decimal_context(MAX_DIGITS, exact=False)


class Operator(NamedTuple):
    """One operation on each of the three number types."""

    integers: Callable[[int, int], int | Decimal]
    floats: Callable[[float, float], float]
    decimals: Callable[[Decimal, Decimal], Decimal]


def digits_of(value: Decimal) -> int:
    return len(value.as_tuple().digits)


def _quotient(a: Decimal, b: Decimal) -> Decimal:
    """Exact where the quotient ends, else to 50 digits or as many as the longer operand has."""
    try:
        return EXACT_QUOTIENT.divide(a, b)
    except Inexact:
        longer = max(QUOTIENT_DIGITS, digits_of(a), digits_of(b))
    # A quotient that ends has at most that many digits: the divisor is made of twos and fives.
    enough = min(MAX_DIGITS, digits_of(a) + 4 * digits_of(b))
    if enough > QUOTIENT_DIGITS:
        try:
            return decimal_context(enough, exact=True).divide(a, b)
        except Inexact:
            pass
    return decimal_context(min(longer, MAX_DIGITS), exact=False).divide(a, b)


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
        if exponent <= MAX_DIGITS and digits_of(base) * int(exponent) <= MAX_DIGITS:
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
