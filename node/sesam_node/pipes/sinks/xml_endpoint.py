"""The xml_endpoint sink: a published XML document. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import DOWNLOAD, XML
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "xml_endpoint",
    Option("wrapper", "string", None, "the element around all entities"),
    *XML,
    Option("byte_order_mark", "boolean", default=False, doc="begin with a byte order mark?"),
    *DOWNLOAD,
    doc="Publishes the entities of the pipe as XML.",
    scheduled=False,
)
