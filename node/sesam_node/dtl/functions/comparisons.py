"""Equality and order. Code is specialised by the type of a constant side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.limits import not_too_large
from sesam_node.dtl.registry import Example, special
from sesam_node.dtl.runtime import VARIES
from sesam_node.model.values import RANKS, Value, compare, equal, kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import At, Call, Node

BOTH = "LEFT(value-expression{1}), RIGHT(value-expression{1})"
TAGGED_BY_VALUE = ("~f", "~t")


def equal_values(left: Value, right: Value) -> bool:
    """The `eq` of DTL: both sides as lists, equal in length, order and value; null equals null."""
    if left is None or right is None:
        return left is right
    if type(left) is list:
        not_too_large("eq", left)
        return equal(left, right if type(right) is list else [right])
    if type(right) is list:
        return equal([left], right)
    return equal(left, right)


def emit_equal(scope: Scope, left: str, left_constant: Value, right: Node, at: At) -> str:
    """Source of `eq` between a source (a constant too, or VARIES) and a node."""
    constant = scope.value(right)
    if left_constant is not VARIES and constant is not VARIES:
        return str(equal_values(left_constant, constant))
    if constant is not VARIES:
        return _equal_constant(scope, left, constant, at)
    if left_constant is not VARIES:
        return _equal_constant(scope, scope.expression(right), left_constant, at)
    return scope.call(at, equal_values, left, scope.expression(right))


def _equal_constant(scope: Scope, source: str, constant: Value, at: At) -> str:
    if constant is None:
        return f"({source} is None)"
    kind_ = type(constant)
    name = scope.temporary()
    value = scope.constant(constant)
    if kind_ is str and constant[:2] not in TAGGED_BY_VALUE:
        return f"(({name} := {source}) == {value} or {name} == [{value}])"
    slow = f"{scope.code(equal_values)}({name}, {value})"
    if kind_ is bool:
        return f"(({name} := {source}) is {value} or (type({name}) is list and {slow}))"
    if kind_ is int:
        return f"({name} == {value} if type({name} := {source}) is int else {slow})"
    return scope.call(at, equal_values, source, value)


@special(
    "eq",
    BOTH,
    Example(["eq", "_S.age", 42], expect=True, source={"_id": "x", "age": 42}),
    Example(["eq", ["list", "a"], "a"], expect=True, note="a single value is a list of it"),
    Example(["eq", ["list", "a", "b"], ["list", "b", "a"]], expect=False, note="order counts"),
    Example(["eq", "1", 1], expect=False, note="nothing is cast"),
    Example(["eq", 1, "~f1.0"], expect=True, note="numbers meet by value"),
    Example(["eq", ["list"], None], expect=False, note="null equals only null"),
    boolean=True,
)
def eq(scope: Scope, call: Call) -> str:
    """Are two values equal?

    Both are taken as lists (a single value as a list of it), which are equal in length, order and
    value. Integers, floats and decimals meet by value, dicts without regard to order; null equals
    null alone. In the `where` of hops it is a join instead.
    """
    left, right = call.arguments
    return emit_equal(scope, scope.expression(left), scope.value(left), right, call.at)


@special(
    "neq",
    BOTH,
    Example(["neq", "_S.age", 42], expect=True, source={"_id": "x", "age": 43}),
    Example(["neq", ["list", "a"], "a"], expect=False),
    boolean=True,
)
def neq(scope: Scope, call: Call) -> str:
    """Are two values different? The inverse of `eq`."""
    left, right = call.arguments
    source = emit_equal(scope, scope.expression(left), scope.value(left), right, call.at)
    return f"(not {source})"


def order(left: Value, right: Value) -> int | None:
    """How the first values of both sides compare: -1, 0, 1; None where they do not."""
    if type(left) is list:
        left = left[0] if left else None
    if type(right) is list:
        right = right[0] if right else None
    if left is None or right is None or RANKS[kind(left)] != RANKS[kind(right)]:
        return None
    return compare(left, right)


def greater(left: Value, right: Value) -> bool:
    result = order(left, right)
    return result is not None and result > 0


def greater_or_equal(left: Value, right: Value) -> bool:
    result = order(left, right)
    return result is not None and result >= 0


def less(left: Value, right: Value) -> bool:
    result = order(left, right)
    return result is not None and result < 0


def less_or_equal(left: Value, right: Value) -> bool:
    result = order(left, right)
    return result is not None and result <= 0


def _emit_order(scope: Scope, call: Call, sign: str, test: Callable[[Value, Value], bool]) -> str:
    left, right = call.arguments
    left_constant, right_constant = scope.value(left), scope.value(right)
    if left_constant is not VARIES and right_constant is not VARIES:
        return str(test(left_constant, right_constant))
    name = scope.temporary()
    if type(right_constant) in (int, float):
        value, source = scope.constant(right_constant), scope.expression(left)
        slow = f"{scope.code(test)}({name}, {value})"
        number = f"type({name} := {source}) is int or type({name}) is float"
        return f"({name} {sign} {value} if {number} else {slow})"
    if type(left_constant) in (int, float):
        value, source = scope.constant(left_constant), scope.expression(right)
        slow = f"{scope.code(test)}({value}, {name})"
        number = f"type({name} := {source}) is int or type({name}) is float"
        return f"({value} {sign} {name} if {number} else {slow})"
    return scope.call(call.at, test, scope.expression(left), scope.expression(right))


@special(
    "gt",
    BOTH,
    Example(["gt", "_S.age", 42], expect=True, source={"_id": "x", "age": 43}),
    Example(["gt", ["list", 1, 5], 4], expect=False, note="the first value counts"),
    Example(["gt", None, 1], expect=False, note="null compares with nothing"),
    Example(["gt", "a", 1], expect=False, note="nor do different types"),
    boolean=True,
)
def gt(scope: Scope, call: Call) -> str:
    """Is the first value of LEFT greater than that of RIGHT?

    Numbers compare by value, datetimes by instant, strings by code point. False where a side is
    null, a list is empty or the types do not compare: they must be of one group (booleans, numbers,
    dates and datetimes, strings, URIs...).
    """
    return _emit_order(scope, call, ">", greater)


@special(
    "gte",
    BOTH,
    Example(["gte", "_S.age", 18], expect=True, source={"age": 18}),
    Example(["gte", 1, 1.0], expect=True, note="numbers compare by value"),
    Example(["gte", ["list", None], 18], expect=False),
    boolean=True,
)
def gte(scope: Scope, call: Call) -> str:
    """Is the first value of LEFT greater than that of RIGHT, or equal?

    What compares is said at `gt`; false where a side is null, both too.
    """
    return _emit_order(scope, call, ">=", greater_or_equal)


@special(
    "lt",
    BOTH,
    Example(["lt", "_S.age", 18], expect=True, source={"age": 17}),
    Example(["lt", "A", "a"], expect=True, note="upper case first"),
    Example(
        ["lt", "~t2015-07-28T00:00:00Z", "~t2015-07-28T00:00:00.000000001Z"],
        expect=True,
        note="a nanosecond apart",
    ),
    boolean=True,
)
def lt(scope: Scope, call: Call) -> str:
    """Is the first value of LEFT less than that of RIGHT?

    What compares is said at `gt`; false where a side is null, so null is not less than anything.
    """
    return _emit_order(scope, call, "<", less)


@special(
    "lte",
    BOTH,
    Example(["lte", "_S.age", 18], expect=True, source={"age": 18}),
    Example(["lte", "~f2.50", 2.5], expect=True, note="numbers compare by value"),
    boolean=True,
)
def lte(scope: Scope, call: Call) -> str:
    """Is the first value of LEFT less than that of RIGHT, or equal?

    What compares is said at `gt`; false where a side is null, both too.
    """
    return _emit_order(scope, call, "<=", less_or_equal)
