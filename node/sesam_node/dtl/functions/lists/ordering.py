"""Mixed type order: sorted, sorted-descending, reversed, max, min."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions.lists._arguments import AGES, BY_FUNCTION, VALUES, keys_of
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import as_list
from sesam_node.model.values import RANKS, Value, kind_of_text, nanos, sort_key, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def rank(value: Value) -> tuple[int, Any] | None:
    """A sort key of a simple value; null for those that only `compare` can order."""
    type_ = type(value)
    if type_ is str:
        if value[:1] != "~":
            return (7, value)
        kind = kind_of_text(value)
        if kind == "decimal":
            return None
        if kind == "string":
            return (7, text_of(value))
        return (RANKS[kind], nanos(value) if value[1] == "t" else value)
    if type_ is int or type_ is float:
        return (2, value)
    if value is None:
        return (0, 0)
    return (1, value) if type_ is bool else None


def ordering(keys: list[Value]) -> Sequence[Any]:
    """Keys that Python orders as the mixed type order does, as cheap as the values allow.

    `sort_key` is always right, but compares in Python at every step.
    """
    types = set(map(type, keys))
    if types <= {int, float}:
        return keys
    if types == {str} and not any(key[:1] == "~" for key in keys):
        return keys
    ranks = [rank(key) for key in keys]
    if None not in ranks:
        return ranks
    return [sort_key(key) for key in keys]


def in_order(by: Any, values: Value, *, descending: bool) -> Value:
    """The values of a list in mixed type order; equal ones keep their order."""
    if type(values) is not list or len(values) < 2:
        return values
    keys = ordering(keys_of(by, values))
    if keys is values:
        return sorted(values, reverse=descending)
    places = sorted(range(len(values)), key=keys.__getitem__, reverse=descending)
    return [values[place] for place in places]


@function(
    "sorted",
    BY_FUNCTION,
    Example(["sorted", ["list", 4, 2, 5, 4, 3]], [2, 3, 4, 4, 5]),
    Example(["sorted", "_.age", AGES], [{"age": 20}, {"age": 30}, {"age": 50}]),
    Example(["sorted", ["list", "b", 2, {"x": 1}, "a", None]], [None, 2, "a", "b", {"x": 1}]),
    Example(["sorted", "a"], "a", note="not a list"),
    Example(["sorted", None], None),
)
def sorted_(by: Any, values: Value) -> Value:
    """Give the values of a list in ascending mixed type order, or in that of FUNCTION's results.

    Nulls come first, equal values keep their order. What is no list comes back as it is.
    """
    return in_order(by, values, descending=False)


@function(
    "sorted-descending",
    BY_FUNCTION,
    Example(["sorted-descending", ["list", 4, 2, 5, 4, 3]], [5, 4, 4, 3, 2]),
    Example(["sorted-descending", "_.age", AGES], [{"age": 50}, {"age": 30}, {"age": 20}]),
    Example(["sorted-descending", ["list", "b", 2, {"x": 1}, "a"]], [{"x": 1}, "b", "a", 2]),
    Example(["sorted-descending", 7], 7, note="not a list"),
)
def sorted_descending(by: Any, values: Value) -> Value:
    """Give the values of a list in descending mixed type order, or in that of FUNCTION's results.

    Nulls come last, equal values keep their order. What is no list comes back as it is.
    """
    return in_order(by, values, descending=True)


@function(
    "reversed",
    VALUES,
    Example(["reversed", ["list", 1, 3, 2]], [2, 3, 1]),
    Example(["reversed", "abc"], ["abc"], note="a single value is a list of one"),
    Example(["reversed", None], []),
)
def reversed_(values: Value) -> Value:
    """Give the list of VALUES turned around; null has no values and gives `[]`."""
    return as_list(values)[::-1]


def extreme(pick: Callable[..., Any], by: Any, values: Value) -> Value:
    """What `max` or `min` picks in mixed type order, the first of equal ones; null of nothing."""
    items = as_list(values)
    if not items:
        return None
    keys = ordering(keys_of(by, items))
    return pick(items) if keys is items else items[pick(range(len(items)), key=keys.__getitem__)]


@function(
    "max",
    BY_FUNCTION,
    Example(["max", ["list", 4, 2, 5, 3]], 5),
    Example(["max", "_.age", AGES], {"age": 50}, note="the value comes back, not what it is by"),
    Example(["max", ["list", {"x": 1}, "b", 2, "a"]], {"x": 1}, note="types have an order too"),
    Example(["max", ["list"]], None),
)
def max_(by: Any, values: Value) -> Value:
    """Give the greatest value in mixed type order, or the one with the greatest FUNCTION result.

    The first of equal ones; null where there are no values. Null elements rank lowest.
    """
    return extreme(max, by, values)


@function(
    "min",
    BY_FUNCTION,
    Example(["min", ["list", 4, 2, 5, 3]], 2),
    Example(["min", ["length", "_."], ["list", "ccc", "a", "bb"]], "a"),
    Example(["min", ["list", {"x": 1}, "b", "a"]], "a", note="types have an order too"),
    Example(["min", None], None),
)
def min_(by: Any, values: Value) -> Value:
    """Give the least value in mixed type order, or the one with the least FUNCTION result.

    The first of equal ones; null where there are no values. Null elements rank lowest.
    """
    return extreme(min, by, values)
