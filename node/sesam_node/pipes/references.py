"""Which source entities of a pipe look an entity up: the way that dependency tracking goes, asked.

Where the rules lead back from a hopped dataset to the source they are followed; where not, the
recorded look-ups of the pipe's last runs are asked. Conditions beside the joins are not evaluated:
an entity that is told here met it in the join, and may have passed it over then.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.explain.wording import index_words
from sesam_node.errors import NotFoundError, preview
from sesam_node.model import decode
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.recorded import INDEX, WayBack, lookups_of, records_name
from sesam_node.pipes.tracking import recorded_lookups, ways_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.dtl import Tracker
    from sesam_node.model import Entity
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store

TOLD = 20
MOST = 100_000
"""How many source entities are counted."""

ASKED = 500


def references(
    store: Store, *, definition: PipeDefinition, dataset: str, entity_id: str
) -> dict[str, Any]:
    """The source entities of a pipe that look an entity of a hopped dataset up.

    `count` of them (at most 100,000), the first `ids`, `dataset` (where they are), `joins` in words
    and `recorded`: are they known by what the last runs looked up? Raises NotFoundError.
    """
    version = store.dataset(dataset, create=False).get(entity_id)
    if version is None:
        raise NotFoundError(f'the dataset "{dataset}" has no entity {preview(entity_id)}')
    pipe = build_pipe(definition, store)
    try:
        indexes = [index for name, index in recorded_lookups(pipe) if name == dataset]
        entity = decode(version.body)
        if indexes:
            found = _recorded(store, pipe, WayBack(dataset, indexes), entity)
        else:
            found = _followed(pipe, dataset, entity)
        ids = sorted(islice(_there(pipe, found), MOST))
        trackers = ways_of(pipe).get(dataset, [])
        joins = dict.fromkeys(text for tracker in trackers for text in _joins(tracker))
        return {
            "pipe": pipe.id,
            "datasets": list(pipe.source.datasets),
            "joins": list(joins),
            "recorded": bool(indexes),
            "count": len(ids),
            "ids": ids[:TOLD],
        }
    finally:
        pipe.close()


def _joins(tracker: Tracker) -> Iterator[str]:
    """The steps from the entity to the source in words: `_id is dept of person`."""
    waiting = list(tracker.roles)
    for role in waiting:
        for link in tracker.links.get(role, ()):
            where = link.dataset or "the source"
            yield f"{index_words(link.values)} is {index_words(link.index)} of {where}"
            if link.role not in waiting:
                waiting.append(link.role)


def _followed(pipe: Pipe, dataset: str, entity: Entity) -> Iterator[str]:
    lookup = StoreLookup(pipe.context)
    found = dict.fromkeys(
        source_id
        for tracker in ways_of(pipe).get(dataset, [])
        for source_id in tracker.bind(lookup)([entity])
    )
    yield from found


def _recorded(store: Store, pipe: Pipe, way: WayBack, entity: Entity) -> Iterator[str]:
    name = records_name(pipe.id)
    if not store.exists(name):
        return
    records = store.dataset(name, create=False)
    if INDEX not in [info.id for info in records.indexes()]:
        return
    # It is there; this process may not know yet how its keys are made.
    records.ensure_index(INDEX, lookups_of)
    numbers = list(dict.fromkeys([*way.always, *way.numbers(entity)]))
    found = records.lookup_many(INDEX, numbers)
    yield from dict.fromkeys(version.entity_id for some in found for version in some)


def _there(pipe: Pipe, ids: Iterable[str]) -> Iterator[str]:
    """Those that the source has now; all of a source that is not read from datasets."""
    names = pipe.source.datasets
    datasets = [found for name in names if (found := pipe.context.dataset(name)) is not None]
    asked = iter(ids)
    while some := list(islice(asked, ASKED)):
        there = {
            version.entity_id
            for dataset in datasets
            for version in dataset.get_many(some)
            if version is not None and not version.deleted
        }
        yield from (one for one in some if not names or one in there)
