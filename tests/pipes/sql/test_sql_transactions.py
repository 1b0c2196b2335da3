"""Full runs that begin with an empty table, and runs that end in the middle: no row is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PERSON = "CREATE TABLE person (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20))"
MANY = 1_200


def names(database, table="person"):
    quote = database.system.engine.dialect.identifier_preparer.quote
    return database.run(f"SELECT {quote('id')}, name FROM {table} ORDER BY 1")


def filled(database, **options):
    """A dataset, and a pipe that empties its table first, which has an old row."""
    database.run(PERSON, "INSERT INTO person VALUES (-1, 'old')")
    people = ({"_id": f"{n}", "id": n, "name": f"n{n}"} for n in range(MANY))
    database.node.put("in", *people)
    database.share("in", table="person", truncate_table_on_first_run=True, **options)


@pytest.mark.parametrize("bulk", [False, True])
def test_old_rows_stay_until_the_new_ones_are_all_there(database, bulk):
    filled(database, use_bulk_operations=bulk)
    database.node.put("in", {"_id": "bad", "id": MANY, "name": "longer than twenty characters"})
    if database.kind == "sqlite":
        database.node.put("in", {"_id": "bad", "id": "no number"})
    assert not database.node.try_run("out").success
    assert names(database) == [(-1, "old")]
    database.node.put("in", {"_id": "bad", "id": MANY, "name": "short"})
    result = database.node.run("out")
    assert (result.sync_type, len(names(database))) == ("full", MANY + 1)


def test_others_see_the_old_rows_while_a_full_run_writes(database):
    filled(database, use_bulk_operations=True)
    seen = []

    def report(progress):
        if progress.processed and not seen:
            seen.append(names(database))

    database.node.run("out", report=report)
    assert seen == [[(-1, "old")]]
    assert len(names(database)) == MANY


def test_a_table_that_is_made_anew_is_the_old_one_until_the_run_ends(database):
    definition = [
        {"name": "id", "type": "integer", "primary_key": True},
        {"name": "name", "type": "string", "max_size": 20},
    ]
    database.run(PERSON, "INSERT INTO person VALUES (-1, 'old')")
    database.node.put("in", {"_id": "1", "id": 1, "name": "a"}, {"_id": "2", "id": "no number"})
    options = {"recreate_table_on_first_run": True, "schema_definition": definition}
    database.share("in", table="person", **options)
    assert not database.node.try_run("out").success
    # MariaDB commits when a table is made.
    assert names(database) == ([] if database.kind == "mysql" else [(-1, "old")])
    database.node.put("in", {"_id": "2", "id": 2, "name": "b"})
    database.node.run("out")
    assert names(database) == [(1, "a"), (2, "b")]


def test_an_entity_that_fails_takes_no_other_with_it(database):
    filled(database)
    database.node.put("in", {"_id": "7", "id": 7, "name": ["no", "text", "that is short enough"]})
    if database.kind == "sqlite":
        database.node.put("in", {"_id": "7", "id": "no number"})
    database.node.pipes["out"].pipe["pump"] = {
        "max_consecutive_write_errors": 5,
        "max_write_errors_in_retry_dataset": 10,
    }
    result = database.node.run("out")
    assert (result.failed, result.retries_waiting) == (1, 1)
    assert len(names(database)) == MANY - 1


def test_a_second_row_of_a_key_counts_in_an_emptied_table_too(postgres):
    """The first way to load an emptied table is without a look at what is there."""
    postgres.run(PERSON)
    first = ({"_id": f"{n}", "id": n % 1_000, "name": f"n{n}"} for n in range(2_000))
    postgres.node.put("in", *first)
    options = {"truncate_table_on_first_run": True, "use_bulk_operations": True}
    postgres.share("in", table="person", **options)
    postgres.node.run("out")
    assert names(postgres) == [(n, f"n{n + 1_000}") for n in range(1_000)]


# -- connections that are lost ---------------------------------------------------------------------


# What the server says of it may come too late: then it is only seen to be closed.
LOST = ("terminating connection", "the connection is lost")


def end_others(postgres):
    """Ends every connection to the database but its own."""
    postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'test' "
        "AND pid <> pg_backend_pid() AND application_name = 'sesam-node' AND state <> 'idle'"
    )


def once(postgres):
    """What ends the connections of a run, the first time that it has brought something."""
    done = []

    def report(progress):
        if progress.processed >= 1_000 and not done:
            done.append(True)
            end_others(postgres)

    return report


@pytest.mark.parametrize("emptied", [False, True])
def test_a_connection_that_is_lost_while_writing(postgres, emptied):
    filled(postgres, use_bulk_operations=True)
    if not emptied:
        postgres.share("in", table="person", use_bulk_operations=True)
    result = postgres.node.try_run("out", report=once(postgres))
    if emptied:
        # Its transaction is lost with it, and the old row is there.
        assert not result.success
        assert any(text in f"{result.error} {result.original_error}" for text in LOST)
        assert names(postgres) == [(-1, "old")]
    postgres.node.run("out")
    assert len(names(postgres)) == MANY + (not emptied)


def test_a_connection_that_is_lost_while_reading_deletes_nothing(postgres):
    postgres.run(PERSON, f"INSERT INTO person SELECT n, 'n' || n FROM generate_series(1, {MANY}) n")
    assert len(postgres.collect(table="person")) == MANY
    postgres.node.pipes["got"].pipe["source"]["fetch_size"] = 500
    result = postgres.node.try_run("got", "full", report=once(postgres))
    assert not result.success
    assert any(text in str(result.error) for text in LOST)
    assert len(postgres.node.live("got")) == MANY
    postgres.run("DELETE FROM person WHERE id = 1")
    assert postgres.node.run("got", "full").success
    assert len(postgres.node.live("got")) == MANY - 1


def test_reading_is_tried_again_where_the_pump_says_so(postgres):
    postgres.run(PERSON, f"INSERT INTO person SELECT n, 'n' || n FROM generate_series(1, {MANY}) n")
    pump = {"max_read_retries": 1, "read_retry_delay": 0}
    source = postgres.source(table="person", fetch_size=500)
    postgres.node.pipe("got", source=source, pump=pump)
    postgres.node.run("got", report=once(postgres))
    assert len(postgres.node.live("got")) == MANY


# -- kills -----------------------------------------------------------------------------------------


def killed(postgres, folder, pipe, at):
    """A process of its own that runs a pipe and kills itself once it has brought so much."""
    script = Path(__file__).with_name("killed_sql.py")
    told = json.dumps({"more": postgres.node.more, "pipe": pipe})
    command = [sys.executable, script, f"lmdb:{folder / 'store'}", told, str(at)]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.fixture
def on_disk(postgres, tmp_path):
    """A database and a node that another process can go on with."""
    from pipes_helpers import Node

    postgres.node.store.close()
    more, postgres.node = postgres.node.more, Node(f"lmdb:{tmp_path / 'store'}")
    postgres.node.more = more
    return postgres


@pytest.mark.parametrize("emptied", [False, True])
def test_a_kill_while_a_table_is_written_in_bulk(on_disk, tmp_path, emptied):
    options = {"use_bulk_operations": True, "truncate_table_on_first_run": emptied}
    on_disk.run(PERSON, "INSERT INTO person VALUES (-1, 'old')")
    people = ({"_id": f"{n}", "id": n, "name": f"n{n}"} for n in range(MANY))
    on_disk.node.put("in", *people)
    on_disk.share("in", table="person", **options)
    pipe = on_disk.node.pipes["out"].pipe
    on_disk.node.store.close()
    killed(on_disk, tmp_path, pipe, 1_000)
    if emptied:
        assert names(on_disk) == [(-1, "old")]
    on_disk.node = reopened(on_disk, tmp_path, pipe)
    on_disk.node.run("out")
    old = [] if emptied else [(-1, "old")]
    assert names(on_disk) == old + [(n, f"n{n}") for n in range(MANY)]


def test_a_kill_while_a_table_is_read(on_disk, tmp_path):
    on_disk.run(PERSON, f"INSERT INTO person SELECT n, 'n' || n FROM generate_series(1, {MANY}) n")
    source = on_disk.source(table="person", fetch_size=500, updated_column="id")
    on_disk.node.pipe("got", source=source)
    on_disk.node.run("got")
    on_disk.run("DELETE FROM person WHERE id <= 10")
    on_disk.run("UPDATE person SET name = 'new'")
    pipe = on_disk.node.pipes["got"].pipe
    on_disk.node.store.close()
    killed(on_disk, tmp_path, pipe, 1_000)
    on_disk.node = reopened(on_disk, tmp_path, pipe)
    on_disk.node.run("got", "full")
    found = on_disk.node.live("got")
    assert found == {f"{n}": {"id": n, "name": "new"} for n in range(11, MANY + 1)}


def reopened(database, folder, pipe):
    from pipes_helpers import Node

    node = Node(f"lmdb:{folder / 'store'}")
    node.more = database.node.more
    node.pipe(pipe["_id"], **{name: value for name, value in pipe.items() if name != "_id"})
    return node
