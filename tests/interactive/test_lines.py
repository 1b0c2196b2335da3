"""Lines of entities to frames: whatever comes, the frame is that of the rules value by value."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sesam_interactive.frames import NotKept, frames_of_lines, from_arrow, from_lines, to_polars
from sesam_node.model import encode
from sesam_node.model.formats import ARROW, write_entities
from sesam_node.model.transit import normalise

KINDS = {
    "null": [None],
    "boolean": [True, False],
    "integer": [0, -1, 2**53 + 1, 10**18 - 1, 1 - 10**18],
    "integer-of-19-digits": [1, 10**18],
    "large-integer": [2**63, 2**64, -(2**80), 10**37],
    "larger-integer": [10**40, 1],
    "float": [1.5, -0.0, 0.0, 1e300, 5e-324, 2.0],
    "numbers": [1, 1.5, 2.0, -0.0, 2**60],
    "numbers-of-many-digits": [1.5, 10**37, 1, 10**40],
    "decimal": ["~f10.50", "~f0.25", "~f-3.10"],
    "decimals": ["~f10.5", "~f1.50", "~f3", "~f-0.0", "~f007.1", "~f1.000", "~f-0.5", "~f.5"],
    "long-decimals": ["~f12345678901234567890.5", "~f0.12345678901234567890"],
    "numbers-and-decimals": [1, "~f1", "~f1.5", "~f2.50"],
    "no-decimals": ["~f", "~f.", "~f-", "~f1..2", "~f1-2"],
    "text": ["", "plain", "~", "~x", "~~t2020-01-01", "~~~:a", "~zero", "\U0001f600\x00\n", "å"],
    "text-without-tags": ["", "plain", "2020-01-01", "2020-01-01T00:00:00Z", "1.5"],
    "uri": ["~rhttp://example.org/?a=b", "~r", "~rå"],
    "ni": ["~:a:b", "~:"],
    "uuid": ["~u12345678-1234-1234-1234-123456789abc"],
    "bytes": ["~b", "~bAAEC", "~bQR==", "~bQQ=="],
    "date": ["~t2020-02-29", "~t0001-01-01", "~t9999-12-31"],
    "no-date": ["~t2021-02-29", "~t0000-01-01"],
    "datetime": [
        "~t2020-02-29T23:59:59Z",
        "~t0001-01-01T00:00:00.000001Z",
        "~t9999-12-31T00:00:00Z",
        "~t1969-12-31T23:59:59.999999Z",
    ],
    "datetime-ns": ["~t2020-01-01T00:00:00.123456789Z", "~t2020-01-01T00:00:00.1Z"],
    "datetime-ns-without": ["~t2020-01-01T00:00:00.123456Z", "~t2020-01-01T00:00:00.1234567Z"],
    "datetime-wide": ["~t2020-01-01T00:00:00.123456789Z", "~t1066-01-01T00:00:00.5Z"],
    "no-datetime": ["~t2021-02-29T00:00:00Z", "~t2020-01-01T24:00:00Z", "~t2020-01-31T00:00:00Z"],
    "nearly-datetime": ["~t2020-01-01T00:00:00.Z", "~t2020-01-01 00:00:00Z"],
    "year-0": ["~t0000-01-01T00:00:00Z"],
    "other-datetime": ["~t2020-01-01T00:00:00+01:00", "~t2020-01-01T00:00Z"],
    "dates-and-times": ["~t2020-01-01", "~t2020-01-01T00:00:00Z"],
    "list": [[], [1], [1, 2], [None], [None, 3]],
    "list-of-nothing": [[], [None]],
    "list-of-texts": [["a", "~x"], [], None, ["b"]],
    "list-of-times": [["~t2020-01-01T00:00:00Z"], [None], ["~t2020-01-01T00:00:00.123456789Z"]],
    "list-of-decimals": [["~f1.5"], [], ["~f1.25", "~f3"]],
    "list-and-single": [["a"], "a", [], ["a", "b"], None],
    "list-of-kinds": [["a", 1], [1.5, "~f2"], [{"a": 1}, {"b": "~:x:y"}]],
    "list-of-dicts": [[{"a": 1}, {"b": "x"}], [], [{"a": None}]],
    "dict": [{}, {"a": 1}, {"a": None, "b": "~t2020-01-01"}, {"b": "~t2020-01-02"}],
    "dict-of-numbers": [{"a": 1}, {"a": 1.5}, {"a": 2**60}],
    "dict-of-mixes": [{"a": 1, "b": 1}, {"a": "x", "b": 2}],
    "empty-dict": [{}, {}],
    "dict-and-text": [{"a": 1}, "a", ["a"]],
    "nested": [{"a": {"b": [{"c": "~f1.50"}, {"d": [[1], []]}]}}, {"a": {"b": []}}],
    "deep": [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]],
    "wide-dict": [{f"k{n}": n for n in range(201)}],
    "wide-dicts": [{f"k{n}": n for n in range(150)}, {f"k{n}": n for n in range(100, 250)}],
    "mixed": [1, "a", None, "~t2020-01-01T00:00:00Z", [1], {"a": True}, False],
    "boolean-and-number": [True, 1],
}  # fmt: skip
"""Values of one property, each in an entity of its own."""

KINDS = {name: normalise(values) for name, values in KINDS.items()}


def lines_of(entities):
    return [encode(entity) + b"\n" for entity in entities]


def check(entities, block_bytes=40):
    """Are all ways to a frame one?"""
    # In blocks of a line or two types have to be put together.
    quick = from_lines(lines_of(entities), block_bytes=block_bytes)
    exact = to_polars([decoded(entity) for entity in entities])
    assert_frame_equal(quick, exact, check_exact=True)
    with suppress(NotKept):
        unkept = from_lines(lines_of(entities), block_bytes=block_bytes, keep=False)
        assert_frame_equal(unkept, exact, check_exact=True)
    parts = list(frames_of_lines(lines_of(entities), 3, block_bytes=block_bytes))
    assert [part.height for part in parts[:-1]] == [3] * (len(parts) - 1)
    assert_frame_equal(pl.concat(parts), exact, check_exact=True)
    pages = [[encode(entity) for entity in entities]]
    arrow = from_arrow(b"".join(write_entities(pages, ARROW)))
    assert_frame_equal(arrow, exact, check_exact=True)
    return quick


def decoded(entity):
    """With the names in the order in which they are stored."""
    import msgspec

    return msgspec.json.decode(encode(entity))


@pytest.mark.parametrize("block_bytes", [1, 40, 1_000_000])
@pytest.mark.parametrize("values", KINDS.values(), ids=KINDS)
def test_a_column_of_any_kind_is_that_of_the_rules(values, block_bytes):
    entities = [{"_id": str(n), "value": value} for n, value in enumerate(values)]
    check([*entities, {"_id": "absent"}], block_bytes)
    check([{"_id": "absent"}, *reversed(entities)], block_bytes)
    check([{"_id": "deep", "deep": {"v": values}, "lists": [[v] for v in values]}], block_bytes)


def test_all_kinds_together_over_many_blocks():
    entities = [
        {"_id": f"{name}-{n}", name: value, "~t2020-01-01": "odd name", "": n}
        for name, values in KINDS.items()
        for n, value in enumerate(values)
    ]
    check(entities, 1)
    check(entities, 500)


@pytest.mark.parametrize("first", KINDS.values(), ids=KINDS)
def test_two_kinds_in_one_column(first):
    columns = {name: [*first[:2], *second[:2]] for name, second in KINDS.items()}
    check(
        [
            {"_id": str(n)}
            | {name: values[n] for name, values in columns.items() if n < len(values)}
            for n in range(4)
        ],
        block_bytes=1,
    )


NEARLY_A_TIME = r"~t(20|19|10)2[0-9]-0[0-9]-[0-3][0-9]T1[0-9]:00:0[0-9](\.[0-9]{0,10})?Z?"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**130), 2**130)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.builds(lambda tag, text: f"~{tag}{text}", st.sampled_from("t:ruf~bd"), TEXT)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda d: f"~f{d:f}")
    | st.datetimes().map(lambda d: f"~t{d.isoformat()}Z")
    | st.dates().map(lambda d: f"~t{d.isoformat()}")
    | st.binary(max_size=4).map(lambda b: "~b" + b64encode(b).decode())
    | st.from_regex(NEARLY_A_TIME, fullmatch=True)
    | st.from_regex(r"~f-?[0-9]{0,4}\.?[0-9]{0,3}", fullmatch=True)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
ALIKE = st.sampled_from(list(KINDS.values())).flatmap(
    lambda values: st.lists(st.sampled_from(values), max_size=6)
)
COLUMNS = st.dictionaries(
    st.sampled_from(["x", "y", "ns:z", "~t2020-01-01"]) | TEXT.filter(lambda t: t[:1] != "_"),
    ALIKE | st.lists(VALUES, max_size=6),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(columns=COLUMNS, block_bytes=st.integers(1, 300))
def test_any_entities_give_the_frame_of_the_rules(columns, block_bytes):
    count = max(map(len, columns.values()), default=1) or 1
    entities = [
        {"_id": str(n)} | {name: values[n] for name, values in columns.items() if n < len(values)}
        for n in range(count)
    ]
    check(normalise(entities), block_bytes)


def test_chunks_are_cut_anywhere():
    entities = [
        {"_id": str(n), "text": "å" * n, "when": "~t2020-01-01T00:00:00Z"} for n in range(9)
    ]
    data = b"".join(lines_of(entities))
    chunks = [data[at : at + 7] for at in range(0, len(data), 7)]
    assert_frame_equal(from_lines(chunks, block_bytes=30), to_polars(entities))


def test_lines_that_are_not_kept_are_told_when_they_are_needed():
    values = [*range(50), "x"]
    lines = lines_of([{"_id": str(n), "v": value} for n, value in enumerate(values)])
    assert from_lines(lines[:50], block_bytes=40, keep=False).schema["v"] == pl.Int64()
    with pytest.raises(NotKept):
        from_lines(lines, block_bytes=40, keep=False)


def test_a_line_may_be_longer_than_a_block():
    entities = [{"_id": str(n), "text": "x" * n * 40} for n in range(9)]
    data = b"".join(lines_of(entities))
    chunks = [data[at : at + 30] for at in range(0, len(data), 30)]
    assert_frame_equal(from_lines(chunks, block_bytes=64), to_polars(entities))


def test_the_last_line_needs_no_end():
    assert from_lines([b'{"_id":"1"}\n{"_id":"2"}']).rows() == [("1",), ("2",)]


def test_no_lines_are_an_empty_frame_with_a_column_of_ids():
    assert from_lines([]).schema == {"_id": pl.String()}
    assert from_lines([b""]).height == 0


def test_the_nodes_own_properties_are_left_out_unless_they_are_asked_for():
    line = b'{"_id":"1","_deleted":false,"_hash":"x","_previous":null,"_ts":1,"_updated":0}\n'
    assert from_lines([line]).columns == ["_id"]
    assert from_lines([line], reserved=True).columns[:3] == ["_id", "_deleted", "_hash"]


def test_a_schema_overrides_a_column():
    frame = from_lines([b'{"_id":"1","n":1}'], schema={"n": pl.Float32, "other": pl.Int8})
    assert frame.schema == {"_id": pl.String(), "n": pl.Float32()}
