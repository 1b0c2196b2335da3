"""What arguments of list functions have in common: their signatures, STEP, an optional FUNCTION."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sesam_node.dtl.limits import spend
from sesam_node.dtl.runtime import ABSENT
from sesam_node.model.values import Value

Function = Callable[[Value], Value]

VALUES = "VALUES(value-expression{1})"
BY_FUNCTION = f"FUNCTION(function-expression{{0|1}}), {VALUES}"
ZERO_STEP = "expected an integer other than 0, got 0"
AGES: list[Value] = ["list", {"age": 30}, {"age": 50}, {"age": 20}]


def check_step(step: Value) -> str | None:
    """What is wrong with a constant STEP or STRIDE."""
    return ZERO_STEP if type(step) is int and step == 0 else None


def keys_of(by: Any, items: list[Value]) -> list[Value]:
    """What values are compared by: the results of the function, or themselves without one."""
    spend(len(items))
    return items if by is ABSENT else [by(item) for item in items]
