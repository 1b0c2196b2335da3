"""Entities through every format and back, hard values included."""

from __future__ import annotations

import datetime as dt
import io
import math
import random
from base64 import b64encode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.errors import InputError
from sesam_node.model import decode, encode
from sesam_node.model.arrow.columns import Column
from sesam_node.model.formats import (
    ARROW,
    FORMATS,
    JSON,
    MSGPACK,
    NDJSON,
    accepted,
    read_entities_as,
    sent,
    write_entities,
)
from sesam_node.model.transit import normalise

pa = pytest.importorskip("pyarrow")

KINDS = {
    "null": [None],
    "boolean": [True, False],
    "integer": [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)],
    "large-integer": [2**63, 2**64, -(2**80), 10**37],
    "larger-integer": [10**40, 1],
    "float": [1.5, -0.0, 0.0, 1e300, 5e-324, 2.0],
    "numbers": [1, 1.5, 2.0, -0.0, 2**60],
    "decimal": ["~f10.50", "~f0.25", "~f-3.10"],
    "decimals": ["~f10.5", "~f1.50", "~f3", "~f-0.0", "~f007.1", "~f1e500", "~f1.000", "~f-0.5"],
    "numbers-and-decimals": [1, "~f1", "~f1.5", "~f2.50"],
    "text": ["", "plain", "~", "~x", "~~t2020-01-01", "~~~:a", "~zero", "\U0001f600\x00\n", "å"],
    "uri": ["~rhttp://example.org/?a=b", "~r"],
    "ni": ["~:a:b", "~:"],
    "uuid": ["~u12345678-1234-1234-1234-123456789abc"],
    "bytes": ["~b", "~bAAEC", "~bQR==", "~bQQ=="],
    "date": ["~t2020-02-29", "~t0001-01-01", "~t9999-12-31"],
    "datetime": [
        "~t2020-02-29T23:59:59Z",
        "~t0001-01-01T00:00:00.000001Z",
        "~t9999-12-31T00:00:00Z",
    ],
    "datetime-ns": ["~t2020-01-01T00:00:00.123456789Z", "~t2020-01-01T00:00:00.1Z"],
    "datetime-wide": ["~t2020-01-01T00:00:00.123456789Z", "~t1066-01-01T00:00:00.5Z"],
    "no-datetime": ["~t2021-02-29T00:00:00Z", "~t2020-01-01T24:00:00Z", "~t2020-01-31T00:00:00Z"],
    "list": [[], [1], [1, 2], [None], [None, 3]],
    "list-of-nothing": [[], [None]],
    "list-and-single": [["a"], "a", [], ["a", "b"], [["a"]], None],
    "list-of-kinds": [["a", 1], [1.5, "~f2"], [{"a": 1}, {"b": "~:x:y"}]],
    "dict": [{}, {"a": 1}, {"a": None, "b": "~t2020-01-01"}, {"b": "~t2020-01-02"}],
    "empty-dict": [{}, {}],
    "dict-and-text": [{"a": 1}, "a", ["a"]],
    "nested": [{"a": {"b": [{"c": "~f1.50"}, {"d": [[1], []]}]}}, {"a": {"b": []}}],
    "mixed": [1, "a", None, "~t2020-01-01T00:00:00Z", [1], {"a": True}, False],
}
"""Values of one property, each in an entity of its own."""


KINDS = {name: normalise(values) for name, values in KINDS.items()}


def through(form, entities):
    pages = [[encode(entity) for entity in entities]]
    return read_entities_as(b"".join(write_entities(pages, form)), form)


def same(left, right):
    """Equal to the last bit: integers are no floats, and 0.0 is not -0.0."""
    return encode(left) == encode(right)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS)
def test_values_of_one_kind_come_back(form, values):
    entities = [{"_id": str(n), "value": value} for n, value in enumerate(values)]
    entities.append({"_id": "absent"})
    assert same(through(form, entities), entities)
    lists = [{"_id": "all", "values": [v for v in values if v is not None], "deep": {"v": values}}]
    assert same(through(form, lists), lists)


@pytest.mark.parametrize("form", FORMATS)
def test_all_kinds_come_back_together_over_many_pages(form):
    entities = [
        {"_id": f"{name}-{n}", name: value, "~t2020-01-01": "odd name", "": n}
        for name, values in KINDS.items()
        for n, value in enumerate(values)
    ]
    pages = [[encode(entity)] for entity in entities]
    assert same(read_entities_as(b"".join(write_entities(pages, form)), form), entities)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.builds(lambda tag, text: f"~{tag}{text}", st.sampled_from("t:ruf~bd"), TEXT)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda d: f"~f{d:f}")
    | st.datetimes().map(lambda d: f"~t{d.isoformat()}Z")
    | st.dates().map(lambda d: f"~t{d.isoformat()}")
    | st.binary(max_size=4).map(lambda b: "~b" + b64encode(b).decode())
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc") | TEXT, inner, max_size=3)
    ),
    max_leaves=6,
)
ENTITIES = st.lists(
    st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUES, max_size=3), min_size=1, max_size=8
)


@pytest.mark.parametrize("form", FORMATS)
@settings(max_examples=150, deadline=None)
@given(found=ENTITIES)
def test_whatever_an_entity_holds_comes_back(form, found):
    entities = [normalise({**values, "_id": str(n)}) for n, values in enumerate(found)]
    assert same(through(form, entities), entities)


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_an_empty_answer(form):
    data = b"".join(write_entities([], form))
    assert read_entities_as(data, form) == []


def test_a_table_has_the_types_that_programs_want():
    entities = [
        {"_id": "1", "t": "~t2020-01-01T00:00:00Z", "f": "~f1.50", "n": 1, "tags": "a", "mix": 1},
        {"_id": "2", "f": "~f2.25", "n": 2.5, "tags": ["a", "b"], "mix": "x", "d": "~t2020-01-01"},
    ]
    data = b"".join(write_entities([[encode(entity) for entity in entities]], ARROW))
    table = pa.ipc.open_stream(data).read_all()
    assert {field.name: str(field.type) for field in table.schema} == {
        "_id": "string",
        "t": "timestamp[us, tz=UTC]",
        "f": "decimal128(38, 2)",
        "n": "double",
        "tags": "list<item: string>",
        "mix": "string",
        "d": "date32[day]",
    }
    assert table["tags"].to_pylist() == [["a"], ["a", "b"]]
    assert table["mix"].to_pylist() == ["1", '"x"']


def test_nanoseconds_only_where_digits_need_them():
    def type_of(*times):
        page = [encode({"_id": str(n), "t": f"~t{time}Z"}) for n, time in enumerate(times)]
        data = b"".join(write_entities([page], ARROW))
        return str(pa.ipc.open_stream(data).schema.field("t").type)

    assert type_of("2020-01-01T00:00:00.5") == "timestamp[us, tz=UTC]"
    assert type_of("2020-01-01T00:00:00.123456789") == "timestamp[ns, tz=UTC]"
    beyond = type_of("2020-01-01T00:00:00.123456789", "9999-01-01T00:00:00")
    assert beyond == "timestamp[us, tz=UTC]"


def test_the_tables_of_others_are_read_by_their_types():
    import polars as pl

    frame = pl.DataFrame(
        {
            "_id": ["1", "2"],
            "when": [dt.datetime(2020, 1, 1, 12, tzinfo=dt.UTC), None],
            "day": [dt.date(2020, 1, 1)] * 2,
            "tag": ["~rx", "plain"],
            "raw": [b"\x00", b""],
            "many": [[1, None], []],
            "part": [{"a": 1, "b": None}, {"a": None, "b": "x"}],
            "group": pl.Series(["x", "y"], dtype=pl.Categorical),
            "weight": [1.5, math.nan],
        }
    )
    out = io.BytesIO()
    frame.write_ipc_stream(out)
    assert read_entities_as(out.getvalue(), ARROW) == [
        {
            "_id": "1",
            "when": "~t2020-01-01T12:00:00Z",
            "day": "~t2020-01-01",
            "tag": "~~rx",
            "raw": "~bAA==",
            "many": [1, None],
            "part": {"a": 1},
            "group": "x",
            "weight": 1.5,
        },
        {
            "_id": "2",
            "day": "~t2020-01-01",
            "tag": "plain",
            "raw": "~b",
            "many": [],
            "part": {"b": "x"},
            "group": "y",
        },
    ]
    out = io.BytesIO()
    frame.write_ipc(out)
    assert [item["_id"] for item in read_entities_as(out.getvalue(), ARROW)] == ["1", "2"]


def test_message_pack_of_others_has_timestamps_and_bytes():
    moment = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    entity = {"_id": "1", "when": moment, "raw": b"\x00", "n": 2**63}
    data = msgspec.msgpack.encode([entity]) + msgspec.msgpack.encode({"_id": "2"})
    assert read_entities_as(data, MSGPACK) == [
        {"_id": "1", "when": "~t2020-01-01T00:00:00Z", "raw": "~bAA==", "n": 2**63},
        {"_id": "2"},
    ]


@pytest.mark.parametrize(
    ("form", "data", "code"),
    [
        (MSGPACK, b"\xc1", "broken-msgpack"),
        (MSGPACK, b"\x81\xa3_id\xa11\x81\xa3_id", "broken-msgpack"),
        (MSGPACK, b"\x91" * 5000, "broken-msgpack"),
        (MSGPACK, msgspec.msgpack.encode({1: 2}), "wrong-type"),
        (MSGPACK, msgspec.msgpack.encode({"_id": "1", "n": math.inf}), "wrong-value"),
        (MSGPACK, msgspec.msgpack.encode([7]), "wrong-type"),
        (MSGPACK, msgspec.msgpack.encode({"n": 1}), "missing-id"),
        (ARROW, b"no arrow", "broken-arrow"),
        (ARROW, b"", "broken-arrow"),
        (ARROW, b"ARROW1" + b"x" * 20, "broken-arrow"),
        (JSON, b'{"_id": 1}', "missing-id"),
        (NDJSON, b'{"_id":"1"}\n{"_id":1}', "missing-id"),
        (NDJSON, b'{"_id":"1"}\n[]', "wrong-type"),
        (NDJSON, b'{"_id":"1"}\n{"_id":', "broken-json"),
    ],
)
def test_what_is_no_entity_is_told(form, data, code):
    with pytest.raises(InputError) as caught:
        read_entities_as(data, form)
    assert caught.value.problems[0].code == code


def test_the_line_that_is_broken_is_told():
    with pytest.raises(InputError) as caught:
        read_entities_as(b'\xef\xbb\xbf{"_id":"1"}\n\n{"_id":"2",}\n', NDJSON)
    assert caught.value.problems[0].message.startswith("line 3, column 12:")


def test_a_damaged_stream_is_refused_whole():
    page = [encode({"_id": str(n), "x": "y" * n}) for n in range(50)]
    data = b"".join(write_entities([page], ARROW))
    for end in range(8, len(data) - 8, 97):
        try:
            found = read_entities_as(data[:end], ARROW)
        except InputError:
            continue
        assert found == []


def test_flipped_bytes_are_refused_or_read_and_nothing_else():
    entities = [
        {
            "_id": str(n),
            "t": "~t2020-01-01T00:00:00Z",
            "l": ["a", {"b": [n, None]}],
            "m": [1, "a"][n % 2],
        }
        for n in range(9)
    ]
    for form in (ARROW, MSGPACK):
        data = b"".join(write_entities([[encode(entity) for entity in entities]], form))
        chance = random.Random(7)
        outcomes = {"read": 0, "refused": 0}
        for _ in range(300):
            damaged = bytearray(data)
            damaged[chance.randrange(len(data))] = chance.randrange(256)
            try:
                read_entities_as(bytes(damaged), form)
                outcomes["read"] += 1
            except InputError:
                outcomes["refused"] += 1
        assert min(outcomes.values()) > 20


def test_times_that_no_value_has_are_told():
    table = pa.table({"_id": ["1"], "when": pa.array([2**62], pa.timestamp("us"))})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InputError, match="years 1 to 9999"):
        read_entities_as(out.getvalue(), ARROW)


def test_a_table_without_ids_is_told_by_row():
    table = pa.table({"_id": ["1", None], "n": [1, 2]})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InputError) as caught:
        read_entities_as(out.getvalue(), ARROW)
    assert caught.value.problems[0].path == "$[1]._id"


def test_more_properties_than_a_table_should_have_are_refused():
    page = [encode({"_id": str(n), f"p{n}": n}) for n in range(2_001)]
    with pytest.raises(InputError, match="2,000 properties"):
        list(write_entities([page], ARROW))


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", JSON),
        ("application/x-msgpack", MSGPACK),
        ("application/msgpack", MSGPACK),
        ("application/jsonl", NDJSON),
        ("application/vnd.apache.arrow.stream, application/json;q=0.5", ARROW),
        ("application/json, application/x-msgpack;q=0.9", JSON),
        ("application/x-msgpack;q=0", JSON),
    ],
)
def test_the_format_is_the_one_that_is_accepted_most(accept, form):
    assert accepted(accept) == form


def test_the_format_of_a_body_is_that_of_its_content_type():
    assert sent("application/x-msgpack; charset=binary") == MSGPACK
    assert sent("application/vnd.apache.arrow.stream") == ARROW
    assert sent("") == sent("application/x-www-form-urlencoded") == JSON


def test_the_bytes_of_json_are_those_that_came():
    page = [b'{"_id":"1","n":1.0}', b'{"_id":"2"}']
    assert b"".join(write_entities([page], JSON)) == b"[" + b",".join(page) + b"]"
    assert decode(b"".join(write_entities([page, [], page], JSON)))[2]["n"] == 1.0


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(
        st.none()
        | st.integers(-(2**64), 2**64)
        | st.integers(-3, 3)
        | st.floats(-100, 100).map(lambda value: round(value, 1))
        | st.decimals(-(10**6), 10**6, places=2).map(lambda d: f"~f{d:f}")
        | st.decimals(-9, 9, places=1).map(lambda d: f"~f{d.normalize():f}"),
        min_size=1,
    ),
    picked=st.sampled_from([(int,), (float,), (str,), (int, float), (int, str), (float, str)]),
)
def test_a_column_has_the_same_type_however_it_is_looked_at(values, picked):
    values = [value for value in values if value is None or type(value) in picked]
    together, apart = Column(), Column()
    together.add_all(values, tagged=True)
    for value in values:
        apart.add(value)
    assert together.told() == apart.told()
