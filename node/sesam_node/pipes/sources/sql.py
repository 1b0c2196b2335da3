"""The sql source: rows of a table or query, as they come from the database's cursor.

A table with an `updated_column` goes on where it was: rows at or after the greatest value seen are
read again in its order, those at that value twice, which changes nothing. A query needs an
`updated_query` for that. The offset is the value of the column as it is in the database.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, PipeError, Problem, preview
from sesam_node.model.values import decimal_text
from sesam_node.pipes.batch import BATCH_SIZE, Batch, comes_in_order
from sesam_node.pipes.common_options import SQL_SYSTEMS, STRINGS, SYSTEM_ID
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.encoded import values_column
from sesam_node.pipes.sql.raw import RawColumns
from sesam_node.pipes.sql.row_reader import RowError, RowReader
from sesam_node.pipes.sql.tables import chosen, known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ColumnClause, Connection, Executable

    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.encoded import Texts
    from sesam_node.pipes.sql.row_reader import ReadColumn
    from sesam_node.pipes.systems.sql import SqlSystem

SINCE = re.compile(r"(?<![:\w\\]):since\b")
NAMES = re.compile(r"(?<![:\w\\]):(?=\w)")
OTHER_NAMES = re.compile(r"(?<![:\w\\]):(?!since\b)(?=\w)")


@source(
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
    Option("fetch_size", "integer", 1000, "rows fetched at once", least=1),
    Option("is_chronological_full", "boolean", None, "is a full read in order of update?"),
    supports_since=None,
    is_since_comparable=True,
    is_chronological=None,
    fetches=True,
    namespaces=True,
    system_types=SQL_SYSTEMS,
    one_of=(("table", "query"),),
)
class SqlSource:
    """Rows of a table or query of a database, one entity each."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self._updated: str | None = options["updated_column"]
        is_table = options["table"] is not None
        goes_on = self._updated is not None and (is_table or options["updated_query"] is not None)
        self.supports_since = goes_on and options["supports_since"] is not False
        self.is_since_comparable = options["is_since_comparable"] is not False
        told = options["is_chronological"]
        self.is_chronological = goes_on and (is_table if told is None else bool(told))
        in_full = options["is_chronological_full"]
        self.is_chronological_full = self.is_chronological and in_full is not False
        if not is_table and options["primary_key"] is None:
            raise ConfigError('a query needs "primary_key": the columns that make _id')
        if options["updated_query"] is not None and not SINCE.search(
            _text(options["updated_query"])
        ):
            raise ConfigError('"updated_query" has no ":since"')

    def read(self, since: Offset) -> Iterator[Batch]:
        if since is None:
            since = self._options["initial_since_value"]
        system: SqlSystem = self._context.system(self._options["system"])
        if not self.supports_since:
            since = None
        asked = self._asked(system, since)
        with (
            system.told(),
            system.engine.connect() as connection,
            read_only(connection),
        ):
            yield from self._rows(system, connection, asked, since)

    def _rows(
        self,
        system: SqlSystem,
        connection: Connection,
        asked: Asked,
        since: Offset,
    ) -> Iterator[Batch]:
        size: int = self._options["fetch_size"]
        raw = RawColumns(connection, system.reading) if system.sends_text else None
        streamed = _streamed if raw is None else raw.streamed
        with streamed(connection, asked.statement, size) as (description, parts):
            if description is None:
                raise PipeError(f"{system}: the query gives no rows")
            reader, updated = self._reader(system, description, asked, raw)
            in_order = comes_in_order(self, since)
            count = 0
            for fetched in parts:
                for start in range(0, len(fetched), BATCH_SIZE):
                    part = fetched[start : start + BATCH_SIZE]
                    batch = self._batch(reader, part, count)
                    count += len(part)
                    if updated is not None:
                        batch = _with_offsets(batch, updated(part), since, in_order=in_order)
                        since = batch.offset
                    else:
                        batch = batch._replace(offset=since)
                    yield batch

    def _reader(
        self, system: SqlSystem, description: Any, asked: Asked, raw: RawColumns | None
    ) -> tuple[RowReader, Callable[[Sequence[Any]], list[Offset]] | None]:
        """What makes entities of rows, and what finds their offsets where there are any."""
        names = [item[0] for item in description]
        columns: list[ReadColumn | None] = []
        for name, code, *_ in description:
            special = system.special(code, asked.kinds.get(name))
            if special is not None:
                columns.append(partial(_each, special))
            else:
                columns.append(raw.read.get(code) if raw is not None else None)
        reader = RowReader(system.reading, names, columns, asked.keys, self._options)
        position = reader.position(self._updated) if self.supports_since else None
        if position is None:
            return reader, None
        made = raw.objects(description[position][1]) if raw is not None else None
        return reader, partial(_offsets, position, made)

    def _batch(self, reader: RowReader, rows: Sequence[Any], count: int) -> Batch:
        try:
            return Batch(reader.entities_of(list(zip(*rows, strict=True))), None, None)
        except RowError as error:
            system = self._context.system(self._options["system"])
            what = self._options["table"] or "the query"
            number = count + error.position + 1
            problem = Problem("", error.code, f"row {number}: {error}", error.hint)
            raise PipeError(f"{system}: {preview(what)} cannot be read", [problem]) from None

    def _asked(self, system: SqlSystem, since: Offset) -> Asked:
        if self._options["table"] is not None:
            return self._of_table(system, since)
        from sqlalchemy import text

        keys = _texts(self._options["primary_key"])
        if since is not None and self._options["updated_query"] is not None:
            query = OTHER_NAMES.sub(r"\\:", _text(self._options["updated_query"]))
            return Asked(text(query).bindparams(since=bound(since)), keys)
        return Asked(text(NAMES.sub(r"\\:", _text(self._options["query"]))), keys)

    def _of_table(self, system: SqlSystem, since: Offset) -> Asked:
        from sqlalchemy import column, select, table

        name, schema = self._options["table"], self._options["schema"]
        found = known(system.engine, str(system), name, schema)
        keys = _texts(self._options["primary_key"] or list(found.primary_key))
        if not keys:
            hint = 'name the columns that identify a row in "primary_key"'
            raise PipeError(f'{system}: the table "{name}" has no primary key; {hint}')
        wanted = self._options["whitelist"] or [one.name for one in found.columns]
        refused = frozenset(self._options["blacklist"] or ())
        names = [name for name in wanted if name not in refused]
        needed = [*names, *keys, *([self._updated] if self._updated else [])]
        chosen(str(system), found, needed)
        read = dict.fromkeys(needed)
        columns: dict[str, ColumnClause[Any]] = {name: column(name) for name in read}
        asked = select(*columns.values()).select_from(table(name, *columns.values(), schema=schema))
        if self._updated is not None and self.supports_since:
            updated = columns[self._updated]
            if since is not None:
                asked = asked.where(updated >= bound(since))
            if self.is_chronological if since is not None else self.is_chronological_full:
                asked = asked.order_by(updated)
        return Asked(asked, keys, {one.name: one.kind for one in found.columns})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, the columns that make `_id`, and the kinds of columns where they are known."""

    statement: Executable
    keys: list[str]
    kinds: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def read_only(connection: Connection) -> Iterator[None]:
    """Whatever a query holds, it changes nothing."""
    kind = connection.dialect.name
    if kind == "sqlite":
        # It lasts as long as the connection, which goes back to the pool.
        connection.exec_driver_sql("PRAGMA query_only = ON")
        try:
            yield
        finally:
            connection.exec_driver_sql("PRAGMA query_only = OFF")
        return
    if kind in ("postgresql", "oracle"):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    elif kind in ("mysql", "mariadb"):
        connection.exec_driver_sql("START TRANSACTION READ ONLY")
    yield


@contextmanager
def _streamed(
    connection: Connection, statement: Executable, size: int
) -> Iterator[tuple[Any, Iterable[Any]]]:
    """The columns of a result (null: it has no rows), and its rows, so many at once."""
    result = connection.execute(statement, execution_options={"yield_per": size})
    try:
        cursor: Any = result.cursor if result.returns_rows else None
        yield None if cursor is None else cursor.description, result.partitions(size)
    finally:
        result.close()


def _each(special: Callable[[Any], Any], values: Sequence[Any]) -> Texts:
    return values_column([None if value is None else special(value) for value in values])


def _offsets(position: int, made: Callable[[str], Any] | None, rows: Sequence[Any]) -> list[Offset]:
    """The values of the updated column; `made` makes objects of its texts."""
    found = [row[position] for row in rows]
    if made is not None:
        found = [None if value is None else made(value) for value in found]
    return list(map(offset_of, found))


def _with_offsets(batch: Batch, updated: list[Offset], since: Offset, *, in_order: bool) -> Batch:
    """The batch with `_updated` of its entities, and where the source is behind each."""
    offsets: list[Offset] = []
    for value in updated:
        if value is not None and (in_order or is_later(value, since)):
            since = value
        offsets.append(since)
    entities: Any = batch.entities
    entities.updated = updated
    return Batch(entities, None, since, offsets.__getitem__ if in_order else None)


def offset_of(value: Any) -> Offset:
    """A value of the updated column as an offset: JSON, in the database's own zone."""
    if isinstance(value, datetime | date):
        return f"~t{value.isoformat()}"
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"~b{bytes(value).hex()}"
    return value if isinstance(value, int | float | str) or value is None else str(value)


def bound(offset: Offset) -> Any:
    """An offset as a parameter of a statement."""
    if type(offset) is not str or offset[:1] != "~":
        return offset
    tag, text = offset[:2], offset[2:]
    if tag == "~t":
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    if tag == "~f":
        return Decimal(text)
    return bytes.fromhex(text) if tag == "~b" else offset


def is_later(value: Offset, other: Offset) -> bool:
    if other is None:
        return True
    if isinstance(value, int | float) and isinstance(other, int | float):
        return value > other
    mine, theirs = bound(value), bound(other)
    if type(mine) is type(theirs):
        return bool(mine > theirs)
    return str(value) > str(other)


def _texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _text(value: str | list[str]) -> str:
    return "\n".join(_texts(value))
