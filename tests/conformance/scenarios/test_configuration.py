"""Pipes, systems, variables and secrets come, change and go by the API."""

from __future__ import annotations

import json

import pytest

EMBEDDED = {"type": "embedded", "entities": [{"_id": "1"}]}


def pipe(pipe_id, **more):
    return {"_id": pipe_id, "type": "pipe", "source": EMBEDDED, "pump": {"mode": "manual"}, **more}


def errors_of(answer):
    """What the client reads of a refusal."""
    assert answer.status_code == 400, answer.text
    found = answer.json()["validation_errors"]
    return [
        (e["posted-config"]["_id"], item["level"], item["msg"])
        for e in found
        for item in e["config-errors"]
    ]


def test_a_pipe_is_posted_read_changed_and_deleted(node):
    http = node.http
    answer = http.post("/pipes", json=[pipe("p")])
    assert answer.status_code == 201
    (made,) = answer.json()
    assert (made["_id"], made["config"]["original"]) == ("p", pipe("p"))
    effective = made["config"]["effective"]
    assert effective["sink"] == {"type": "dataset", "dataset": "p"}
    assert made["runtime"]["state"] == "Deployed"
    assert made["runtime"]["is-valid-config"] is True
    assert made["runtime"]["config-errors"] == []
    assert http.post("/pipes", json=[pipe("p")]).status_code == 409
    assert http.get("/pipes/p/config").json() == pipe("p")
    changed = pipe("p", description="new")
    answer = http.put("/pipes/p/config", json=changed)
    assert (answer.status_code, answer.json()["_id"]) == (200, "p")
    assert answer.json()["config"]["original"] == changed
    assert [p["_id"] for p in http.get("/pipes").json()] == ["p"]
    assert http.get("/pipes/p", params={"fields": "_id"}).json() == {"_id": "p"}
    node.run("p")
    answer = http.delete("/pipes/p")
    assert (answer.status_code, type(answer.json())) == (200, dict)
    for path in (
        "/pipes/p",
        "/pipes/p/config",
        "/pipes/p/pump",
        "/pipes/p/log",
        "/pipes/p/entities",
    ):
        assert http.get(path).status_code == 404, path
    assert http.delete("/pipes/p").status_code == 404


def test_of_several_posted_pipes_all_come_or_none(node):
    http = node.http
    answer = http.post("/pipes", json=[pipe("a"), pipe("b", source={"type": "datset"})])
    assert [(i, level) for i, level, _ in errors_of(answer)] == [("b", "error")]
    assert http.get("/pipes").json() == []
    http.post("/pipes", json=[pipe("a")])
    assert http.post("/pipes", json=[pipe("b"), pipe("a")]).status_code == 409
    assert [p["_id"] for p in http.get("/pipes").json()] == ["a"]


def test_force_takes_a_configuration_with_errors_and_the_pipe_says_so(node):
    http = node.http
    wrong = pipe(
        "p", transform={"type": "dtl", "rules": {"default": [["add", "x", ["uper", "a"]]]}}
    )
    assert "uper" in errors_of(http.post("/pipes", json=[wrong]))[0][2]
    assert http.post("/pipes", params={"force": "true"}, json=[wrong]).status_code == 201
    runtime = http.get("/pipes/p").json()["runtime"]
    assert runtime["is-valid-config"] is False
    assert {"level", "msg", "elements"} <= set(runtime["config-errors"][0])
    assert http.post("/pipes/p/pump", data={"operation": "start"}).status_code >= 400
    assert http.put("/pipes/p/config", json=pipe("p")).status_code == 200
    assert http.get("/pipes/p").json()["runtime"]["is-valid-config"] is True
    node.run("p")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"7",
        b'[{"_id": "p"}]',
        b'[{"_id": "a/b", "type": "pipe", "source": {"type": "empty"}}]',
        b'[{"type": "pipe"}]',
        b"[[]]",
    ],
)
def test_a_bad_body_is_a_400_with_json(node, body):
    answer = node.http.post("/pipes", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]
    assert node.http.get("/pipes").json() == []


def test_the_id_in_the_path_and_in_the_configuration_agree(node):
    node.http.post("/pipes", json=[pipe("p")])
    assert node.http.put("/pipes/p/config", json=pipe("q")).status_code == 400
    assert [p["_id"] for p in node.http.get("/pipes").json()] == ["p"]


def test_systems_come_and_go_as_pipes_do(node):
    http = node.http
    system = {"_id": "s", "type": "system:url", "url_pattern": "http://localhost:9/%s"}
    assert http.post("/systems", json=[system]).status_code == 201
    assert http.post("/systems", json=[system]).status_code == 409
    assert http.get("/systems/s/config").json() == system
    assert http.get("/systems/s").json()["runtime"]["is-valid-config"] is True
    assert [s["_id"] for s in http.get("/systems").json()] == ["s"]
    changed = {**system, "url_pattern": "http://localhost:8/%s"}
    assert http.put("/systems/s/config", json=changed).json()["config"]["original"] == changed
    assert http.post("/systems", json=[{"_id": "t", "type": "system:nope"}]).status_code == 400
    assert http.delete("/systems/s").status_code == 200
    assert http.get("/systems/s").status_code == 404
    assert http.delete("/systems/s").status_code == 404


def test_a_pipe_with_an_unknown_system_is_refused(node):
    source = {"type": "json", "system": "nope", "url": "x"}
    (error,) = errors_of(node.http.post("/pipes", json=[pipe("p", source=source)]))
    assert error[:2] == ("p", "error")
    assert "nope" in error[2]


def test_variables_are_replaced_added_and_deleted(node):
    http = node.http
    assert http.put("/env", json={"a": 1, "b": "x"}).status_code == 200
    assert http.get("/env").json() == {"a": 1, "b": "x"}
    assert http.post("/env", json={"c": [1, {"d": None}]}).status_code == 200
    assert http.get("/env").json() == {"a": 1, "b": "x", "c": [1, {"d": None}]}
    assert http.delete("/env/b").status_code == 200
    assert http.delete("/env/b").status_code == 404
    assert http.put("/env", json={"z": True}).status_code == 200
    assert http.get("/env").json() == {"z": True}
    assert http.put("/env", json=[1]).status_code == 400


def test_a_variable_decides_the_source_and_a_change_of_it_another_one(node):
    http = node.http
    conditional = {
        "type": "conditional",
        "condition": "$ENV(node-env)",
        "alternatives": {
            "test": {"type": "embedded", "entities": [{"_id": "test"}]},
            "prod": {
                "type": "embedded",
                "entities": [{"_id": "prod", "x": "$ENV(text) and more", "y": "$ENV(number)"}],
            },
        },
    }
    http.put("/env", json={"node-env": "test", "text": "t", "number": 3})
    node.pipe("p", conditional)
    assert (
        http.get("/pipes/p").json()["config"]["effective"]["source"]
        == conditional["alternatives"]["test"]
    )
    assert http.get("/pipes/p").json()["config"]["original"]["source"] == conditional
    node.run("p")
    assert sorted(node.live("p")) == ["test"]
    http.put("/env", json={"node-env": "prod", "text": "t", "number": 3})
    assert http.get("/pipes/p").json()["config"]["effective"]["source"]["type"] == "embedded"
    node.run("p")
    assert list(node.live("p")) == ["prod"]
    http.put("/env", json={"node-env": "other", "text": "t", "number": 3}, params={"force": "true"})
    runtime = http.get("/pipes/p").json()["runtime"]
    assert runtime["is-valid-config"] is False
    assert "other" in json.dumps(runtime["config-errors"])


def test_a_missing_variable_is_an_error_of_the_configuration(node):
    errors = errors_of(node.http.post("/pipes", json=[pipe("p", batch_size="$ENV(nope)")]))
    assert "nope" in errors[0][2]


def test_secrets_are_named_and_never_told(node):
    http = node.http
    assert http.put("/secrets", json={"one": "hush-hush-1"}).status_code == 200
    assert http.post("/secrets", json={"two": "hush-hush-2"}).status_code == 200
    assert sorted(http.get("/secrets").json()) == ["one", "two"]
    system = {
        "_id": "s",
        "type": "system:url",
        "url_pattern": "http://localhost:9/%s",
        "password": "$SECRET(own)",
        "username": "u",
    }
    # Its own secrets can be set when it is there: until then it is not valid.
    assert http.post("/systems", json=[system]).status_code == 201
    assert http.get("/systems/s").json()["runtime"]["is-valid-config"] is False
    assert http.put("/systems/s/secrets", json={"own": "hush-hush-3"}).status_code == 200
    assert http.get("/systems/s/secrets").json() == ["own"]
    assert http.get("/systems/s").json()["runtime"]["is-valid-config"] is True
    for path in (
        "/systems/s",
        "/systems",
        "/secrets",
        "/systems/s/config",
        "/config",
        "/config-all",
    ):
        assert "hush-hush" not in http.get(path).text
    assert http.delete("/secrets/one").status_code == 200
    assert http.delete("/secrets/one").status_code == 404
    assert http.delete("/systems/s/secrets/own").status_code == 200
    assert http.get("/systems/s").json()["runtime"]["is-valid-config"] is False
    http.put("/systems/s/secrets", json={"own": "hush-hush-3"})
    http.delete("/systems/s")
    http.post("/systems", json=[system])
    assert http.get("/systems/s/secrets").json() == []


def test_config_groups_hold_their_own_components(node):
    http = node.http
    grouped = pipe("mine", metadata={"$config-group": "first"})
    http.post("/pipes", json=[pipe("default"), grouped])
    assert [c["_id"] for c in http.get("/config").json()] == ["default"]
    assert [c["_id"] for c in http.get("/config/first").json()] == ["mine"]
    assert sorted(c["_id"] for c in http.get("/config-all").json()) == ["default", "mine"]
    assert http.put("/config", json=[pipe("other")]).status_code == 200
    assert sorted(p["_id"] for p in http.get("/pipes").json()) == ["mine", "other"]
    assert http.put("/config/first", json=[pipe("again")]).status_code == 200
    assert sorted(p["_id"] for p in http.get("/pipes").json()) == ["again", "other"]
    assert [c["_id"] for c in http.get("/config/first").json()] == ["again"]
    assert http.put("/config/first", json=[]).status_code == 200
    assert [p["_id"] for p in http.get("/pipes").json()] == ["other"]


def test_the_history_of_a_pipe_is_kept(node):
    http = node.http
    for text in ("one", "two", "three"):
        node.pipe("remembered", EMBEDDED, description=text)
    http.delete("/pipes/remembered")

    def history(**params):
        answer = http.get("/config-history/entity", params={"entity_id": "remembered", **params})
        assert answer.status_code == 200, answer.text
        return [((e["config"] or {}).get("description"), e["_deleted"]) for e in answer.json()]

    every = history()
    assert every[-4:-1] == [("one", False), ("two", False), ("three", False)]
    assert every[-1][1] is True
    assert history(reverse="true") == every[::-1]
    assert history(limit=1) == every[:1]
    assert http.get("/config-history/entity").status_code == 400


def test_an_upload_with_an_error_changes_nothing(node):
    http = node.http
    assert http.put("/config", json=[pipe("a")]).status_code == 200
    errors_of(http.put("/config", json=[pipe("b"), pipe("c", source={"type": "nope"})]))
    assert [p["_id"] for p in http.get("/pipes").json()] == ["a"]


def test_the_metadata_is_put_read_and_deleted(node):
    http = node.http
    assert (
        http.put(
            "/metadata", json={"_id": "node", "type": "metadata", "namespaced_identifiers": True}
        ).status_code
        == 200
    )
    node.pipe("p", {"type": "embedded", "entities": [{"_id": "1", "x": 1}]})
    node.run("p")
    assert node.live("p") == {"p:1": {"p:x": 1}}
    assert http.delete("/metadata").status_code == 200
    assert http.get("/pipes/p").json()["config"]["effective"].get("namespaced_identifiers") in (
        None,
        False,
    )


def test_metrics_are_text_with_pipes_in_it(node):
    node.pipe("p", EMBEDDED)
    node.run("p")
    answer = node.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "sesam_pipe_" in answer.text
    assert 'pipe_id="p"' in answer.text or 'pipe="p"' in answer.text


def test_the_state_of_the_node_is_told(node):
    http = node.http
    assert http.get("/ping").json()["status"] == "running"
    assert http.get("/health").status_code == 200
    assert http.get("/").json()["status"]["developer_mode"] is True
    assert http.get("/api/nope").status_code == 404
    assert http.delete("/ping").status_code == 405
    assert "rdf" in http.get("/namespaces").text


def test_nobody_gets_in_without_a_token(node):
    for headers in (
        {"Authorization": ""},
        {"Authorization": "Bearer a.e30.c"},
        {"Authorization": "Bearer x"},
    ):
        for path in ("/pipes", "/datasets", "/env", "/config"):
            assert node.http.get(path, headers=headers).status_code in (401, 403), path


def test_rules_may_give_ids_to_what_comes_without(node):
    entities = [{"number": 7, "ok": True}, {"number": 8, "ok": False}, {"_id": "x", "number": 9}]
    rules = [
        ["filter", ["neq", "_S.ok", False]],
        ["copy", "*"],
        ["add", "_id", ["string", "_S.number"]],
    ]
    node.pipe("in", {"type": "embedded", "entities": entities}, rules)
    node.run("in")
    assert node.live("in") == {"7": {"number": 7, "ok": True}, "9": {"number": 9}}
    node.receiver("event", *entities, transform=rules)
    assert node.live("event") == node.live("in")
    node.pipe(
        "named", {"type": "embedded", "entities": entities}, rules, namespaced_identifiers=True
    )
    node.run("named")
    form = {"pipe-config": json.dumps(node.http.get("/pipes/in/config").json())}
    form["source"] = json.dumps(entities[0])
    (preview,) = node.http.post("/pipes/in/preview", data=form).json()
    assert "7" in json.dumps(preview)
    node.pipe("bare", {"type": "embedded", "entities": entities})
    assert '"_id"' in node.run("bare", success=False)["last-original-error-message"]
    node.pipe("none", {"type": "embedded", "entities": entities}, [["copy", "*"]])
    assert '"_id"' in node.run("none", success=False)["last-original-error-message"]
