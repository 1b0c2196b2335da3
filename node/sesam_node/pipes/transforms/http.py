"""The http transform: a service that takes entities and gives entities back. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import HEADERS, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_transform

declare_transform(
    "http",
    SYSTEM_ID,
    URL,
    Option("batch_size", "integer", 100, "most entities in one request"),
    HEADERS,
    doc="POSTs entities to a URL and goes on with those that come back.",
    side_effects=True,
    system_types=URL_SYSTEMS,
)
