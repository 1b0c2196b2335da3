"""The operations of a REST system as offers: what can be read with them, and what written.

An operation with GET reads; one with another method reads, too, where it says what the entities of
its answers are (`id_expression`, `payload_property`, pages). All but those with GET and HEAD write.
Only operations with GET are ever called for samples, and none whose templates ask for an entity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sesam_node.pipes.introspection import Offer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.pipes.rest.templates import Templates

READS: Final = ("GET",)
NEITHER: Final = ("HEAD", "OPTIONS")
TELLS_OF_ENTITIES: Final = (
    "id_expression",
    "payload_property",
    "next_page_link",
    "next_page_termination_strategy",
    "page_size",
)
KNOWN_WITHOUT_ENTITY: Final = frozenset(
    (
        *("since", "page", "page_size", "is_first_page", "properties", "token", "url", "headers"),
        *("access_token", "refresh_token", "request_params", "now", "timedelta", "secret"),
        *("previous_body", "previous_params", "previous_headers", "previous_request_headers"),
    )
)
ASKS: Final = ("url", "params", "headers", "payload")


def operations(options: Mapping[str, Any], templates: Templates) -> Iterator[Offer]:
    """The operations of a system by name, but those that fetch tokens."""
    custom = options.get("custom_auth") or {}
    tokens = {custom.get("get_token_operation"), custom.get("get_refresh_token_operation")}
    for name, operation in sorted((options.get("operations") or {}).items()):
        if name not in tokens:
            yield _operation(name, operation, templates)


def _operation(name: str, operation: Mapping[str, Any], templates: Templates) -> Offer:
    method = str(operation.get("method") or "").upper()
    component = {"type": "rest", "operation": name}
    wanted = sorted(
        templates.names([operation.get(option) for option in ASKS]) - KNOWN_WITHOUT_ENTITY
    )
    needs = ", ".join(f'"{one}"' for one in wanted)
    reads = method in READS or any(operation.get(option) for option in TELLS_OF_ENTITIES)
    return Offer(
        name,
        "operation",
        source=dict(component) if reads and not wanted else None,
        sink=None if method in (*READS, *NEITHER) else dict(component),
        problem=f"it needs {needs} of an entity" if needs and method in READS else "",
        facts={"method": method, "url": operation.get("url"), **_described(operation)},
        sampled=method in READS,
    )


def _described(operation: Mapping[str, Any]) -> dict[str, Any]:
    description = operation.get("description")
    return {} if description is None else {"description": description}
