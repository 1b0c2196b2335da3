"""Which properties there are, for who writes rules: of what feeds them, and of what they look into.

The observed schema of a dataset where it is up to date, else that of a sample. A sample is taken
anew only when what it was taken of has changed: an editor asks with every key.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.dtl import Runtime
from sesam_node.dtl.schema import Schema, schema_of
from sesam_node.model import decode
from sesam_node.pipes.evaluate import source_entity
from sesam_node.pipes.observing import up_to_date
from sesam_node.pipes.samples import Sample, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.store.api import Dataset, Store

SAMPLE = 1_000
SECONDS = 2.0
HOPPED = 8
"""How many datasets of hops are looked into for their properties, for completion."""

HOPPED_SAMPLE = 200
KEPT = 64

_kept: OrderedDict[tuple[Any, ...], Schema] = OrderedDict()


def source_schema(pipe: Pipe) -> Schema | None:
    """The properties of the pipe's source, where it can be read without asking another system."""
    observed = _observed(pipe)
    if observed is not None:
        return observed
    inside = pipe.stored_source is not None or getattr(pipe.source, "is_receiver", False)
    if not inside and pipe.definition.pipe["source"]["type"] != "embedded":
        return None
    names = tuple(pipe.source.datasets) or (pipe.sink.dataset or "",)
    states = tuple(_state(pipe.context.dataset(name)) for name in names)
    source = msgspec.json.encode([pipe.definition.pipe["source"], pipe.add])
    key = (source, pipe.identity, pipe.property_, names, states)
    return _once(key, lambda: _sampled(pipe))


def schemas_named(store: Store, text: str, datasets: Iterable[str]) -> Mapping[str, Schema]:
    """The properties of those of the datasets that a text names."""
    named = [name for name in datasets if name in text and store.exists(name)][:HOPPED]
    return {name: _of_dataset(store.dataset(name, create=False)) for name in named}


def _of_dataset(dataset: Dataset) -> Schema:
    observed = up_to_date(dataset)
    if observed is not None:
        return observed.schema

    def sampled() -> Schema:
        versions = dataset.changes(None, HOPPED_SAMPLE, deleted=False)
        return schema_of(decode(version.body) for version in versions)

    return _once(("dataset", dataset.name, _state(dataset)), sampled)


def _sampled(pipe: Pipe) -> Schema:
    before = pipe.bind(Runtime(), "before-transforms")
    found: list[Entity] = []
    for one in Sample(pipe, Wanted(limit=SAMPLE, seconds=SECONDS)):
        entity = source_entity(one, 0)
        if before is None:
            found.append(entity)
        else:
            before(entity, found)
    return schema_of(found)


def _observed(pipe: Pipe) -> Schema | None:
    """What has been observed of all entities of the source, where that is up to date and known.

    A sample may miss what few entities have; this does not.
    """
    name = pipe.context.source_dataset
    dataset = None if name is None else pipe.context.dataset(name)
    if dataset is None:
        return None
    found = up_to_date(dataset)
    return None if found is None else found.schema


def _state(dataset: Dataset | None) -> tuple[str, int] | None:
    """What a dataset is known by: another one where anything was written."""
    return None if dataset is None else (dataset.generation, dataset.head())


def _once(key: tuple[Any, ...], make: Callable[[], Schema]) -> Schema:
    """What was made for the key; the last ones are kept."""
    found = _kept.pop(key, None) or make()
    _kept[key] = found
    if len(_kept) > KEPT:
        _kept.popitem(last=False)
    return found
