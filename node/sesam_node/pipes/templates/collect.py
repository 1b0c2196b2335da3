"""transform-collect-rest: entities looked up one by one, and the `$origin` of inserted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Option
from sesam_node.pipes.templates.parts import (
    GONE,
    OK,
    PRIMARY_KEY,
    REST_SYSTEM,
    SHARE_DATASET,
    key_of,
    rest,
    rules,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.config.options import Path

NAME = "transform-collect-rest"
PROPERTIES = (
    Option("rest_system", "string", None, REST_SYSTEM.doc),
    PRIMARY_KEY,
    SHARE_DATASET,
    Option("operation_lookup", "string", None, "the operation that gives an entity"),
    Option("operation_lookup_properties", "object", None, "the properties of that operation"),
    Option("operation_lookup_delete", "string", None, "the same for deletes, to verify them"),
    Option("operation_lookup_delete_properties", "object", None, "its properties"),
    Option("original_property", "string", None, "takes the entity as it was before the look-up"),
)
KEPT = ["list", "$step", "$lookup", "$lookup_status", "$original"]
STATUSES = "200-299,404,410"


def chain(properties: Mapping[str, Any]) -> list[tuple[Path, dict[str, Any]]]:
    """Look up what is there, verify what is deleted, and find the origin."""
    lookup, verify = (
        properties.get(name) for name in ("operation_lookup", "operation_lookup_delete")
    )
    return [*_looked_up(properties, lookup, verify), ((), _with_origin(properties))]


def _looked_up(
    properties: Mapping[str, Any], lookup: str | None, verify: str | None
) -> list[tuple[Path, dict[str, Any]]]:
    found: list[tuple[Path, dict[str, Any]]] = []
    if lookup is None and verify is None:
        return found
    step = ["if", ["eq", "_S._deleted", True], "verify", "lookup"]
    found.append(((), rules(["copy", "*"], ["add", "$step", step], ["add", "$original", "_S."])))
    for operation, name in ((lookup, "lookup"), (verify, "verify")):
        if operation is not None:
            option = "operation_lookup_properties"
            if name == "verify":
                option = "operation_lookup_delete_properties"
            call = rest(
                properties,
                operation,
                ("$step", name),
                given=properties.get(option),
                statuses=STATUSES,
                answer="$lookup",
            )
            found.append(((), call))
    original = properties.get("original_property")
    keep = [] if original is None else [["add", original, "_S.$original"]]
    there = ["and", ["in", "_S.$lookup_status", OK], ["is-dict", ["first", "_S.$lookup"]]]
    end = rules(
        ["copy", "*", KEPT],
        ["if", there, [["merge", ["first", "_S.$lookup"]]]],
        # What the answer calls `_id` is no identity here.
        ["add", "_id", "_S._id"],
        # A delete that does not hold; an entity that went since its id was read.
        ["if", ["in", "_S.$lookup_status", OK], [["add", "_deleted", False]]],
        ["if", ["in", "_S.$lookup_status", GONE], [["add", "_deleted", True]]],
        *keep,
    )
    return [*found, ((), end)]


def _with_origin(properties: Mapping[str, Any]) -> dict[str, Any]:
    shared = {
        "datasets": [f"{properties['share_dataset']} s"],
        "where": [["eq", key_of(properties["primary_key"], "_S."), "s.$generated_id"]],
        "track-dependencies": False,
    }
    return rules(
        ["copy", "*"],
        ["add", "$found", ["path", "$origin", ["first", ["hops", shared]]]],
        ["if", ["is-not-null", "_T.$found"], [["add", "$origin", "_T.$found"]]],
        ["remove", "$found"],
    )
