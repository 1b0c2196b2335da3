"""The sql sink: rows of a table, by key. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SQL_SYSTEMS, STRINGS, SYSTEM_ID
from sesam_node.pipes.component import Option, declare_sink

_COLUMN_TYPES = (
    "string",
    "integer",
    "decimal",
    "float",
    "binary",
    "datetime",
    "date",
    "time",
    "uuid",
    "boolean",
)

COLUMN = (
    Option("name", "string", doc="the column"),
    Option("source_property", "string", None, "the property; named as the column if null"),
    Option("type", "string", doc="the type of the column", choices=_COLUMN_TYPES),
    Option("min_size", "integer", None, "the shortest text"),
    Option("max_size", "integer", None, "the longest text"),
    Option("min_value", "number", None, "the least number"),
    Option("max_value", "number", None, "the greatest number"),
    Option("precision", "integer", None, "digits of a decimal"),
    Option("scale", "integer", None, "digits of a decimal behind the point"),
    Option("allow_null", "boolean", default=True, doc="may it be null?"),
    Option("primary_key", "boolean", default=False, doc="is it part of the key?"),
    Option("index", "boolean", default=False, doc="does it get an index?"),
    Option("default", "any", None, "the value where the entity has none"),
)

declare_sink(
    "sql",
    SYSTEM_ID,
    Option("table", "string", doc="the table to write, without schema"),
    Option("primary_key", STRINGS, None, "the columns that identify a row"),
    Option("schema", "string", None, "the schema of the table"),
    Option("batch_size", "integer", None, "most rows in one statement; 100, in bulk 1000"),
    Option("truncate_table_on_first_run", "boolean", default=False, doc="empty it for a full run?"),
    Option("create_table_if_missing", "boolean", default=False, doc="make the table?"),
    Option(
        "recreate_table_on_first_run", "boolean", default=False, doc="make it anew for a full run?"
    ),
    Option("schema_definition", "array", None, "the columns of a table that is made", each=COLUMN),
    Option("timestamp", "string", "sesam-timestamp", "the column that takes the time of writing"),
    Option("use_bulk_operations", "boolean", default=False, doc="load in bulk?"),
    Option("bulk_schema", "string", None, "the schema of temporary tables"),
    Option("keep_failed_bulk_operation_files", "boolean", default=False, doc="keep them to look?"),
    Option("bulk_operation_timeout", "integer", 600, "seconds for one bulk operation"),
    Option("bulk_operation_queue_size", "integer", 3, "most bulk batches waiting"),
    Option("bulk_operation_buffer_size", "integer", 50_000_000, "bytes held before a file is used"),
    Option("skip_identity_columns", "boolean", default=False, doc="leave them to the database?"),
    Option(
        "remove_pk_char_trailing_spaces", "boolean", default=True, doc="trim keys of type char?"
    ),
    Option("whitelist", "string-list", None, "columns to write", deprecated="choose them in DTL"),
    Option("blacklist", "string-list", None, "columns left out", deprecated="choose them in DTL"),
    doc="Inserts, updates and deletes rows of a table.",
    namespaces=True,
    system_types=SQL_SYSTEMS,
)
