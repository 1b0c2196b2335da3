"""The transactions in which the sql sink writes: one a batch, or one a run that begins anew.

A full run that empties or remakes its table first is one transaction, so that others see the old
rows until the new ones are all there, and a run that fails leaves the old ones. Each batch is a
savepoint in it: a batch that fails takes no other with it.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sesam_node.errors import PipeError
from sesam_node.pipes.sql.engine import reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine


class Transactions:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._run: Connection | None = None
        self._lost = ""

    @property
    def bind(self) -> Connection | Engine:
        """Where statements of their own go: into the run's transaction, where there is one."""
        return self._run or self._engine

    def open(self) -> Connection:
        """Begin the transaction of a run."""
        connection = self._engine.connect()
        self._lost = ""
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
            return
        run = self._run
        if self._lost:
            raise PipeError(
                f"the connection was lost, and what the run wrote with it: {self._lost}"
            )
        try:
            with run.begin_nested():
                yield run
        except Exception as error:
            if run.invalidated or getattr(run.connection.driver_connection, "closed", False):
                self._lost = reason(error)
            raise

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
