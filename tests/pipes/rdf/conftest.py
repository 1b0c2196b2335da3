"""A triple store over HTTP, and a node that reaches it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sparql_server import triple_store


@pytest.fixture
def store(memory_node):
    """An empty triple store; the node has it as the system `store`."""
    with triple_store() as store:
        memory_node.more = {
            "systems": {
                "store": {"_id": "store", "type": "system:url", "url_pattern": f"{store.url}/%s"}
            },
            "metadata": {"namespaces": {"default": {"x": "http://x.org/"}}},
        }
        yield store
