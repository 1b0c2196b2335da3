"""Two real nodes that pull from and push to each other over HTTP."""

from __future__ import annotations

import pytest
from two_nodes import know, pipe, post, receiver, run

FLAGS = {"supports_since": True, "is_since_comparable": True, "is_chronological": True}


def state(client, dataset):
    """The latest version of each entity: its `x`, or null where it is deleted."""
    entities = client.get(f"/datasets/{dataset}/entities", params={"history": "false"}).json()
    return {item["_id"]: None if item["_deleted"] else item.get("x") for item in entities}


@pytest.mark.parametrize("published", [False, True])
def test_one_node_pulls_from_a_dataset_or_a_publisher_of_another(node, other, published):
    receiver(node, "people")
    post(node, "people", *({"_id": str(number), "x": number} for number in range(25)))
    url = "datasets/people/entities"
    if published:
        pipe(
            node,
            "share",
            source={"type": "dataset", "dataset": "people"},
            sink={"type": "http_endpoint"},
            transform={"type": "dtl", "rules": {"default": [["copy", "*"]]}},
            pump={},
        )
        url = "publishers/share/entities"
    source = {"type": "json", "system": "a", "url": url, "page_size": 10, **FLAGS}
    pipe(other, "people", source=source)
    first = run(other, "people")
    assert (first["last-seen"], state(other, "people")) == (
        "24",
        {str(number): number for number in range(25)},
    )
    post(node, "people", {"_id": "3", "_deleted": True}, {"_id": "4", "x": "new"}, {"_id": "25"})
    second = run(other, "people")
    assert (second["last-seen"], state(other, "people")) == ("27", state(node, "people"))
    assert other.get("/datasets/people").json()["runtime"]["populated"] is True


def test_a_dataset_that_is_not_populated_populates_nothing(node, other):
    pipe(
        node,
        "in",
        source={"type": "http_endpoint", "auto_populate_dataset": False},
        pump={},
    )
    post(node, "in", {"_id": "1"})
    source = {"type": "json", "system": "a", "url": "datasets/in/entities"}
    pipe(other, "copy", source=source)
    run(other, "copy")
    assert other.get("/datasets/copy").json()["runtime"]["populated"] is False


def test_one_node_pushes_to_another_with_its_deletes(node, other, running_node, second_node):
    receiver(node, "people")
    receiver(other, "in")
    know(node, "b", second_node)
    post(node, "people", {"_id": "1", "x": 1}, {"_id": "2", "x": 2}, {"_id": "3", "x": 3})
    post(other, "in", {"_id": "old"})
    sink = {"type": "json", "system": "b", "url": "receivers/in/entities", "batch_size": 2}
    pipe(node, "push", source={"type": "dataset", "dataset": "people"}, sink=sink)
    run(node, "push")
    assert state(other, "in") == {"old": None, "1": 1, "2": 2, "3": 3}
    post(node, "people", {"_id": "2", "_deleted": True}, {"_id": "3", "x": 33})
    run(node, "push")
    assert state(other, "in") == {"old": None, "1": 1, "2": None, "3": 33}
    log = str(node.get("/pipes/push/log").json()) + str(node.get("/pipes/push").json())
    assert second_node.token not in log


def test_what_a_publisher_tells_of_its_dataset(node):
    receiver(node, "people")
    post(node, "people", {"_id": "1"}, {"_id": "2"})
    dataset = node.get("/datasets/people/entities").headers
    sink = {"type": "http_endpoint"}
    source = {"type": "dataset", "dataset": "people"}
    pipe(node, "plain", source=source, sink=sink, pump={})
    rules = {"type": "dtl", "rules": {"default": [["copy", "*"]]}}
    pipe(node, "made", source=source, transform=rules, sink=sink, pump={})
    union = {"type": "union_datasets", "datasets": ["people", "gone"]}
    pipe(node, "union", source=union, sink=sink, pump={})
    embedded = {"type": "embedded", "entities": []}
    pipe(node, "fixed", source=embedded, sink=sink, pump={})
    told = {
        name: {
            key.removeprefix("x-dataset-"): value
            for key, value in node.get(f"/publishers/{name}/entities").headers.items()
            if key.startswith("x-dataset-")
        }
        for name in ("plain", "made", "union", "fixed")
    }
    same = {
        "populated": "true",
        "max-updated": "1",
        "generation": dataset["X-Dataset-Generation"],
        "completeness": dataset["X-Dataset-Completeness"],
    }
    assert told == {
        "plain": same,
        "made": {**same, "filtered": "true"},
        "union": {"populated": "false", "filtered": "true"},
        "fixed": {},
    }


def test_a_request_is_passed_on_to_a_system(other, node, running_node):
    receiver(node, "people")
    answer = other.post("/systems/a/proxy/receivers/people/entities", json=[{"_id": "1", "x": 1}])
    assert (answer.status_code, answer.json()) == (200, {})
    answer = other.get(
        "/systems/a/proxy/datasets/people/entities", params={"history": "false", "limit": 1}
    )
    assert [entity["_id"] for entity in answer.json()] == ["1"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Dataset-Populated"] == "true"
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert other.get("/systems/a/proxy/pipes/gone").status_code == 404
    assert other.delete("/systems/a/proxy/pipes/people").status_code == 200
    assert node.get("/pipes/people").status_code == 404


def test_what_cannot_be_passed_on_is_told(other):
    systems = [{"_id": "down", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"}]
    assert other.post("/systems", json=systems).status_code == 201
    answer = other.get("/systems/down/proxy/x")
    assert (answer.status_code, "failed" in answer.json()["detail"]) == (502, True)
    assert other.get("/systems/none/proxy/x").status_code == 404
    assert other.get("/systems/down/proxy/a/%2e%2e/x").status_code == 400


def test_a_receiver_checks_requests_with_a_secret_of_the_node(node):
    assert node.put("/secrets", json={"word": "s3cret"}).status_code == 200
    expression = "{{ '' if request_headers['X-Word'] == secret('word') else 'wrong word' }}"
    source = {"type": "http_endpoint", "validation_expression": expression}
    pipe(node, "guarded", source=source, pump={})
    url = "/receivers/guarded/entities"
    assert node.post(url, json=[{"_id": "1"}], headers={"x-word": "s3cret"}).status_code == 200
    refused = node.post(url, json=[{"_id": "2"}], headers={"x-word": "other"})
    assert (refused.status_code, refused.json()["message"]) == (400, "wrong word")
    assert state(node, "guarded") == {"1": None}


def test_a_dataset_is_replicated_with_its_offsets(node, other):
    """The second node's copy has the offsets of the first one's dataset, over its whole history."""
    receiver(node, "orders")
    post(node, "orders", {"_id": "1", "n": 1}, {"_id": "2"})
    post(node, "orders", {"_id": "1", "n": 2})
    source = {"type": "json", "system": "a", "url": "datasets/orders/entities?history=true"}
    pipe(other, "copy", source={**source, **FLAGS}, sink={"type": "replicated_dataset"})

    def versions(client, dataset):
        found = client.get(f"/datasets/{dataset}/entities", params={"history": "true"}).json()
        return [(one["_updated"], one["_id"], one.get("n"), one["_deleted"]) for one in found]

    run(other, "copy")
    post(node, "orders", {"_id": "2", "_deleted": True})
    run(other, "copy")
    expected = [(0, "1", 1, False), (1, "2", None, False), (2, "1", 2, False), (3, "2", None, True)]
    assert versions(node, "orders") == versions(other, "copy") == expected
    assert other.post("/datasets/copy/entities", json=[{"_id": "1"}]).status_code == 409
