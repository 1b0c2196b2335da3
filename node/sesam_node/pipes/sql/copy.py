"""Bulk loading of PostgreSQL by COPY: into an emptied table, else by way of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.sql.rows import grouped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Engine

    from sesam_node.pipes.sql.rows import Key, Row
    from sesam_node.pipes.sql.tables import Table

STAGE = "sesam_rows"


class CopiedRows:
    """Rows by COPY; see `Rows`."""

    def __init__(self, engine: Engine, table: Table, keys: Sequence[str], *, empty: bool) -> None:
        quote = engine.dialect.identifier_preparer.quote
        self._engine = engine
        self._quote = quote
        parts = [part for part in (table.schema, table.name) if part]
        self._name = ".".join(map(quote, parts))
        self._keys = tuple(keys)
        self._seen: set[Key] | None = set() if empty else None

    def apply(self, changes: Mapping[Key, Row | None]) -> None:
        connection: Any = self._engine.raw_connection()
        try:
            with connection.cursor() as cursor:
                if self._seen is not None and self._are_new(changes):
                    for names, rows in grouped(row for row in changes.values() if row is not None):
                        self._copy(cursor, self._name, names, rows)
                else:
                    self._merge(cursor, changes)
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        finally:
            connection.close()

    def _are_new(self, changes: Mapping[Key, Row | None]) -> bool:
        """None of the keys was written since the table was emptied. Then they are kept in mind."""
        seen = self._seen
        if seen is None or None in changes.values() or not seen.isdisjoint(changes):
            self._seen = None
            return False
        seen.update(changes)
        return True

    def _copy(self, cursor: Any, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        columns = ", ".join(map(self._quote, names))
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])

    def _merge(self, cursor: Any, changes: Mapping[Key, Row | None]) -> None:
        same = " AND ".join(f"t.{self._quote(k)} = s.{self._quote(k)}" for k in self._keys)
        deleted = [key for key, row in changes.items() if row is None]
        gone = [dict(zip(self._keys, key, strict=True)) for key in deleted]
        if gone:
            self._stage(cursor, self._keys, gone)
            cursor.execute(f"DELETE FROM {self._name} t USING {STAGE} s WHERE {same}")  # noqa: S608
        for names, rows in grouped(row for row in changes.values() if row is not None):
            self._stage(cursor, names, rows)
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

    def _stage(self, cursor: Any, names: Sequence[str], rows: Sequence[Row]) -> None:
        """The rows in a table of their own, of the same types, for the rest of the transaction."""
        columns = ", ".join(map(self._quote, names))
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{STAGE}")
        cursor.execute(
            f"CREATE TEMP TABLE {STAGE} ON COMMIT DROP AS "  # noqa: S608
            f"SELECT {columns} FROM {self._name} WITH NO DATA"
        )
        self._copy(cursor, STAGE, names, rows)
