"""Datasets as tables: the rows from any place on, of all entities or of those that fulfil a query.

A table stays as it was when it was opened: each page names the offset that it is as of. What makes
a page quick is kept: for a whole dataset a bit a version (`pipes/positions.py`), for a query the
offsets of its answer. Both are found by workers, and dropped when others need the room.
"""

from __future__ import annotations

import asyncio
import logging
from array import array
from collections import Counter, OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from sesam_node.errors import ExpiredError, InputError, Problem
from sesam_node.model.moment import Moment, read_moment
from sesam_node.pipes.past import head_then
from sesam_node.pipes.positions import Positions, extended
from sesam_node.pipes.query import Query
from sesam_node.pipes.reading import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from sesam_node.hub.datasets import Datasets
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store import Dataset, Store, Version

log = logging.getLogger(__name__)

SCAN: Final = "sesam_node.pipes.positions:scan"
OFFSETS: Final = "sesam_node.pipes.query:offsets"
KEPT_BYTES: Final = 64 * 1024 * 1024
"""How much is kept of each kind."""

FOLLOWED: Final = 20_000
"""How many versions are followed at once; beyond that a worker scans anew."""

ABANDONED_S: Final = 10.0
"""How long work goes on that nobody waits for."""

MOST_ROWS: Final = 1_000

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a table, and the whole that they are a part of.

    `as_of` is the offset that the table is as of, null for an empty dataset; `count` the number of
    all its rows. One that is `pending` has neither: they are still being found.
    """

    generation: str
    as_of: int | None
    count: int | None
    start: int
    rows: list[bytes]
    pending: bool = False

    def to_json(self) -> bytes:
        told = {
            "generation": self.generation,
            "as_of": self.as_of,
            "count": self.count,
            "start": self.start,
            "pending": self.pending,
        }
        rows = b",".join(self.rows)
        return msgspec.json.encode(told)[:-1] + b',"rows":[' + rows + b"]}"


class Rows:
    """The service behind `/api/datasets/{id}/rows`."""

    def __init__(
        self, store: Store, datasets: Datasets, executor: Executor, *, timeout_s: float
    ) -> None:
        self._store = store
        self._datasets = datasets
        self._executor = executor
        self._timeout_s = timeout_s
        self._tables: Kept[Positions] = Kept(lambda found: found.size_bytes)
        self._preparing: set[asyncio.Task[Positions]] = set()
        self._answers: Kept[array[int]] = Kept(lambda found: found.itemsize * len(found))

    async def page(
        self,
        dataset_id: str,
        asked: Query,
        as_of: Any = None,
        start: int = 0,
        limit: int = 100,
        wait_s: float | None = None,
    ) -> Page:
        """The rows from `start` on, of the entities that fulfil a query, in its order.

        What is not found within `wait_s` is pending, and given up unless it is asked for again.

        Raises NotFoundError; ExpiredError where the dataset is no longer known as it was then;
        InputError, DtlError with paths into the query.
        """
        if limit > MOST_ROWS:
            message = f"expected at most {MOST_ROWS:,} rows, asked for {limit:,}"
            raise InputError(message, [Problem("$.limit", "wrong-query", message)])
        dataset = self._datasets.open(dataset_id)
        head = dataset.head() if as_of is None else head_then(dataset, read_moment(as_of))
        if asked.where is None and asked.text is None and not asked.order_by:
            quick = self._beginning(dataset, head, asked, start, limit)
            if quick is not None:
                if (quick.count or 0) > MOST_ROWS:
                    self._prepare(dataset, head, deleted=asked.deleted)
                return quick
            positions = await self._positions(dataset, head, deleted=asked.deleted)
            versions = _versions(dataset, positions, start, limit, deleted=asked.deleted)
            head, count = positions.head, len(positions)
        else:
            try:
                offsets = await self._offsets(dataset, head, asked, wait_s)
            except TimeoutError:
                then = head - 1 if head else None
                return Page(dataset.generation, then, None, start, [], pending=True)
            versions = self._versions_at(dataset, offsets[start : start + limit])
            count = len(offsets)
        rows = list(map(wire, versions))
        return Page(dataset.generation, head - 1 if head else None, count, start, rows)

    def _beginning(
        self, dataset: Dataset, head: int, asked: Query, start: int, limit: int
    ) -> Page | None:
        """The first rows of a dataset whose positions are not known: they need not be waited for.

        Null where they are known, or where the dataset has changed since it had that head.
        """
        key = (dataset.name, dataset.generation, asked.deleted)
        if start + limit > MOST_ROWS or self._closest(key, head) is not None:
            return None
        found = dataset.changes(None, start + limit, deleted=asked.deleted, until=head)
        counts = dataset.counts()
        if dataset.head() != head:
            return None
        count = counts.index_exists - (0 if asked.deleted else counts.index_deleted)
        rows = list(map(wire, found[start:]))
        return Page(dataset.generation, head - 1 if head else None, count, start, rows)

    def _prepare(self, dataset: Dataset, head: int, *, deleted: bool) -> None:
        """Find the positions meanwhile: who has seen the beginning may go anywhere next."""
        task = asyncio.create_task(self._positions(dataset, head, deleted=deleted))
        self._preparing.add(task)
        task.add_done_callback(self._prepared)

    def _prepared(self, task: asyncio.Task[Positions]) -> None:
        self._preparing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # Whoever asks for a page hears of it.
            log.debug("positions were not found ahead: %s", task.exception())

    # -- all entities ------------------------------------------------------------------------------

    async def _positions(self, dataset: Dataset, head: int, *, deleted: bool) -> Positions:
        """The positions at a head, or at a later one where they had to be found anew."""
        key = (dataset.name, dataset.generation, deleted)
        found = self._tables.get((*key, head))
        if found is None:
            known = self._closest(key, head)
            if known is not None and head - known.head <= FOLLOWED:
                found = extended(dataset, known, head, deleted=deleted)
        if found is None and head < dataset.head():
            found = await self._positions_then(dataset, head, deleted=deleted)
        if found is None:
            scan = self._scan(dataset.name, deleted=deleted)
            found = await self._tables.once((*key, "scan"), scan)
        self._tables.keep((*key, found.head), found)
        return found

    def _closest(self, key: tuple[Any, ...], head: int) -> Positions | None:
        heads = [other[-1] for other in self._tables.keys if other[:-1] == key]
        earlier = [other for other in heads if other <= head]
        return self._tables.get((*key, max(earlier))) if earlier else None

    async def _scan(self, name: str, *, deleted: bool) -> Positions:
        head, bits = await self._call(SCAN, dataset=name, deleted=deleted)
        return Positions(head, bytearray(bits))

    async def _positions_then(self, dataset: Dataset, head: int, *, deleted: bool) -> Positions:
        """The positions at a head that has passed: by a walk over what there was."""
        offsets = await self._offsets(dataset, head, Query(deleted=deleted))
        found = Positions(head)
        for seq in offsets:
            found.bits[seq >> 3] |= 1 << (seq & 7)
        return found

    # -- those of a query --------------------------------------------------------------------------

    async def _offsets(
        self, dataset: Dataset, head: int, asked: Query, wait_s: float | None = None
    ) -> array[int]:
        """The offsets of the entities that fulfil a query, as of a head, in order.

        Raises TimeoutError after `wait_s` seconds.
        """
        words = msgspec.json.encode([asked.where, asked.text, asked.order_by, asked.deleted])
        key = (dataset.name, dataset.generation, head, words)
        then = Moment(offset=head - 1) if head else None
        asked = replace(asked, as_of=then)
        found = self._answers.get(key)
        if found is None:
            found = await self._answers.once(key, self._search(key, dataset.name, asked), wait_s)
        return found

    async def _search(self, key: Any, name: str, asked: Query) -> array[int]:
        found = array("Q")
        found.frombytes(await self._call(OFFSETS, dataset=name, asked=asked))
        # Kept here: whoever asked may have stopped waiting, and asks again.
        self._answers.keep(key, found)
        return found

    def _versions_at(self, dataset: Dataset, offsets: array[int]) -> list[Version]:
        with self._store.reading():
            found = list(map(dataset.at, offsets))
        versions = [version for version in found if version is not None]
        if len(versions) < len(found):
            raise ExpiredError(
                f'versions of "{dataset.name}" that this table shows have been compacted',
                dataset.exact_from,
            )
        return versions

    async def _call(self, operation: str, **payload: Any) -> Any:
        return await self._executor.call(operation, payload, timeout_s=self._timeout_s).value()


class Kept(Generic[Found]):
    """What was found, by key; what was not asked for longest goes where others need the room."""

    def __init__(self, size: Callable[[Found], int]) -> None:
        self._size = size
        self._found: OrderedDict[Any, Found] = OrderedDict()
        self._pending: dict[Any, asyncio.Task[Found]] = {}
        self._waiting: Counter[Any] = Counter()

    @property
    def keys(self) -> list[Any]:
        return list(self._found)

    def get(self, key: Any) -> Found | None:
        found = self._found.get(key)
        if found is not None:
            self._found.move_to_end(key)
        return found

    def keep(self, key: Any, found: Found) -> None:
        self._found[key] = found
        self._found.move_to_end(key)
        while len(self._found) > 1 and sum(map(self._size, self._found.values())) > KEPT_BYTES:
            self._found.popitem(last=False)

    async def once(
        self, key: Any, work: Coroutine[Any, Any, Found], wait_s: float | None = None
    ) -> Found:
        """What `work` finds for a key; who asks for the same meanwhile waits for it, too.

        Raises TimeoutError after `wait_s` seconds. The work goes on for a while then, until it is
        clear that nobody asks again.
        """
        task = self._pending.get(key)
        if task is None:
            task = self._pending[key] = asyncio.create_task(work)
            task.add_done_callback(lambda done: self._ended(key, done))
        else:
            work.close()
        self._waiting[key] += 1
        try:
            return await asyncio.wait_for(asyncio.shield(task), wait_s)
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]
                loop = asyncio.get_running_loop()
                loop.call_later(ABANDONED_S, self._abandon, key, task)

    def _abandon(self, key: Any, task: asyncio.Task[Found]) -> None:
        if not self._waiting[key] and self._pending.get(key) is task:
            task.cancel()

    def _ended(self, key: Any, task: asyncio.Task[Found]) -> None:
        self._pending.pop(key, None)
        if not task.cancelled():
            task.exception()  # looked at: those who asked may all have stopped waiting


def _versions(
    dataset: Dataset, positions: Positions, start: int, limit: int, *, deleted: bool
) -> list[Version]:
    first = positions.offset(start)
    if first is None or limit <= 0:
        return []
    since = first - 1 if first else None
    return dataset.changes(since, limit, deleted=deleted, as_of=positions.head)
