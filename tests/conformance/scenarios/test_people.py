"""Users, tokens, permissions and webhooks, from outside."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest


@pytest.fixture
def listener():
    """A server that remembers what is posted to it."""

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.server.heard.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_on_a_dataset_is_told_of_changes(node, listener):
    node.receiver("in", {"_id": "1"})
    url = f"http://127.0.0.1:{listener.server_port}/hook"
    answer = node.http.request(
        "OPTIONS", "/datasets/in/entities", params={"webhook": url, "token": "t"}
    )
    assert answer.status_code == 200, answer.text
    node.post("in", {"_id": "2"})
    node.until(
        lambda: list(listener.heard), lambda heard: any(p.startswith("/hook") for p in heard)
    )


def test_permissions_of_a_pipe_are_kept_for_those_without_the_role(node):
    config = node.pipe(
        "closed",
        {"type": "embedded", "entities": [{"_id": "1"}]},
        permissions=[["deny", ["group:Everyone"], ["read_data"]]],
    )
    assert node.http.get("/pipes/closed/config").json() == config
    answer = node.http.get("/permissions/pipes/closed")
    assert answer.status_code in (200, 404)
    anonymous = httpx.get(f"{node.child.url}/datasets/closed/entities", trust_env=False)
    assert anonymous.status_code in (401, 403)


def test_permissions_that_are_no_permissions_are_refused(node):
    for bad in ([["maybe", ["group:Admin"], ["read_data"]]], "all"):
        config = {"_id": "p", "type": "pipe", "source": {"type": "empty"}, "permissions": bad}
        answer = node.http.post("/pipes", json=[config])
        assert answer.status_code == 400, bad
        assert "validation_errors" in answer.json()
