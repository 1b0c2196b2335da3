"""Which indexes of a dataset the pipes in force need; what nobody needs is orphaned.

The pipes themselves are asked, built as for a run: joins of hops, the ways back that tracking
takes, equalities of merge sources, and what sinks declare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sesam_node.errors import SesamError
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.sink_indexes import declared_indexes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store


class Needed(NamedTuple):
    """The ids of the indexes that are needed; `certain` unless a pipe could not be asked."""

    indexes: frozenset[str]
    certain: bool = True


def needed_indexes(store: Store, *, dataset: str, definitions: Sequence[PipeDefinition]) -> Needed:
    """What these pipes need of a dataset. An operation for the executor."""
    found: set[str] = set()
    certain = True
    for definition in definitions:
        try:
            pipe = build_pipe(definition, store)
        except SesamError:
            certain = False
            continue
        try:
            found.update(index for name, index in indexes_of(pipe) if name == dataset)
        except SesamError:
            certain = False
        finally:
            pipe.close()
    return Needed(frozenset(found), certain)


def indexes_of(pipe: Pipe) -> Iterator[tuple[str, str]]:
    """(dataset, index id) of each index that a pipe needs."""
    for transform in pipe.transforms:
        yield from transform.indexes
    yield from getattr(pipe.source, "indexes", ())
    if pipe.sink.dataset:
        yield from ((pipe.sink.dataset, index) for index, _ in declared_indexes(pipe))
