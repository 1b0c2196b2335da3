"""The solr system: a search server. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import Option, declare_system

declare_system(
    "solr",
    Option("url", "string", "http://localhost:8983/solr/", "the URL of the core"),
    Option("timeout", "number", 30, "seconds to wait for an answer"),
    doc="A Solr server.",
)
