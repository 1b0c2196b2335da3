"""A triple store behind HTTP: Oxigraph, as its SPARQL 1.1 protocol server would answer."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from urllib.parse import parse_qsl

import pyoxigraph
from web_server import Reply, serving

GRAPH = "http://x.org/graph"
RESULTS = {
    "application/sparql-results+json": pyoxigraph.QueryResultsFormat.JSON,
    "application/sparql-results+xml": pyoxigraph.QueryResultsFormat.XML,
}
STATEMENTS = {
    "application/n-triples": pyoxigraph.RdfFormat.N_TRIPLES,
    "text/turtle": pyoxigraph.RdfFormat.TURTLE,
    "application/rdf+xml": pyoxigraph.RdfFormat.RDF_XML,
}


class Store:
    """`/query` and `/update` take forms and bodies, `/store?graph=` is the graph store protocol.

    `speaks` are the formats of statements that it answers with. `log` holds the updates.
    """

    def __init__(self):
        self.store = pyoxigraph.Store()
        self.lock = Lock()
        self.speaks = tuple(STATEMENTS)
        self.log = []
        self.fails = None

    def answer(self, asked):
        try:
            with self.lock:
                if self.fails is not None:
                    return self.fails
                return self._answer(asked)
        except SyntaxError as error:
            return Reply(str(error).encode(), 400, {"Content-Type": "text/plain"})

    def _answer(self, asked):
        if asked.path == "/store":
            return self._graph(asked)
        name = asked.path.strip("/")
        if asked.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            text = dict(parse_qsl(asked.body.decode()))[name]
        elif asked.method == "GET":
            text = asked.query[name]
        else:
            text = asked.body.decode()
        if name == "update":
            self.store.update(text)
            self.log.append(text)
            return Reply(b"", 204)
        return self._results(self.store.query(text), asked.headers["accept"])

    def _results(self, found, accept):
        if isinstance(found, pyoxigraph.QueryTriples):
            kind = next(kind for kind in self.speaks if kind in accept)
            return Reply(found.serialize(format=STATEMENTS[kind]), headers={"Content-Type": kind})
        kind = next((kind for kind in RESULTS if kind in accept), None)
        if kind is None:
            return Reply(b"", 406)
        return Reply(found.serialize(format=RESULTS[kind]), headers={"Content-Type": kind})

    def _graph(self, asked):
        graph = pyoxigraph.NamedNode(asked.query["graph"])
        turtle = pyoxigraph.RdfFormat.TURTLE
        if asked.method == "PUT":
            self.store.clear_graph(graph)
        if asked.method in ("PUT", "POST"):
            self.store.load(asked.body, format=turtle, to_graph=graph)
            return Reply(b"", 204)
        data = self.store.dump(format=turtle, from_graph=graph)
        return Reply(data, headers={"Content-Type": "text/turtle"})

    def put(self, turtle, graph=GRAPH):
        """Adds statements."""
        prefixes = "@prefix x: <http://x.org/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> ."
        self.store.load(
            (prefixes + turtle).encode(),
            format=pyoxigraph.RdfFormat.TURTLE,
            to_graph=pyoxigraph.NamedNode(graph),
        )

    def lines(self, graph=GRAPH, but="lastmodified"):
        """The statements of a graph in order, blank nodes as `_:`."""
        quads = self.store.quads_for_pattern(None, None, None, pyoxigraph.NamedNode(graph))
        return sorted(
            f"{_shown(quad.subject)} {quad.predicate} {_shown(quad.object)}"
            for quad in quads
            if but not in str(quad.predicate)
        )

    def __len__(self):
        return len(self.store)


def _shown(term):
    return "_:" if isinstance(term, pyoxigraph.BlankNode) else str(term)


@contextmanager
def triple_store():
    store = Store()
    with serving(store.answer) as server:
        store.url, store.asked = server.url, server.asked
        yield store
