"""LazyFrames of datasets: what goes to the node, and that results are those of the whole frame."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sesam_interactive.client import ClientError

UTC = dt.UTC
ROWS = [
    {
        "_id": str(n),
        "n": n if n % 5 else None,
        "x": n * 0.5,
        "big": float(2**53) if n % 2 else 2**53 + 1,
        "text": ["a", "b", "~~t2020-01-01", "_S.n", "å"][n % 5],
        "ok": [True, False, None][n % 3],
        "day": f"~t2024-01-{n + 1:02}",
        "when": f"~t2024-01-01T00:00:{n:02}.{n:06}Z",
        "fine": f"~t2024-01-01T00:00:00.0000000{n:02}Z",
        "cost": f"~f{n}.{n:02}",
        "who": f"~:person:{n % 4}",
        "link": f"~rhttp://example.org/{n % 4}",
        "mixed": n if n % 2 else str(n),
        "tags": ["x"] * (n % 3),
        "odd.name": n,
        "long": "x" * 500,
    }
    for n in range(20)
]


@pytest.fixture(scope="module")
def numbers(node):
    """A dataset of all kinds of columns, and its frame."""
    import sesam_interactive

    hub = sesam_interactive.connect(node.url, node.token)
    config = {"_id": "numbers", "type": "pipe", "source": {"type": "embedded", "entities": ROWS}}
    hub.connection.json("PUT", "/config", json=[config | {"pump": {"mode": "manual"}}])
    hub.pipes["numbers"].run(progress=False)
    dataset = hub.datasets["numbers"]
    yield dataset, dataset.to_polars()
    hub.close()


LITERALS = {
    "n": st.integers(-1, 21),
    "x": st.integers(-2, 42).map(lambda n: n / 4),
    "big": st.sampled_from([float(2**53), 2.0**53 + 2, 1.5]),
    "text": st.sampled_from(["a", "b", "~t2020-01-01", "_S.n", "å", "b0", ""]),
    "day": st.dates(dt.date(2023, 12, 30), dt.date(2024, 1, 22)),
    "when": st.integers(-1, 21).map(lambda n: dt.datetime(2024, 1, 1, 0, 0, n % 20, n % 20, UTC)),
    "cost": st.integers(0, 2100).map(lambda n: Decimal(n) / 100),
    "who": st.sampled_from(["person:1", "person:3", "x", "~:person:1"]),
    "link": st.sampled_from(["http://example.org/1", ""]),
    "mixed": st.sampled_from(['"4"', "3", "4"]),
    "odd.name": st.integers(0, 20),
    "ok": st.booleans(),
    "_id": st.sampled_from(["0", "7", "99"]),
}


@st.composite
def comparisons(draw):
    name = draw(st.sampled_from(list(LITERALS)))
    column, values = pl.col(name), LITERALS[name]
    kind = draw(st.sampled_from(["cmp", "mirrored", "in", "between", "null", "not-null"]))
    if kind == "null":
        return column.is_null()
    if kind == "not-null":
        return column.is_not_null()
    if kind == "in":
        return column.is_in(draw(st.lists(values, min_size=1, max_size=3)))
    if kind == "between":
        closed = draw(st.sampled_from(["both", "left", "right", "none"]))
        return column.is_between(pl.lit(draw(values)), pl.lit(draw(values)), closed=closed)
    value = pl.lit(draw(values))
    one, other = (column, value) if kind == "cmp" else (value, column)
    sign = draw(st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]))
    return getattr(one, sign)(other)


PREDICATES = st.recursive(
    comparisons()
    | st.sampled_from([pl.col("ok"), pl.col("n") % 2 == 0, pl.col("tags").list.len() > 1]),
    lambda inner: (
        st.builds(lambda a, b: a & b, inner, inner)
        | st.builds(lambda a, b: a | b, inner, inner)
        | inner.map(lambda e: ~e)
    ),
    max_leaves=5,
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(predicate=PREDICATES)
def test_any_condition_gives_what_it_gives_over_the_whole_frame(numbers, predicate):
    dataset, whole = numbers
    assert_frame_equal(dataset.lazy().filter(predicate).collect(), whole.filter(predicate))


def reads_of(dataset, work):
    told = []
    work(dataset.lazy(told.append)).collect()
    return told


@pytest.mark.parametrize(
    ("predicate", "where"),
    [
        (pl.col("n") > 3, ["gt", "_S.n", 3]),
        (pl.lit(3) < pl.col("n"), ["gt", "_S.n", 3]),
        (~(pl.col("n") > 3), ["lte", "_S.n", 3]),
        (
            (pl.col("n") > 3) & pl.col("ok") & (pl.col("text") == "a"),
            ["and", ["gt", "_S.n", 3], ["eq", "_S.ok", True], ["eq", "_S.text", "a"]],
        ),
        ((pl.col("n") > 3) & (pl.col("n") % 2 == 0), ["gt", "_S.n", 3]),
        ((pl.col("n") > 3) | (pl.col("n") % 2 == 0), None),
        (
            ~((pl.col("n") > 3) & (pl.col("text") == "a")),
            ["or", ["lte", "_S.n", 3], ["neq", "_S.text", "a"]],
        ),
        (pl.col("text").is_in(["a", "b"]), ["in", "_S.text", ["list", "a", "b"]]),
        (pl.col("n").is_between(1, 3), ["and", ["gte", "_S.n", 1], ["lte", "_S.n", 3]]),
        (pl.col("n").is_null(), ["eq", "_S.n", None]),
        (pl.col("who") == "person:1", ["eq", "_S.who", "~:person:1"]),
        (pl.col("who") > "person:1", None),
        (pl.col("cost") >= Decimal("1.5"), ["gte", "_S.cost", "~f1.5"]),
        (pl.col("day") == dt.date(2024, 1, 31), ["eq", "_S.day", "~t2024-01-31"]),
        (
            pl.col("when") < dt.datetime(2024, 1, 1, tzinfo=UTC),
            ["lt", "_S.when", "~t2024-01-01T00:00:00Z"],
        ),
        (pl.col("big") == 2.0**53, None),
        (pl.col("text") == "_S.n", None),
        (pl.col("odd.name") == 1, None),
        (pl.col("mixed") == "1", None),
    ],
)
def test_a_condition_goes_to_the_node_as_far_as_it_means_the_same_there(numbers, predicate, where):
    [read] = reads_of(numbers[0], lambda frame: frame.filter(predicate))
    assert read.where == where


def test_columns_and_limits_go_to_the_node(numbers):
    dataset, whole = numbers
    [read] = reads_of(dataset, lambda frame: frame.select("x", "n").head(3))
    assert (read.columns, read.limit, read.rows) == (["n", "x"], 3, 3)
    assert read.bytes < 200
    [read] = reads_of(dataset, lambda frame: frame.filter(pl.col("n") == 7).select("x"))
    assert (read.columns, read.rows) == (["n", "x"], 1)
    [everything] = reads_of(dataset, lambda frame: frame)
    assert (everything.columns, everything.rows) == (None, 20)
    assert read.bytes * 20 < everything.bytes
    assert_frame_equal(dataset.lazy().select("x", "n").head(3).collect(), whole["x", "n"].head(3))
    assert dataset.lazy().filter(n=7).head(1).collect()["x"].to_list() == [3.5]


def test_a_reading_says_what_it_asked_for(numbers):
    [read] = reads_of(numbers[0], lambda frame: frame.filter(pl.col("n") == 7).select("x"))
    asked = 'numbers: where ["eq", "_S.n", 7]; columns n, x'
    assert str(read) == f"{asked} \N{RIGHTWARDS ARROW} 1 rows, {read.bytes} B"


def test_frames_are_joined_and_grouped_like_any_other(numbers):
    dataset, whole = numbers
    people = dataset.lazy().group_by("who").agg(pl.col("cost").sum()).sort("who")
    assert_frame_equal(people.collect(), people_of(whole.lazy()).collect())
    joined = dataset.lazy().join(dataset.lazy().filter(pl.col("n") < 3), on="_id").select(pl.len())
    assert joined.collect().item() == 2
    assert dataset.lazy().select(pl.len()).collect(engine="streaming").item() == 20


def people_of(frame):
    return frame.group_by("who").agg(pl.col("cost").sum()).sort("who")


def test_nothing_found_is_an_empty_frame_of_the_same_types(numbers):
    dataset, whole = numbers
    found = dataset.lazy().filter(pl.col("n") == 99).collect()
    assert_frame_equal(found, whole.head(0))


def test_a_lazy_frame_is_of_the_dataset_as_it_was(hub):
    hub.pipes["person"].run(progress=False)
    people = hub.datasets["person"]
    frame = people.lazy()
    before = people.to_polars()
    entity = people.entity("1") | {"name": 7}
    hub.connection.json("POST", "/datasets/person/entities", json=[entity])
    assert_frame_equal(frame.collect(), before)
    assert people.lazy().collect_schema()["name"] == pl.String()
    assert people.lazy().filter(pl.col("name") == "7").collect().height == 1
    assert_frame_equal(people.as_of(2).lazy().collect(), before)
    hub.datasets["person"].delete()
    with pytest.raises(Exception, match="no dataset") as caught:
        frame.collect()
    assert isinstance(caught.value, ClientError | pl.exceptions.PolarsError)
