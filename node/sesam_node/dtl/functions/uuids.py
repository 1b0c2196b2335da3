"""Group "UUIDs": new ones, the cast from text and the test for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import first_is, text
from sesam_node.dtl.registry import Example, function, special
from sesam_node.dtl.runtime import each
from sesam_node.model.values import UUID

if TYPE_CHECKING:
    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call
    from sesam_node.model.values import Value

HEXADECIMAL = re.compile(r"[0-9a-fA-F]{32}").fullmatch


@special(
    "uuid",
    "VALUES(value-expression{0|1})",
    Example(["is-uuid", ["uuid"]], expect=True, note="a new one"),
    Example(
        ["uuid", "ABC98F65-ddf5-1234-a8f5-82f6d8e601a8"], "~uabc98f65-ddf5-1234-a8f5-82f6d8e601a8"
    ),
    Example(["uuid", ["list", "hello", 2]], []),
    pure=False,
)
def uuid(scope: Scope, call: Call) -> str:
    """Make a new random UUID, or cast each string to one, in any case, with or without hyphens.

    UUIDs pass. Null gives null, a list a list; what is no UUID is dropped. Without an argument each
    evaluation gives another one (version 4), so the same entity gives another result when it is
    processed again.
    """
    if not call.arguments:
        return "runtime.new_uuid()"
    return scope.call(call.at, cast_uuids, scope.expression(call.arguments[0]))


def cast_uuids(values: Value) -> Value:
    """MAP to UUIDs."""
    return each(values, _uuid)


def _uuid(value: Value) -> str | None:
    characters = text(value)
    if characters is None:
        return value.lower() if type(value) is str and UUID(value) else None
    if UUID("~u" + characters):
        return "~u" + characters.lower()
    if not HEXADECIMAL(characters):
        return None
    cuts = (0, 8), (8, 12), (12, 16), (16, 20), (20, 32)
    return "~u" + "-".join(characters[start:end] for start, end in cuts).lower()


@function(
    "is-uuid",
    "VALUES(value-expression{1})",
    Example(["is-uuid", ["uuid"]], expect=True),
    Example(["is-uuid", "9f598f65-eea5-4906-a8f5-82f6d8e69726"], expect=False, note="a string"),
    Example(["is-uuid", ["list", ["uuid"], 1]], expect=True, note="the first value counts"),
    boolean=True,
)
def is_uuid(values: Value) -> bool:
    """Is it a UUID, or a list that begins with one? False for null and the empty list."""
    return first_is(values, "uuid")
