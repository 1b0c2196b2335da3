"""Pipes out of sync with their input: what puts them there, and what either policy does."""

from __future__ import annotations

import pytest
from pipes_helpers import hop

from sesam_node.store import Commit

BY_ID = [["copy", "_id"], ["add", "h", hop("h", ["eq", "_S.ref", "h._id"], give="h.v")]]
CONFIG = {"rescan_when_config_changes": True}


@pytest.fixture(params=["continue", "automatic"])
def policy(request):
    return request.param


def reasons(node, pipe="b"):
    return [(item["dataset"], item["reason"]) for item in node.state(pipe, "out-of-sync") or []]


def source_was_made_again(node):
    node.pipe("b", source="a")
    node.put("a", {"_id": "1"}, {"_id": "2"})
    node.run("b")
    node.store.delete("a")
    node.put("a", {"_id": "2"})


def test_a_source_dataset_that_was_made_again_is_read_on_where_the_old_one_was(node):
    source_was_made_again(node)
    result = node.run("b")
    assert (result.sync_type, result.processed, result.last_seen) == ("incremental", 0, "1")
    assert reasons(node) == [("a", 'dataset "a" has been made again')]
    node.put("a", {"_id": "3"}, {"_id": "4"})
    node.run("b")
    assert list(node.live("b")) == ["1", "2", "4"]


def test_with_the_automatic_policy_it_is_read_anew(node):
    source_was_made_again(node)
    node.pipe("b", source="a", reprocessing_policy="automatic")
    assert node.run("b").sync_type == "full"
    assert (list(node.live("b")), node.deleted("b"), reasons(node)) == (["2"], ["1"], [])
    assert node.run("b").sync_type == "incremental"


def test_nothing_is_done_while_a_source_dataset_is_gone(node, policy):
    node.pipe("b", source="a", reprocessing_policy=policy)
    node.put("a", {"_id": "1"})
    node.run("b")
    node.store.delete("a")
    assert (node.run("b").processed, list(node.live("b"))) == (0, ["1"])


def test_the_reasons_stay_until_a_reset_and_the_run_tells_them(node):
    source_was_made_again(node)
    for _ in range(2):
        assert node.run("b").out_of_sync == [
            {"dataset": "a", "reason": 'dataset "a" has been made again'}
        ]
    assert node.run("b", "full").out_of_sync == []
    assert (node.run("b").out_of_sync, list(node.live("b"))) == ([], ["2"])


def test_a_policy_that_becomes_automatic_makes_up_for_what_was_left(node):
    source_was_made_again(node)
    node.run("b")
    node.pipe("b", source="a", reprocessing_policy="automatic")
    assert (node.run("b").sync_type, list(node.live("b"))) == ("full", ["2"])


def test_the_policy_may_be_that_of_the_node(node):
    source_was_made_again(node)
    node.more["metadata"] = {"global_defaults": {"reprocessing_policy": "automatic"}}
    node.pipe("b", source="a")
    assert node.run("b").sync_type == "full"
    node.store.delete("a")
    node.put("a", {"_id": "5"})
    node.pipe("b", source="a", reprocessing_policy="continue")
    assert node.run("b").sync_type == "incremental"


def test_an_offset_behind_the_end_of_the_source_shows_that_it_was_truncated(node, policy):
    node.put("a", {"_id": "1"}, {"_id": "2"})
    node.pipe("b", source="a", reprocessing_policy=policy)
    node.run("b")
    state = node.store.dataset("b").state("b")
    assert state["offset"] == b"1"
    node.store.dataset("b").write([], Commit("b", {"offset": b"7"}, None))
    result = node.run("b")
    if policy == "automatic":
        assert (result.sync_type, result.last_seen) == ("full", "1")
    else:
        text = 'dataset "a" ends before the offset: it was truncated or restored'
        assert (result.sync_type, reasons(node)) == ("incremental", [("a", text)])


def test_a_new_dataset_in_the_source_puts_out_of_sync(node, policy):
    node.put("a", {"_id": "1"})
    node.put("c", {"_id": "2"}, {"_id": "3"})
    node.pipe("b", source="a", reprocessing_policy=policy)
    node.run("b")
    node.pipe("b", source="c", reprocessing_policy=policy)
    node.run("b")
    if policy == "automatic":
        assert (list(node.live("b")), reasons(node)) == (["2", "3"], [])
    else:
        assert list(node.live("b")) == ["1", "3"]
        assert reasons(node) == [("c", 'dataset "c" is new in the source')]


def test_a_new_hop_puts_out_of_sync(node, policy):
    node.put("a", {"_id": "1", "ref": "x"}, {"_id": "2", "ref": "y"})
    node.put("h", {"_id": "x", "v": 1}, {"_id": "y", "v": 1})
    node.pipe("b", source="a", rules=[["copy", "_id"]])
    node.run("b")
    node.pipe("b", source="a", rules=BY_ID, reprocessing_policy=policy)
    result = node.run("b")
    if policy == "automatic":
        assert (result.sync_type, node.live("b")) == ("full", {"1": {"h": [1]}, "2": {"h": [1]}})
        return
    assert (result.sync_type, node.live("b")) == ("incremental", {"1": {}, "2": {}})
    assert reasons(node) == [("h", 'the pipe did not look into dataset "h" before')]
    # From here on the dataset is tracked.
    node.put("h", {"_id": "x", "v": 2})
    assert (node.run("b").processed, node.live("b")) == (1, {"1": {"h": [2]}, "2": {}})


def test_a_hopped_dataset_that_has_gone_or_was_made_again_puts_out_of_sync(node, policy):
    node.put("a", {"_id": "1", "ref": "x"})
    node.put("h", {"_id": "x", "v": 1})
    node.pipe("b", source="a", rules=BY_ID, reprocessing_policy=policy)
    node.run("b")
    node.store.delete("h")
    node.run("b")
    if policy == "automatic":
        assert node.live("b") == {"1": {"h": []}}
    else:
        assert (node.live("b"), reasons(node)) == (
            {"1": {"h": [1]}},
            [("h", 'dataset "h" has gone')],
        )
    # A dataset that comes is walked from its start.
    node.put("h", {"_id": "y", "v": 2}, {"_id": "x", "v": 3})
    node.run("b")
    assert node.live("b") == {"1": {"h": [3]}}
    node.store.delete("h")
    node.put("h", {"_id": "x", "v": 4})
    node.run("b")
    assert node.live("b") == {"1": {"h": [4] if policy == "automatic" else [3]}}


def test_a_changed_configuration_resets_a_pipe_that_resets_itself_and_no_other(node, policy):
    node.put("a", {"_id": "1"})
    for rules in ([["copy", "*"]], [["copy", "*"], ["add", "x", 1]]):
        node.pipe("b", source="a", rules=rules, reprocessing_policy=policy)
        node.run("b")
    assert node.live("b") == {"1": {"x": 1} if policy == "automatic" else {}}
    assert reasons(node) == []


def test_a_changed_configuration_is_no_reason_where_it_is_said_to_be_none(node, policy):
    node.put("a", {"_id": "1"})
    for rules in ([["copy", "*"]], [["copy", "*"], ["add", "x", 1]]):
        node.pipe(
            "b",
            source="a",
            rules=rules,
            reprocessing_policy=policy,
            rescan_when_config_changes=False,
        )
        node.run("b")
    assert (node.live("b"), reasons(node)) == ({"1": {}}, [])


def test_a_changed_configuration_puts_out_of_sync_where_it_is_to(node, policy):
    node.put("a", {"_id": "1"})
    node.pipe("b", source="a", rules=[["copy", "*"]], reprocessing_policy=policy, **CONFIG)
    node.run("b")
    node.pipe(
        "b",
        source="a",
        rules=[["copy", "*"], ["add", "x", 1]],
        reprocessing_policy=policy,
        **CONFIG,
    )
    result = node.run("b")
    if policy == "automatic":
        assert (result.sync_type, node.live("b")) == ("full", {"1": {"x": 1}})
    else:
        text = "the configuration of the pipe has changed"
        assert (node.live("b"), reasons(node)) == ({"1": {}}, [(None, text)])
    assert node.run("b").sync_type == "incremental"


def test_another_schedule_is_no_other_configuration(node):
    node.put("a", {"_id": "1"})
    for seconds in (30, 60):
        pump = {"schedule_interval": seconds}
        node.pipe("b", source="a", pump=pump, reprocessing_policy="automatic", **CONFIG)
        result = node.run("b")
    assert result.sync_type == "incremental"


def test_another_type_of_source_begins_at_its_start_whatever_the_policy(node, policy):
    node.put("a", {"_id": "1"}, {"_id": "2"})
    node.put("c", {"_id": "3"})
    union = {"type": "union_datasets", "datasets": ["a", "c"], "prefix_ids": False}
    for source, ids in (("a", ["1", "2"]), (union, ["1", "2", "3"]), ("c", ["3"])):
        node.pipe("b", source=source, reprocessing_policy=policy)
        assert (node.run("b").sync_type, list(node.live("b"))) == ("full", ids)
        assert node.run("b").sync_type == "incremental"
