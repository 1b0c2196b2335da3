"""The rdf source: subjects of an RDF file. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "rdf",
    SYSTEM_ID,
    URL,
    Option("format", "string", "nt", "the syntax of the file", ("nt", "ttl", "n3", "xml")),
    Option("sort_lists", "boolean", default=True, doc="are lists of values sorted?"),
    Option("is_sorted", "boolean", default=False, doc="is the file sorted by subject?"),
    doc="The subjects of an RDF file, one entity each.",
    is_since_comparable=True,
    system_types=URL_SYSTEMS,
)
