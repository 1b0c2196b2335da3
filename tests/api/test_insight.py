"""Why, over HTTP: what is answered, what is refused."""

from __future__ import annotations

import time

import pytest

PEOPLE = {
    "_id": "people",
    "type": "pipe",
    "source": {"type": "embedded", "entities": [{"_id": "1", "name": "Ada"}]},
    "pump": {"mode": "manual"},
}
LOUD = {
    "_id": "loud",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "people"},
    "transform": {
        "type": "dtl",
        "rules": {"default": [["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]},
    },
    "pump": {"mode": "manual"},
}


def run(node, pipe_id):
    answer = node.post(f"/pipes/{pipe_id}/pump", data={"operation": "start"})
    assert answer.status_code == 200, answer.text
    while node.get(f"/pipes/{pipe_id}/pump").json()["runtime"]["is-running"]:
        time.sleep(0.01)


@pytest.fixture
def shop(node):
    assert node.put("/config", json=[PEOPLE, LOUD]).status_code == 200
    run(node, "people")
    run(node, "loud")
    return node


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


def test_the_entity_must_be_named(shop):
    answer = shop.get("/datasets/loud/why")
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        'the parameter "entity_id" is missing',
    )
