"""Whole projects: by `sesam-node test`, by the official client's library, call by call over HTTP.

The DTL cases that all implementations share run against a node through its API.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import httpx
import pytest

from sesam_node.cli.main import main

HERE = Path(__file__).parent
PROJECTS = ["webshop-orders", "library-loans", "energy-meters", "site-inspections", "global-person"]
PROJECTS += ["parcel-tracking", "city-registry", "tool-catalogue"]
CASES = ["hops", "transforms"]


# ---- sesam-node test ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_passes(project, name, capsys):
    folder = project(name)
    whitelist = folder / "whitelist.txt"
    more = ["--whitelist-file", str(whitelist)] if whitelist.exists() else []
    code = main(["test", str(folder), *more])
    out = capsys.readouterr().out
    assert (code, "0 failed" in out) == (0, True), out


def test_what_differs_is_shown(project, capsys):
    folder = project("webshop-orders")
    file = folder / "expected" / "order-share.json"
    entities = json.loads(file.read_text())
    entities[0]["amount"] = -1
    file.write_text(json.dumps(entities))
    csv = folder / "expected" / "order-csv.csv"
    csv.write_bytes(csv.read_bytes().replace(b"\r\n", b"\n"))
    assert main(["test", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "FAILED order-share.test.json" in out
    assert '-    "amount": -1' in out
    assert "FAILED order-csv.test.json" in out
    assert "1 passed, 2 failed" in out


def test_an_input_pipe_that_fails_is_told(project, capsys):
    folder = project("energy-meters")
    variables = {"file-server": "http://127.0.0.1:9", "node-env": "test"}
    (folder / "test-env.json").write_text(json.dumps(variables))
    assert main(["test", str(folder)]) == 1
    told = capsys.readouterr().err
    assert 'warning: the pipe "meter-north" failed: system "files": GET http://127.0.0.1:9/' in told
    assert 'the pipe "reading" failed: system "files": GET http://127.0.0.1:9/' in told


def test_a_project_that_needs_its_whitelist_is_refused_without_it(project, capsys):
    assert main(["test", str(project("site-inspections"))]) == 1
    assert "pipes/inspection-legacy.conf.json $.source.type" in capsys.readouterr().out


def test_a_configuration_with_errors_is_told_by_file(project, capsys):
    folder = project("webshop-orders")
    file = folder / "pipes" / "order-share.conf.json"
    pipe = json.loads(file.read_text())
    pipe["source"] = {"type": "datset", "dataset": "order-enriched"}
    file.write_text(json.dumps(pipe))
    assert main(["test", str(folder)]) == 1
    assert "pipes/order-share.conf.json $.source.type" in capsys.readouterr().out


# ---- the official client's library ---------------------------------------------------------------


def connection(child):
    import sesamclient

    return sesamclient.Connection(child.url, jwt_auth_token=child.token, timeout=60)


def upload_by_library(conn, folder):
    conn.put_env_vars(json.loads((folder / "test-env.json").read_text()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for file in [*folder.rglob("pipes/**/*.conf.json"), *folder.rglob("systems/*.conf.json")]:
            archive.write(file, file.relative_to(folder).as_posix())
        metadata = {"_id": "node", "type": "metadata", "task_manager": {"disable_user_pipes": True}}
        archive.writestr("node-metadata.conf.json", json.dumps(metadata))
    conn.upload_config(out.getvalue())


def test_the_official_library_uploads_runs_and_reads(project, child):
    folder = project("webshop-orders")
    conn = connection(child)
    upload_by_library(conn, folder)
    assert {pipe.id for pipe in conn.get_pipes()} == {
        json.loads(file.read_text())["_id"] for file in folder.glob("pipes/*.conf.json")
    }
    for name in ("customer", "order"):
        entities = json.loads((folder / "testdata" / f"{name}.json").read_text())
        conn.get_pipe(name).post_entities(entities)
    for name in ("product", "order-enriched"):
        pump = conn.get_pipe(name).get_pump()
        pump.start()
        pump.wait_for_pump_to_finish_running(assert_successful_run=True)
    enriched = conn.get_dataset("order-enriched")
    entities = list(enriched.get_entities(history=False, deleted=False))
    assert sorted(e["_id"] for e in entities) == ["O-1", "O-3", "O-4", "O-6"]
    conn.close()


def test_the_official_library_operates_a_pump(project, child):
    conn = connection(child)
    upload_by_library(conn, project("webshop-orders"))
    pump = conn.get_pipe("order-enriched").get_pump()
    pump.disable(comment="for a while")
    assert pump.is_disabled
    pump.enable()
    assert not pump.is_disabled
    pump.start()
    pump.wait_for_pump_to_finish_running(assert_successful_run=True)
    assert pump.last_run is not None
    pump.unset_last_seen()
    assert pump.last_seen == ""
    pump.run_pump_until_there_are_no_pending_work()
    assert not pump.has_pending_work()
    conn.close()


# ---- the official client's calls, one by one ----------------------------------------------------


@pytest.fixture
def api(child):
    headers = {
        "Authorization": f"Bearer {child.token}",
        "Accept": "application/json,*/*",
        "Accept-Encoding": "identity",
    }
    with httpx.Client(base_url=child.url, headers=headers, timeout=120, trust_env=False) as client:
        yield client


def upload_by_http(api, folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in ("pipes", "systems"):
            for file in sorted(folder.glob(f"{kind}/*.conf.json")):
                archive.write(file, file.relative_to(folder).as_posix())
        metadata = json.loads((folder / "node-metadata.conf.json").read_text())
        metadata["task_manager"] = {"disable_user_pipes": True}
        metadata["global_defaults"] = {"eager_load_microservices": False}
        archive.writestr("node-metadata.conf.json", json.dumps(metadata))
    env = json.loads((folder / "test-env.json").read_text())
    assert api.put("/env", json=env).status_code == 200
    assert api.get("/env").json() == env
    answer = api.put(
        "/config",
        params={"force": "false"},
        files={"file": ("config", out.getvalue(), "application/zip")},
    )
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


def test_the_calls_of_the_test_command(project, api):
    folder = project("webshop-orders")
    assert api.get("/").json()["status"]["developer_mode"] is True
    upload_by_http(api, folder)
    assert all(pipe["runtime"]["state"] == "Deployed" for pipe in api.get("/pipes").json())
    for file in (folder / "testdata").glob("*.json"):
        answer = api.post(f"/receivers/{file.stem}/entities", json=json.loads(file.read_text()))
        assert (answer.status_code, answer.json()) == (200, {})
    stop = api.post("/pipes/stop-run-all-pipes", params={"terminate_timeout": "30"})
    assert stop.status_code == 200
    assert stop.json() is not None
    run = api.post(
        "/pipes/run-all-pipes",
        params={
            "extra_zero_runs": "2",
            "max_run_time": "900",
            "max_runs": "100",
            "request_mode": "sync",
            "delete_input_datasets": "False",
        },
    )
    assert run.json()["status"] == "success", run.text
    expected = (folder / "expected" / "order-csv.csv").read_bytes()
    assert api.get("/publishers/order-csv/csv").content == expected
    pump = api.get("/pipes/order-csv/pump").json()
    assert pump["runtime"]["is-disabled"] is False
    assert pump["runtime"]["is-valid-config"] is True
    shared = {entity["_id"] for entity in api.get("/pipes/order-share/entities").json()}
    assert shared == {"O-1", "O-3", "O-6"}


def test_an_asynchronous_run_is_followed_by_its_token(project, api):
    folder = project("library-loans")
    upload_by_http(api, folder)
    for file in (folder / "testdata").glob("*.json"):
        api.post(f"/receivers/{file.stem}/entities", json=json.loads(file.read_text()))
    token = api.post(
        "/pipes/run-all-pipes",
        params={"request_mode": "async", "delete_input_datasets": "False", "extra_zero_runs": "1"},
    ).json()["token"]
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        status = api.get("/pipes/get-pipe-runner-status", params={"token": token}).json()["status"]
        if status in ("success", "failed", "not-running"):
            break
        time.sleep(0.05)
    assert status == "success"
    lines = api.get("/pipes/get-run-all-pipes-log", params={"token": token}).json()
    assert lines
    assert all(line.keys() >= {"timestamp", "loglevel", "logdata"} for line in lines)
    last = lines[-1]["timestamp"]
    assert api.get("/pipes/get-run-all-pipes-log", params={"since": last}).json() == []
    # The verdict stays for a while.
    again = api.get("/pipes/get-pipe-runner-status", params={"token": token}).json()
    assert again["status"] == "success"


def test_status_sees_the_configuration_as_it_was_uploaded(project, api):
    folder = project("webshop-orders")
    upload_by_http(api, folder)
    answer = api.get("/config", headers={"Accept": "application/zip"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        remote = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    local = {
        file.relative_to(folder).as_posix(): json.loads(file.read_text())
        for kind in ("pipes", "systems")
        for file in folder.glob(f"{kind}/*.conf.json")
    }
    metadata = remote.pop("node-metadata.conf.json")
    assert metadata["task_manager"] == {"disable_user_pipes": True}
    assert remote == local


def test_wipe_leaves_nothing(project, api):
    folder = project("webshop-orders")
    upload_by_http(api, folder)
    api.post("/receivers/order/entities", json=[{"_id": "1"}])
    metadata = {
        "_id": "node",
        "type": "metadata",
        "global_defaults": {
            "use_signalling_internally": False,
            "use_signalling_externally": False,
            "enable_cpp_extensions": False,
        },
        "task_manager": {"disable_user_pipes": True},
    }
    for document in ([metadata], []):
        part = ("config", json.dumps(document).encode(), "application/json")
        answer = api.put("/config", params={"force": "true"}, files={"file": part})
        assert answer.status_code == 200, answer.text
    assert api.put("/env", json={}).status_code == 200
    assert api.get("/pipes").json() == []
    assert api.get("/datasets", params={"include-internal-datasets": "False"}).json() == []


@pytest.mark.parametrize("operation", ["restart", "reset"])
def test_the_node_comes_back_after(project, api, operation):
    upload_by_http(api, project("library-loans"))
    before = api.get("/status").json()["node_start_time"]
    answer = api.post("/admin", data={"operation": operation})
    assert (answer.status_code, answer.json()) == (200, {"message": "OK"})
    deadline = time.monotonic() + 60
    after = before
    while after == before and time.monotonic() < deadline:
        try:
            found = api.get("/status")
        except httpx.HTTPError:
            found = None
        if found is not None and found.status_code == 200:
            after = found.json()["node_start_time"]
        time.sleep(0.02)
    assert after != before
    assert bool(api.get("/pipes").json()) == (operation == "restart")
    assert bool(api.get("/env").json()) == (operation == "restart")


# ---- the shared cases ----------------------------------------------------------------------------


def run_cases(child, files):
    runner = HERE / "run_dtl_cases.py"
    command = [sys.executable, str(runner), "--node", child.url, "--jwt", child.token]
    ended = subprocess.run(
        [*command, *map(str, files)], capture_output=True, text=True, check=False, timeout=600
    )
    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr


@pytest.mark.parametrize("name", CASES)
def test_shared_cases_hold_through_the_api(child, name):
    run_cases(child, [HERE / "dtl" / f"{name}.json"])


@pytest.mark.long
@pytest.mark.timeout(660)
def test_all_shared_cases_hold_through_the_api(child):
    run_cases(child, sorted((HERE / "dtl").glob("*.json")))
