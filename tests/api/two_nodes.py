"""The verbs of tests with two nodes."""

from __future__ import annotations

import api_testing


def know(client, name, child):
    """Configures a system for a node, with its token as a secret."""
    system = {
        "_id": name,
        "type": "system:url",
        "url_pattern": f"{child.url}/%s",
        "authentication": "jwt",
        "jwt_token": "$SECRET(token)",
    }
    assert client.put("/secrets", json={"token": child.token}).status_code == 200
    assert client.post("/systems", json=[system]).status_code == 201


def pipe(client, pipe_id, **config):
    config.setdefault("pump", {"mode": "manual"})
    answer = client.post("/pipes", json=[{"_id": pipe_id, "type": "pipe", **config}])
    assert answer.status_code == 201, answer.text


def run(client, pipe_id):
    """Run a pipe to its end, with success; the pump's runtime."""
    runtime = api_testing.run(client, pipe_id)
    assert runtime["success"], runtime["last-original-error-message"]
    return runtime


def receiver(client, pipe_id):
    pipe(client, pipe_id, source={"type": "http_endpoint"}, pump={})


def post(client, pipe_id, *entities):
    answer = client.post(f"/receivers/{pipe_id}/entities", json=list(entities))
    assert answer.status_code == 200, answer.text
