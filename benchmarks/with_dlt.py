"""A table collected by dlt into DuckDB: what `systems.py` compares with, in dlt's own Python.

`python with_dlt.py URL TABLE BACKEND FOLDER`, in an environment with dlt[sql_database,duckdb],
psycopg[binary] and pyarrow; prints the seconds of CPU that the process and its children took.
"""

from __future__ import annotations

import resource
import sys

import dlt
from dlt.sources.sql_database import sql_table


def cpu_s() -> float:
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    url, table, backend, folder = sys.argv[1:5]
    started = cpu_s()
    pipeline = dlt.pipeline(
        backend,
        pipelines_dir=folder,
        destination=dlt.destinations.duckdb(f"{folder}/{backend}.duckdb"),
        dataset_name="collected",
    )
    pipeline.run(sql_table(url, table=table, backend=backend, chunk_size=10_000))
    print(cpu_s() - started)


if __name__ == "__main__":
    main()
