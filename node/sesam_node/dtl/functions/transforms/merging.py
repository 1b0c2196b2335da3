"""merge and merge-union: the properties of dicts go into the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.limits import not_too_large
from sesam_node.dtl.registry import Example, transform
from sesam_node.dtl.runtime import as_list, identity

if TYPE_CHECKING:
    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call
    from sesam_node.model.values import Entity, Value


def merge_properties(target: Entity, values: Value) -> None:
    """All properties of each dict, but those with a leading underscore, replace the target's."""
    for value in as_list(values):
        if type(value) is dict:
            for name, item in value.items():
                if name[:1] != "_":
                    target[name] = item


@transform(
    "merge",
    "VALUES(value-expression{1})",
    Example(["merge", ["list", {"a": 1}, {"a": 2, "b": 3}]], {"_id": "x", "a": 2, "b": 3}),
    Example(
        [["add", "a", {"b": 1}], ["merge", {"_id": "y", "a": {"c": 2}}]],
        {"_id": "x", "a": {"c": 2}},
        note="no deep merge, and no _id",
    ),
    Example(["merge", None], {"_id": "x"}),
)
def merge(scope: Scope, call: Call) -> None:
    """Let the properties of each dict replace those of the target; the last one wins.

    Properties with a leading underscore are left out at the root, `_id` too. Values are taken as
    they are: dicts in them are not merged. What is no dict is ignored, null and `[]` do nothing.
    """
    values = scope.expression(call.arguments[0])
    scope.line(scope.call(call.at, merge_properties, "T", values), call.at)


def union_of(old: Value, new: Value) -> Value:
    """The values of both, each once; a single value where two single ones are equal."""
    united: dict[Any, Value] = {}
    for value in (*as_list(old), *as_list(new)):
        united.setdefault(identity(not_too_large("merge-union", value)), value)
    values = list(united.values())
    if type(old) is not list and type(new) is not list and len(values) < 2:
        return values[0] if values else None
    return values


def merge_union_properties(target: Entity, values: Value) -> None:
    """As merge, but values are added to those that the target has."""
    for value in as_list(values):
        if type(value) is dict:
            for name, item in value.items():
                if name[:1] != "_":
                    target[name] = union_of(target[name], item) if name in target else item


@transform(
    "merge-union",
    "VALUES(value-expression{1})",
    Example(
        ["merge-union", ["list", {"a": 1}, {"a": 2, "b": 3}]], {"_id": "x", "a": [1, 2], "b": 3}
    ),
    Example(["merge-union", ["list", {"a": 1}, {"a": [2, 1]}]], {"_id": "x", "a": [1, 2]}),
    Example(["merge-union", {"a": 1}], {"_id": "x", "a": 1}),
)
def merge_union(scope: Scope, call: Call) -> None:
    """Add the properties of each dict to those of the target: a list of all where both have one.

    Such a list has the old values first, each value once, and those of lists joined flat. A value
    that is the first of its property, or equal to the single one there, stays as it is. Properties
    with a leading underscore are left out at the root, what is no dict is ignored, null too.
    """
    values = scope.expression(call.arguments[0])
    scope.line(scope.call(call.at, merge_union_properties, "T", values), call.at)
