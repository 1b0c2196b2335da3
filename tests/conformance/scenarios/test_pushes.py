"""Pushes: batches, full sequences, their conflicts, deletes (json-push.rst)."""

from __future__ import annotations

import json


def versions(node, dataset_id="mydataset"):
    return [
        (e["_id"], e.get("name"), e["_deleted"], e["_updated"], e["_previous"])
        for e in node.entities(dataset_id)
    ]


def endpoint(node):
    node.pipe(
        "myendpoint", {"type": "http_endpoint"}, sink={"type": "dataset", "dataset": "mydataset"}
    )


def test_the_examples_of_the_manual_come_out_as_printed(node):
    endpoint(node)
    a, b = {"_id": "a", "name": "A"}, {"_id": "b", "name": "B"}
    assert node.post("myendpoint", a, b).json() == {}
    first = [("a", "A", False, 0, None), ("b", "B", False, 1, None)]
    assert versions(node) == first
    full = {"is_full": "true", "sequence_id": "1"}
    assert node.post("myendpoint", b, request_id=1, is_first="true", **full).json() == {}
    assert versions(node) == first
    updated, c = {"_id": "a", "name": "A (updated)"}, {"_id": "c", "name": "C"}
    node.post("myendpoint", updated, c, request_id=2, previous_request_id=1, **full)
    second = [*first, ("a", "A (updated)", False, 2, 0), ("c", "C", False, 3, None)]
    assert versions(node) == second
    d = {"_id": "d", "name": "D"}
    node.post("myendpoint", d, request_id=3, previous_request_id=2, is_last="true", **full)
    third = [*second, ("d", "D", False, 4, None)]
    assert versions(node) == third
    full = {"is_full": "true", "sequence_id": "2"}
    node.post("myendpoint", a, b, request_id=1, is_first="true", **full)
    fourth = [*third, ("a", "A", False, 5, 2)]
    assert versions(node) == fourth
    node.post("myendpoint", d, request_id=2, previous_request_id=1, is_last="true", **full)
    assert versions(node) == [*fourth, ("c", "C", True, 6, 3)]
    hashes = {e["_updated"]: e["_hash"] for e in node.entities("mydataset")}
    assert hashes[0] == hashes[5]
    assert hashes[3] != hashes[6]


def test_a_full_sequence_in_one_request_deletes_what_it_does_not_have(node):
    endpoint(node)
    node.post("myendpoint", {"_id": "a"}, {"_id": "b"})
    node.post(
        "myendpoint",
        {"_id": "b"},
        is_full="true",
        sequence_id="s",
        request_id="0",
        is_first="true",
        is_last="true",
    )
    assert [(e["_id"], e["_deleted"]) for e in node.entities("mydataset", history=False)] == [
        ("b", False),
        ("a", True),
    ]


def test_an_empty_full_sequence_deletes_everything(node):
    endpoint(node)
    node.post("myendpoint", {"_id": "a"}, {"_id": "b"})
    full = {"is_full": "true", "sequence_id": "s"}
    node.post("myendpoint", request_id="0", is_first="true", is_last="true", **full)
    assert node.live("mydataset") == {}


def test_a_wrong_previous_request_is_a_conflict_and_writes_nothing(node):
    endpoint(node)
    full = {"is_full": "true", "sequence_id": "s"}
    node.post("myendpoint", {"_id": "a"}, request_id="1", is_first="true", **full)
    answer = node.post(
        "myendpoint", {"_id": "b"}, request_id="3", previous_request_id="2", expect=409, **full
    )
    assert answer.json()["detail"] if "detail" in answer.json() else answer.json()
    assert list(node.live("mydataset")) == ["a"]
    node.post(
        "myendpoint", {"_id": "b"}, request_id="3", previous_request_id="1", is_last="true", **full
    )
    assert sorted(node.live("mydataset")) == ["a", "b"]


def test_is_full_cannot_change_within_a_sequence(node):
    endpoint(node)
    node.post(
        "myendpoint", {"_id": "a"}, is_full="true", sequence_id="s", request_id="1", is_first="true"
    )
    node.post(
        "myendpoint",
        {"_id": "b"},
        is_full="true",
        sequence_id="s",
        request_id="2",
        previous_request_id="1",
    )
    node.post(
        "myendpoint",
        {"_id": "c"},
        is_full="true",
        is_first="true",
        sequence_id="s",
        request_id="3",
        previous_request_id="2",
        expect=409,
    )
    assert sorted(node.live("mydataset")) == ["a", "b"]


def test_a_new_sequence_replaces_the_open_one(node):
    endpoint(node)
    node.post("myendpoint", {"_id": "x"})
    one = {"is_full": "true", "sequence_id": "one"}
    two = {"is_full": "true", "sequence_id": "two"}
    node.post("myendpoint", {"_id": "a"}, request_id="1", is_first="true", **one)
    node.post("myendpoint", {"_id": "b"}, request_id="1", is_first="true", **two)
    node.post(
        "myendpoint", {"_id": "c"}, request_id="2", previous_request_id="1", is_last="true", **two
    )
    # What the first sequence alone had is not in the second one.
    assert sorted(node.live("mydataset")) == ["b", "c"]


def test_an_incremental_push_does_not_disturb_the_open_sequence(node):
    endpoint(node)
    full = {"is_full": "true", "sequence_id": "s"}
    node.post("myendpoint", {"_id": "a"}, request_id="1", is_first="true", **full)
    node.post("myendpoint", {"_id": "a", "name": "new"}, sequence_id="other", request_id="9")
    node.post(
        "myendpoint", {"_id": "b"}, request_id="2", previous_request_id="1", is_last="true", **full
    )
    assert sorted(node.live("mydataset")) == ["a", "b"]


def test_a_pushed_delete_writes_a_tombstone_and_a_later_push_brings_it_back(node):
    endpoint(node)
    node.post("myendpoint", {"_id": "a", "name": "A"})
    node.post("myendpoint", {"_id": "a", "_deleted": True})
    node.post("myendpoint", {"_id": "a", "_deleted": True})
    node.post("myendpoint", {"_id": "a", "name": "A"})
    assert [(v[0], v[2:]) for v in versions(node)] == [
        ("a", (False, 0, None)),
        ("a", (True, 1, 0)),
        ("a", (False, 2, 1)),
    ]


def test_one_object_is_a_batch_of_one(node):
    endpoint(node)
    answer = node.http.post("/receivers/myendpoint/entities", json={"_id": "a", "name": "A"})
    assert (answer.status_code, node.live("mydataset")) == (200, {"a": {"name": "A"}})


def test_a_chunked_body_is_taken(node):
    endpoint(node)
    text = json.dumps([{"_id": str(n), "name": "x" * 1000} for n in range(500)]).encode()
    pieces = (text[at : at + 777] for at in range(0, len(text), 777))
    answer = node.http.post(
        "/receivers/myendpoint/entities",
        content=pieces,
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()) == (200, {})
    assert len(node.live("mydataset")) == 500


def test_a_bad_batch_is_refused_as_a_whole(node):
    endpoint(node)
    node.post("myendpoint")
    for body in (b'[{"_id": "a"}, {"name": 1}]', b'[{"_id": "a"}, 3]', b'[{"_id": "a"}', b"7"):
        answer = node.http.post(
            "/receivers/myendpoint/entities",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 400, body
        assert answer.headers["Content-Type"].startswith("application/json")
    assert node.live("mydataset") == {}


def test_pushed_transit_values_come_back_as_they_are(node):
    endpoint(node)
    entity = {
        "_id": "a",
        "when": "~t2020-01-02T03:04:05.123456789Z",
        "many": ["~f1.50", "~rhttp://x/y", "~:ns:id", "~u4b0d3e7c-1f7c-4b0e-8d0c-0d4f0f8a2b11"],
        "big": 12345678901234567890123,
        "nested": {"~": 1, "x": None},
    }
    node.post("myendpoint", entity)
    assert node.live("mydataset")["a"] == {k: v for k, v in entity.items() if k != "_id"}


def test_a_push_to_a_pipe_that_is_no_receiver_is_refused(node):
    node.pipe("p", {"type": "embedded", "entities": []})
    assert node.http.post("/receivers/p/entities", json=[]).status_code in (400, 404)
    assert node.http.post("/receivers/nope/entities", json=[]).status_code == 404


def test_a_push_goes_through_the_transform(node):
    node.pipe(
        "in",
        {"type": "http_endpoint"},
        transform=[
            ["filter", ["gt", "_S.x", 1]],
            ["copy", "_id"],
            ["add", "y", ["plus", "_S.x", 1]],
        ],
    )
    node.post("in", {"_id": "a", "x": 1}, {"_id": "b", "x": 2})
    assert node.live("in") == {"b": {"y": 3}}
    node.post("in", {"_id": "b", "x": 0})
    assert [(e["_id"], e["_deleted"]) for e in node.entities("in")] == [("b", False), ("b", True)]
