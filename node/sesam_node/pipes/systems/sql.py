"""Systems that are SQL databases: what the sql source and sink ask for."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sesam_node.errors import ConfigError, preview
from sesam_node.pipes.component import Option, system
from sesam_node.pipes.sql.engine import make_engine, told
from sesam_node.pipes.sql.offers import table, tables
from sesam_node.pipes.sql.sqlite import SqliteWriting, declared
from sesam_node.pipes.sql.values import Reading, Writing, bits, exact_decimal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Engine

    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.introspection import Offer

LOGIN = (
    Option("username", "string", doc="the user to log in as"),
    Option("password", "string", doc="the user's password", secret=True),
)
HOST = (
    Option("host", "string", doc="the name or address of the server"),
    Option("database", "string", doc="the database"),
)
POOL = (
    Option("timezone", "string", "UTC", "the time zone of times without one"),
    Option("pool_size", "integer", 10, "connections kept open"),
    Option("pool_timeout", "number", 30, "seconds to wait for a connection"),
    Option("pool_max_overflow", "integer", 10, "connections beyond those kept"),
    Option("pool_recycle", "number", 1800, "seconds after which a connection is made anew"),
)
COERCE = Option(
    "coerce_to_decimal", "boolean", default=False, doc="read every number as a decimal?"
)


def _port(number: int) -> Option:
    return Option("port", "integer", number, "the port of the server")


def _ssl(default: str, *modes: str) -> Option:
    return Option("sslmode", "string", default, "how the connection is secured", modes)


class SqlSystem:
    """A database: its engine, its zone, and how its values are read and written."""

    kind: ClassVar[str]
    dates_are_times: ClassVar[bool] = False
    uuids: ClassVar[bool] = False
    sends_text: ClassVar[bool] = False
    """Are columns read as the texts that the database sends (`sql.raw`)?"""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.id = str(options.get("_id", ""))
        self._options = options
        self._definition = context.definition
        self._engine: Engine | None = None
        zone = options.get("timezone") or "UTC"
        try:
            self.zone = UTC if zone == "UTC" else ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigError(f"{self}: there is no time zone {preview(zone)}") from None
        self.reading = Reading(self.zone, dates_are_times=self.dates_are_times, uuids=self.uuids)
        self.writing = Writing(self.zone)

    def __str__(self) -> str:
        return f'system "{self.id}"'

    @property
    def engine(self) -> Engine:
        """Raises ConfigError where its driver is missing, or its file may not be read."""
        if self._engine is None:
            self._engine = make_engine(str(self), self.kind, self._options, self._definition)
        return self._engine

    def told(self, doing: str = "") -> AbstractContextManager[None]:
        """Errors of the database as PipeErrors that name the system, and what was being done."""
        return told(f"{self}: {doing}" if doing else str(self))

    def special(self, type_code: Any, kind: str | None) -> Callable[[Any], Any] | None:  # noqa: ARG002
        """How values of a column are read, if not by their own type.

        The column has this type code of the driver; `kind` is that of `sql.tables`, if known.
        """
        return None

    # -- what it offers --------------------------------------------------------------------------

    def offers(self) -> Iterator[Offer]:
        return tables(self.engine, str(self))

    def offer(self, offer_id: str) -> Offer | None:
        return table(self.engine, str(self), offer_id)

    def check(self) -> str:
        with self.told(), self.engine.connect() as connection:
            version = connection.dialect.server_version_info or ()
        return f"{self.engine.dialect.name} {'.'.join(map(str, version))}".strip()

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


@system(
    "sqlite",
    Option("database", "string", doc="the file, relative to the project's folder"),
    Option("create", "boolean", default=False, doc="make the file where there is none?"),
    Option("timezone", "string", "UTC", "the time zone of times without one"),
)
class SqliteSystem(SqlSystem):
    """A SQLite file; beyond the manual."""

    kind = "sqlite"

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(options, context)
        self.writing = SqliteWriting(self.zone)

    def special(self, type_code: Any, kind: str | None) -> Callable[[Any], Any] | None:  # noqa: ARG002
        return declared(kind, self.reading) if kind else None


@system(
    "postgresql",
    *LOGIN,
    *HOST,
    _port(5432),
    _ssl("prefer", "disable", "allow", "prefer", "require"),
    *POOL,
)
class PostgresqlSystem(SqlSystem):
    """A PostgreSQL database."""

    kind = "postgresql"
    sends_text = True


@system(
    "mysql",
    *LOGIN,
    *HOST,
    _port(3306),
    _ssl("preferred", "disabled", "preferred", "required"),
    *POOL,
)
class MysqlSystem(SqlSystem):
    """A MySQL or MariaDB database."""

    kind = "mysql"
    dates_are_times = True

    def special(self, type_code: Any, kind: str | None) -> Callable[[Any], Any] | None:  # noqa: ARG002
        from pymysql.constants import FIELD_TYPE

        if type_code == FIELD_TYPE.DOUBLE:
            return exact_decimal
        return bits if type_code == FIELD_TYPE.BIT else None


@system("oracle", *LOGIN, *HOST, _port(1521), COERCE, *POOL)
class OracleSystem(SqlSystem):
    """An Oracle database."""

    kind = "oracle"
    dates_are_times = True


@system(
    "oracle_tns",
    *LOGIN,
    Option("tns_name", "string", doc="the TNS name or its full description"),
    COERCE,
    *POOL,
)
class OracleTnsSystem(OracleSystem):
    """An Oracle database that is reached by a TNS name."""

    kind = "oracle_tns"


SQL_SERVER = (
    *LOGIN,
    *HOST,
    _port(1433),
    Option("dialect", "string", "sql-server", "the kind", ("sql-server", "synapse")),
    *POOL,
)


class SqlServer(SqlSystem):
    """What all Microsoft SQL Servers share."""

    dates_are_times = True
    uuids = True


@system("sqlserver", *SQL_SERVER)
class SqlServerSystem(SqlServer):
    """A Microsoft SQL Server database."""

    kind = "sqlserver"


@system("mssql-azure-dw", *SQL_SERVER)
class SynapseSystem(SqlServer):
    """A Microsoft Synapse database."""

    kind = "mssql-azure-dw"


@system(
    "mssql",
    *LOGIN,
    *HOST,
    _port(1433),
    Option("instance", "string", None, "the named instance, instead of the port"),
    Option("tds_version", "string", None, "the version of the protocol"),
    *POOL,
    deprecated="use system:sqlserver",
)
class MssqlSystem(SqlServer):
    """A Microsoft SQL Server database by its older driver."""

    kind = "mssql"
