"""Dictionaries: building them, taking them apart, and namespaces on their property names.

A property name is plain text inside a dict. As a value it is a string, so a name that would read as
a typed value is escaped on the way out and unescaped on the way in (`as_string`, `text`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import text
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import as_list, first_value
from sesam_node.model.namespaces import strip_namespaces
from sesam_node.model.values import Value, as_string

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_node.model.values import Entity

DICTS = "DICTS(value-expression{1})"
TWO: list[Value] = ["list", {"A": 1, "B": 2}, 123, {"A": 3}]


def dicts_in(values: Value) -> Iterable[Entity]:
    """The dicts among the values; everything else is ignored."""
    return (value for value in as_list(values) if type(value) is dict)


@function(
    "has-key",
    "KEY(value-expression{1}), VALUES(value-expression{1})",
    Example(["has-key", "a", {"a": None}], expect=True, note="the value may be null"),
    Example(["has-key", "b", ["list", {"a": 1}, {"b": 1}]], expect=False, note="only the first"),
    Example(["has-key", "a", ["list", 123, {"a": 1}]], None, note="not a dict"),
    Example(["has-key", "a", None], None),
    boolean=True,
)
def has_key(key: Value, values: Value) -> Value:
    """Tell whether a dict, or the first element of a list, has the property KEY.

    Null where that is no dict; false where KEY is no string.
    """
    value = first_value(values)
    if type(value) is not dict:
        return None
    name = text(key)
    return name is not None and name in value


@function(
    "is-dict",
    "VALUES(value-expression{1})",
    Example(["is-dict", "_S."], expect=True, note="an entity is a dict"),
    Example(["is-dict", ["list", {"a": 1}, 123]], expect=True, note="the first element"),
    Example(["is-dict", ["list"]], expect=False),
    boolean=True,
)
def is_dict(values: Value) -> Value:
    """Tell whether the value, or the first element of a list, is a dict; null is not."""
    return type(first_value(values)) is dict


@function(
    "items",
    DICTS,
    Example(["items", TWO], [["A", 1], ["B", 2], ["A", 3]]),
    Example(["items", {"A": 1}], [["A", 1]]),
    Example(["items", "X"], [], note="no dict"),
)
def items(values: Value) -> Value:
    """Give a list of `[key, value]` for each property of each dict, in order.

    What is no dict is ignored, null too.
    """
    return [[as_string(key), item] for entry in dicts_in(values) for key, item in entry.items()]


@function(
    "key-values",
    DICTS,
    Example(
        ["key-values", TWO],
        [{"key": "A", "value": 1}, {"key": "B", "value": 2}, {"key": "A", "value": 3}],
    ),
    Example(["key-values", {"hello": "world"}], {"key": "hello", "value": "world"}),
    Example(["key-values", ["list", {"a": 1}]], [{"key": "a", "value": 1}]),
)
def key_values(values: Value) -> Value:
    """Give a list of `{"key": key, "value": value}` for each property of each dict, in order.

    A single dict with one property gives that one dict, without a list. What is no dict is ignored.
    """
    pairs = [
        {"key": as_string(key), "value": item}
        for entry in dicts_in(values)
        for key, item in entry.items()
    ]
    return pairs[0] if type(values) is dict and len(pairs) == 1 else pairs


@function(
    "keys",
    DICTS,
    Example(["keys", TWO], ["A", "B", "A"], note="duplicates stay"),
    Example(["keys", {"a": 1, "b": 2}], ["a", "b"]),
    Example(["keys", None], []),
)
def keys(values: Value) -> Value:
    """Give a list of the property names of each dict, in order.

    What is no dict is ignored, null too.
    """
    return [as_string(key) for entry in dicts_in(values) for key in entry]


@function(
    "values",
    DICTS,
    Example(["values", TWO], [1, 2, 3]),
    Example(["values", {"a": [1, 2], "b": None}], [[1, 2], None], note="each value whole"),
    Example(["values", 123], []),
)
def values_(values: Value) -> Value:
    """Give a list of the property values of each dict, in order, not flattened.

    What is no dict is ignored, null too; null properties count.
    """
    return [item for entry in dicts_in(values) for item in entry.values()]


@function(
    "strip-ns",
    DICTS,
    Example(["strip-ns", {"ns1:b": 1, "ns2:c": 2, "d": 3}], {"b": 1, "c": 2, "d": 3}),
    Example(["strip-ns", ["list", {"n:a": [{"n:b": 1}]}]], [{"a": [{"b": 1}]}], note="all depths"),
    Example(["strip-ns", "n:a"], "n:a", note="only names of properties change"),
)
def strip_ns(values: Value) -> Value:
    """Give the dicts without the namespaces of their property names, at every depth.

    What stands before the last colon is the namespace. Other values stay as they are.
    """
    return strip_namespaces(values)
