"""Group "booleans": the cast to true and false, and the test for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import cast, first_is, text
from sesam_node.dtl.registry import Example, function

if TYPE_CHECKING:
    from sesam_node.model.values import Value

WORDS = {"true": True, "false": False}


@function(
    "boolean",
    "FUNCTION(function-expression{0|1}), VALUES(value-expression{1})",
    Example(["boolean", "TRUE"], expect=True),
    Example(["boolean", ["list", "true", 1, False]], [True, False], note="1 cannot be cast"),
    Example(["boolean", ["boolean", False], ["list", "true", "yes"]], [True, False]),
    Example(["boolean", "yes"], None),
)
def boolean(default: Value, values: Value) -> Value:
    """Cast each value to a boolean: booleans, and the strings true and false in any case.

    Values that cannot be cast become FUNCTION with `_` as the value, or are dropped without it.
    Null gives null, a list a list without its nulls.
    """
    return cast(default, values, _boolean)


def _boolean(value: Value) -> bool | None:
    if type(value) is bool:
        return value
    characters = text(value)
    return None if characters is None else WORDS.get(characters.lower())


@function(
    "is-boolean",
    "VALUES(value-expression{1})",
    Example(["is-boolean", False], expect=True),
    Example(["is-boolean", "true"], expect=False),
    Example(["is-boolean", ["list", True, 1]], expect=True, note="the first value counts"),
    boolean=True,
)
def is_boolean(values: Value) -> bool:
    """Is it a boolean, or a list that begins with one? False for null and the empty list."""
    return first_is(values, "boolean")
