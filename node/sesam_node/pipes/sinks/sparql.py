"""The sparql sink: what is said of each entity, in a graph of a triple store.

A batch is one update, which a store carries out as a whole: what was said of its subjects before
goes, with their blank nodes, and the new statements come. Doing it again changes nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import ConfigError, PipeError, Problem, preview
from sesam_node.pipes.common_options import SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, sink
from sesam_node.pipes.rdf.entities import Graph, Writer, collection
from sesam_node.pipes.rdf.names import Names
from sesam_node.pipes.rdf.sparql import DEEPEST, Endpoint, patterns
from sesam_node.pipes.rdf.terms import (
    XSD,
    Literal,
    absolute_iri,
    is_blank,
    statement,
    written,
)
from sesam_node.pipes.rdf.values import is_literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.rdf.terms import Term, Triple

MOST_ENTITIES = 100
MOST_TRIPLES = 10_000
UPDATED = "http://www.sdshare.org/2012/extension/lastmodified"

GRAPH = Option("graph", "string", doc="the URI of the graph to write")


def flaws(options: Mapping[str, Any]) -> list[Flaw]:
    """A graph that is no URI."""
    try:
        absolute_iri(options["graph"])
    except ValueError as error:
        return [Flaw(("graph",), "wrong-uri", str(error), "as http://example.com/graph")]
    return []


@sink(
    "sparql",
    SYSTEM_ID,
    URL,
    Option("update_url", "string", None, "where updates go, if elsewhere"),
    GRAPH,
    Option("do_diff", "boolean", default=False, doc="send only what differs from the graph?"),
    Option("write_sdshare_updated", "boolean", default=True, doc="write the time of the update?"),
    system_types=URL_SYSTEMS,
    further=further_flaws(flaws),
)
class SparqlSink:
    """Writes the RDF of each entity into a triple store."""

    dataset: str | None = None
    is_endpoint = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self._names = Names.of(context)
        for flaw in flaws(options):
            raise ConfigError(f'"graph": {flaw.message}')
        self._graph = f"GRAPH {written(absolute_iri(options['graph']))}"
        self._compares: bool = options["do_diff"]
        self._stamps: bool = options["write_sdshare_updated"]

    def write(self, entities: Sequence[Entity]) -> int:
        options = self._options
        system = self._context.system(options["system"])
        endpoint = Endpoint(system, options["url"], options["update_url"])
        for wanted in self._parts(entities):
            text = self._changes(endpoint, wanted) if self._compares else self._replaces(wanted)
            if text:
                endpoint.update(text)
        return len(entities)

    def _parts(self, entities: Sequence[Entity]) -> Iterator[dict[str, list[Triple]]]:
        """The statements of some entities at a time, by subject; of one subject the last count."""
        part: dict[str, list[Triple]] = {}
        writer, size = Writer(self._names), 0
        for entity in entities:
            if nesting(entity) > DEEPEST + 1:
                problem = Problem("$", "too-deep", f"it is nested more than {DEEPEST} levels deep")
                message = f"the entity {preview(entity['_id'])} cannot be written to a triple store"
                raise PipeError(message, [problem])
            triples = writer.triples(entity)
            part[writer.subject(entity)] = triples
            size += len(triples)
            if len(part) >= MOST_ENTITIES or size >= MOST_TRIPLES:
                yield part
                part, writer, size = {}, Writer(self._names), 0
        if part:
            yield part

    def _replaces(self, wanted: Mapping[str, list[Triple]]) -> str:
        """The update that makes these the only statements about their subjects."""
        steps = list(self._removing(list(wanted)))
        steps += self._inserting([t for triples in wanted.values() for t in self._stamped(triples)])
        return " ;\n".join(steps)

    def _removing(self, subjects: Sequence[str]) -> Iterator[str]:
        # The deepest first: once its parent is gone, nothing leads to a blank node.
        for pattern in reversed(list(patterns(list(map(written, subjects))))):
            where = f"{self._graph} {{ {pattern} }}"
            yield f"DELETE {{ {self._graph} {{ ?s ?p ?o }} }} WHERE {{ {where} }}"

    def _inserting(self, triples: Iterable[Triple]) -> list[str]:
        lines = "\n".join(map(statement, triples))
        return [f"INSERT DATA {{ {self._graph} {{\n{lines}\n}} }}"] if lines else []

    def _stamped(self, triples: list[Triple]) -> list[Triple]:
        if not (self._stamps and triples):
            return triples
        moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return [*triples, (triples[0][0], UPDATED, Literal(moment, f"{XSD}dateTime"))]

    # -- only what differs -------------------------------------------------------------------------

    def _changes(self, endpoint: Endpoint, wanted: Mapping[str, list[Triple]]) -> str:
        """The update that leads from what the store says to these statements; empty if none."""
        there = self._read(endpoint, list(wanted))
        replaced: dict[str, list[Triple]] = {}
        gone: list[Triple] = []
        new: list[Triple] = []
        changed: list[str] = []
        for subject, triples in wanted.items():
            stamp = UPDATED if self._stamps else ""
            if said(there, subject, stamp) == said(Graph(triples), subject, stamp):
                continue
            old = {(subject, *said_) for said_ in there.about(subject) if said_[0] != stamp}
            if any(is_blank(value) for _, _, value in (*old, *triples)):
                replaced[subject] = triples
                continue
            changed.append(subject)
            gone += old.difference(triples)
            new += [triple for triple in self._stamped(triples) if triple not in old]
        steps = []
        if changed and self._stamps:
            pattern = f"VALUES ?s {{ {' '.join(map(written, changed))} }} ?s <{UPDATED}> ?o ."
            steps.append(
                f"DELETE {{ {self._graph} {{ ?s <{UPDATED}> ?o }} }} "
                f"WHERE {{ {self._graph} {{ {pattern} }} }}"
            )
        if gone:
            lines = "\n".join(map(statement, gone))
            steps.append(f"DELETE DATA {{ {self._graph} {{\n{lines}\n}} }}")
        steps += self._inserting(new)
        if replaced:
            steps.append(self._replaces(replaced))
        return " ;\n".join(steps)

    def _read(self, endpoint: Endpoint, subjects: Sequence[str]) -> Graph:
        found = patterns(list(map(written, subjects)))
        union = " UNION ".join(f"{{ {pattern} }}" for pattern in found)
        return endpoint.construct(
            f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {self._graph} {{ {union} }} }}"
        )


def nesting(value: Value) -> int:
    """How many dicts and collections lie one in the other; the entity itself is one."""
    if type(value) is dict:
        return 0 if is_literal(value) else 1 + max(map(_inside, value.values()), default=0)
    return 1 + max(map(nesting, value), default=0) if type(value) is list else 0


def _inside(value: Value) -> int:
    # A list of values is no node; one within it is a collection.
    return max(map(nesting, value), default=0) if type(value) is list else nesting(value)


def said(graph: Graph, subject: str, but: str = "", depth: int = 0) -> list[str]:
    """What is said of a subject, in order, blank nodes by what is said of them.

    Statements with the predicate `but` are left out.
    """

    def told(term: Term) -> str:
        if isinstance(term, Literal) or not is_blank(term) or depth > DEEPEST:
            return term if depth > DEEPEST and isinstance(term, str) else written(term)
        items = collection(graph, term)
        if items is not None:
            return f"({' '.join(map(told, items))})"
        return f"[{' ; '.join(said(graph, term, '', depth + 1))}]"

    return sorted(
        f"{written(predicate)} {told(value)}"
        for predicate, value in graph.about(subject)
        if predicate != but
    )
