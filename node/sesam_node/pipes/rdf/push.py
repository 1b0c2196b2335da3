"""SDShare push: N-Triples that say all there is to say of some resources."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from sesam_node.errors import InputError, Problem, preview
from sesam_node.pipes.rdf.atom import NTRIPLES
from sesam_node.pipes.rdf.entities import Graph, Reader
from sesam_node.pipes.rdf.names import Names
from sesam_node.pipes.rdf.ntriples import read_ntriples
from sesam_node.pipes.rdf.terms import absolute_iri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context

TYPES = (NTRIPLES, "text/plain")


def pushed_entities(body: bytes, resources: Sequence[str], context: Context) -> list[Entity]:
    """An entity for each resource, deleted where nothing is said of it. Raises InputError.

    What is said of others is left out: a fragment may tell of its surroundings.
    """
    if not resources:
        raise InputError('at least one "resource" is needed: what the statements are about')
    problems = []
    uris: dict[str, None] = {}
    for resource in resources:
        try:
            uris[absolute_iri(resource)] = None
        except ValueError as error:
            problems.append(Problem("$.resource", "wrong-uri", str(error)))
    if problems:
        raise InputError(f'expected URIs as "resource", got {preview(list(resources))}', problems)
    graph = Graph(triple for _, triple in read_ntriples(io.BytesIO(body)))
    reader = Reader(Names.of(context))
    return [reader.entity(graph, uri) for uri in uris]
