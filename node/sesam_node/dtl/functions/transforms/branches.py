"""if, case and case-eq: the first block whose condition holds is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions.comparisons import emit_equal
from sesam_node.dtl.functions.transforms._examples import ADA
from sesam_node.dtl.registry import Example, transform
from sesam_node.dtl.runtime import VARIES

if TYPE_CHECKING:
    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call, Node

LONG = 50  # branches of a case from which on they are written one after the other


def _branches(scope: Scope, pairs: list[tuple[str, Node]], other: Node | None, call: Call) -> None:
    """Write "the first that holds": an elif chain, or a loop that is left where it is long."""
    long = len(pairs) > LONG
    before = scope.depth
    if long:
        scope.line("while True:", call.at)
        scope.depth += 1
    for position, (condition, then) in enumerate(pairs):
        word = "if" if long or position == 0 else "elif"
        scope.line(f"{word} {condition}:", then.at)
        with scope.indented():
            scope.block(then)
            if long:
                scope.line("break", call.at)
    if long:
        if other is not None:
            scope.block(other)
        scope.line("break", call.at)
    elif other is not None:
        scope.line("else:", other.at)
        with scope.indented():
            scope.block(other)
    scope.depth = before


@transform(
    "if",
    "CONDITION(boolean-expression{1}), THEN(transforms{1}), ELSE(transforms{0|1})",
    Example(["if", ["gt", "_S.age", 18], ["add", "adult", True]], {"_id": "x", "adult": True}, ADA),
    Example(["if", None, [], [["add", "a", 1], ["add", "b", 2]]], {"_id": "x", "a": 1, "b": 2}),
)
def if_(scope: Scope, call: Call) -> None:
    """Run THEN where CONDITION holds, else ELSE, or nothing without one.

    Each is a transform or a list of them, which may be empty. False, null and `[]` do not hold,
    everything else does, `0` and `""` too.
    """
    other = call.arguments[2] if len(call.arguments) == 3 else None
    with scope.directly():
        pair = (scope.condition(call.arguments[0]), call.arguments[1])
    _branches(scope, [pair], other, call)


@transform(
    "case",
    "(CONDITION(boolean-expression{1}), THEN(transforms{1})){>=1}, ELSE(transforms{0|1})",
    Example(
        ["case", ["gt", "_S.age", 40], ["add", "is", "old"], ["add", "is", "young"]],
        {"_id": "x", "is": "young"},
        ADA,
    ),
    Example(
        [
            "case",
            ["eq", "_S.name", "Bob"],
            [["add", "a", 1], ["add", "b", 2]],
            ["eq", "_S.name", "Ada"],
            [["add", "a", 3], ["add", "b", 4]],
        ],
        {"_id": "x", "a": 3, "b": 4},
        ADA,
    ),
    Example(["case", ["gt", "_S.age", 40], ["add", "is", "old"]], {"_id": "x"}, ADA),
)
def case(scope: Scope, call: Call) -> None:
    """Run the first THEN whose CONDITION holds; else ELSE, or nothing without one.

    Conditions after the first that holds are not evaluated. An odd number of arguments has an ELSE.
    """
    bound = scope.bound(call)
    pairs = [
        (scope.condition(condition), then)
        for condition, then in zip(bound["CONDITION"], bound["THEN"], strict=True)
    ]
    _branches(scope, pairs, bound["ELSE"], call)


@transform(
    "case-eq",
    "VALUE(value-expression{1}), (OTHER(value-expression{1}), THEN(transforms{1})){>=1}, "
    "ELSE(transforms{0|1})",
    Example(
        ["case-eq", "_S.name", "Bob", ["add", "n", 1], "Ada", ["add", "n", 2]],
        {"_id": "x", "n": 2},
        ADA,
    ),
    Example(
        ["case-eq", "_S.age", "36", ["add", "n", 1], [["add", "n", 0], ["add", "other", True]]],
        {"_id": "x", "n": 0, "other": True},
        ADA,
        note="a string is not a number",
    ),
    Example(["case-eq", "_S.nothing", None, ["add", "n", 1]], {"_id": "x", "n": 1}, ADA),
)
def case_eq(scope: Scope, call: Call) -> None:
    """Run the first THEN whose OTHER equals VALUE (by `eq`); else ELSE, or nothing without one.

    VALUE is evaluated once; the OTHERs after the first that is equal are not. Null equals null.
    """
    bound = scope.bound(call)
    value = scope.temporary()
    scope.line(f"{value} = {scope.expression(bound['VALUE'])}", call.at)
    pairs = [
        (emit_equal(scope, value, VARIES, compared, compared.at), then)
        for compared, then in zip(bound["OTHER"], bound["THEN"], strict=True)
    ]
    _branches(scope, pairs, bound["ELSE"], call)
