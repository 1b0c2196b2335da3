"""Changes of a table's rows by key: in statements that every database has, or in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnClause, ColumnElement, Connection, Engine

    from sesam_node.pipes.sql.tables import Table
    from sesam_node.pipes.sql.transactions import Transactions

Key = tuple[Any, ...]
Row = dict[str, Any]
MOST_PARAMETERS = 900
"""Keys asked for in one statement; SQLite and SQL Server take no more than about a thousand."""


class Rows(Protocol):
    def apply(self, changes: Mapping[Key, Row | None]) -> None:
        """Makes the rows with these keys be like this, null is gone; all of it or nothing."""


def make_rows(
    engine: Engine,
    transactions: Transactions,
    table: Table,
    keys: Sequence[str],
    *,
    bulk: bool,
    empty: bool,
) -> Rows:
    """The quickest way that the database has. `empty`: the table holds nothing but our rows."""
    if bulk and engine.dialect.name == "postgresql":
        from sesam_node.pipes.sql.copy import CopiedRows

        return CopiedRows(engine, transactions, table, keys, empty=empty)
    return PlainRows(transactions, table, keys)


class PlainRows:
    """A look at which keys there are, then deletes, updates and inserts in batches."""

    def __init__(self, transactions: Transactions, table: Table, keys: Sequence[str]) -> None:
        from sqlalchemy import column
        from sqlalchemy import table as made

        self._transactions = transactions
        self._keys = tuple(keys)
        padded = {item.name for item in table.columns if item.padded}
        self._padded = tuple(name in padded for name in keys)
        self._columns: dict[str, ColumnClause[Any]] = {
            item.name: column(item.name) for item in table.columns
        }
        self._table = made(table.name, *self._columns.values(), schema=table.schema)

    def apply(self, changes: Mapping[Key, Row | None]) -> None:
        with self._transactions.batch() as connection:
            there = self._there(connection, list(changes))
            gone = [
                key for key, row in changes.items() if row is None and self._known(key) in there
            ]
            self._delete(connection, gone)
            made = [(key, row) for key, row in changes.items() if row is not None]
            self._update(connection, [item for item in made if self._known(item[0]) in there])
            self._insert(connection, [row for key, row in made if self._known(key) not in there])

    def _there(self, connection: Connection, keys: Sequence[Key]) -> set[Key]:
        from sqlalchemy import select

        columns = [self._columns[name] for name in self._keys]
        found: set[Key] = set()
        size = max(1, MOST_PARAMETERS // len(columns))
        for start in range(0, len(keys), size):
            asked = select(*columns).where(self._any_of(keys[start : start + size]))
            found.update(self._known(tuple(row)) for row in connection.execute(asked))
        return found

    def _known(self, key: Key) -> Key:
        """A key as it compares: the database pads the texts of `char` columns, and no others."""
        return tuple(
            part.rstrip(" ") if padded and isinstance(part, str) else part
            for part, padded in zip(key, self._padded, strict=True)
        )

    def _any_of(self, keys: Sequence[Key]) -> ColumnElement[bool]:
        from sqlalchemy import and_, or_

        if len(self._keys) == 1:
            return self._columns[self._keys[0]].in_([key[0] for key in keys])
        return or_(
            *(
                and_(*(self._columns[n] == v for n, v in zip(self._keys, key, strict=True)))
                for key in keys
            )
        )

    def _delete(self, connection: Connection, keys: Sequence[Key]) -> None:
        from sqlalchemy import delete

        size = max(1, MOST_PARAMETERS // len(self._keys))
        for start in range(0, len(keys), size):
            part = keys[start : start + size]
            connection.execute(delete(self._table).where(self._any_of(part)))

    def _update(self, connection: Connection, rows: Sequence[tuple[Key, Row]]) -> None:
        from sqlalchemy import and_, bindparam, update

        for names, group in grouped(row for _, row in rows):
            wanted = [name for name in names if name not in self._keys]
            if not wanted:
                continue
            where = and_(*(self._columns[name] == bindparam(f"key_{name}") for name in self._keys))
            values: dict[str, Any] = {name: bindparam(f"to_{name}") for name in wanted}
            statement = update(self._table).where(where).values(values)
            connection.execute(
                statement,
                [
                    {f"key_{name}": row[name] for name in self._keys}
                    | {f"to_{name}": row[name] for name in wanted}
                    for row in group
                ],
            )

    def _insert(self, connection: Connection, rows: Sequence[Row]) -> None:
        from sqlalchemy import insert

        for names, group in grouped(rows):
            columns = {name: self._columns[name] for name in names}
            connection.execute(insert(self._table), [{n: row[n] for n in columns} for row in group])


def grouped(rows: Iterable[Row]) -> list[tuple[tuple[str, ...], list[Row]]]:
    """Rows by the columns that they have."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(sorted(row)), []).append(row)
    return list(groups.items())
