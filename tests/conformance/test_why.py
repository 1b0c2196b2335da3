"""`why` and lineage on a shared project: from what is made back to what came in."""

from __future__ import annotations

import json

import pytest

from sesam_node.cli.child import ChildNode
from sesam_node.cli.client import NodeClient
from sesam_node.cli.main import main
from sesam_node.cli.project import Project
from sesam_node.cli.test import run_all, upload


@pytest.fixture
def webshop(tmp_path, project):
    """The address of a node with the webshop, all pipes run, its token, and its data folder."""
    opened = Project(project("webshop-orders"), "test")
    with ChildNode(tmp_path / "data", folder=tmp_path) as node:
        with NodeClient(node.url, node.token) as client:
            upload(client, opened)
            assert run_all(client, opened)["status"] == "success"
        yield node, tmp_path / "data"


def timeless(told):
    if type(told) is list:
        return [timeless(item) for item in told]
    if type(told) is not dict:
        return told
    return {name: timeless(item) for name, item in told.items() if name not in ("ts", "seq")}


def place(dataset, entity_id, name):
    return {"dataset": dataset, "entity_id": entity_id, "property": name}


def test_a_running_node_tells_all_the_way_back(webshop, capsys):
    node, _ = webshop
    arguments = ["why", "order-enriched", "O-4", "--node", node.url, "--jwt", node.token]
    assert main([*arguments, "--json"]) == 0
    told = timeless(json.loads(capsys.readouterr().out))
    inputs = told.pop("inputs")
    rules = "$.transform.rules.default"
    assert told == {
        "dataset": "order-enriched",
        "entity_id": "O-4",
        "deleted": False,
        "pipe": "order-enriched",
        "how": "made",
        "exact": True,
        "sources": [{"dataset": "order", "entity_id": "O-4", "emits": ["O-4"]}],
        "text": "made again now it is the same",
        "properties": {
            "_id": {
                "value": "O-4",
                "rules": [
                    {"path": f"{rules}[1]", "text": '"_id" set by copy ["list", "_id", "status"]'}
                ],
                "from": [place("order", "O-4", "_id")],
            },
            "amount": {
                "value": 400,
                "rules": [{"path": f"{rules}[5]", "text": '"amount" set by add'}],
                "from": [
                    place("product", "P-100", "price"),
                    place("order", "O-4", "quantity"),
                    place("order", "O-4", "product_id"),
                ],
            },
            "customer": {
                "value": "unknown",
                "rules": [{"path": f"{rules}[3]", "text": '"customer" set by add'}],
                "from": [place("order", "O-4", "customer_id")],
                "found_nothing": [{"dataset": "customer", "keys": ["C9"]}],
            },
            "placed": {
                "value": "~t2024-03-07T00:00:00Z",
                "rules": [{"path": f"{rules}[2]", "text": '"placed" set by add'}],
                "from": [place("order", "O-4", "placed")],
            },
            "product": {
                "value": "Kettle",
                "rules": [{"path": f"{rules}[4]", "text": '"product" set by add'}],
                "from": [
                    place("product", "P-100", "name"),
                    place("order", "O-4", "product_id"),
                ],
            },
            "status": {
                "value": "shipped",
                "rules": [
                    {
                        "path": f"{rules}[1]",
                        "text": '"status" set by copy ["list", "_id", "status"]',
                    }
                ],
                "from": [place("order", "O-4", "status")],
            },
        },
    }
    assert [(i["role"], i["dataset"], i["entity_id"], i["how"], i["text"]) for i in inputs] == [
        ("source", "order", "O-4", "received", "posted to the receiver"),
        (
            "hop",
            "product",
            "P-100",
            "made",
            "made again now it is the same; it stands in the configuration of the pipe",
        ),
    ]


def test_the_data_folder_of_a_stopped_node_tells_the_same(webshop, capsys):
    node, data = webshop
    asked = ["why", "order-enriched", "O-1", "--property", "amount"]
    assert main([*asked, "--node", node.url, "--jwt", node.token]) == 0
    running = capsys.readouterr().out
    assert "amount = 800" in running
    assert main([*asked, "--data", str(data)]) == 2
    assert "is in use by process" in capsys.readouterr().err
    node._stop()
    assert main([*asked, "--data", str(data)]) == 0
    assert capsys.readouterr().out == running


def test_an_entity_that_never_was_ends_with_one(webshop, capsys):
    node, _ = webshop
    asked = ["why", "order-enriched", "O-44", "--node", node.url, "--jwt", node.token]
    assert main(asked) == 1
    assert 'did you mean "O-4"?' in capsys.readouterr().err


def test_the_lineage_of_what_is_shared(webshop):
    node, _ = webshop
    with NodeClient(node.url, node.token) as client:
        told = client.get("/pipes/order-share/lineage", property="product")
    rules = "$.transform.rules.default"
    places = {
        "shared": {"endpoint": "order-share", "property": "product"},
        "made": {"dataset": "order-enriched", "property": "product"},
        "filter": {"dataset": "order-enriched", "property": "amount"},
        "id": {"dataset": "product", "property": "_id"},
        "id-in": {"source": "product", "property": "_id"},
        "name": {"dataset": "product", "property": "name"},
        "name-in": {"source": "product", "property": "name"},
        "key": {"dataset": "order", "property": "product_id"},
        "key-in": {"source": "order", "property": "product_id"},
        "deleted": {"dataset": "order", "property": "_deleted"},
        "status": {"dataset": "order", "property": "status"},
    }

    def edge(source, target, pipe, kind, rule):
        return {
            "from": places[source],
            "to": places[target],
            "pipe": pipe,
            "kind": kind,
            "rule": rule,
        }

    enriched = "order-enriched"
    assert sorted(told["edges"], key=str) == sorted(
        [
            edge("made", "shared", "order-share", "copied", f"{rules}[1]"),
            edge("filter", "shared", "order-share", "filtered-by", f"{rules}[0]"),
            edge("id", "made", enriched, "joined", f"{rules}[4]"),
            edge("name", "made", enriched, "joined", f"{rules}[4]"),
            edge("key", "made", enriched, "joined", f"{rules}[4]"),
            edge("deleted", "made", enriched, "filtered-by", f"{rules}[0]"),
            edge("status", "made", enriched, "filtered-by", f"{rules}[0]"),
            edge("id-in", "id", "product", "copied", ""),
            edge("name-in", "name", "product", "copied", ""),
            edge("key-in", "key", "order", "copied", ""),
        ],
        key=str,
    )
    assert sorted(told["nodes"], key=str) == sorted(places.values(), key=str)
    assert told["cycles"] == []
