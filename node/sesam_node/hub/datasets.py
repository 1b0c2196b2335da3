"""Datasets as the API shows them: their state, their entities, one entity.

Plain reads happen in the server's process, in short batches: each step of an iterator here reads
one batch from the store, encodes it and lets go. Workers do what evaluates expressions (subsets)
or converts a lot at a stretch (Arrow).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConflictError, InputError, NotFoundError, Problem, preview
from sesam_node.hub.active import delete_datasets, written_datasets
from sesam_node.hub.indexes import Indexes
from sesam_node.hub.reposts import Reposts
from sesam_node.model.formats import ARROW, JSON, write_entities
from sesam_node.model.moment import read_moment
from sesam_node.pipes.breaker import (
    COMMIT,
    ROLLBACK,
    held_dataset,
    held_name,
    wire_held,
    with_held,
)
from sesam_node.pipes.completeness import completeness_of
from sesam_node.pipes.past import head_then
from sesam_node.pipes.reading import Selection, pages, read_subset, wire
from sesam_node.scheduling.scheduler import Changed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from sesam_node.hub.pump_operations import PumpOperations
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.query import Query
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store import Dataset, Store

QUERY = "sesam_node.pipes.query"
DIFFERENCES = "sesam_node.pipes.differences"
READING = "sesam_node.pipes.reading"
INTERNAL = "system:"


@dataclass(frozen=True, slots=True)
class Stream:
    """Entities as the chunks of a format, and the headers that tell of their dataset."""

    headers: dict[str, str]
    chunks: Iterator[bytes] | AsyncIterator[bytes]
    content_type: str = JSON


class Datasets:
    """The service behind `/api/datasets`."""

    def __init__(
        self,
        store: Store,
        pumps: Pumps,
        operations: PumpOperations,
        executor: Executor,
        *,
        timeout_s: float,
    ) -> None:
        self._operations = operations
        self._indexes = Indexes(pumps, executor, timeout_s=timeout_s)
        self._reposts = Reposts(store, pumps, executor, timeout_s=timeout_s)
        self._store = store
        self._pumps = pumps
        self._executor = executor
        self._timeout_s = timeout_s

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

    def names(self) -> set[str]:
        """The datasets that there are, and those that pipes will write."""
        return written_datasets(self._pumps.configuration.active).union(self._store.names())

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
        names = [dataset_id, held_name(dataset_id)]
        await asyncio.to_thread(delete_datasets, self._store, names)
        self._pumps.driver.handle(Changed(frozenset([dataset_id])))

    async def operate(self, dataset_id: str, operation: str, user: str = "") -> dict[str, Any]:
        """Carry out an operation; gives what it has to tell.

        Raises InputError for one that datasets do not have, ConflictError where it cannot be now.
        """
        self.open(dataset_id)
        if operation == "compact":
            done = await self._pumps.compaction.compact(dataset_id)
            return {"compacted": {"versions": done.versions, "entities": done.entities}}
        if operation in (COMMIT, ROLLBACK):
            entities = await self._operations.resolve_breaker(dataset_id, operation, user)
            return {"entities": entities}
        raise InputError(f'datasets do not support the operation "{operation}"')

    async def repost(
        self, dataset_id: str, body: bytes, *, form: str, force: bool, user: str = ""
    ) -> dict[str, Any]:
        """Write entities straight into a dataset; they are on disk when this returns.

        The execution log of the pipes that fill it gets an `entities-reposted` event, readers are
        signalled. Raises InputError, NotFoundError, and ConflictError for a dataset that only its
        pipe may write.
        """
        self.open(dataset_id)
        return await self._reposts.write(dataset_id, body, form=form, force=force, user=user)

    async def delete_all(self) -> None:
        """Delete every dataset, those of the node itself too."""
        await asyncio.to_thread(delete_datasets, self._store, self._store.names())

    def entities(
        self,
        dataset_id: str,
        selection: Selection,
        *,
        populated: bool = False,
        as_of: str | None = None,
        form: str = JSON,
        uncommitted: bool = False,
    ) -> Stream:
        """The selected entities in a format, now or as of a moment.

        Raises NotFoundError where the dataset is not there, is not populated though that was
        asked for, or has no such subset; ExpiredError for a moment that is no longer known.
        """
        dataset = self.open(dataset_id)
        if populated and not dataset.populated:
            problem = Problem(
                "$.populated",
                "not-populated",
                "the pipe that writes it has not finished a run",
                "leave out the parameter to read what there is",
            )
            raise NotFoundError(f'the dataset "{dataset_id}" is not populated yet', [problem])
        head = dataset.head()
        if as_of is not None:
            head = head_then(dataset, read_moment(as_of))
            selection = replace(selection, until=head, as_of=head)
        elif not selection.reverse:
            selection = replace(selection, until=head)
        headers = self._headers(dataset, head)
        if selection.subset is not None or not (selection.deleted or selection.history):
            headers["X-Dataset-Filtered"] = "true"
        if selection.subset is None and form != ARROW:
            found = pages(dataset, selection)
            held = held_dataset(self._store, dataset_id) if uncommitted else None
            if held is not None and as_of is None and not selection.reverse:
                found = with_held(
                    found,
                    held,
                    head,
                    selection.since,
                    selection.limit,
                    reserved=selection.reserved,
                )
            return Stream(headers, write_entities(found, form), form)
        # What evaluates expressions, or takes long at a stretch, is not done on the server's loop.
        call = self._executor.call(
            f"{READING}:read_dataset",
            {"dataset": dataset_id, "selection": selection, "form": form},
            timeout_s=self._timeout_s,
        )
        return Stream(headers, call.chunks(), form)

    def headers_of(self, dataset_ids: Sequence[str], *, filtered: bool) -> dict[str, str]:
        """What the JSON pull protocol tells of entities that are made of these datasets.

        Offset and generation are those of a single dataset; of several only whether all are
        populated. `filtered` says that not each of its entities comes out.
        """
        if not dataset_ids:
            return {}
        found = [self._pumps.dataset(name) for name in dataset_ids]
        populated = all(dataset is not None and dataset.populated for dataset in found)
        headers = {"X-Dataset-Populated": "true" if populated else "false"}
        if len(found) == 1 and found[0] is not None:
            headers |= self._headers(found[0], found[0].head())
        if filtered:
            headers["X-Dataset-Filtered"] = "true"
        return headers

    def _headers(self, dataset: Dataset, head: int) -> dict[str, str]:
        """What the JSON pull protocol tells of a dataset."""
        complete = completeness_of(dataset)
        return {
            **({} if complete is None else {"X-Dataset-Completeness": str(complete)}),
            "X-Dataset-Populated": "true" if dataset.populated else "false",
            "X-Dataset-Max-Updated": str(head - 1) if head else "null",
            "X-Dataset-Generation": dataset.generation,
        }

    async def entity(
        self,
        dataset_id: str,
        entity_id: str,
        offset: int | None = None,
        subset: str | None = None,
        as_of: str | None = None,
        *,
        uncommitted: bool = False,
    ) -> bytes:
        """The latest version of an entity, the one at an offset, or the latest as of a moment.

        Raises NotFoundError, ExpiredError.
        """
        dataset = self.open(dataset_id)
        wanted = read_subset(subset)
        if as_of is not None:
            if offset is not None:
                raise InputError('expected "offset" or "as_of", got both')
            head = head_then(dataset, read_moment(as_of))
            version = dataset.get_many([entity_id], as_of=head)[0]
        else:
            held = held_dataset(self._store, dataset_id) if uncommitted else None
            waiting = None if held is None or offset is not None else held.get(entity_id)
            if waiting is not None:
                return wire_held(waiting, dataset.head())
            version = dataset.get(entity_id) if offset is None else dataset.at(offset)
        if version is not None and version.entity_id == entity_id:
            if wanted is None:
                return wire(version)
            call = self._executor.call(
                f"{READING}:entity_of_subset",
                {"dataset": dataset_id, "seq": version.seq, "subset": wanted},
                timeout_s=self._timeout_s,
            )
            found: bytes | None = await call.value()
            if found is not None:
                return found
        where = "" if offset is None else f" at offset {offset}"
        where += "" if as_of is None else " at that moment"
        where += "" if wanted is None else " in this subset"
        raise NotFoundError(f'the dataset "{dataset_id}" has no entity {preview(entity_id)}{where}')

    def query(self, dataset_id: str, asked: Query, form: str = JSON) -> AsyncIterator[bytes]:
        """The entities that fulfil a query, as the chunks of a format.

        Raises NotFoundError; at the first chunk InputError, DtlError, ExpiredError.
        """
        self.open(dataset_id)
        call = self._executor.call(
            f"{QUERY}:query",
            {"dataset": dataset_id, "asked": asked, "form": form},
            timeout_s=self._timeout_s,
        )
        return call.chunks()

    async def count(self, dataset_id: str, asked: Query) -> int:
        """How many entities fulfil a query. Raises as `query`."""
        self.open(dataset_id)
        call = self._executor.call(
            f"{QUERY}:count", {"dataset": dataset_id, "asked": asked}, timeout_s=self._timeout_s
        )
        found: int = await call.value()
        return found

    def diff(
        self,
        dataset_id: str,
        start: str,
        end: str | None = None,
        *,
        limit: int | None = None,
        after: int | None = None,
    ) -> AsyncIterator[bytes]:
        """What is different at one moment from another, as the chunks of a JSON object.

        Raises NotFoundError; InputError where they are no moments in that order.
        """
        self.open(dataset_id)
        call = self._executor.call(
            f"{DIFFERENCES}:diff_dataset",
            {
                "dataset": dataset_id,
                "start": read_moment(start, "$.from"),
                "end": None if end is None else read_moment(end, "$.to"),
                "limit": limit,
                "after": after,
            },
            timeout_s=self._timeout_s,
        )
        return call.chunks()

    async def history(
        self,
        dataset_id: str,
        entity_id: str,
        *,
        limit: int | None = None,
        before: int | None = None,
    ) -> dict[str, Any]:
        """The life of an entity as a list of changes, newest first. Raises NotFoundError."""
        self.open(dataset_id)
        call = self._executor.call(
            f"{DIFFERENCES}:entity_history",
            {"dataset": dataset_id, "entity_id": entity_id, "limit": limit, "before": before},
            timeout_s=self._timeout_s,
        )
        found: dict[str, Any] = await call.value()
        return found

    async def indexes(self, dataset_id: str) -> Sequence[dict[str, Any]]:
        """The indexes of a dataset, how far they are, and does any pipe need them?"""
        return await self._indexes.list(self.open(dataset_id))

    async def delete_index(self, dataset_id: str, number: int) -> None:
        """Remove an index that no pipe needs. Raises NotFoundError, ConflictError."""
        await self._indexes.delete(self.open(dataset_id), number)

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
                **self._breaker(name),
                "completeness": completeness_of(dataset),
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

    def _breaker(self, name: str) -> dict[str, Any]:
        """Has the circuit breaker tripped, and how many entities does it hold back?"""
        held = held_dataset(self._store, name)
        return {
            "circuit-breaker-tripped": held is not None,
            "uncommitted": 0 if held is None else held.counts().index_exists,
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
