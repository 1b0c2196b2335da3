"""if, case and case-eq as expressions: only the chosen branch is evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions.comparisons import emit_equal
from sesam_node.dtl.registry import Example, special
from sesam_node.dtl.runtime import VARIES

if TYPE_CHECKING:
    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call

SHORT = 3  # branches of a case that become one Python expression


@special(
    "if",
    "CONDITION(boolean-expression{1}), THEN(value-expression{1}), ELSE(value-expression{0|1})",
    Example(["if", ["gt", "_S.age", 42], 1, 2], 1, source={"_id": "x", "age": 43}),
    Example(["if", ["list"], "yes"], None, note="null without ELSE"),
    Example(["if", "", "yes", "no"], "yes", note="the empty string counts as true"),
)
def if_(scope: Scope, call: Call) -> str:
    """THEN where CONDITION counts as true, else ELSE (null without one).

    Null, false and the empty list do not count as true, everything else does. Only the chosen one
    is evaluated, and given as it is: a list stays a list.
    """
    condition, then = call.arguments[:2]
    other = scope.expression(call.arguments[2]) if len(call.arguments) == 3 else "None"
    return f"({scope.expression(then)} if {scope.condition(condition)} else {other})"


@special(
    "case",
    "(CONDITION(boolean-expression{1}), THEN(value-expression{1})){>=1}, "
    "ELSE(value-expression{0|1})",
    Example(
        ["case", ["gte", "_S.age", 18], "adult", ["gte", "_S.age", 13], "teenager", "child"],
        "teenager",
        source={"_id": "x", "age": 15},
    ),
    Example(["case", False, 1], None, note="null without ELSE"),
)
def case(scope: Scope, call: Call) -> str:
    """The first THEN whose CONDITION counts as true; else ELSE, or null without one.

    Null, false and the empty list do not count as true, everything else does. Conditions are
    evaluated up to the first that does, and only the chosen THEN.
    """
    bound = scope.bound(call)
    pairs = list(zip(bound["CONDITION"], bound["THEN"], strict=True))
    other = "None" if bound["ELSE"] is None else scope.expression(bound["ELSE"])
    if len(pairs) <= SHORT:
        source = other
        for condition, then in reversed(pairs):
            source = f"({scope.expression(then)} if {scope.condition(condition)} else {source})"
        return source
    inner = scope.inner({})
    for condition, then in pairs:
        inner.line(f"if {inner.condition(condition)}:", condition.at)
        inner.line(f"    return {inner.expression(then)}", then.at)
    inner.line(f"return {other}", call.at)
    return scope.defined(inner.body, call.at)


@special(
    "case-eq",
    "VALUE(value-expression{1}), (OTHER(value-expression{1}), THEN(value-expression{1})){>=1}, "
    "ELSE(value-expression{0|1})",
    Example(
        ["case-eq", "_S.country", "NO", "Norway", "SE", "Sweden", "Other"],
        "Sweden",
        source={"_id": "x", "country": "SE"},
    ),
    Example(["case-eq", "46", 46, "SE"], None, note="a string is not a number"),
)
def case_eq(scope: Scope, call: Call) -> str:
    """The first THEN whose OTHER equals VALUE (by `eq`); else ELSE, or null without one.

    VALUE is evaluated once, each OTHER up to the first that is equal, and only the chosen THEN.
    """
    bound = scope.bound(call)
    other = "None" if bound["ELSE"] is None else scope.expression(bound["ELSE"])
    inner = scope.inner({})
    value = scope.temporary()
    inner.line(f"{value} = {inner.expression(bound['VALUE'])}", bound["VALUE"].at)
    for compared, then in zip(bound["OTHER"], bound["THEN"], strict=True):
        test = emit_equal(inner, value, VARIES, compared, compared.at)
        inner.line(f"if {test}:", compared.at)
        inner.line(f"    return {inner.expression(then)}", then.at)
    inner.line(f"return {other}", call.at)
    return scope.defined(inner.body, call.at)
