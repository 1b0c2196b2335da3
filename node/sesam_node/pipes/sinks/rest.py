"""The rest sink: one operation of a REST system an entity. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import (
    OPERATIONS,
    PAYLOAD,
    PROPERTIES,
    RATE_LIMITS,
    SYSTEM_ID,
    TRACE,
)
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "rest",
    SYSTEM_ID,
    Option("operation", "string", None, "the operation, where the entity does not name one"),
    OPERATIONS,
    PROPERTIES,
    PAYLOAD,
    TRACE,
    *RATE_LIMITS,
    doc="Calls an operation of a REST system for each entity.",
    namespaces=True,
    system_types=("rest",),
)
