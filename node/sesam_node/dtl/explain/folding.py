"""Which calls are constants: evaluated while compiling, as the compiler does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.explain.wording import words
from sesam_node.dtl.module import Module
from sesam_node.dtl.plan import calls_of
from sesam_node.dtl.runtime import VARIES
from sesam_node.dtl.scope import Scope
from sesam_node.dtl.syntax import VARIABLES
from sesam_node.errors import json_path

if TYPE_CHECKING:
    from sesam_node.dtl.plan import Plan


def reading_scope(plan: Plan, rule: str) -> Scope:
    """A scope to ask for constants; nothing is written in it."""
    aliases = [
        alias for specs in plan.hops.values() for spec in specs for alias in spec.spec.aliases
    ]
    variables = dict.fromkeys([*VARIABLES, *aliases], "None")
    return Scope(Module(plan), variables, frozenset(), rule)


def folded_of(plan: Plan) -> list[dict[str, Any]]:
    """The outermost calls whose value is known while compiling: `{"path", "text", "value"}`."""
    found: list[dict[str, Any]] = []
    for rule in plan.reachable:
        scope = reading_scope(plan, rule)
        inside: tuple[str | int, ...] | None = None
        for call, is_transform in calls_of(plan.rules.rules[rule]):
            if is_transform or (inside is not None and call.at[: len(inside)] == inside):
                continue
            value = scope.value(call)
            if value is not VARIES:
                inside = call.at
                found.append({"path": json_path(call.at), "text": words(call), "value": value})
    return found
