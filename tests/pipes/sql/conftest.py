"""Databases: a SQLite file, a real PostgreSQL, a real MariaDB."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from database_servers import mariadb, postgresql
from pipes_helpers import Node
from server_processes import own_folder

from sesam_node.pipes.batch import Context
from sesam_node.pipes.component import build


@pytest.fixture(scope="session")
def postgresql_server():
    with own_folder("databases-") as folder, postgresql(folder / "postgresql") as options:
        yield options


@pytest.fixture(scope="session")
def mariadb_server():
    with own_folder("databases-") as folder, mariadb(folder / "mariadb") as options:
        yield options


class Database:
    """A database and a node with a system `db` for it; its tables go with the test."""

    def __init__(self, options, folder):
        self.kind = options["type"].removeprefix("system:")
        self.node = Node()
        self.node.more = {
            "systems": {"db": {"_id": "db", **options}},
            "base_folder": str(folder),
            "allow_files": True,
        }
        definition = self.node.pipe("any", source={"type": "empty"})
        self.system = build("system", self.node.more["systems"]["db"], Context(definition))

    def run(self, *statements, **parameters):
        """Carries out statements; gives the rows of the last one."""
        rows = []
        with self.system.engine.begin() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows

    def source(self, **options):
        return {"type": "sql", "system": "db", **options}

    def collect(self, **options):
        """What a pipe makes of a table or query: entities by id."""
        self.node.pipe("got", source=self.source(**options))
        self.node.run("got")
        return self.node.live("got")

    def share(self, dataset, **options):
        """A pipe `out` from a dataset to a table."""
        self.node.pipe("out", source=dataset, sink={"type": "sql", "system": "db", **options})

    def close(self):
        from sqlalchemy import inspect

        names = inspect(self.system.engine).get_table_names()
        quote = self.system.engine.dialect.identifier_preparer.quote
        self.run(*(f"DROP TABLE {quote(name)}" for name in names))
        self.system.close()
        self.node.store.close()


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        options = {"type": "system:sqlite", "database": "test.db", "create": True}
    else:
        server = {"postgresql": "postgresql_server", "mysql": "mariadb_server"}[request.param]
        options = request.getfixturevalue(server)
    made = Database(options, tmp_path)
    yield made
    made.close()


@pytest.fixture
def postgres(postgresql_server, tmp_path):
    made = Database(postgresql_server, tmp_path)
    yield made
    made.close()


@pytest.fixture
def maria(mariadb_server, tmp_path):
    made = Database(mariadb_server, tmp_path)
    yield made
    made.close()
