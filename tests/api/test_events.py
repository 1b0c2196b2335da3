"""The stream of events of a real node: who may hear what, and that it goes on by itself."""

from __future__ import annotations

import json

import httpx
from api_testing import PEOPLE

from sesam_node.settings import Keys, Settings


def events(lines):
    """Name and data of each event of a stream."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_run_is_heard_of_while_one_listens(shop):
    with shop.stream("GET", "/events") as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        heard = events(answer.iter_lines())
        name, data = next(heard)
        assert name == "snapshot"
        assert data["pipes"]["people"]["runtime"]["success"] is True
        assert data["datasets"]["loud"]["entities"] == 1
        more = PEOPLE | {"source": {"type": "embedded", "entities": [{"_id": "1"}, {"_id": "2"}]}}
        assert shop.put("/pipes/people/config", json=more).status_code == 200
        shop.post("/pipes/people/pump", data={"operation": "start"})
        name, data = next(one for one in heard if "people" in one[1].get("datasets", {}))
        assert name == "changes"
        assert data["datasets"]["people"]["entities"] == 2


def test_it_takes_a_token_and_tells_only_what_that_may_read(shop, running_node):
    bare = httpx.get(f"{running_node.url}/events", trust_env=False)
    assert bare.status_code == 401
    permissions = [["allow", ["group:Sales"], ["read_config"]]]
    open_pipe = PEOPLE | {"permissions": permissions}
    assert shop.put("/pipes/people/config", json=open_pipe).status_code == 200
    token = Keys.load(Settings(data=running_node.data)).token(["group:Sales"], subject="bo")
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{running_node.url}/events"
    with httpx.stream("GET", url, headers=headers, trust_env=False) as answer:
        _, data = next(events(answer.iter_lines()))
    assert set(data["pipes"]) == {"people"}
    assert data["datasets"] == data["systems"] == {}
