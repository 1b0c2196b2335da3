"""Tree to Python source: one function a rule, a line a call, and a map from line to JSON path.

The source is one function `bind(runtime)` that gives `run(S, out)`. In it `S` and `T` are source
and target, `P` the caller's `(S, T, P)`, `R` the outermost `(S, T, out)`, `B` the parameters,
`v<n>` the value of a function expression, `x<n>` the entities of hops, `t<n>` temporaries, `memo`
look-ups of one entity. `runtime` and `lookup` are there too. Functions and constants are globals.
`scope` has what the code is written with.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.limits import BUDGET, budget
from sesam_node.dtl.module import Module, words_of
from sesam_node.dtl.scope import Scope
from sesam_node.errors import DtlError, PipeError, StoreError, preview

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.syntax import At, Node

__all__ = ["Emitted", "Module", "Scope", "emit", "key_function"]


INFRASTRUCTURE = (StoreError, PipeError)
"""What a look-up may raise that is no fault of the entity: it ends the run as it is."""


NO_NAMES: Mapping[str, Any] = MappingProxyType({})


@dataclass
class Emitted:
    """Python source, the JSON path of each line, and the globals that it runs with."""

    source: str
    lines: dict[int, str]
    names: dict[str, Any]


APPLIED = {"_S": "S", "_T": "T", "_P": "P", "_R": "R", "_B": "B", "_": "None"}
DEFAULT = {"_S": "S", "_T": "T", "_P": "None", "_R": "R", "_B": "B", "_": "None"}


def missing_id(value: Any) -> DtlError:
    """The error of a target without a usable `_id`."""
    return DtlError(f'the target needs a string "_id", got {preview(value)}')


def emit(plan: Plan, scope: type[Scope] = Scope, names: Mapping[str, Any] = NO_NAMES) -> Emitted:
    """Python source of a checked and planned rule set, written with a kind of `Scope`.

    `names` are globals that this kind writes.
    """
    module = Module(plan)
    module.names.update(names)
    _run(module, scope)
    while module.waiting:
        _applied(module, module.waiting.pop(), scope)
    source, lines = module.assemble()
    return Emitted(source, lines, module.names)


def _prologue(body: list[tuple[int, str, At]], at: At, root: str) -> list[tuple[int, str, At]]:
    """The first lines of a rule: only what its body uses."""
    words = words_of("\n".join(text for _, text, _ in body))
    lines: list[tuple[int, str, At]] = [(1, "T = {}", at)]
    if root and "R" in words:
        lines.append((1, root, at))
    if "memo" in words:
        lines.append((1, "memo = {}", at))
    return lines


def _run(module: Module, kind: type[Scope]) -> None:
    rule = module.plan.rules.rules["default"]
    module.names["infrastructure"] = INFRASTRUCTURE
    module.names["budget"] = budget
    scope = kind(module, DEFAULT, frozenset(["S", "T", "B"]), "default", root=True, depth=2, base=2)
    scope.whole(rule)
    at = rule.at
    if module.context.id_required:
        module.names["missing_id"] = missing_id
        scope.line('if type(i := T.get("_id")) is not str or not i:', at)
        scope.line("    raise missing_id(i)", at)
        scope.line("out.append(T)", at)
    else:
        scope.line('if type(i := T.get("_id")) is str and i:', at)
        scope.line("    out.append(T)", at)
    body = scope.body
    head = [(1, f"budget.value = {BUDGET}", at), *_prologue(body, at, "R = (S, T, out)")]
    if module.plan.creates:
        head.append((1, "size = len(out)", at))
    module.functions.append(
        [
            (0, "def run(S, out):", at),
            *head,
            (1, "try:", at),
            *body,
            (1, "except infrastructure:", at),
            *([(2, "del out[size:]", at)] if module.plan.creates else []),
            (2, "raise", at),
            (1, "except Exception as error:", at),
            *([(2, "del out[size:]", at)] if module.plan.creates else []),
            (2, "raise failure(error, S) from error", at),
        ]
    )


def _applied(module: Module, name: str, kind: type[Scope]) -> None:
    rule = module.plan.rules.rules[name]
    scope = kind(module, APPLIED, frozenset(["T", "B", "R[0]", "R[1]", "P[1]"]), name, base=1)
    scope.whole(rule)
    at = rule.at
    module.functions.append(
        [
            (0, f"def {module.rules[name]}(S, P, R):", at),
            *_prologue(scope.body, at, ""),
            *scope.body,
            (1, "return T", at),
        ]
    )


def key_function(plan: Plan, node: Node) -> Emitted:
    """Source whose `run(S)` is the value of an expression of one entity: an index key."""
    module = Module(plan)
    scope = Scope(module, {"_S": "S", "_": "None"}, frozenset(["S"]), "", root=True)
    source = scope.expression(node)
    module.functions.append([(0, "def run(S):", ("$",)), (1, f"return ({source})", ("$",))])
    text, lines = module.assemble()
    return Emitted(text, lines, module.names)
