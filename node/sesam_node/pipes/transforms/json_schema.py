"""The json_schema transform: does the entity fit a schema? Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import URL_SYSTEMS
from sesam_node.pipes.component import Option, declare_transform

declare_transform(
    "json_schema",
    Option("schema", ("object", "boolean"), None, "the schema; this or schema_url"),
    Option("schema_url", "string", None, "where the schema is, in the system"),
    Option("system", "string", None, "the system of schema_url"),
    Option("key_valid", "string", "valid", "the property that takes the verdict"),
    Option("key_errors", "string", "errors", "the property that takes the errors"),
    doc="Tells in a property whether the entity fits a JSON Schema.",
    system_types=URL_SYSTEMS,
    one_of=(("schema", "schema_url"),),
)
