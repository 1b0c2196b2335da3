"""Nulls: testing for them and choosing something else.

`is-null` looks at the first element of a list; the coalesce functions ask for null itself, so that
`[]`, `""` and `false` are values to them.
"""

from __future__ import annotations

from typing import Any

from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, as_list
from sesam_node.model.values import Value, truth

VALUES = "VALUES(value-expression{1})"


@function(
    "is-null",
    VALUES,
    Example(["is-null", "_S.missing"], expect=True, note="absent property"),
    Example(["is-null", ["list", None, 123]], expect=True, note="only the first element counts"),
    Example(["is-null", ["list"]], expect=True),
    Example(["is-null", ""], expect=False),
    boolean=True,
)
def is_null(values: Value) -> Value:
    """Tell whether the value is null, an empty list or a list whose first element is null."""
    if type(values) is list:
        return not values or values[0] is None
    return values is None


@function(
    "is-not-null",
    VALUES,
    Example(["is-not-null", ["list", 1, None]], expect=True),
    Example(["is-not-null", ["list", None, 1]], expect=False),
    Example(["is-not-null", {}], expect=True),
    boolean=True,
)
def is_not_null(values: Value) -> Value:
    """Tell whether the value is neither null nor an empty list nor a list that starts with null."""
    if type(values) is list:
        return bool(values) and values[0] is not None
    return values is not None


@function(
    "coalesce",
    "FUNCTION(function-expression{0|1}), VALUES(value-expression{1})",
    Example(["coalesce", ["list", None, False, 1]], expect=False, note="false is not null"),
    Example(["coalesce", ["gt", "_.n", 1], ["list", {"n": 1}, {"n": 2}]], {"n": 2}),
    Example(["coalesce", ["list", None, ["list"]]], [], note="a list element comes back whole"),
    Example(["coalesce", None], None),
)
def coalesce(test: Any, values: Value) -> Value:
    """Give the first element that is not null, or the first for which FUNCTION is true.

    Null where there is none. A single value is a list of one.
    """
    if test is ABSENT:
        return next((value for value in as_list(values) if value is not None), None)
    return next((value for value in as_list(values) if truth(test(value))), None)
