"""The xml_endpoint sink: publishes entities as an XML document. Nothing is pumped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import further_flaws
from sesam_node.pipes.common_options import DOWNLOAD, XML
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.xml_writer import XmlWriter, flaws

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context


@sink(
    "xml_endpoint",
    Option("wrapper", "string", None, "the element around all entities"),
    *XML,
    Option("byte_order_mark", "boolean", default=False, doc="begin with a byte order mark?"),
    *DOWNLOAD,
    scheduled=False,
    further=further_flaws(flaws),
)
class XmlSink:
    """Publishes the entities at `/publishers/{pipe}/xml`."""

    dataset: str | None = None
    is_endpoint = True
    format = "xml"

    def __init__(self, options: dict[str, Any], _context: Context) -> None:
        self.filename: str | None = options["filename"]
        self.content_disposition: str = options["content_disposition"]
        self._writer = XmlWriter(options, ("sink",))

    def write(self, entities: Sequence[Entity]) -> int:
        return len(entities)

    def chunks(self, entities: Iterable[Entity]) -> Iterator[bytes]:
        """The document in chunks of about 64 KiB, whatever its size."""
        return self._writer.chunks(entities)
