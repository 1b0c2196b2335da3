"""The sdshare source: an SDShare fragments feed. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "sdshare",
    SYSTEM_ID,
    URL,
    Option("sort_lists", "boolean", default=True, doc="are lists of values sorted?"),
    doc="The fragments of an SDShare feed, one entity each.",
    supports_since=True,
    is_since_comparable=True,
    system_types=URL_SYSTEMS,
)
