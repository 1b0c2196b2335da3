"""and, or, not: lazy, strict booleans; all, any over values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.limits import spend
from sesam_node.dtl.registry import Example, function, special
from sesam_node.dtl.runtime import ABSENT, as_list, truth

if TYPE_CHECKING:
    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call
    from sesam_node.model.values import Value

CONDITIONS = "CONDITION(boolean-expression{>=1})"
VALUES = "FUNCTION(function-expression{0|1}), VALUES(value-expression{1})"
CHAIN = 20  # operands of one Python expression; longer chains are cut to keep its tree shallow


def _joined(scope: Scope, call: Call, word: str) -> str:
    conditions = [f"({scope.condition(argument)})" for argument in call.arguments]
    while len(conditions) > CHAIN:
        conditions = [
            f"({f' {word} '.join(conditions[start : start + CHAIN])})"
            for start in range(0, len(conditions), CHAIN)
        ]
    joined = f" {word} ".join(conditions)
    # A condition may be any Python truth; the value of the expression is a strict boolean.
    return f"(True if {joined} else False)"


@special(
    "and",
    CONDITIONS,
    Example(
        ["and", ["gt", "_S.age", 26], ["eq", "_S.gender", "female"]],
        expect=True,
        source={"age": 36, "gender": "female"},
    ),
    Example(["and", True, 0, ""], expect=True, note="0 and the empty string count as true"),
    Example(["and", True, ["list"]], expect=False, note="null, false and [] do not"),
    boolean=True,
)
def and_(scope: Scope, call: Call) -> str:
    """Do all conditions count as true? The first that does not ends it.

    Null, false and the empty list do not count as true, everything else does. Always true or false.
    """
    return _joined(scope, call, "and")


@special(
    "or",
    CONDITIONS,
    Example(
        ["or", ["eq", "_S.category", "A"], ["eq", "_S.category", "B"]],
        expect=True,
        source={"category": "B"},
    ),
    Example(["or", False, None, ["list"]], expect=False, note="none of them counts as true"),
    Example(["or", False, {}], expect=True),
    boolean=True,
)
def or_(scope: Scope, call: Call) -> str:
    """Does a condition count as true? The first that does ends it.

    Null, false and the empty list do not count as true, everything else does. Always true or false.
    """
    return _joined(scope, call, "or")


@special(
    "not",
    CONDITIONS,
    Example(["not", ["eq", "_S.category", "A"]], expect=True, source={"category": "B"}),
    Example(["not", True, False], expect=True, note="the inverse of and"),
    Example(["not", 0], expect=False, note="0 counts as true"),
    boolean=True,
)
def not_(scope: Scope, call: Call) -> str:
    """Does a condition not count as true? The inverse of `and` over all its arguments.

    Null, false and the empty list do not count as true, everything else does.
    """
    if len(call.arguments) == 1:
        return f"(not ({scope.condition(call.arguments[0])}))"
    return f"(not {_joined(scope, call, 'and')})"


@function(
    "all",
    VALUES,
    Example(["all", ["gt", "_.", 2], "_S.sizes"], expect=True, source={"sizes": [4, 5, 6]}),
    Example(["all", ["list", 1, 2, 3]], expect=True),
    Example(["all", ["lt", "_.", 2], ["list", 1, 3]], expect=False),
    boolean=True,
)
def all_(test: Any, values: Value) -> bool:
    """Does every value (or FUNCTION of it) count as true?

    A single value is a list of it. True where there are none: for null and the empty list.
    """
    if test is ABSENT:
        return all(map(truth, as_list(values)))
    items = as_list(values)
    spend(len(items))
    return all(truth(test(value)) for value in items)


@function(
    "any",
    VALUES,
    Example(
        ["any", ["eq", "_.type", "home"], "_S.phones"],
        expect=True,
        source={"phones": [{"type": "work"}, {"type": "home"}]},
    ),
    Example(["any", ["list", False, 1]], expect=True),
    Example(["any", ["gt", "_.", 2], ["list", 1, 2]], expect=False),
    Example(["any", ["list"]], expect=False),
    boolean=True,
)
def any_(test: Any, values: Value) -> bool:
    """Does a value (or FUNCTION of it) count as true?

    A single value is a list of it. False where there are none: for null and the empty list.
    """
    if test is ABSENT:
        return any(map(truth, as_list(values)))
    items = as_list(values)
    spend(len(items))
    return any(truth(test(value)) for value in items)
