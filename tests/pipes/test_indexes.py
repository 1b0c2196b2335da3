"""Indexes that a pipe has made: for its hops, and those that its sink declares."""

from __future__ import annotations

import pytest
from pipes_helpers import hop

from sesam_node.pipes.sink_indexes import index_id


def indexes(node, name):
    return [info.id for info in node.store.dataset(name).indexes()]


def test_a_hop_has_its_indexes_made(node):
    node.put("a", {"_id": "1", "k": "p"})
    node.put("h", {"_id": "x", "k": "p"})
    node.pipe(
        "b", source="a", rules=[["copy", "_id"], ["add", "h", hop("h", ["eq", "_S.k", "h.k"])]]
    )
    node.run("b")
    assert (indexes(node, "a"), indexes(node, "h")) == ([index_id("_S.k")], [index_id("_S.k")])


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("$ids", ["_S.$ids"]),
        (["_S.name", ["lower", "_S.name"]], ["_S.name", ["lower", "_S.name"]]),
        ([["eq", "_S.kind", "tank"]], ["_S.kind"]),
    ],
)
def test_a_sink_has_its_declared_indexes_made(node, declared, expected):
    node.put("a", {"_id": "1", "name": "Ada"})
    node.pipe("b", source="a", sink={"type": "dataset", "indexes": declared})
    node.run("b")
    assert indexes(node, "b") == [index_id(item) for item in expected]


def test_a_declared_index_is_that_of_a_hop(node):
    node.put("a", {"_id": "1", "name": "Ada"})
    node.pipe("b", source="a", sink={"type": "dataset", "indexes": [["lower", "_S.name"]]})
    node.run("b")
    (found,) = node.store.dataset("b").lookup_many(index_id(["lower", "_S.name"]), ["ada"])
    assert [version.entity_id for version in found] == ["1"]


def test_what_cannot_be_indexed_is_refused(node):
    node.pipe("b", source="a", sink={"type": "dataset", "indexes": ["_P.x"]})
    assert not node.try_run("b").success
