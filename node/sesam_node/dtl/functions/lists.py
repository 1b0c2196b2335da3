"""Lists: building, cutting, ordering, grouping and folding them.

Where a function takes VALUES, null holds no values, a list its elements (nulls included), anything
else is one value (`as_list`). Functions that say "gives a list" do so for a single value too. A
FUNCTION arrives as a Python callable and is called once for each value.
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from math import fsum
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions._values import json_text, text
from sesam_node.dtl.functions.arithmetic import EXACT, LARGEST
from sesam_node.dtl.functions.sets import identities
from sesam_node.dtl.limits import SHORT, refuse_too_many, spend
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, VARIES, as_list
from sesam_node.errors import DtlError
from sesam_node.model.values import (
    RANKS,
    Value,
    as_decimal,
    as_string,
    decimal_text,
    from_number,
    kind_of_text,
    nanos,
    number,
    sort_key,
    text_of,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Function = Callable[[Value], Value]

VALUES = "VALUES(value-expression{1})"
BY_FUNCTION = f"FUNCTION(function-expression{{0|1}}), {VALUES}"

ZERO_STEP = "expected an integer other than 0, got 0"

AGES: list[Value] = ["list", {"age": 30}, {"age": 50}, {"age": 20}]
PAIRS: list[Value] = ["list", ["list", "x", 1], ["list", "y", 2], ["list", "x", 3]]


def check_step(step: Value) -> str | None:
    """What is wrong with a constant STEP or STRIDE."""
    return ZERO_STEP if type(step) is int and step == 0 else None


def is_sequence(value: Value) -> bool:
    """Does `first`, `last` and `nth` look inside it? Lists, and the tuples of `tuples`."""
    return type(value) is list or type(value) is tuple


# -- building and joining --------------------------------------------------------------------------


@function(
    "combine",
    "VALUES(value-expression{>=1})",
    Example(["combine", 1, ["list", 2, 3], 4], [1, 2, 3, 4]),
    Example(["combine", "_S.x"], ["a"], source={"x": "a"}, note="makes a list of anything"),
    Example(["combine", 1, None, ["list", None]], [1, None], note="null arguments vanish"),
)
def combine(*values: Value) -> Value:
    """Give one list of all values of all arguments, joined one level deep.

    A null argument adds nothing; null elements and duplicates stay.
    """
    out = [item for value in values for item in as_list(value)]
    if len(out) > SHORT:
        spend(len(out))
    return out


@function(
    "list",
    "VALUES(value-expression{>=0})",
    Example(["list"], []),
    Example(["list", "a", ["list", "b"], None], ["a", ["b"], None]),
    Example(["list", "_S.tags", "z"], [["a", "b"], "z"], source={"tags": ["a", "b"]}),
)
def list_(*values: Value) -> Value:
    """Give a list with one element for each argument; nulls and lists stay as they are."""
    return list(values)


@function(
    "flatten",
    VALUES,
    Example(["flatten", ["list", 1, 2, ["list", 3, 4]]], [1, 2, 3, 4]),
    Example(["flatten", ["list", 3, ["list", ["list", 4], 5]]], [3, [4], 5], note="one level"),
    Example(["flatten", None], [], note="null has no values"),
)
def flatten(values: Value) -> Value:
    """Give a list in which the lists among VALUES are spliced, one level deep.

    Everything else stays, nulls too; null alone gives `[]`.
    """
    out: list[Value] = []
    for value in as_list(values):
        if type(value) is list:
            out.extend(value)
        else:
            out.append(value)
    if len(out) > SHORT:
        spend(len(out))
    return out


@function(
    "insert",
    f"INDEX(integer-expression{{1}}), {VALUES}, OBJECT(value-expression{{1}})",
    Example(["insert", 1, ["list", 1, 2], ["list", 3, 4]], [1, [3, 4], 2]),
    Example(["insert", -2, ["list", 1, 2, 3], 4], [1, 4, 2, 3], note="counted from the end"),
    Example(["insert", 9, 2, 3], [2, 3], note="beyond the end: appended"),
    Example(["insert", "0", 2, 3], None, note="INDEX must be an integer"),
)
def insert(index: Value, values: Value, item: Value) -> Value:
    """Give the list of VALUES with OBJECT as one more element before the one at INDEX.

    An INDEX outside is clipped; null where INDEX is no integer. Null VALUES is an empty list.
    """
    if type(index) is not int:
        return None
    out = list(as_list(values))
    if len(out) > SHORT:
        spend(len(out))
    # A list takes no index beyond a machine word.
    out.insert(max(-len(out), min(index, len(out))), item)
    return out


@function(
    "range",
    "START(integer-expression{1}), STOP(integer-expression{1}), STEP(integer-expression{0|1})",
    Example(["range", 0, 4], [0, 1, 2, 3]),
    Example(["range", 4, 0, -1], [4, 3, 2, 1]),
    Example(["range", 4, 0], [], note="the default step goes upwards"),
    Example(["range", 0, "4"], None, note="all arguments must be integers"),
    checks={"STEP": check_step},
)
def range_(start: Value, stop: Value, step: Value = ABSENT) -> Value:
    """Give the integers from START up to, not including, STOP in steps of STEP, by default 1.

    Null where an argument is no integer. Fails where STEP is 0 or the list would be too long.
    """
    if step is ABSENT:
        step = 1
    if not (type(start) is type(stop) is type(step) is int):
        return None
    if step == 0:
        raise DtlError(ZERO_STEP)
    refuse_too_many("range", -((start - stop) // step))
    return list(range(start, stop, step))


@function(
    "enumerate",
    f"START(integer-expression{{0|1}}), {VALUES}",
    Example(["enumerate", ["list", 17, 32]], [{"key": 0, "value": 17}, {"key": 1, "value": 32}]),
    Example(["enumerate", 2, ["list", 17, 32]], [{"key": 2, "value": 17}, {"key": 3, "value": 32}]),
    Example(["enumerate", "a"], {"key": 0, "value": "a"}, note="single value, single dict"),
    Example(["enumerate", None], None),
    Example(["enumerate", "1", "a"], None, note="START must be an integer"),
)
def enumerate_(start: Value, values: Value) -> Value:
    """Give `{"key": number, "value": value}` for each value, numbered from START, by default 0.

    A list gives a list, a single value a single dict, null gives null; null elements are numbered
    too. Null where START is no integer.
    """
    if start is ABSENT:
        start = 0
    if values is None or type(start) is not int:
        return None
    if type(values) is not list:
        return {"key": start, "value": values}
    return [{"key": key, "value": value} for key, value in enumerate(values, start)]


# -- size and membership ---------------------------------------------------------------------------


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


# -- picking ---------------------------------------------------------------------------------------


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


# -- mapping ---------------------------------------------------------------------------------------


@function(
    "map",
    f"FUNCTION(function-expression{{1}}), {VALUES}",
    Example(["map", ["lower", "_."], ["list", "A", "B"]], ["a", "b"]),
    Example(
        ["map", ["distinct", "_."], ["list", ["list", "A", "A"], ["list", "B"]]], [["A"], ["B"]]
    ),
    Example(["map", "_.id", ["list", {"id": 1}, {}]], [1, None], note="a null result stays"),
    Example(["map", ["lower", "_."], None], []),
)
def map_(change: Function, values: Value) -> Value:
    """Give the list of the results of FUNCTION for each value, in order.

    Null results stay as elements and list results stay lists; null VALUES gives `[]`.
    """
    items = as_list(values)
    spend(len(items))
    return [change(value) for value in items]


@function(
    "map-dict",
    f"KEY_FUNCTION(function-expression{{1}}), VALUE_FUNCTION(function-expression{{1}}), {VALUES}",
    Example(["map-dict", ["upper", "_."], ["plus", 1, "_."], {"a": 1, "b": 2}], {"A": 2, "B": 3}),
    Example(
        ["map-dict", ["if", ["neq", "_.", "b"], "_."], "_.", ["list", {"a": 1, "b": 2}, {"b": 3}]],
        [{"a": 1}],
        note="keys that are no string drop their pair, empty dicts are left out",
    ),
    Example(["map-dict", "_.", "_.", 123], None, note="not a dict"),
)
def map_dict(on_key: Function, on_value: Function, values: Value) -> Value:
    """Give a new dict for each dict: KEY_FUNCTION of each key, VALUE_FUNCTION of each value.

    A pair whose new key is no string is dropped, a dict that ends up empty is left out (null for a
    single one), and so is what is no dict. Null values stay.
    """
    if type(values) is not list:
        return _map_dict(on_key, on_value, values)
    mapped = (_map_dict(on_key, on_value, value) for value in values)
    return [value for value in mapped if value is not None]


def _map_dict(on_key: Function, on_value: Function, value: Value) -> dict[str, Value] | None:
    if type(value) is not dict:
        return None
    out = {}
    spend(len(value))
    for key, item in value.items():
        name = text(on_key(as_string(key)))
        if name is not None:
            out[name] = on_value(item)
    return out or None


@function(
    "map-values",
    f"VALUE_FUNCTION(function-expression{{1}}), {VALUES}",
    Example(
        ["map-values", ["lower", "_."], ["list", {"k": "A", "l": "B"}, 1, {"k": "C"}]],
        ["a", "b", "c"],
    ),
    Example(["map-values", ["count", "_."], {"a": [1, 2], "b": [3]}], [2, 1], note="values whole"),
    Example(["map-values", "_.", "abc"], [], note="no dict, no values"),
)
def map_values(change: Function, values: Value) -> Value:
    """Give one list of the results of VALUE_FUNCTION for each value of each dict.

    What is no dict is ignored, null too.
    """
    items = [item for d in as_list(values) if type(d) is dict for item in d.values()]
    spend(len(items))
    return [change(item) for item in items]


# -- order -----------------------------------------------------------------------------------------


def keys_of(by: Any, items: list[Value]) -> list[Value]:
    """What values are compared by: the results of the function, or themselves without one."""
    spend(len(items))
    return items if by is ABSENT else [by(item) for item in items]


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


# -- grouping and folding --------------------------------------------------------------------------


@function(
    "group",
    f"KEY_FUNCTION(function-expression{{1}}), VALUE_FUNCTION(function-expression{{1}}), {VALUES}",
    Example(["group", ["first", "_."], ["last", "_."], PAIRS], [["x", [1, 3]], ["y", [2]]]),
    Example(
        ["dict", ["group", "_.type", "_.name", "_S.items"]],
        {"a": ["x", "z"], "b": ["y"]},
        source={
            "items": [
                {"type": "a", "name": "x"},
                {"type": "b", "name": "y"},
                {"type": "a", "name": "z"},
            ]
        },
        note="as a dict",
    ),
    Example(["group", ["upper", "_."], ["lower", "_."], "Hello"], [["HELLO", ["hello"]]]),
    Example(["group", "_.", "_.", None], []),
)
def group(key: Function, change: Function, values: Value) -> Value:
    """Give a list of `[key, values]`: VALUE_FUNCTION's results under each KEY_FUNCTION result.

    Keys keep their type and come in order of first appearance; null is a key like any other. Null
    VALUES gives `[]`.
    """
    items = as_list(values)
    spend(len(items))
    keys = [key(item) for item in items]
    groups: dict[Any, list[Value]] = {}
    for identity, shown, item in zip(identities(keys), keys, items, strict=True):
        found = groups.get(identity)
        if found is None:
            found = groups[identity] = [shown, []]
        found[1].append(change(item))
    return list(groups.values())


@function(
    "group-by",
    "KEY_FUNCTION(function-expression{1}), STRING_FUNCTION(function-expression{0|1}), " + VALUES,
    Example(
        ["group-by", ["length", "_."], ["list", "a", "bb", "c"]], {"1": ["a", "c"], "2": ["bb"]}
    ),
    Example(["group-by", ["upper", "_."], ["list", "a", "b"]], {'"A"': ["a"], '"B"': ["b"]}),
    Example(
        ["group-by", ["upper", "_."], ["string", "_."], ["list", "a", "b"]],
        {"A": ["a"], "B": ["b"]},
    ),
)
def group_by(key: Function, text_of_key: Any, values: Value) -> Value:
    """Give a dict of lists: the values under the text of their KEY_FUNCTION result.

    The text is the key's transit JSON (`"null"` for null), or what STRING_FUNCTION makes of the
    key; where that is no string the value is left out. Null VALUES gives `{}`.
    """
    out: dict[str, list[Value]] = {}
    items = as_list(values)
    spend(len(items))
    for item in items:
        found = key(item)
        name = json_text(found) if text_of_key is ABSENT else text(text_of_key(found))
        if name is not None:
            out.setdefault(name, []).append(item)
    return out


@function(
    "sum",
    VALUES,
    Example(["sum", ["list", 2, 4, 6]], 12),
    Example(["sum", ["list", 1, "2", None, 3]], 4, note="only numbers count"),
    Example(["sum", ["list", 1, 2.5, "~f0.25"]], "~f3.75", note="the most precise type wins"),
    Example(["sum", None], 0),
)
def sum_(values: Value) -> Value:
    """Give the sum of the numbers among VALUES; everything else is ignored, nothing gives 0.

    Integers give an integer, with a float among them a float, with a decimal an exact decimal. Null
    where the sum is beyond what the type holds.
    """
    numbers = [n for n in map(number, as_list(values)) if n is not None]
    types = set(map(type, numbers))
    try:
        if Decimal in types:
            return decimal_text(reduce(EXACT.add, map(as_decimal, numbers)))
        if float in types:
            return from_number(fsum(numbers))
    except ArithmeticError:  # an infinity, or more digits than can be written
        return None
    total = sum(numbers)
    return total if -LARGEST < total < LARGEST else None
