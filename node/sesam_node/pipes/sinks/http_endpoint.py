"""The http_endpoint sink: publishes entities as JSON. Nothing is pumped; readers pull."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.common_options import DOWNLOAD
from sesam_node.pipes.component import sink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@sink("http_endpoint", *DOWNLOAD, scheduled=False, namespaces=True)
class EndpointSink:
    """Publishes the entities at `/publishers/{pipe}/entities`."""

    dataset: str | None = None
    is_endpoint = True
    format = "entities"

    def __init__(self, options: dict[str, Any], _context: Context) -> None:
        self.filename: str | None = options["filename"]
        self.content_disposition: str = options["content_disposition"]

    def write(self, entities: Sequence[Entity]) -> int:
        return len(entities)
