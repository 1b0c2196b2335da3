"""The transactions in which the sql sink writes: one a batch, or one a run that begins anew.

A full run that empties or remakes its table first is one transaction, so that others see the old
rows until the new ones are all there, and a run that fails leaves the old ones. Each batch is a
savepoint in it: a batch that fails takes no other with it.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine


class Transactions:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._run: Connection | None = None

    @property
    def bind(self) -> Connection | Engine:
        """Where statements of their own go: into the run's transaction, where there is one."""
        return self._run or self._engine

    def open(self) -> Connection:
        """Begin the transaction of a run."""
        connection = self._engine.connect()
        self._run = connection
        if connection.dialect.name == "sqlite":
            # Its driver begins before changes of rows only, not of tables.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        return connection

    @contextmanager
    def batch(self) -> Iterator[Connection]:
        """A transaction that is committed, as far as it is one of its own, or undone."""
        if self._run is None:
            with self._engine.begin() as connection:
                yield connection
        else:
            with self._run.begin_nested():
                yield self._run

    def commit(self) -> None:
        """End the transaction of the run, where there is one. Raises what the database says."""
        if self._run is not None:
            self._run.commit()
            self.close()

    def close(self) -> None:
        """Undo what the run has not committed."""
        connection, self._run = self._run, None
        if connection is not None:
            with suppress(Exception):
                connection.rollback()
            with suppress(Exception):
                connection.close()
