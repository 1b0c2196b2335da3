"""The sdshare sink: RDF pushed to an SDShare receiver. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_sink

GRAPH = Option("graph", "string", doc="the URI of the graph to write")

declare_sink(
    "sdshare",
    SYSTEM_ID,
    URL,
    GRAPH,
    doc="Pushes the RDF of each entity to an SDShare receiver.",
    system_types=URL_SYSTEMS,
)
