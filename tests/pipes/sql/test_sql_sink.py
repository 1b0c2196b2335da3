"""The sql sink over SQLite, PostgreSQL and MariaDB."""

import pytest

PERSON = (
    "CREATE TABLE person (id INT NOT NULL PRIMARY KEY, name VARCHAR(20), note VARCHAR(20), "
    "other VARCHAR(20))"
)
ADA = {"_id": "1", "id": 1, "name": "Ada"}
BO = {"_id": "2", "id": 2, "name": "Bo", "note": "x"}
SCHEMA = [
    {"name": "key", "source_property": "no", "type": "string", "max_size": 20, "primary_key": True},
    {"name": "total", "type": "decimal", "precision": 12, "scale": 2},
    {"name": "made", "type": "datetime"},
    {"name": "day", "type": "date"},
    {"name": "good", "type": "boolean"},
    {"name": "size", "type": "integer", "min_value": 0, "max_value": 100, "index": True},
    {"name": "state", "type": "string", "max_size": 10, "default": "new"},
]


def rows(database, table="person", columns="id, name, note, other"):
    return database.run(f"SELECT {columns} FROM {table} ORDER BY 1")


def test_entities_are_inserted_updated_and_deleted_by_key(database):
    database.run(PERSON)
    database.node.put("in", ADA, BO)
    database.share("in", table="person")
    database.node.run("out")
    assert rows(database) == [(1, "Ada", None, None), (2, "Bo", "x", None)]
    database.node.put("in", ADA | {"name": "Ada L"}, BO | {"_deleted": True}, {"_id": "3", "id": 3})
    database.node.run("out")
    assert rows(database) == [(1, "Ada L", None, None), (3, None, None, None)]


def test_columns_that_an_entity_does_not_have_are_left_alone(database):
    database.run(PERSON, "INSERT INTO person VALUES (2, 'old', 'old', 'theirs')")
    database.node.put("in", {"_id": "2", "id": 2, "name": "Bo", "note": None})
    database.share("in", table="person")
    database.node.run("out")
    assert rows(database) == [(2, "Bo", None, "theirs")]


def test_a_deleted_entity_without_its_key_is_found_by_its_id(database):
    database.run(PERSON, "INSERT INTO person (id) VALUES (8)")
    database.node.put("in", {"_id": "7", "id": 7})
    database.share("in", table="person")
    database.node.run("out")
    database.node.put("in", {"_id": "7", "_deleted": True})
    database.node.run("out")
    assert rows(database, columns="id") == [(8,)]


def test_several_columns_are_a_key(database):
    database.run(
        "CREATE TABLE line (invoice VARCHAR(9), no INT, what VARCHAR(9), PRIMARY KEY (invoice, no))"
    )
    lines = [{"_id": f"a:{n}", "invoice": "a", "no": n, "what": f"w{n}"} for n in range(1, 4)]
    database.node.put("in", *lines)
    database.share("in", table="line")
    database.node.run("out")
    database.node.put("in", lines[0] | {"what": "new"}, {"_id": "a:2", "_deleted": True})
    database.node.run("out")
    assert rows(database, "line", "no, what") == [(1, "new"), (3, "w3")]


@pytest.mark.parametrize("bulk", [False, True])
def test_a_key_that_ends_in_a_blank_is_another_key(postgres, bulk):
    postgres.run("CREATE TABLE t (id TEXT PRIMARY KEY, n INT)", "INSERT INTO t VALUES ('a', 0)")
    postgres.node.put("in", {"_id": "1", "id": "a", "n": 1}, {"_id": "2", "id": "a ", "n": 2})
    postgres.share("in", table="t", use_bulk_operations=bulk)
    postgres.node.run("out")
    assert rows(postgres, "t", "id, n") == [("a", 1), ("a ", 2)]


@pytest.mark.parametrize("bulk", [False, True])
def test_many_rows_end_the_same_in_batches_and_in_bulk(database, bulk):
    database.run(PERSON)
    database.node.put("in", *({"_id": f"{n}", "id": n, "name": f"n{n}"} for n in range(2_500)))
    database.share("in", table="person", use_bulk_operations=bulk)
    database.node.run("out")
    changed = [{"_id": f"{n}", "id": n, "note": "changed"} for n in range(0, 2_500, 2)]
    database.node.put(
        "in", *changed, *({"_id": f"{n}", "_deleted": True} for n in range(1, 2_500, 4))
    )
    database.node.run("out")
    found = rows(database, columns="id, name, note")
    assert len(found) == 2_500 - 625
    assert found[0] == (0, "n0", "changed")
    assert found[1] == (2, "n2", "changed")
    assert found[2] == (3, "n3", None)


def test_a_table_is_made_of_its_definition(database):
    entity = {
        "_id": "a",
        "no": "A1",
        "total": "~f12.5",
        "made": "~t2024-01-31T12:00:00Z",
        "day": "~t2024-01-31T12:00:00Z",
        "good": True,
        "size": 7,
    }
    database.node.put("in", entity)
    database.share("in", table="made", create_table_if_missing=True, schema_definition=SCHEMA)
    database.node.run("out")
    database.node.pipe("back", source=database.source(table="made"))
    database.node.run("back")
    (found,) = database.node.live("back").values()
    assert list(database.node.live("back")) == ["A1"]
    assert (found["key"], found["size"], found["state"]) == ("A1", 7, "new")
    assert str(found["total"]).removeprefix("~f").rstrip("0") == "12.5"
    assert "2024-01-31" in found["day"]
    assert "12:00:00" in found["made"]
    assert found["good"] in (True, 1)
    # What is named in the definition and not in the entity is null.
    database.node.put("in", {"_id": "a", "no": "A1"})
    database.node.run("out")
    assert database.run("SELECT size, total FROM made") == [(None, None)]


def test_a_table_is_emptied_or_made_anew_for_a_full_run_only(database):
    database.run(PERSON, "INSERT INTO person (id) VALUES (99)")
    database.node.put("in", ADA)
    database.share("in", table="person", truncate_table_on_first_run=True)
    database.node.run("out")
    assert rows(database, columns="id") == [(1,)]
    database.run("INSERT INTO person (id) VALUES (98)")
    database.node.put("in", BO)
    database.node.run("out")
    assert rows(database, columns="id") == [(1,), (2,), (98,)]
    database.node.run("out", "full")
    assert rows(database, columns="id") == [(1,), (2,)]


def test_a_table_that_is_made_anew_loses_what_others_wrote(database):
    database.node.put("in", {"_id": "a", "no": "A1"})
    options = {"create_table_if_missing": True, "recreate_table_on_first_run": True}
    database.share("in", table="made", schema_definition=SCHEMA, **options)
    database.node.run("out")
    database.node.put("in", {"_id": "a", "_deleted": True}, {"_id": "b", "no": "B1"})
    database.node.run("out", "full")
    quote = database.system.engine.dialect.identifier_preparer.quote
    assert rows(database, "made", quote("key")) == [("B1",)]


def test_the_time_of_writing_is_put_where_there_is_a_column_for_it(database):
    kind = "DATETIME(6)" if database.kind == "mysql" else "TIMESTAMP"
    database.run(f"CREATE TABLE person (id INT NOT NULL PRIMARY KEY, written {kind})")
    database.node.put("in", {"_id": "1", "id": 1})
    database.share("in", table="person", timestamp="written")
    database.node.run("out")
    ((_, written),) = rows(database, columns="id, written")
    assert str(written)[:2] == "20"


def test_an_entity_that_does_not_fit_is_told_and_what_came_before_is_written(database):
    database.run(PERSON)
    database.node.put("in", ADA, {"_id": "9", "id": "nine"}, BO)
    database.share("in", table="person")
    result = database.node.try_run("out")
    assert not result.success
    assert rows(database, columns="id") == [(1,)]
    assert 'cannot take "nine" of the entity "9"' in f"{result.error} {result.traceback}"


@pytest.mark.parametrize(
    ("entity", "options", "said"),
    [
        ({"_id": "1", "nam": "x"}, {}, 'has no column "nam"; did you mean "name"?'),
        ({"_id": "1"}, {"table": "persn"}, 'there is no table "persn"; did you mean "person"?'),
        ({"_id": "1"}, {"primary_key": "idd"}, 'has no column "idd"; did you mean "id"?'),
    ],
)
def test_what_is_wrong_is_told_with_a_hint(database, entity, options, said):
    database.run(PERSON)
    database.node.put("in", entity)
    database.share("in", **{"table": "person", **options})
    result = database.node.try_run("out")
    assert said in f"{result.error} {result.traceback} {database.node.log('out')}"


def test_types_come_back_from_postgresql_as_they_went(postgres):
    postgres.run(
        """CREATE TABLE t (id TEXT PRIMARY KEY, n NUMERIC(30, 10), d DOUBLE PRECISION, b BOOLEAN,
        ts TIMESTAMP, tz TIMESTAMPTZ, day DATE, at TIME, x BYTEA, u UUID, j JSONB, a INTEGER[])"""
    )
    entity = {
        "id": "1",
        "n": "~f12345678901234567890.0000000001",
        "d": 0.1,
        "b": False,
        "ts": "~t2024-01-31T12:00:00.5Z",
        "tz": "~t2024-01-31T10:00:00.123456Z",
        "day": "2024-02-29",
        "at": "23:59:01",
        "x": "~bAP8=",
        "u": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "j": {"k": [1, "x"]},
        "a": [1, 2],
    }
    for bulk in (False, True):
        postgres.run("DELETE FROM t")
        postgres.node.put("in", {"_id": "1", **entity, "n": f"~f{int(bulk)}.5"})
        postgres.share("in", table="t", use_bulk_operations=bulk)
        postgres.node.run("out", "full")
        postgres.node.put("in", {"_id": "1", **entity})
        postgres.node.run("out")
        assert postgres.collect(table="t") == {"1": entity}


def test_a_killed_connection_is_told_and_the_next_run_goes_on(postgres):
    postgres.run(PERSON)
    postgres.node.put("in", ADA)
    postgres.share("in", table="person")
    postgres.node.run("out")
    postgres.run("ALTER TABLE person RENAME TO gone")
    postgres.node.put("in", BO)
    assert not postgres.node.try_run("out").success
    postgres.run("ALTER TABLE gone RENAME TO person")
    postgres.node.run("out")
    assert rows(postgres, columns="id") == [(1,), (2,)]
