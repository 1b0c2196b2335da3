"""Reading datasets over HTTP: parameters, headers, subsets, reposts."""

from __future__ import annotations

import json
import time

import pytest
from api_testing import run

from sesam_node.model import encode
from sesam_node.model.formats import FORMATS, read_entities_as, write_entities

PEOPLE = {
    "_id": "people",
    "type": "pipe",
    "source": {
        "type": "embedded",
        "entities": [
            {"_id": "a", "country": "NO", "n": 1},
            {"_id": "b", "country": "SE", "n": 2},
            {"_id": "c", "country": "NO", "n": 3},
        ],
    },
    "sink": {"type": "dataset", "indexes": ["_S.country"]},
    "pump": {"mode": "manual"},
}
BOX = {
    "_id": "box",
    "type": "pipe",
    "source": {"type": "http_endpoint"},
    "sink": {"type": "dataset", "indexes": ["_S.country"]},
}
NORWAY = json.dumps(["eq", "_S.country", "NO"])


def put(node, *components):
    answer = node.put("/config", json=list(components))
    assert answer.status_code == 200, answer.text


def contents(entities):
    return [{k: v for k, v in e.items() if k == "_id" or k[0] != "_"} for e in entities]


def post(node, *entities):
    answer = node.post("/receivers/box/entities", json=list(entities))
    assert answer.status_code == 200, answer.text


def read(node, dataset, **parameters):
    answer = node.get(f"/datasets/{dataset}/entities", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(entities):
    return [entity["_id"] for entity in entities]


def seen(entities):
    return [(entity["_id"], entity["_updated"], entity["_deleted"]) for entity in entities]


@pytest.fixture
def people(node):
    put(node, PEOPLE)
    run(node, "people")
    return node


@pytest.fixture
def box(node):
    """A dataset in which `b` has moved away, `c` was deleted and `d` never was in the subset."""
    put(node, BOX)
    if node.get("/datasets/box").status_code == 200:
        node.delete("/datasets/box")
    post(node, *({"_id": name, "country": "NO"} for name in "abc"), {"_id": "d", "country": "SE"})
    post(node, {"_id": "b", "country": "SE"}, {"_id": "c", "_deleted": True})
    return node


# ---- parameters and headers ----------------------------------------------------------------------


def test_a_read_leaves_out_the_first_and_keeps_to_the_limit(people):
    assert ids(read(people, "people", start=1, limit=1)) == ["b"]
    assert ids(read(people, "people", start=2)) == ["c"]
    assert read(people, "people", start=3) == []
    assert read(people, "people", limit=0) == []
    assert ids(read(people, "people", reverse="true", start=1)) == ["b", "a"]


def test_all_versions_hold_the_deletes_whatever_is_asked(box):
    assert ids(read(box, "box", deleted="false")) == ["a", "b", "c", "d", "b", "c"]
    assert ids(read(box, "box", deleted="false", history="false")) == ["a", "d", "b"]
    assert ids(read(box, "box", history="false")) == ["a", "d", "b", "c"]


def test_the_headers_tell_of_the_dataset(people):
    answer = people.get("/datasets/people/entities")
    info = people.get("/datasets/people").json()["runtime"]
    assert answer.headers["X-Dataset-Populated"] == "true"
    assert answer.headers["X-Dataset-Max-Updated"] == "2"
    assert answer.headers["X-Dataset-Generation"] == info["generation"]
    assert "X-Dataset-Filtered" not in answer.headers
    live = people.get("/datasets/people/entities", params={"history": "false", "deleted": "false"})
    assert live.headers["X-Dataset-Filtered"] == "true"
    head = people.head("/datasets/people/entities")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["X-Dataset-Max-Updated"] == "2"
    assert "POST" in people.options("/datasets/people/entities").headers["Allow"]


def test_a_dataset_that_is_not_populated_can_be_refused(node):
    put(node, {**BOX, "source": {"type": "http_endpoint", "auto_populate_dataset": False}})
    node.delete("/datasets/box")
    post(node, {"_id": "a"})
    answer = node.get("/datasets/box/entities", params={"populated": "true"})
    assert (answer.status_code, answer.json()["problems"][0]["code"]) == (404, "not-populated")
    assert ids(read(node, "box")) == ["a"]


def test_fields_choose_what_is_told_of_datasets(people):
    assert people.get("/datasets/people", params={"fields": "type"}).json() == {
        "_id": "people",
        "type": "dataset",
    }
    listed = people.get("/datasets", params={"fields": "_id", "include-internal-datasets": "false"})
    assert {"_id": "people"} in listed.json()
    assert not [item for item in listed.json() if item["_id"].startswith("system:")]


def test_an_entity_is_found_by_id_by_path_and_at_its_offset(box):
    assert box.get("/datasets/box/entity", params={"entity_id": "b"}).json()["_updated"] == 4
    assert box.get("/datasets/box/entities/b").json()["_updated"] == 4
    at_1 = box.get("/datasets/box/entity", params={"entity_id": "b", "offset": 1}).json()
    assert (at_1["country"], at_1["_previous"]) == ("NO", None)
    assert box.get("/datasets/box/entities/b", params={"offset": 1}).json() == at_1
    wrong = box.get("/datasets/box/entity", params={"entity_id": "b", "offset": 0})
    assert (wrong.status_code, "at offset 0" in wrong.json()["message"]) == (404, True)


# ---- subsets -------------------------------------------------------------------------------------


def test_a_subset_is_a_dataset_whose_lost_entities_are_deleted(box):
    assert seen(read(box, "box", subset=NORWAY, history="false")) == [
        ("a", 0, False),
        ("b", 4, True),
        ("c", 5, True),
    ]
    assert seen(read(box, "box", subset=NORWAY, history="false", deleted="false")) == [
        ("a", 0, False)
    ]
    assert seen(read(box, "box", subset=NORWAY)) == [
        ("a", 0, False),
        ("b", 1, False),
        ("c", 2, False),
        ("b", 4, True),
        ("c", 5, True),
    ]


def test_a_reader_of_a_subset_goes_on_where_it_was(box):
    first = read(box, "box", subset=NORWAY, history="false", limit=2)
    assert ids(first) == ["a", "b"]
    rest = read(box, "box", subset=NORWAY, history="false", since=first[-1]["_updated"])
    assert seen(rest) == [("c", 5, True)]
    assert ids(read(box, "box", subset=NORWAY, reverse="true", history="false", start=1)) == [
        "b",
        "a",
    ]


def test_an_entity_outside_a_subset_is_not_there(box):
    def status(entity_id):
        parameters = {"entity_id": entity_id, "subset": NORWAY}
        return box.get("/datasets/box/entity", params=parameters).status_code

    assert [status(name) for name in "abcd"] == [200, 404, 404, 404]
    assert box.get("/datasets/box/entities/a", params={"subset": NORWAY}).status_code == 200


@pytest.mark.parametrize(
    ("subset", "status", "code"),
    [
        (json.dumps(["eq", "_S.name", "x"]), 404, "no-index"),
        (json.dumps(["eq", "_S.country", None]), 400, "wrong-subset"),
        (json.dumps(["gt", "_S.country", "x"]), 400, "wrong-subset"),
        ("country", 400, "wrong-subset"),
        ("[" * 4000, 400, "wrong-subset"),
    ],
)
def test_what_is_no_subset_is_told(box, subset, status, code):
    answer = box.get("/datasets/box/entities", params={"subset": subset})
    problem = answer.json()["problems"][0]
    assert (answer.status_code, problem["path"], problem["code"]) == (status, "$.subset", code)
    assert problem["hint"]


# ---- reposts -------------------------------------------------------------------------------------


def repost(node, *entities, dataset="people", **parameters):
    return node.post(f"/datasets/{dataset}/entities", json=list(entities), params=parameters)


def test_a_repost_writes_what_is_changed_and_tells_the_pipe(people):
    answer = repost(people, {"_id": "a", "n": 9}, {"_id": "b", "country": "SE", "n": 2, "_ts": 1})
    assert (answer.status_code, answer.json()) == (200, {"changed": 1, "unchanged": 1})
    assert contents(read(people, "people", since=2)) == [{"_id": "a", "n": 9}]
    event = people.get("/pipes/people/log", params={"reverse": "true", "limit": 1}).json()[0]
    assert event["event_type"] == "entities-reposted"
    assert (event["pipe"], event["num_entities"]) == ("people", 2)
    assert event["entities"] == [
        {"_id": "a", "_deleted": False, "_updated": 3},
        {"_id": "b", "_deleted": False, "_updated": 1},
    ]


def test_a_forced_repost_writes_what_is_unchanged_too(people):
    same = {"_id": "a", "country": "NO", "n": 1}
    assert repost(people, same).json() == {"changed": 0, "unchanged": 1}
    assert repost(people, same, force="true").json() == {"changed": 1, "unchanged": 0}
    newest = people.get("/datasets/people/entity", params={"entity_id": "a"}).json()
    first = people.get("/datasets/people/entity", params={"entity_id": "a", "offset": 0}).json()
    assert (newest["_updated"], newest["_previous"]) == (3, 0)
    assert newest["_hash"] == first["_hash"]


def test_a_repost_takes_nothing_that_is_larger_than_the_node_allows(node):
    defaults = {"max_entity_bytes_size": 60}
    metadata = {"_id": "node", "type": "metadata", "global_defaults": defaults}
    assert node.put("/config", json=[metadata, PEOPLE]).status_code == 200
    run(node, "people")
    answer = repost(node, {"_id": "x"}, {"_id": "y", "text": "z" * 60})
    [problem] = answer.json()["problems"]
    assert (answer.status_code, problem["path"], problem["code"]) == (400, "$[1]", "too-large")


def test_a_repost_deletes_and_readers_are_signalled(node):
    reader = {
        "_id": "copy",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "people"},
        "pump": {"schedule_interval": 3000},
    }
    put(node, PEOPLE)
    run(node, "people")
    put(node, PEOPLE, reader)
    run(node, "copy")
    assert repost(node, {"_id": "b", "_deleted": True}).json() == {"changed": 1, "unchanged": 0}
    while not node.get("/datasets/copy/entity", params={"entity_id": "b"}).json()["_deleted"]:
        time.sleep(0.01)


def test_a_refused_repost_writes_nothing(people):
    answer = repost(people, {"_id": "x"}, {"n": 1}, {"_id": "y", "n": "~t1"})
    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (400, "$[1]._id")
    assert repost(people, {"_id": "x"}, dataset="none").status_code == 404
    log = "system:pump_execution:people"
    assert repost(people, {"_id": "x"}, dataset=log).status_code == 409
    assert ids(read(people, "people")) == ["a", "b", "c"]


# ---- formats -------------------------------------------------------------------------------------

HARD = [
    {"_id": "1", "when": "~t2020-01-01T00:00:00.123456789Z", "n": 2**63, "tags": ["a"], "x": None},
    {"_id": "2", "when": "~t1999-12-31T00:00:00Z", "n": -1, "tags": "a", "f": "~f1.50"},
    {"_id": "3", "deep": {"a": [{"b": "~:x:y"}], "c": {}}, "z": -0.0, "text": "~~t2020-01-01"},
]
SHARE = {
    "_id": "share",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "box"},
    "sink": {"type": "http_endpoint"},
}


@pytest.mark.parametrize("form", FORMATS)
def test_entities_are_the_same_in_every_format_on_every_path(node, form):
    plain = {"type": "http_endpoint", "do_float_as_int": False, "do_float_as_decimal": False}
    put(node, BOX | {"source": plain}, SHARE)
    node.delete("/datasets/box")
    page = [encode(entity) for entity in HARD]
    sent = node.post(
        "/receivers/box/entities",
        content=b"".join(write_entities([page], form)),
        headers={"Content-Type": form},
    )
    assert (sent.status_code, sent.json()) == (200, {})
    stored = node.get("/datasets/box/entities").json()
    assert [encode(entity) for entity in contents(stored)] == page
    for path in ("/datasets/box/entities", "/publishers/share/entities", "/pipes/share/entities"):
        answer = node.get(path, headers={"Accept": form})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, form)
        found = read_entities_as(answer.content, form)
        assert [encode(entity) for entity in contents(found)] == page
    again = node.post(
        "/datasets/box/entities",
        content=b"".join(write_entities([page], form)),
        headers={"Content-Type": form},
    )
    assert again.json() == {"changed": 0, "unchanged": 3}


def test_a_body_that_is_not_of_its_type_is_refused(node):
    put(node, BOX)
    for form in FORMATS:
        answer = node.post(
            "/receivers/box/entities", content=b"\xc1nothing", headers={"Content-Type": form}
        )
        assert (answer.status_code, len(answer.json()["problems"])) == (400, 1)


def test_a_subset_comes_in_every_format(box):
    for form in FORMATS:
        answer = box.get(
            "/datasets/box/entities",
            params={"subset": NORWAY, "history": "false"},
            headers={"Accept": form},
        )
        assert ids(read_entities_as(answer.content, form)) == ["a", "b", "c"]


def test_only_the_properties_that_are_asked_for_come(box):
    def read_lines(**parameters):
        answer = box.get(
            "/datasets/box/entities",
            params={"history": "false", "deleted": "false", "limit": "1"} | parameters,
            headers={"Accept": "application/x-ndjson"},
        )
        return answer.text

    assert read_lines(properties='["country", "none"]', reserved="false") == (
        '{"_id":"a","country":"NO"}\n'
    )
    assert '"_updated":' in read_lines(properties="[]")
    assert '"_updated":' not in read_lines(reserved="false")
    answer = box.get("/datasets/box/entities", params={"properties": "country"})
    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (400, "$.properties")


# ---- time travel ---------------------------------------------------------------------------------


def test_a_dataset_is_read_as_it_was(box):
    assert seen(read(box, "box", as_of=3, history="false")) == [
        ("a", 0, False),
        ("b", 1, False),
        ("c", 2, False),
        ("d", 3, False),
    ]
    answer = box.get("/datasets/box/entities", params={"as_of": 3})
    assert answer.headers["X-Dataset-Max-Updated"] == "3"
    assert ids(read(box, "box", as_of=3, subset=NORWAY)) == ["a", "b", "c"]
    assert read(box, "box", as_of="2001-01-01") == []
    now = read(box, "box")[-1]["_ts"]
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now / 1e6 + 2))
    assert len(read(box, "box", as_of=later)) == 6


def test_an_entity_is_read_as_it_was(box):
    parameters = {"entity_id": "b", "as_of": 3}
    assert box.get("/datasets/box/entity", params=parameters).json()["country"] == "NO"
    missing = box.get("/datasets/box/entity", params={"entity_id": "d", "as_of": 2})
    assert missing.status_code == 404
    both = box.get("/datasets/box/entity", params={"entity_id": "d", "as_of": 2, "offset": 1})
    assert both.status_code == 400


def test_a_moment_that_was_compacted_is_gone(node):
    put(node, BOX | {"compaction": {"keep_versions": 1, "automatic": False}})
    if node.get("/datasets/box").status_code == 200:
        node.delete("/datasets/box")
    for n in range(4):
        post(node, {"_id": "a", "n": n})
    done = node.post("/datasets/box", data={"operation": "compact"}).json()["compacted"]
    assert done["versions"] == 3
    for path in ("/datasets/box/entities", "/datasets/box/entity", "/pipes/box/entities"):
        answer = node.get(path, params={"as_of": 1, "entity_id": "a"})
        assert (answer.status_code, answer.json()["exact_from"]) == (410, 4)
    answer = node.post("/datasets/box/query", json={"as_of": 1})
    assert (answer.status_code, answer.json()["exact_from"]) == (410, 4)
    assert node.get("/datasets/box/diff", params={"from": 1}).status_code == 410
    assert ids(read(node, "box", as_of=3)) == ["a"]


def test_what_is_no_moment_is_refused(box):
    for path in ("/datasets/box/entities", "/datasets/box/entity", "/pipes/box/entities"):
        answer = box.get(path, params={"as_of": "yesterday", "entity_id": "a"})
        problem = answer.json()["problems"][0]
        assert (answer.status_code, problem["code"]) == (400, "wrong-moment")


def test_the_difference_of_two_moments_is_read(box):
    found = box.get("/datasets/box/diff", params={"from": 3}).json()
    assert found["counts"] == {"added": 0, "changed": 1, "deleted": 1}
    assert found["changes"][0]["properties"] == [
        {"name": "country", "change": "changed", "old": "NO", "new": "SE"}
    ]
    assert box.get("/datasets/box/diff").status_code == 400
    wrong = box.get("/datasets/box/diff", params={"from": 3, "to": 1})
    assert (wrong.status_code, wrong.json()["problems"][0]["path"]) == (400, "$.from")


def test_the_life_of_an_entity_is_read(box):
    found = box.get("/datasets/box/history", params={"entity_id": "c"}).json()
    assert [item["change"] for item in found["changes"]] == ["deleted", "created"]
    missing = box.get("/datasets/box/history", params={"entity_id": "nobody"})
    assert (missing.status_code, "nobody" in missing.json()["message"]) == (404, True)


def test_an_offset_of_what_a_receiver_has_is_a_number(box):
    for since in ("[1", "x", '{"a": 1}'):
        answer = box.get("/pipes/box/entities", params={"since": since})
        assert (answer.status_code, "since" in answer.json()["message"]) == (400, True), since


def test_a_pipe_is_tried_on_the_datasets_of_then(box):
    put(box, BOX, SHARE)
    then = box.get("/pipes/share/entities", params={"as_of": 1}).json()
    assert ids(then) == ["a", "b"]
    answer = box.post("/pipes/share/preview", data={"as_of": "1", "limit": "10"})
    assert [item["source"]["_id"] for item in answer.json()[0]["results"]] == ["a", "b"]


# ---- queries -------------------------------------------------------------------------------------


def ask(node, dataset, **fields):
    return node.post(f"/datasets/{dataset}/query", json=fields)


def test_a_query_is_answered_in_every_format(people):
    fields = {"where": ["eq", "_S.country", "NO"], "order_by": ["-n"], "select": ["n"]}
    for form in FORMATS:
        answer = people.post("/datasets/people/query", json=fields, headers={"Accept": form})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, form)
        found = read_entities_as(answer.content, form)
        assert [(item["_id"], item["n"]) for item in found] == [("c", 3), ("a", 1)]


def test_a_query_counts_and_looks_back(box):
    assert ask(box, "box", count=True).json() == {"count": 3}
    assert ask(box, "box", count=True, as_of=3).json() == {"count": 4}
    assert ids(ask(box, "box", where=["eq", "_S.country", "NO"], as_of="3").json()) == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.parametrize(
    ("fields", "status", "path"),
    [
        ({"where": ["uper", "_S.name"]}, 400, "$.where[0]"),
        ({"order_by": [{"by": ["lowr", "_S.name"]}]}, 400, "$.order_by[0].by[0]"),
        ({"as_of": "yesterday"}, 400, "$.as_of"),
        ({"select": 5}, 400, "$.select"),
    ],
)
def test_what_is_wrong_with_a_query_is_told(people, fields, status, path):
    answer = ask(people, "people", **fields)
    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (status, path)


def test_a_query_has_no_other_fields(people):
    answer = ask(people, "people", wher=["eq", 1, 1])
    assert (answer.status_code, answer.json()["hint"]) == (400, 'did you mean "where"?')
    assert ask(people, "none").status_code == 404
