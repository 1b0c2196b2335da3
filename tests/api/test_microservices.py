"""Microservices as commands beside a real node: started, reached, changed, ended."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from sesam_node.hub.microservice import environment_of_services

SERVICE = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps([{"_id": os.environ["WHO"], "pid": os.getpid()}]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

print("listening on", os.environ["PORT"], flush=True)
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def system(folder, who="Ada", **options):
    (folder / "service.py").write_text(SERVICE)
    return {
        "_id": "people-service",
        "type": "system:microservice",
        "docker": {"image": "people:1", "port": 5000, "environment": {"WHO": who}},
        "command": [sys.executable, str(folder / "service.py")],
        **options,
    }


PIPE = {
    "_id": "people",
    "type": "pipe",
    "source": {"type": "json", "system": "people-service", "url": "entities"},
    "pump": {"mode": "manual"},
}


def collected(client):
    answer = client.post("/pipes/run-all-pipes", params={"max_run_time": "60"})
    assert answer.json()["status"] == "success", answer.json()
    return client.get("/datasets/people/entities").json()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(true):
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_command_is_started_reached_changed_and_ended(start, tmp_path):
    _child, client = start("--allow-commands")
    assert client.put("/config", json=[system(tmp_path), PIPE]).status_code == 200
    (first,) = collected(client)
    assert first["_id"] == "Ada"
    told = client.get("/systems/people-service/status").json()
    assert told["microservice"]["running"] is True
    assert "listening on" in told["microservice"]["output"][0]
    # Another environment is another process.
    assert client.put("/config", json=[system(tmp_path, "Bo"), PIPE]).status_code == 200
    second = next(one for one in collected(client) if one["_id"] == "Bo")
    wait_until(lambda: not is_alive(first["pid"]))
    # One that dies comes back.
    os.kill(second["pid"], signal.SIGKILL)
    wait_until(lambda: collected(client)[-1]["pid"] not in (first["pid"], second["pid"]))
    third = collected(client)[-1]["pid"]
    assert client.put("/config", json=[], params={"force": "true"}).status_code == 200
    wait_until(lambda: not is_alive(third))


def test_a_node_that_is_killed_takes_it_along(start, tmp_path):
    child, client = start("--allow-commands")
    assert client.put("/config", json=[system(tmp_path), PIPE]).status_code == 200
    (found,) = collected(client)
    child._process.kill()
    wait_until(lambda: not is_alive(found["pid"]))


def test_commands_do_not_run_unless_they_are_allowed(start, tmp_path):
    _child, client = start()
    assert client.put("/config", json=[system(tmp_path), PIPE]).status_code == 200
    told = client.get("/systems/people-service/status").json()
    assert told["status"] == "failed"
    assert "start the node with --allow-commands" in told["message"]


def test_an_address_of_its_own_needs_no_command(start, tmp_path):
    _child, client = start()
    given = system(tmp_path, url_pattern="http://127.0.0.1:9/%s")
    assert client.put("/config", json=[given, PIPE]).status_code == 200
    told = client.get("/systems/people-service/status").json()
    assert "refused" in told["message"].lower()


def test_what_it_prints_of_its_secrets_is_hidden(start, tmp_path):
    _child, client = start("--allow-commands")
    client.put("/secrets", json={"key": "c4nary-of-a-service"}).raise_for_status()
    (tmp_path / "talk.py").write_text(
        'import os, time\nprint("the key is", os.environ["KEY"], flush=True)\ntime.sleep(600)\n'
    )
    talks = system(tmp_path) | {"command": [sys.executable, str(tmp_path / "talk.py")]}
    talks["docker"]["environment"] = {"KEY": "$SECRET(key)"}
    client.put("/config", json=[talks]).raise_for_status()

    def output():
        return client.get("/systems/people-service/logs").text

    wait_until(output)
    assert output().splitlines() == ["the key is *****"]


def test_it_gets_nothing_that_is_for_the_node_alone(monkeypatch):
    monkeypatch.setenv("SESAM_JWT_KEY", "c4nary-of-the-node")
    monkeypatch.setenv("OTHER", "stays")
    found = environment_of_services()
    assert ("SESAM_JWT_KEY" in found, found["OTHER"]) == (False, "stays")
