"""What of a rule set can never run: after the end of a rule, in branches, in rules never applied.

Only what is certain is reported: a condition is decided by constants and by kinds of values that
never meet, not by what data usually look like.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.calls import function_of, transform_of
from sesam_node.dtl.check.hints import forgotten
from sesam_node.dtl.check.kinds import kinds_of, never_equal
from sesam_node.dtl.parse import clean, constant_problem
from sesam_node.dtl.registry import TRANSFORMS
from sesam_node.dtl.runtime import VARIES, as_list
from sesam_node.dtl.syntax import VARIABLES, Block, Call, Literal, Malformed, Node, Path, Rules
from sesam_node.errors import preview
from sesam_node.model.values import identity, truth

if TYPE_CHECKING:
    from collections.abc import Iterator

STOPS = ("filter", "discard")
FAILS = ("fail!", "trip!")
BRANCHING = ("if", "case", "case-eq")
ENDING = (*STOPS, *FAILS, *BRANCHING)
LAZY = ("and", "or", "not", "coalesce-args", "if-null")


@dataclass(frozen=True)
class Dead:
    """A node that can never run, and why."""

    node: Node
    message: str
    hint: str = ""


def constant_of(node: Node, variables: frozenset[str]) -> Any:
    """The value of an expression that is a constant; `VARIES` where it may not be one."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Path):
        return VARIES if node.variable in variables | VARIABLES else node.value
    if not isinstance(node, Call) or function_of(node) is None:
        return VARIES
    if node.name == "literal":
        raw = node.constant(0)
        return VARIES if constant_problem(raw) else clean(raw)
    if node.name == "list":
        items = [constant_of(argument, variables) for argument in node.arguments]
        return VARIES if any(item is VARIES for item in items) else items
    return VARIES


def truth_of(node: Node, variables: frozenset[str]) -> bool | None:
    """Does a condition always hold, or never? None where it depends."""
    value = constant_of(node, variables)
    if value is not VARIES:
        return truth(value)
    if not isinstance(node, Call) or function_of(node) is None:
        return None
    if node.name == "list":
        return bool(node.arguments)
    if node.name in ("and", "or", "not"):
        return _joined(node, variables)
    if node.name in ("eq", "neq"):
        left, right = node.arguments
        equal = _equal(left, right, variables)
        return equal if equal is None or node.name == "eq" else not equal
    kinds = kinds_of(node, variables)
    return True if kinds is not None and kinds.is_true else None


def _joined(node: Call, variables: frozenset[str]) -> bool | None:
    decisive = node.name == "or"
    truths = [truth_of(argument, variables) for argument in node.arguments]
    if decisive in truths:
        result = decisive
    elif None in truths:
        return None
    else:
        result = not decisive
    return not result if node.name == "not" else result


def _equal(left: Node, right: Node, variables: frozenset[str]) -> bool | None:
    values = constant_of(left, variables), constant_of(right, variables)
    if VARIES not in values:
        return bool(_key(values[0]) == _key(values[1]))
    text = _text(left)
    if text is not None and text == _text(right):
        return True
    return False if never_equal(kinds_of(left, variables), kinds_of(right, variables)) else None


def _key(value: Any) -> Any:
    """What `eq` compares: values as lists, null as itself."""
    return None if value is None else identity(as_list(value))


def is_repeatable(node: Node) -> bool:
    """Does an expression give the same value when it is evaluated twice in a row?"""
    if isinstance(node, Literal | Path):
        return True
    if not isinstance(node, Call):
        return False
    found = function_of(node)
    if found is None or not found[0].pure:
        return False
    return all(
        slot.is_constant or is_repeatable(argument)
        for argument, slot in zip(node.arguments, found[1], strict=True)
    )


def _text(node: Node) -> str | None:
    """The same for two expressions that give the same value; None where that is not certain."""
    if not is_repeatable(node):
        return None
    try:
        return repr(node.raw)
    except (RecursionError, ValueError):  # too deep, or an integer of too many digits
        return None


# -- blocks ----------------------------------------------------------------------------------------


def items_of(block: Node) -> tuple[Node, ...]:
    """The transforms of a block, or the one that stands alone."""
    return block.items if isinstance(block, Block) else (block,)


def ends(block: Node, variables: frozenset[str]) -> bool:
    """Does a transform, or a list of them, never let anything after it run?"""
    return any(_ends(item, variables) for item in items_of(block))


def _ends(node: Node, variables: frozenset[str]) -> bool:
    if not isinstance(node, Call) or node.name not in ENDING or transform_of(node) is None:
        return False
    if node.name in FAILS:
        return True
    if node.name in STOPS:
        return not node.arguments or truth_of(node.arguments[0], variables) is False
    branches = branches_of(node)
    dead = {id(found.node) for found in dead_branches(node, variables)}
    live = [then for _, then in branches if id(then) not in dead]
    complete = branches[-1][0] is None or _decided(node, variables)
    return bool(live) and complete and all(ends(then, variables) for then in live)


def _decided(node: Call, variables: frozenset[str]) -> bool:
    """Is one branch of an `if` or `case` without ELSE always taken?"""
    if node.name == "case-eq":
        return False
    tests = (test for test, _ in branches_of(node) if test is not None)
    return any(truth_of(test, variables) is True for test in tests)


def dead_transforms(block: Block, variables: frozenset[str]) -> Iterator[Dead]:
    """The first transform after one that ends the rule; defaults of what has just been set."""
    for position, item in enumerate(block.items):
        if _ends(item, variables):
            later = (node for node in block.items[position + 1 :] if not _is(node, "comment"))
            for node in later:
                message = f"never runs: {preview(item.raw)} before it ends the rule"
                hint = "filter and discard go on where their condition holds"
                stops = _is(item, "filter") or _is(item, "discard")
                yield Dead(node, message, hint if stops else "")
                break
            break
    present: set[str] = set()
    for item in block.items:
        if _removes(item):
            present.clear()
        if not _is(item, "add") and not _is(item, "default"):
            continue
        name = _constant_name(item, variables)
        if name in present and _is(item, "default"):
            message = f"never sets anything: {preview(name)} has been set before it in this list"
            yield Dead(item, message, 'put the "default" away, or the "add" before it')
        if name is not None:
            present.add(name)


def _is(node: Node, name: str) -> bool:
    return isinstance(node, Call) and node.name == name


def _constant_name(node: Node, variables: frozenset[str]) -> str | None:
    if not isinstance(node, Call) or len(node.arguments) != 2:
        return None
    name = constant_of(node.arguments[0], variables)
    return name if type(name) is str else None


def _removes(node: Node) -> bool:
    """May this transform delete properties of the target?"""
    if isinstance(node, Block):
        return any(map(_removes, node.items))
    if not isinstance(node, Call) or node.name not in TRANSFORMS:
        return True
    return node.name == "remove" or any(_removes(then) for _, then in branches_of(node))


# -- branches --------------------------------------------------------------------------------------


def branches_of(node: Call) -> list[tuple[Node | None, Node]]:
    """Condition and branch of `if`, `case` and `case-eq`, in order; ELSE has no condition."""
    if node.name not in BRANCHING:
        return []
    arguments = node.arguments[1:] if node.name == "case-eq" else node.arguments
    pairs: list[tuple[Node | None, Node]] = list(zip(arguments[::2], arguments[1::2], strict=False))
    return [*pairs, (None, arguments[-1])] if len(arguments) % 2 else pairs


def dead_branches(node: Call, variables: frozenset[str]) -> Iterator[Dead]:
    """Branches of `if`, `case` and `case-eq` that are never taken."""
    decided: Node | None = None
    seen: dict[Any, Node] = {}
    subject = node.arguments[0] if node.name == "case-eq" else None
    for test, then in branches_of(node):
        if decided is not None:
            yield Dead(then, f"never taken: {_shown(decided, subject)} always holds before it")
            continue
        if test is None:
            continue
        result = truth_of(test, variables)
        if subject is not None:
            result = _equal(subject, test, variables)
        key = _test_key(test, variables, compared=subject is not None)
        if result is False:
            yield Dead(then, f"never taken: {_shown(test, subject)} never holds")
        elif key in seen:
            yield Dead(then, f"never taken: {_shown(test, subject)} stands before it already")
        elif result is True:
            decided = test
        if key is not None:
            seen.setdefault(key, test)


def _test_key(test: Node, variables: frozenset[str], *, compared: bool) -> Any:
    """What two conditions have in common that hold together; None where that is not certain."""
    value = constant_of(test, variables) if compared else VARIES
    if value is not VARIES:
        return "value", _key(value)
    text = _text(test)
    return None if text is None else ("text", text)


def _shown(test: Node, subject: Node | None) -> str:
    if subject is None:
        return preview(test.raw)
    return f"{preview(subject.raw, 30)} = {preview(test.raw, 30)}"


def dead_arguments(node: Call, variables: frozenset[str]) -> Iterator[Dead]:
    """The first argument of a lazy function that is never evaluated."""
    if node.name not in LAZY:
        return
    for argument, following in pairwise(node.arguments):
        if node.name in ("and", "or", "not"):
            ending = truth_of(argument, variables) is (node.name == "or")
        else:
            ending = _is_value(argument, variables, lists=node.name == "coalesce-args")
        if ending:
            message = f"never evaluated: {preview(argument.raw)} before it decides"
            yield Dead(following, message, forgotten(argument))
            return


def _is_value(node: Node, variables: frozenset[str], *, lists: bool) -> bool:
    """Is it certain not to be null? A list is none of `if-null`, as it may be empty."""
    kinds = kinds_of(node, variables)
    if kinds is None or "null" in kinds.single:
        return False
    return bool(kinds.single) if kinds.items is None else lists


# -- rules -----------------------------------------------------------------------------------------


def rules_called(rule: Block | Malformed) -> set[str]:
    """The names of all rules that a rule applies, as its JSON has them: calls with errors too."""
    found: set[str] = set()
    waiting: list[Any] = [rule.raw]
    seen: set[int] = set()  # rules made in Python may share lists, or hold themselves
    while waiting:
        raw = waiting.pop()
        if id(raw) in seen:
            continue
        seen.add(id(raw))
        if type(raw) is dict:
            waiting.extend(raw.values())
        elif type(raw) is list and raw[:1] != ["comment"]:
            waiting.extend(raw)
            if len(raw) > 1 and raw[0] in ("apply", "apply-hops") and type(raw[1]) is str:
                found.add(raw[1])
    return found


def unused_rules(rules: Rules) -> list[str]:
    """The rules that no chain of calls from `default` reaches, in the order of the rule set."""
    if len(rules.rules) == 1:
        return []
    reached = ["default"]
    for name in reached:  # grows
        if name in rules.rules:
            reached.extend(sorted(rules_called(rules.rules[name]) - set(reached)))
    return [name for name in rules.rules if name not in reached]
