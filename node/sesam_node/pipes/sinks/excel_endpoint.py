"""The excel_endpoint sink: a published workbook. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import DOWNLOAD
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "excel_endpoint",
    Option("columns", "array", None, "the properties that become columns"),
    Option("skip-deleted-entities", "boolean", default=True, doc="are deleted ones left out?"),
    *DOWNLOAD,
    doc="Publishes the entities of the pipe as an Excel workbook.",
    scheduled=False,
)
