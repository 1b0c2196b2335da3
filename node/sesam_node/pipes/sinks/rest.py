"""The rest sink: one operation of a REST system for each entity.

What an entity says (`operation`, `properties`, `payload`) wins over what the sink says, and that
over the operation (REST sink, expected entity shape).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.common_options import (
    OPERATIONS,
    PAYLOAD,
    PROPERTIES,
    RATE_LIMITS,
    SYSTEM_ID,
    TRACE,
)
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.rest.for_entity import EntityCalls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@sink(
    "rest",
    SYSTEM_ID,
    Option("operation", "string", None, "the operation, where the entity does not name one"),
    OPERATIONS,
    PROPERTIES,
    PAYLOAD,
    TRACE,
    *RATE_LIMITS,
    namespaces=True,
    system_types=("rest",),
)
class RestSink:
    """Calls an operation of a REST system for each entity."""

    dataset: str | None = None
    is_endpoint = False
    usual_batch_size = 1

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._calls = EntityCalls(options, context, "sink")

    def write(self, entities: Sequence[Entity]) -> int:
        for entity in entities:
            # Answers are read to their end, so that the connection can be used again.
            call, pages = self._calls.of(entity)
            next(iter(pages), call)
        return len(entities)
