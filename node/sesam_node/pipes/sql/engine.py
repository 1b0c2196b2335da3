"""SQLAlchemy engines for the SQL systems, and errors of databases as errors of the node.

Drivers are loaded where they are used; one that is not installed is named with the extra that
brings it. What goes wrong is told in the database's words, without the statement's parameters and
without the login.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, PipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

    from sesam_node.pipes.runs import PipeDefinition

DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "oracle": "oracle+oracledb",
    "oracle_tns": "oracle+oracledb",
    "sqlserver": "mssql+pymssql",
    "mssql-azure-dw": "mssql+pymssql",
    "mssql": "mssql+pymssql",
}
"""SQLAlchemy's dialect and driver by type of system."""

CONNECT_S = 30


def make_engine(
    what: str, kind: str, options: dict[str, Any], definition: PipeDefinition
) -> Engine:
    """An engine with the pool that the system asks for. Nothing is connected yet.

    `what` names the system in errors. Raises ConfigError where the driver is missing, or a file may
    not be read.
    """
    try:
        from sqlalchemy import create_engine
    except ImportError:
        raise ConfigError(f"{what} needs SQLAlchemy: install sesam-interactive[sql]") from None
    if kind == "sqlite":
        return create_engine(_file_url(what, options, definition), hide_parameters=True)
    pool = {
        "pool_size": options["pool_size"],
        "pool_timeout": options["pool_timeout"],
        "max_overflow": options["pool_max_overflow"],
        "pool_recycle": options["pool_recycle"],
    }
    try:
        return create_engine(
            _server_url(kind, options),
            connect_args=_arguments(kind, options),
            hide_parameters=True,
            pool_pre_ping=True,
            **pool,
        )
    except ImportError as error:
        driver = DRIVERS[kind].partition("+")[2]
        message = f"{what}: the driver {driver} is not installed: install sesam-interactive[sql]"
        raise ConfigError(message) from error


def _file_url(what: str, options: dict[str, Any], definition: PipeDefinition) -> URL:
    from sqlalchemy.engine import URL

    if not definition.allow_files:
        raise ConfigError(f"{what}: files may be used only by a node that listens on loopback")
    path = Path(options["database"])
    if not path.is_absolute():
        path = Path(definition.base_folder or ".") / path
    if not path.exists() and not options["create"]:
        raise ConfigError(f'{what}: there is no file {path}; with "create" one is made')
    return URL.create("sqlite", database=str(path))


def _server_url(kind: str, options: dict[str, Any]) -> URL:
    from sqlalchemy.engine import URL

    query: dict[str, str] = {}
    if kind == "postgresql":
        query["sslmode"] = options["sslmode"]
    if kind == "mysql":
        query["charset"] = "utf8mb4"
    tns = kind == "oracle_tns"
    return URL.create(
        DRIVERS[kind],
        username=options["username"],
        password=options["password"],
        host=options["tns_name"] if tns else options["host"],
        port=None if tns else options["port"],
        database=None if tns else options["database"],
        query=query,
    )


def _arguments(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    if kind == "postgresql":
        return {"connect_timeout": CONNECT_S, "application_name": "sesam-node"}
    if kind == "mysql":
        arguments: dict[str, Any] = {"connect_timeout": CONNECT_S}
        if options["sslmode"] == "disabled":
            arguments["ssl_disabled"] = True
        elif options["sslmode"] == "required":
            arguments["ssl"] = {"check_hostname": False}
        return arguments
    return {}


@contextmanager
def told(what: str) -> Iterator[None]:
    """Errors of the database become PipeErrors that begin with `what`."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise PipeError(f"{what}: {reason(error)}") from None
    except Exception as error:
        # Of the driver itself, where it is used directly.
        if type(error).__module__.partition(".")[0] in (
            "psycopg",
            "sqlite3",
            "pymysql",
            "oracledb",
        ):
            raise PipeError(f"{what}: {reason(error)}") from None
        raise


def reason(error: Exception) -> str:
    """What the database said, on one line, without statement, parameters and login."""
    text = str(getattr(error, "orig", None) or error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:3])[:500] or type(error).__name__
