"""A node's pipes over each store."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pipes_helpers import Node
from web_server import serving

from sesam_node.pipes.shared.desk import Desk
from sesam_node.pipes.shared.line import LocalLine, using


@pytest.fixture(autouse=True)
def own_desk():
    """Tokens and pauses of one test are not those of the next."""
    with using(LocalLine(Desk())):
        yield


@pytest.fixture(params=["memory", "lmdb"])
def node(request, tmp_path):
    node = Node("memory:" if request.param == "memory" else f"lmdb:{tmp_path / 'store'}")
    yield node
    node.store.close()


@pytest.fixture
def memory_node():
    node = Node()
    yield node
    node.store.close()


@pytest.fixture
def web():
    """`web(answer)` starts a server; see `web_server`."""
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(serving(answer))
