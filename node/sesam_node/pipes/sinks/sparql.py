"""The sparql sink: RDF written into a triple store. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "sparql",
    SYSTEM_ID,
    URL,
    Option("update_url", "string", None, "where updates go, if elsewhere"),
    Option("graph", "string", doc="the URI of the graph to write"),
    Option("do_diff", "boolean", default=False, doc="send only what differs from the graph?"),
    Option("write_sdshare_updated", "boolean", default=True, doc="write the time of the update?"),
    doc="Writes the RDF of each entity into a triple store.",
    system_types=URL_SYSTEMS,
)
