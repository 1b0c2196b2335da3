"""Dependency tracking: a change in a hopped dataset runs the source entities that it concerns."""

from __future__ import annotations

import pytest
from pipes_helpers import hop

from sesam_node.model import decode
from sesam_node.pipes import recorded

BY_KEY = [["copy", "_id"], ["add", "h", ["sorted", hop("h", ["eq", "_S.k", "h.k"], give="h.v")]]]
BY_ID = [["copy", "_id"], ["add", "h", hop("h", ["eq", "_S.ref", "h._id"], give="h.v")]]


def joined(node, name="b"):
    return {entity_id: entity.get("h") for entity_id, entity in node.live(name).items()}


def test_a_changed_entity_runs_those_that_hop_to_it(node):
    node.put("a", {"_id": "1", "ref": "x"}, {"_id": "2", "ref": "y"})
    node.put("h", {"_id": "x", "v": 1}, {"_id": "y", "v": 2})
    node.pipe("b", source="a", rules=BY_ID)
    node.run("b")
    node.put("h", {"_id": "x", "v": 3})
    result = node.run("b")
    assert (result.sync_type, result.processed, result.changed) == ("incremental", 1, 1)
    assert joined(node) == {"1": [3], "2": [2]}


def test_an_entity_that_moves_away_runs_those_it_left_and_those_it_came_to(node):
    node.put("a", {"_id": "1", "k": "p"}, {"_id": "2", "k": "q"}, {"_id": "3", "k": "r"})
    node.put("h", {"_id": "x", "k": "p", "v": 1})
    node.pipe("b", source="a", rules=BY_KEY)
    node.run("b")
    node.put("h", {"_id": "x", "k": "q", "v": 1})
    assert node.run("b").processed == 2
    assert joined(node) == {"1": [], "2": [1], "3": []}


def test_a_state_that_a_run_met_on_its_way_is_walked_too(node):
    """Key p at the offset, q while the run looks, r afterwards: those with q are run again."""
    node.put("a", *({"_id": f"{i:04}", "k": "q" if i >= 200 else "p"} for i in range(400)))
    node.put("h", {"_id": "x", "k": "p", "v": 1})
    node.pipe("b", source="a", rules=BY_KEY)

    def move_after_the_first_batch(progress):
        node.put("h", {"_id": "x", "k": "q", "v": 1})

    node.run("b", report=move_after_the_first_batch)
    assert set(map(str, joined(node).values())) == {"[1]"}
    node.put("h", {"_id": "x", "k": "r", "v": 1})
    node.run("b")
    assert set(map(str, joined(node).values())) == {"[]"}


@pytest.mark.parametrize("rules", [BY_KEY, BY_ID])
def test_a_deleted_entity_and_its_return_run_those_that_hopped_to_it(node, rules):
    node.put("a", {"_id": "1", "k": "p", "ref": "x"})
    node.put("h", {"_id": "x", "k": "p", "v": 1})
    node.pipe("b", source="a", rules=rules)
    node.run("b")
    seen = [joined(node)["1"]]
    node.put("h", {"_id": "x", "k": "p", "v": 1, "_deleted": True})
    node.run("b")
    seen.append(joined(node)["1"])
    node.put("h", {"_id": "x", "k": "p", "v": 1})
    node.run("b")
    seen.append(joined(node)["1"])
    assert seen == [[1], [], [1]]


def test_an_entity_that_is_new_in_the_source_too_runs_once_with_its_new_version(node):
    node.put("a", {"_id": "1", "ref": "x", "n": 1}, {"_id": "2", "ref": "x", "n": 1})
    node.put("h", {"_id": "x", "v": 1})
    node.pipe("b", source="a", rules=[["copy", ["list", "_id", "n"]], BY_ID[1]])
    node.run("b")
    node.put("h", {"_id": "x", "v": 2})
    node.put("a", {"_id": "1", "ref": "x", "n": 2})
    assert node.run("b").processed == 2
    assert node.log("b") == ["1", "2", "2", "1"]


def test_tracked_entities_come_in_the_order_of_the_source(node):
    node.put("a", *({"_id": name, "ref": "x"} for name in "dcab"))
    node.put("h", {"_id": "x", "v": 1})
    node.pipe("b", source="a", rules=BY_ID)
    node.run("b")
    node.put("h", {"_id": "x", "v": 2})
    node.run("b")
    assert node.log("b") == [*"dcab", *"dcab"]


def test_a_hopped_dataset_that_comes_later_is_met_without_a_full_run(node):
    node.put("a", {"_id": "1", "ref": "x"}, {"_id": "2", "ref": "y"})
    node.pipe("b", source="a", rules=BY_ID)
    node.run("b")
    node.put("h", {"_id": "x", "v": 1})
    result = node.run("b")
    assert (result.sync_type, result.processed) == ("incremental", 1)
    assert joined(node) == {"1": [1], "2": []}


def test_a_look_up_with_no_way_back_is_recorded(node):
    rules = [
        ["copy", "_id"],
        ["add", "h", ["path", "v", ["lookup-entity", "h", ["concat", "_S.k", "!"]]]],
    ]
    node.put("a", {"_id": "1", "k": "p"}, {"_id": "2", "k": "q"})
    node.put("h", {"_id": "p!", "v": 1})
    node.pipe("b", source="a", rules=rules)
    node.run("b")
    node.put("h", {"_id": "q!", "v": 2})
    assert node.run("b").processed == 1
    assert joined(node) == {"1": 1, "2": 2}


def test_a_hop_in_a_later_transform_is_tracked(node):
    first = {"default": [["copy", "*"], ["add", "k", ["upper", "_S.k"]]]}
    transforms = [
        {"type": "dtl", "rules": first},
        {"type": "dtl", "rules": {"default": BY_KEY}},
    ]
    node.put("a", {"_id": "1", "k": "p"}, {"_id": "2", "k": "q"})
    node.put("h", {"_id": "x", "k": "P", "v": 1})
    node.pipe("b", source="a", transform=transforms)
    node.run("b")
    node.put("h", {"_id": "x", "k": "Q", "v": 2})
    node.run("b")
    assert joined(node) == {"1": [], "2": [2]}


def test_a_hop_behind_added_namespaces_is_tracked(node):
    rules = [["copy", "_id"], ["add", "h", hop("h", ["eq", "_S._id", "h.b:of"], give="h.b:v")]]
    node.put("a", {"_id": "1"}, {"_id": "b:2"})
    node.put("h", {"_id": "x", "b:of": "b:1", "b:v": 1})
    node.pipe("b", source="a", rules=rules, add_namespaces=True)
    node.run("b")
    node.put("h", {"_id": "x", "b:of": "b:2", "b:v": 2})
    node.run("b")
    assert joined(node) == {"b:1": [], "b:2": [2]}


def test_deleted_source_entities_that_hops_had_a_part_in_are_tracked(node):
    node.put("a", {"_id": "1", "ref": "x"}, {"_id": "2", "ref": "x"})
    node.put("a", {"_id": "1", "ref": "x", "_deleted": True})
    node.put("h", {"_id": "x", "v": 1})
    node.pipe("b", source="a", rules=BY_ID)
    node.run("b")
    node.put("h", {"_id": "x", "v": 2})
    node.run("b")
    assert joined(node) == {"1": [2], "2": [2]}


def test_changes_are_tracked_as_of_the_offset_when_the_source_fails_later(node):
    rules = [
        ["copy", ["list", "_id", "n"]],
        BY_ID[1],
        ["if", ["eq", "_S.n", "bad"], ["fail!", "bad"]],
    ]
    node.put("a", {"_id": "1", "ref": "x", "n": 1}, {"_id": "2", "ref": "x", "n": 1})
    node.put("h", {"_id": "x", "v": 1})
    node.pipe("b", source="a", rules=rules)
    node.run("b")
    node.put("h", {"_id": "x", "v": 2})
    node.put("a", {"_id": "3", "n": "bad"})
    assert not node.try_run("b").success
    assert joined(node) == {"1": [2], "2": [2]}


def test_a_pipe_that_hops_to_its_own_sink_sees_what_it_has_written(node):
    rules = [
        ["copy", "_id"],
        [
            "add",
            "depth",
            ["+", 1, ["if-null", ["first", hop("b", ["eq", "_S.up", "h._id"], give="h.depth")], 0]],
        ],
    ]
    node.put("a", {"_id": "1"}, {"_id": "2", "up": "1"}, {"_id": "3", "up": "2"})
    node.pipe("b", source="a", rules=rules)
    node.run("b")
    assert {name: item["depth"] for name, item in node.live("b").items()} == {
        "1": 1,
        "2": 2,
        "3": 3,
    }


def test_a_union_with_hops_is_tracked(node):
    node.put("p", {"_id": "1", "ref": "x"})
    node.put("q", {"_id": "1", "ref": "y"})
    node.put("h", {"_id": "x", "v": 1}, {"_id": "y", "v": 1})
    node.pipe("b", source={"type": "union_datasets", "datasets": ["p", "q"]}, rules=BY_ID)
    node.run("b")
    node.put("h", {"_id": "y", "v": 2})
    node.run("b")
    assert joined(node) == {"p:1": [1], "q:1": [2]}


# -- thresholds, and what is on record -------------------------------------------------------------


def with_many(node, **config):
    node.put("a", *({"_id": str(n), "ref": "x"} for n in range(12)))
    node.put("h", {"_id": "x", "v": 1})
    node.pipe("b", source="a", rules=BY_ID, **config)
    node.run("b")
    node.put("h", {"_id": "x", "v": 2})


@pytest.mark.parametrize(
    "limit",
    [
        {"dependency_error_threshold": 11},
        {"dependency_error_threshold_total_bytes": 100},
    ],
)
def test_a_change_that_concerns_more_than_the_error_threshold_fails_the_run(memory_node, limit):
    with_many(memory_node, dependency_tracking=limit)
    error = memory_node.try_run("b").error
    (name,) = limit
    assert f'"dependency_tracking.{name}"' in error
    assert set(map(str, joined(memory_node).values())) == {"[1]"}
    memory_node.pipe("b", source="a", rules=BY_ID)
    memory_node.run("b")
    assert set(map(str, joined(memory_node).values())) == {"[2]"}


def test_a_change_that_concerns_more_than_the_warning_threshold_is_told(memory_node, caplog):
    limit = {"dependency_warning_threshold": 11}
    memory_node.more = {"metadata": {"dependency_tracking": limit}}
    with_many(memory_node)
    assert memory_node.run("b").processed == 12
    assert "dependency tracking holds 12 source entities" in caplog.text


@pytest.mark.parametrize(("enabled", "success"), [(True, False), (False, True)])
def test_hops_that_find_more_than_the_threshold_fail_where_that_is_enabled(
    memory_node, enabled, success
):
    memory_node.put("a", {"_id": "1", "k": "p"})
    memory_node.put("h", *({"_id": str(n), "k": "p", "v": n} for n in range(4)))
    limit = {"dependency_error_threshold": 3, "enable_hops_thresholds": enabled}
    memory_node.pipe("b", source="a", rules=BY_KEY, dependency_tracking=limit)
    result = memory_node.try_run("b")
    assert result.success is success
    assert success or "hops found 4 entities for one source entity" in result.error


def test_a_hop_that_is_not_tracked_is_left_alone_beside_one_that_is_recorded(node):
    untracked = {
        "datasets": ["h h"],
        "where": ["eq", "_S.k", "h.k"],
        "return": "h.v",
        "track-dependencies": False,
    }
    rules = [
        ["copy", "_id"],
        ["add", "h", ["hops", untracked]],
        ["add", "l", ["lookup-entity", "h", "_S.ref"]],
    ]
    node.put("a", {"_id": "1", "k": "p", "ref": "y"})
    node.put("h", {"_id": "x", "k": "p", "v": 1})
    node.pipe("b", source="a", rules=rules)
    node.run("b")
    node.put("h", {"_id": "x", "k": "p", "v": 2})
    assert (node.run("b").processed, joined(node)) == (0, {"1": [1]})
    node.put("h", {"_id": "y"})
    assert (node.run("b").processed, joined(node)) == (1, {"1": [2]})


def test_an_entity_with_very_many_look_ups_is_recorded_with_the_whole_index(node, monkeypatch):
    monkeypatch.setattr(recorded, "MANY_KEYS", 3)
    rules = [["copy", "_id"], ["add", "h", ["map", LOOK_UP, "_S.refs"]]]
    node.put("a", {"_id": "1", "refs": list("pqrst")}, {"_id": "2", "refs": ["p"]})
    node.pipe("b", source="a", rules=rules)
    node.run("b")
    sizes = {
        version.entity_id: len(decode(version.body)["lookups"])
        for version in node.versions("system:lookups:b")
    }
    assert sizes == {"1": 1, "2": 1}
    node.put("h", {"_id": "t", "v": 1})
    assert (node.run("b").processed, joined(node)) == (
        1,
        {"1": [None, None, None, None, 1], "2": [None]},
    )


LOOK_UP = ["path", "v", ["lookup-entity", "h", "_."]]


def test_records_that_somebody_deleted_put_the_pipe_out_of_sync(node):
    rules = [["copy", "_id"], ["add", "h", ["path", "v", ["lookup-entity", "h", "_S.ref"]]]]
    node.put("a", {"_id": "1", "ref": "x"})
    node.pipe("b", source="a", rules=rules, reprocessing_policy="automatic")
    node.run("b")
    node.store.delete("system:lookups:b")
    node.put("h", {"_id": "x", "v": 1})
    assert (node.run("b").sync_type, joined(node)) == ("full", {"1": 1})
