"""Systems that are SQL databases. Declared only."""

from __future__ import annotations

from sesam_node.pipes.component import Option, declare_system

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


declare_system(
    "postgresql",
    *LOGIN,
    *HOST,
    _port(5432),
    _ssl("prefer", "disable", "allow", "prefer", "require"),
    *POOL,
    doc="A PostgreSQL database.",
)
declare_system(
    "mysql",
    *LOGIN,
    *HOST,
    _port(3306),
    _ssl("preferred", "disabled", "preferred", "required"),
    *POOL,
    doc="A MySQL or MariaDB database.",
)
declare_system("oracle", *LOGIN, *HOST, _port(1521), COERCE, *POOL, doc="An Oracle database.")
declare_system(
    "oracle_tns",
    *LOGIN,
    Option("tns_name", "string", doc="the TNS name or its full description"),
    COERCE,
    *POOL,
    doc="An Oracle database that is reached by a TNS name.",
)
for _type in ("sqlserver", "mssql-azure-dw"):
    declare_system(
        _type,
        *LOGIN,
        *HOST,
        _port(1433),
        Option("dialect", "string", "sql-server", "the kind", ("sql-server", "synapse")),
        *POOL,
        doc="A Microsoft SQL Server or Synapse database.",
    )
declare_system(
    "mssql",
    *LOGIN,
    *HOST,
    _port(1433),
    Option("instance", "string", None, "the named instance, instead of the port"),
    Option("tds_version", "string", None, "the version of the protocol"),
    *POOL,
    doc="A Microsoft SQL Server database by its older driver.",
    deprecated="use system:sqlserver",
)
