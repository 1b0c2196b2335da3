"""What a run reads and leaves: full and incremental runs, deletes, filters, offsets."""

from __future__ import annotations

import pickle

from pipes_helpers import Node

from sesam_node.pipes.runs import PipeDefinition, RunRequest


def embedded(*entities):
    return {"type": "embedded", "entities": list(entities)}


def test_entities_of_the_configuration_reach_the_dataset_in_canonical_form(node):
    node.pipe("a", source=embedded({"z": 1, "_id": "1", "at": "~t2024-01-01T00:00:00.500Z"}))
    result = node.run("a")
    assert (result.sync_type, result.processed, result.changed) == ("full", 1, 1)
    assert [v.body for v in node.versions("a")] == [
        b'{"_id":"1","at":"~t2024-01-01T00:00:00.5Z","z":1}'
    ]


def test_a_run_again_with_nothing_changed_writes_nothing(node):
    node.pipe("a", source=embedded({"_id": "1"}, {"_id": "2"}))
    node.run("a")
    again = node.run("a")
    assert (again.processed, again.changed, again.changed_datasets) == (2, 0, [])
    assert node.log("a") == ["1", "2"]


def test_a_full_run_deletes_what_it_does_not_meet_and_keeps_its_content(node):
    node.pipe("a", source=embedded({"_id": "1", "x": 1}, {"_id": "2"}))
    node.run("a")
    node.pipe("a", source=embedded({"_id": "2"}))
    assert node.run("a").changed == 1
    assert [v.body for v in node.versions("a") if v.deleted] == [
        b'{"_deleted":true,"_id":"1","x":1}'
    ]


def test_the_sink_may_mark_what_deletion_tracking_deletes(node):
    sink = {"type": "dataset", "mark_deletion_tracked": True}
    node.pipe("a", source=embedded({"_id": "1"}), sink=sink)
    node.run("a")
    node.pipe("a", source=embedded(), sink=sink)
    node.run("a")
    assert node.versions("a")[0].body == b'{"$deletion_tracked":true,"_deleted":true,"_id":"1"}'


def test_without_deletion_tracking_nothing_is_deleted(node):
    sink = {"type": "dataset", "deletion_tracking": False}
    node.pipe("a", source=embedded({"_id": "1"}), sink=sink)
    node.run("a")
    node.pipe("a", source=embedded({"_id": "2"}), sink=sink)
    node.run("a")
    assert list(node.live("a")) == ["1", "2"]


def test_an_empty_source_can_be_made_to_fail_the_run(node):
    node.pipe("a", source=embedded({"_id": "1"}))
    node.run("a")
    node.pipe("a", source={**embedded(), "if_source_empty": "fail"})
    result = node.try_run("a")
    assert result.error == 'the source is empty, and "if_source_empty" is "fail"'
    assert list(node.live("a")) == ["1"]


def test_a_dataset_source_goes_on_where_it_was(node):
    node.pipe("b", source="a")
    node.put("a", {"_id": "1"}, {"_id": "2"})
    first = node.run("b")
    node.put("a", {"_id": "2", "x": 1}, {"_id": "3"})
    second = node.run("b")
    assert [(r.sync_type, r.processed, r.last_seen) for r in (first, second)] == [
        ("full", 2, "1"),
        ("incremental", 2, "3"),
    ]
    assert node.live("b") == {"1": {}, "2": {"x": 1}, "3": {}}


def test_only_the_latest_version_comes_unless_previous_ones_are_asked_for(node):
    node.put("a", {"_id": "1", "x": 1}, {"_id": "1", "x": 2})
    node.pipe("latest", source="a")
    node.pipe("all", source={"type": "dataset", "dataset": "a", "include_previous_versions": True})
    assert (node.run("latest").changed, node.run("all").changed) == (1, 2)


def test_a_deleted_entity_goes_through_and_is_deleted_in_the_sink(node):
    node.pipe("b", source="a", rules=[["copy", "*"], ["add", "seen", True]])
    node.put("a", {"_id": "1", "x": 1})
    node.run("b")
    node.put("a", {"_id": "1", "x": 1, "_deleted": True})
    node.run("b")
    assert [(v.deleted, v.body) for v in node.versions("b")] == [
        (True, b'{"_deleted":true,"_id":"1","seen":true,"x":1}')
    ]


def test_a_filtered_entity_is_deleted_in_the_sink_with_its_last_content(node):
    node.pipe("b", source="a", rules=[["filter", ["gt", "_S.x", 1]], ["copy", "*"]])
    node.put("a", {"_id": "1", "x": 2}, {"_id": "never", "x": 0})
    node.run("b")
    node.put("a", {"_id": "1", "x": 1})
    node.run("b")
    assert [v.body for v in node.versions("b")] == [b'{"_deleted":true,"_id":"1","x":2}']
    assert node.log("b") == ["1", "-1"]


def test_a_full_run_deletes_filtered_entities_too(node):
    node.put("a", {"_id": "1", "x": 2}, {"_id": "2", "x": 2})
    node.pipe("b", source="a", rules=[["copy", "*"]])
    node.run("b")
    node.pipe("b", source="a", rules=[["filter", ["eq", "_S._id", "2"]], ["copy", "*"]])
    node.run("b", "full")
    assert (list(node.live("b")), node.deleted("b")) == (["2"], ["1"])


def test_a_discarded_entity_leaves_what_the_sink_has(node):
    node.pipe("b", source="a", rules=[["discard", ["gt", "_S.x", 1]], ["copy", "*"]])
    node.put("a", {"_id": "1", "x": 2})
    node.run("b")
    node.put("a", {"_id": "1", "x": 1})
    node.run("b")
    assert node.live("b") == {"1": {"x": 2}}


def test_reserved_properties_of_an_emitted_entity_are_not_stored(node):
    node.put("a", {"_id": "1", "b": {"_id": "in", "_x": 1}})
    node.put("a", {"_id": 'é",', "b": 1}, {"_id": 'a"', "_": 1}, {"_id": "\\"})
    node.pipe("b", source="a", rules=[["copy", "*"], ["add", "_mine", 1], ["add", "A", 1]])
    node.run("b")
    assert node.live("b") == {
        "1": {"b": {"_id": "in", "_x": 1}, "A": 1},
        'é",': {"b": 1, "A": 1},
        'a"': {"A": 1},
        "\\": {"A": 1},
    }


def test_transforms_run_one_after_the_other_and_filtered_entities_go_past_the_rest(node):
    first = {"default": [["filter", ["eq", "_S.x", 1]], ["copy", "*"], ["add", "y", 1]]}
    second = {"default": [["copy", "_id"], ["add", "z", ["+", "_S.y", 1]]]}
    transforms = [{"type": "dtl", "rules": first}, {"type": "dtl", "rules": second}]
    node.pipe("b", source="a", transform=transforms)
    node.put("a", {"_id": "1", "x": 1}, {"_id": "2", "x": 2})
    node.run("b")
    assert node.live("b") == {"1": {"z": 2}}


def test_trigger_on_lets_other_entities_pass(node):
    rules = {"default": [["copy", "_id"], ["add", "done", True]]}
    trigger = {"key": "kind.name", "value": "ord*"}
    node.pipe("b", source="a", transform={"type": "dtl", "rules": rules, "trigger_on": trigger})
    node.put("a", {"_id": "1", "kind": {"name": "order"}}, {"_id": "2", "kind": {"name": "x"}})
    node.run("b")
    assert node.live("b") == {"1": {"done": True}, "2": {"kind": {"name": "x"}}}


def test_rules_that_name_them_see_the_reserved_properties_of_the_source(node):
    node.put("a", {"_id": "1"}, {"_id": "1", "x": 1})
    node.pipe("b", source="a", rules=[["copy", "_id"], ["add", "seq", "_S._updated"]])
    node.run("b")
    assert node.live("b") == {"1": {"seq": 1}}


def test_is_changed_compares_with_the_previous_version_of_the_source(node):
    rules = [["copy", "_id"], ["add", "moved", ["is-changed", "_.x"]]]
    node.pipe("b", source="a", rules=rules)
    node.put("a", {"_id": "1", "x": 1, "y": 1}, {"_id": "2", "x": 1})
    node.run("b")
    first = node.live("b")
    node.put("a", {"_id": "1", "x": 1, "y": 2}, {"_id": "2", "x": 2})
    node.run("b")
    assert (first["2"].get("moved"), node.live("b")) == (
        None,
        {"1": {"moved": False}, "2": {"moved": True}},
    )


def test_a_source_dataset_that_is_not_there_is_empty(node):
    node.pipe("b", source="a")
    assert node.run("b").processed == 0
    node.put("a", {"_id": "1"})
    node.run("b")
    assert list(node.live("b")) == ["1"]


def test_the_sink_is_populated_when_the_source_is(node):
    node.pipe("a", source=embedded({"_id": "1"}))
    node.pipe("b", source="a")
    node.pipe("c", source="b", sink={"type": "dataset", "set_initial_offset": "never"})
    node.put("a")
    node.run("b")
    before = node.store.dataset("b").populated
    node.run("a")
    node.run("b")
    node.run("c")
    names = ("a", "b", "c")
    assert (before, [node.store.dataset(name).populated for name in names]) == (
        False,
        [True, True, False],
    )


def test_a_pipe_with_another_sink_keeps_its_state_beside(node):
    node.put("a", {"_id": "1"}, {"_id": "2"})
    node.pipe(
        "b",
        source="a",
        sink={"type": "null"},
        rules=[["copy", "_id"], ["filter", ["eq", "_S._id", "1"]]],
    )
    first, second = node.run("b"), node.run("b")
    assert [(r.processed, r.changed, r.last_seen) for r in (first, second)] == [
        (2, 1, "1"),
        (0, 0, "1"),
    ]
    assert node.store.dataset("system:pipe:b").state("b")["offset"] == b"1"


def test_receivers_and_publishers_have_nothing_to_pump(node):
    node.pipe("in", source={"type": "http_endpoint"})
    node.pipe("out", source="in", sink={"type": "http_endpoint"})
    node.receive("in", [{"_id": "1"}])
    assert [node.run(name).processed for name in ("in", "out")] == [0, 0]
    assert list(node.live("in")) == ["1"]


def test_namespaces_are_put_on_behind_the_source_and_taken_off_before_the_sink(node):
    node.pipe(
        "a",
        namespaced_identifiers=True,
        source=embedded({"_id": "1", "x": 1, "o:y": {"z": 1}, "$c": 1}),
    )
    node.run("a")
    assert [v.body for v in node.versions("a")] == [b'{"$c":1,"_id":"a:1","a:x":1,"o:y":{"z":1}}']
    node.pipe("b", source="a", remove_namespaces=True)
    node.run("b")
    assert node.live("b") == {"1": {"$c": 1, "x": 1, "y": {"z": 1}}}


def test_an_entity_over_the_size_that_the_sink_allows_fails_the_run(node):
    sink = {"type": "dataset", "max_entity_bytes_size": 20}
    node.pipe("a", source=embedded({"_id": "1"}, {"_id": "2", "x": "long" * 10}), sink=sink)
    assert node.try_run("a").error == (
        'entity "2" has 58 bytes, more than the 20 that "max_entity_bytes_size" allows'
    )


def test_requests_and_results_travel_between_processes():
    node = Node()
    node.pipe("a", source=embedded({"_id": "1"}))
    request = RunRequest("r", PipeDefinition({"_id": "a"}, secrets={"s": "hidden"}))
    result = node.run("a")
    assert pickle.loads(pickle.dumps((request, result))) == (request, result)
    assert "hidden" not in repr(request)


def test_an_entity_that_is_written_again_during_a_full_run_is_not_deleted(node):
    node.pipe("b", source="a")
    node.put("a", *({"_id": f"{n:04}", "v": 1} for n in range(1500)))
    node.run("b")
    waiting = [{"_id": "1400", "v": 2}]

    def report(_progress):
        while waiting:
            node.put("a", waiting.pop())

    node.run("b", "full", report=report)
    assert (waiting, node.deleted("b"), len(node.live("b"))) == ([], [], 1500)
    node.run("b")
    assert node.live("b")["1400"] == {"v": 2}
