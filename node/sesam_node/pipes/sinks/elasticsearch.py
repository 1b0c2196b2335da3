"""The elasticsearch sink: documents of an index. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SYSTEM_ID
from sesam_node.pipes.component import Option, declare_sink

declare_sink(
    "elasticsearch",
    SYSTEM_ID,
    Option("default_index", "string", None, "the index, where an entity has no $index"),
    Option("default_type", "string", None, "the type, where an entity has no $type"),
    Option("index_mapping_properties", "object", None, "mappings added to the index"),
    Option("index_check_document", "string", None, "a document that tells the index has our data"),
    Option("first_run_delete_query", "object", None, "what a full run deletes first"),
    doc="Writes documents into an Elasticsearch index.",
    namespaces=True,
    system_types=("elasticsearch",),
)
