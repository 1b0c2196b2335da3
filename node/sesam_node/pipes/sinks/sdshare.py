"""The sdshare sink: fragments pushed to an SDShare receiver.

A request holds the fragments of several entities and names each of them; of a deleted one it holds
nothing. The receiver makes that all it knows of them, so a request may come twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sesam_node.config.options import further_flaws
from sesam_node.errors import ConfigError
from sesam_node.pipes.common_options import SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import sink
from sesam_node.pipes.rdf.entities import Writer
from sesam_node.pipes.rdf.names import Names
from sesam_node.pipes.rdf.terms import lines
from sesam_node.pipes.sinks.sparql import GRAPH, flaws

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context

MOST_QUERY_CHARACTERS = 4_000
"""Servers take URLs of some thousand characters."""

MOST_BODY_CHARACTERS = 1024 * 1024
MOST_ANSWER_BYTES = 64 * 1024


@sink(
    "sdshare",
    SYSTEM_ID,
    URL,
    GRAPH,
    system_types=URL_SYSTEMS,
    further=further_flaws(flaws),
)
class SdshareSink:
    """Pushes the RDF of each entity to an SDShare receiver."""

    dataset: str | None = None
    is_endpoint = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self._names = Names.of(context)
        for flaw in flaws(options):
            raise ConfigError(f'"graph": {flaw.message}')

    def write(self, entities: Sequence[Entity]) -> int:
        system = self._context.system(self._options["system"])
        headers = {"content-type": "application/n-triples", "accept": "*/*"}
        for resources, text in self._requests(entities):
            named = [("resource", uri) for uri in resources]
            query = urlencode([*named, ("graph", self._options["graph"])])
            with system.request(
                "POST", self._options["url"], query=query, headers=headers, body=text.encode()
            ) as answer:
                answer.body.read(MOST_ANSWER_BYTES)
        return len(entities)

    def _requests(self, entities: Sequence[Entity]) -> Iterator[tuple[list[str], str]]:
        """The resources of each request and the statements about them."""
        fragments: dict[str, str] = {}
        writer, named, size = Writer(self._names), 0, 0
        for entity in entities:
            uri = writer.subject(entity)
            text = "".join(lines(writer.triples(entity)))
            longer = len(urlencode({"resource": uri})) + 1
            full = named + longer > MOST_QUERY_CHARACTERS or size + len(text) > MOST_BODY_CHARACTERS
            # What is said twice of one resource would be taken for one fragment.
            if fragments and (full or uri in fragments):
                yield list(fragments), "".join(fragments.values())
                fragments, named, size = {}, 0, 0
            fragments[uri] = text
            named += longer
            size += len(text)
        if fragments:
            yield list(fragments), "".join(fragments.values())
