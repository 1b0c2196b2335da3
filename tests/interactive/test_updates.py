"""Frames that follow their dataset: only what has changed is read."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from sesam_interactive.client import ClientError

FIRST = [
    {"_id": "1", "name": "Ada", "cost": "~f1.5", "at": {"town": "Oslo"}},
    {"_id": "2", "name": "Bo", "cost": "~f2.25"},
    {"_id": "3", "name": "Cy", "n": 1},
]


def post(hub, *entities):
    hub.connection.json("POST", "/datasets/follow/entities", json=list(entities))


@pytest.fixture
def follow(hub):
    if "follow" in hub.datasets:
        hub.datasets["follow"].delete()
    source = {"type": "http_endpoint", "do_float_as_int": False, "do_float_as_decimal": False}
    hub.pipes.make("follow").save({"_id": "follow", "type": "pipe", "source": source})
    post(hub, *FIRST)
    return hub.datasets["follow"]


def test_updates_are_what_changed_and_what_is_gone(hub, follow):
    frame = follow.to_polars()
    assert len(follow.updates_since(frame)) == 0
    post(hub, {"_id": "2", "name": "Bea"}, {"_id": "3", "_deleted": True}, {"_id": "4"})
    updates = follow.updates_since(frame)
    assert updates.changed.rows() == [("2", "Bea"), ("4", None)]
    assert (updates.deleted, updates.since, updates.offset, updates.anew) == (["3"], 2, 5, False)
    assert repr(updates) == "<Updates since 2: 2 changed, 1 deleted, up to 5>"
    assert len(follow.updates_since(since=updates.offset)) == 0


def test_a_frame_is_brought_up_to_date(hub, follow):
    frame = follow.to_polars()
    assert follow.frame_with_updates(frame) is frame
    post(
        hub,
        {"_id": "1", "name": "Eve", "cost": "~f1.125", "at": {"town": "Bo", "zip": 1}, "n": 2.5},
        {"_id": "3", "_deleted": True},
        {"_id": "5", "new": ["x"]},
    )
    now = follow.frame_with_updates(frame)
    assert_frame_equal(now, follow.to_polars(), check_column_order=False)
    post(hub, {"_id": "6", "name": "Fay"})
    assert follow.updates_since(now).changed["_id"].to_list() == ["6"]
    again = follow.frame_with_updates(now)
    assert_frame_equal(again, follow.to_polars(), check_column_order=False)


def test_only_what_changed_is_sent(hub, follow, node):
    from counting import Counter

    import sesam_interactive

    post(hub, *[{"_id": f"x{n}", "name": "x" * 1000} for n in range(500)])
    counter = Counter(node.url)
    counted = sesam_interactive.connect(counter.url, node.token)
    follow = counted.datasets["follow"]
    frame = follow.to_polars()
    post(hub, {"_id": "1", "name": "Eve"})
    before = counter.received
    assert follow.frame_with_updates(frame).filter(name="Eve").height == 1
    assert counter.received - before < 10_000
    counted.close()
    counter.close()


def test_values_of_another_type_are_read_again_with_all_others(hub, follow):
    frame = follow.to_polars()
    post(hub, {"_id": "1", "name": 7})
    now = follow.frame_with_updates(frame)
    assert now.filter(_id="2")["name"].to_list() == ['"Bo"']
    assert_frame_equal(now, follow.to_polars())


def test_a_dataset_that_was_made_anew_is_read_whole(hub, follow):
    frame = follow.to_polars()
    follow.delete()
    hub.pipes["follow"].save(hub.pipes["follow"].config | {"description": "again"})
    post(hub, {"_id": "1", "name": "Ada"}, {"_id": "9"})
    updates = follow.updates_since(frame)
    assert (updates.anew, updates.changed["_id"].to_list(), updates.deleted) == (
        True,
        ["1", "9"],
        [],
    )
    assert follow.frame_with_updates(frame)["_id"].to_list() == ["1", "9"]


def test_a_frame_says_how_far_it_was_read_or_is_refused(hub, follow):
    pandas, reserved = follow.to_pandas(), follow.to_polars(reserved=True)
    derived = follow.to_polars().filter(name="Ada")
    post(hub, {"_id": "2", "name": "Bea"})
    for frame in (pandas, pandas[pandas["name"] == "Ada"], reserved, reserved.filter(name="Cy")):
        assert follow.updates_since(frame).changed["_id"].to_list() == ["2"]
    with pytest.raises(ClientError, match="does not tell how far it was read; pass since="):
        follow.updates_since(derived)
    with pytest.raises(ClientError, match="of another dataset"):
        hub.datasets["inbox"].updates_since(pandas)
    assert follow.updates_since(since=1).changed["_id"].to_list() == ["3", "2"]


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "a": st.integers(0, 3),
        "b": st.floats(0, 3) | st.integers(0, 3),
        "c": st.sampled_from(["~f1.5", "~f1.25", "~f100"]),
        "d": st.sampled_from(["x", "y", None]),
        "e": st.lists(st.integers(0, 3), max_size=2) | st.just([{"k": "x"}]),
        "f": st.sampled_from(["~t2024-01-01T00:00:00Z", "~t2024-01-01T00:00:00.123456789Z"]),
        "g": st.sampled_from(["x", "~rx", 1]),
    },
)
STEPS = st.lists(
    st.lists(
        st.tuples(st.sampled_from("1234"), VALUES | st.just({"_deleted": True})),
        max_size=3,
        unique_by=lambda step: step[0],
    ),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_a_frame_that_is_kept_up_to_date_has_the_values_of_one_that_is_read_again(
    hub, follow, steps
):
    frame = follow.to_polars()
    for step in steps:
        if step:
            post(hub, *[{"_id": entity_id, **values} for entity_id, values in step])
        frame = follow.frame_with_updates(frame)
        whole = follow.to_polars()
        # Columns may be there still, and as wide, as what is gone had made them.
        assert set(whole.columns) <= set(frame.columns)
        same = frame.select(whole.columns)
        kept = [name for name in whole.columns if same.schema[name] != whole.schema[name]]
        assert_frame_equal(same.drop(kept), whole.drop(kept))
        for name in kept:
            assert plain(same[name]) == plain(whole[name])
        gone = frame.select(pl.exclude(whole.columns))
        assert all(series.null_count() == len(series) for series in gone)


def plain(series):
    """Values without their type: numbers by value, dicts without nulls, items of mixed lists."""

    def value(item):
        if isinstance(item, dict):
            return {key: value(inner) for key, inner in item.items() if inner is not None}
        return [value(parsed(inner)) for inner in item] if isinstance(item, list) else item

    def parsed(item):
        # What has no common type is JSON text, also when what it was mixed with is gone.
        try:
            return json.loads(item) if isinstance(item, str) else item
        except ValueError:
            return item

    return [value(item) for item in series.to_list()]
