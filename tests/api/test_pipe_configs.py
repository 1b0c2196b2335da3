"""The configuration of a pipe, saved only where nobody has changed it meanwhile."""

from __future__ import annotations

import pytest

PIPE = {"_id": "a", "type": "pipe", "source": {"type": "embedded", "entities": []}}
MANUAL = {**PIPE, "pump": {"mode": "manual"}}
CONFIG = "/pipes/a/config"


def test_a_configuration_is_replaced_where_it_is_as_it_was_read(node):
    node.put("/config", json=[MANUAL])
    tag = node.get(CONFIG).headers["ETag"]
    changed = {**MANUAL, "description": "mine"}
    assert node.put(CONFIG, json=changed, headers={"If-Match": tag}).status_code == 200
    assert node.get(CONFIG).headers["ETag"] != tag


def test_a_configuration_that_was_changed_meanwhile_is_not_overwritten(node):
    node.put("/config", json=[MANUAL])
    tag = node.get(CONFIG).headers["ETag"]
    theirs = {**MANUAL, "description": "theirs"}
    node.put(CONFIG, json=theirs)
    answer = node.put(CONFIG, json=MANUAL, headers={"If-Match": tag})
    assert answer.status_code == 412
    assert "has been changed or added meanwhile" in answer.json()["message"]
    assert node.get(CONFIG).json() == theirs


def test_the_tag_is_the_same_for_the_same_configuration(node):
    node.put("/config", json=[MANUAL])
    tag = node.get(CONFIG).headers["ETag"]
    node.put(CONFIG, json={**MANUAL, "description": "x"})
    node.put(CONFIG, json=MANUAL)
    assert node.get(CONFIG).headers["ETag"] == tag


def test_a_pipe_is_added_only_where_there_is_none(node):
    fresh = {"If-None-Match": "*"}
    assert node.put(CONFIG, json=MANUAL, headers=fresh).status_code == 200
    assert node.put(CONFIG, json=MANUAL, headers=fresh).status_code == 412
    gone = {"If-Match": node.get(CONFIG).headers["ETag"]}
    node.delete("/pipes/a")
    answer = node.put(CONFIG, json=MANUAL, headers=gone)
    assert answer.status_code == 412
    assert 'the pipe "a" is not there' in answer.json()["message"]


@pytest.mark.parametrize("headers", [{"If-Match": "*"}, {"If-None-Match": '"x"'}, {"If-Match": ""}])
def test_headers_that_mean_nothing_here_save_nothing(node, headers):
    node.put("/config", json=[MANUAL])
    changed = {**MANUAL, "description": "x"}
    assert node.put(CONFIG, json=changed, headers=headers).status_code in (400, 412)
    assert node.get(CONFIG).json() == MANUAL


def test_a_preview_skips_what_has_side_effects_and_says_so(node):
    pipe = {
        **MANUAL,
        "source": {"type": "embedded", "entities": [{"_id": "1"}]},
        "transform": [
            {"type": "dtl", "rules": {"default": [["copy", "*"]]}},
            {"type": "http", "system": "web", "url": "x"},
        ],
    }
    system = {"_id": "web", "type": "system:url", "base_url": "http://127.0.0.1:9/"}
    assert node.put("/config", json=[pipe, system]).status_code == 200
    (told,) = node.post("/pipes/a/preview", data={"side-effects": "skip"}).json()
    assert told["skipped"] == [{"position": 1, "type": "http"}]
    assert told["results"][0]["emitted"] == [{"_id": "1"}]
    assert node.post("/pipes/a/preview").status_code == 400
    assert node.post("/pipes/a/preview", data={"side-effects": "perhaps"}).status_code == 400
