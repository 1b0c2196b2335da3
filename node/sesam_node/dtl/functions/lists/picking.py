"""Some of the values: first, last, nth, slice, filter."""

from __future__ import annotations

from sesam_node.dtl.functions.lists._arguments import AGES, VALUES, ZERO_STEP, Function, check_step
from sesam_node.dtl.limits import spend
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, as_list
from sesam_node.errors import DtlError
from sesam_node.model.values import Value, truth


def is_sequence(value: Value) -> bool:
    """Does `first`, `last` and `nth` look inside it? Lists, and the tuples of `tuples`."""
    return type(value) is list or type(value) is tuple


@function(
    "first",
    VALUES,
    Example(["first", ["list", "a", "b", "c"]], "a"),
    Example(["first", {"a": 1, "b": 2}], {"a": 1, "b": 2}, note="a dict is a single value"),
    Example(["first", ["list"]], None),
)
def first(values: Value) -> Value:
    """Give the first element; null for an empty list, anything but a list as it is."""
    if is_sequence(values):
        return values[0] if values else None
    return values


@function(
    "last",
    VALUES,
    Example(["last", ["list", "a", "b", "c"]], "c"),
    Example(["last", "abc"], "abc", note="a string is a single value"),
    Example(["last", ["list"]], None),
)
def last(values: Value) -> Value:
    """Give the last element; null for an empty list, anything but a list as it is."""
    if is_sequence(values):
        return values[-1] if values else None
    return values


@function(
    "nth",
    f"INDEX(integer-expression{{1}}), {VALUES}",
    Example(["nth", 1, ["list", "a", "b", "c"]], "b"),
    Example(["nth", 5, ["list", "a", "b", "c"]], None, note="out of bounds"),
    Example(["nth", 0, "abc"], "abc", note="a single value is at 0"),
    Example(["nth", -1, ["list", "a"]], None, note="nothing is below 0"),
)
def nth(index: Value, values: Value) -> Value:
    """Give the value at INDEX, counted from 0; null where there is none or INDEX is no integer."""
    if type(index) is not int:
        return None
    if is_sequence(values):
        return values[index] if 0 <= index < len(values) else None
    return values if index == 0 else None


@function(
    "slice",
    "START(integer-expression{1}), END(integer-expression{0|1}), "
    f"STRIDE(integer-expression{{0|1}}), {VALUES}",
    Example(["slice", 1, 3, ["list", "a", "b", "c", "d"]], ["b", "c"]),
    Example(["slice", 2, -2, 2, ["list", 0, 1, 2, 3, 4, 5, 6]], [2, 4], note="every second"),
    Example(["slice", -2, ["list", 0, 1, 2]], [1, 2], note="counted from the end"),
    Example(["slice", 0, None, 2, ["list", 0, 1, 2]], [0, 2], note="null END: to the end"),
    Example(["slice", 0, 1, "abc"], ["abc"], note="a single value is a list of one"),
    checks={"STRIDE": check_step},
)
def slice_(start: Value, end: Value, stride: Value, values: Value) -> Value:
    """Give the list of VALUES from START up to, not including, END, every STRIDE-th of them.

    Negative positions count from the end, a negative STRIDE goes backwards, null means the default.
    Null where a position is no integer. Fails where STRIDE is 0.
    """
    bounds = [None if bound is ABSENT else bound for bound in (start, end, stride)]
    if any(type(bound) is not int and bound is not None for bound in bounds):
        return None
    if bounds[2] == 0:
        raise DtlError(ZERO_STEP)
    return as_list(values)[slice(*bounds)]


@function(
    "filter",
    f"FUNCTION(function-expression{{1}}), {VALUES}",
    Example(["filter", ["gt", "_.age", 40], AGES], [{"age": 50}]),
    Example(["filter", "_.", ["list", 0, "", False, None, ["list"]]], [0, ""], note="truth"),
    Example(["filter", ["gt", "_.", 1], None], []),
)
def filter_(test: Function, values: Value) -> Value:
    """Give a list of the values for which FUNCTION is true; false, null and `[]` are not.

    Null has no values and gives `[]`.
    """
    items = as_list(values)
    spend(len(items))
    return [value for value in items if truth(test(value))]
