"""Datasets as the API shows them: their state, their entities, one entity.

Reads happen in the server's process, in short batches: each step of an iterator here reads one
batch from the store, encodes it and lets go.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConflictError, InputError, NotFoundError, preview
from sesam_node.hub.configuration import delete_datasets
from sesam_node.model.entity import with_header
from sesam_node.scheduling.scheduler import Changed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.hub.pumps import Pumps
    from sesam_node.store import Dataset, Store, Version

FIRST_BATCH = 100
BATCH = 1_000
CHUNK_BYTES = 256 * 1024
INTERNAL = "system:"


@dataclass(frozen=True, slots=True)
class Stream:
    """Entities as the chunks of a JSON array, and the headers that tell of their dataset."""

    headers: dict[str, str]
    chunks: Iterator[bytes]


class Datasets:
    """The service behind `/api/datasets`."""

    def __init__(self, store: Store, pumps: Pumps) -> None:
        self._store = store
        self._pumps = pumps

    def list(self, *, internal: bool = True) -> Sequence[dict[str, Any]]:
        """All datasets by name, those of the node itself too where `internal`."""
        names = self._store.names()
        found = []
        for name in names:
            if internal or not name.startswith(INTERNAL):
                dataset = self._pumps.dataset(name)
                if dataset is not None:
                    found.append(self._shown(dataset))
        return found

    def get(self, dataset_id: str) -> dict[str, Any]:
        return self._shown(self.open(dataset_id))

    async def delete(self, dataset_id: str) -> None:
        """Delete a dataset, and with it the offset of the pipe that fills it.

        Raises ConflictError while that pipe runs.
        """
        self.open(dataset_id)
        for pipe, facts in self._pumps.configuration.active.facts.items():
            if facts.sink == dataset_id and pipe in self._pumps.driver.running:
                raise ConflictError(
                    f'the pipe "{pipe}" is writing the dataset "{dataset_id}"; stop it first'
                )
        await asyncio.to_thread(self._store.delete, dataset_id)
        self._pumps.driver.handle(Changed(frozenset([dataset_id])))

    async def delete_all(self) -> None:
        """Delete every dataset, those of the node itself too."""
        await asyncio.to_thread(delete_datasets, self._store, self._store.names())

    def entities(
        self,
        dataset_id: str,
        *,
        since: str | int | None = None,
        limit: int | None = None,
        history: bool = True,
        deleted: bool = True,
        reverse: bool = False,
        populated: bool = False,
        subset: str | None = None,
    ) -> Stream:
        """Entities in the order of the log, after `since`.

        `deleted` counts only where the latest versions are asked for. Raises NotFoundError where
        the dataset is not there, is not populated though that was asked for, or has no such
        subset.
        """
        dataset = self.open(dataset_id)
        ready = dataset.populated
        if populated and not ready:
            raise NotFoundError(f'the dataset "{dataset_id}" is not populated yet')
        if subset:
            raise NotFoundError(f'the dataset "{dataset_id}" has no index for this subset')
        head = dataset.head()
        headers = {
            "X-Dataset-Populated": "true" if ready else "false",
            "X-Dataset-Max-Updated": str(head - 1) if head else "null",
            "X-Dataset-Generation": dataset.generation,
        }
        pages = _pages(
            dataset,
            read_since(since),
            limit,
            until=None if reverse else head,
            history=history,
            deleted=deleted or history,
            reverse=reverse,
        )
        return Stream(headers, _array(pages))

    def entity(self, dataset_id: str, entity_id: str, offset: int | None = None) -> bytes:
        """The latest version of an entity, or the one at an offset. Raises NotFoundError."""
        dataset = self.open(dataset_id)
        version = dataset.get(entity_id) if offset is None else dataset.at(offset)
        if version is None or version.entity_id != entity_id:
            where = "" if offset is None else f" at offset {offset}"
            raise NotFoundError(
                f'the dataset "{dataset_id}" has no entity {preview(entity_id)}{where}'
            )
        return wire(version)

    def indexes(self, dataset_id: str) -> Sequence[dict[str, Any]]:
        """The indexes of a dataset and how far they are."""
        return [
            {
                "_id": str(position),
                "expression": info.id,
                "dataset": dataset_id,
                "status": "up-to-date" if info.complete else "updating",
                "progress": {"indexed": info.indexed, "total": info.total},
            }
            for position, info in enumerate(self.open(dataset_id).indexes())
        ]

    def open(self, dataset_id: str) -> Dataset:
        """A dataset. Raises NotFoundError."""
        dataset = self._pumps.dataset(dataset_id)
        if dataset is None:
            raise NotFoundError(f'there is no dataset "{dataset_id}"')
        return dataset

    def _shown(self, dataset: Dataset) -> dict[str, Any]:
        counts = dataset.counts()
        name = dataset.name
        return {
            "_id": name,
            "type": "dataset",
            "runtime": {
                "origin": "system" if name.startswith(INTERNAL) else "user",
                "populated": dataset.populated,
                "generation": dataset.generation,
                "last-offset": dataset.head() - 1,
                "count-index-exists": counts.index_exists,
                "count-index-deleted": counts.index_deleted,
                "count-log-exists": counts.log_exists,
                "count-log-deleted": counts.log_deleted,
                "indexes": len(dataset.indexes()),
                "queues": self._queues(name),
            },
        }

    def _queues(self, name: str) -> dict[str, int]:
        """How much of the dataset each of its readers has not read yet."""
        found = {}
        for pipe, facts in self._pumps.configuration.active.facts.items():
            if name in facts.sources:
                queue = self._pumps.queues(facts, self._pumps.state(pipe))["source"]
                waiting = queue.get(name) if isinstance(queue, dict) else queue
                found[pipe] = waiting or 0
        return found


def read_since(since: str | int | None) -> int | None:
    """The offset that a `since` parameter means; an empty text is the start. Raises InputError."""
    if since is None or isinstance(since, int):
        return since
    text = since.strip().strip('"')
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"expected a whole number as since, got {preview(since)}") from None


def wire(version: Version) -> bytes:
    """A stored version as it is sent, with its header."""
    return with_header(
        version.body,
        version.seq,
        version.previous,
        version.ts,
        version.hash,
        deleted=version.deleted,
    )


def _pages(
    dataset: Dataset,
    since: int | None,
    limit: int | None,
    *,
    until: int | None,
    history: bool,
    deleted: bool,
    reverse: bool,
) -> Iterator[list[Version]]:
    """Batches of versions, growing so that the first is there soon."""
    size = FIRST_BATCH
    left = limit
    while left is None or left > 0:
        wanted = size if left is None else min(size, left)
        versions = dataset.changes(
            since, wanted, history=history, deleted=deleted, until=until, reverse=reverse
        )
        if versions:
            yield versions
            since = versions[-1].seq
            left = None if left is None else left - len(versions)
            bytes_each = sum(len(version.body) for version in versions) // len(versions) + 1
            size = max(1, min(BATCH, CHUNK_BYTES // bytes_each))
        if len(versions) < wanted:
            return


def _array(pages: Iterator[list[Version]]) -> Iterator[bytes]:
    """The JSON array of all versions, a chunk for each page."""
    before = b"["
    for versions in pages:
        yield before + b",".join(map(wire, versions))
        before = b","
    yield b"[]" if before == b"[" else b"]"
