"""Nulls: testing for them and choosing something else.

`is-null` looks at the first element of a list; the coalesce functions ask for null itself, so that
`[]`, `""` and `false` are values to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.limits import spend
from sesam_node.dtl.registry import Example, function, special
from sesam_node.dtl.runtime import ABSENT, as_list
from sesam_node.model.values import Value, truth

if TYPE_CHECKING:
    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call

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
    Example(["coalesce", ["list", "_S.nick", "_S.name"]], "Ada", source={"name": "Ada"}),
    Example(["coalesce", ["list", None, False, 1]], expect=False, note="false is not null"),
    Example(["coalesce", ["gt", "_.n", 1], ["list", {"n": 1}, {"n": 2}]], {"n": 2}),
    Example(["coalesce", ["list", None, ["list"]]], [], note="a list element comes back whole"),
    Example(["coalesce", None], None),
)
def coalesce(test: Any, values: Value) -> Value:
    """Give the first element that is not null, or the first for which FUNCTION is true.

    Null where there is none, also for null and `[]`. A single value is a list of one; an element
    that is a list itself comes back whole.
    """
    if test is ABSENT:
        return next((value for value in as_list(values) if value is not None), None)
    items = as_list(values)
    spend(len(items))
    return next((value for value in items if truth(test(value))), None)


@special(
    "coalesce-args",
    "VALUES(value-expression{>=1})",
    Example(["coalesce-args", "_S.one", "_S.two", 3], 2, source={"two": 2}),
    Example(["coalesce-args", None, ["list"], 1], [], note="an empty list is not null"),
    Example(["coalesce-args", ["list", None, 1], 2], [None, 1]),
    Example(["coalesce-args", None, None], None),
)
def coalesce_args(scope: Scope, call: Call) -> str:
    """Give the first argument that is not null; those after it are not evaluated.

    Null where all are. Lists count as they are: `[]` is not null.
    """
    name = scope.temporary()
    tests = (f"({name} := {scope.expression(node)}) is not None" for node in call.arguments)
    return f"({name} if {' or '.join(tests)} else None)"


@special(
    "if-null",
    "VALUE(value-expression{1}), FALLBACK_VALUE(value-expression{1})",
    Example(["if-null", "_S.name", "unknown"], "unknown", note="absent property"),
    Example(["if-null", ["list", None, 123], 2], 2, note="only the first element counts"),
    Example(["if-null", ["list", 1, None], 2], [1, None]),
    Example(["if-null", False, 2], expect=False),
)
def if_null(scope: Scope, call: Call) -> str:
    """Give VALUE, or FALLBACK_VALUE where `is-null` holds for it; only then it is evaluated.

    Null, `[]` and a list that starts with null are replaced, a list as a whole.
    """
    value, fallback = (scope.expression(node) for node in call.arguments)
    name = scope.temporary()
    is_null_list = f"type({name}) is list and (not {name} or {name}[0] is None)"
    return f"({fallback} if ({name} := {value}) is None or {is_null_list} else {name})"
