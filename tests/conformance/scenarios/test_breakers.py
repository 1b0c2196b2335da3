"""Circuit breakers, completeness, populated datasets, subsets and indexes."""

from __future__ import annotations

import json


def tripped(node):
    node.receiver("in", {"_id": "1"}, {"_id": "2"})
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "in"},
        sink={"type": "dataset", "circuit_breaker_threshold_count": 2},
    )
    node.run("out")
    node.post("in", {"_id": "1", "x": 1}, {"_id": "3"}, {"_id": "4"})
    node.pump("out", "start")
    assert node.idle("out")["success"] is False
    return node.http


def ids(node, **params):
    return [e["_id"] for e in node.entities("out", **params)]


def test_a_run_over_the_limit_is_not_seen_until_it_is_committed(node):
    http = tripped(node)
    assert ids(node) == ["1", "2"]
    assert ids(node, uncommitted="true")[:2] == ["1", "2"]
    assert len(ids(node, uncommitted="true")) > 2
    assert node.pump("out", "start", expect=409)["is-running"] is False
    assert (
        http.post("/datasets/out", data={"operation": "commit-circuit-breaker"}).status_code == 200
    )
    assert len(ids(node)) > 2
    node.run("out")
    assert node.live("out") == {"1": {"x": 1}, "2": {}, "3": {}, "4": {}}


def test_a_rollback_takes_back_what_the_run_wrote(node):
    http = tripped(node)
    assert (
        http.post("/datasets/out", data={"operation": "rollback-circuit-breaker"}).status_code
        == 200
    )
    assert ids(node) == ids(node, uncommitted="true") == ["1", "2"]
    node.pump("out", "start")
    assert node.idle("out")["success"] is False
    node.http.post("/datasets/out", data={"operation": "rollback-circuit-breaker"})
    node.post("in", {"_id": "4", "_deleted": True}, {"_id": "3", "_deleted": True})
    node.run("out")
    assert node.live("out") == {"1": {"x": 1}, "2": {}}


def test_a_breaker_that_has_not_tripped_has_nothing_to_commit(node):
    node.receiver("in", {"_id": "1"})
    for operation in ("commit-circuit-breaker", "rollback-circuit-breaker", "dance"):
        answer = node.http.post("/datasets/in", data={"operation": operation})
        assert (
            answer.status_code in (400, 409) if operation == "dance" else answer.status_code < 500
        )
    answer = node.http.post("/datasets/nope", data={"operation": "commit-circuit-breaker"})
    assert answer.status_code == 404


def test_no_breaker_on_the_first_run(node):
    node.receiver("in", *({"_id": str(n)} for n in range(10)))
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "in"},
        sink={"type": "dataset", "circuit_breaker_threshold_count": 2},
    )
    node.run("out")
    assert len(node.live("out")) == 10


# ---- populated ----------------------------------------------------------------------------------


def populated(node, dataset):
    headers = node.http.get(f"/datasets/{dataset}/entities").headers
    assert headers["X-Dataset-Populated"] == str(node.dataset(dataset)["populated"]).lower()
    return node.dataset(dataset)["populated"]


def test_populated_travels_downstream_and_never_and_always_do_not_ask(node):
    node.receiver("in", {"_id": "1"}, sink={"type": "dataset"})
    for name in ("never", "always", "initially", "if-source-populated"):
        sink = {"type": "dataset", "set_initial_offset": name}
        node.pipe(f"out-{name}", {"type": "dataset", "dataset": "in"}, sink=sink)
        node.run(f"out-{name}")
    assert {
        name: populated(node, f"out-{name}")
        for name in ("never", "always", "initially", "if-source-populated")
    } == {
        "never": False,
        "always": True,
        "initially": True,
        "if-source-populated": True,
    }
    node.pipe("after-never", {"type": "dataset", "dataset": "out-never"})
    node.run("after-never")
    assert populated(node, "after-never") is False
    assert (
        node.http.get("/datasets/after-never/entities", params={"populated": "true"}).status_code
        == 404
    )
    assert (
        node.http.get("/datasets/out-always/entities", params={"populated": "true"}).status_code
        == 200
    )


def test_a_receiver_is_populated_from_the_start_and_onload_too(node):
    node.receiver("in")
    assert node.http.get("/datasets/in/entities", params={"populated": "true"}).status_code == 200
    assert node.dataset("in")["populated"] is True
    node.pipe(
        "load",
        {"type": "dataset", "dataset": "in"},
        sink={"type": "dataset", "set_initial_offset": "onload"},
    )
    assert node.dataset("load")["populated"] is True
    node.pipe("not", {"type": "http_endpoint", "auto_populate_dataset": False})
    node.post("not", {"_id": "1"})
    assert node.dataset("not")["populated"] is False


# ---- completeness -------------------------------------------------------------------------------


def completeness(node, dataset):
    value = node.http.get(f"/datasets/{dataset}/entities").headers.get("X-Dataset-Completeness")
    return None if value is None else int(value)


def test_completeness_comes_from_the_request_and_travels_down_as_the_least(node):
    node.receiver("a")
    node.receiver("b")
    url = "/receivers/{}/entities"
    assert (
        node.http.post(
            url.format("a"), json=[{"_id": "1"}], headers={"X-Dataset-Completeness": "1000"}
        ).status_code
        == 200
    )
    assert (
        node.http.post(
            url.format("b"), json=[{"_id": "1"}], headers={"X-Dataset-Completeness": "500"}
        ).status_code
        == 200
    )
    hop = ["hops", {"datasets": ["b b"], "where": ["eq", "_S._id", "b._id"]}]
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "a"},
        transform=[["copy", "_id"], ["add", "b", ["count", hop]]],
    )
    node.pipe(
        "alone",
        {"type": "dataset", "dataset": "a"},
        transform=[["copy", "_id"], ["add", "b", ["count", hop]]],
        exclude_completeness=["b"],
    )
    node.run("out", "alone")
    assert (completeness(node, "a"), completeness(node, "b")) == (1000, 500)
    assert (completeness(node, "out"), completeness(node, "alone")) == (500, 1000)


def test_a_source_with_completeness_holds_back_what_is_newer(node):
    node.receiver("a")
    head = {"X-Dataset-Completeness": "1000"}
    node.http.post("/receivers/a/entities", json=[{"_id": "1"}], headers=head)
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "a", "completeness": True},
        sink={"type": "dataset", "deletion_tracking": False},
    )
    node.run("out")
    assert node.live("out") == {}
    ts = node.entities("a")[0]["_ts"]
    node.http.post("/receivers/a/entities", json=[], headers={"X-Dataset-Completeness": str(ts)})
    node.run("out")
    assert sorted(node.live("out")) == ["1"]


# ---- headers ------------------------------------------------------------------------------------


def test_dataset_headers_say_where_its_end_is_and_which_generation_it_is(node):
    node.receiver("a", {"_id": "1"}, {"_id": "2"})
    headers = node.http.get("/datasets/a/entities", params={"limit": 1}).headers
    assert json.loads(headers["X-Dataset-Max-Updated"]) == 1
    generation = headers["X-Dataset-Generation"]
    assert node.http.delete("/datasets/a").status_code == 200
    node.post("a", {"_id": "1"})
    headers = node.http.get("/datasets/a/entities").headers
    assert json.loads(headers["X-Dataset-Max-Updated"]) == 0
    assert headers["X-Dataset-Generation"] != generation


# ---- subsets and indexes ------------------------------------------------------------------------


def subset(node, dataset, expression, **params):
    return node.http.get(
        f"/datasets/{dataset}/entities", params={"subset": json.dumps(expression), **params}
    )


def test_the_vowels_of_the_manual(node):
    letters = [
        {"_id": letter, **({"vowel": True} if letter in "AEIOUY" else {})}
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    ]
    node.pipe("letters", {"type": "embedded", "entities": letters}, sink={"indexes": ["_S.vowel"]})
    node.pipe(
        "published-letters",
        {"type": "dataset", "dataset": "letters"},
        sink={"type": "http_endpoint"},
    )
    node.run("letters")
    vowels = subset(node, "letters", ["eq", "_S.vowel", True]).json()
    assert [(e["_id"], e["_updated"]) for e in vowels] == [
        ("A", 0),
        ("E", 4),
        ("I", 8),
        ("O", 14),
        ("U", 20),
        ("Y", 24),
    ]

    def published(**params):
        answer = node.http.get("/publishers/published-letters/entities", params=params)
        assert answer.status_code == 200, answer.text
        return [(e["_id"], e["_updated"]) for e in answer.json()]

    assert published() == [(letter["_id"], at) for at, letter in enumerate(letters)]
    assert published(since=21) == [("W", 22), ("X", 23), ("Y", 24), ("Z", 25)]
    assert published(since=20, limit=3) == [("V", 21), ("W", 22), ("X", 23)]
    assert published(since=23, limit=3) == [("Y", 24), ("Z", 25)]
    headers = node.http.get("/publishers/published-letters/entities").headers
    assert (headers["X-Dataset-Populated"], headers["X-Dataset-Max-Updated"]) == ("true", "25")


def test_a_subset_without_an_index_is_not_found(node):
    node.receiver("in", {"_id": "1", "x": 1})
    assert subset(node, "in", ["eq", "_S.x", 1]).status_code == 404
    for bad in (["eq", "_S.x"], "x", 3, ["neq", "_S.x", 1]):
        assert subset(node, "in", bad).status_code in (400, 404), bad
    assert node.http.get("/datasets/in/entities", params={"subset": "[not json"}).status_code == 400


def test_what_leaves_a_subset_comes_out_deleted(node):
    node.receiver(
        "in",
        {"_id": "1", "x": 1},
        {"_id": "2", "x": 2},
        sink={"type": "dataset", "indexes": ["_S.x"]},
    )
    node.pipe("out", {"type": "dataset", "dataset": "in", "subset": ["eq", "_S.x", 1]})
    node.run("out")
    assert node.log("out") == [("1", False, {"x": 1})]
    node.post("in", {"_id": "1", "x": 3}, {"_id": "2", "x": 1})
    node.run("out")
    assert [(i, d) for i, d, _ in node.log("out", since=0)] == [("1", True), ("2", False)]


def test_an_index_that_nobody_needs_any_more_is_orphaned_and_can_be_deleted(node):
    node.receiver("city", {"_id": "c", "code": "x"})
    node.receiver("person", {"_id": "p", "city": "x"})
    hop = ["hops", {"datasets": ["city c"], "where": ["eq", "_S.city", "c.code"]}]
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "person"},
        transform=[["copy", "_id"], ["add", "c", hop]],
    )
    node.run("out")

    def indexes():
        return node.http.get("/datasets/city/indexes").json()

    (index,) = [i for i in indexes() if "code" in json.dumps(i["expression"])]
    assert (index["status"], index["dataset"]) == ("up-to-date", "city")
    node.pipe("out", {"type": "dataset", "dataset": "person"}, transform=[["copy", "_id"]])
    node.run("out")
    at, index = next(
        (n, i) for n, i in enumerate(indexes()) if "code" in json.dumps(i["expression"])
    )
    assert index["status"] == "orphaned"
    number = index.get("_id", index.get("id", at))
    assert node.http.delete(f"/datasets/city/indexes/{number}").status_code == 200
    assert [i for i in indexes() if "code" in json.dumps(i["expression"])] == []
    assert node.http.delete("/datasets/city/indexes/99").status_code == 404
    assert node.http.get("/datasets/nope/indexes").status_code == 404
