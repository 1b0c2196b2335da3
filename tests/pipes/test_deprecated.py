"""What the manual has deprecated and still describes: it runs, and says that it is old."""

import pytest

from sesam_node.config.document import Document
from sesam_node.config.validate import validate
from sesam_node.pipes.component import specs

ENTITY = {
    "_id": "Http://Psi",
    "$Kept": 1,
    "Born": "1980-01-23",
    "Status": {"URL1": "~rhttp://www.Foo.com", "Child": {"http://psi.tests.com/S": "Bye"}},
    "List": [{"A": 1}, 2, [{"B": 3}]],
}


def through(node, transform, *entities):
    node.put("in", *entities)
    node.pipe("out", source="in", transform=transform)
    node.run("out")
    return node.live("out")


def test_keys_in_lower_case(memory_node):
    ((entity_id, found),) = through(memory_node, {"type": "lower_keys"}, ENTITY).items()
    assert entity_id == "Http://Psi"
    assert found == {
        "$Kept": 1,
        "born": "1980-01-23",
        "status": ENTITY["Status"],
        "list": ENTITY["List"],
    }


def test_keys_in_lower_case_at_any_depth(memory_node):
    (found,) = through(memory_node, {"type": "lower_keys", "recurse": True}, ENTITY).values()
    assert found == {
        "$Kept": 1,
        "born": "1980-01-23",
        "status": {"url1": "~rhttp://www.Foo.com", "child": {"http://psi.tests.com/s": "Bye"}},
        "list": [{"a": 1}, 2, [{"b": 3}]],
    }


def test_keys_in_upper_case(memory_node):
    transform = {"type": "upper_keys", "trigger_on": {"key": "t", "value": True}}
    found = through(memory_node, transform, {"_id": "1", "a": 1, "t": True}, {"_id": "2", "a": 1})
    assert found == {"1": {"A": 1, "T": True}, "2": {"a": 1}}


def test_all_edges_between_the_nodes(memory_node):
    transform = {"type": "undirected_graph", "nodes": ["_id", "map"], "to": "end"}
    found = through(memory_node, transform, {"_id": "foo", "map": ["bar", "~rhttp://z", "foo"]})
    assert found == {
        "foo.bar": {"from": "foo", "end": "bar"},
        "foo.http://z": {"from": "foo", "end": "~rhttp://z"},
        "bar.foo": {"from": "bar", "end": "foo"},
        "bar.http://z": {"from": "bar", "end": "~rhttp://z"},
        "http://z.foo": {"from": "~rhttp://z", "end": "foo"},
        "http://z.bar": {"from": "~rhttp://z", "end": "bar"},
    }


def test_edges_go_with_their_nodes_and_their_entity(memory_node):
    transform = {"type": "undirected_graph"}
    through(memory_node, transform, {"_id": "a", "sameAs": ["b", "c"]}, {"_id": "x"})
    found = through(memory_node, transform, {"_id": "a", "sameAs": "b"})
    assert sorted(found) == ["a.b", "b.a"]
    assert through(memory_node, transform, {"_id": "a", "_deleted": True}) == {}


def test_a_node_that_is_none_fails_the_entity(memory_node):
    memory_node.put("in", {"_id": "a", "sameAs": [7]})
    memory_node.pipe("out", source="in", transform={"type": "undirected_graph"})
    error = memory_node.try_run("out").error
    assert "$.sameAs: expected text or a URI as node of a graph, got 7" in error


# ---- differences ---------------------------------------------------------------------------------


def differing(node, **options):
    node.pipe("out", source={"type": "diff_datasets", "datasets": ["a", "b"], **options})
    node.run("out")
    return {entity_id: entity["$diff"] for entity_id, entity in node.live("out").items()}


def test_what_differs_comes_with_the_values_of_each_dataset(node):
    node.put("a", {"_id": "1", "price": 1, "x": 0}, {"_id": "2", "same": [1]}, {"_id": "3", "y": 1})
    node.put("b", {"_id": "1", "price": 2, "x": 0.0}, {"_id": "2", "same": [1]})
    assert differing(node) == {"1": {"price": {"a": 1, "b": 2}}, "3": {"y": {"a": 1}}}
    assert node.live("out")["1"]["b"] == {"_id": "1", "price": 2, "x": 0.0}


def test_a_difference_that_is_gone_is_deleted(node):
    node.put("a", {"_id": "1", "n": 1})
    node.put("b", {"_id": "1", "n": 2})
    differing(node)
    node.put("b", {"_id": "1", "n": 1})
    assert differing(node) == {}
    assert node.deleted("out") == ["1"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, {"1": {"n": {"a": 1, "b": 2}, "l": {"a": [1, 2], "b": [2, 1, 1]}}}),
        ({"whitelist": ["n"]}, {"1": {"n": {"a": 1, "b": 2}}}),
        ({"blacklist": ["n"], "treat_lists_as_sets": True}, {}),
        ({"whitelist": ["n", "l"], "blacklist": ["l"]}, {"1": {"n": {"a": 1, "b": 2}}}),
    ],
)
def test_what_is_compared(memory_node, options, found):
    memory_node.put("a", {"_id": "1", "n": 1, "l": [1, 2]})
    memory_node.put("b", {"_id": "1", "n": 2, "l": [2, 1, 1]})
    assert differing(memory_node, **options) == found


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, {"1": {"_deleted": {"a": True, "b": False}}}),
        ({"ignore_deletes": True}, {"1": {"n": {"b": 1}}}),
    ],
)
def test_deletes_differ_unless_they_are_ignored(memory_node, options, found):
    memory_node.put("a", {"_id": "1", "n": 1})
    memory_node.put("b", {"_id": "1", "n": 1})
    memory_node.put("a", {"_id": "1", "n": 1, "_deleted": True})
    assert differing(memory_node, **options) == found


@pytest.mark.parametrize(
    "pipe",
    [
        {"source": {"type": "diff_datasets", "datasets": ["a", "b"]}},
        {"source": {"type": "dataset", "dataset": "a"}, "transform": {"type": "lower_keys"}},
    ],
)
def test_they_load_with_a_warning(pipe):
    checked = validate(Document.from_list([{"_id": "p", "type": "pipe", **pipe}]), {}, specs())
    assert [one.level for one in checked.problems if one.code == "deprecated"] == ["warning"]
    assert [one for one in checked.problems if one.level == "error"] == []
