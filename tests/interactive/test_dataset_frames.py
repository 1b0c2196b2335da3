"""Frames of datasets, pipes and queries of a real node."""

import polars as pl
import pytest
from counting import Counter
from polars.testing import assert_frame_equal

import sesam_interactive
from sesam_interactive.client import ClientError
from sesam_interactive.frames import to_polars

HARD = [
    {"_id": "1", "n": 1, "when": "~t2024-01-31T12:00:00Z", "cost": "~f1.50", "tags": ["a"]},
    {"_id": "2", "n": 2, "when": None, "cost": "~f12.125", "mixed": 1, "tags": "b"},
    {"_id": "3", "n": 3, "mixed": "x", "where": {"town": "Oslo", "zip": None}, "deep": [{"a": 1}]},
    {"_id": "4", "n": 4, "when": "~t2024-02-29T00:00:00.5Z", "where": {"town": "Bergen"}},
]
BOX = {
    "_id": "box",
    "type": "pipe",
    "source": {"type": "http_endpoint", "do_float_as_int": False, "do_float_as_decimal": False},
}


@pytest.fixture
def box(hub):
    """An empty dataset that can be posted to."""
    if "box" in hub.datasets:
        hub.datasets["box"].delete()
    hub.pipes.make("box").save(BOX)
    return hub.datasets["box"]


def post(hub, entities):
    hub.connection.json("POST", "/receivers/box/entities", json=entities)


@pytest.fixture
def hard(hub, box):
    post(hub, HARD)
    return box


@pytest.fixture
def counted(hub, node):
    """The hub over a way that counts."""
    counter = Counter(node.url)
    connected = sesam_interactive.connect(counter.url, node.token)
    yield connected, counter
    connected.close()
    counter.close()


def test_a_dataset_becomes_the_frame_of_its_entities(hard):
    assert_frame_equal(hard.to_polars(), to_polars(hard))
    assert_frame_equal(hard.to_polars(reserved=True), to_polars(hard, reserved=True))
    assert hard.to_pandas()["cost"].tolist()[0] == pytest.approx(1.5)


def test_only_the_columns_that_are_asked_for_are_sent(hard):
    whole = hard.to_polars()
    frame = hard.to_polars(columns=["where", "_id", "none"])
    assert_frame_equal(frame.select("where", "_id"), whole.select("where", "_id"))
    assert frame.schema["none"] == pl.Null()
    assert hard.to_polars(columns=["n", "_updated"]).rows() == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert hard.to_polars(where=["gt", "_S.n", 2], columns=["n"]).rows() == [(3,), (4,)]


def test_what_cannot_be_is_told_without_a_traceback(hard):
    with pytest.raises(ClientError, match="the schema does not fit: casting from"):
        hard.to_polars(schema={"mixed": pl.Date})
    with pytest.raises(ClientError, match="at least 1, got 0"):
        next(hard.iter_frames(0))
    assert hard.to_polars(columns="n", limit=1).rows() == [(1,)]


def test_a_condition_a_limit_and_an_offset_choose_rows(hard):
    assert hard.to_polars(where=["gt", "_S.n", 1], limit=2)["n"].to_list() == [2, 3]
    assert hard.to_polars(where=["gt", "_S.n", 1], since=1)["n"].to_list() == [3, 4]
    assert hard.to_polars(since=1)["n"].to_list() == [3, 4]
    assert hard.to_polars(limit=1)["n"].to_list() == [1]
    assert hard.to_polars(where=["gt", "_S.n", 9]).shape == (0, 1)


def test_a_wrong_condition_is_told_with_its_place(hard):
    with pytest.raises(ClientError) as caught:
        hard.to_polars(where=["grt", "_S.n", 1])
    assert caught.value.problems[0].path == "$.where[0]"


def test_a_frame_comes_in_parts_of_the_same_types(hard):
    parts = list(hard.iter_frames(3))
    assert [part.height for part in parts] == [3, 1]
    assert_frame_equal(pl.concat(parts), hard.to_polars())
    batches = list(hard.arrow_batches(3))
    assert len({batch.schema for batch in batches}) == 1
    assert [batch.num_rows for batch in batches] == [3, 1]
    few = list(hard.iter_frames(1, where=["eq", "_S.n", 1], columns=["cost"]))
    assert [part.columns for part in few] == [["cost"]]


def test_a_dataset_as_it_was_becomes_a_frame(hub, hard):
    before = hard.to_polars()
    post(hub, [{"_id": "1", "n": "one"}, {"_id": "5", "n": 5}])
    assert_frame_equal(hard.as_of(3).to_polars(), before)
    assert hard.to_polars().schema["n"] == pl.String()


def test_deleted_entities_and_versions_become_rows_on_request(hub, hard):
    post(hub, [{"_id": "1", "_deleted": True}])
    assert hard.to_polars().height == 3
    frame = hard.entities(deleted=True).to_polars(columns=["_id", "_deleted"])
    assert frame.filter("_deleted")["_id"].to_list() == ["1"]
    assert hard.entities(history=True).to_polars().height == 5


def test_what_a_pipe_makes_and_a_query_answers_become_frames(hub):
    hub.pipes["person"].run(progress=False)
    assert hub.pipes["person-named"].entities().to_polars().rows() == [
        ("1", "ADA"),
        ("2", "BO"),
        ("3", "CY"),
    ]
    people = hub.datasets["person"]
    query = people.query(["eq", "_S.dept", "x"], select={"who": "_S.name"}, order_by="-name")
    assert query.to_polars().rows() == [("3", "Cy"), ("1", "Ada")]
    assert next(people.query(order_by="name").iter_frames(2)).height == 2


def test_an_empty_dataset_is_a_frame_without_rows(box):
    assert box.to_polars().schema == {"_id": pl.String()}
    assert box.to_pandas().shape == (0, 1)
    assert list(box.iter_frames()) == []


def test_fewer_columns_are_fewer_bytes(box, counted):
    hub, counter = counted
    post(hub, [{"_id": str(n), "n": n, "long": "x" * 1000} for n in range(100)])
    before = counter.received
    assert hub.datasets["box"].to_polars(columns=["n"]).height == 100
    assert counter.received - before < 10_000


def test_what_breaks_off_is_an_error_and_no_shorter_frame(box, counted):
    hub, counter = counted
    post(hub, [{"_id": str(n), "long": "x" * 1000} for n in range(3_000)])
    dataset = hub.datasets["box"]
    counter.most = counter.received + 1_000_000
    for read in (dataset.to_polars, lambda: list(dataset.iter_frames())):
        with pytest.raises(ClientError, match="cannot reach the node"):
            read()


def test_an_interrupt_ends_the_request(box, counted, monkeypatch):
    hub, counter = counted
    for start in range(0, 40_000, 10_000):
        post(hub, [{"_id": f"{start + n}", "text": "x" * 1000} for n in range(10_000)])
    frames = hub.datasets["box"].entities()._open_lines(columns=None, reserved=False)

    def interrupted():
        with frames as lines:
            next(iter(lines))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert counter.wait_for_cut(30)
    assert counter.received < 40_000_000
    assert hub.datasets["box"].to_polars(limit=1).height == 1
