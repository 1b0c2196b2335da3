"""Databases: what a pipe costs beside the bare driver, on a PostgreSQL that is started for it.

Ratios are CPU time of this process, the quickest of three runs: a table into a dataset against a
psycopg loop that only builds the dicts; a dataset into a table in bulk against a COPY of the same
rows; a CSV file against `csv.DictReader`. `python benchmarks/systems.py [ROWS]` (200,000)

With `--dlt PYTHON`, the Python of an environment that has `dlt[sql_database,duckdb]`,
`psycopg[binary]` and `pyarrow`, also what dlt takes to load the same table into DuckDB, by the two
ways that it has of passing rows on.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "pipes"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "pipes" / "sql"))

from database_servers import postgresql
from pipes_helpers import Node

MAKE = """CREATE TABLE customer (id BIGINT PRIMARY KEY, name TEXT, city TEXT,
  balance NUMERIC(12, 2), score DOUBLE PRECISION, active BOOLEAN, created TIMESTAMP,
  changed TIMESTAMPTZ, visits INTEGER, note TEXT)"""
FILL = """INSERT INTO customer SELECT n, 'Customer number ' || n, 'City ' || n % 100, n * 1.25,
  n / 7.0, n % 2 = 0, TIMESTAMP '2020-01-01' + n * INTERVAL '1 minute',
  TIMESTAMPTZ '2024-01-01 00:00:00+00' + n * INTERVAL '1 second', n % 1000,
  CASE WHEN n % 3 = 0 THEN 'a somewhat longer note about customer ' || n END
  FROM generate_series(1, {rows}) n"""


TIMES = 3


def cpu(action, times=TIMES):
    """Seconds of the quickest of some runs, and what the last one gave."""
    spent = []
    for _ in range(times):
        started = time.process_time()
        result = action()
        spent.append(time.process_time() - started)
    return min(spent), result


def bare_read(connect):
    with connect() as connection, connection.cursor(name="bare") as cursor:
        cursor.itersize = 1_000
        cursor.execute("SELECT * FROM customer")
        names = [item.name for item in cursor.description]
        count = 0
        while rows := cursor.fetchmany(1_000):
            count += len([dict(zip(names, row, strict=True)) for row in rows])
        return count


def bare_copy(connect, rows):
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS copied")
        cursor.execute("CREATE TABLE copied (LIKE customer INCLUDING ALL)")
        with cursor.copy("COPY copied FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def main() -> None:
    import psycopg

    options_given = argparse.ArgumentParser()
    options_given.add_argument("rows", type=int, nargs="?", default=200_000)
    options_given.add_argument("--dlt", metavar="PYTHON")
    asked = options_given.parse_args()
    rows = asked.rows
    with tempfile.TemporaryDirectory(prefix="databases-") as folder:
        base = Path(folder)
        base.chmod(0o755)
        with postgresql(base / "postgresql") as options:
            login = {"host": options["host"], "port": options["port"], "dbname": "test"}
            login |= {"user": options["username"], "password": options["password"]}

            def connect():
                return psycopg.connect(**login)

            with connect() as connection:
                connection.execute(MAKE)
                connection.execute(FILL.format(rows=rows))
                connection.execute("CREATE TABLE shared (LIKE customer INCLUDING ALL)")
            node = Node(f"lmdb:{base / 'store'}")
            system = {"_id": "db", **options}
            files = {"_id": "files", "type": "system:url", "url_pattern": f"{base}/%s"}
            node.more = {"systems": {"db": system, "files": files}, "allow_files": True}
            ours = read(node, connect, rows)
            if asked.dlt:
                by_dlt(asked.dlt, login, base, ours, rows)
            write(node, connect, rows)
            separated(node, base, rows)
            node.store.close()


def told(what: str, ours: float, bare: float, rows: int) -> None:
    each = 1e6 / rows
    print(f"{what:34} {ours * each:7.2f} us  bare {bare * each:7.2f} us  ratio {ours / bare:5.2f}")


def into_nothing(node: Node, pipe: str):
    """A run of a pipe whose sink is not there yet."""
    if node.store.exists(pipe):
        node.store.delete(pipe)
    return node.run(pipe)


def read(node: Node, connect, rows: int) -> float:
    bare, count = cpu(lambda: bare_read(connect))
    assert count == rows
    # As in a worker that has run before: everything is imported.
    few = {"type": "sql", "system": "db", "query": "SELECT 1 AS id", "primary_key": "id"}
    node.pipe("few", source=few)
    node.run("few")
    node.pipe("customer", source={"type": "sql", "system": "db", "table": "customer"})
    ours, result = cpu(lambda: into_nothing(node, "customer"))
    assert result.changed == rows
    told("PostgreSQL -> dataset", ours, bare, rows)
    return ours


def by_dlt(python: str, login: dict, base: Path, ours: float, rows: int) -> None:
    url = "postgresql+psycopg://{user}:{password}@{host}:{port}/{dbname}".format(**login)
    script = Path(__file__).with_name("with_dlt.py")
    for backend in ("sqlalchemy", "pyarrow"):
        command = [python, script, url, "customer", backend, base]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        theirs = float(done.stdout.split()[-1])
        what = f"dlt -> DuckDB ({backend})"
        print(f"{what:34} {theirs * 1e6 / rows:7.2f} us, {theirs / ours:.1f} times ours")


def write(node: Node, connect, rows: int) -> None:
    with connect() as connection:
        listed = connection.execute("SELECT * FROM customer").fetchall()
    bare, _ = cpu(lambda: bare_copy(connect, listed))
    sink = {"type": "sql", "system": "db", "table": "shared", "use_bulk_operations": True}
    node.pipe("share", source="customer", sink={**sink, "truncate_table_on_first_run": True})
    ours, _ = cpu(lambda: node.run("share", "full"))
    told("dataset -> PostgreSQL, emptied", ours, bare, rows)
    node.pipe("again", source="customer", sink=sink)
    ours, _ = cpu(lambda: node.run("again", "full"))
    told("dataset -> PostgreSQL, merged", ours, bare, rows)
    with connect() as connection:
        found = connection.execute("SELECT count(*) FROM shared").fetchone()
    assert found == (rows,)


def separated(node: Node, base: Path, rows: int) -> None:
    path = base / "customer.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "name", "city", "balance", "note"])
        out.writerows(
            [n, f"Customer {n}", f"City {n % 100}", n * 1.25, "x" * 20] for n in range(rows)
        )

    def bare_csv():
        with path.open(newline="") as file:
            return sum(1 for _ in csv.DictReader(file))

    bare, _ = cpu(bare_csv)
    source = {"type": "csv", "system": "files", "url": path.name, "primary_key": "id"}
    node.pipe("separated", source=source)
    ours, _ = cpu(lambda: into_nothing(node, "separated"))
    told("CSV -> dataset", ours, bare, rows)


if __name__ == "__main__":
    main()
