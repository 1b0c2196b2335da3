"""Entities to frames and back: types, mixes, and nothing lost."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import polars as pl
import pytest

from sesam_interactive.frames import from_frame, to_pandas, to_polars
from sesam_node.errors import InputError

ENTITIES = [
    {
        "_id": "1",
        "_updated": 7,
        "_deleted": False,
        "n": 1,
        "when": "~t2024-02-29T12:00:00.25Z",
        "day": "~t2024-02-29",
        "price": "~f1.50",
        "tags": ["a", "b"],
        "address": {"city": "Oslo", "since": "~t2020-01-01"},
        "link": "~rhttp://example.org/1",
        "raw": "~baGVq",
        "ok": True,
    },
    {"_id": "2", "n": None, "tags": "c", "price": "~f12.345", "address": {"zip": "0150"}},
]


def test_a_frame_keeps_the_types_of_its_entities():
    assert to_polars(ENTITIES).schema == {
        "_id": pl.String(),
        "n": pl.Int64(),
        "when": pl.Datetime("us", "UTC"),
        "day": pl.Date(),
        "price": pl.Decimal(38, 3),
        "tags": pl.List(pl.String()),
        "address": pl.Struct({"city": pl.String(), "since": pl.Date(), "zip": pl.String()}),
        "link": pl.String(),
        "raw": pl.Binary(),
        "ok": pl.Boolean(),
    }


def test_a_frame_holds_the_values_of_its_entities():
    assert to_polars(ENTITIES).row(0, named=True) == {
        "_id": "1",
        "n": 1,
        "when": datetime(2024, 2, 29, 12, 0, 0, 250_000, tzinfo=UTC),
        "day": date(2024, 2, 29),
        "price": Decimal("1.500"),
        "tags": ["a", "b"],
        "address": {"city": "Oslo", "since": date(2020, 1, 1), "zip": None},
        "link": "http://example.org/1",
        "raw": b"hej",
        "ok": True,
    }


@pytest.mark.parametrize(
    ("values", "dtype", "column"),
    [
        ([1, 2.5], pl.Float64(), [1.0, 2.5]),
        ([1, "~f2.50"], pl.Decimal(38, 2), [Decimal("1.00"), Decimal("2.50")]),
        ([1, "x"], pl.String(), ["1", '"x"']),
        ([10**25], pl.Decimal(38, 0), [Decimal(10**25)]),
        ([10**50], pl.String(), [str(10**50)]),
        ([[1], 2, None], pl.List(pl.Int64()), [[1], [2], None]),
        ([None, None], pl.Null(), [None, None]),
        ([{"a": 1}, "x"], pl.String(), ['{"a":1}', '"x"']),
        (["~~t2020-01-01"], pl.String(), ["~t2020-01-01"]),
        (
            ["~t2020-01-01T00:00:00.123456789Z"],
            pl.Datetime("ns", "UTC"),
            [datetime(2020, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)],
        ),
        ([True, 1], pl.String(), ["true", "1"]),
    ],
)
def test_a_mix_of_values_has_one_type(values, dtype, column):
    entities = [{"_id": str(i), "v": value} for i, value in enumerate(values)]
    frame = to_polars(entities)
    assert frame.schema["v"] == dtype
    assert frame["v"].to_list() == column


def test_a_dict_with_too_many_properties_is_json_text():
    wide = {f"k{i:03}": i for i in range(201)}
    assert to_polars([{"_id": "1", "v": wide}]).schema["v"] == pl.String()


def test_a_schema_overrides_a_column():
    frame = to_polars([{"_id": "1", "n": 1}], schema={"n": pl.Float32})
    assert frame.schema["n"] == pl.Float32()


def test_the_nodes_own_properties_are_columns_on_request():
    assert to_polars(ENTITIES, reserved=True).columns[:3] == ["_id", "_updated", "_deleted"]


def test_pandas_has_the_same_columns_and_keeps_integers_with_gaps():
    frame = to_pandas(ENTITIES)
    assert list(frame.columns) == to_polars(ENTITIES).columns
    assert frame["n"].dtype == pd.Int64Dtype()
    assert frame["n"].tolist() == [1, pd.NA]
    assert str(frame["when"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize("make", [to_polars, to_pandas])
def test_a_frame_becomes_entities_again_with_their_types(make):
    entities = [
        {"_id": "1", "t": "~t2024-02-29T12:00:00.25Z", "d": "~f1.50", "s": {"x": [1, 2]}, "n": 1},
        {"_id": "2", "text": "~~t2020-01-01", "b": "~baGVq"},
    ]
    assert from_frame(make(entities)) == entities


def test_an_id_column_is_asked_for_by_name():
    frame = pl.DataFrame({"no": [1, None]})
    with pytest.raises(InputError, match='no column "_id" for the ids; it has no'):
        from_frame(frame)
    with pytest.raises(InputError, match="row 1: expected a value for the id"):
        from_frame(frame, "no")
    assert from_frame(frame[:1], "no") == [{"_id": "1", "no": 1}]


def test_an_empty_dataset_is_an_empty_frame():
    assert to_polars([]).shape == (0, 0)
    assert to_pandas([]).shape == (0, 0)
