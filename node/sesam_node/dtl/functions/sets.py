"""Sets: values compared by type and content, order and duplicates as each function says.

Both arguments are read as lists: null holds no values, a single value is a list of one. Membership
goes through hashable stand-ins (`identity`), so the cost grows with the sum of the sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.limits import not_too_large
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import as_list
from sesam_node.model.values import Value, identity

if TYPE_CHECKING:
    from collections.abc import Iterable

PAIR = "VALUES1(value-expression{1}), VALUES2(value-expression{1})"


def identities(values: Iterable[Value]) -> list[Any]:
    """A hashable stand-in for each value; integers and plain strings stand for themselves."""
    return [
        value
        if type(value) is int or (type(value) is str and value[:1] != "~")
        else identity(not_too_large("comparison", value))
        for value in values
    ]


@function(
    "difference",
    PAIR,
    Example(["difference", ["list", "D", "A", "D", "B"], ["list", "A", "C"]], ["D", "D", "B"]),
    Example(["difference", "A", ["list", "B", "C"]], ["A"], note="a single value is a list of one"),
    Example(["difference", ["list", 1, "1"], 1.0], ["1"], note="numbers compare by value"),
    Example(["difference", None, "A"], [], note="null has no values"),
)
def difference(left: Value, right: Value) -> Value:
    """Give the values of VALUES1 that are not in VALUES2, in their order, duplicates kept.

    Null holds no values: as VALUES1 it gives `[]`, as VALUES2 it takes nothing away.
    """
    values = as_list(left)
    taken = set(identities(as_list(right)))
    return [v for v, key in zip(values, identities(values), strict=True) if key not in taken]


@function(
    "intersection",
    PAIR,
    Example(["intersection", ["list", "B", "C", "B"], ["list", "A", "B"]], ["B", "B"]),
    Example(["intersection", ["list", {"a": 1}, {"a": 2}], {"a": 2}], [{"a": 2}]),
    Example(["intersection", "A", None], [], note="null has no values"),
)
def intersection(left: Value, right: Value) -> Value:
    """Give the values of VALUES1 that are in VALUES2, in their order, duplicates kept.

    Null holds no values; nothing in common gives `[]`.
    """
    values = as_list(left)
    kept = set(identities(as_list(right)))
    return [v for v, key in zip(values, identities(values), strict=True) if key in kept]


@function(
    "intersects",
    PAIR,
    Example(["intersects", ["list", "A", "B"], ["list", "B", "C"]], expect=True),
    Example(["intersects", ["list", 1], ["list", "1"]], expect=False, note="types differ"),
    Example(["intersects", None, ["list", None]], expect=False, note="null has no values"),
    boolean=True,
)
def intersects(left: Value, right: Value) -> Value:
    """Tell whether VALUES1 and VALUES2 have a value in common; null holds no values."""
    return not set(identities(as_list(left))).isdisjoint(identities(as_list(right)))


@function(
    "union",
    PAIR,
    Example(["union", ["list", "B", "A", "B"], ["list", "C", "A"]], ["B", "A", "C"]),
    Example(["union", "A", "A"], ["A"]),
    Example(["union", ["list", "A", None], None], ["A", None], note="an element may be null"),
)
def union(left: Value, right: Value) -> Value:
    """Give each value of VALUES1 and then VALUES2 once, at its first place.

    A null argument adds nothing.
    """
    values = [*as_list(left), *as_list(right)]
    firsts: dict[Any, Value] = {}
    for key, value in zip(identities(values), values, strict=True):
        firsts.setdefault(key, value)
    return list(firsts.values())
