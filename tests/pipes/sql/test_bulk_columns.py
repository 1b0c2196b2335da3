"""What is written a column at a time is what is written value by value."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.errors import PipeError
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.sql.copy_texts import KINDS, texts_of

TEXTS = [
    "",
    "a",
    "~",
    "~~",
    "~rx",
    "a\\b",
    "\\N",
    "a\tb",
    "a\nb\r",
    "å😀\u2028",
    "\x01\x0b",
    "'\";",
]
MOMENTS = ["~t2024-01-31T12:00:00Z", "~t0001-01-01T00:00:00.000001Z", "~t2024-02-29T23:59:59.5Z"]
VALUES = {
    "text": st.one_of(
        st.sampled_from(TEXTS),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
        st.integers(0, 9),
        st.sampled_from([True, 1.5, "~f1.50", "~:a:b", ["a"], {"a": "~rx"}]),
    ),
    "integer": st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["~f2", " 7 ", True])),
    "decimal": st.one_of(
        st.sampled_from(["~f1.50", "~f-0.00", "~f12345678901234567890.0000000001", "~f1e3", "2"]),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
    ),
    "float": st.one_of(
        st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([1, "~f0.1"])
    ),
    "boolean": st.one_of(st.booleans(), st.sampled_from([0, "true"])),
    "datetime": st.sampled_from([*MOMENTS, "~t2024-01-31", "~t2024-01-31T12:00:00.123456789Z"]),
    "moment": st.sampled_from([*MOMENTS, "2024-01-31T12:00:00+02:00"]),
    "date": st.sampled_from(["2024-02-29", "0001-01-01", "~t2024-01-31T12:00:00Z", "~t2024-01-31"]),
    "uuid": st.sampled_from(
        ["~u6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"]
    ),
    "time": st.sampled_from(["23:59:01", "00:00:00.5"]),
    "bytes": st.sampled_from(["~bAP8=", "~b", "text"]),
    "json": st.sampled_from([{"k": [1, "x"]}, [], "~rx", 1]),
    "list": st.sampled_from([[1, 2], [], 7]),
}
TYPES = {
    "text": "TEXT",
    "integer": "BIGINT",
    "decimal": "NUMERIC",
    "float": "DOUBLE PRECISION",
    "boolean": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "moment": "TIMESTAMPTZ",
    "date": "DATE",
    "uuid": "UUID",
    "time": "TIME",
    "bytes": "BYTEA",
    "json": "JSONB",
    "list": "INTEGER[]",
}
COLUMNS = ", ".join(f"{kind}_ {type_}" for kind, type_ in TYPES.items())


@st.composite
def batches(draw):
    """Some entities with properties of a few of the kinds, now and then null or absent."""
    kinds = draw(st.lists(st.sampled_from(sorted(TYPES)), unique=True, max_size=4))
    ids = draw(st.lists(st.integers(0, 9), min_size=1, max_size=6))
    entities = []
    for number in ids:
        entity = {"_id": str(number), "id": number}
        for kind in kinds:
            how = draw(st.integers(0, 9))
            if how:
                entity[f"{kind}_"] = None if how == 1 else draw(VALUES[kind])
        entities.append(entity)
    return entities


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo"])
def test_a_batch_ends_the_same_in_columns_and_by_values(postgres, zone):
    postgres.node.more["systems"]["db"]["timezone"] = zone
    sinks, pipes = {}, []
    for name in ("columns_", "values_"):
        postgres.run(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {COLUMNS})")
        sink = {"type": "sql", "system": "db", "table": name, "use_bulk_operations": True}
        pipe = build_pipe(postgres.node.pipe(name, source="in", sink=sink), postgres.node.store)
        pipes.append(pipe)
        sinks[name] = pipe.sink
        pipe.sink.begin(full=False)
    assert (sinks["columns_"]._columns is not None) == (zone == "UTC")
    sinks["values_"]._columns = None

    @settings(max_examples=60, deadline=None)
    @given(batches())
    def ends_the_same(entities):
        errors = {}
        for name, sink in sinks.items():
            try:
                sink.write(entities)
            except PipeError:
                errors[name] = True
        assert len(errors) in (0, 2)
        found = [postgres.run(f"SELECT * FROM {name} ORDER BY id") for name in sinks]
        assert str(found[0]) == str(found[1])

    try:
        ends_the_same()
    finally:
        for pipe in pipes:
            pipe.close()


def test_columns_of_the_usual_values_are_plain_to_see():
    """Otherwise the test above would compare one way with itself."""
    plain = {
        "text": ["a", "", None, "å\t"],
        "integer": [1, None],
        "decimal": ["~f1.50", None],
        "float": [1.5],
        "boolean": [True],
        "datetime": MOMENTS,
        "moment": MOMENTS,
        "date": ["2024-02-29"],
        "uuid": ["~u6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
    }
    assert plain.keys() == KINDS.keys()
    for kind, values in plain.items():
        assert texts_of(kind, values) is not None, kind
    assert texts_of("text", ["a\t\\", None]) == ["a\\t\\\\", "\\N"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("datetime", "~tyesterday         Z"),
        ("datetime", "~t2024-01-31T24:00:00Z"),
        ("datetime", "~t2024-01-31T23:59:60Z"),
        ("decimal", "~f1_0"),
        ("decimal", "~fNaN"),
        ("date", "today     "),
        ("integer", True),
        ("float", 1),
        ("text", "~rx"),
        ("text", "a\0"),
    ],
)
def test_what_the_database_would_read_in_its_own_way_gets_a_closer_look(kind, value):
    assert texts_of(kind, [value]) is None
