"""The json source: a client of the JSON pull protocol. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import HEADERS, SUBSET, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "json",
    SYSTEM_ID,
    URL,
    Option("page_size", "integer", None, "entities asked for in one request; all if null"),
    HEADERS,
    SUBSET,
    Option(
        "supports_signalling",
        "boolean",
        default=False,
        doc="ask the remote node to tell when its dataset changes?",
    ),
    doc="A JSON array of entities from a URL; `since` and `limit` are passed on.",
    is_since_comparable=True,
    namespaces=True,
    system_types=URL_SYSTEMS,
)
