"""Secrets never leave the node: they are planted in every place that takes one, then looked for.

The node runs with its most talkative log. A server stands in for a system that answers errors with
all that it was sent, as some do.
"""

from __future__ import annotations

import io
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from api_testing import run
from canary_search import Search

from sesam_node.cli.child import ChildNode

CANARIES = {
    "shared": "c4nary+shared/01=",
    "password": "c4nary password&02",
    "header": "c4nary-header-03",
    "query": "c4nary?query=04",
    "body": "c4nary-body-05",
    "encryption": "c4nary-key-06-07-08-09-10-11",
}
PASSWORD = "c4nary-user-password-07"
HOOK_TOKEN = "c4nary-hook-token-08"
JWT_KEY = "c4nary-jwt-key-" + "x" * 40


class Echo(BaseHTTPRequestHandler):
    """Answers `/good…` with entities, the rest with 500 and everything it was sent."""

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        sent = f"{self.requestline}\n{self.headers}\n{self.rfile.read(length)!r}"
        self.server.sent.append(sent)
        good = "/good" in self.path
        body = b'[{"_id": "1", "name": "Ada"}]' if good else sent.encode()
        self.send_response(200 if good else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that http.server asks for

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.sent = []
    threading.Thread(target=server.serve_forever).start()
    yield server
    server.shutdown()
    server.server_close()


def configuration(port):
    rules = [
        ["copy", "*"],
        ["add", "cipher", ["encrypt", "$SECRET(encryption)", "_S.name"]],
    ]

    def pipe(name, source, **more):
        return {"_id": name, "type": "pipe", "source": source, "pump": {"mode": "manual"}, **more}

    return [
        {
            "_id": "web",
            "type": "system:url",
            "url_pattern": f"http://127.0.0.1:{port}/%s&key=$SECRET(query)",
            "authentication": "basic",
            "username": "ada",
            "password": "$SECRET(password)",
            "headers": {"X-Key": "$SECRET(header)", "X-Shared": "$SECRET(shared)"},
        },
        pipe(
            "good",
            {"type": "json", "system": "web", "url": "good?x=1"},
            transform={"type": "dtl", "rules": {"default": rules}},
        ),
        pipe("bad", {"type": "json", "system": "web", "url": "bad?x=1"}),
        pipe(
            "push",
            {"type": "dataset", "dataset": "good"},
            sink={"type": "json", "system": "web", "url": "bad?push=1"},
        ),
        pipe(
            "unreachable",
            {"type": "json", "system": "closed", "url": "x"},
        ),
        {
            "_id": "closed",
            "type": "system:url",
            "url_pattern": "http://ada:$SECRET(password)@127.0.0.1:9/%s?key=$SECRET(query)",
        },
    ]


def test_no_secret_leaves_the_node(tmp_path, echo):
    """Run, fail, preview, export, be told wrong; then every answer and every log is searched."""
    seen = []
    arguments = ["--log-level", "debug", "--jwt-key", JWT_KEY]
    with (
        ChildNode(tmp_path / "data", folder=tmp_path, arguments=arguments) as child,
        httpx.Client(
            base_url=child.url,
            headers={"Authorization": f"Bearer {child.token}"},
            trust_env=False,
            timeout=60.0,
            event_hooks={"response": [lambda answer: seen.append((answer, answer.read()))]},
        ) as client,
    ):
        shared = {name: CANARIES[name] for name in ("shared", "encryption", "password", "query")}
        assert client.put("/secrets", json=shared).status_code == 200
        config = configuration(echo.server_port)
        # The secrets of a system need the system; until they are there it has an error.
        assert client.put("/config", json=config, params={"force": "true"}).status_code == 200
        own = {"header": CANARIES["header"], "query": CANARIES["query"], "body": CANARIES["body"]}
        assert client.post("/systems/web/secrets", json=own).status_code == 200
        user = {"email": "ada@example.com", "password": PASSWORD, "roles": ["group:User"]}
        assert client.post("/users", json=user).status_code == 201

        assert run(client, "good")["success"] is True
        assert run(client, "bad")["success"] is False
        assert run(client, "push")["success"] is False
        assert run(client, "unreachable")["success"] is False
        assert any(CANARIES["header"] in text for text in echo.sent), "the secrets were not used"

        hook = {"webhook": f"http://127.0.0.1:{echo.server_port}/bad", "token": HOOK_TOKEN}
        assert client.options("/datasets/good/entities", params=hook).status_code == 200
        client.post("/datasets/good/entities", params={"force": "true"}, json=[{"_id": "2"}])
        while not any(HOOK_TOKEN in text for text in echo.sent):
            time.sleep(0.01)

        for name in ("good", "bad", "push", "unreachable"):
            for path in ("", "/config", "/pump", "/log", "/entities"):
                client.get(f"/pipes/{name}{path}")
            client.post(f"/pipes/{name}/preview", data={"limit": "1"})
            client.post("/dtl/preview", json={"pipe": name})
            client.get("/config-history/entity", params={"entity_id": name})
        for path in ("explain", "trace", "check"):
            client.post(f"/dtl/{path}", json={"pipe": "good"})
        for name in ("web", "closed"):
            for path in ("", "/config", "/secrets", "/proxy/good?x=1"):
                client.get(f"/systems/{name}{path}")
        for path in (
            *("/config", "/config-all", "/pipes", "/systems", "/datasets", "/env", "/secrets"),
            *("/metadata", "/metrics", "/stats", "/status", "/health", "/users", "/api-keys"),
            *("/webhooks", "/openapi.json", "/reference", "/no/such/path"),
        ):
            client.get(path)
        archive = client.get("/config", headers={"Accept": "application/zip"}).content
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            seen += [(name, members.read(name)) for name in members.namelist()]
        for dataset in client.get("/datasets").json():
            client.get(f"/datasets/{dataset['_id']}/entities")
        # What is sent wrongly is not repeated in the refusal.
        client.put("/secrets", json={"shared": {"nested": CANARIES["shared"]}})
        client.put("/secrets", json=[CANARIES["shared"]])
        client.post("/users", json={**user, "email": 7})
        client.post("/users", json={**user, "password": [PASSWORD]})
        client.post("/jwt", data={"email": "ada@example.com", "password": PASSWORD + "x"})
        client.post("/pipes/good/webhook", json={"token": HOOK_TOKEN})
    log = (tmp_path / "data" / "node.log").read_text()
    assert len(log.splitlines()) > 50

    wanted = {**CANARIES, "user": PASSWORD, "hook": HOOK_TOKEN, "jwt": JWT_KEY}
    search = Search()
    search.add("the log", log)
    for source, body in seen:
        search.add(source if isinstance(source, str) else source.request.url, body)
    assert search.found(wanted) == []
