"""`/api/dtl/scan`, portions and overlays of a real node: what is found, refused, never written."""

from __future__ import annotations

import json

import pytest
from api_testing import run

from sesam_node.dtl.trace import fold, validate

ENTITIES = [{"_id": str(n), "n": n, "odd": n % 2 == 1} for n in range(30)]
PEOPLE = {
    "_id": "people",
    "type": "pipe",
    "source": {"type": "embedded", "entities": ENTITIES},
    "pump": {"mode": "manual"},
}
HOP = {"datasets": ["people p"], "where": ["eq", "p.n", "_S.n"], "return": "p._id"}
EVEN = {
    "_id": "even",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "people"},
    "transform": {
        "type": "dtl",
        "rules": {
            "default": [
                ["copy", "_id"],
                ["filter", ["not", "_S.odd"]],
                ["add", "same", ["hops", HOP]],
                ["add", "half", ["/", "_S.n", 2]],
            ]
        },
    },
    "pump": {"mode": "manual"},
}


@pytest.fixture
def filled(node):
    answer = node.put("/config", params={"force": "true"}, json=[PEOPLE, EVEN])
    assert answer.status_code == 200, answer.text
    for pipe in ("people", "even"):
        run(node, pipe)
    return node


def ask(node, what, status=200, **fields):
    answer = node.post(f"/dtl/{what}", json=fields)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_scan_stops_at_the_first_hit_with_its_trace(filled):
    when = [{"if": ["gt", "_T.half", 5]}]
    found = ask(filled, "scan", pipe="even", when=when)
    assert [hit["_id"] for hit in found["hits"]] == ["12"]
    assert (found["read"], found["stopped"], found["errors"]) == (13, "hits", 0)
    validate(found["trace"])
    after = ask(filled, "scan", pipe="even", when=when, since=found["next"], hits=100)
    assert [hit["_id"] for hit in after["hits"]] == [str(n) for n in range(14, 30, 2)]
    assert "next" not in after
    short = ask(filled, "scan", pipe="even", when=when, trace=False, ids=["3", "20"], hits=9)
    assert [hit["_id"] for hit in short["hits"]] == ["20"]
    assert "trace" not in short


def test_a_draft_is_scanned_for_what_it_makes_otherwise(filled):
    rules = json.loads(json.dumps(EVEN["transform"]["rules"]).replace('["/", "_S.n", 2]', '"x"'))
    rules["default"][3] = ["add", "half", ["if", ["eq", "_S.n", 8], 0, ["/", "_S.n", 2]]]
    when = [{"differs": "deployed"}, {"differs": "stored"}]
    found = ask(filled, "scan", pipe="even", rules=rules, when=when, hits=10)
    assert [(hit["_id"], hit["conditions"]) for hit in found["hits"]] == [("8", [0, 1])]
    outputs = found["hits"][0]["outputs"]
    assert outputs["edited"][0]["half"] == 0
    assert outputs["deployed"] == outputs["stored"]


def test_traces_come_in_portions(filled):
    documents, since = [], None
    while True:
        more = {} if since is None else {"since": since}
        found = ask(filled, "trace", pipe="even", strength="counters", limit=8, **more)
        documents.append(found["trace"])
        since = found.get("next")
        if since is None:
            break
    assert [document["entities"] for document in documents] == [8, 8, 8, 6]
    whole = ask(filled, "trace", pipe="even", strength="counters", limit=100)["trace"]
    counters = [(c["path"], c["fired"], c["null"]) for c in whole["counters"]]
    assert [(c["path"], c["fired"], c["null"]) for c in fold(documents)["counters"]] == counters


def test_an_overlay_is_seen_by_all_and_written_nowhere(filled):
    before = {
        name: filled.get(f"/datasets/{name}/entities", params={"history": "true"}).json()
        for name in ("people", "even")
    }
    overlay = {"people": {"4": {"n": 100}, "5": None, "x": {"n": 100}}}
    for what in ("preview", "trace", "scan"):
        more = {"when": [{"outcome": "ok"}]} if what == "scan" else {}
        answer = ask(filled, what, pipe="even", ids=["4"], overlay=overlay, **more)
        text = json.dumps(answer)
        assert '"same": ["4", "x"]' in text
        assert '"~f50"' in text
    counted = ask(filled, "trace", pipe="even", overlay=overlay, strength="counters", limit=100)
    assert counted["trace"]["entities"] == 31  # one deleted, one more
    after = {
        name: filled.get(f"/datasets/{name}/entities", params={"history": "true"}).json()
        for name in ("people", "even")
    }
    assert after == before


def test_the_past_is_looked_at_with_as_of(filled):
    filled.put(
        "/pipes/people/config",
        json={**PEOPLE, "source": {"type": "embedded", "entities": [{"_id": "4", "n": 70}]}},
    )
    run(filled, "people")
    now = ask(filled, "preview", pipe="even", ids=["4"])["results"][0]
    then = ask(filled, "preview", pipe="even", ids=["4"], as_of="29")["results"][0]
    assert (now["source"]["n"], then["source"]["n"]) == (70, 4)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, '"when"'),
        ({"when": {}}, '"when"'),
        ({"when": [{"if": ["uper"]}]}, "conditions have problems"),
        ({"when": [{"outcome": "ok"}] * 51}, "at most 50"),
        ({"when": [], "hits": 1_001}, "at most 1,000"),
        ({"when": [], "limit": 10**8}, "at most 10,000,000"),
        ({"when": [], "since": {"offset": "x"}}, "whole number"),
        ({"when": [], "since": {"skip": -5}}, '"next" of an earlier answer'),
        ({"when": [], "since": [1]}, '"since"'),
        ({"when": [], "overlay": {"people": {"1": "x"}}}, "no entities"),
        ({"when": [], "overlay": {"people": {"1": {"_id": "2"}}}}, "no entities"),
        ({"when": [], "overlay": [1]}, '"overlay"'),
        ({"when": [], "overlay": {"people": 1}}, "expected entities by dataset"),
        ({"when": [], "as_of": "yesterday"}, "moment"),
        ({"when": [], "transform": 4}, "no dtl transform is at position 4"),
        ({"when": [{"differs": "deployed"}]}, "nothing that"),
        ({"when": [{"if": json.loads("[" * 150 + "]" * 150)}]}, ""),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_scanned_is_refused(filled, fields, words):
    answer = ask(filled, "scan", 400, pipe="even", **fields)
    assert words in json.dumps(answer).replace('\\"', '"')


def test_a_dataset_that_is_not_there_is_not_found(filled):
    answer = ask(filled, "scan", 404, pipe="even", when=[], overlay={"peple": {}})
    assert answer["problems"][0]["path"] == "$.overlay.peple"
    assert answer["problems"][0]["hint"] == 'did you mean "people"?'
