"""The API of a real node: statuses, shapes, and what is kept."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from api_testing import run

EMBEDDED = {
    "_id": "people",
    "type": "pipe",
    "source": {
        "type": "embedded",
        "entities": [
            {"_id": "1", "name": "Ada", "born": "~t1815-12-10T00:00:00Z", "n": 1.0},
            {"_id": "2", "name": 'Bo, or "B"', "n": 12345678901234567890},
            {"_id": "3", "name": "Cæsar"},
        ],
    },
    "pump": {"mode": "manual"},
}
RECEIVER = {
    "_id": "box",
    "type": "pipe",
    "source": {"type": "http_endpoint"},
}
PUBLISHER = {
    "_id": "people-share",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "people"},
    "transform": {
        "type": "dtl",
        "rules": {"default": [["copy", "*"], ["add", "seen", "_B.who"]]},
    },
    "sink": {"type": "http_endpoint"},
}
CSV = {
    "_id": "people-csv",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "people"},
    "sink": {"type": "csv_endpoint", "columns": ["_id", "name"], "filename": "people.csv"},
}
SYSTEM = {"_id": "shop", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"}


def put(node, *components, force="false"):
    return node.put("/config", params={"force": force}, json=list(components))


def contents(entities):
    return [{k: v for k, v in e.items() if k == "_id" or k[0] != "_"} for e in entities]


# ---- status --------------------------------------------------------------------------------------


def test_root_status_and_health(node):
    assert node.get("/").json()["status"]["developer_mode"] is True
    started = node.get("/status").json()["node_start_time"]
    assert started != int(started)
    assert node.get("/health").status_code == 200


def test_an_unknown_admin_operation_changes_nothing(node):
    put(node, EMBEDDED)
    answer = node.post("/admin", data={"operation": "explode"})
    assert answer.status_code == 400
    assert node.get("/pipes/people").status_code == 200


# ---- configuration -------------------------------------------------------------------------------


def test_a_configuration_comes_back_as_it_was_uploaded(node):
    answer = put(node, EMBEDDED, SYSTEM)
    assert (answer.status_code, answer.json()["validation_errors"]) == (200, [])
    assert node.get("/config").json() == [EMBEDDED, SYSTEM]
    assert b'"n":1.0' in node.get("/config").content
    zipped = node.get("/config", headers={"Accept": "application/zip"})
    assert zipped.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
        assert sorted(archive.namelist()) == ["pipes/people.conf.json", "systems/shop.conf.json"]
        assert json.loads(archive.read("pipes/people.conf.json")) == EMBEDDED


@pytest.mark.parametrize("form", ["zip", "json"])
@pytest.mark.parametrize("way", ["multipart", "plain"])
def test_a_configuration_comes_in_every_form(node, form, way):
    data = json.dumps([EMBEDDED]).encode()
    if form == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("pipes/people.conf.json", "\ufeff" + json.dumps(EMBEDDED))
        data = out.getvalue()
    if way == "multipart":
        answer = node.put("/config", files={"file": ("config", data, f"application/{form}")})
    else:
        answer = node.put("/config", content=data, headers={"Content-Type": f"application/{form}"})
    assert answer.status_code == 200, answer.text
    assert node.get("/config").json() == [EMBEDDED]


def test_an_upload_with_an_error_changes_nothing_and_tells_all_of_them(node):
    put(node, EMBEDDED)
    broken = {**PUBLISHER, "transform": {"type": "dtl", "rules": {"default": [["uper"]]}}}
    answer = put(node, broken, {**RECEIVER, "sink": {"type": "datset"}})
    assert answer.status_code == 400
    found = {
        item["posted-config"]["_id"]: [error["level"] for error in item["config-errors"]]
        for item in answer.json()["validation_errors"]
    }
    assert {name for name, levels in found.items() if "error" in levels} == {"people-share", "box"}
    assert node.get("/config").json() == [EMBEDDED]
    assert node.get("/pipes/box").status_code == 404


def test_force_loads_what_is_valid_and_marks_the_rest(node):
    broken = {**CSV, "transform": {"type": "dtl", "rules": {"default": [["uper"]]}}}
    assert put(node, EMBEDDED, broken, force="True").status_code == 200
    states = {pipe["_id"]: pipe["runtime"]["is-valid-config"] for pipe in node.get("/pipes").json()}
    assert states == {"people": True, "people-csv": False}
    errors = node.get("/pipes/people-csv").json()["runtime"]["config-errors"]
    assert errors[0].keys() >= {"level", "msg"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[{]", "line 1, column 3"),
        (b"", "there is no configuration in the body"),
        (b"PK\x03\x04 broken", "the zip file is broken"),
        (b'"text"', "expected"),
    ],
)
def test_a_body_that_is_no_configuration_is_told(node, content, message):
    answer = node.put("/config", content=content)
    assert answer.status_code == 400
    assert message in answer.text


def test_a_zip_that_leaves_its_folder_is_refused(node):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../pipes/a.conf.json", json.dumps(EMBEDDED))
    answer = node.put("/config", content=out.getvalue())
    assert answer.status_code == 400
    assert node.get("/config").json() == []


def test_the_history_of_a_component(node):
    put(node, {**EMBEDDED, "comment": "one"})
    put(node, {**EMBEDDED, "comment": "two"})
    history = node.get("/config-history/entity", params={"entity_id": "people", "reverse": "True"})
    assert history.status_code == 200
    assert len(history.json()) >= 2


# ---- pipes and systems ---------------------------------------------------------------------------


def test_pipes_are_added_with_201_and_a_second_time_refused(node):
    answer = node.post("/pipes", json=[EMBEDDED])
    assert (answer.status_code, [pipe["_id"] for pipe in answer.json()]) == (201, ["people"])
    again = node.post("/pipes", json=[EMBEDDED])
    assert again.status_code == 409
    assert "people" in again.json()["message"]
    broken = {**CSV, "sink": {"type": "nothing"}}
    assert node.post("/pipes", json=[broken]).status_code == 400
    assert node.get("/pipes/people-csv").status_code == 404


def test_a_pipe_has_its_original_and_effective_configuration(node):
    node.put("/env", json={"who": "Ada"})
    pipe = {**RECEIVER, "description": "for $ENV(who)"}
    put(node, pipe)
    found = node.get("/pipes/box").json()
    assert found["config"]["original"] == pipe
    effective = found["config"]["effective"]
    assert (effective["description"], effective["sink"]["dataset"]) == ("for Ada", "box")
    assert found["runtime"]["state"] == "Deployed"
    assert found["runtime"]["is-valid-config"] is True


def test_fields_choose_what_is_answered(node):
    put(node, EMBEDDED)
    assert node.get("/pipes", params={"fields": "runtime"}).json()[0].keys() == {"_id", "runtime"}
    assert node.get("/pipes/people", params={"fields": "_id"}).json() == {"_id": "people"}


def test_one_pipe_is_replaced_read_and_deleted(node):
    answer = node.put("/pipes/people/config", json=EMBEDDED)
    assert (answer.status_code, answer.json()["_id"]) == (200, "people")
    assert node.get("/pipes/people/config").json() == EMBEDDED
    wrong = node.put("/pipes/other/config", json=EMBEDDED)
    assert wrong.status_code == 400
    assert node.delete("/pipes/people").json()["_id"] == "people"
    assert node.get("/pipes/people").status_code == 404
    assert node.delete("/pipes/people").status_code == 404


def test_systems_are_added_replaced_and_deleted(node):
    assert node.post("/systems", json=[SYSTEM]).status_code == 201
    assert node.post("/systems", json=[SYSTEM]).status_code == 409
    listed = node.get("/systems", params={"include-internal-systems": "true"}).json()
    assert [system["_id"] for system in listed] == ["shop"]
    changed = {**SYSTEM, "verify_ssl": True}
    answer = node.put("/systems/shop/config", json=changed)
    assert answer.json()["config"]["original"] == changed
    assert node.get("/systems/shop").json()["runtime"]["is-valid-config"] is True
    assert node.get("/systems/shop/config").json() == changed
    assert node.delete("/systems/shop").status_code == 200
    assert node.get("/systems/shop").status_code == 404


def test_secrets_are_named_and_never_shown(node):
    put(node, SYSTEM)
    assert node.put("/secrets", json={"a": "hush1", "b": "hush2"}).json() == ["a", "b"]
    assert node.post("/secrets", params={"encrypt": "true"}, json={"c": "hush3"}).status_code == 200
    assert node.delete("/secrets/a").json() == ["b", "c"]
    assert node.put("/systems/shop/secrets", json={"s": "hush4"}).json() == ["s"]
    assert node.get("/systems/shop/secrets").json() == ["s"]
    assert node.delete("/systems/shop/secrets/s").json() == []
    assert node.get("/systems/nothing/secrets").status_code == 404
    wrong = node.put("/secrets", json={"a": 5})
    assert (wrong.status_code, "hush" in wrong.text) == (400, False)
    assert node.put("/secrets", json={}).json() == []


def test_put_env_replaces_and_post_adds(node):
    assert node.put("/env", json={"a": 1, "b": "x"}).json() == {"a": 1, "b": "x"}
    assert node.put("/env", json={"c": 1.5}).json() == {"c": 1.5}
    assert node.post("/env", json={"d": None}).json() == {"c": 1.5, "d": None}
    assert node.patch("/env", json={"d": [1]}).json() == {"c": 1.5, "d": [1]}
    assert node.delete("/env/c").json() == {"d": [1]}
    assert node.delete("/env/c").status_code == 404


def test_metadata_is_replaced_and_goes_back_to_its_defaults(node):
    metadata = {"_id": "node", "type": "metadata", "task_manager": {"disable_user_pipes": True}}
    assert node.put("/metadata", json=metadata).json()["config"]["original"] == metadata
    assert "effective" in node.get("/metadata").json()["config"]
    assert node.delete("/metadata").status_code == 200
    assert node.get("/metadata").json()["config"]["original"] == {}
    assert node.get("/namespaces").json()["rdf"]


# ---- runs and datasets ---------------------------------------------------------------------------


def test_a_run_writes_a_dataset_that_is_read_with_its_headers(node):
    put(node, EMBEDDED)
    runtime = run(node, "people")
    assert runtime["success"] is True, runtime
    answer = node.get("/datasets/people/entities")
    assert contents(answer.json()) == EMBEDDED["source"]["entities"]
    assert answer.headers["X-Dataset-Populated"] == "true"
    assert answer.headers["X-Dataset-Max-Updated"] == "2"
    assert [e["_updated"] for e in answer.json()] == [0, 1, 2]
    head = node.head("/datasets/people/entities")
    assert head.headers["X-Dataset-Max-Updated"] == "2"
    dataset = node.get("/datasets/people").json()
    assert dataset["runtime"]["populated"] is True
    assert dataset["runtime"]["count-index-exists"] == 3


def test_datasets_are_read_in_parts(node):
    put(node, EMBEDDED)
    run(node, "people")

    def ids(**parameters):
        return [e["_id"] for e in node.get("/datasets/people/entities", params=parameters).json()]

    assert ids(since="0") == ["2", "3"]
    assert ids(limit="2") == ["1", "2"]
    assert ids(since="0", limit="1") == ["2"]
    assert ids(reverse="True") == ["3", "2", "1"]
    assert ids(start="1") == ["2", "3"]
    assert ids(start="1", limit="1") == ["2"]
    assert ids(start="9") == []
    assert ids(limit="0") == []
    assert node.get("/datasets/none/entities").status_code == 404


def test_one_entity_by_id_or_offset(node):
    put(node, EMBEDDED)
    run(node, "people")
    entity = node.get("/datasets/people/entity", params={"entity_id": "3"})
    assert contents([entity.json()]) == [{"_id": "3", "name": "Cæsar"}]
    assert node.get("/datasets/people/entities/3").json() == entity.json()
    wrong = node.get("/datasets/people/entity", params={"entity_id": "3", "offset": "0"})
    assert wrong.status_code == 404
    assert node.get("/datasets/people/entity", params={"entity_id": "x"}).status_code == 404
    missing = node.get("/datasets/people/entity")
    assert (missing.status_code, missing.json()["message"]) == (
        400,
        'the parameter "entity_id" is missing',
    )


def test_a_dataset_is_deleted(node):
    put(node, EMBEDDED)
    run(node, "people")
    assert node.delete("/datasets/people").status_code == 200
    listed = node.get("/datasets", params={"include-internal-datasets": "false"}).json()
    assert "people" not in [dataset["_id"] for dataset in listed]


def test_pump_operations_answer_the_new_state(node):
    put(node, EMBEDDED)
    assert run(node, "people")["success"] is True

    def operate(operation, **fields):
        return node.post("/pipes/people/pump", data={"operation": operation, **fields})

    assert operate("disable", comment="why").json()["runtime"]["is-disabled"] is True
    assert operate("enable").json()["runtime"]["is-disabled"] is False
    foreign = operate("fly")
    assert foreign.status_code == 400
    assert "doesn't support the operation" in foreign.text
    assert node.post("/pipes/people/pump").status_code == 400
    assert node.post("/pipes/none/pump", data={"operation": "start"}).status_code == 404


def test_the_log_tells_what_a_run_did(node):
    put(node, EMBEDDED)
    run(node, "people")
    events = node.get("/pipes/people/log").json()
    assert [e["event_type"] for e in events] == ["pump-started", "pump-completed"]
    newest = node.get("/pipes/people/log", params={"reverse": "true", "limit": "1"}).json()
    assert [e["event_type"] for e in newest] == ["pump-completed"]


# ---- receivers and publishers --------------------------------------------------------------------


def test_a_receiver_takes_entities_and_answers_when_they_are_kept(node):
    put(node, RECEIVER)
    answer = node.post("/receivers/box/entities", json=[{"_id": "1", "a": 1}, {"_id": "2"}])
    assert (answer.status_code, answer.json()) == (200, {})
    assert node.post("/receivers/box/entities", json={"_id": "3"}).json() == {}
    deleted = node.post("/receivers/box/entities", json=[{"_id": "1", "_deleted": True}])
    assert deleted.json() == {}
    entities = node.get("/datasets/box/entities", params={"history": "False"}).json()
    assert [(e["_id"], e["_deleted"]) for e in entities] == [
        ("2", False),
        ("3", False),
        ("1", True),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"_id": "1"},\n {"_id": }]', "line 2, column 10"),
        (b'[{"_id": "1"}, {"a": 1}]', "$[1]"),
        (b'[{"_id": 5}]', "_id"),
        (b"3", "expected"),
        (b'[{"_id": "1", "a": NaN}]', "line 1"),
        (b"[" * 5000, "deep"),
    ],
)
def test_what_are_no_entities_is_refused_and_nothing_is_kept(node, content, message):
    put(node, RECEIVER)
    answer = node.post("/receivers/box/entities", content=content)
    assert answer.status_code == 400
    assert message in answer.text
    entities = node.get("/datasets/box/entities")
    assert entities.status_code == 404 or entities.json() == []


def test_a_full_push_deletes_what_it_did_not_bring(node):
    put(node, RECEIVER)
    node.post("/receivers/box/entities", json=[{"_id": "old"}])

    def push(request, previous, entities, **parameters):
        given = {"sequence_id": "s", "is_full": "True", "request_id": request, **parameters}
        if previous:
            given["previous_request_id"] = previous
        return node.post("/receivers/box/entities", params=given, json=entities)

    assert push("0", "", [{"_id": "a"}], is_first="True").status_code == 200
    assert push("2", "1", [{"_id": "c"}]).status_code == 409
    assert push("1", "0", [{"_id": "b"}], is_last="True").status_code == 200
    live = node.get("/datasets/box/entities", params={"history": "false", "deleted": "false"})
    assert [e["_id"] for e in live.json()] == ["a", "b"]


def test_a_publisher_gives_entities_and_its_parameters_to_the_rules(node):
    put(node, EMBEDDED, PUBLISHER)
    run(node, "people")
    answer = node.get("/publishers/people-share/entities", params={"who": "me", "limit": "1"})
    assert contents(answer.json()) == [{**EMBEDDED["source"]["entities"][0], "seen": "me"}]
    assert answer.headers["Content-Type"].startswith("application/json")


def test_a_csv_publisher_gives_exact_bytes(node):
    put(node, EMBEDDED, CSV)
    run(node, "people")
    answer = node.get("/publishers/people-csv/csv")
    assert answer.content == ('_id,name\r\n1,Ada\r\n2,"Bo, or ""B"""\r\n3,Cæsar\r\n'.encode())
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="people.csv"'
    named = node.get("/publishers/people-csv/csv/Folk%20%C3%A5.csv")
    assert named.headers["Content-Disposition"] == (
        "attachment; filename=\"Folk a.csv\"; filename*=UTF-8''Folk%20%C3%A5.csv"
    )
    assert next(csv.reader(io.StringIO(named.text))) == ["_id", "name"]


def test_another_endpoint_than_the_pipe_has_is_refused(node):
    put(node, EMBEDDED, CSV)
    for path in ("people-csv/xml", "people/csv", "people/entities", "none/csv"):
        assert node.get(f"/publishers/{path}").status_code == 404, path


@pytest.mark.parametrize(
    ("stage", "has_seen"), [("source", False), ("after-transforms", True), ("sink", True)]
)
def test_entities_of_a_pipe_at_a_stage(node, stage, has_seen):
    pipe = {
        **PUBLISHER,
        "transform": {"type": "dtl", "rules": {"default": [["copy", "*"], ["add", "seen", 1]]}},
    }
    put(node, EMBEDDED, pipe)
    run(node, "people")
    answer = node.get("/pipes/people-share/entities", params={"stage": stage})
    assert answer.status_code == 200, answer.text
    assert ["seen" in entity for entity in answer.json()] == [has_seen] * 3


def test_a_preview_runs_a_draft(node):
    put(node, EMBEDDED)
    draft = {
        **EMBEDDED,
        "transform": {
            "type": "dtl",
            "rules": {"default": [["copy", "_id"], ["add", "loud", ["upper", "_S.name"]]]},
        },
    }
    answer = node.post(
        "/pipes/people/preview",
        data={"pipe-config": json.dumps(draft), "source": json.dumps({"_id": "9", "name": "eve"})},
    )
    assert answer.status_code == 200, answer.text
    ((result,),) = (preview["results"] for preview in answer.json())
    assert result["emitted"] == [{"_id": "9", "loud": "EVE"}]
    assert result["error"] is None
    assert node.get("/config").json() == [EMBEDDED]


# ---- language and reference ----------------------------------------------------------------------


def test_functions_of_the_language(node):
    (upper,) = node.get("/dtl/functions", params={"name": "upper"}).json()
    assert upper["name"] == "upper"
    assert len(node.get("/dtl/functions").json()) > 100
    assert node.get("/dtl/functions", params={"name": "uper"}).status_code == 404


def test_rules_are_checked_without_a_pipe(node):
    good = node.post("/dtl/check", json={"rules": {"default": [["add", "a", ["upper", "_S.b"]]]}})
    assert good.json() == {"valid": True, "problems": [], "datasets": []}
    bad = node.post("/dtl/check", json={"rules": [["add", "a", ["uper", "_S.b"]]]}).json()
    assert bad["valid"] is False
    assert bad["problems"][0]["hint"] == 'did you mean "upper"?'
    assert node.post("/dtl/check", json={}).status_code == 400


def test_the_api_tells_itself(node):
    assert node.get("/openapi.json").json()["openapi"] == "3.1.0"
    page = node.get("/reference")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "/api/pipes/{pipe_id}/pump" in page.text
