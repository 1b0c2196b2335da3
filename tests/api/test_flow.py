"""`GET /api/flow`: the node as a graph, as far as whoever asks may know of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "pipes"))

from api_testing import LOUD, PEOPLE, run
from web_server import Reply, serving

from sesam_node.settings import Keys, Settings

CRM = {"_id": "crm", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"}
RULES = [
    ["copy", "*"],
    ["add", "d", ["lookup-entity", "dept", "_S.dept"]],
    ["add", "o", ["hops", {"datasets": ["orders o"], "where": ["eq", "_S._id", "o.by"]}]],
]
MORE = [
    CRM,
    {"_id": "orders", "type": "pipe", "source": {"type": "json", "system": "crm", "url": "all"}},
    {
        "_id": "joined",
        "type": "pipe",
        "source": {"type": "union_datasets", "datasets": ["people", "loud"]},
        "transform": {"type": "dtl", "rules": {"default": RULES}},
    },
    {
        "_id": "published",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "loud"},
        "sink": {"type": "http_endpoint"},
    },
]


@pytest.fixture
def rich(shop):
    pipes = [pipe | {"pump": {"mode": "manual"}} if "source" in pipe else pipe for pipe in MORE]
    assert shop.put("/config", json=[PEOPLE, LOUD, *pipes]).status_code == 200
    return shop


def flow(client):
    answer = client.get("/flow")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    edges = {(e["from"], e["to"], e["kind"]): e["queue"] for e in told["edges"]}
    return {node["id"]: node for node in told["nodes"]}, edges


def test_edges_say_what_is_read_looked_into_and_written_and_what_waits_there(rich):
    nodes, edges = flow(rich)
    assert edges == {
        ("dataset:people", "pipe:loud", "source"): 0,
        ("dataset:people", "pipe:joined", "source"): 1,
        ("dataset:loud", "pipe:joined", "source"): 1,
        ("dataset:dept", "pipe:joined", "lookup"): None,
        ("dataset:orders", "pipe:joined", "hop"): None,
        ("dataset:loud", "pipe:published", "source"): None,
        ("system:crm", "pipe:orders", "source"): None,
        ("pipe:people", "dataset:people", "sink"): None,
        ("pipe:loud", "dataset:loud", "sink"): None,
        ("pipe:orders", "dataset:orders", "sink"): None,
        ("pipe:joined", "dataset:joined", "sink"): None,
    }
    assert {name: node["state"] for name, node in nodes.items()} == {
        "pipe:people": "ok",
        "pipe:loud": "ok",
        "pipe:orders": "not run",
        "pipe:joined": "not run",
        "pipe:published": "on request",
        "dataset:people": "ok",
        "dataset:loud": "ok",
        "dataset:orders": "not run",
        "dataset:joined": "not run",
        "dataset:dept": "not run",
        "system:crm": "ok",
    }
    assert (nodes["pipe:loud"]["entities"], nodes["pipe:joined"]["queue"]) == (1, 2)
    assert nodes["dataset:dept"]["message"] == "there is no such dataset, and no pipe writes it"
    assert nodes["pipe:joined"]["type"] == "union_datasets → dataset"


def test_the_rate_is_that_of_the_last_run_that_read_anything(rich):
    nodes, _ = flow(rich)
    rate = nodes["pipe:loud"]["rate"]
    assert rate > 0
    run(rich, "loud")
    assert flow(rich)[0]["pipe:loud"]["rate"] == rate
    assert nodes["pipe:joined"]["rate"] is None


def test_changes_of_the_configuration_are_seen(rich):
    moved = LOUD | {"source": {"type": "dataset", "dataset": "orders"}}
    assert rich.put("/pipes/loud/config", json=moved).status_code == 200
    _, edges = flow(rich)
    assert ("dataset:orders", "pipe:loud", "source") in edges
    assert ("dataset:people", "pipe:loud", "source") not in edges
    wrong = {**LOUD, "source": {"type": "dataset"}}
    answer = rich.put("/pipes/loud/config", json=wrong, params={"force": "true"})
    assert answer.status_code == 200
    nodes, _ = flow(rich)
    assert nodes["pipe:loud"]["state"] == "invalid"
    assert "dataset" in nodes["pipe:loud"]["message"]
    assert rich.get("/pipes/loud").json()["runtime"]["status"] == "invalid"


def test_a_system_that_wants_no_requests_says_until_when(shop):
    def busy(_asked):
        return Reply({"error": "too many"}, 429, {"Retry-After": "600"})

    with serving(busy) as server:
        system = {
            "_id": "slow",
            "type": "system:rest",
            "url_pattern": f"{server.url}/%s",
            "operations": {"all": {"url": "all", "method": "GET", "rate_limiting_retries": 3}},
        }
        source = {"type": "rest", "system": "slow", "operation": "all"}
        got = {"_id": "got", "type": "pipe", "source": source, "pump": {"mode": "manual"}}
        assert shop.put("/config", json=[system, got]).status_code == 200
        assert shop.get("/systems/slow").json()["runtime"]["paused-until"] is None
        shop.post("/pipes/got/pump", data={"operation": "start"})
        runtime = {}
        while not runtime.get("waiting-requests"):
            time.sleep(0.02)
            runtime = shop.get("/systems/slow").json()["runtime"]
        assert runtime["paused-until"] > "2026"
        told = flow(shop)[0]["system:slow"]["message"]
        assert told == f"wants no requests until {runtime['paused-until']}; 1 wait"
        shop.post("/pipes/got/pump", data={"operation": "stop"})
        while shop.get("/pipes/got/pump").json()["runtime"]["is-running"]:
            time.sleep(0.02)


def test_what_may_not_be_seen_is_left_out(rich, running_node):
    """Who may see the configuration of one pipe hears what that names, and no more."""
    own = PEOPLE | {"permissions": [["allow", ["hr"], ["read_config", "read_data"]]]}
    seen = LOUD | {"permissions": [["allow", ["sales"], ["read_config"]]]}
    assert rich.put("/pipes/people/config", json=own).status_code == 200
    assert rich.put("/pipes/loud/config", json=seen).status_code == 200
    token = Keys.load(Settings(data=running_node.data)).token(["sales"], subject="bo")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=running_node.url, headers=headers, trust_env=False) as sales:
        nodes, edges = flow(sales)
    assert set(nodes) == {"pipe:loud", "dataset:people", "dataset:loud"}
    assert set(edges) == {
        ("dataset:people", "pipe:loud", "source"),
        ("pipe:loud", "dataset:loud", "sink"),
    }
    assert nodes["dataset:people"]["entities"] is None
    assert nodes["dataset:people"]["message"] == "what it has may not be read"
    assert nodes["pipe:loud"]["entities"] is None
