"""Look-ups of many source entities in one request each, for stores where a request is a round trip.

A stretch of source entities is looked at ahead of its transformation: the keys that it will ask for
are collected (`dtl.prefetch`) and fetched at once into the memory of the look-up, which then finds
them there. A stretch is so long that it fetches about 32 MiB, by what the one before took. A pipe
that looks into its own sink has to see its own writes and is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.model import decode
from sesam_node.pipes.transforms.dtl import DtlTransform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch
    from sesam_node.pipes.lookup import StoreLookup
    from sesam_node.pipes.pipe import Pipe

LIMIT_BYTES = 32 << 20
FIRST_STRETCH = 64
"""Entities of the very first stretch, of which nothing is known yet."""

GROWTH = 4
"""How many times longer than the one before a stretch may be."""


def prefetcher(pipe: Pipe, lookup: StoreLookup) -> Prefetcher | None:
    """What fetches ahead for a pipe; null where that cannot help."""
    store = pipe.context.store
    first = pipe.transforms[0] if pipe.transforms else None
    if store is None or not store.round_trip or not isinstance(first, DtlTransform):
        return None
    if pipe.sink.dataset in pipe.hops:
        return None
    made = Prefetcher(pipe, first, lookup)
    return made if made.prefetch.lookups else None


class Prefetcher:
    """Fetches what the next source entities of a batch will look up."""

    def __init__(self, pipe: Pipe, transform: DtlTransform, lookup: StoreLookup) -> None:
        self.pipe = pipe
        self.prefetch = transform.compiled.prefetch()
        self.lookup = lookup
        self._stretch = FIRST_STRETCH
        self._batch: Batch | None = None
        self._end = 0

    def ahead(self, batch: Batch, position: int, together: int = 1) -> None:
        """Have what the entity at a position, and `together` of them, will look up."""
        if batch is self._batch and position < self._end:
            return
        self._batch = batch
        stretch = max(together, self._stretch // together * together)
        self._end = min(batch.size, position + stretch)
        self.lookup.forget(LIMIT_BYTES)
        keys = self.prefetch.keys(self.sources(batch, position, self._end))
        fetched = sum(
            self.lookup.fetch(dataset, index, wanted)
            for (dataset, index), wanted in zip(self.prefetch.lookups, keys, strict=True)
        )
        # By what this one took, but not at once: what comes next may take more.
        size = self._end - position
        self._stretch = min(max(1, size * LIMIT_BYTES // max(1, fetched)), size * GROWTH)

    def sources(self, batch: Batch, start: int, end: int) -> Iterator[Entity]:
        """The entities as the first transform gets them."""
        for position in range(start, end):
            if batch.entities is not None:
                entity = batch.entities[position]
            else:
                entity = decode((batch.versions or ())[position].body)
            yield self.pipe.prepared(entity)
