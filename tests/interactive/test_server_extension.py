"""The Jupyter server's side of the workbench: who may call it, what goes through to the node."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import httpx
import pytest
from own_server import BASE, Server

from sesam_interactive.client.managed import running_node, wait_for_node

PEOPLE = {
    "_id": "people",
    "type": "pipe",
    "source": {"type": "embedded", "entities": [{"_id": "1", "name": "Ada"}]},
    "pump": {"mode": "manual"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jupyter")
    found = Server(folder / "files", folder / "node")
    found.data = folder / "node"
    found.wait(lambda state: state["running"])
    yield found
    found.close()


@pytest.fixture
def people(server):
    """The pipe `people` is there, and has run."""
    made = server.client.put("/api/pipes/people/config", json=PEOPLE)
    assert made.status_code == 200, made.text
    started = server.client.post("/api/pipes/people/pump", data={"operation": "start"})
    assert started.status_code == 200
    deadline = time.monotonic() + 60
    while server.client.get("/api/pipes/people/pump").json()["runtime"]["success"] is not True:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return server


def ask(server, kind, of, name, /, **args):
    body = {"view": "v1", "kind": kind, "of": of, "name": name, "args": args}
    answer = server.client.post("/views", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


# ---- who may call --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/node"),
        ("POST", "/node"),
        ("GET", "/api/pipes"),
        ("GET", "/api/events"),
        ("PUT", "/api/config"),
        ("DELETE", "/api/pipes/people"),
        ("POST", "/views"),
        ("POST", "/notebook"),
    ],
)
def test_nothing_is_done_for_who_is_not_signed_in(server, method, path):
    url = f"{server.url}sesam-interactive{path}"
    assert httpx.request(method, url, trust_env=False).status_code == 403


def test_a_page_that_is_signed_in_by_a_cookie_must_show_the_xsrf_token(server):
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        browser.get(f"{server.url}login")
        token = {"X-XSRFToken": browser.cookies["_xsrf"]}
        signed_in = {"password": server.token, "_xsrf": browser.cookies["_xsrf"]}
        browser.post(f"{server.url}login?next={BASE}api/status", data=signed_in)
        url = f"{server.url}sesam-interactive/node"
        assert browser.get(url).status_code == 200
        body = {"operation": "connect"}
        assert browser.post(url, json=body).status_code == 403
        assert browser.post(url, json=body, headers=token).status_code == 200


def test_the_nodes_token_never_leaves_the_server(people):
    token = (people.data / "token").read_text().strip()
    texts = [
        people.client.get("/node").text,
        people.client.get("/api/status").text,
        people.client.get("/api/pipes").text,
        str(people.client.get("/api/pipes").headers),
        people.client.get("/api/no-such-path").text,
        json.dumps(ask(people, "grid", "people", "columns")),
        "".join(people.lines),
    ]
    assert not any(token in text for text in texts)


# ---- what goes through ---------------------------------------------------------------------------


def test_calls_and_errors_of_the_node_go_through(people):
    client = people.client
    assert client.get("/api/pipes/people/config").json() == PEOPLE
    missing = client.get("/api/pipes/nobody")
    assert (missing.status_code, missing.json()["message"]) == (404, 'there is no pipe "nobody"')
    wrong = client.put("/api/pipes/x/config", json={"_id": "x", "type": "pipe", "source": {}})
    assert wrong.status_code == 400
    entity = client.get("/api/datasets/people/entity", params={"entity_id": "1"})
    assert entity.json()["name"] == "Ada"
    assert client.get("/api/pipes/a%2Fb").json()["message"] == 'there is no pipe "a/b"'
    lines = client.get("/api/datasets/people/entities", headers={"Accept": "application/x-ndjson"})
    assert [json.loads(line)["name"] for line in lines.text.splitlines()] == ["Ada"]


def test_a_page_of_the_node_does_not_go_through(server):
    page = server.client.get("/api/reference")
    assert page.status_code == 502
    assert page.json() == {"message": "the node's answer is text/html, which is not passed on"}
    assert server.client.get("/api/metrics").status_code == 502


def test_events_go_through_as_they_come(people):
    with people.client.stream("GET", "/api/events") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "event: snapshot"
        people.client.put("/api/pipes/other/config", json={**PEOPLE, "_id": "other"})
        heard = next(line for line in lines if line.startswith("data:") and '"other"' in line)
    assert json.loads(heard.removeprefix("data: "))["pipes"]["other"]["output"] == "other"
    people.client.delete("/api/pipes/other")


# ---- views ---------------------------------------------------------------------------------------


def test_a_view_is_answered_as_by_a_kernel(people):
    page = ask(people, "grid", "people", "page", view={}, start=0, limit=10)["result"]
    assert [row["name"] for row in page["rows"]] == ["Ada"]
    status = ask(people, "pump", "people", "status")["result"]
    assert (status["state"], status["running"]) == ("ok", False)
    assert ask(people, "pump", "people", "log", name="people")["result"][0]["result"] == "ok"
    flow = ask(people, "flow", "", "flow")["result"]
    assert {node["id"] for node in flow["nodes"]} >= {"pipe:people", "dataset:people"}
    opened = ask(people, "draft", "people", "opened")["result"]
    assert json.loads(opened["text"]) == [["copy", "*"]]
    live = ask(people, "draft", "people", "live", text='[["copy", "*"], ["ad"]]')["result"]
    assert live["problems"][0]["line"] == 1


def test_rules_that_are_not_deployed_are_debugged_and_tried_with_other_values(people):
    rules = '[["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]'
    about = json.dumps({"name": "people", "text": rules, "ids": ["1"]})
    shown = ask(people, "debug", about, "shown", world=0)["result"]
    assert (shown["world"], [row["id"] for row in shown["entities"]]) == (0, ["1"])
    asked = {"world": 0, "entity": 0}
    why = ask(people, "debug", about, "why", **asked, result=0, path='$["name"]')["result"]
    assert why["value"] == "ADA"
    tried = ask(people, "debug", about, "what_if", **asked, changes={"name": "Zoe"})["result"]
    assert (tried["world"], tried["before"]["1"][0]["name"]) == (1, "ADA")
    again = {**asked, "world": 1, "result": 0, "path": '$["name"]'}
    assert ask(people, "debug", about, "why", **again)["result"]["value"] == "ZOE"
    gone = ask(people, "debug", about, "why", **{**again, "world": 7})["error"]
    assert "go back" in gone["message"]


@pytest.mark.parametrize(
    ("about", "told"),
    [
        ("people", "a view cannot be about that"),
        ("{}", "name a pipe or a dataset"),
        ('{"name": "people", "ids": 1}', "a view cannot be about that"),
        ('{"name": "people", "text": "7"}', "expected a list of transforms"),
        ('{"name": "nobody", "text": "[]"}', "nobody"),
    ],
)
def test_what_cannot_be_debugged_says_why(people, about, told):
    assert told in ask(people, "debug", about, "shown")["error"]["message"]


def test_rules_of_a_cell_are_tried_on_what_it_names(people):
    asked = {"text": '[["copy", "_id"], ["add", "name", ["lower", "_S.name"]]]'}
    live = ask(people, "rules", '{"name": "people"}', "live", **asked)["result"]
    assert live["shown"]["result"]["emitted"][0]["name"] == "ada"


def test_what_a_view_cannot_be_asked_is_an_error_that_says_so(people):
    assert ask(people, "grid", "people", "bind", name="x")["error"]["message"] == (
        "there is no request 'bind'"
    )
    assert ask(people, "grid", "people", "__init__")["error"]["message"]
    assert "there is no view" in ask(people, "nothing", "", "x")["error"]["message"]
    missing = ask(people, "grid", "nobody", "news")["error"]
    assert missing["status"] == 404
    bad = people.client.post("/views", json={"kind": "grid"})
    assert bad.status_code == 400


def test_a_notebook_is_made_once_and_stays_as_it_is(people):
    asked = {"kind": "pipe", "name": "people", "folder": ""}
    assert people.client.post("/notebook", json=asked).json() == {"path": "people.ipynb"}
    file = people.folder / "people.ipynb"
    text = file.read_text().replace("# Pipe", "# My pipe")
    file.write_text(text)
    assert people.client.post("/notebook", json=asked).status_code == 200
    assert file.read_text() == text
    outside = people.client.post("/notebook", json={**asked, "folder": "../.."})
    assert outside.status_code >= 400
    assert people.client.post("/notebook", json={**asked, "name": "nobody"}).status_code == 404


# ---- which node ----------------------------------------------------------------------------------


def test_the_node_is_stopped_and_started_again_and_calls_say_so_meanwhile(server):
    assert server.client.post("/node", json={"operation": "stop"}).json()["running"] is False
    refused = server.client.get("/api/pipes")
    assert refused.status_code == 503
    assert refused.json() == {"message": "no node runs; start one, or choose a profile"}
    assert ask(server, "flow", "", "flow")["error"]["message"].startswith("no node runs")
    server.client.post("/node", json={"operation": "start"})
    server.wait(lambda state: state["running"])
    assert server.client.get("/api/status").status_code == 200


def test_a_profile_is_shown_in_place_of_the_managed_node(server):
    url, token = running_node(server.data)
    kept = server.folder / "xdg_config_home" / "sesam-interactive" / "profiles.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(
        json.dumps({"same": {"node": url, "jwt": token}, "gone": {"node": "http://127.0.0.1:9"}})
    )

    def connect(profile):
        return server.client.post("/node", json={"operation": "connect", "profile": profile})

    shown = connect("same").json()
    assert (shown["profile"], shown["managed"], shown["running"]) == ("same", False, True)
    assert shown["profiles"] == ["gone", "same"]
    assert server.client.get("/api/status").status_code == 200
    connect("gone")
    assert server.client.get("/api/status").status_code == 502
    assert connect("nobody").status_code == 404
    assert connect(None).json()["managed"] is True
    assert server.client.post("/node", json={"operation": "explode"}).status_code == 400


@pytest.mark.long
def test_a_node_that_is_killed_is_started_again(server):
    before = server.state()["url"]
    with httpx.Client(trust_env=False) as client:
        token = (server.data / "token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        pid = client.get(f"{before}/api/status", headers=headers).json()["process_id"]
    os.kill(pid, signal.SIGKILL)
    server.wait(lambda state: state["running"] and state["url"] != before)


@pytest.mark.long
def test_two_servers_share_a_folder_and_a_kill_leaves_no_node_behind(tmp_path):
    """The second shows the first one's node; killed with -9 the first takes its node with it."""
    data = tmp_path / "node"
    first = Server(tmp_path / "first", data)
    try:
        url = first.wait(lambda state: state["running"])["url"]
        second = Server(tmp_path / "second", data)
        try:
            state = second.wait(lambda state: state["running"])
            assert (state["url"], state["shared"]) == (url, True)
            refused = second.client.post("/node", json={"operation": "stop"})
            assert refused.status_code == 400
            assert "another server" in refused.json()["message"]
            first.process.kill()
            first.process.wait()
            deadline = time.monotonic() + 30
            while running_node(data) is not None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            ended = second.wait(lambda state: not state["running"])
            assert "another server has ended" in ended["problem"]
            second.client.post("/node", json={"operation": "start"})
            started = second.wait(lambda state: state["managed"] and state["running"])
            assert started["url"] != url
            assert wait_for_node(data)[0] == started["url"]
        finally:
            second.close()
    finally:
        first.close()


@pytest.mark.long
def test_two_servers_that_start_at_once_share_one_node(tmp_path):
    first = Server(tmp_path / "first", tmp_path / "node")
    try:
        second = Server(tmp_path / "second", tmp_path / "node")
        try:
            states = [one.wait(lambda state: state["running"]) for one in (first, second)]
            assert states[0]["url"] == states[1]["url"]
            assert sorted(state["shared"] for state in states) == [False, True]
        finally:
            second.close()
    finally:
        first.close()


@pytest.mark.long
def test_a_server_that_is_killed_takes_a_node_with_it_that_still_starts(tmp_path):
    server = Server(tmp_path / "files", tmp_path / "node")
    node = wait_for(lambda: child_of(server.process.pid))
    server.process.kill()
    server.close()
    wait_for(lambda: not is_alive(node))
    assert running_node(tmp_path / "node") is None


def wait_for(found):
    deadline = time.monotonic() + 60
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return value


def child_of(pid):
    """The node that this process has started, by its id; 0 before it has."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            if b"sesam_node" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return 0


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


@pytest.mark.long
def test_without_a_project_nothing_runs_until_it_is_asked_for(tmp_path):
    server = Server(tmp_path / "files", None)
    try:
        state = server.state()
        assert (state["running"], state["starting"], state["problem"]) == (
            False,
            False,
            "no node runs; start one, or choose a profile",
        )
        server.client.post("/node", json={"operation": "start"})
        url = server.wait(lambda state: state["running"])["url"]
        own = server.folder / "xdg_data_home" / "sesam-interactive" / "node"
        assert running_node(own)[0] == url
    finally:
        server.close()
