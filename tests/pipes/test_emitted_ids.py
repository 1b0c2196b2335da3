"""Entities that come out under other ids: what a source entity no longer makes is deleted."""

from __future__ import annotations

from contextlib import suppress

import pytest
from pipes_helpers import hop

from sesam_node.pipes.emitted import EmittedIds

LINES = [["filter", ["neq", "_S._deleted", True]], ["create", "_S.lines"], ["discard"]]
KEYED = [["copy", "*"], ["add", "_id", "_S.key"]]


def test_an_entity_that_is_no_longer_created_is_deleted(node):
    node.pipe("b", source="a", rules=LINES)
    node.put("a", {"_id": "1", "lines": [{"_id": "1-1"}, {"_id": "1-2", "x": 1}]})
    node.run("b")
    node.put("a", {"_id": "1", "lines": [{"_id": "1-1"}]})
    node.run("b")
    assert (list(node.live("b")), node.deleted("b")) == (["1-1"], ["1-2"])


def test_a_filtered_source_entity_takes_what_it_created_with_it(node):
    node.pipe("b", source="a", rules=LINES)
    node.put("a", {"_id": "1", "lines": [{"_id": "1-1"}]})
    node.run("b")
    node.put("a", {"_id": "1", "_deleted": True, "lines": [{"_id": "1-1"}]})
    node.run("b")
    assert (list(node.live("b")), node.deleted("b")) == ([], ["1-1"])


def test_an_entity_that_gets_another_id_leaves_the_old_one_deleted(node):
    node.pipe("b", source="a", rules=KEYED)
    node.put("a", {"_id": "1", "key": "k"})
    node.run("b")
    node.put("a", {"_id": "1", "key": "l"})
    node.run("b")
    assert (list(node.live("b")), node.deleted("b")) == (["l"], ["k"])


def test_an_id_of_several_belongs_to_the_last_in_the_source(node):
    node.pipe("b", source="a", rules=KEYED)
    node.put("a", {"_id": "1", "key": "k"}, {"_id": "2", "key": "k"})
    node.run("b")
    node.put("a", {"_id": "1", "key": "k", "new": True})
    node.run("b")
    assert node.live("b") == {"k": {"key": "k", "new": True}}


def test_the_next_owner_is_run_again_when_the_owner_drops_an_id(node):
    node.pipe("b", source="a", rules=KEYED)
    node.put("a", {"_id": "1", "key": "k"}, {"_id": "2", "key": "k", "x": 2})
    node.run("b")
    node.put("a", {"_id": "2", "key": "l"})
    node.run("b")
    assert node.live("b") == {"k": {"key": "k"}, "l": {"key": "l"}}
    assert node.deleted("b") == []


def test_a_tracked_entity_does_not_take_an_id_from_a_later_one(node):
    rules = [*KEYED, ["add", "h", ["first", hop("h", ["eq", "_S.ref", "h._id"], give="h.v")]]]
    node.pipe("b", source="a", rules=rules)
    node.put("h", {"_id": "x", "v": 1})
    node.put("a", {"_id": "1", "key": "k", "ref": "x"}, {"_id": "2", "key": "k"})
    node.run("b")
    node.put("h", {"_id": "x", "v": 2})
    assert node.run("b").processed == 1
    assert node.live("b") == {"k": {"key": "k", "h": None}}


def test_children_that_vanish_from_the_parent_are_deleted_where_they_are_emitted(node):
    child = ["create-child", ["apply", "line", "_S.lines"]]
    node.pipe(
        "parent",
        source="a",
        rules={
            "default": [["copy", "_id"], child],
            "line": [["add", "_id", ["concat", "_P._S._id", "-", "_S.n"]], ["copy", "n"]],
        },
    )
    node.pipe("child", source="parent", transform={"type": "emit_children"})
    node.put("a", {"_id": "1", "lines": [{"n": "x"}, {"n": "y"}]})
    node.run("parent")
    node.run("child")
    node.put("a", {"_id": "1", "lines": [{"n": "y"}, {"n": "z"}]})
    node.run("parent")
    assert node.live("parent")["1"]["$children"] == [
        {"_id": "1-y", "n": "y"},
        {"_id": "1-z", "n": "z"},
        {"_deleted": True, "_id": "1-x", "n": "x"},
    ]
    assert node.run("parent", "full").changed == 0
    node.run("child")
    assert (sorted(node.live("child")), node.deleted("child")) == (["1-y", "1-z"], ["1-x"])


def test_children_are_not_kept_where_the_sink_does_not_track_them(node):
    node.pipe(
        "b",
        source="a",
        rules=[["copy", "_id"], ["create-child", "_S.lines"]],
        sink={"type": "dataset", "track_children": False},
    )
    node.put("a", {"_id": "1", "lines": [{"_id": "x"}, {"_id": "y"}]})
    node.run("b")
    node.put("a", {"_id": "1", "lines": [{"_id": "y"}]})
    node.run("b")
    assert node.live("b") == {"1": {"$children": [{"_id": "y"}]}}


def test_the_children_of_a_deleted_parent_come_out_deleted(node):
    node.pipe("b", source="a", transform={"type": "emit_children"}, sink={"type": "http_endpoint"})
    node.put("a", {"_id": "1", "$children": [{"_id": "x"}, {"n": 1}, "text"]})
    node.put("a", {"_id": "2", "$children": {"_id": "y"}, "_deleted": True})
    assert [(item["_id"], item["_deleted"]) for item in node.entities("b")] == [
        ("x", False),
    ]
    node.put("a", {"_id": "1", "$children": [{"_id": "x"}], "_deleted": True})
    assert [(item["_id"], item["_deleted"]) for item in node.entities("b")] == [("x", True)]


def test_the_sink_can_leave_old_ids_alone(node):
    sink = {"type": "dataset", "track_emitted_ids": False}
    node.pipe("b", source="a", rules=KEYED, sink=sink)
    node.put("a", {"_id": "1", "key": "k"})
    node.run("b")
    node.put("a", {"_id": "1", "key": "l"})
    node.run("b")
    assert sorted(node.live("b")) == ["k", "l"]
    assert "system:emitted:b" not in node.store.names()


@pytest.mark.parametrize("kind", ["auto", "full"])
def test_a_crash_between_the_records_and_the_output_loses_no_delete(node, monkeypatch, kind):
    node.pipe("b", source="a", rules=KEYED)
    node.put("a", {"_id": "1", "key": "k"})
    node.run("b")
    node.put("a", {"_id": "1", "key": "l"})
    record = EmittedIds._record

    def crash(self, *args):
        record(self, *args)
        raise KeyboardInterrupt

    monkeypatch.setattr(EmittedIds, "_record", crash)
    with suppress(KeyboardInterrupt):
        node.try_run("b")
    monkeypatch.setattr(EmittedIds, "_record", record)
    node.put("a", {"_id": "1", "key": "m"})
    node.run("b", kind)
    assert (list(node.live("b")), node.deleted("b")) == (["m"], ["k"])


def test_in_a_union_the_later_dataset_owns_an_id(node):
    source = {"type": "union_datasets", "datasets": ["p", "q"]}
    node.pipe("b", source=source, rules=KEYED)
    node.put("q", {"_id": "1", "key": "k", "of": "q"})
    node.run("b")
    node.put("p", {"_id": "1", "key": "k", "of": "p"})
    node.run("b")
    assert node.live("b") == {"k": {"key": "k", "of": "q"}}


def test_sources_take_turns_in_making_and_deleting_one_id(node):
    node.pipe("b", source={"type": "union_datasets", "datasets": ["p", "q"]}, rules=KEYED)
    lives = {}
    for of, alive in [
        ("p", 1),
        ("q", 1),
        ("q", 0),
        ("p", 0),
        ("p", 1),
        ("q", 1),
        ("p", 0),
        ("q", 0),
    ]:
        lives[of] = alive
        node.put(of, {"_id": "1", "key": "k", "of": of} | ({} if alive else {"_deleted": True}))
        node.run("b")
        owner = next((one for one in ("q", "p") if lives.get(one)), None)
        assert node.live("b") == ({"k": {"key": "k", "of": owner}} if owner else {})
