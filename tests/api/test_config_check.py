"""A configuration is checked on a node without being loaded."""

from __future__ import annotations

import io
import json
import zipfile

from api_testing import PEOPLE

WRONG = {
    "_id": "wrong",
    "type": "pipe",
    "source": {"type": "datset", "dataset": "people"},
    "pump": {"schedule_interval": "$ENV(often)"},
}
WITHOUT_VARIABLE = {
    ("wrong", "$.pump.schedule_interval", "missing-env"),
    ("wrong", "$.pump.schedule_interval", "wrong-type"),
}


def places(answer):
    return {
        (problem.get("component"), problem.get("path"), problem["code"])
        for problem in answer.json()["problems"]
    }


def form(components, env):
    return {
        "file": ("config", json.dumps(components), "application/json"),
        "env": ("env", json.dumps(env), "application/json"),
    }


def test_all_problems_are_told_and_nothing_is_loaded(node):
    node.put("/config", json=[PEOPLE])
    node.put("/env", json={})
    answer = node.post("/config-check", json=[PEOPLE, WRONG])
    assert answer.status_code == 200
    assert answer.json()["valid"] is False
    assert places(answer) == {
        ("wrong", "$.source.type", "unknown-type"),
        *WITHOUT_VARIABLE,
    }
    assert node.get("/config").json() == [PEOPLE]


def test_what_is_right_is_valid_with_its_warnings(node):
    hops = {"datasets": ["nowhere n"], "where": ["eq", "_S.a", "n.a"]}
    rules = {"default": [["copy", "_id"], ["add", "x", ["hops", hops]]]}
    looks = {**PEOPLE, "_id": "looks", "transform": {"type": "dtl", "rules": rules}}
    answer = node.post("/config-check", json=[PEOPLE, looks])
    assert answer.json()["valid"] is True
    assert [problem["code"] for problem in answer.json()["problems"]] == ["unknown-dataset"]


def test_the_variables_of_the_form_count_and_not_those_of_the_node(node):
    node.put("/env", json={"often": 30})
    right = {**WRONG, "source": {"type": "empty"}}
    assert node.post("/config-check", json=[right]).json()["valid"] is True
    assert node.post("/config-check", files=form([right], {"often": 60})).json()["valid"] is True
    answer = node.post("/config-check", files=form([right], {}))
    assert places(answer) == WITHOUT_VARIABLE
    assert node.get("/env").json() == {"often": 30}


def test_a_zip_is_checked_and_a_broken_file_has_its_place(node):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("pipes/people.conf.json", json.dumps(PEOPLE))
        archive.writestr("README.md", "# more")
    answer = node.post("/config-check", content=content.getvalue())
    assert (answer.json()["valid"], places(answer)) == (
        True,
        {(None, "README.md", "ignored-file")},
    )
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("pipes/people.conf.json", "{,}")
    answer = node.post("/config-check", content=content.getvalue())
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["path"] == "pipes/people.conf.json:1:2"


def test_what_is_no_configuration_is_refused(node):
    assert node.post("/config-check", json={}).json()["valid"] is False
    assert node.post("/config-check", json=[1, None]).json()["valid"] is False
    assert node.post("/config-check", content=b"").status_code == 400
    for env in ([], 3, {"a b": {}}):
        answer = node.post("/config-check", files=form([PEOPLE], env))
        assert answer.status_code in (200, 400), answer.text
    assert node.post("/config-check", files=form([PEOPLE], [])).status_code == 400
