"""A dataset in LMDB: transactions, group commit, and following its name to a new environment."""

from __future__ import annotations

import uuid
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import lmdb

from sesam_node.errors import FenceError, NotFoundError, SesamError, StoreError
from sesam_node.store.api import Counts, IndexInfo
from sesam_node.store.commits import check_claim, check_commit
from sesam_node.store.lmdb import compaction, read
from sesam_node.store.lmdb import index as indexing
from sesam_node.store.lmdb import rewrite as rewriting
from sesam_node.store.lmdb.environment import REGISTRY, GoneError, MissingDatabaseError
from sesam_node.store.lmdb.layout import Snapshot
from sesam_node.store.lmdb.write import Batch, apply
from sesam_node.store.replicas import check_replicated, check_rising
from sesam_node.store.retention import Compacted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_node.model.values import Value
    from sesam_node.store.api import (
        Commit,
        Fence,
        KeyFunction,
        Version,
        Write,
        Written,
    )
    from sesam_node.store.indexes import KeyFunctions
    from sesam_node.store.lmdb.catalog import Catalog
    from sesam_node.store.lmdb.environment import Environment
    from sesam_node.store.lmdb.layout import IndexDefinition, Place
    from sesam_node.store.retention import Retention

Result = TypeVar("Result")

GROUP_ENTITIES = 50_000
LOOKUP_KEYS = 1_000


class Request:
    """A write that waits for its turn, and then its outcome."""

    __slots__ = ("batch", "commit", "error", "written")

    def __init__(self, batch: Batch, commit: Commit | None) -> None:
        self.batch = batch
        self.commit = commit
        self.written: Written | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.written is not None or self.error is not None


class LmdbDataset:
    """A dataset; one object a name and store, used by all threads."""

    def __init__(self, catalog: Catalog, functions: KeyFunctions, name: str) -> None:
        self.name = name
        self._what = f'dataset "{name}"'
        self._catalog = catalog
        self._functions = functions
        self._place: Place | None = None
        self._definitions: tuple[tuple[bytes, int], list[IndexDefinition]] | None = None
        self._queue: list[Request] = []
        self._queue_lock = Lock()
        self._writer = Lock()
        self._closed = False

    def ensure(self) -> None:
        """Have the dataset: it is made if it is not there."""
        while True:
            if self._place is None:
                self._place = self._catalog.create(self.name)
            try:
                self.head()
            except NotFoundError:
                self._place = None
            else:
                return

    def close(self) -> None:
        """Refuse what comes; the store is closed."""
        self._closed = True

    # -- transactions ------------------------------------------------------------------------------

    def _transaction(
        self,
        run: Callable[[str, str, Callable[[lmdb.Transaction[bytes], Environment], Result]], Result],
        work: Callable[[Snapshot], Result],
    ) -> Result:
        """Run `work`, looking the dataset up again where it has been made anew meanwhile."""
        while True:
            if self._closed:
                raise StoreError(f"{self._what}: the store is closed")
            place = self._place or self._catalog.find(self.name)
            self._place = place
            try:
                return run(
                    place.path,
                    self._what,
                    lambda txn, environment: work(Snapshot(txn, environment, place)),  # noqa: B023 - run before the next turn
                )
            except GoneError:
                self._place = None
                self._catalog.forget(self.name, place)

    def _read(self, work: Callable[[Snapshot], Result]) -> Result:
        snapshot = self._kept()
        if snapshot is None:
            return self._transaction(REGISTRY.read, work)
        try:
            return work(snapshot)
        except (GoneError, MissingDatabaseError, lmdb.Error):
            REGISTRY.let_go()
            return self._transaction(REGISTRY.read, work)

    def _kept(self) -> Snapshot | None:
        """The snapshot of a transaction that this thread keeps, where it keeps one."""
        place = self._place
        if place is None or self._closed:
            return None
        kept = REGISTRY.kept(place.path)
        if kept is None:
            return None
        snapshot = kept.snapshots.get(place.prefix)
        if snapshot is None:
            try:
                snapshot = Snapshot(kept.txn, kept.environment, place)
            except (GoneError, lmdb.Error):
                REGISTRY.let_go()
                return None
            kept.snapshots[place.prefix] = snapshot
        return snapshot

    def _write(self, work: Callable[[Snapshot], Result]) -> Result:
        return self._transaction(REGISTRY.write, work)

    def _indexes(self, snapshot: Snapshot) -> list[IndexDefinition]:
        """The definitions, read again when another process has changed them."""
        head = snapshot.head
        if not head.index_revision:
            return []
        key = (head.generation, head.index_revision)
        cached = self._definitions
        if cached is None or cached[0] != key:
            cached = self._definitions = (key, snapshot.definitions())
        return cached[1]

    def _with_functions(self, snapshot: Snapshot) -> list[tuple[IndexDefinition, KeyFunction]]:
        """The definitions, each with its key function."""
        return [
            (definition, self._functions.get(definition.id))
            for definition in self._indexes(snapshot)
        ]

    # -- facts -------------------------------------------------------------------------------------

    @property
    def generation(self) -> str:
        return self._read(lambda snapshot: str(uuid.UUID(bytes=snapshot.head.generation)))

    @property
    def populated(self) -> bool:
        return self._read(lambda snapshot: bool(snapshot.head.populated))

    def set_populated(self, value: bool = True) -> None:  # noqa: FBT001, FBT002 - a setter
        def work(snapshot: Snapshot) -> None:
            if snapshot.head.populated != value:
                snapshot.head.populated = value
                snapshot.save_head()

        self._write(work)

    def head(self) -> int:
        return self._read(lambda snapshot: int(snapshot.head.seq))

    def counts(self) -> Counts:
        head = self._read(lambda snapshot: snapshot.head)
        return Counts(head.ids, head.ids_deleted, head.versions, head.log_deleted)

    # -- writing -----------------------------------------------------------------------------------

    def write(
        self,
        batch: Sequence[Write],
        commit: Commit | None = None,
        *,
        sync: bool = True,  # noqa: ARG002 - see the package: every commit is synced
        force: bool = False,
    ) -> Written:
        return self._queued(Request(Batch(batch, force=force), commit))

    def replicate(
        self,
        batch: Sequence[Write],
        seqs: Sequence[int],
        commit: Commit | None = None,
        *,
        force: bool = False,
    ) -> Written:
        check_rising(self.name, seqs)
        return self._queued(Request(Batch(batch, force=force, seqs=seqs), commit))

    def _queued(self, request: Request) -> Written:
        """What a request did, in its turn."""
        REGISTRY.let_go()  # who writes before us may wait until nobody reads
        with self._queue_lock:
            self._queue.append(request)
        while not request.done:
            with self._writer:
                if not request.done:
                    self._write_group(self._next_group())
        if request.written is None:
            raise request.error or StoreError(f"{self._what}: the write was lost")
        return request.written

    def _next_group(self) -> list[Request]:
        """The requests that have waited longest, as many as go well into one transaction."""
        with self._queue_lock:
            entities = number = 0
            for request in self._queue:
                entities += len(request.batch.keys)
                if number and entities > GROUP_ENTITIES:
                    break
                number += 1
            group, self._queue = self._queue[:number], self._queue[number:]
        return group

    def _write_group(self, group: list[Request]) -> None:
        """Commit requests in one transaction; a request that fails takes no other with it."""
        waiting = group
        try:
            while waiting:
                failed: list[Request] = []
                try:
                    outcomes = self._write(lambda snapshot: self._apply(snapshot, waiting, failed))  # noqa: B023 - run before the next turn
                except SesamError as error:
                    if not failed or len(waiting) == 1:
                        raise
                    failed[-1].error = error
                    waiting = [request for request in waiting if request is not failed[-1]]
                    continue
                for request, outcome in zip(waiting, outcomes, strict=True):
                    if isinstance(outcome, FenceError):
                        request.error = outcome
                    else:
                        request.written = outcome
                return
        except Exception as error:  # noqa: BLE001 - it is raised in the threads that wait for it
            for request in waiting:
                request.error = error
        except BaseException:
            for request in waiting:
                request.error = StoreError(f"{self._what}: the write was interrupted")
            raise

    def _apply(
        self, snapshot: Snapshot, requests: list[Request], failed: list[Request]
    ) -> list[Written | FenceError]:
        """What each request did. `failed` ends with the one that was at work when this raises."""
        failed.clear()
        indexes = self._with_functions(snapshot)
        outcomes: list[Written | FenceError] = []
        before = snapshot.head.seq
        for request in requests:
            failed.append(request)
            commit = request.commit
            if commit is not None:
                try:
                    self._check(snapshot, commit)
                except FenceError as error:
                    outcomes.append(error)
                    continue
            self._check_replicated(snapshot, request.batch)
            outcomes.append(apply(snapshot, request.batch, indexes))
            if commit is not None:
                for key, value in commit.state.items():
                    snapshot.set_state(commit.pipe, key, value)
        failed.clear()
        if snapshot.head.seq != before:
            snapshot.save_head()
        return outcomes

    def _check(self, snapshot: Snapshot, commit: Commit) -> None:
        claim = snapshot.claim(commit.pipe) if commit.fence is not None else None
        values = {key: snapshot.state_value(commit.pipe, key) for key in commit.expect}
        state = {key: value for key, value in values.items() if value is not None}
        check_commit(self.name, commit, claim, state)

    def _check_replicated(self, snapshot: Snapshot, batch: Batch) -> None:
        """Raises ConflictError where what comes under a seq is not what is here under it."""
        head = snapshot.head
        for item, seq in zip(batch.items, batch.seqs or (), strict=False):
            if seq >= head.seq:
                return  # they rise
            check_replicated(
                self.name,
                item,
                seq,
                head.exact_from,
                lambda at: read.version_at(snapshot, at),
                lambda entity_id, at: read.version_before(snapshot, entity_id, at),
            )

    def claim(self, fence: Fence) -> None:
        def work(snapshot: Snapshot) -> None:
            last = snapshot.claim(fence.pipe)
            check_claim(self.name, fence, last)
            if last != fence:
                snapshot.save_claim(fence)

        self._write(work)

    # -- reading -----------------------------------------------------------------------------------

    def state(self, pipe: str) -> dict[str, bytes]:
        return self._read(lambda snapshot: snapshot.state(pipe))

    def get(self, entity_id: str) -> Version | None:
        snapshot = self._kept()
        if snapshot is not None:  # as `_read`, which is as dear as the look-up
            try:
                return read.latest_version(snapshot, entity_id)
            except (GoneError, MissingDatabaseError, lmdb.Error):
                REGISTRY.let_go()
        return self._read(lambda snapshot: read.latest_version(snapshot, entity_id))

    def get_many(self, ids: Sequence[str], as_of: int | None = None) -> list[Version | None]:
        found: list[Version | None] = []
        for start in range(0, len(ids), LOOKUP_KEYS):
            some = ids[start : start + LOOKUP_KEYS]
            if as_of is None:
                found += self._read(lambda snapshot: read.latest_versions(snapshot, some))  # noqa: B023 - run before the next turn
            else:
                found += self._read(lambda snapshot: read.versions_as_of(snapshot, some, as_of))  # noqa: B023 - likewise
        return found

    def head_at(self, ts: int) -> int:
        return self._read(lambda snapshot: read.head_at(snapshot, ts))

    @property
    def exact_from(self) -> int:
        return self._read(lambda snapshot: int(snapshot.head.exact_from))

    def at(self, seq: int) -> Version | None:
        return self._read(lambda snapshot: read.version_at(snapshot, seq))

    def version_before(self, entity_id: str, seq: int) -> Version | None:
        return self._read(lambda snapshot: read.version_before(snapshot, entity_id, seq))

    def history(self, entity_id: str) -> list[Version]:
        return self._read(lambda snapshot: list(read.chain(snapshot, entity_id)))

    def changes(
        self,
        since: int | None = None,
        limit: int = 1000,
        *,
        history: bool = False,
        deleted: bool = True,
        until: int | None = None,
        reverse: bool = False,
        as_of: int | None = None,
    ) -> list[Version]:
        first, last = 0, until
        if since is not None and reverse:
            last = since if until is None else min(since, until)
        elif since is not None:
            first = max(0, since + 1)
        while True:
            scan = read.Scan(
                first, last, history=history, deleted=deleted, reverse=reverse, as_of=as_of
            )
            found: list[Version] = []
            generation = None
            while len(found) < limit and not scan.done:
                more, now = self._read(
                    lambda snapshot: (
                        scan.read(snapshot, limit - len(found)),  # noqa: B023 - run before the next turn
                        snapshot.head.generation,
                    )
                )
                if generation not in (None, now):
                    break  # made again between two transactions: from the start
                generation = now
                found += more
            else:
                return found

    def live(self, after: str | None = None, limit: int = 1000) -> list[tuple[str, int, bool]]:
        return self._read(lambda snapshot: read.live(snapshot, after, limit))

    # -- secondary indexes -------------------------------------------------------------------------

    def lookup_many(self, index: str, keys: Sequence[Value]) -> list[list[Version]]:
        function = self._functions.get(index)
        found: list[list[Version]] = []
        for start in range(0, len(keys), LOOKUP_KEYS):
            some = keys[start : start + LOOKUP_KEYS]

            def work(snapshot: Snapshot) -> list[list[Version]] | None:
                definition = self._definition(snapshot, index)
                if definition.built < definition.target:
                    return None
                return indexing.look_up(snapshot, definition, function, some)  # noqa: B023 - run before the next turn

            part = self._read(work)
            while part is None:
                self._build(index, function)
                part = self._read(work)
            found += part
        return found

    def _definition(self, snapshot: Snapshot, index: str) -> IndexDefinition:
        for definition in self._indexes(snapshot):
            if definition.id == index:
                return definition
        return snapshot.definition(self.name, index)

    def ensure_index(self, index: str, keys: KeyFunction) -> None:
        self._functions.add(index, keys)

        def known(snapshot: Snapshot) -> bool | None:
            for definition in self._indexes(snapshot):
                if definition.id == index:
                    return definition.built >= definition.target
            return None

        complete = self._read(known)
        if complete is None:
            complete = self._write(lambda snapshot: indexing.register(snapshot, self.name, index))
        if not complete:
            self._build(index, keys)

    def _build(self, index: str, function: KeyFunction) -> None:
        def work(snapshot: Snapshot) -> bool:
            return indexing.build_more(snapshot, self.name, index, function)

        while not self._write(work):
            pass

    def indexes(self) -> list[IndexInfo]:
        def work(snapshot: Snapshot) -> list[IndexInfo]:
            total = snapshot.head.seq
            return [
                IndexInfo(item.id, item.built + total - item.target, total)
                for item in snapshot.definitions()
            ]

        return self._read(work)

    def index_entries(
        self, index: str, after: tuple[bytes, int] | None = None, limit: int = 1000
    ) -> list[tuple[bytes, int]]:
        def work(snapshot: Snapshot) -> list[tuple[bytes, int]]:
            definition = snapshot.definition(self.name, index)
            return indexing.entries_after(snapshot, definition, after, limit)

        return self._read(work)

    def drop_index(self, index: str) -> None:
        self._write(lambda snapshot: indexing.drop(snapshot, self.name, index))

    # -- compaction --------------------------------------------------------------------------------

    def reclaim(self, *, always: bool = False) -> int:
        place = self._place or self._catalog.find(self.name)
        if place.prefix:
            return 0
        worth, before = self._read(
            lambda snapshot: (
                always or rewriting.is_worth_it(snapshot),
                rewriting.file_bytes(snapshot),
            )
        )
        place = self._place or place
        if not worth:
            return 0
        folders = str(self._catalog.folders)
        try:
            if rewriting.rewrite(place, self._what, folders, self._with_functions) is None:
                return 0
        except GoneError:
            return 0  # deleted meanwhile, or moved by somebody else
        self._catalog.moved(self.name, place)
        self._place = None
        return max(0, before - self._read(rewriting.file_bytes))

    def compact(self, retention: Retention, go_on: Callable[[], bool] = lambda: True) -> Compacted:
        limits = self._read(lambda snapshot: compaction.bounds(snapshot, retention))
        generation = self.generation
        versions = entities = 0
        while True:
            step = self._read(lambda snapshot: compaction.next_step(snapshot, retention, limits))
            if step is None or step.generation != uuid.UUID(generation).bytes:
                return Compacted(versions, entities)
            dropped = self._write(
                lambda snapshot: compaction.apply_step(
                    snapshot,
                    step,  # noqa: B023 - run before the next turn
                    self._with_functions(snapshot),
                )
            )
            if dropped is not None:
                versions += dropped.versions
                entities += dropped.entities
            if not go_on():
                return Compacted(versions, entities, done=False)
