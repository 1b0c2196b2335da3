"""What the chains of the named templates are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

STRINGS = ("string", "string-list")
REST_SYSTEM = Option("rest_system", "string", doc="the id of the REST system")
PRIMARY_KEY = Option("primary_key", STRINGS, doc="the properties that identify an entity there")
SHARE_DATASET = Option("share_dataset", "string", doc="the dataset of the share pipe")

OK: list[Any] = ["list", 200, 201, 202, 203, 204]
GONE: list[Any] = ["list", 404, 410]
ANY_STATUS = "100-599"


def names_of(key: Any) -> list[str]:
    """The names of a key, which may be one or several."""
    return [key] if type(key) is str else list(key)


def key_of(key: Any, where: str) -> Any:
    """The key of what stands at `where` ("_S."): as text, several properties joined by a colon.

    As text, so that the 17 of an answer and the "17" of a file are the same.
    """
    parts = [["string", f"{where}{name}"] for name in names_of(key)]
    return parts[0] if len(parts) == 1 else ["join", ":", ["list", *parts]]


def is_missing(key: Any, where: str) -> Any:
    """Is a part of the key absent?"""
    return ["or", *(["is-null", f"{where}{name}"] for name in names_of(key)), False]


def rest(
    properties: Mapping[str, Any],
    operation: str,
    trigger: tuple[str, str],
    *,
    given: Any = None,
    statuses: str = ANY_STATUS,
    answer: str,
) -> dict[str, Any]:
    """A call for the entities whose property has a value (`trigger`).

    The answer goes into the property `answer`, its status into `<answer>_status`.
    """
    key, value = trigger
    return {
        "type": "rest",
        "system": properties["rest_system"],
        "operation": operation,
        **({"properties": given} if given else {}),
        "allowed_status_codes": statuses,
        "response_property": answer,
        "response_status_property": f"{answer}_status",
        "trigger_on": {"key": key, "value": value},
    }


def rules(*default: Any, **named: Any) -> dict[str, Any]:
    """A dtl transform; rules of the user come by keyword."""
    return {"type": "dtl", "rules": {"default": list(default), **named}}
