"""What several tests of the API share: a run to its end, and two pipes."""

from __future__ import annotations

import time

import httpx

PEOPLE = {
    "_id": "people",
    "type": "pipe",
    "source": {"type": "embedded", "entities": [{"_id": "1", "name": "Ada", "n": 1}]},
    "pump": {"mode": "manual"},
}
LOUD = {
    "_id": "loud",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "people"},
    "transform": {
        "type": "dtl",
        "rules": {"default": [["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]},
    },
    "pump": {"mode": "manual"},
}


def client_of(child):
    """A client of a node in a process of its own."""
    headers = {"Authorization": f"Bearer {child.token}"}
    return httpx.Client(base_url=child.url, headers=headers, timeout=60.0, trust_env=False)


def run(client, pipe_id):
    """Run a pipe to its end; the pump's runtime."""
    answer = client.post(f"/pipes/{pipe_id}/pump", data={"operation": "start"})
    assert answer.status_code == 200, answer.text
    runtime = answer.json()["runtime"]
    while runtime["is-running"]:
        time.sleep(0.01)
        runtime = client.get(f"/pipes/{pipe_id}/pump").json()["runtime"]
    return runtime
