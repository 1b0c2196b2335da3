"""The null sink: takes everything and keeps nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.component import sink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@sink("null")
class NullSink:
    """Takes every entity and drops it; never fails."""

    dataset: str | None = None
    is_endpoint = False

    def __init__(self, _options: dict[str, Any], _context: Context) -> None:
        pass

    def write(self, entities: Sequence[Entity]) -> int:
        return len(entities)
