"""Search engines that the tests make, and nodes that know them."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from pipes_helpers import Node
from search_engines import ElasticEngine, SolrEngine
from web_server import serving

from sesam_node.pipes.search import server


@pytest.fixture
def pauses(monkeypatch):
    """How long was waited for a busy server; nobody waits in fact."""
    told = []
    monkeypatch.setattr(server.time, "sleep", told.append)
    return told


class SearchNode(Node):
    """A node with a system `search`, and a pipe `out` from the dataset `data` to it."""

    def __init__(self, kind, engine, web, **system):
        super().__init__()
        self.kind, self.engine, self.web = kind, engine, web
        self.more = {"systems": {"search": {"_id": "search", "type": f"system:{kind}", **system}}}

    def share(self, pump=None, batch_size=None, **options):
        more = {
            name: value for name, value in (("pump", pump), ("batch_size", batch_size)) if value
        }
        sink = {"type": self.kind, "system": "search", **options}
        self.pipe("out", source="data", sink=sink, **more)

    def asked(self, ending="_bulk"):
        """The bodies of the requests to a path that ends so."""
        return [asked.body for asked in self.web.asked if asked.path.endswith(ending)]


@pytest.fixture
def search(pauses):
    """`search("elasticsearch", version="8.11.1", …)`: a node and its engine."""
    with ExitStack() as stack:

        def made(kind, system=None, **engine):
            found = {"elasticsearch": ElasticEngine, "solr": SolrEngine}[kind](**engine)
            web = stack.enter_context(serving(found))
            if kind == "elasticsearch":
                place = {"hosts": [web.url.removeprefix("http://")]}
            else:
                place = {"url": f"{web.url}/solr/notes"}
            node = SearchNode(kind, found, web, **(place | (system or {})))
            stack.callback(node.store.close)
            return node

        yield made
