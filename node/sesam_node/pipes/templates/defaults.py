"""transform-defaults-rest: an answer of the system below the entity, whose own properties win."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Option
from sesam_node.pipes.templates.parts import PRIMARY_KEY, REST_SYSTEM, rest, rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.config.options import Path

NAME = "transform-defaults-rest"
PROPERTIES = (
    REST_SYSTEM,
    PRIMARY_KEY,
    Option("operation", "string", None, "the operation that gives the defaults"),
    Option("operation_properties", "object", None, "the properties of that operation"),
)


def chain(properties: Mapping[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
    """Ask for the defaults, then put the entity over them."""
    operation = properties.get("operation")
    if operation is None:
        return []
    ask = rest(
        properties,
        operation,
        ("$step", "defaults"),
        given=properties.get("operation_properties"),
        statuses="200-299",
        answer="$defaults",
    )
    begin = rules(
        ["copy", "*"],
        ["if", ["not", ["eq", "_S._deleted", True]], [["add", "$step", "defaults"]]],
    )
    end = rules(
        ["if", ["is-dict", ["first", "_S.$defaults"]], [["merge", ["first", "_S.$defaults"]]]],
        ["copy", "*", ["list", "$step", "$defaults", "$defaults_status"]],
    )
    return [((), begin), ((), ask), ((), end)]
