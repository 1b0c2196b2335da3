"""What a database tells of its tables: columns with their kinds, keys."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

    Bind = Connection | Engine


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `kind` is what `Writing` knows, `generated` those that the database fills."""

    name: str
    kind: str
    type_text: str
    nullable: bool = True
    generated: bool = False
    padded: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view as the database describes it."""

    name: str
    schema: str | None
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


def kind_of(type_: Any) -> str:
    """What a column of an SQLAlchemy type takes, in the words of `Writing`."""
    from sqlalchemy import types

    kinds: tuple[tuple[type, str], ...] = (
        (types.Boolean, "boolean"),
        (types.Integer, "integer"),
        (types.Float, "float"),
        (types.Numeric, "decimal"),
        (types.DateTime, "moment" if getattr(type_, "timezone", False) else "datetime"),
        (types.Date, "date"),
        (types.Time, "time"),
        (types.LargeBinary, "bytes"),
        (types.Uuid, "uuid"),
        (types.JSON, "json"),
        (types.ARRAY, "list"),
        (types.Enum, "text"),
        (types.String, "text"),
    )
    return next((kind for class_, kind in kinds if isinstance(type_, class_)), "any")


def describe(
    bind: Connection | Engine, what: str, name: str, schema: str | None = None
) -> Table | None:
    """A table or view; null where there is none of that name. Errors name `what`."""
    from sqlalchemy import inspect
    from sqlalchemy.exc import NoSuchTableError, SAWarning
    from sqlalchemy.types import CHAR

    from sesam_node.pipes.sql.engine import told

    with told(what), warnings.catch_warnings():
        # A type that SQLAlchemy does not know is "unknown" here, and read all the same.
        warnings.simplefilter("ignore", SAWarning)
        inspector = inspect(bind)
        try:
            found = inspector.get_columns(name, schema=schema)
            key = inspector.get_pk_constraint(name, schema=schema)
        except NoSuchTableError:
            return None
    if not found:
        return None
    columns = tuple(
        Column(
            item["name"],
            kind_of(item["type"]),
            str(item["type"]) if str(item["type"]) != "NULL" else "unknown",
            bool(item.get("nullable", True)),
            bool(item.get("identity") or item.get("computed")),
            isinstance(item["type"], CHAR),
        )
        for item in found
    )
    return Table(name, schema, columns, tuple(key.get("constrained_columns") or ()))


def known(bind: Bind, what: str, name: str, schema: str | None = None) -> Table:
    """As `describe`; raises PipeError with a suggestion where there is no such table."""
    table = describe(bind, what, name, schema)
    if table is not None:
        return table
    names = relations(bind, what, schema)
    hint = suggestion(name, names) or f"there are {', '.join(names[:10]) or 'none'}"
    where = f' in the schema "{schema}"' if schema else ""
    raise PipeError(f'{what}: there is no table "{name}"{where}; {hint}')


def relations(bind: Bind, what: str, schema: str | None = None) -> list[str]:
    """The names of the tables and views of a schema."""
    from sqlalchemy import inspect

    from sesam_node.pipes.sql.engine import told

    with told(what):
        inspector = inspect(bind)
        return sorted([*inspector.get_table_names(schema), *inspector.get_view_names(schema)])


def chosen(what: str, table: Table, names: Sequence[str]) -> list[Column]:
    """Columns by name. Raises PipeError for one that the table does not have."""
    found = []
    for name in names:
        column = table.column(name)
        if column is None:
            known_names = [column.name for column in table.columns]
            hint = suggestion(name, known_names) or f"it has {', '.join(known_names[:20])}"
            raise PipeError(f'{what}: the table "{table.name}" has no column "{name}"; {hint}')
        found.append(column)
    return found
