"""Bulk loading of PostgreSQL by COPY: into an emptied table, else by way of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.pipes.sql.rows import grouped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Engine

    from sesam_node.pipes.sql.rows import Key, Row
    from sesam_node.pipes.sql.tables import Table
    from sesam_node.pipes.sql.transactions import Transactions

STAGE = "sesam_rows"


class Lines(NamedTuple):
    """Rows with these columns, as COPY reads them."""

    names: tuple[str, ...]
    data: bytes


class CopiedRows:
    """Rows by COPY; see `Rows`. `empty`: the table holds nothing but what is written here."""

    def __init__(
        self,
        engine: Engine,
        transactions: Transactions,
        table: Table,
        keys: Sequence[str],
        *,
        empty: bool,
    ) -> None:
        quote = engine.dialect.identifier_preparer.quote
        self._transactions = transactions
        self._quote = quote
        parts = [part for part in (table.schema, table.name) if part]
        self._name = ".".join(map(quote, parts))
        self._keys = tuple(keys)
        # Where the table itself refuses a second row of a key, rows are tried without a look.
        self._tries = empty and set(table.primary_key) == set(keys)

    def apply(self, changes: Mapping[Key, Row | None]) -> None:
        deleted = [key for key, row in changes.items() if row is None]
        self.load(grouped(row for row in changes.values() if row is not None), deleted)

    def load(
        self,
        groups: Sequence[tuple[Sequence[str], Sequence[Row]] | Lines],
        deleted: Sequence[Key] = (),
    ) -> None:
        """Makes rows that are all of different keys be like this; those of `deleted` go."""
        from psycopg.errors import UniqueViolation

        if self._tries and not deleted:
            try:
                with self._transactions.batch() as connection, _cursor(connection) as cursor:
                    for group in groups:
                        self._copy(cursor, self._name, group)
            except UniqueViolation:
                pass  # it was written before, in this run
            else:
                return
        with self._transactions.batch() as connection, _cursor(connection) as cursor:
            self._delete(cursor, deleted)
            for group in groups:
                self._merge(cursor, group)

    def _copy(self, cursor: Any, table: str, group: Any) -> None:
        names = group[0]
        columns = ", ".join(map(self._quote, names))
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            if isinstance(group, Lines):
                copy.write(group.data)
                return
            for row in group[1]:
                copy.write_row([row[name] for name in names])

    def _same(self) -> str:
        return " AND ".join(f"t.{self._quote(k)} = s.{self._quote(k)}" for k in self._keys)

    def _delete(self, cursor: Any, deleted: Sequence[Key]) -> None:
        if deleted:
            gone = [dict(zip(self._keys, key, strict=True)) for key in deleted]
            self._stage(cursor, (self._keys, gone))
            cursor.execute(f"DELETE FROM {self._name} t USING {STAGE} s WHERE {self._same()}")  # noqa: S608

    def _merge(self, cursor: Any, group: Any) -> None:
        names, same = group[0], self._same()
        self._stage(cursor, group)
        others = [name for name in names if name not in self._keys]
        if others:
            sets = ", ".join(f"{self._quote(n)} = s.{self._quote(n)}" for n in others)
            cursor.execute(f"UPDATE {self._name} t SET {sets} FROM {STAGE} s WHERE {same}")  # noqa: S608
        columns = ", ".join(map(self._quote, names))
        theirs = ", ".join(f"s.{self._quote(name)}" for name in names)
        cursor.execute(
            f"INSERT INTO {self._name} ({columns}) SELECT {theirs} FROM {STAGE} s "  # noqa: S608
            f"WHERE NOT EXISTS (SELECT 1 FROM {self._name} t WHERE {same})"
        )

    def _stage(self, cursor: Any, group: Any) -> None:
        """The rows in a table of their own, of the same types, for the rest of the transaction."""
        columns = ", ".join(map(self._quote, group[0]))
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{STAGE}")
        cursor.execute(
            f"CREATE TEMP TABLE {STAGE} ON COMMIT DROP AS "  # noqa: S608
            f"SELECT {columns} FROM {self._name} WITH NO DATA"
        )
        self._copy(cursor, STAGE, group)


def _cursor(connection: Any) -> Any:
    """A cursor of the driver, in the transaction of the connection."""
    return connection.connection.driver_connection.cursor()
