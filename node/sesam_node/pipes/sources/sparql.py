"""The sparql source: subjects that a query of a triple store finds.

One query tells the subjects and when each was updated, another one, asked for each of them, what is
said of it; one of which nothing is said is deleted. Where the first query holds `${since}`, a run
reads only what was updated since the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.options import Flaw, further_flaws
from sesam_node.errors import ConfigError, InputError, PipeError, preview
from sesam_node.pipes.batch import BATCH_SIZE
from sesam_node.pipes.common_options import STRINGS, SYSTEM_ID, URL_SYSTEMS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.rdf.entities import Reader
from sesam_node.pipes.rdf.names import Names
from sesam_node.pipes.rdf.sparql import SINCE, URI, Endpoint, query_text, with_since
from sesam_node.pipes.rdf.terms import absolute_iri
from sesam_node.pipes.rdf.values import EXACT, LITERALS, SORT_LISTS
from sesam_node.pipes.updated import is_greater, updated_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch, Context, Offset


def flaws(options: Mapping[str, Any]) -> list[Flaw]:
    """A query that asks for no subject."""
    if URI in query_text(options["fragment_query"]):
        return []
    message = f"there is no {URI} in the query, so that it would ask the same of every subject"
    return [Flaw(("fragment_query",), "no-variable", message, f"as in FILTER(?s = <{URI}>)")]


@source(
    "sparql",
    SYSTEM_ID,
    Option("url", "string", "", "where the endpoint is in the system"),
    Option("fragments_query", STRINGS, doc="a SELECT of id and updated of each subject"),
    Option("fragment_query", STRINGS, doc="a CONSTRUCT of the statements about ${uri}"),
    Option("initial_since_value", "string", "0001-01-01T00:00:00Z", "${since} in the first run"),
    SORT_LISTS,
    LITERALS,
    supports_since=None,
    is_since_comparable=True,
    fetches=True,
    system_types=URL_SYSTEMS,
    further=further_flaws(flaws),
)
class SparqlSource:
    """Subjects that a SPARQL endpoint finds, one entity each."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self._subjects = query_text(options["fragments_query"])
        self._about = query_text(options["fragment_query"])
        if flaws(options):
            raise ConfigError(f'there is no {URI} in "fragment_query"')
        self.supports_since = SINCE in self._subjects and options["supports_since"] is not False
        self.is_since_comparable = options["is_since_comparable"] is not False
        self.is_chronological = bool(options["is_chronological"])
        exact = options["literals"] == EXACT
        self._reader = Reader(Names.of(context), options["sort_lists"], exact)

    def read(self, since: Offset) -> Iterator[Batch]:
        system = self._context.system(self._options["system"])
        endpoint = Endpoint(system, self._options["url"])
        if since is None or not self.supports_since:
            since = self._options["initial_since_value"]
        found = list(self._found(endpoint, since).items())
        for start in range(0, len(found), BATCH_SIZE):
            entities = [
                self._entity(endpoint, uri, updated)
                for uri, updated in found[start : start + BATCH_SIZE]
            ]
            batch = updated_batch(entities, self, since)
            since = batch.offset if self.supports_since else since
            yield batch

    def _found(self, endpoint: Endpoint, since: Offset) -> dict[str, str | None]:
        """The subjects in the order of the query, each with its latest `updated`."""
        found: dict[str, str | None] = {}
        for number, row in enumerate(endpoint.select(with_since(self._subjects, since)), 1):
            subject, updated = row.get("id"), row.get("updated")
            if subject is None or subject.type == "bnode":
                what = "no id" if subject is None else "a blank node as its id"
                raise PipeError(f'row {number} of "fragments_query" has {what}; a URI is needed')
            if updated is None and self.supports_since:
                raise PipeError(f'row {number} of "fragments_query" has no "updated"')
            try:
                uri = absolute_iri(subject.value)
            except ValueError as error:
                raise PipeError(f'row {number} of "fragments_query": {error}') from None
            before = found.get(uri)
            told = None if updated is None else updated.value
            if before is None or (told is not None and is_greater(told, before)):
                found[uri] = told
        return found

    def _entity(self, endpoint: Endpoint, uri: str, updated: str | None) -> Entity:
        # The URI has no character that could end it, so nothing else of the query can be meant.
        graph = endpoint.construct(self._about.replace(URI, uri))
        try:
            entity = self._reader.entity(graph, uri)
        except InputError as error:
            raise PipeError(f"what is said of {preview(uri)}", error.problems) from None
        return entity if updated is None else {**entity, "_updated": updated}
