"""The tables and views of a database as offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.introspection import Offer
from sesam_node.pipes.sql.engine import told
from sesam_node.pipes.sql.tables import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from sesam_node.pipes.sql.tables import Table

INTERNAL = frozenset(
    (
        "information_schema",
        "INFORMATION_SCHEMA",
        "pg_catalog",
        "performance_schema",
        "mysql",
        "sys",
    )
)
UPDATED = (
    "updated_at",
    "updated",
    "modified_at",
    "modified",
    "last_modified",
    "changed_at",
    "changed",
)
"""Names of columns that tell when a row changed, the likeliest first."""
ORDERED = ("datetime", "moment", "integer")


def tables(engine: Engine, what: str) -> Iterator[Offer]:
    """Every table and view that the login sees, those of the default schema first."""
    from sqlalchemy import inspect

    with told(what):
        inspector = inspect(engine)
        default = inspector.default_schema_name
        schemas = [None, *(name for name in inspector.get_schema_names() if name != default)]
    if engine.dialect.name in ("mysql", "mariadb", "sqlite"):
        # There a schema is another database.
        schemas = [None]
    for schema in schemas:
        if schema in INTERNAL or str(schema).startswith("pg_"):
            continue
        with told(what):
            names = [(name, "table") for name in inspector.get_table_names(schema)]
            names += [(name, "view") for name in inspector.get_view_names(schema)]
        for name, kind in sorted(names):
            found = describe(engine, what, name, schema)
            if found is not None:
                yield of_table(found, kind)


def table(engine: Engine, what: str, offer_id: str) -> Offer | None:
    """The offer of an id: `table`, or `schema.table`."""
    found = describe(engine, what, offer_id)
    schema, _, name = offer_id.partition(".")
    if found is None and name:
        found = describe(engine, what, name, schema)
    return None if found is None else of_table(found, "table")


def of_table(found: Table, kind: str) -> Offer:
    """A table or view as an offer; without a key it needs one before it can be a source."""
    keys = found.primary_key
    columns = tuple(
        {
            "name": column.name,
            "type": column.type_text,
            "nullable": column.nullable,
            **({"primary_key": True} if column.name in keys else {}),
        }
        for column in found.columns
    )
    where: dict[str, Any] = {"type": "sql", "table": found.name}
    if found.schema:
        where["schema"] = found.schema
    source = dict(where)
    problem = ""
    if not keys:
        guess = guessed_key(found)
        source["primary_key"] = guess
        problem = f'it has no primary key; "{guess}" is a guess'
    updated = updated_column(found)
    if updated:
        source["updated_column"] = updated
    identity = f"{found.schema}.{found.name}" if found.schema else found.name
    sink = where | ({} if keys else {"primary_key": source["primary_key"]})
    return Offer(
        identity,
        kind,
        columns,
        source,
        sink if kind == "table" else None,
        problem,
        {"primary_key": list(keys)},
    )


def guessed_key(found: Table) -> str:
    """The column that most likely identifies a row."""
    names = [column.name for column in found.columns]
    lower = {name.lower(): name for name in names}
    singular = found.name.lower().rstrip("s")
    for likely in ("id", f"{singular}_id", f"{singular}id", "uuid", "key", "code"):
        if likely in lower:
            return lower[likely]
    return names[0]


def updated_column(found: Table) -> str:
    """The column that tells when a row changed; empty where no name says so."""
    lower = {column.name.lower(): column for column in found.columns}
    for likely in UPDATED:
        column = lower.get(likely)
        if column is not None and column.kind in ORDERED and not column.nullable:
            return column.name
    return ""
