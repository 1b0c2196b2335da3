"""The registered function of a call, and the parameter that each of its arguments is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS

if TYPE_CHECKING:
    from sesam_node.dtl.registry import Function
    from sesam_node.dtl.signature import Parameter
    from sesam_node.dtl.syntax import Call

Slots = tuple["Parameter", ...]


def slots_for(entry: Function, given: int) -> Slots | None:
    """The parameter of each of `given` arguments; None where so many do not fit."""
    return None if entry.signature.match(given) is None else entry.signature.slots(given)


def function_of(call: Call) -> tuple[Function, Slots] | None:
    """The expression that a call names; None where there is none, or its arguments do not fit."""
    return _found(EXPRESSIONS.get(call.name), call)


def transform_of(call: Call) -> tuple[Function, Slots] | None:
    """The transform that a call names; None where there is none, or its arguments do not fit."""
    return _found(TRANSFORMS.get(call.name), call)


def _found(entry: Function | None, call: Call) -> tuple[Function, Slots] | None:
    if entry is None:
        return None
    slots = slots_for(entry, len(call.arguments))
    return None if slots is None else (entry, slots)
