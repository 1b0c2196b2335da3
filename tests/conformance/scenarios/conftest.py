"""Steps that the scenarios are made of, and a real node that they run against.

A scenario knows the manual and the API, not the code: it says what a user does and what comes out.
"""

from __future__ import annotations

import time

import httpx
import pytest

from sesam_node.cli.child import ChildNode

PATIENCE_S = 60.0


class Steps:
    """What a user does with a node, one call each; `http` is the client for everything else."""

    def __init__(self, child):
        self.child = child
        self.http = httpx.Client(
            base_url=child.url,
            headers={"Authorization": f"Bearer {child.token}"},
            timeout=PATIENCE_S,
            trust_env=False,
        )

    def pipe(self, pipe_id, source, transform=None, sink=None, **more):
        """Puts a pipe that runs only when it is told to."""
        config = {"_id": pipe_id, "type": "pipe", "source": source, **more}
        if transform is not None:
            config["transform"] = dtl(*transform) if isinstance(transform, list) else transform
        if sink is not None:
            config["sink"] = sink
        if source["type"] != "http_endpoint" and not str((sink or {}).get("type")).endswith(
            "_endpoint"
        ):
            config.setdefault("pump", {"mode": "manual"})
        if self.http.get(f"/pipes/{pipe_id}").status_code == 404:
            answer = self.http.post("/pipes", json=[config])
            assert answer.status_code == 201, answer.text
        else:
            answer = self.http.put(f"/pipes/{pipe_id}/config", json=config)
            assert answer.status_code == 200, answer.text
        return config

    def receiver(self, pipe_id, *entities, **more):
        """A pipe that takes pushes, and a first push."""
        self.pipe(pipe_id, {"type": "http_endpoint"}, **more)
        if entities:
            self.post(pipe_id, *entities)

    def post(self, pipe_id, *entities, expect=200, **params):
        answer = self.http.post(
            f"/receivers/{pipe_id}/entities", json=list(entities), params=params
        )
        assert answer.status_code == expect, answer.text
        return answer

    def pump(self, pipe_id, operation, expect=200, **fields):
        """Runs an operation of a pump; the pump's runtime."""
        data = {"operation": operation, **fields}
        answer = self.http.post(f"/pipes/{pipe_id}/pump", data=data)
        assert answer.status_code == expect, answer.text
        return answer.json().get("runtime")

    def runtime(self, pipe_id):
        return self.http.get(f"/pipes/{pipe_id}/pump").json()["runtime"]

    def run(self, *pipe_ids, success=True):
        """Runs pumps to their end, one after the other; the runtime of the last."""
        for pipe_id in pipe_ids:
            self.pump(pipe_id, "start")
            runtime = self.idle(pipe_id)
            assert runtime["success"] is success, (pipe_id, runtime)
        return runtime

    def idle(self, pipe_id):
        """Waits until a pump does not run."""
        return self.until(lambda: self.runtime(pipe_id), lambda runtime: not runtime["is-running"])

    def until(self, ask, good):
        """Asks until the answer is good; the answer."""
        deadline = time.monotonic() + PATIENCE_S
        while not good(answer := ask()):
            assert time.monotonic() < deadline, answer
            time.sleep(0.02)
        return answer

    def entities(self, dataset_id, **params):
        """The entities of a dataset with everything the node adds to them."""
        answer = self.http.get(f"/datasets/{dataset_id}/entities", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def live(self, dataset_id):
        """The live entities by id, without what the node adds."""
        return {
            entity["_id"]: {k: v for k, v in entity.items() if not k.startswith("_")}
            for entity in self.entities(dataset_id, history=False, deleted=False)
        }

    def log(self, dataset_id, since=None):
        """Each version that was written: (id, deleted, content)."""
        params = {} if since is None else {"since": since}
        return [
            (
                entity["_id"],
                entity["_deleted"],
                {k: v for k, v in entity.items() if not k.startswith("_")},
            )
            for entity in self.entities(dataset_id, **params)
        ]

    def end(self, dataset_id):
        """The offset of the last version, or null."""
        entities = self.entities(dataset_id, reverse=True, limit=1)
        return entities[0]["_updated"] if entities else None

    def events(self, pipe_id, **params):
        answer = self.http.get(f"/pipes/{pipe_id}/log", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def dataset(self, dataset_id):
        answer = self.http.get(f"/datasets/{dataset_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()["runtime"]


def dtl(*rules):
    return {"type": "dtl", "rules": {"default": list(rules)}}


@pytest.fixture(scope="session")
def scenario_child(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")
    with ChildNode(folder / "data", folder=folder) as child:
        yield child


@pytest.fixture
def node(scenario_child):
    """Steps on a node without pipes, systems, variables and secrets."""
    steps = Steps(scenario_child)
    with steps.http as http:
        assert http.put("/config", params={"force": "true"}, json=[]).status_code == 200
        assert http.put("/env", json={}).status_code == 200
        assert http.put("/secrets", json={}).status_code == 200
        yield steps
