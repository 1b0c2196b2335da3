"""`POST /api/dtl/why`: why rules under work make of an entity what they make of it."""

from __future__ import annotations

import pytest
from api_testing import PEOPLE, run

RULES = [
    ["copy", "_id"],
    ["add", "name", ["upper", "_S.name"]],
    ["if", ["gt", "_S.n", 10], ["add", "many", True]],
    ["if", ["eq", "_S._id", "out"], ["filter"]],
]
MORE = {"_id": "out", "name": "Eve", "n": 2}


@pytest.fixture
def people(node):
    source = {"type": "embedded", "entities": [*PEOPLE["source"]["entities"], MORE]}
    assert node.put("/config", json=[{**PEOPLE, "source": source}]).status_code == 200
    run(node, "people")
    return node


def why(node, status=200, **fields):
    answer = node.post("/dtl/why", json={"rules": RULES, "dataset": "people", **fields})
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_value_leads_back_to_the_rule_and_the_property_that_made_it(people):
    told = why(people, ids=["1"], path="$.name")
    assert told["value"] == "ADA"
    cause = told["because"][0]
    assert (cause["kind"], cause["path"]) == ("set", "$.rules.default[1]")
    assert '["upper", "_S.name"]' in told["told"]
    assert '"Ada"' in told["told"]


def test_a_missing_value_leads_to_the_condition_that_was_not_met(people):
    told = why(people, ids=["1"], path="$.many")
    assert "value" not in told
    assert told["rule"] == "$.rules.default[2]"
    assert told["reason"] == "not-taken"
    assert told["told"].startswith("$.many is not there")


def test_nothing_at_all_came_out(people):
    told = why(people, ids=["out"], result=3)
    assert (told["reason"], told["rule"]) == ("filtered", "$.rules.default[3][2]")


def test_an_entity_that_comes_along_is_asked_about_without_a_dataset(people):
    told = why(people, dataset=None, entities=[{"_id": "x", "name": "y"}], path="$.name")
    assert told["value"] == "Y"


def test_an_entity_that_is_not_there_is_told(people):
    assert why(people, 404, ids=["none"])["message"] == "there is no such source entity"
    assert "at most 1" in why(people, 400, ids=["1", "out"])["detail"]
    assert "path" in why(people, 400, ids=["1"], path="name..")["message"]
