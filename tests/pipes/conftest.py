"""A node's pipes over each store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pipes_helpers import Node


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
