"""The sparql source: subjects of a triple store. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import STRINGS, SYSTEM_ID, URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "sparql",
    SYSTEM_ID,
    Option("fragments_query", STRINGS, doc="a SELECT of id and updated of each subject"),
    Option("fragment_query", STRINGS, doc="a CONSTRUCT of the statements about ${uri}"),
    Option("initial_since_value", "string", "0001-01-01T00:00:00Z", "${since} in the first run"),
    doc="Subjects that a SPARQL endpoint finds, one entity each.",
    supports_since=None,
    is_since_comparable=True,
    system_types=URL_SYSTEMS,
)
