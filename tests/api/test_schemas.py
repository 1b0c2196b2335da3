"""Schemas over HTTP: of datasets, of what pipes read and write, as columns of a table."""

from __future__ import annotations

import pytest
from api_testing import LOUD, PEOPLE


@pytest.mark.parametrize(
    ("path", "title", "names"),
    [
        ("/pipes/loud/entity-types/source", "pipe:loud:source", ["_id", "n", "name"]),
        ("/pipes/loud/entity-types/sink", "pipe:loud:sink", ["_id", "name"]),
        ("/pipes/people/entity-types/source", "pipe:people:source", ["_id", "n", "name"]),
        ("/datasets/people/schema", "dataset:people", ["_id", "n", "name"]),
    ],
)
def test_entity_types_are_json_schemas(shop, path, title, names):
    told = shop.get(path).json()
    assert (told["$id"], told["type"], list(told["properties"])) == (title, "object", names)
    assert (told["x-entities"], told["x-complete"]) == (1, True)


def test_where_inference_is_switched_off_there_is_no_entity_type(shop):
    off = {**LOUD, "infer_pipe_entity_types": False}
    assert shop.put("/config", json=[PEOPLE, off]).status_code == 200
    answer = shop.get("/pipes/loud/entity-types/sink")
    assert answer.status_code == 404
    assert answer.json()["message"] == (
        'the pipe "loud" has "infer_pipe_entity_types" switched off'
    )


def test_schema_definitions_are_columns_of_what_is_there_and_of_what_would_be_made(shop):
    columns = shop.get("/datasets/people/generate-schema-definition").json()
    assert [(c["name"], c["type"], c["primary_key"]) for c in columns] == [
        ("_id", "string", True),
        ("n", "integer", False),
        ("name", "string", False),
    ]
    answer = shop.get("/pipes/loud/generate-schema-definition", params={"keys_only": "true"})
    assert answer.json() == ["_id", "name"]


@pytest.mark.parametrize(
    "path",
    [
        "/pipes/none/entity-types/sink",
        "/pipes/none/generate-schema-definition",
        "/datasets/none/schema",
        "/datasets/none/generate-schema-definition",
    ],
)
def test_what_there_is_not_has_no_schema(shop, path):
    assert shop.get(path).status_code == 404


def test_the_checker_knows_what_has_been_observed(shop):
    """A property that is far behind what a sample would read."""
    config = [{**PEOPLE, "source": {"type": "http_endpoint"}}, LOUD]
    assert shop.put("/config", json=config).status_code == 200
    many = [{"_id": str(n), "name": "x"} for n in range(1_200)]
    many.append({"_id": "last", "rare": 1})
    assert shop.post("/receivers/people/entities", json=many).status_code == 200
    rules = [["copy", "_id"], ["add", "x", "_S.rare"]]
    before = shop.post("/dtl/check", json={"rules": rules, "dataset": "people"}).json()
    assert [problem["code"] for problem in before["problems"]] == ["unknown-property"]
    shop.get("/datasets/people/schema")
    after = shop.post("/dtl/check", json={"rules": rules, "dataset": "people"}).json()
    assert after["problems"] == []
