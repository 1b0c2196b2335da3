"""The sql source: rows of a table or query. Declared only."""

from __future__ import annotations

from sesam_node.pipes.common_options import SQL_SYSTEMS, STRINGS, SYSTEM_ID
from sesam_node.pipes.component import Option, declare_source

declare_source(
    "sql",
    SYSTEM_ID,
    Option("table", "string", None, "the table to read, without schema; this or a query"),
    Option("query", STRINGS, None, "the query to run; this or a table"),
    Option("primary_key", STRINGS, None, "the columns that make _id; the table's key if null"),
    Option("updated_column", "string", None, "the column that tells when a row changed"),
    Option("updated_query", STRINGS, None, "the query for rows changed after :since"),
    Option("schema", "string", None, "the schema of the table"),
    Option("whitelist", "string-list", None, "the columns to read"),
    Option("blacklist", "string-list", None, "columns left out"),
    Option("preserve_null_values", "boolean", default=False, doc="are nulls kept?"),
    Option("fetch_size", "integer", 1000, "rows fetched at once"),
    Option("is_chronological_full", "boolean", None, "is a full read in order of update?"),
    doc="Rows of a table or query of a database, one entity each.",
    supports_since=None,
    is_since_comparable=True,
    is_chronological=None,
    namespaces=True,
    system_types=SQL_SYSTEMS,
    one_of=(("table", "query"),),
)
