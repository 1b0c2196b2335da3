"""The rdf source: the subjects of an RDF file behind a URL system.

A file of N-Triples that is sorted by subject is read in constant memory; any other as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, PipeError, Problem, preview
from sesam_node.pipes.batch import BATCH_SIZE, Batch
from sesam_node.pipes.common_options import SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.rdf.entities import Graph, Reader
from sesam_node.pipes.rdf.files import FORMATS, read_graph
from sesam_node.pipes.rdf.names import Names
from sesam_node.pipes.rdf.ntriples import read_ntriples
from sesam_node.pipes.rdf.terms import Literal, is_blank, written
from sesam_node.pipes.rdf.values import EXACT, LITERALS, SORT_LISTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.http.answer import Answer
    from sesam_node.pipes.rdf.terms import Triple


@source(
    "rdf",
    SYSTEM_ID,
    URL,
    Option("format", "string", "nt", "the syntax of the file", FORMATS),
    SORT_LISTS,
    Option("is_sorted", "boolean", default=False, doc="is the file sorted by subject?"),
    LITERALS,
    is_since_comparable=True,
    fetches=True,
    system_types=URL_SYSTEMS,
)
class RdfSource:
    """The subjects of an RDF file, one entity each."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self._names = Names.of(context)

    def read(self, since: Offset) -> Iterator[Batch]:  # noqa: ARG002 - a file has no offsets
        system = self._context.system(self._options["system"])
        with system.request("GET", self._options["url"]) as answer:
            try:
                yield from batches(self._entities(answer))
            except InputError as error:
                message = f"{system}: {answer.url}: {error.message}"
                raise PipeError(message, error.problems) from None

    def _entities(self, answer: Answer) -> Iterator[Entity]:
        options = self._options
        reader = Reader(self._names, options["sort_lists"], options["literals"] == EXACT)
        if options["format"] == "nt" and options["is_sorted"]:
            for graph in sorted_graphs(answer.body):
                yield from reader.entities(graph)
            return
        yield from reader.entities(read_graph(answer.body, options["format"], answer.url))


def batches(entities: Iterator[Entity]) -> Iterator[Batch]:
    """Entities in batches without offsets."""
    batch: list[Entity] = []
    for entity in entities:
        batch.append(entity)
        if len(batch) == BATCH_SIZE:
            yield Batch(batch, None, None)
            batch = []
    if batch:
        yield Batch(batch, None, None)


def sorted_graphs(body: BinaryIO) -> Iterator[Graph]:
    """The statements of each subject of sorted N-Triples. Raises InputError where they are not."""
    graph, current = Graph(), ""
    for number, triple in read_ntriples(body):
        _check_names(number, triple)
        subject = triple[0]
        if subject != current:
            # As they are written: what ends a URI sorts among what may stand in it.
            if current and written(subject) < written(current):
                message = f"{preview(subject)} comes after {preview(current)}"
                hint = 'sort the file (LC_ALL=C sort -u), or leave out "is_sorted"'
                raise _unsorted(number, message, hint)
            if current:
                yield graph
            graph, current = Graph(), subject
        graph.add(triple)
    if current:
        yield graph


def _check_names(number: int, triple: Triple) -> None:
    for term in (triple[0], triple[2]):
        if not isinstance(term, Literal) and is_blank(term):
            hint = 'leave out "is_sorted": they may be anywhere in the file'
            raise _unsorted(number, f"{term} is a blank node", hint)


def _unsorted(number: int, message: str, hint: str) -> InputError:
    problem = Problem(f"line {number}", "not-sorted", message, hint)
    return InputError("the N-Triples are not as sorted ones should be", [problem])
