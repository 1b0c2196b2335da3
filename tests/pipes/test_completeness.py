"""Completeness: what datasets inherit, and what sources hold back because of it."""

from __future__ import annotations

import json

import pytest

from sesam_node.errors import InputError
from sesam_node.model.values import datetime_text
from sesam_node.pipes.completeness import completeness_of, keep, known_of
from sesam_node.pipes.receive import receive
from sesam_node.store import Retention

HOP = [
    ["copy", "*"],
    ["add", "h", ["hops", {"datasets": ["h h"], "where": ["eq", "_S.ref", "h._id"]}]],
]


@pytest.fixture
def clock(monkeypatch):
    """`clock(n)` sets the time, in microseconds."""

    def set_to(moment):
        monkeypatch.setattr("time.time_ns", lambda: moment * 1000)

    set_to(1_000)
    return set_to


def inbound(node, name, *entities):
    node.pipe(name, source={"type": "embedded", "entities": list(entities)})
    node.run(name)


def known(node, name):
    return known_of(node.store.dataset(name))


def test_an_inbound_pipe_is_complete_up_to_its_start(node, clock):
    inbound(node, "a", {"_id": "1"})
    assert known(node, "a") == {"a": 1_000}
    clock(2_000)
    node.run("a")
    assert known(node, "a") == {"a": 2_000}


def test_a_sink_inherits_the_least_of_its_inputs_and_what_they_have_heard(node, clock):
    inbound(node, "a", {"_id": "1", "ref": "x"})
    clock(2_000)
    inbound(node, "h", {"_id": "x"})
    clock(3_000)
    node.pipe("b", source="a", rules=HOP)
    node.run("b")
    node.pipe("c", source="b")
    node.run("c")
    assert known(node, "b") == {"a": 1_000, "h": 2_000, "b": 1_000}
    assert known(node, "c") == {"a": 1_000, "h": 2_000, "b": 1_000, "c": 1_000}


def test_a_sink_knows_nothing_while_an_input_does_not(node, clock):
    node.put("a", {"_id": "1"})
    node.pipe("b", source="a")
    node.run("b")
    assert known(node, "b") == {}
    keep(node.store.dataset("a"), {"a": 7})
    node.run("b")
    assert known(node, "b") == {"a": 7, "b": 7}


def test_a_run_that_waits_for_its_source_leaves_the_completeness_as_it_was(node, clock):
    node.put("a", {"_id": "1"})
    keep(node.store.dataset("a"), {"a": 7})
    source = {"type": "dataset", "dataset": "a", "require_populated_input": True}
    node.pipe("b", source=source)
    node.run("b")
    assert known(node, "b") == {}
    node.store.dataset("a").set_populated()
    node.run("b")
    assert known(node, "b") == {"a": 7, "b": 7}


def test_datasets_can_be_left_out_or_named(node, clock):
    inbound(node, "a", {"_id": "1", "ref": "x"})
    clock(2_000)
    inbound(node, "h", {"_id": "x"})
    clock(3_000)
    for more, expected in (
        ({"exclude_completeness": ["a"]}, 2_000),
        ({"include_completeness": ["h"]}, 2_000),
        ({"include_completeness": ["a", "h"], "exclude_completeness": ["h"]}, 1_000),
        ({"exclude_completeness": ["a", "h"]}, 3_000),
    ):
        node.pipe("b", source="a", rules=HOP, **more)
        node.run("b")
        assert completeness_of(node.store.dataset("b")) == expected


def test_a_run_that_fails_leaves_the_completeness_as_it_was(node, clock):
    inbound(node, "a", {"_id": "1"})
    clock(2_000)
    node.pipe("a", source={"type": "embedded", "entities": [{"_id": "1"}]}, rules=[["fail!", "no"]])
    assert not node.try_run("a").success
    assert known(node, "a") == {"a": 1_000}


def written_at(node, clock, *moments):
    """An entity in dataset `a` for each moment, named after it."""
    for moment in moments:
        clock(moment)
        node.put("a", {"_id": str(moment)})


def test_a_source_holds_back_what_is_younger_than_its_completeness(node, clock):
    written_at(node, clock, 10, 20, 30)
    node.pipe("b", source={"type": "dataset", "dataset": "a", "completeness": True})
    node.run("b")
    assert list(node.live("b")) == []
    keep(node.store.dataset("a"), {"a": 20})
    node.run("b")
    assert list(node.live("b")) == ["10", "20"]
    keep(node.store.dataset("a"), {"a": 30})
    assert node.run("b").sync_type == "incremental"
    assert list(node.live("b")) == ["10", "20", "30"]


def test_a_version_that_is_replaced_before_its_time_never_comes(node, clock):
    clock(10)
    node.put("a", {"_id": "x", "n": 1}, {"_id": "y"})
    clock(20)
    node.put("a", {"_id": "x", "n": 2})
    keep(node.store.dataset("a"), {"a": 15})
    node.pipe("b", source={"type": "dataset", "dataset": "a", "completeness": True})
    node.run("b")
    assert node.live("b") == {"y": {}}


def test_the_completeness_of_datasets_upstream_can_count_instead(node, clock):
    written_at(node, clock, 10, 20, 30)
    node.pipe("b", source={"type": "dataset", "dataset": "a", "completeness": ["u", "v"]})
    keep(node.store.dataset("a"), {"a": 99, "u": 25})
    node.run("b")
    assert list(node.live("b")) == []
    keep(node.store.dataset("a"), {"a": 99, "u": 25, "v": 10})
    node.run("b")
    assert list(node.live("b")) == ["10"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (datetime_text(20_000), ["10", "20"]),
        (["datetime-plus", "day", 0, datetime_text(15_000)], ["10"]),
        ("no time", []),
        (["completeness", "a", "u"], ["10", "20", "30"]),
    ],
)
def test_an_expression_can_say_what_is_complete(node, clock, expression, expected):
    written_at(node, clock, 10, 20, 30)
    keep(node.store.dataset("a"), {"u": 30})
    node.put("u", {"_id": "1"})
    source = {"type": "dataset", "dataset": "a", "completeness": {"expression": expression}}
    node.pipe("b", source=source)
    node.run("b")
    assert list(node.live("b")) == expected


def test_nothing_comes_until_the_initial_datasets_have_a_completeness(node, clock):
    written_at(node, clock, 10)
    node.pipe("b", source={"type": "dataset", "dataset": "a", "initial_completeness": ["u"]})
    node.run("b")
    assert list(node.live("b")) == []
    node.store.dataset("u")
    keep(node.store.dataset("u"), {"u": 1})
    node.run("b")
    assert list(node.live("b")) == ["10"]


def test_rules_can_ask_for_the_completeness_that_another_dataset_has_heard_of(node, clock):
    inbound(node, "a", {"_id": "1"})
    rules = [
        ["copy", "_id"],
        ["add", "own", ["completeness", "a", "a"]],
        ["add", "heard", ["completeness", "b", "a"]],
        ["add", "never", ["completeness", "a", "b"]],
        ["add", "nowhere", ["completeness", "a", "nowhere"]],
    ]
    node.pipe("b", source="a", rules=rules)
    node.run("b")
    node.run("b", "full")
    at = "~t1970-01-01T00:00:00.001Z"
    assert node.live("b")["1"] == {"own": at, "heard": at, "never": None, "nowhere": None}


def post(node, headers):
    body = json.dumps([{"_id": "1"}]).encode()
    receive(node.pipes["in"], node.store, body, headers=headers)
    return known(node, "in")


def test_a_receiver_is_complete_now_or_as_the_request_says(node, clock):
    node.pipe("in", source={"type": "http_endpoint"})
    assert post(node, {}) == {"in": 1_000}
    assert post(node, {"x-dataset-completeness": "1633934725921188"}) == {"in": 1633934725921188}
    for text in ("0", "-1", "soon", "1.5", str(2**63)):
        with pytest.raises(InputError, match="positive integer in X-Dataset-Completeness"):
            post(node, {"x-dataset-completeness": text})


def test_completeness_is_still_known_after_a_compaction(node, clock):
    inbound(node, "a", {"_id": "1"})
    dataset = node.store.dataset("a")
    dataset.compact(Retention(1))
    assert known(node, "a") == {"a": 1_000}
