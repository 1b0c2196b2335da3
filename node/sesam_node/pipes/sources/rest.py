"""The rest source: entities from an operation of a REST system. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import REST_CALL, REST_SINCE
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "rest",
    Option("operation", "string", doc="the operation of the system to call"),
    *REST_CALL,
    *REST_SINCE,
    doc="The answer of an operation of a REST system, page by page.",
    is_since_comparable=True,
    system_types=("rest",),
)
