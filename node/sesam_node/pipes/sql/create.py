"""Tables that the sql sink makes: from a list of columns to the types of each database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Engine
    from sqlalchemy.types import TypeEngine

    Bind = Connection | Engine

TYPES = (
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
    Option("type", "string", doc="the type of the column", choices=TYPES),
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
SMALL, INTEGER = 2**15, 2**31
LONGEST = {"mssql": 4_000, "mysql": 4_000, "mariadb": 4_000, "oracle": 2_000}
"""The longest text of a varchar column, beyond which it is a text column."""
KEY_SIZE = 255
"""How long a text is that is part of a key or index, where nothing is said."""


def create_table(
    bind: Bind, name: str, schema: str | None, columns: Sequence[Mapping[str, Any]]
) -> None:
    """Makes a table of `schema_definition`, with its key and indexes."""
    from sqlalchemy import Column, MetaData, Table

    dialect = bind.dialect.name
    Table(
        name,
        MetaData(),
        *(
            Column(
                item["name"],
                column_type(item, dialect),
                nullable=item.get("allow_null") is not False and not item.get("primary_key"),
                primary_key=bool(item.get("primary_key")),
                index=bool(item.get("index")),
                autoincrement=False,
            )
            for item in columns
        ),
        schema=schema,
    ).create(bind)


def drop_table(bind: Bind, name: str, schema: str | None) -> None:
    from sqlalchemy import MetaData, Table

    Table(name, MetaData(), schema=schema).drop(bind)


def empty_table(connection: Connection, name: str, schema: str | None) -> None:
    """Deletes every row, in the transaction of the connection."""
    from sqlalchemy import delete, table

    connection.execute(delete(table(name, schema=schema)))


def column_type(item: Mapping[str, Any], dialect: str) -> TypeEngine[Any]:
    """The narrowest type that holds what a column is said to hold."""
    from sqlalchemy import types

    kind = item["type"]
    if kind == "string":
        return _text(item, dialect)
    if kind == "integer":
        return _integer(item)
    if kind == "decimal":
        if item.get("any_scale") and dialect == "postgresql":
            return types.Numeric()
        return types.Numeric(item.get("precision") or 38, item.get("scale") or 0)
    if kind == "binary":
        return types.LargeBinary(item.get("max_size"))
    plain: dict[str, TypeEngine[Any]] = {
        "float": types.Double(),
        "datetime": types.DateTime(),
        "date": types.Date(),
        "time": types.Time(),
        "uuid": types.Uuid(),
        "boolean": types.Boolean(),
    }
    return plain[kind]


def _text(item: Mapping[str, Any], dialect: str) -> TypeEngine[Any]:
    from sqlalchemy import types

    size = item.get("max_size")
    if size is None:
        if not (item.get("primary_key") or item.get("index")) or dialect in (
            "postgresql",
            "sqlite",
        ):
            return types.UnicodeText()
        size = KEY_SIZE
    longest = LONGEST.get(dialect)
    return types.UnicodeText() if longest and size > longest else types.Unicode(size)


def _integer(item: Mapping[str, Any]) -> TypeEngine[Any]:
    from sqlalchemy import types

    least, most = item.get("min_value"), item.get("max_value")
    if least is None or most is None:
        return types.BigInteger()
    if least >= -SMALL and most < SMALL:
        return types.SmallInteger()
    return types.Integer() if least >= -INTEGER and most < INTEGER else types.BigInteger()
