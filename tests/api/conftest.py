"""Two ways to serve: the application over a stand-in for the hub, and one real node a session."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from sesam_node.api import make_application
from sesam_node.cli.child import ChildNode
from sesam_node.settings import Keys, Settings

sys.path.insert(0, str(Path(__file__).parent))

from api_testing import LOUD, PEOPLE, client_of, run
from two_nodes import know


class Served:
    """An application on a thread of its own."""

    def __init__(self, hub, settings):
        self.settings = settings
        self.keys = Keys.load(settings)
        self.application = make_application(hub, settings)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        self._ready.wait()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.client = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.keys.token()}"},
            trust_env=False,
        )

    async def _run(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = HTTPServer(self.application)
        sockets = bind_sockets(0, "127.0.0.1")
        self.port = sockets[0].getsockname()[1]
        server.add_sockets(sockets)
        self._ready.set()
        await self._stop.wait()
        server.stop()
        await server.close_all_connections()

    def close(self):
        self.client.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


@pytest.fixture
def serve(tmp_path):
    """`serve(hub, **settings)` serves a stand-in for the hub."""
    served = []

    def start(hub, **settings):
        served.append(Served(hub, Settings(data=tmp_path / "data", **settings)))
        return served[-1]

    yield start
    for one in served:
        one.close()


@pytest.fixture
def start(tmp_path):
    """`start(*arguments)` runs a node of the test's own; gives it and a client."""
    nodes = ExitStack()

    def start(*options):
        child = ChildNode(tmp_path / "data", folder=tmp_path, arguments=options)
        nodes.enter_context(child)
        return child, nodes.enter_context(client_of(child))

    with nodes:
        yield start


@pytest.fixture(scope="session")
def running_node(tmp_path_factory):
    """A real node over LMDB, for all tests of the session."""
    folder = tmp_path_factory.mktemp("api-node")
    with ChildNode(folder / "data", folder=folder) as child:
        yield child


@pytest.fixture
def node(running_node):
    """A client of the real node, which is emptied first."""
    with client_of(running_node) as client:
        assert client.put("/config", params={"force": "true"}, json=[]).status_code == 200
        assert client.put("/env", json={}).status_code == 200
        yield client


@pytest.fixture
def shop(node):
    """The real node with two pipes that have run."""
    assert node.put("/config", json=[PEOPLE, LOUD]).status_code == 200
    run(node, "people")
    run(node, "loud")
    return node


@pytest.fixture(scope="module")
def second_node(tmp_path_factory):
    folder = tmp_path_factory.mktemp("second-node")
    with ChildNode(folder / "data", folder=folder) as child:
        yield child


@pytest.fixture
def other(second_node, running_node):
    """A client of the second node, which is emptied and knows the first one as the system `a`."""
    headers = {"Authorization": f"Bearer {second_node.token}"}
    with httpx.Client(base_url=second_node.url, headers=headers, trust_env=False) as client:
        assert client.put("/config", params={"force": "true"}, json=[]).status_code == 200
        know(client, "a", running_node)
        yield client
