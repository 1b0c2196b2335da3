"""The binary source: the vendor's own wire form between two of its nodes. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SUBSET, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "binary",
    SYSTEM_ID,
    URL,
    Option("page_size", "integer", None, "entities asked for in one request; all if null"),
    SUBSET,
    Option(
        "supports_signalling",
        "boolean",
        default=False,
        doc="ask the remote node to tell when its dataset changes?",
    ),
    doc="A dataset of another node in an unpublished binary form; use json instead.",
    supports_since=True,
    is_since_comparable=True,
    is_chronological=True,
    system_types=URL_SYSTEMS,
)
