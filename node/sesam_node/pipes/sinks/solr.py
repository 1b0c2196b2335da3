"""The solr sink: documents of a Solr core. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "solr",
    SYSTEM_ID,
    Option("commit_within", "integer", None, "seconds until Solr shows what was written"),
    Option("commit_at_end", "boolean", default=True, doc="commit at the end of a run?"),
    doc="Writes documents into a Solr core.",
    namespaces=True,
    system_types=("solr",),
)
