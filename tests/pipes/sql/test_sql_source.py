"""The sql source over SQLite, PostgreSQL and MariaDB."""

import pytest

PEOPLE = (
    "CREATE TABLE person (id INT NOT NULL PRIMARY KEY, name VARCHAR(9), city VARCHAR(9), seen INT)",
    "INSERT INTO person VALUES (1, 'Ada', 'London', 10), (2, 'Bo', NULL, 20), (3, '~rx', '', 30)",
)


def test_a_row_is_an_entity_under_the_key_of_the_table(database):
    database.run(*PEOPLE)
    assert database.collect(table="person") == {
        "1": {"id": 1, "name": "Ada", "city": "London", "seen": 10},
        "2": {"id": 2, "name": "Bo", "seen": 20},
        "3": {"id": 3, "name": "~~rx", "city": "", "seen": 30},
    }


def test_nulls_are_kept_where_asked_for(database):
    database.run(*PEOPLE)
    found = database.collect(table="person", preserve_null_values=True)
    assert found["2"] == {"id": 2, "name": "Bo", "city": None, "seen": 20}


def test_columns_are_chosen_and_left_out(database):
    database.run(*PEOPLE)
    found = database.collect(table="person", whitelist=["name", "city"], blacklist=["city"])
    assert found["1"] == {"name": "Ada"}


def test_a_query_has_the_key_that_is_named(database):
    database.run(*PEOPLE)
    query = ["SELECT name, seen * 2 AS twice", "FROM person WHERE city <> ':x' AND id < 3"]
    assert database.collect(query=query, primary_key="name") == {
        "Ada": {"name": "Ada", "twice": 20}
    }


def test_several_columns_make_one_id(database):
    database.run(
        "CREATE TABLE line (invoice VARCHAR(20), no INTEGER, PRIMARY KEY (invoice, no))",
        "INSERT INTO line VALUES ('a', 1), ('a', 2)",
    )
    assert sorted(database.collect(table="line")) == ["a:1", "a:2"]


def test_only_rows_from_the_greatest_value_on_are_read_again(database):
    database.run(*PEOPLE)
    found = database.collect(table="person", updated_column="seen")
    assert len(found) == 3
    database.run("UPDATE person SET name = 'Bob', seen = 31 WHERE id = 2")
    database.run("UPDATE person SET name = 'unseen' WHERE id = 1")
    result = database.node.run("got")
    assert (result.sync_type, result.processed) == ("incremental", 2)
    assert {k: v["name"] for k, v in database.node.live("got").items()} == {
        "1": "Ada",
        "2": "Bob",
        "3": "~~rx",
    }


def test_a_query_goes_on_by_its_updated_query(database):
    database.run(*PEOPLE)
    asked = {
        "query": "SELECT id, name, seen FROM person",
        "updated_query": "SELECT id, name, seen FROM person WHERE seen >= :since",
        "updated_column": "seen",
        "primary_key": "id",
    }
    database.collect(**asked)
    database.run("INSERT INTO person VALUES (4, 'Di', NULL, 40)")
    assert database.node.run("got").processed == 2
    assert sorted(database.node.live("got")) == ["1", "2", "3", "4"]


def test_a_full_run_deletes_what_is_gone(database):
    database.run(*PEOPLE)
    database.collect(table="person", updated_column="seen")
    database.run("DELETE FROM person WHERE id = 1")
    database.node.run("got")
    assert sorted(database.node.live("got")) == ["1", "2", "3"]
    database.node.run("got", "full")
    assert sorted(database.node.live("got")) == ["2", "3"]


def test_times_are_an_offset(database):
    kind = {"mysql": "DATETIME(6)"}.get(database.kind, "TIMESTAMP")
    database.run(
        f"CREATE TABLE note (id INTEGER PRIMARY KEY, changed {kind})",
        "INSERT INTO note VALUES (1, '2024-01-31 12:00:00.123456'), (2, '2024-02-01 00:00:00')",
    )
    database.collect(table="note", updated_column="changed")
    database.run("INSERT INTO note VALUES (3, '2024-02-01 00:00:00.000001')")
    assert database.node.run("got").processed == 2
    assert sorted(database.node.live("got")) == ["1", "2", "3"]


def test_a_table_that_is_read_in_full_without_order_saves_its_offset_at_the_end(database):
    database.run(*PEOPLE)
    database.run("UPDATE person SET seen = 5 WHERE id = 3")
    database.collect(table="person", updated_column="seen", is_chronological_full=False)
    database.run("INSERT INTO person VALUES (4, 'Di', NULL, 20)")
    assert database.node.run("got").processed == 2


def test_a_query_cannot_change_anything(database):
    database.run(*PEOPLE)
    statement = (
        "DELETE FROM person" if database.kind != "postgresql" else "DELETE FROM person RETURNING id"
    )
    database.node.pipe("got", source=database.source(query=statement, primary_key="id"))
    assert not database.node.try_run("got").success
    assert database.run("SELECT COUNT(*) FROM person") == [(3,)]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"table": "persn"}, 'system "db": there is no table "persn"; did you mean "person"?'),
        (
            {"table": "person", "primary_key": "idd"},
            'system "db": the table "person" has no column "idd"; did you mean "id"?',
        ),
        ({"table": "person", "whitelist": ["nam"]}, 'has no column "nam"; did you mean "name"?'),
        ({"query": "SELECT * FROM person"}, 'a query needs "primary_key"'),
        (
            {"query": "SELECT 1 AS a", "primary_key": "b"},
            'there is no column "b" for "_id"; the columns are a',
        ),
        (
            {"query": "SELECT NULL AS b", "primary_key": "b"},
            'row 1: expected a value for "_id" in column "b", got null',
        ),
        (
            {
                "query": "SELECT 1",
                "primary_key": "b",
                "updated_query": "SELECT 1",
                "updated_column": "b",
            },
            '"updated_query" has no ":since"',
        ),
    ],
)
def test_what_is_wrong_is_told_with_a_hint(database, options, said):
    database.run(*PEOPLE)
    database.node.pipe("got", source=database.source(**options))
    assert said in str(database.node.try_run("got").error)


def test_a_table_without_key_says_so(database):
    database.run("CREATE TABLE loose (a INTEGER)")
    database.node.pipe("got", source=database.source(table="loose"))
    assert 'the table "loose" has no primary key' in str(database.node.try_run("got").error)


def test_a_wrong_password_is_told_and_not_shown(postgres):
    postgres.node.more["systems"]["db"]["password"] = "hunter2-secret"
    postgres.node.pipe("got", source=postgres.source(table="person"))
    result = postgres.node.try_run("got")
    assert "password authentication failed" in str(result.error)
    assert "hunter2" not in f"{result.error} {result.traceback}"


def test_types_of_postgresql(postgres):
    postgres.run(
        """CREATE TABLE t (id BIGINT PRIMARY KEY, n NUMERIC(30, 10), d DOUBLE PRECISION, r REAL,
        b BOOLEAN, c CHAR(4), ts TIMESTAMP, tz TIMESTAMPTZ, day DATE, at TIME, x BYTEA, u UUID,
        j JSONB, a INTEGER[], ip INET, e INTERVAL)""",
        """INSERT INTO t VALUES (9007199254740993, 12345678901234567890.0000000001, 0.1, 0.5, true,
        'ab', '2024-01-31 12:00:00.5', '2024-01-31 12:00:00+02', '2024-02-29', '23:59:01',
        '\\x00ff', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', '{"k": [1, {"~t": "~b"}]}', '{1,2}',
        '10.0.0.1', '1 day 02:00:03')""",
    )
    (found,) = postgres.collect(table="t").values()
    assert found == {
        "id": 9007199254740993,
        "n": "~f12345678901234567890.0000000001",
        "d": 0.1,
        "r": 0.5,
        "b": True,
        "c": "ab  ",
        "ts": "~t2024-01-31T12:00:00.5Z",
        "tz": "~t2024-01-31T10:00:00Z",
        "day": "2024-02-29",
        "at": "23:59:01",
        "x": "~bAP8=",
        "u": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "j": {"k": [1, {"~t": "~~b"}]},
        "a": [1, 2],
        "ip": "10.0.0.1",
        "e": "26:00:03",
    }


def test_times_without_zone_are_in_that_of_the_system(postgres):
    postgres.node.more["systems"]["db"]["timezone"] = "Europe/Oslo"
    postgres.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, ts TIMESTAMP)",
        "INSERT INTO t VALUES (1, '2024-07-01 12:00:00'), (2, '2024-01-01 12:00:00')",
    )
    found = postgres.collect(table="t", updated_column="ts")
    assert found["1"]["ts"] == "~t2024-07-01T10:00:00Z"
    assert found["2"]["ts"] == "~t2024-01-01T11:00:00Z"
    assert postgres.node.run("got").processed == 1


def test_what_no_entity_can_hold_is_told(postgres):
    postgres.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x DOUBLE PRECISION)",
        "INSERT INTO t VALUES (1, 1), (2, 'NaN')",
    )
    postgres.node.pipe("got", source=postgres.source(table="t"))
    error = str(postgres.node.try_run("got").error)
    assert 'row 2: column "x": nan is no value of an entity' in error


def test_types_of_mariadb(maria):
    maria.run(
        """CREATE TABLE t (id BIGINT PRIMARY KEY, n DECIMAL(20, 5), d DOUBLE, f FLOAT, b BIT(1),
        o BOOLEAN, day DATE, at TIME, ts DATETIME(6), x VARBINARY(4), y YEAR, s TEXT)""",
        """INSERT INTO t VALUES (1, 12.50000, 0.1, 0.5, b'1', true, '2024-02-29', '23:59:01',
        '2024-01-31 12:00:00.5', x'00ff', 2024, 'å😀')""",
    )
    assert maria.collect(table="t")["1"] == {
        "id": 1,
        "n": "~f12.50000",
        "d": "~f0.1",
        "f": 0.5,
        "b": 1,
        "o": 1,
        "day": "~t2024-02-29T00:00:00Z",
        "at": "23:59:01",
        "ts": "~t2024-01-31T12:00:00.5Z",
        "x": "~bAP8=",
        "y": 2024,
        "s": "å😀",
    }


def test_a_large_table_is_read_in_portions(database):
    database.run("CREATE TABLE big (id INTEGER PRIMARY KEY, name VARCHAR(20))")
    for start in range(0, 12_000, 1_000):
        values = ", ".join(f"({number}, 'n{number}')" for number in range(start, start + 1_000))
        database.run(f"INSERT INTO big VALUES {values}")
    found = database.collect(table="big", fetch_size=700)
    assert (len(found), found["11999"]["name"]) == (12_000, "n11999")
