"""What workers share: a real node with four of them, and a server that counts and is strict."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier, Lock
from urllib.parse import parse_qsl

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "pipes"))

from api_testing import client_of
from web_server import Reply, serving

from sesam_node.cli.child import ChildNode

PIPES = ("one", "two", "three", "four")
PAGES = 5
RATE = 5
JSON = {"Content-Type": "application/json"}


class Strict:
    """Gives out tokens for a refresh token that may be used once; each ends after some requests.

    `arrived` are the times of the requests that ask for data.
    """

    def __init__(self, uses=8):
        self.uses = uses
        self.lock = Lock()
        self.given = 0
        self.left = 0
        self.ended = set()
        self.reused = []
        self.arrived = []
        self.together = Barrier(len(PIPES))
        self.at_first_use = {}

    def __call__(self, asked):
        if asked.path == "/token":
            return self.token(dict(parse_qsl(asked.body.decode())))
        with self.lock:
            self.arrived.append(time.monotonic())
            taken = asked.headers["authorization"] == f"Bearer access-{self.given}"
            if taken and self.left == self.uses:
                self.at_first_use.pop(self.given, lambda: None)()
            if taken and self.left == 0:
                self.ended.add(self.given)
                taken = False
            if not taken:
                return Reply({"error": "invalid_token"}, 401, JSON)
            self.left -= 1
        _, pipe, page = asked.path.split("/")
        if page == "0":
            self.together.wait(60)
        following = f"/{pipe}/{int(page) + 1}" if int(page) + 1 < PAGES else ""
        link = {"Link": f'<{following}>; rel="next"'} if following else {}
        return Reply([{"_id": f"{pipe}-{page}"}], 200, {**JSON, **link})

    def token(self, form):
        with self.lock:
            if form["refresh_token"] != f"refresh-{self.given}":
                self.reused.append(form["refresh_token"])
                return Reply({"error": "invalid_grant"}, 400, JSON)
            self.given += 1
            self.left = self.uses
            token = {"access_token": f"access-{self.given}", "expires_in": 3600}
            return Reply({**token, "refresh_token": f"refresh-{self.given}"}, 200, JSON)

    def most_in_a_second(self):
        times = sorted(self.arrived)
        return max(sum(1 for t in times if first <= t < first + 1) for first in times)


class Running:
    """A node with four workers, and four pipes that read from the server."""

    def __init__(self, folder, server):
        self._folder = folder
        self._server = server
        self._stack = ExitStack()

    def __enter__(self):
        arguments = ["--workers", str(len(PIPES))]
        node = ChildNode(self._folder / "data", folder=self._folder, arguments=arguments)
        self.child = self._stack.enter_context(node)
        self.client = self._stack.enter_context(client_of(self.child))
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def configure(self, **system):
        secrets = {"word": "hush", "first": "refresh-0"}
        assert self.client.put("/secrets", json=secrets).status_code == 200
        oauth = {
            "token_url": f"{self._server.url}/token",
            "client_id": "me",
            "client_secret": "$SECRET(word)",
            "grant_type": "refresh_token",
            "refresh_token": "$SECRET(first)",
        }
        page = {"url": "{{ properties.pipe }}/0", "method": "GET"}
        api = {
            "_id": "api",
            "type": "system:rest",
            "url_pattern": f"{self._server.url}/%s",
            "oauth2": oauth,
            "operations": {"page": page},
            **system,
        }
        source = {"type": "rest", "system": "api", "operation": "page"}
        pipes = [
            {
                "_id": pipe,
                "type": "pipe",
                "source": {**source, "properties": {"pipe": pipe}},
                "pump": {"mode": "manual"},
            }
            for pipe in PIPES
        ]
        answer = self.client.put("/config", params={"force": "true"}, json=[api, *pipes])
        assert answer.status_code == 200, answer.text

    def start(self):
        for pipe in PIPES:
            answer = self.client.post(f"/pipes/{pipe}/pump", data={"operation": "start"})
            assert answer.status_code == 200, answer.text

    def finish(self):
        """The errors of the runs that are under way, by pipe."""
        return {pipe: self.error(pipe) for pipe in PIPES}

    def error(self, pipe):
        while (runtime := self.runtime(pipe))["is-running"]:
            time.sleep(0.02)
        return runtime["last-original-error-message"]

    def ends(self, pipe):
        """Run one pipe; its error."""
        self.client.post(f"/pipes/{pipe}/pump", data={"operation": "start"})
        return self.error(pipe)

    def stopped(self, pipe):
        """Stop a pipe; its error."""
        self.client.post(f"/pipes/{pipe}/pump", data={"operation": "stop"})
        return self.error(pipe)

    def runtime(self, pipe):
        return self.client.get(f"/pipes/{pipe}/pump").json()["runtime"]

    def counts(self):
        found = (self.client.get(f"/datasets/{pipe}/entities").json() for pipe in PIPES)
        return [len(entities) for entities in found]


@pytest.fixture
def strict():
    return Strict()


@pytest.mark.long
def test_four_pumps_share_the_rate_and_the_token_and_a_pause(strict, tmp_path):
    with serving(strict) as server, Running(tmp_path, server) as node:
        node.configure(rate_limit_per_second=RATE)
        node.start()
        assert node.finish() == dict.fromkeys(PIPES)
        assert node.counts() == [PAGES] * len(PIPES)
        assert strict.most_in_a_second() <= RATE
        assert len(strict.ended) >= 2
        assert (strict.given, strict.reused) == (len(strict.ended) + 1, [])
        no_token_is_readable(tmp_path / "data")

        # The system wants a pause of an hour: nobody asks it anything, and all can be stopped.
        strict.arrived.clear()
        server.answer = busy(strict)
        assert node.ends("one")
        node.start()
        assert {node.stopped(pipe) for pipe in PIPES} == {"the run was stopped"}
        assert len(strict.arrived) == 1


def busy(strict):
    def answer(asked):
        strict.arrived.append(asked.path)
        return Reply(b"", 429, {"Retry-After": "3600"})

    return answer


def no_token_is_readable(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(word in data for word in (b"access-", b"refresh-", b"hush"))


@pytest.mark.long
def test_a_refresh_token_is_not_lost_with_a_node_that_is_killed_before_it_is_used(strict, tmp_path):
    with serving(strict) as server:
        with Running(tmp_path, server) as first:
            first.configure()
            # The server has given out the second token, and the node is killed as it first uses it.
            process = first.child._process
            strict.at_first_use[2] = lambda: (process.kill(), process.wait())
            first.start()
            process.wait(60)
        assert (strict.given, strict.reused) == (2, [])
        strict.together = Barrier(len(PIPES))
        with Running(tmp_path, server) as second:
            second.start()
            assert second.finish() == dict.fromkeys(PIPES)
            assert second.counts() == [PAGES] * len(PIPES)
    assert (strict.given, strict.reused) == (len(strict.ended) + 1, [])
