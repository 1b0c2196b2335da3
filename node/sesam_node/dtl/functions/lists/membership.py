"""How many values there are, and which: count, is-empty, is-not-empty, is-list, in, distinct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions.lists._arguments import BY_FUNCTION, VALUES, Function, keys_of
from sesam_node.dtl.functions.sets import identities
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import VARIES, as_list

if TYPE_CHECKING:
    from sesam_node.model.values import Value


@function(
    "count",
    VALUES,
    Example(["count", ["list", 2, 4, None]], 3, note="null elements count"),
    Example(["count", "abc"], 1, note="a string is one value"),
    Example(["count", None], 0),
)
def count(values: Value) -> Value:
    """Give the number of values: 0 for null and `[]`, 1 for anything that is no list."""
    if type(values) is list:
        return len(values)
    return 0 if values is None else 1


@function(
    "is-empty",
    VALUES,
    Example(["is-empty", "_S.hobbies"], expect=True, note="absent property"),
    Example(["is-empty", ["list"]], expect=True),
    Example(["is-empty", ["list", None]], expect=False, note="a null element is a value"),
    Example(["is-empty", ""], expect=False),
    boolean=True,
)
def is_empty(values: Value) -> Value:
    """Tell whether there are no values: only null and `[]` are empty."""
    return values is None or (type(values) is list and not values)


@function(
    "is-not-empty",
    VALUES,
    Example(["is-not-empty", "_S.hobbies"], expect=True, source={"hobbies": ["golf"]}),
    Example(["is-not-empty", ["list"]], expect=False),
    Example(["is-not-empty", False], expect=True, note="false is a value"),
    boolean=True,
)
def is_not_empty(values: Value) -> Value:
    """Tell whether there are values: anything but null and `[]`."""
    return not (values is None or (type(values) is list and not values))


@function(
    "is-list",
    VALUES,
    Example(["is-list", ["list"]], expect=True),
    Example(["is-list", ["dict", "a", 1]], expect=False),
    Example(["is-list", None], expect=False),
    boolean=True,
)
def is_list(values: Value) -> Value:
    """Tell whether the value is a list, also an empty one; null is not."""
    return type(values) is list


def prepare_in(_values: Any, items: Any) -> Function | None:
    """Membership in constant ITEMS: they are put into a set once."""
    if items is VARIES:
        return None
    known = frozenset(identities(as_list(items)))

    def is_known(values: Value) -> bool:
        if type(values) is str and values[:1] != "~":
            return values in known
        wanted = as_list(values)
        return bool(wanted) and known.issuperset(identities(wanted))

    return is_known


@function(
    "in",
    f"{VALUES}, ITEMS(value-expression{{1}})",
    Example(["in", "_S.country", ["list", "NO", "SE"]], expect=True, source={"country": "SE"}),
    Example(["in", ["list", "a", "c"], ["list", "a", "b", "c"]], expect=True, note="all of them"),
    Example(["in", ["list", "a", "d"], ["list", "a", "b", "c"]], expect=False),
    Example(["in", ["list", 10], 10], expect=True),
    Example(["in", None, ["list", None]], expect=False, note="null is no value"),
    boolean=True,
    prepare=prepare_in,
)
def in_(values: Value, items: Value) -> Value:
    """Tell whether every one of VALUES is among ITEMS; false where VALUES is null or empty.

    A null element is a value like any other.
    """
    if type(values) is str and values[:1] != "~":
        return values in items if type(items) is list else values == items
    wanted = as_list(values)
    return bool(wanted) and set(identities(wanted)).issubset(identities(as_list(items)))


@function(
    "distinct",
    BY_FUNCTION,
    Example(["distinct", ["list", 4, 2, 5, 4, 3]], [4, 2, 5, 3]),
    Example(["distinct", ["upper", "_."], ["list", "a", "A", "B", "b"]], ["a", "B"]),
    Example(["distinct", ["list", 1, "1", 1.0, {"a": 1}, {"a": 1}]], [1, "1", {"a": 1}]),
    Example(["distinct", None], []),
)
def distinct(by: Any, values: Value) -> Value:
    """Give a list of VALUES without repetitions; the first of equal ones keeps its place.

    With FUNCTION its results are compared, and the values come back. Null has no values; null
    elements are values.
    """
    items = as_list(values)
    firsts: dict[Any, Value] = {}
    for key, item in zip(identities(keys_of(by, items)), items, strict=True):
        firsts.setdefault(key, item)
    return list(firsts.values())
