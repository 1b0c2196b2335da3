"""The json sink: a client of the JSON push protocol. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import HEADERS, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "json",
    SYSTEM_ID,
    URL,
    Option("batch_size", "integer", 100, "most entities in one request"),
    HEADERS,
    doc="POSTs JSON arrays of entities to a URL; a full run is one sequence.",
    namespaces=True,
    system_types=URL_SYSTEMS,
)
