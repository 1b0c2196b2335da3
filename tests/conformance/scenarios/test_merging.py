"""The life of merged entities, and of unions (merge source, union and merge datasets sources)."""

from __future__ import annotations

import pytest


def versions(node, dataset="result", since=None):
    params = {} if since is None else {"since": since}
    return [
        (e["_id"], e["_deleted"], e.get("$replaced", False), e.get("$ids"))
        for e in node.entities(dataset, **params)
    ]


def test_the_example_of_the_manual_comes_out_as_printed(node):
    node.receiver("A", {"_id": "a1", "f1": 1}, {"_id": "a2", "f1": 2})
    node.receiver("B", {"_id": "b1", "f1": 1, "f2": "x"}, {"_id": "b2", "f1": 3})
    node.receiver("C", {"_id": "c1", "f3": "X"}, {"_id": "c2", "f3": "Y"}, {"_id": "c3", "f3": "X"})
    node.post(
        "C", {"_id": "c2", "f3": "Y", "_deleted": True}, {"_id": "c3", "f3": "X", "_deleted": True}
    )
    equality = [["eq", "a.f1", "b.f1"], ["eq", "b.f2", ["lower", "c.f3"]]]
    source = {
        "type": "merge",
        "version": 2,
        "datasets": ["A a", "B b", "C c"],
        "equality": equality,
    }
    node.pipe("result", source)
    answer = node.http.get("/pipes/result/entities", params={"stage": "source"}).json()
    found = {
        e["_id"]: {k: v for k, v in e.items() if k != "_id" and (k[0] != "_" or e[k] is True)}
        for e in answer
    }
    assert found == {
        "0|a1|1|b1|2|c1": {"$ids": ["a1", "b1", "c1"], "f1": [1, 1], "f2": "x", "f3": "X"},
        "0|a2": {"$ids": ["a2"], "f1": 2},
        "1|b2": {"$ids": ["b2"], "f1": 3},
        "2|c2": {"$ids": ["c2"], "_deleted": True, "f3": "Y"},
        "2|c3": {"$ids": ["c3"], "_deleted": True, "f3": "X"},
    }
    node.run("result")
    assert sorted(node.live("result")) == ["0|a1|1|b1|2|c1", "0|a2", "1|b2"]


def pair(node, identity, **more):
    node.receiver("a", {"_id": "a1", "k": 1}, {"_id": "a2", "k": 2})
    node.receiver("b", {"_id": "b1", "k": 1})
    source = {
        "type": "merge",
        "version": 2,
        "datasets": ["a a", "b b"],
        "equality": [["eq", "a.k", "b.k"]],
        "identity": identity,
        **more,
    }
    node.pipe("result", source)
    node.run("result")


def test_entities_merge_split_and_merge_again(node):
    pair(node, "composite")
    assert node.live("result") == {
        "0|a1|1|b1": {"$ids": ["a1", "b1"], "k": [1, 1]},
        "0|a2": {"$ids": ["a2"], "k": 2},
    }
    end = node.end("result")
    node.post("b", {"_id": "b1", "k": 3})
    node.run("result")
    assert sorted(versions(node, since=end)) == [
        ("0|a1", False, False, ["a1"]),
        ("0|a1|1|b1", True, True, ["a1", "b1"]),
        ("1|b1", False, False, ["b1"]),
    ]
    end = node.end("result")
    node.post("b", {"_id": "b1", "k": 2})
    node.run("result")
    assert sorted(versions(node, since=end)) == [
        ("0|a2", True, True, ["a2"]),
        ("0|a2|1|b1", False, False, ["a2", "b1"]),
        ("1|b1", True, True, ["b1"]),
    ]
    end = node.end("result")
    node.post("b", {"_id": "b1", "k": 1})
    node.run("result")
    assert node.live("result") == {
        "0|a1|1|b1": {"$ids": ["a1", "b1"], "k": [1, 1]},
        "0|a2": {"$ids": ["a2"], "k": 2},
    }


def test_by_first_identity_the_merged_entity_keeps_the_id_of_the_first(node):
    pair(node, "first")
    assert node.live("result") == {
        "a1": {"$ids": ["a1", "b1"], "k": [1, 1]},
        "a2": {"$ids": ["a2"], "k": 2},
    }
    node.post("b", {"_id": "b1", "k": 3})
    node.run("result")
    assert node.live("result") == {
        "a1": {"$ids": ["a1"], "k": 1},
        "a2": {"$ids": ["a2"], "k": 2},
        "b1": {"$ids": ["b1"], "k": 3},
    }
    end = node.end("result")
    node.post("b", {"_id": "b1", "k": 2})
    node.run("result")
    assert node.live("result") == {
        "a1": {"$ids": ["a1"], "k": 1},
        "a2": {"$ids": ["a2", "b1"], "k": [2, 2]},
    }
    assert ("b1", True, True) in [v[:3] for v in versions(node, since=end)]


def test_a_deleted_member_leaves_and_comes_back(node):
    pair(node, "composite")
    node.post("b", {"_id": "b1", "k": 1, "_deleted": True})
    node.run("result")
    assert node.live("result") == {
        "0|a1": {"$ids": ["a1"], "k": 1},
        "0|a2": {"$ids": ["a2"], "k": 2},
    }
    node.post("b", {"_id": "b1", "k": 1})
    node.run("result")
    assert sorted(node.live("result")) == ["0|a1|1|b1", "0|a2"]
    node.post("a", {"_id": "a1", "_deleted": True})
    node.run("result")
    assert sorted(node.live("result")) == ["0|a2", "1|b1"]


@pytest.mark.parametrize(
    ("strategy", "content"),
    [
        ("default", {"x": 1, "y": [2, 1, 2], "z": [3, 3]}),
        ("compact", {"x": 1, "y": [2, 1], "z": 3}),
        ("list", None),
    ],
)
def test_strategies_combine_as_in_the_manual(node, strategy, content):
    node.receiver("a", {"_id": "1", "k": 1, "x": 1})
    node.receiver("b", {"_id": "2", "k": 1, "y": [2, 1]})
    node.receiver("c", {"_id": "3", "k": 1, "y": 2, "z": [3, 3]})
    source = {
        "type": "merge",
        "version": 2,
        "datasets": ["a a", "b b", "c c"],
        "equality_sets": [["a.k", "b.k", "c.k"]],
        "identity": "first",
        "strategy": strategy,
    }
    node.pipe("result", source)
    node.run("result")
    (entity,) = node.live("result").values()
    if strategy == "list":
        members = [
            {k: v for k, v in e.items() if k not in ("_id", "$ids", "k")} for e in entity["$merged"]
        ]
        assert members == [{"x": 1}, {"y": [2, 1]}, {"y": 2, "z": [3, 3]}]
        return
    assert {k: v for k, v in entity.items() if k not in ("$ids", "k")} == content
    assert entity["$ids"] == ["1", "2", "3"]


def test_merging_merged_entities_keeps_only_the_original_ids(node):
    pair(node, "composite")
    node.receiver("c", {"_id": "c1", "k": 1})
    source = {
        "type": "merge",
        "version": 2,
        "datasets": ["result r", "c c"],
        "equality": [["eq", "r.k", "c.k"]],
    }
    node.pipe("second", source)
    node.run("second")
    assert {e["_id"]: e["$ids"] for e in node.entities("second", history=False, deleted=False)} == {
        "0|0|a1|1|b1|1|c1": ["a1", "b1", "c1"],
        "0|0|a2": ["a2"],
    }


def test_links_are_transitive_and_lists_match_by_overlap(node):
    node.receiver(
        "a",
        {"_id": "a1", "mail": ["x", "y"]},
        {"_id": "a2", "mail": None},
        {"_id": "a3", "mail": []},
    )
    node.receiver(
        "b",
        {"_id": "b1", "mail": ["y", "z"]},
        {"_id": "b2", "mail": "x"},
        {"_id": "b3", "mail": None},
    )
    source = {
        "type": "merge",
        "version": 2,
        "datasets": ["a a", "b b"],
        "equality": [["eq", "a.mail", "b.mail"]],
    }
    node.pipe("result", source)
    node.run("result")
    assert sorted(node.live("result")) == ["0|a1|1|b1|1|b2", "0|a2", "0|a3", "1|b3"]


def test_a_union_prefixes_ids_and_remembers_where_it_was_in_each_dataset(node):
    node.receiver("men", {"_id": "dave", "x": 1})
    node.receiver("women", {"_id": "claire"})
    node.pipe("all", {"type": "union_datasets", "datasets": ["men", "women"]})
    node.run("all")
    assert node.log("all") == [("men:dave", False, {"x": 1}), ("women:claire", False, {})]
    node.post("men", {"_id": "dave", "x": 2})
    node.post("women", {"_id": "claire", "_deleted": True}, {"_id": "eve"})
    node.run("all")
    assert node.log("all", since=1) == [
        ("men:dave", False, {"x": 2}),
        ("women:claire", True, {}),
        ("women:eve", False, {}),
    ]
    last_seen = node.runtime("all")["last-seen"]
    assert (
        node.pump("all", "update-last-seen", **{"last-seen": last_seen})["last-seen"] == last_seen
    )
    node.pipe("bare", {"type": "union_datasets", "datasets": ["men", "women"], "prefix_ids": False})
    node.run("bare")
    assert sorted(node.live("bare")) == ["dave", "eve"]


def test_merge_datasets_takes_the_latest_of_each_id(node):
    node.receiver("a", {"_id": "1", "x": "a"}, {"_id": "2", "x": "a"})
    node.receiver("b", {"_id": "1", "x": "b"})
    node.pipe("latest", {"type": "merge_datasets", "datasets": ["a", "b"]})
    node.pipe("all", {"type": "merge_datasets", "datasets": ["a", "b"], "strategy": "all"})
    node.run("latest", "all")
    assert node.live("latest") == {"1": {"x": "b"}, "2": {"x": "a"}}
    every = node.live("all")
    assert (
        every["1"]["a"][0]["x"]
        if isinstance(every["1"]["a"], list)
        else every["1"]["a"]["x"] == "a"
    )
    assert set(every["2"]) == {"a"}
    node.post("a", {"_id": "1", "x": "a2"})
    node.run("latest")
    assert node.live("latest")["1"] == {"x": "a2"}
    node.post("a", {"_id": "2", "_deleted": True})
    node.run("latest")
    assert sorted(node.live("latest")) == ["1"]
