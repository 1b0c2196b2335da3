"""The sql sink: rows of a table, by key.

Each batch is one transaction: rows whose entities are deleted go, those that are there are updated,
the others inserted. A full run that begins with an empty table is one as a whole. An update sets
the columns that the entity has; a null property makes the column null, and so does a missing one
where `schema_definition` names its column. Others are left alone: they may be somebody else's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, PipeError, Problem, preview, suggestion
from sesam_node.model.values import plain_text
from sesam_node.pipes.common_options import SQL_SYSTEMS, STRINGS, SYSTEM_ID
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.sql.column_writer import ColumnWriter
from sesam_node.pipes.sql.copy import CopiedRows
from sesam_node.pipes.sql.create import COLUMN, create_table, drop_table, empty_table
from sesam_node.pipes.sql.inferred import inferred_columns
from sesam_node.pipes.sql.rows import Row, Rows, make_rows
from sesam_node.pipes.sql.tables import chosen, describe, known
from sesam_node.pipes.sql.transactions import Transactions
from sesam_node.pipes.sql.values import ValueRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.sql.tables import Column, Table
    from sesam_node.pipes.systems.sql import SqlSystem

    Taken = tuple[Column, Callable[[Any], Any]]


@sink(
    "sql",
    SYSTEM_ID,
    Option("table", "string", doc="the table to write, without schema"),
    Option("primary_key", STRINGS, None, "the columns that identify a row"),
    Option("schema", "string", None, "the schema of the table"),
    Option("batch_size", "integer", None, "most rows in one statement; 100, in bulk 1000"),
    Option("truncate_table_on_first_run", "boolean", default=False, doc="empty it for a full run?"),
    Option("create_table_if_missing", "boolean", default=False, doc="make the table?"),
    Option(
        "recreate_table_on_first_run", "boolean", default=False, doc="make it anew for a full run?"
    ),
    Option("schema_definition", "array", None, "the columns of a table that is made", each=COLUMN),
    Option("timestamp", "string", "sesam-timestamp", "the column that takes the time of writing"),
    Option("use_bulk_operations", "boolean", default=False, doc="load in bulk?"),
    Option("bulk_schema", "string", None, "the schema of temporary tables"),
    Option("keep_failed_bulk_operation_files", "boolean", default=False, doc="keep them to look?"),
    Option("bulk_operation_timeout", "integer", 600, "seconds for one bulk operation"),
    Option("bulk_operation_queue_size", "integer", 3, "most bulk batches waiting"),
    Option("bulk_operation_buffer_size", "integer", 50_000_000, "bytes held before a file is used"),
    Option("skip_identity_columns", "boolean", default=False, doc="leave them to the database?"),
    Option(
        "remove_pk_char_trailing_spaces", "boolean", default=True, doc="trim keys of type char?"
    ),
    Option("whitelist", "string-list", None, "columns to write", deprecated="choose them in DTL"),
    Option("blacklist", "string-list", None, "columns left out", deprecated="choose them in DTL"),
    namespaces=True,
    system_types=SQL_SYSTEMS,
)
class SqlSink:
    """Inserts, updates and deletes rows of a table."""

    dataset: str | None = None
    is_endpoint = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        bulk: bool = options["use_bulk_operations"]
        self._size: int = options["batch_size"] or (1_000 if bulk else 100)
        self._defined = {item["name"]: item for item in options["schema_definition"] or ()}
        self._names = {
            item.get("source_property") or name: name for name, item in self._defined.items()
        }
        makes = options["create_table_if_missing"] or options["recreate_table_on_first_run"]
        is_keyed = any(item.get("primary_key") for item in self._defined.values())
        if makes and self._defined and not is_keyed:
            raise ConfigError('"schema_definition" has no column with "primary_key": true')
        # A table that is emptied first cannot be filled from the middle.
        self.begins_again = bool(
            options["truncate_table_on_first_run"] or options["recreate_table_on_first_run"]
        )
        self.usual_batch_size = self._size
        self._table: Table | None = None
        self._rows: Rows | None = None
        self._columns: ColumnWriter | None = None
        self._transactions: Transactions | None = None
        self._takes: dict[str, Taken | None] = {}

    @property
    def _system(self) -> SqlSystem:
        found: SqlSystem = self._context.system(self._options["system"])
        return found

    # -- the table -----------------------------------------------------------------------------

    def begin(self, *, full: bool) -> None:
        """A run begins: the table is made, made anew or emptied where that is configured."""
        self._table = self._rows = self._columns = None
        self.close()
        anew = full and self.begins_again
        options, system = self._options, self._system
        name, schema = options["table"], options["schema"]
        makes = options["create_table_if_missing"] or options["recreate_table_on_first_run"]
        with system.told():
            transactions = self._begun(anew=anew)
        there = describe(transactions.bind, str(system), name, schema) if makes else None
        remade = full and options["recreate_table_on_first_run"]
        definition = self._definition() if makes and (there is None or remade) else None
        if definition is not None:
            if there is not None:
                with system.told(f"dropping {name}"):
                    drop_table(transactions.bind, name, schema)
            with system.told(f"making the table {name}"):
                create_table(transactions.bind, name, schema, definition)
        elif makes and there is None:
            return  # nothing to write yet, and no telling which columns it will have
        elif anew:
            with system.told(f"emptying {name}"), transactions.batch() as connection:
                empty_table(connection, name, schema)
        self._prepare(empty=anew)

    def _definition(self) -> list[dict[str, Any]] | None:
        """The columns of a table that is made; null where there is nothing to tell them from."""
        given: list[dict[str, Any]] | None = self._options["schema_definition"]
        keys = self._options["primary_key"]
        return given or inferred_columns(
            self._context, [keys] if isinstance(keys, str) else keys or []
        )

    def end(self) -> None:
        """The run has brought everything: what began anew is there for others to see."""
        if self._transactions is not None:
            with self._system.told(f"writing to {self._options['table']}"):
                self._transactions.commit()

    def close(self) -> None:
        """What a run has not ended is undone."""
        if self._transactions is not None:
            self._transactions.close()

    def _begun(self, *, anew: bool) -> Transactions:
        if self._transactions is None:
            self._transactions = Transactions(self._system.engine)
        if anew:
            self._transactions.open()
        return self._transactions

    def _prepare(self, *, empty: bool = False) -> Rows:
        options, system = self._options, self._system
        transactions = self._begun(anew=False)
        table = known(transactions.bind, str(system), options["table"], options["schema"])
        keys = options["primary_key"]
        names = [keys] if isinstance(keys, str) else list(keys or table.primary_key)
        if not names:
            names = [name for name, item in self._defined.items() if item.get("primary_key")]
        if not names:
            hint = 'name the columns that identify a row in "primary_key"'
            raise PipeError(f'{system}: the table "{table.name}" has no primary key; {hint}')
        chosen(str(system), table, [*names, *self._defined])
        self._table, self._takes = table, {}
        self._stamp = table.column(options["timestamp"]) if options["timestamp"] else None
        bulk = bool(options["use_bulk_operations"])
        self._rows = make_rows(system.engine, transactions, table, names, bulk=bulk, empty=empty)
        self._keys = tuple(names)
        if isinstance(self._rows, CopiedRows) and system.zone is UTC:
            properties = {self._property(name): name for name in names}
            defaults = {name: item.get("default") for name, item in self._defined.items()}
            writer = ColumnWriter(table, properties, self._written, defaults)
            self._columns = writer if writer.can else None
        return self._rows

    # -- entities ------------------------------------------------------------------------------

    def write(self, entities: Sequence[Entity]) -> int:
        rows = self._rows or self._prepare()
        for start in range(0, len(entities), self._size):
            some = entities[start : start + self._size]
            stamp = self._stamped()
            if self._loaded(rows, some, stamp):
                continue
            # Of several entities with one key the last one counts.
            changes: dict[tuple[Any, ...], Row | None] = {}
            for entity in some:
                key, row = self._row(entity, stamp)
                changes.pop(key, None)
                changes[key] = row
            with self._system.told(f"writing to {self._options['table']}"):
                rows.apply(changes)
        return len(entities)

    def _loaded(self, rows: Rows, entities: Sequence[Entity], stamp: Row) -> bool:
        """Were the entities written a column at a time? An entity alone gets the closer look."""
        if self._columns is None or len(entities) == 1 or not isinstance(rows, CopiedRows):
            return False
        if any("_deleted" in entity for entity in entities):
            return False
        lines = self._columns.lines(entities, {name: str(at) for name, at in stamp.items()})
        if lines is None:
            return False
        with self._system.told(f"writing to {self._options['table']}"):
            rows.load(lines)
        return True

    def _row(self, entity: Entity, stamp: Row) -> tuple[tuple[Any, ...], Row | None]:
        """The key of an entity's row, and the row; null where it is to be deleted."""
        table = self._table
        if table is None:
            raise PipeError("the sink has not begun")
        key = tuple(self._key_value(entity, name, table) for name in self._keys)
        if entity.get("_deleted") is True:
            return key, None
        row: Row = dict(zip(self._keys, key, strict=True))
        takes = self._takes
        for name, value in entity.items():
            if name not in takes:
                takes[name] = self._taken(name, table)
            taken = takes[name]
            if taken is not None:
                column, convert = taken
                try:
                    row[column.name] = None if value is None else convert(value)
                except (ValueError, TypeError, ArithmeticError) as error:
                    raise self._refused(entity, name, value, column, error) from None
        for name, item in self._defined.items():
            if name not in row:
                default, defined = item.get("default"), table.column(name)
                if defined is not None:
                    row[name] = self._value(entity, name, default, defined)
        row.update(stamp)
        return key, row

    def _taken(self, name: str, table: Table) -> Taken | None:
        """The column that takes a property and how; null where it takes no part."""
        column = None if name[:1] in "_$" else self._column(name, table)
        if column is None or column.name in self._keys:
            return None
        return column, self._system.writing.converter(column.kind)

    def _written(self, name: str) -> Column | None:
        """The column, other than of a key, that takes a property."""
        taken = None if self._table is None else self._taken(name, self._table)
        return None if taken is None else taken[0]

    def _property(self, column: str) -> str:
        """The property that a column takes."""
        return next((name for name, taken in self._names.items() if taken == column), column)

    def _stamped(self) -> Row:
        if self._stamp is None:
            return {}
        moment = datetime.now(UTC)
        naive = self._stamp.kind != "moment"
        return {self._stamp.name: moment.replace(tzinfo=None) if naive else moment}

    def _column(self, name: str, table: Table) -> Column | None:
        """The column that takes a property; null where it takes no part."""
        options = self._options
        if options["whitelist"] is not None and name not in options["whitelist"]:
            return None
        if name in (options["blacklist"] or ()):
            return None
        column = table.column(self._names.get(name, name))
        if column is None:
            known_names = [one.name for one in table.columns]
            hint = suggestion(name, known_names) or f"it has {', '.join(known_names[:20])}"
            problem = Problem(
                f"$.{name}",
                "unknown-column",
                f'the table "{table.name}" has no column "{name}"',
                f"{hint}; remove the property in DTL, or add the column",
            )
            raise PipeError(f'{self._system}: "{name}" cannot be written', [problem])
        if column.generated and options["skip_identity_columns"]:
            return None
        return column

    def _key_value(self, entity: Entity, name: str, table: Table) -> Any:
        value = entity.get(self._property(name))
        if value is None:
            value = self._key_of_id(entity, name)
        column = table.column(name)
        if column is None:
            raise PipeError(f'there is no column "{name}"')
        found = self._value(entity, name, value, column)
        if column.padded and isinstance(found, str):
            return found.rstrip(" ") if self._options["remove_pk_char_trailing_spaces"] else found
        return found

    def _key_of_id(self, entity: Entity, name: str) -> Any:
        """The part of `_id` that stands for a key column: it is made of them by the sql source."""
        text = plain_text(entity["_id"])
        parts = text.split(":") if len(self._keys) > 1 else [text]
        if len(parts) != len(self._keys):
            problem = Problem(
                f"$.{name}",
                "missing-key",
                f'the entity {preview(entity["_id"])} has no "{name}", which is part of the key',
                "add the property in DTL",
            )
            raise PipeError(f"{self._system}: an entity without key", [problem])
        return parts[self._keys.index(name)]

    def _value(self, entity: Entity, name: str, value: Any, column: Column) -> Any:
        try:
            return self._system.writing(value, column.kind)
        except ValueRefusedError as error:
            raise self._refused(entity, name, value, column, error) from None

    def _refused(
        self, entity: Entity, name: str, value: Any, column: Column, error: Exception
    ) -> PipeError:
        problem = Problem(
            f"$.{name}",
            "refused-value",
            f'the column "{column.name}" ({column.type_text}) cannot take {preview(value)} '
            f"of the entity {preview(entity['_id'])}: {error}",
        )
        return PipeError(f'{self._system}: "{name}" cannot be written', [problem])
