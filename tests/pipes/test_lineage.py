"""Property lineage over pipes: whole graphs."""

from __future__ import annotations

import pytest
from pipes_helpers import hop

from sesam_node.pipes.lineage import lineage_graph
from sesam_node.pipes.observing import observe


def graph(node, start, name=None, direction="upstream"):
    """The graph; `start` is a dataset, or a pipe id behind `endpoint:`."""
    writers, readers = {}, {}
    for pipe_id, definition in node.pipes.items():
        sink = definition.pipe.get("sink") or {}
        if sink.get("type", "dataset") == "dataset":
            writers.setdefault(sink.get("dataset", pipe_id), []).append(pipe_id)
        source = definition.pipe["source"]
        reads = {source.get("dataset"), *(source.get("datasets") or ())}
        reads |= {name for name in ("product", "b") if f"'{name} h'" in str(definition.pipe)}
        for dataset in sorted(filter(None, reads)):
            readers.setdefault(dataset.partition(" ")[0], []).append(pipe_id)
    kind, _, place = start.rpartition(":")
    return lineage_graph(
        store=node.store,
        start=(kind or "dataset", place),
        name=name,
        direction=direction,
        pipes=node.pipes,
        writers=writers,
        readers=readers,
    )


def lines(told):
    """Edges as `from -> to kind`, sorted."""
    return sorted(f"{text(e['from'])} -> {text(e['to'])} {e['kind']}" for e in told["edges"])


def text(place):
    (kind,) = place.keys() - {"property"}
    prefix = "" if kind == "dataset" else f"{kind}:"
    return f"{prefix}{place[kind]}.{place['property']}"


@pytest.fixture
def shop(node):
    node.pipe("order", source={"type": "http_endpoint"})
    node.pipe("product", source={"type": "embedded", "entities": [{"_id": "1", "price": 1}]})
    price = hop("product", ["eq", "_S.product", "h._id"], give="h.price")
    node.pipe(
        "bill",
        source="order",
        rules=[
            ["filter", ["neq", "_S.status", "cancelled"]],
            ["copy", ["list", "_id", "status"]],
            ["add", "amount", ["*", "_S.quantity", ["first", price]]],
        ],
    )
    node.pipe("share", source="bill", rules=[["copy", "*"]], sink={"type": "http_endpoint"})
    return node


def test_a_property_is_followed_up_through_pipes_to_what_comes_in(shop):
    assert graph(shop, "endpoint:share", "amount") == {
        "direction": "upstream",
        "nodes": [
            {"endpoint": "share", "property": "amount"},
            {"dataset": "bill", "property": "amount"},
            {"dataset": "product", "property": "_id"},
            {"source": "product", "property": "_id"},
            {"dataset": "product", "property": "price"},
            {"source": "product", "property": "price"},
            {"dataset": "order", "property": "product"},
            {"source": "order", "property": "product"},
            {"dataset": "order", "property": "quantity"},
            {"source": "order", "property": "quantity"},
            {"dataset": "order", "property": "status"},
        ],
        "edges": [
            edge("dataset bill amount", "endpoint share amount", "share", "copied", 0),
            edge("dataset product _id", "dataset bill amount", "bill", "joined", 2),
            edge("source product _id", "dataset product _id", "product", "copied"),
            edge("dataset product price", "dataset bill amount", "bill", "joined", 2),
            edge("source product price", "dataset product price", "product", "copied"),
            edge("dataset order product", "dataset bill amount", "bill", "joined", 2),
            edge("source order product", "dataset order product", "order", "copied"),
            edge("dataset order quantity", "dataset bill amount", "bill", "computed", 2),
            edge("source order quantity", "dataset order quantity", "order", "copied"),
            edge("dataset order status", "dataset bill amount", "bill", "filtered-by", 0),
        ],
        "cycles": [],
    }


def edge(source, target, pipe, kind, rule=None):
    def place(words):
        key, name, property_ = words.split()
        return {key: name, "property": property_}

    path = "" if rule is None else f"$.transform.rules.default[{rule}]"
    return {"from": place(source), "to": place(target), "pipe": pipe, "kind": kind, "rule": path}


def test_a_property_is_followed_down_to_what_is_published(shop):
    told = graph(shop, "product", "price", "downstream")
    assert lines(told) == [
        "bill.amount -> endpoint:share.amount copied",
        "product.price -> bill.amount joined",
    ]
    assert lines(graph(shop, "order", "status", "downstream")) == [
        "bill.status -> endpoint:share.status copied",
        "order.status -> bill.* filtered-by",
        "order.status -> bill.status copied",
    ]


def test_without_a_property_all_that_are_known_are_told(shop):
    told = graph(shop, "bill")
    to = {text(found["to"]) for found in told["edges"] if found["pipe"] == "bill"}
    assert to == {"bill.amount"}
    shop.receive("order", [{"_id": "1", "status": "x", "product": "1", "quantity": 2}])
    shop.run("product")
    shop.run("bill")
    told = graph(shop, "bill")
    to = {text(found["to"]) for found in told["edges"] if found["pipe"] == "bill"}
    assert to == {"bill._id", "bill.amount", "bill.status"}


def test_observed_schemas_sharpen_what_a_wildcard_copies(node):
    node.put("a", {"_id": "1", "x": 1})
    node.put("c", {"_id": "1", "y": 1})
    node.pipe("b", source={"type": "union_datasets", "datasets": ["a", "c"]}, rules=[["copy", "*"]])
    for name in ("a", "c"):
        observe(node.store, name)
    assert lines(graph(node, "b", "x")) == ["a.x -> b.x copied"]
    assert lines(graph(node, "b", "none")) == []


def test_a_chain_of_transforms_is_one_step(node):
    first = [["copy", "_id"], ["add", "full", ["concat", "_S.first", "_S.last"]]]
    second = [["copy", "_id"], ["rename", "full", "name"]]
    node.pipe(
        "b",
        source="a",
        transform=[{"type": "dtl", "rules": {"default": rules}} for rules in (first, second)],
    )
    told = graph(node, "b", "name")
    assert lines(told) == ["a.first -> b.name computed", "a.last -> b.name computed"]
    assert {found["rule"] for found in told["edges"]} == {"$.transform[1].rules.default[1]"}
    assert lines(graph(node, "a", "last", "downstream")) == ["a.last -> b.name computed"]


def test_namespaces_are_put_on_and_taken_off_on_the_way(node):
    more = {"namespaced_identifiers": True, "add_namespaces": True, "remove_namespaces": True}
    node.pipe("b", source="a", rules=[["add", "x", "_S.b:name"], ["copy", "b:k"]], **more)
    assert lines(graph(node, "b", "x")) == ["a.name -> b.x copied"]
    assert lines(graph(node, "a", "name", "downstream")) == ["a.name -> b.x copied"]
    assert lines(graph(node, "a", "k", "downstream")) == ["a.k -> b.k copied"]


def test_a_circle_of_pipes_is_told(node):
    node.pipe("c", source="b", rules=[["copy", "_id"], ["add", "n", "_S.n"]])
    node.pipe(
        "b",
        source="a",
        rules=[["copy", "_id"], ["add", "n", hop("c", ["eq", "_S._id", "h._id"], give="h.n")]],
    )
    told = graph(node, "b", "n")
    assert told["cycles"] == [{"dataset": "b", "property": "n"}]
    assert lines(told) == [
        "a._id -> b._id copied",
        "a._id -> b.n joined",
        "b._id -> c._id copied",
        "b.n -> c.n copied",
        "c._id -> b.n joined",
        "c.n -> b.n joined",
    ]


def test_a_pipe_whose_rules_are_wrong_is_named(node):
    node.pipe("b", source="a", rules=[["no-such-thing"]])
    told = graph(node, "b", "x")
    assert (told["edges"], told["unknown"]) == ([], ["b"])
