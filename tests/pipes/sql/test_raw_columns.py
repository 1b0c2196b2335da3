"""Columns that are read as PostgreSQL's texts give what its driver's objects give."""

from __future__ import annotations

import random
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from sesam_node.model import encode
from sesam_node.model.values import as_string, plain_text
from sesam_node.pipes.sql.values import Reading

TEXTS = [
    "''",
    "'~'",
    "'~rx'",
    "'~~rx'",
    "E'a\"b\\\\c\\n\\t\\x01\\x7f'",
    "'å😀\u2028'",
    "'%s {}'",
    "' a '",
]
INTEGERS = ["0", "-1", "1", "32767", "-32768"]
FLOATS = ["0", "-0.0", "0.1", "1e15", "123456789012345.6", "1e16", "1e-4", "1e-5", "-1.5e-7"]
FLOATS += ["1e300", "5e-324", "1234567", "100000", "1e6", "3"]
TIMES = ["0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "2024-02-29 12:00:00.5"]
TIMES += ["2024-03-31 02:30:00", "2024-10-27 02:30:00", "1970-01-01 00:00:00.000001"]
TYPES = {
    "SMALLINT": INTEGERS,
    "INTEGER": [*INTEGERS, "2147483647"],
    "BIGINT": [*INTEGERS, "9223372036854775807", "9007199254740993"],
    "OID": ["0", "4294967295"],
    "NUMERIC": ["0", "-0.00", "1.50", "1e20", "12345678901234567890.0000000001", "1e-30", "1e500"],
    "NUMERIC(12, 2)": ["0", "1.5", "-9999999999.99"],
    "DOUBLE PRECISION": FLOATS,
    "REAL": [one for one in FLOATS if one not in ("1e300", "5e-324")],
    "BOOLEAN": ["true", "false"],
    "TEXT": TEXTS,
    "VARCHAR(20)": TEXTS,
    "CHAR(12)": TEXTS,
    "NAME": TEXTS,
    '"char"': ["'a'", "'~'"],
    "DATE": ["'0001-01-01'", "'9999-12-31'", "'2024-02-29'"],
    "TIMESTAMP": [f"'{one}'" for one in TIMES],
    "TIMESTAMPTZ": [f"'{one}+00'" for one in TIMES[1:]] + ["'2024-01-01 00:00:00.25-07:30'"],
    "TIME": ["'23:59:01'", "'00:00:00.5'"],
    "TIMETZ": ["'23:59:01+02'", "'00:00:00.5-07'"],
    "INTERVAL": ["'1 day 02:00:03'", "'-1 hour'", "'0.5 seconds'"],
    "BYTEA": ["'\\x'", "'\\x00ff'"],
    "UUID": ["'6BA7B810-9DAD-11D1-80B4-00C04FD430C8'"],
    "JSON": ["'null'", "'[1, \"~rx\", 1.0]'", '\'{"b": 1, "a": 1e2}\''],
    "JSONB": ["'null'", "'\"~rx\"'", '\'{"b": 1.50, "a": null}\''],
    "INTEGER[]": ["'{}'", "'{1,NULL,3}'", "'{{1,2},{3,4}}'"],
    "TEXT[]": ["'{}'", "'{~rx,\"a b\",NULL}'"],
    "NUMERIC[]": ["'{1.50,2}'"],
    "TIMESTAMP[]": ["'{2024-02-29 12:00:00}'"],
    "INT4RANGE": ["'[1,5)'", "'empty'"],
    "INT4MULTIRANGE": ["'{[1,5)}'"],
    "INET": ["'10.0.0.1'", "'10.0.0.0/8'"],
    "MACADDR": ["'08:00:2b:01:02:03'"],
    "POINT": ["'(1,2)'"],
    "XML": ["'<a/>'"],
    "mood": ["'~sad'", "'ok'"],
    "whole": ["1"],
    "pair": ["ROW(1, 'a')"],
}
OTHERS = (
    "CREATE TYPE mood AS ENUM ('~sad', 'ok')",
    "CREATE DOMAIN whole AS INTEGER",
    "CREATE TYPE pair AS (a INTEGER, b TEXT)",
)


@pytest.fixture
def types(postgres):
    """A database with the types; they go with the test."""
    postgres.run(*OTHERS)
    yield postgres
    postgres.run(
        "DROP TABLE IF EXISTS t",
        "DROP TYPE mood",
        "DROP DOMAIN whole",
        "DROP TYPE pair",
        "ALTER DATABASE test RESET ALL",
    )


def filled(database, kinds: dict[str, list[str]], rows: int = 40) -> None:
    """A table of these types: each value once at least, and nulls here and there."""
    chosen = random.Random(1)
    names = [f"c{number}" for number in range(len(kinds))]
    columns = ", ".join(f"{n} {kind}" for n, kind in zip(names, kinds, strict=True))
    database.run(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {columns})")
    for row in range(rows):
        cells = [
            "NULL"
            if row >= len(values) and chosen.random() < 0.3
            else f"CAST({values[row % len(values)]} AS {kind})"
            for kind, values in kinds.items()
        ]
        database.run(f"INSERT INTO t VALUES ({row}, {', '.join(cells)})".replace("%", "%%"))


def by_objects(database, zone, *, nulls: bool = False, key: str = "id") -> dict[str, bytes]:
    """The bodies of the entities, from the objects that the driver makes."""
    import psycopg

    options = database.node.more["systems"]["db"]
    read = Reading(zone)
    login = {"host": options["host"], "port": options["port"], "dbname": options["database"]}
    login |= {"user": options["username"], "password": options["password"]}
    with psycopg.connect(**login) as connection:
        cursor = connection.execute("SELECT * FROM t")
        names = [item.name for item in cursor.description or ()]
        made = {}
        for row in cursor:
            entity = {n: read(v) for n, v in zip(names, row, strict=True)}
            entity = {n: v for n, v in entity.items() if v is not None or nulls}
            part = entity[key]
            name = as_string(plain_text(part) if type(part) is str else str(part))
            made[name] = encode({**entity, "_id": name})
        return made


def bodies(database, **options) -> dict[str, bytes]:
    database.collect(table="t", **options)
    versions = database.node.versions("got")
    return {version.entity_id: version.body for version in versions if not version.deleted}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"nulls": True},
        {"TimeZone": "Asia/Kathmandu"},
        {"DateStyle": "German"},
        {"extra_float_digits": "0"},
        {"zone": "Europe/Oslo"},
    ],
    ids=str,
)
def test_texts_give_what_objects_give(types, settings):
    for name in ("TimeZone", "DateStyle", "extra_float_digits"):
        if name in settings:
            types.run(f"ALTER DATABASE test SET {name} = '{settings[name]}'")
    types.system.engine.dispose()
    kinds = TYPES
    if "zone" in settings:
        types.node.more["systems"]["db"]["timezone"] = settings["zone"]
    if "zone" in settings or "TimeZone" in settings:
        # The first and last moments lie outside the years 1 to 9999 in another zone.
        kinds = {
            kind: [one for one in values if "0001-" not in one and "9999-12" not in one]
            for kind, values in TYPES.items()
        }
    if "DateStyle" in settings:
        kinds = {kind: values for kind, values in TYPES.items() if kind != "TIMESTAMPTZ"}
    filled(types, kinds)
    nulls = "nulls" in settings
    zone = ZoneInfo(settings["zone"]) if "zone" in settings else UTC
    assert bodies(types, preserve_null_values=nulls) == by_objects(types, zone, nulls=nulls)


KEYS = ["INTEGER", "BIGINT", "NUMERIC", "DOUBLE PRECISION", "BOOLEAN", "TEXT", "TIMESTAMP"]
KEYS += ["TIMESTAMPTZ", "DATE", "UUID", "TIME", "mood", "BYTEA"]


@pytest.mark.parametrize("kind", KEYS)
def test_any_type_makes_ids(types, kind):
    values = [value for value in TYPES[kind] if value not in ("''", "'\\x'")]
    filled(types, {kind: values}, rows=len(values))
    assert bodies(types, primary_key="c0") == by_objects(types, UTC, key="c0")


@pytest.mark.parametrize("kind", ["SMALLINT", "BIGINT", "NUMERIC", "TIMESTAMP", "DATE", "TEXT"])
def test_any_type_tells_what_has_changed(types, kind):
    filled(types, {kind: TYPES[kind]}, rows=len(TYPES[kind]))
    types.collect(table="t", updated_column="c0")
    (greatest,) = types.run("SELECT count(*) FROM t WHERE c0 = (SELECT max(c0) FROM t)")
    assert types.node.run("got").processed == greatest[0]


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("DOUBLE PRECISION", "'NaN'", "nan is no value of an entity"),
        ("REAL", "'-Infinity'", "-inf is no value of an entity"),
        ("NUMERIC", "'NaN'", "NaN is no value of an entity"),
        ("NUMERIC", "'Infinity'", "Infinity is no value of an entity"),
        ("TIMESTAMP", "'infinity'", "infinity lies outside the years 1 to 9999"),
        ("TIMESTAMP", "'0044-03-15 12:00:00 BC'", "0044-03-15 12:00:00 BC lies outside"),
        ("TIMESTAMPTZ", "'12024-01-01 00:00:00+00'", "12024-01-01 00:00:00+00 lies outside"),
        ("DATE", "'-infinity'", "-infinity lies outside the years 1 to 9999"),
    ],
)
def test_what_no_entity_can_hold_is_told_with_its_row(types, kind, value, said):
    types.run(f"CREATE TABLE t (id INTEGER PRIMARY KEY, x {kind})")
    types.run("INSERT INTO t VALUES (1, NULL)", f"INSERT INTO t VALUES (2, {value})")
    types.node.pipe("got", source=types.source(table="t"))
    assert f'row 2: column "x": {said}' in str(types.node.try_run("got").error)


def test_an_empty_text_is_no_id(types):
    types.run("CREATE TABLE t (name TEXT PRIMARY KEY)", "INSERT INTO t VALUES ('a'), ('')")
    types.node.pipe("got", source=types.source(table="t"))
    said = 'row 2: expected a value for "_id" in column "name", got an empty text'
    assert said in str(types.node.try_run("got").error)
