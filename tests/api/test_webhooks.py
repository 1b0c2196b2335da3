"""Webhooks over HTTP."""

from __future__ import annotations

import httpx

RECEIVER = {"_id": "box", "type": "pipe", "source": {"type": "http_endpoint"}}
HOOK = {"webhook": "http://127.0.0.1:9/hook", "token": "hook-token"}


def test_a_webhook_is_registered_listed_and_deleted(node):
    node.put("/config", json=[RECEIVER])
    node.post("/receivers/box/entities", json=[{"_id": "1"}])
    for path in ("/datasets/box/entities", "/pipes/box/log"):
        plain = node.options(path)
        assert (plain.status_code, "GET" in plain.headers["Allow"]) == (200, True)
        answer = node.options(path, params=HOOK)
        assert (answer.status_code, answer.json()) == (200, {})
        for wrong in ({"webhook": HOOK["webhook"]}, {"token": "x"}, {**HOOK, "webhook": "file:/x"}):
            assert node.options(path, params=wrong).status_code == 400
    assert node.options("/datasets/no/entities", params=HOOK).status_code == 404
    listed = node.get("/webhooks")
    assert sorted(hook["dataset"] for hook in listed.json()) == ["box", "system:pump_execution:box"]
    assert "hook-token" not in listed.text
    for hook in listed.json():
        assert node.delete(f"/webhooks/{hook['id']}").status_code == 200
    assert node.get("/webhooks").json() == []


def test_a_signal_with_another_token_is_not_found(node, running_node):
    node.put("/config", json=[RECEIVER])
    url = f"{running_node.url}/pipes/box/webhook"
    for body in ({"token": "x"}, {}, {"token": None}, {"token": ["x"]}):
        answer = httpx.post(url, json=body, trust_env=False)
        assert answer.status_code == 404, answer.text
    assert httpx.post(url, content=b"[", trust_env=False).status_code == 400
