"""A node that is killed amid everything has what it acknowledged, and comes out equal."""

from __future__ import annotations

import contextlib
import os
import signal
import threading

import httpx
import pytest

from sesam_node.cli.child import ChildNode

from .conftest import Steps

HOP = ["hops", {"datasets": ["ref r"], "where": ["eq", "_S.k", "r.k"], "return": "r.name"}]


def configure(node):
    node.receiver("in")
    node.receiver("ref")
    often = {"schedule_interval": 0.1}
    node.pipe(
        "all",
        {"type": "dataset", "dataset": "in"},
        [["copy", "*"], ["add", "name", HOP]],
        pump=often,
    )
    node.pipe(
        "few",
        {"type": "dataset", "dataset": "all"},
        [["filter", ["gt", "_S.x", 5]], ["copy", "*"]],
        pump=often,
    )
    source = {
        "type": "merge",
        "version": 2,
        "datasets": ["in i", "ref r"],
        "equality": [["eq", "i.k", "r.k"]],
    }
    node.pipe("merged", source, pump=often)


class Posting(threading.Thread):
    """Posts one batch after the other until the node is gone; remembers what was acknowledged."""

    def __init__(self, node, pipe_id, make):
        super().__init__()
        self.node, self.pipe_id, self.make = node, pipe_id, make
        self.acknowledged, self.rounds, self.sent = {}, 0, {}

    def run(self):
        with (
            httpx.Client(
                base_url=self.node.child.url,
                headers={"Authorization": f"Bearer {self.node.child.token}"},
                trust_env=False,
                timeout=60,  # the first of many waits for a process to start
            ) as http,
            contextlib.suppress(httpx.HTTPError),
        ):
            while True:
                entities = self.make(self.rounds)
                self.sent = {e["_id"]: e for e in entities}
                answer = http.post(f"/receivers/{self.pipe_id}/entities", json=entities)
                if answer.status_code == 200:
                    self.acknowledged.update(self.sent)
                self.rounds += 1


class Configuring(threading.Thread):
    """Changes a pipe again and again; remembers the last change that was acknowledged."""

    def __init__(self, node):
        super().__init__()
        self.node, self.acknowledged, self.sent = node, 0, 0

    def run(self):
        http = self.node.http
        with contextlib.suppress(httpx.HTTPError):
            while True:
                self.sent += 1
                config = {
                    "_id": "turning",
                    "type": "pipe",
                    "source": {"type": "embedded", "entities": [{"_id": "1", "n": self.sent}]},
                    "pump": {"mode": "manual"},
                }
                if http.put("/pipes/turning/config", json=config).status_code == 200:
                    self.acknowledged = self.sent


def numbers(number):
    return [
        {"_id": str(n % 97), "x": (n * 7 + number) % 11, "k": n % 13, "_deleted": n % 17 == 3}
        for n in range(number * 40, number * 40 + 40)
    ]


def names(number):
    return [
        {"_id": f"r{k}", "k": k, "name": f"{k}-{number}"} for k in range(13) if (k + number) % 3
    ]


def quiet(node):
    """Waits until every pump has read everything, with the schedule held off by nobody."""
    for pipe_id in ("all", "few", "merged"):

        def rest(pipe_id=pipe_id):
            runtime = node.runtime(pipe_id)
            queues = runtime["queues"]
            source = queues["source"]
            waiting = sum(source.values()) if isinstance(source, dict) else source
            return (waiting, sum(queues["dependencies"].values()), runtime["is-running"])

        node.until(rest, lambda found: found == (0, 0, False))


@pytest.mark.timeout(170)
def test_what_was_acknowledged_is_there_and_the_sinks_are_those_of_a_fresh_node(tmp_path):
    data = tmp_path / "data"
    with ChildNode(data, folder=tmp_path) as child:
        node = Steps(child)
        configure(node)
        node.pipe("turning", {"type": "embedded", "entities": []})
        first_posts, second_posts = Posting(node, "in", numbers), Posting(node, "ref", names)
        turning = Configuring(node)
        threads = [first_posts, second_posts, turning]
        for thread in threads:
            thread.start()
        watch = Steps(child)
        watch.until(
            lambda: (first_posts.rounds, second_posts.rounds, turning.acknowledged),
            lambda rounds: min(rounds) >= 8,
        )
        os.kill(child._process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
        watch.http.close()
        node.http.close()
    with ChildNode(data, folder=tmp_path) as child:
        node = Steps(child)
        for posts, pipe_id in ((first_posts, "in"), (second_posts, "ref")):
            found = {
                e["_id"]: {k: v for k, v in e.items() if k[0] != "_"}
                for e in node.entities(pipe_id, history=False)
                if not e["_deleted"]
            }
            for entity_id, entity in posts.acknowledged.items():
                content = {k: v for k, v in entity.items() if k[0] != "_"}
                last = posts.sent.get(entity_id, entity)
                allowed = [
                    None if e.get("_deleted") else {k: v for k, v in e.items() if k[0] != "_"}
                    for e in (entity, last)
                ]
                assert found.get(entity_id) in allowed, (entity_id, content)
        turned = node.http.get("/pipes/turning/config").json()["source"]["entities"][0]["n"]
        assert turning.acknowledged <= turned <= turning.sent
        quiet(node)
        result = {name: node.live(name) for name in ("all", "few", "merged")}
        inputs = {
            name: [
                {k: v for k, v in e.items() if k not in ("_updated", "_previous", "_hash", "_ts")}
                for e in node.entities(name, history=False)
            ]
            for name in ("in", "ref")
        }
        node.http.close()
    assert result["few"]
    with ChildNode(tmp_path / "fresh", folder=tmp_path) as child:
        fresh = Steps(child)
        configure(fresh)
        for name in ("ref", "in"):
            fresh.post(name, *inputs[name])
        quiet(fresh)
        quiet(fresh)
        for name in ("all", "few", "merged"):
            fresh.until(
                lambda name=name: fresh.live(name), lambda live, name=name: live == result[name]
            )
        fresh.http.close()
