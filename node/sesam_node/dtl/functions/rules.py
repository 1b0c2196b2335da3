"""apply: a rule for each value; path: properties by computed names."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import names
from sesam_node.dtl.limits import APPLIED, spend
from sesam_node.dtl.registry import Example, special
from sesam_node.dtl.runtime import VARIES, as_list, walk
from sesam_node.model.values import is_text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call, RuleContext
    from sesam_node.model.values import Value

MAX_STEPS = 50
"""A constant path of more steps than this is walked and not written out as code."""

ORDERS = {"_id": "x", "name": "Ada", "orders": [{"no": 1}, {"no": 2}]}


def apply_rule(
    rule: Callable[[Any, Any, Any], Any], values: Value, caller: Any, root: Any
) -> Value:
    """The targets of a rule: a list for a list, one for a single value, null for null."""
    if type(values) is list:
        spend(APPLIED * len(values))
        targets = []
        for value in values:
            target = rule(value, caller, root)
            if target is not None:
                targets.append(target)
        return targets
    if values is None:
        return None
    spend(APPLIED)
    return rule(values, caller, root)


def emit_apply(scope: Scope, call: Call, values: str) -> str:
    """Source of the rule that the first argument names, applied to values."""
    rule = scope.module.rule(call.constant(0))
    caller = f"({scope.variable('_S')}, {scope.variable('_T')}, {scope.variable('_P')})"
    return scope.call(call.at, apply_rule, rule, values, caller, "R")


@special(
    "apply",
    "RULE(rule{1}), VALUES(value-expression{1})",
    Example(
        ["apply", "order", "_S.orders"],
        [{"number": 1, "who": "Ada"}, {"number": 2, "who": "Ada"}],
        source=ORDERS,
        rules={"order": [["add", "number", "_S.no"], ["add", "who", "_P._S.name"]]},
    ),
    Example(
        ["apply", "order", "_S.orders"],
        [{"no": 2}],
        source=ORDERS,
        rules={"order": [["filter", ["gt", "_S.no", 1]], ["copy", "no"]]},
        note="filter in the rule drops a value",
    ),
    Example(
        ["apply", "order", "_S.order"],
        {"number": 7},
        source={"_id": "x", "order": {"no": 7}},
        rules={"order": [["add", "number", "_S.no"]]},
        note="a single value, a single target",
    ),
    Example(["apply", "order", None], None, rules={"order": [["copy", "*"]]}),
    pure=False,
)
def apply(scope: Scope, call: Call) -> str:
    """Give the targets that RULE, a rule of the same transform, makes of VALUES.

    Each value, dict or not, is the `_S` of a new context with an empty `_T`; `_P` is the context of
    the caller with its `_S` and `_T`. A target needs no `_id`. A list gives a list, a single value
    one target; values that the rule filters or discards drop out, a single one then gives null, as
    null does. A rule may apply itself; one that hops needs `apply-hops`.
    """
    return emit_apply(scope, call, scope.expression(call.arguments[1]))


class Walker:
    """Walks along computed names, with the name resolution of a context."""

    __name__ = "walker"

    def __init__(self, context: RuleContext) -> None:
        self.reader = lru_cache(4096)(lambda name: names.reader(name, context))

    def __call__(self, path: Value, values: Value) -> Value:
        for name in as_list(path):
            if is_text(name):
                read = self.reader(text_of(name))
                if isinstance(read, str):
                    values = walk(values, read)
                else:
                    values = names.walk_with(values, read)
        return values


@special(
    "path",
    "NAMES(value-expression{1}), VALUES(value-expression{1})",
    Example(["path", "age", {"age": 24}], 24),
    Example(["path", "age", ["list", {"age": 23}, {"age": 24}]], [23, 24]),
    Example(
        ["path", ["list", "lines", "item"], "_S.orders"],
        ["pen", "ink", "mug"],
        source={
            "orders": [{"lines": [{"item": "pen"}, {"item": "ink"}]}, {"lines": {"item": "mug"}}]
        },
    ),
    Example(["path", "_S.lang", {"no": "hei", "en": "hi"}], "hei", source={"lang": "no"}),
    Example(["path", ["list", "a", "b.c"], {"a": {"b.c": 1}}], 1, note="dots are ordinary"),
    Example(["path", ["list"], {"a": 1}], {"a": 1}, note="an empty path is the value itself"),
    Example(
        ["sorted", ["path", "a", {"a": 1, "foo:a": 2}]],
        [1, 2],
        context={"namespaced": True},
        note="with namespaced identifiers: in every namespace",
    ),
    context=True,
)
def path(scope: Scope, call: Call) -> str:
    """Give the values found along NAMES from each of VALUES.

    NAMES is a property name or a list of them; a dot in one is an ordinary character, what is no
    string is ignored, and without any name VALUES comes back as it is. A single dict gives its
    value as it is, null where it has none; a list gives a flat list without nulls.

    With namespaced identifiers a name without a namespace reads the property in every namespace;
    `::name` is the one without, `:name` that in the property namespace.
    """
    constant = scope.value(call.arguments[0])
    values = scope.expression(call.arguments[1])
    if constant is VARIES or (type(constant) is list and len(constant) > MAX_STEPS):
        walker = Walker(scope.context)
        return scope.call(call.at, walker, scope.expression(call.arguments[0]), values)
    steps = [text_of(name) for name in as_list(constant) if is_text(name)]
    return scope.steps(values, steps)
