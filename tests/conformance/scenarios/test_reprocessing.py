"""Pipes out of sync: changed rules, vanished datasets, policies, resets."""

from __future__ import annotations

import pytest

SOURCE = {"type": "dataset", "dataset": "in"}


def first(node, **more):
    node.receiver("in", {"_id": "1", "x": 1}, {"_id": "2", "x": 2})
    node.pipe("out", SOURCE, [["copy", "_id"], ["add", "y", "_S.x"]], **more)
    node.run("out")


def change(node, **more):
    node.pipe("out", SOURCE, [["copy", "_id"], ["add", "y", ["plus", "_S.x", 10]]], **more)


def test_by_default_changed_rules_take_effect_for_what_comes_next(node):
    first(node)
    change(node)
    node.post("in", {"_id": "3", "x": 3})
    node.run("out")
    assert node.live("out") == {"1": {"y": 1}, "2": {"y": 2}, "3": {"y": 13}}
    node.pump("out", "update-last-seen", **{"last-seen": ""})
    node.run("out")
    assert node.live("out") == {"1": {"y": 11}, "2": {"y": 12}, "3": {"y": 13}}


def test_a_pipe_that_reprocesses_by_itself_follows_its_rules(node):
    policy = {"reprocessing_policy": "automatic", "rescan_when_config_changes": True}
    first(node, **policy)
    change(node, **policy)
    node.run("out")
    assert node.live("out") == {"1": {"y": 11}, "2": {"y": 12}}


@pytest.mark.parametrize("policy", ["continue", "automatic"])
def test_a_source_that_was_deleted_and_made_again(node, policy):
    first(node, reprocessing_policy=policy)
    assert node.http.delete("/datasets/in").status_code == 200
    node.post("in", {"_id": "9", "x": 9})
    node.run("out")
    if policy == "automatic":
        assert node.live("out") == {"9": {"y": 9}}
        return
    assert {"1", "2"} <= set(node.live("out"))
    node.pump("out", "update-last-seen", **{"last-seen": ""})
    node.run("out")
    assert node.live("out") == {"9": {"y": 9}}


def test_a_new_hop_makes_an_automatic_pipe_start_over(node):
    first(node, reprocessing_policy="automatic")
    node.receiver("b", {"_id": "1", "z": 5})
    hop = ["hops", {"datasets": ["b b"], "where": ["eq", "_S._id", "b._id"], "return": "b.z"}]
    node.pipe("out", SOURCE, [["copy", "_id"], ["add", "z", hop]], reprocessing_policy="automatic")
    node.run("out")
    assert node.live("out") == {"1": {"z": [5]}, "2": {"z": []}}


def test_a_hopped_dataset_that_is_deleted_is_read_as_empty(node):
    node.receiver("in", {"_id": "1"})
    node.receiver("b", {"_id": "1", "z": 5})
    hop = ["hops", {"datasets": ["b b"], "where": ["eq", "_S._id", "b._id"], "return": "b.z"}]
    node.pipe("out", SOURCE, [["copy", "_id"], ["add", "z", hop]], reprocessing_policy="automatic")
    node.run("out")
    assert node.http.delete("/datasets/b").status_code == 200
    node.run("out")
    assert node.live("out") == {"1": {"z": []}}


def test_a_deleted_sink_is_made_anew_after_a_reset(node):
    first(node)
    assert node.http.delete("/datasets/out").status_code == 200
    assert node.http.get("/datasets/out").status_code == 404
    node.pump("out", "update-last-seen", **{"last-seen": ""})
    node.run("out")
    assert node.live("out") == {"1": {"y": 1}, "2": {"y": 2}}


def test_a_pipe_of_another_name_begins_from_the_start(node):
    first(node)
    config = node.http.get("/pipes/out/config").json()
    assert node.http.delete("/pipes/out").status_code == 200
    assert node.http.post("/pipes", json=[{**config, "_id": "renamed"}]).status_code == 201
    node.run("renamed")
    assert node.live("renamed") == {"1": {"y": 1}, "2": {"y": 2}}


def test_a_pipe_that_goes_and_comes_back_has_seen_nothing(node):
    first(node)
    config = node.http.get("/pipes/out/config").json()
    node.http.delete("/pipes/out")
    node.http.post("/pipes", json=[config])
    assert node.runtime("out")["last-seen"] in ("", None)
    node.run("out")
    assert node.live("out") == {"1": {"y": 1}, "2": {"y": 2}}


def test_a_removed_filter_shows_what_it_hid_after_a_reset(node):
    node.receiver("in", {"_id": "1", "x": 1}, {"_id": "2", "x": 2})
    node.pipe("out", SOURCE, [["filter", ["gt", "_S.x", 1]], ["copy", "*"]])
    node.run("out")
    node.pipe("out", SOURCE, [["filter", ["lt", "_S.x", 2]], ["copy", "*"]])
    node.pump("out", "update-last-seen", **{"last-seen": ""})
    node.run("out")
    assert node.live("out") == {"1": {"x": 1}}


def test_two_versions_of_each_entity_are_kept_and_events_too(node):
    node.receiver("in", {"_id": "1", "x": 0}, {"_id": "2", "x": 0})
    node.pipe("out", SOURCE, [["copy", "*"]])
    for x in range(1, 8):
        node.post("in", {"_id": "1", "x": x})
        node.run("out")
    node.until(
        lambda: [e["x"] for e in node.entities("out") if e["_id"] == "1"], lambda xs: xs == [6, 7]
    )
    assert [(e["_id"], e["x"]) for e in node.entities("out", history=False)] == [("2", 0), ("1", 7)]
    last = node.entities("out", reverse=True, limit=1)[0]
    assert (last["x"], last["_previous"]) == (7, last["_updated"] - 1)
    assert len(node.events("out")) == 14


def test_more_versions_are_kept_where_the_pipe_asks_for_it(node):
    node.receiver("in", {"_id": "1", "x": 0})
    node.pipe("out", SOURCE, [["copy", "*"]], compaction={"keep_versions": 4})
    for x in range(1, 8):
        node.post("in", {"_id": "1", "x": x})
        node.run("out")
    node.until(lambda: [e["x"] for e in node.entities("out")], lambda xs: xs == [4, 5, 6, 7])
