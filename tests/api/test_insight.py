"""Why and what would change, over HTTP: what is answered, what is refused."""

from __future__ import annotations

import time

import pytest
from api_testing import LOUD, PEOPLE, run


def test_why_answers_data(shop):
    told = shop.get("/datasets/loud/why", params={"entity_id": "1", "property": "name"}).json()
    assert (told["exact"], told["properties"]["name"]["value"]) == (True, "ADA")
    assert [item["dataset"] for item in told["inputs"]] == ["people"]
    assert told["because"][0]["nodes"][0]["text"] == '"name" set by add'


def test_why_answers_text(shop):
    answer = shop.get("/datasets/loud/why", params={"entity_id": "1", "format": "text"})
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith('loud "1", version 0 of ')
    assert '  name = "ADA"\n    "name" set by add  ($.transform.rules.default[1])' in answer.text


@pytest.mark.parametrize(
    ("path", "parameters", "status", "hint"),
    [
        ("loud", {"entity_id": "11"}, 404, 'did you mean "1"?'),
        ("lod", {"entity_id": "1"}, 404, 'did you mean "loud"?'),
        ("loud", {"entity_id": "1", "property": "nane"}, 400, 'did you mean "name"?'),
    ],
)
def test_what_is_not_there_is_told_with_what_is_near(shop, path, parameters, status, hint):
    answer = shop.get(f"/datasets/{path}/why", params=parameters)
    assert answer.status_code == status
    assert answer.json()["problems"][0]["hint"] == hint


def test_a_depth_beyond_all_pipes_costs_nothing(shop):
    asked = {"entity_id": "1", "depth": "99999999999999"}
    assert shop.get("/datasets/loud/why", params=asked).json()["exact"] is True


def test_the_entity_must_be_named(shop):
    answer = shop.get("/datasets/loud/why")
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        'the parameter "entity_id" is missing',
    )


def test_computed_ids_are_found_by_their_records(shop):
    """In processes of their own: the one that answers has not made the index of the records."""
    named = {
        **LOUD,
        "_id": "named",
        "transform": {"type": "dtl", "rules": {"default": [["add", "_id", "_S.name"]]}},
    }
    assert shop.put("/config", json=[PEOPLE, LOUD, named]).status_code == 200
    run(shop, "named")
    told = shop.get("/datasets/named/why", params={"entity_id": "Ada"}).json()
    assert (told["exact"], told["sources"][0]["entity_id"]) == (True, "1")
    draft = {**named, "transform": {"type": "dtl", "rules": {"default": [["add", "_id", "x"]]}}}
    told = shop.post("/pipes/named/diff", json={"config": draft}).json()
    assert (told["counts"]["added"], told["counts"]["deleted"]) == (1, 1)


# ---- what would change ---------------------------------------------------------------------------

SILENT = {
    **LOUD,
    "transform": {"type": "dtl", "rules": {"default": [["copy", "_id"], ["add", "n", 1]]}},
}


def compared(node, pipe_id, **asked):
    """The result over everything."""
    answer = node.post(f"/pipes/{pipe_id}/diff", json={"all": True, **asked})
    assert (answer.status_code, answer.json()["state"]) == (202, "running"), answer.text
    path = answer.headers["Location"].removeprefix("/api")
    while (told := node.get(path).json())["state"] == "running":
        time.sleep(0.01)
    return told


def test_a_draft_is_compared_with_the_sink(shop):
    told = shop.post("/pipes/loud/diff", json={"config": SILENT}).json()
    assert told["counts"] == {
        "added": 0,
        "changed": 1,
        "deleted": 0,
        "unchanged": 0,
        "errors": 0,
    }
    assert told["properties"] == {
        "n": {"added": 1, "changed": 0, "removed": 0, "examples": [{"_id": "1", "new": 1}]},
        "name": {"added": 0, "changed": 0, "removed": 1, "examples": [{"_id": "1", "old": "ADA"}]},
    }
    job = compared(shop, "loud", config=SILENT)
    assert (job["state"], job["result"]) == ("done", told)
    assert job["progress"] == {"phase": "done", "read": 1, "of": 1, "compared": 1}
    assert not [d for d in shop.get("/datasets").json() if d["_id"].startswith("system:diff:")]


def test_without_a_draft_the_pipe_itself_is_compared(shop):
    told = shop.post("/pipes/loud/diff").json()
    assert (told["complete"], told["counts"]["unchanged"]) == (True, 1)


@pytest.mark.parametrize(
    ("pipe_id", "asked", "status", "message"),
    [
        ("nobody", {}, 404, 'there is no pipe "nobody"'),
        ("loud", {"limit": 0}, 400, 'the field "limit" does not fit'),
        ("loud", {"confg": {}}, 400, 'unknown field "confg"'),
        ("loud", {"config": {**LOUD, "source": {"type": "nothing"}}}, 400, "the draft has errors"),
        ("loud", {"config": {"type": "system:url"}}, 400, "the draft has errors"),
    ],
)
def test_what_cannot_be_compared_is_refused(shop, pipe_id, asked, status, message):
    answer = shop.post(f"/pipes/{pipe_id}/diff", json=asked)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_an_unknown_comparison_is_not_found(shop):
    assert shop.get("/pipes/loud/diff/none").status_code == 404
    assert shop.delete("/pipes/loud/diff/none").status_code == 404


def test_a_comparison_can_be_ended_and_only_so_many_run(shop):
    many = [{"_id": str(n), "name": "x"} for n in range(60_000)]
    assert shop.put("/config", json=[{**PEOPLE, "source": {"type": "http_endpoint"}}, LOUD])
    assert shop.post("/receivers/people/entities", json=many).status_code == 200
    jobs = [shop.post("/pipes/loud/diff", json={"all": True}).json() for _ in range(2)]
    third = shop.post("/pipes/loud/diff", json={"all": True})
    assert (third.status_code, jobs[0]["job"] in third.json()["message"]) == (409, True)
    for job in jobs:
        ended = shop.delete(f"/pipes/loud/diff/{job['job']}")
        assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")
    assert shop.get(f"/pipes/loud/diff/{jobs[0]['job']}").json()["state"] == "cancelled"
    assert not [d for d in shop.get("/datasets").json() if d["_id"].startswith("system:diff:")]


# ---- lineage -------------------------------------------------------------------------------------


def test_the_lineage_of_a_property_is_a_graph(shop):
    told = shop.get("/datasets/loud/lineage", params={"property": "name"}).json()
    edges = [
        {
            "from": {"dataset": "people", "property": "name"},
            "to": {"dataset": "loud", "property": "name"},
            "pipe": "loud",
            "kind": "computed",
            "rule": "$.transform.rules.default[1]",
        },
        {
            "from": {"source": "people", "property": "name"},
            "to": {"dataset": "people", "property": "name"},
            "pipe": "people",
            "kind": "copied",
            "rule": "",
        },
    ]
    assert told == {
        "dataset": "loud",
        "property": "name",
        "direction": "upstream",
        "nodes": [edges[0]["to"], edges[0]["from"], edges[1]["from"]],
        "edges": edges,
        "cycles": [],
    }
    assert shop.get("/pipes/loud/lineage", params={"property": "name"}).json() == told
    down = {"property": "name", "direction": "downstream"}
    told = shop.get("/datasets/people/lineage", params=down).json()
    assert told["edges"] == edges[:1]


def test_lineage_without_a_property_is_that_of_all(shop):
    told = shop.get("/datasets/loud/lineage").json()
    assert [edge["to"]["property"] for edge in told["edges"] if edge["pipe"] == "loud"] == [
        "_id",
        "name",
    ]


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("/datasets/laud/lineage", {}, 404),
        ("/pipes/none/lineage", {}, 404),
        ("/datasets/loud/lineage", {"direction": "sideways"}, 400),
    ],
)
def test_lineage_of_what_there_is_not_is_refused(shop, path, parameters, status):
    assert shop.get(path, params=parameters).status_code == status
