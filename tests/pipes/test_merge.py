"""The merge source: identity, strategies, deletes, offsets, limits; its rules and what is wrong."""

from __future__ import annotations

import json

import pytest
from pipes_helpers import Node

from sesam_node.errors import ConfigError, InputError
from sesam_node.pipes.component import spec
from sesam_node.pipes.offsets import check_offset
from sesam_node.store import open_store
from sesam_node.store.retention import Retention

EQUALITY = [["eq", "a.f1", "b.f1"], ["eq", "b.f2", ["lower", "c.f3"]]]


def merge(node, pipe_id="m", *, rules=None, sink=None, **source):
    source = {"datasets": ["A a", "B b", "C c"], "version": 2, **source}
    more = {} if rules is None else {"rules": rules}
    if sink is not None:
        more["sink"] = sink
    node.pipe(pipe_id, source={"type": "merge", **source}, **more)


def manual(node):
    """The datasets of the manual's example."""
    node.put("A", {"_id": "a1", "f1": 1}, {"_id": "a2", "f1": 2})
    node.put("B", {"_id": "b1", "f1": 1, "f2": "x"}, {"_id": "b2", "f1": 3})
    node.put("C", {"_id": "c1", "f3": "X"}, {"_id": "c2", "f3": "Y"}, {"_id": "c3", "f3": "X"})
    for entity_id, value in (("c2", "Y"), ("c3", "X")):
        node.put("C", {"_id": entity_id, "_deleted": True, "f3": value})


def source_entities(node, pipe_id="m"):
    return [
        {name: value for name, value in entity.items() if name != "_updated"}
        for entity in node.entities(pipe_id, stage="source")
    ]


def with_deletes(node, name):
    """The latest version of every entity, deleted or not."""
    from sesam_node.model import decode

    return {version.entity_id: decode(version.body) for version in node.versions(name)}


# ---- what comes out ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2])
def test_the_example_of_the_manual(node, version):
    manual(node)
    merge(node, equality=EQUALITY, version=version)
    merged = {"$ids": ["a1", "b1", "c1"], "f1": [1, 1], "f2": "x", "f3": "X"}
    expected = [
        {"_id": "0|a1|1|b1|2|c1", "_deleted": False, **merged},
        {"_id": "0|a2", "_deleted": False, "$ids": ["a2"], "f1": 2},
        {"_id": "1|b2", "_deleted": False, "$ids": ["b2"], "f1": 3},
        {"_id": "2|c2", "_deleted": True, "$ids": ["c2"], "f3": "Y"},
        {"_id": "2|c3", "_deleted": True, "$ids": ["c3"], "f3": "X"},
    ]
    assert source_entities(node) == expected
    result = node.run("m")
    assert (result.sync_type, result.processed) == ("full", 5)
    assert node.live("m")["0|a1|1|b1|2|c1"] == merged
    assert list(node.live("m")) == ["0|a1|1|b1|2|c1", "0|a2", "1|b2"]


STRATEGIES = {
    "default": {"x": 1, "y": [2, 1, 2], "z": [3, 3], "n": [None, 1]},
    "compact": {"x": 1, "y": [2, 1], "z": 3, "n": [None, 1]},
    "list": {
        "$merged": [
            {"_id": "1", "x": 1, "k": "k", "n": None},
            {"_id": "2", "y": [2, 1], "k": "k", "n": 1, "e": []},
            {"_id": "3", "y": 2, "z": [3, 3], "k": "k"},
        ]
    },
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_combines_the_properties(memory_node, strategy):
    node = memory_node
    node.put("A", {"_id": "1", "x": 1, "k": "k", "n": None})
    node.put("B", {"_id": "2", "y": [2, 1], "k": "k", "n": 1, "e": []})
    node.put("C", {"_id": "3", "y": 2, "z": [3, 3], "k": "k"})
    merge(node, equality_sets=[["a.k", "b.k", "c.k"]], strategy=strategy)
    node.run("m")
    expected = {"$ids": ["1", "2", "3"], **STRATEGIES[strategy]}
    if strategy == "default":
        expected |= {"k": ["k", "k", "k"], "e": []}
    if strategy == "compact":
        expected |= {"k": "k"}
    assert node.live("m") == {"0|1|1|2|2|3": expected}


def test_the_list_may_hold_internal_properties(memory_node):
    memory_node.put("A", {"_id": "1", "x": 1})
    merge(memory_node, strategy="list", include_internal_properties=True)
    memory_node.run("m")
    (merged,) = memory_node.live("m")["0|1"]["$merged"]
    version = memory_node.store.dataset("A").get("1")
    assert merged == {
        "_id": "1",
        "x": 1,
        "_deleted": False,
        "_hash": version.hash.hex(),
        "_previous": None,
        "_ts": version.ts,
        "_updated": 0,
    }


def test_first_is_the_id_of_the_first_dataset_then_of_the_first_id(memory_node):
    node = memory_node
    node.put("A", {"_id": "z", "k": [1, 2]}, {"_id": "y", "k": 2})
    node.put("B", {"_id": "a", "k": 1}, {"_id": "b", "k": 2}, {"_id": "c", "k": 3})
    merge(node, equality=[["eq", "a.k", "b.k"]], identity="first")
    node.run("m")
    assert {name: entity["$ids"] for name, entity in node.live("m").items()} == {
        "y": ["y", "z", "a", "b"],
        "c": ["c"],
    }


def test_ids_that_entities_bring_take_the_place_of_their_own(memory_node):
    node = memory_node
    node.put("A", {"_id": "g", "$ids": ["x", "y"], "k": 1})
    node.put("B", {"_id": "y", "k": 1})
    merge(node, equality=[["eq", "a.k", "b.k"]])
    node.run("m")
    assert node.live("m")["0|g|1|y"]["$ids"] == ["x", "y"]


def test_ids_are_namespaced_identifiers_where_the_pipe_is(memory_node):
    node = memory_node
    node.put("A", {"_id": "crm:1", "crm:ref-ni": "~:hr:7"}, {"_id": "crm:2"})
    node.put("B", {"_id": "hr:7"})
    merge(node, equality_sets=[["a.ref-ni", "b.$ids"]], identity="first")
    node.pipes["m"].pipe["namespaced_identifiers"] = True
    node.run("m")
    assert node.live("m") == {
        "crm:1": {"$ids": ["~:crm:1", "~:hr:7"], "crm:ref-ni": "~:hr:7"},
        "crm:2": {"$ids": ["~:crm:2"]},
    }


def test_null_and_empty_lists_match_nothing(memory_node):
    memory_node.put("A", {"_id": "1", "k": None}, {"_id": "2", "k": []}, {"_id": "3"})
    memory_node.put("B", {"_id": "1", "k": None}, {"_id": "2", "k": []}, {"_id": "3"})
    merge(memory_node, equality=[["eq", "a.k", "b.k"]])
    memory_node.run("m")
    assert sorted(memory_node.live("m")) == ["0|1", "0|2", "0|3", "1|1", "1|2", "1|3"]


def test_an_id_in_two_datasets_is_merged_by_an_equality_of_ids(memory_node):
    node = memory_node
    node.put("A", {"_id": "1", "x": 1})
    node.put("B", {"_id": "1", "y": 2})
    merge(node, equality=[["eq", "a._id", "b._id"]], identity="first")
    node.run("m")
    assert node.live("m") == {"1": {"$ids": ["1"], "x": 1, "y": 2}}
    assert node.store.dataset("A").indexes() == []


# ---- what changes --------------------------------------------------------------------------------


def test_an_id_that_changes_is_replaced(node):
    manual(node)
    merge(node, equality=EQUALITY, identity="first")
    node.run("m")
    node.put("A", {"_id": "a0", "f1": 3})
    assert node.run("m").sync_type == "incremental"
    stored = with_deletes(node, "m")
    assert stored["b2"] == {"_id": "b2", "$ids": ["b2"], "_deleted": True, "$replaced": True}
    assert stored["a0"] == {"_id": "a0", "$ids": ["a0", "b2"], "f1": [3, 3]}


def test_a_deleted_member_leaves_its_group_and_comes_out_alone(node):
    manual(node)
    merge(node, equality=EQUALITY, identity="first")
    node.run("m")
    node.put("A", {"_id": "a1", "_deleted": True, "f1": 1})
    node.run("m")
    stored = with_deletes(node, "m")
    assert stored["a1"] == {"_id": "a1", "$ids": ["a1"], "_deleted": True, "f1": 1}
    assert stored["b1"]["$ids"] == ["b1", "c1"]


def test_where_all_members_are_deleted_nothing_replaces_the_merged_entity(node):
    node.put("A", {"_id": "1", "k": 1})
    node.put("B", {"_id": "2", "k": 1})
    merge(node, equality=[["eq", "a.k", "b.k"]])
    node.run("m")
    node.put("A", {"_id": "1", "k": 1, "_deleted": True})
    node.put("B", {"_id": "2", "k": 1, "_deleted": True})
    node.run("m")
    assert with_deletes(node, "m") == {
        "0|1|1|2": {"_id": "0|1|1|2", "$ids": ["1", "2"], "_deleted": True}
    }


def test_what_changed_and_changed_back_brings_nothing(memory_node):
    manual(memory_node)
    merge(memory_node, equality=EQUALITY)
    memory_node.run("m")
    memory_node.put("B", {"_id": "b1", "f1": 2}, {"_id": "b1", "f1": 1, "f2": "x"})
    result = memory_node.run("m")
    assert (result.sync_type, result.changed) == ("incremental", 0)


def test_only_what_a_change_has_a_part_in_is_read(node):
    node.put("A", *({"_id": f"a{i}", "k": i} for i in range(500)))
    node.put("B", *({"_id": f"b{i}", "k": i} for i in range(500)))
    merge(node, equality=[["eq", "a.k", "b.k"]])
    assert node.run("m").processed == 500
    node.put("B", {"_id": "b7", "k": 8})
    result = node.run("m")
    assert (result.sync_type, result.processed, result.changed) == ("incremental", 4, 4)


def test_rules_that_find_other_groups_begin_at_the_start(memory_node):
    node = memory_node
    manual(node)
    merge(node, equality=EQUALITY[:1])
    node.run("m")
    merge(node, equality=EQUALITY)
    assert node.run("m").sync_type == "full"
    assert sorted(node.live("m")) == ["0|a1|1|b1|2|c1", "0|a2", "1|b2"]
    merge(node, equality=EQUALITY, identity="first")
    assert node.run("m").sync_type == "full"
    assert sorted(node.live("m")) == ["a1", "a2", "b2"]
    merge(node, equality=EQUALITY, identity="first", strategy="compact")
    assert node.run("m").sync_type == "incremental"


def test_where_most_has_changed_all_is_read(memory_node, monkeypatch):
    monkeypatch.setattr("sesam_node.pipes.sources.merge.FEW_CHANGES", 3)
    node = memory_node
    manual(node)
    merge(node, equality=EQUALITY)
    node.run("m")
    node.put("A", {"_id": "a1", "f1": 7}, {"_id": "a2", "f1": 8}, {"_id": "a3", "f1": 9})
    assert node.run("m").sync_type == "incremental"
    node.put("A", {"_id": "a1", "f1": 6}, {"_id": "a2", "f1": 5}, {"_id": "a3", "f1": 4})
    node.put("B", {"_id": "b1", "f1": 6}, {"_id": "b2", "f1": 5}, {"_id": "b3"}, {"_id": "b4"})
    assert node.run("m").sync_type == "full"
    assert sorted(node.live("m")) == ["0|a1|1|b1", "0|a2|1|b2", "0|a3", "1|b3", "1|b4", "2|c1"]
    assert "0|a1" in node.deleted("m")


def test_a_dataset_that_is_added_behind_the_others_is_merged_from_its_start(memory_node):
    node = memory_node
    manual(node)
    merge(node, datasets=["A a", "B b"], equality=EQUALITY[:1])
    node.run("m")
    merge(node, equality=EQUALITY)
    assert node.run("m").sync_type == "incremental"
    assert sorted(node.live("m")) == ["0|a1|1|b1|2|c1", "0|a2", "1|b2"]
    assert with_deletes(node, "m")["0|a1|1|b1"]["$replaced"] is True


def test_a_dataset_that_is_taken_away_is_cleared(memory_node):
    node = memory_node
    manual(node)
    merge(node, equality=EQUALITY)
    node.run("m")
    merge(node, datasets=["A a", "B b"], equality=EQUALITY[:1])
    assert node.run("m").sync_type == "full"
    assert sorted(node.live("m")) == ["0|a1|1|b1", "0|a2", "1|b2"]


def test_a_dataset_that_comes_later_is_merged(memory_node):
    node = memory_node
    node.put("A", {"_id": "1", "k": 1})
    merge(node, equality=[["eq", "a.k", "b.k"]])
    assert node.run("m").last_seen == '{"A":0}'
    node.put("B", {"_id": "2", "k": 1})
    node.run("m")
    assert list(node.live("m")) == ["0|1|1|2"]


# ---- runs and offsets ----------------------------------------------------------------------------


def test_the_offset_has_a_position_for_each_dataset(memory_node):
    manual(memory_node)
    merge(memory_node, equality=EQUALITY)
    assert memory_node.run("m").last_seen == '{"A":1,"B":1,"C":4}'


def test_a_pass_that_was_stopped_is_brought_to_its_end_first(node, monkeypatch):
    monkeypatch.setattr("sesam_node.pipes.sources.merge.CHANGED_BATCH", 1)
    node.put("A", {"_id": "1", "k": 1}, {"_id": "2", "k": 2})
    node.put("B", {"_id": "3", "k": 1}, {"_id": "4", "k": 2})
    merge(node, equality=[["eq", "a.k", "b.k"]])
    node.run("m")
    node.put("B", {"_id": "3", "k": 2}, {"_id": "4", "k": 1})
    reports = []
    result = node.try_run("m", report=reports.append, cancelled=lambda: len(reports) == 2)
    assert result.cancelled
    assert result.last_seen == '{"$at":["B",3],"$to":{"A":1,"B":3},"A":1,"B":1}'
    # Meanwhile it is another thing again: what came out of the state between must not stay.
    node.put("B", {"_id": "3", "k": 3}, {"_id": "4", "k": 3})
    assert node.run("m").last_seen == '{"A":1,"B":5}'
    assert sorted(node.live("m")) == ["0|1", "0|2", "1|3", "1|4"]


def test_a_partial_rescan_brings_again_what_was_written_lately_and_leaves_nothing_behind(node):
    node.put("A", {"_id": "1", "k": 1}, {"_id": "2", "k": 2})
    node.put("B", {"_id": "3", "k": 3})
    merge(node, equality=[["eq", "a.k", "b.k"]])
    node.pipes["m"].pipe["pump"] = {"partial_rescan_run_count": 2, "partial_rescan_delta": 1}
    node.run("m")
    node.put("B", {"_id": "3", "k": 1})
    node.run("m")
    node.put("B", {"_id": "3", "k": 2})
    result = node.run("m", "partial")
    assert (result.sync_type, result.last_seen) == ("partial", '{"A":1,"B":2}')
    assert sorted(node.live("m")) == ["0|1", "0|2|1|3"]
    assert node.run("m", "partial").processed == 1  # the last of A is in the group of the last of B


def test_an_offset_that_is_set_is_checked():
    datasets = ("A", "B")
    opened = {"A": 1, "$to": {"A": 2}, "$at": ["A", 1]}
    assert check_offset({"A": 1, "gone": 2}, datasets, union=True) == {"A": 1}
    assert check_offset(opened, datasets, union=True) == opened
    with pytest.raises(InputError, match="expected an offset for each dataset"):
        check_offset({"A": "1"}, datasets, union=True)


def test_queues_are_told_by_dataset(memory_node):
    from sesam_node.pipes.build import build_pipe

    manual(memory_node)
    merge(memory_node, equality=EQUALITY)
    source = build_pipe(memory_node.pipes["m"], memory_node.store).source
    assert source.queue(None) == {"A": 2, "B": 2, "C": 5}
    assert source.queue({"A": 1, "C": 2}) == {"A": 0, "B": 2, "C": 2}


def test_members_are_told_by_dataset_id_and_version(memory_node):
    from sesam_node.pipes.build import build_pipe

    manual(memory_node)
    memory_node.put("A", {"_id": "odd|1|b9", "f1": 9})
    merge(memory_node, equality=EQUALITY)
    source = build_pipe(memory_node.pipes["m"], memory_node.store).source
    assert source.members_of("0|a1|1|b1|2|c1") == [("A", "a1", 0), ("B", "b1", 0), ("C", "c1", 0)]
    assert source.members_of("2|c2") == [("C", "c2", 3)]
    assert source.members_of("0|odd|1|b9") == [("A", "odd|1|b9", 2)]
    assert source.members_of("0|a1") == source.members_of("a1") == source.members_of("9|x") == []


def test_what_it_needs_and_a_compaction_took_begins_at_the_start(node):
    manual(node)
    merge(node, equality=EQUALITY)
    node.run("m")
    node.put("B", {"_id": "b1", "f1": 2}, {"_id": "b1", "f1": 3}, {"_id": "b1", "f1": 1})
    dataset = node.store.dataset("B")
    dataset.compact(Retention(keep_versions=1))
    assert dataset.exact_from > 2
    assert node.run("m").sync_type == "full"
    assert sorted(node.live("m")) == ["0|a1|1|b1", "0|a2", "1|b2", "2|c1"]


def test_a_draft_is_previewed(node):
    manual(node)
    merge(node, equality=EQUALITY, rules=[["copy", "*"]])
    results = node.preview("m")
    assert [result["source"]["_id"] for result in results][:2] == ["0|a1|1|b1|2|c1", "0|a2"]
    assert results[0]["emitted"][0]["f1"] == [1, 1]


def test_more_than_max_merged_fails_with_what_they_are(node):
    node.put("A", *({"_id": f"a{i}", "k": 1} for i in range(3)))
    node.put("B", {"_id": "b", "k": 1})
    merge(node, equality=[["eq", "a.k", "b.k"]], max_merged=3)
    assert node.try_run("m").error == (
        'more than 3 entities, as many as "max_merged" allows, are the same as "a0" of "A"; '
        "an equality links too much, or the limit is too low"
    )
    merge(node, equality=[["eq", "a.k", "b.k"]], max_merged=4)
    node.run("m")
    assert list(node.live("m")) == ["0|a0|0|a1|0|a2|1|b"]


def test_max_merged_may_be_the_nodes(memory_node):
    node = memory_node
    node.more["metadata"] = {"global_defaults": {"max_merged": 1}}
    node.put("A", {"_id": "a", "k": 1})
    node.put("B", {"_id": "b", "k": 1})
    merge(node, equality=[["eq", "a.k", "b.k"]])
    assert "more than 1 entities" in node.try_run("m").error
    merge(node, equality=[["eq", "a.k", "b.k"]], version=1)
    node.run("m")


def test_a_replaced_entity_deletes_whatever_the_rules_make_of_it(node):
    node.put("A", {"_id": "1", "k": 1})
    node.put("B", {"_id": "2", "k": 2})
    rules = [["copy", "*"], ["add", "_deleted", False]]
    merge(node, equality=[["eq", "a.k", "b.k"]], rules=rules)
    node.run("m")
    node.put("B", {"_id": "2", "k": 1})
    node.run("m")
    assert list(node.live("m")) == ["0|1|1|2"]


def test_a_replaced_entity_is_deleted_where_the_rules_would_fail(node):
    node.put("A", {"_id": "1", "k": 1})
    node.put("B", {"_id": "2", "k": 2})
    rules = [["copy", "*"], ["if", "_S._deleted", ["fail!", "no deletes"]]]
    merge(node, equality=[["eq", "a.k", "b.k"]], rules=rules)
    node.run("m")
    node.put("B", {"_id": "2", "k": 1})
    node.run("m")
    assert list(node.live("m")) == ["0|1|1|2"]
    assert with_deletes(node, "m")["1|2"]["$replaced"] is True


def test_what_rules_made_of_a_deleted_entity_goes_when_it_is_merged_again(node):
    node.put("A", {"_id": "1", "k": 1})
    node.put("B", {"_id": "2", "k": 2})
    merge(node, equality=[["eq", "a.k", "b.k"]], rules=[["copy", ["list", "_id", "k"]]])
    node.run("m")
    node.put("B", {"_id": "2", "k": 2, "_deleted": True})
    node.run("m")
    assert list(node.live("m")) == ["0|1", "1|2"]
    node.put("B", {"_id": "2", "k": 1})
    node.run("m")
    assert list(node.live("m")) == ["0|1|1|2"]


def test_where_ids_are_computed_an_owner_that_is_replaced_leaves_its_id_to_the_next(node):
    node.put("A", {"_id": "1", "k": 1}, {"_id": "2", "k": 2})
    node.put("B", {"_id": "3", "k": 3, "last": True})
    rules = [["copy", "*"], ["add", "_id", "same"]]
    merge(node, equality=[["eq", "a.k", "b.k"]], rules=rules)
    node.run("m")
    assert node.live("m")["same"]["$ids"] == ["3"]
    node.put("B", {"_id": "3", "k": 1})
    node.run("m")
    assert node.live("m")["same"]["$ids"] == ["2"]


def test_it_works_the_same_after_the_store_was_closed(tmp_path):
    node = Node(f"lmdb:{tmp_path}")
    manual(node)
    merge(node, equality=EQUALITY)
    node.run("m")
    node.store.close()
    from sesam_node.dtl import compile_index

    node.store = open_store(f"lmdb:{tmp_path}", index_resolver=compile_index)
    node.put("B", {"_id": "b1", "f1": 2, "f2": "x"})
    assert node.run("m").sync_type == "incremental"
    assert sorted(node.live("m")) == ["0|a1", "0|a2|1|b1|2|c1", "1|b2"]
    node.store.close()


# ---- what reads a merged dataset without what was replaced ---------------------------------------


@pytest.mark.parametrize(
    "rules",
    [None, [["copy", "*"]], [["copy", "*"], ["add", "_id", ["concat", "k-", "_S._id"]]]],
    ids=["no rules", "rules", "other ids"],
)
def test_without_replaced_entities_nothing_of_them_stays(node, rules):
    node.put("A", {"_id": "1", "k": 1})
    node.put("B", {"_id": "2", "k": 2}, {"_id": "3", "k": 3, "note": '"$replaced":true'})
    merge(node, equality=[["eq", "a.k", "b.k"]])
    source = {"type": "dataset", "dataset": "m", "include_replaced": False}
    more = {} if rules is None else {"rules": rules}
    node.pipe("r", source=source, **more)
    node.run("m")
    node.run("r")
    node.put("B", {"_id": "2", "k": 1})
    node.run("m")
    assert node.run("r").sync_type == "incremental"
    live = node.live("r")
    assert {name.removeprefix("k-") for name in live} == {"0|1|1|2", "1|3"}
    node.pipe("fresh", source=source, **more)
    result = node.run("fresh")
    assert (node.live("fresh"), result.processed) == (live, 2)


def test_without_replaced_entities_a_publisher_tells_nothing_of_them(memory_node):
    node = memory_node
    node.put("A", {"_id": "1", "k": 1})
    node.put("B", {"_id": "2", "k": 2})
    merge(node, equality=[["eq", "a.k", "b.k"]])
    source = {"type": "dataset", "dataset": "m", "include_replaced": False}
    node.pipe("p", source=source, sink={"type": "http_endpoint"})
    node.run("m")
    node.put("B", {"_id": "2", "k": 1})
    node.run("m")
    ids = [entity["_id"] for entity in json.loads(node.published("p", since="1"))]
    assert ids == ["0|1|1|2"]


# ---- the rules -----------------------------------------------------------------------------------

WRONG = {
    "alias": (
        {"datasets": ["A a", "B"]},
        (
            '$.source.datasets[1]: expected "dataset alias", got "B"; as "crm-person crm" '
            "[wrong-shape]"
        ),
    ),
    "twice": (
        {"datasets": ["A a", "A b"]},
        (
            '$.source.datasets[1]: the dataset "A" is there twice; a dataset can be merged once '
            "[two-times]"
        ),
    ),
    "same alias": (
        {"datasets": ["A a", "B a"]},
        '$.source.datasets[1]: the alias "a" is taken [wrong-alias]',
    ),
    "no eq": (
        {"equality": [["neq", "a.x", "b.x"]]},
        (
            '$.source.equality[0]: expected ["eq", expression, expression], got '
            '["neq", "a.x", "b.x"]; as ["eq", "a.email", "b.email"] [wrong-shape]'
        ),
    ),
    "unknown alias": (
        {"equality": [["eq", "a.x", ["lower", "bb.x"]]]},
        '$.source.equality[0][2]: unknown alias "bb"; did you mean "b"? [unknown-alias]',
    ),
    "dataset as alias": (
        {"equality": [["eq", "A.x", "b.x"]]},
        '$.source.equality[0][1]: unknown alias "A"; its alias is "a" [unknown-alias]',
    ),
    "two aliases": (
        {"equality": [["eq", ["concat", "a.x", "b.x"], "b.x"]]},
        (
            '$.source.equality[0][1]: expected one alias on each side, got "a" and "b"; compare '
            "two expressions, one of each [two-aliases]"
        ),
    ),
    "one alias": (
        {"equality": [["eq", "a.x", "a.y"]]},
        (
            '$.source.equality[0]: expected two aliases, got "a" on both sides; an equality links '
            "two datasets [one-alias]"
        ),
    ),
    "no alias": (
        {"equality": [["eq", "a.x", "y"]]},
        (
            '$.source.equality[0][2]: expected an expression over one alias, got "y"; name a '
            'property, as "alias.email" [no-alias]'
        ),
    ),
    "unknown function": (
        {"equality_sets": [["a.x", ["lowr", "b.x"]]]},
        (
            '$.source.equality_sets[0][1][0]: unknown function "lowr"; did you mean "lower"? '
            "[unknown-function]"
        ),
    ),
    "time": (
        {"equality": [["eq", "a.x", ["list", "b.x", ["now"]]]]},
        (
            '$.source.equality[0][2]: ["list", "b.x", ["now"]] is no expression that can be '
            'indexed; it may depend on "b." alone: no hops, no time, no other variable [no-index]'
        ),
    ),
    "no set": (
        {"equality_sets": ["a.x"]},
        (
            '$.source.equality_sets[0]: expected a list of expressions, got "a.x"; as '
            '["a.email", "b.email"] [wrong-shape]'
        ),
    ),
    "a set of one": (
        {"equality_sets": [["lower", "a.x"]]},
        (
            '$.source.equality_sets[0]: expected a list of expressions, got one, ["lower", "a.x"]; '
            "put it and its equals in a list [wrong-shape]"
        ),
    ),
    "version": (
        {"version": 1},
        (
            '$.source.version: version 1 of the merge source is deprecated; set "version": 2 '
            "[deprecated]"
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_path(name):
    options, expected = WRONG[name]
    config = {"type": "merge", "version": 2, "datasets": ["A a", "B b"], **options}
    found = spec("source", "merge").check(config, ("source",))
    assert list(map(str, found)) == [expected]


def test_all_that_is_wrong_is_told_at_once():
    config = {"datasets": ["A a", "B b"], "equality": [["eq", "x.x", "b.x"], 7]}
    found = spec("source", "merge").check({"type": "merge", **config}, ("source",))
    assert [problem.code for problem in found] == ["unknown-alias", "wrong-shape", "deprecated"]


def test_a_pipe_with_wrong_rules_cannot_be_run(memory_node):
    merge(memory_node, equality=[["eq", "a.x", "a.x"]])
    with pytest.raises(ConfigError) as caught:
        memory_node.entities("m")
    assert [problem.path for problem in caught.value.problems] == ["$.source.equality[0]"]
