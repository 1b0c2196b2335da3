"""Frames become datasets, and the same frames again."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from decimal import Decimal

import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sesam_interactive.client import ClientError

UTC = dt.UTC
TYPED = pl.DataFrame(
    {
        "_id": ["a", "b", "c"],
        "text": ["~t2020-01-01", "å", None],
        "n": [1, None, -(10**17)],
        "x": [1.0, -0.5, 1e300],
        "ok": [True, None, False],
        "day": [dt.date(1, 1, 1), dt.date(9999, 12, 31), None],
        "when": [dt.datetime(1066, 1, 1, tzinfo=UTC), None, dt.datetime(2024, 1, 1, tzinfo=UTC)],
        "cost": [Decimal("1.50"), Decimal("-20.00"), None],
        "raw": [b"\x00\xff", b"", None],
        "tags": [["a", "~x"], [], None],
        # Entities have their properties in order.
        "where": [{"n": 1, "town": "Oslo"}, {"n": 2, "town": None}, None],
        "lines": [[{"cost": Decimal("1.5"), "sku": "x"}], None, [{"cost": None, "sku": "y"}]],
    }
).with_columns(
    nanos=pl.Series([1, 10**18 + 1, None]).cast(pl.Datetime("ns", "UTC")),
    large=pl.Series([Decimal(10**20), None, Decimal(5)], dtype=pl.Decimal(38, 0)),
)


@pytest.fixture
def fresh(hub):
    """No dataset and no pipe of this name."""
    if "made" in hub.datasets:
        hub.datasets["made"].delete()
    return hub


def sent(hub, frame, **options):
    return hub.from_frame(frame, dataset="made", progress=False, **options)


def test_a_frame_of_every_type_comes_back_as_it_was(fresh):
    made = sent(fresh, TYPED)
    assert_frame_equal(made.to_polars(columns=TYPED.columns), TYPED)
    assert fresh.pipes["made"].config["source"]["do_float_as_decimal"] is False
    again = sent(fresh, made.to_polars())
    assert again.info()["runtime"]["last-offset"] == 2


def test_a_frame_of_every_type_comes_back_through_pandas(fresh):
    made = sent(fresh, TYPED)
    whole = made.to_polars()
    again = sent(fresh, made.to_pandas())
    assert again.info()["runtime"]["last-offset"] == 2  # nothing was different
    assert_frame_equal(again.to_polars(), whole)


def test_a_pandas_frame_comes_back_as_it_was(fresh):
    frame = pd.DataFrame(
        {
            "_id": ["a", "b"],
            "n": pd.array([1, None], dtype="Int64"),
            "x": [1.5, math.nan],
            "ok": pd.array([True, None], dtype="boolean"),
            "when": pd.to_datetime(["2024-01-01T00:00:00.000001Z", None]),
            "text": ["x", None],
        }
    )
    made = sent(fresh, frame).to_pandas(columns=list(frame.columns))
    assert made["n"].equals(frame["n"])
    assert made["ok"].equals(frame["ok"])
    assert made["x"].equals(frame["x"])
    assert made["when"].tolist() == frame["when"].tolist()
    assert made["text"].fillna("-").tolist() == ["x", "-"]


def test_values_of_several_types_in_a_pandas_column_are_each_what_they_are(fresh):
    some = uuid.UUID("12345678-1234-1234-1234-123456789abc")
    frame = pd.DataFrame({"v": [1, "x", some, {"a": Decimal("1.5")}, [dt.date(2024, 1, 31)]]})
    frame.index = pd.Index(["1", "2", "3", "4", "5"], name="key")
    made = sent(fresh, frame, id="key")
    assert [entity["v"] for entity in made] == [
        1,
        "x",
        f"~u{some}",
        {"a": "~f1.5"},
        ["~t2024-01-31"],
    ]


CELLS = {
    pl.Int64(): st.integers(1 - 10**18, 10**18 - 1),
    pl.Float64(): st.floats(allow_nan=False, allow_infinity=False),
    pl.String(): st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    | st.sampled_from(["~t2020-01-01", "~~t2020-01-01", "~f1", "~:x", "~"]),
    pl.Boolean(): st.booleans(),
    pl.Date(): st.dates(),
    pl.Datetime("us", "UTC"): st.datetimes(timezones=st.just(UTC)),
    pl.Binary(): st.binary(max_size=4),
    pl.List(pl.Int64()): st.lists(st.integers(0, 9), max_size=3),
    pl.Struct({"a": pl.Int64(), "b": pl.String()}): st.fixed_dictionaries(
        {"a": st.integers(0, 9), "b": st.sampled_from(["x", "~rx", "~"])}
    ),
}


@st.composite
def frames(draw):
    height = draw(st.integers(1, 5))
    columns = {"_id": pl.Series([str(n) for n in range(height)])}
    for number, kind in enumerate(draw(st.lists(st.sampled_from(list(CELLS)), max_size=4))):
        cell = st.none() | CELLS[kind]
        values = draw(st.lists(cell, min_size=height, max_size=height))
        if any(value not in (None, []) for value in values):
            columns[f"c{number}"] = pl.Series(values, dtype=kind)
    return pl.DataFrame(columns)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(frame=frames())
def test_any_frame_comes_back_as_it_was(hub, frame):
    made = hub.from_frame(frame, dataset="made", progress=False, replace=True)
    assert_frame_equal(made.to_polars().sort("_id").select(frame.columns), frame, check_exact=True)


def test_the_column_of_ids_is_named(fresh):
    frame = pl.DataFrame({"no": [7, 8], "day": [dt.date(2024, 1, 1), None]})
    assert sent(fresh, frame, id="no").to_polars().rows() == [
        ("7", dt.date(2024, 1, 1), 7),
        ("8", None, 8),
    ]


def test_batches_are_of_the_size_that_is_asked_for_and_replace_what_was(fresh, capsys):
    frame = pl.DataFrame({"_id": [str(n) for n in range(25)], "n": range(25)})
    made = fresh.from_frame(frame, dataset="made", batch=10)
    assert capsys.readouterr().out == 'frame to "made": 25 rows\n'
    assert made.to_polars()["n"].to_list() == list(range(25))
    sent(fresh, frame[5:], replace=True, batch=7)
    assert made.to_polars()["n"].to_list() == list(range(5, 25))
    sent(fresh, frame[:0], replace=True)
    assert len(made) == 0


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"n": [1]}, 'no column "_id" for the ids; it has n'),
        ({"_id": ["a", None]}, '_id: row 1: expected a value for the id in "_id", got null'),
        ({"_id": ["a", ""]}, "_id: row 1: expected a value for the id"),
        ({"_id": ["a", "b", "a"]}, '_id: row 2: row 0 has the same id, "a"'),
        ({"_id": [1.5]}, "_id: expected texts or integers as ids, got Float64"),
        ({"_id": ["a"], "x": [math.inf]}, "x: row 0: expected a finite number, got inf"),
        ({"_id": ["a", "b"], "x": [[1.0], [2.0, math.inf]]}, "x[]: row 1: expected a finite"),
        ({"_id": ["a"], "x": [{"y": -math.inf}]}, "x.y: row 0: expected a finite number"),
        ({"_id": ["a"], "_mine": [1]}, "_mine: properties that begin with _ are the node's"),
        ({"_id": ["a"], "t": [dt.timedelta(1)]}, "t: durations are no values of entities"),
    ],
)
def test_what_no_entity_can_hold_is_told_with_row_and_column(hub, columns, message):
    with pytest.raises(ClientError) as caught:
        hub.from_frame(pl.DataFrame(columns), dataset="never", progress=False)
    assert message in str(caught.value)
    assert "never" not in hub.pipes


def test_an_object_that_is_no_value_is_told(hub):
    frame = pd.DataFrame({"_id": ["a", "b"], "v": [1, object()]})
    with pytest.raises(ClientError, match="v: row 1: expected a value of an entity"):
        hub.from_frame(frame, dataset="never", progress=False)
    with pytest.raises(ClientError, match="expected a polars or pandas frame"):
        hub.from_frame([1], dataset="never", progress=False)


def test_only_receivers_take_frames(hub):
    frame = pl.DataFrame({"_id": ["a"]})
    with pytest.raises(ClientError, match='its source is "embedded", no http_endpoint'):
        hub.from_frame(frame, dataset="person", progress=False)
    hub.pipes.make("other").save(
        {"_id": "other", "type": "pipe", "source": {"type": "empty"}, "sink": {"dataset": "taken"}}
    )
    with pytest.raises(ClientError, match='the pipe "other" writes the dataset "taken"'):
        hub.from_frame(frame, dataset="taken", progress=False)


def test_a_refused_batch_says_which_rows_are_stored(fresh):
    rules = [["copy", "*"], ["if", ["eq", "_S.n", 12], ["fail!", "not twelve"]]]
    fresh.pipes.make("made").save(
        {
            "_id": "made",
            "type": "pipe",
            "source": {"type": "http_endpoint"},
            "transform": {"type": "dtl", "rules": {"default": rules}},
        }
    )
    frame = pl.DataFrame({"_id": [str(n) for n in range(25)], "n": range(25)})
    with pytest.raises(ClientError) as caught:
        sent(fresh, frame, batch=10)
    assert "the 10 rows before are stored" in str(caught.value)
    assert len(fresh.datasets["made"]) == 10
