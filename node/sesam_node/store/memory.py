"""The reference store: plain lists and dicts under one lock, gone with the process.

What the other stores do fast and durably is done here in the most obvious way, so that one can
check it by reading. It also serves notebooks and tests.
"""

from __future__ import annotations

import time
import uuid
from contextlib import nullcontext
from itertools import islice, pairwise
from threading import RLock
from typing import TYPE_CHECKING

from sesam_node.errors import ExpiredError, FenceError, NotFoundError, StoreError
from sesam_node.model.entity import decode
from sesam_node.store.api import Counts, IndexInfo, Version, Written
from sesam_node.store.commits import check_claim, check_commit, expired
from sesam_node.store.indexes import KeyFunctions, keys_of, values_of
from sesam_node.store.keys import text_key, value_key
from sesam_node.store.replicas import check_replicated, check_rising
from sesam_node.store.retention import Compacted, bounds, droppable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sesam_node.model.values import Value
    from sesam_node.store.api import Commit, Fence, KeyFunction, Resolver, Write
    from sesam_node.store.retention import Retention


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class Contents:
    """What a dataset holds. Replaced as a whole when the dataset is deleted and made again."""

    def __init__(self) -> None:
        self.generation = str(uuid.uuid4())
        self.log: dict[int, Version] = {}  # by seq, in order
        self.head = 0
        self.ts = 0
        self.latest: dict[str, int] = {}
        self.state: dict[str, dict[str, bytes]] = {}
        self.claims: dict[str, Fence] = {}
        self.indexes: list[str] = []
        self.populated = False
        self.exact_from = 0

    def was_latest(self, version: Version, as_of: int) -> bool:
        """Was it the latest version of its id when `as_of` was the head?"""
        seq = self.latest.get(version.entity_id)
        while seq is not None and seq >= as_of:
            seq = self.log[seq].previous if seq in self.log else None
        return version.seq == seq

    def drop(self, version: Version, at: int) -> None:
        """Forget a version that was no longer needed from the version `at` on."""
        del self.log[version.seq]
        self.exact_from = max(self.exact_from, at + 1)

    def check_exact(self, as_of: int) -> None:
        """Raise ExpiredError where versions are gone that the dataset had at that head."""
        if max(as_of, 0) < self.exact_from:
            raise ExpiredError(expired(as_of, self.exact_from), self.exact_from)


class MemoryDataset:
    """A dataset in memory. Each method holds the store's lock."""

    def __init__(self, store: MemoryStore, name: str) -> None:
        self._store = store
        self._lock = store.lock
        self.name = name

    @property
    def _contents(self) -> Contents:
        return self._store.contents(self.name)

    @property
    def generation(self) -> str:
        with self._lock:
            return self._contents.generation

    @property
    def populated(self) -> bool:
        with self._lock:
            return self._contents.populated

    def set_populated(self, value: bool = True) -> None:  # noqa: FBT001, FBT002 - a setter
        with self._lock:
            self._contents.populated = value

    # -- writing -----------------------------------------------------------------------------------

    def write(
        self,
        batch: Sequence[Write],
        commit: Commit | None = None,
        *,
        sync: bool = True,  # noqa: ARG002 - nothing to flush
        force: bool = False,
    ) -> Written:
        with self._lock:
            contents = self._contents
            self._check(contents, batch, commit)
            return self._commit(contents, batch, None, commit, force=force)

    def replicate(
        self,
        batch: Sequence[Write],
        seqs: Sequence[int],
        commit: Commit | None = None,
        *,
        force: bool = False,
    ) -> Written:
        check_rising(self.name, seqs)
        with self._lock:
            contents = self._contents
            self._check(contents, batch, commit)
            for item, seq in zip(batch, seqs, strict=True):
                if seq < contents.head:
                    check_replicated(
                        self.name,
                        item,
                        seq,
                        contents.exact_from,
                        contents.log.get,
                        self.version_before,
                    )
            return self._commit(contents, batch, seqs, commit, force=force)

    def _check(self, contents: Contents, batch: Sequence[Write], commit: Commit | None) -> None:
        for item in batch:
            text_key(item.entity_id)
        if commit is not None:
            claim = contents.claims.get(commit.pipe)
            check_commit(self.name, commit, claim, contents.state.get(commit.pipe, {}))
        for index in contents.indexes:
            keys = self._store.functions.get(index)
            for item in (item for item in batch if not item.deleted):
                values_of(index, keys, item.entity_id, decode(item.body))

    def _commit(
        self,
        contents: Contents,
        batch: Sequence[Write],
        seqs: Sequence[int] | None,
        commit: Commit | None,
        *,
        force: bool,
    ) -> Written:
        count = len(contents.log)
        new = self._append(contents, batch, seqs, force=force)
        if commit is not None:
            self._set_state(contents, commit)
        written = list(islice(contents.log.values(), count, None))
        latest = [contents.latest.get(item.entity_id, -1) for item in batch]
        return Written(len(written), new, sum(v.deleted for v in written), latest)

    def _append(
        self,
        contents: Contents,
        batch: Sequence[Write],
        seqs: Sequence[int] | None,
        *,
        force: bool,
    ) -> int:
        new = 0
        log = contents.log
        for position, (entity_id, body, hash_, deleted) in enumerate(batch):
            seq = contents.head if seqs is None else seqs[position]
            previous = contents.latest.get(entity_id)
            if seq < contents.head:
                continue  # it is here already
            if previous is None:
                if deleted and seqs is None:
                    continue
                new += 1
            elif log[previous].hash == hash_ and log[previous].deleted == deleted and not force:
                continue
            contents.ts = max(contents.ts, now_us())
            contents.latest[entity_id] = seq
            contents.head = seq + 1
            log[seq] = Version(seq, entity_id, body, previous, deleted, hash_, contents.ts)
        return new

    @staticmethod
    def _set_state(contents: Contents, commit: Commit) -> None:
        state = contents.state.setdefault(commit.pipe, {})
        for key, value in commit.state.items():
            if value is None:
                state.pop(key, None)
            else:
                state[key] = bytes(value)

    def claim(self, fence: Fence) -> None:
        with self._lock:
            contents = self._contents
            check_claim(self.name, fence, contents.claims.get(fence.pipe))
            contents.claims[fence.pipe] = fence

    # -- reading -----------------------------------------------------------------------------------

    def state(self, pipe: str) -> dict[str, bytes]:
        with self._lock:
            return dict(sorted(self._contents.state.get(pipe, {}).items()))

    def head(self) -> int:
        with self._lock:
            return self._contents.head

    def get(self, entity_id: str) -> Version | None:
        return self.get_many([entity_id])[0]

    def get_many(self, ids: Sequence[str], as_of: int | None = None) -> list[Version | None]:
        with self._lock:
            contents = self._contents
            if as_of is not None:
                contents.check_exact(as_of)
                return [self.version_before(entity_id, as_of) for entity_id in ids]
            return [
                contents.log[contents.latest[entity_id]] if entity_id in contents.latest else None
                for entity_id in ids
            ]

    def head_at(self, ts: int) -> int:
        with self._lock:
            contents = self._contents
            if ts >= contents.ts:
                return contents.head
            return max((seq + 1 for seq, item in contents.log.items() if item.ts <= ts), default=0)

    @property
    def exact_from(self) -> int:
        with self._lock:
            return self._contents.exact_from

    def at(self, seq: int) -> Version | None:
        with self._lock:
            return self._contents.log.get(seq)

    def version_before(self, entity_id: str, seq: int) -> Version | None:
        return next((v for v in self.history(entity_id) if v.seq < seq), None)

    def history(self, entity_id: str) -> list[Version]:
        with self._lock:
            versions = reversed(self._contents.log.values())
            return [version for version in versions if version.entity_id == entity_id]

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
        with self._lock:
            contents = self._contents
            first, last = 0, contents.head
            if until is not None:
                last = min(last, until)
            if as_of is not None and limit > 0:
                contents.check_exact(as_of)
                last = min(last, as_of)
            if since is not None and reverse:
                last = min(last, since)
            elif since is not None:
                first = max(0, since + 1)
            seqs = range(first, last)
            log = contents.log
            wanted = (
                version
                for seq in (reversed(seqs) if reverse else seqs)
                if (version := log.get(seq)) is not None
                and (
                    history
                    or (
                        contents.latest[version.entity_id] == version.seq
                        if as_of is None
                        else contents.was_latest(version, as_of)
                    )
                )
                and (deleted or not version.deleted)
            )
            return list(islice(wanted, max(0, limit)))

    def live(self, after: str | None = None, limit: int = 1000) -> list[tuple[str, int, bool]]:
        with self._lock:
            contents = self._contents
            ids = sorted(contents.latest, key=text_key)
            if after is not None:
                beyond = text_key(after)
                ids = [entity_id for entity_id in ids if text_key(entity_id) > beyond]
            pairs = ((entity_id, contents.latest[entity_id]) for entity_id in ids[: max(0, limit)])
            return [(entity_id, seq, contents.log[seq].deleted) for entity_id, seq in pairs]

    def counts(self) -> Counts:
        with self._lock:
            contents = self._contents
            return Counts(
                len(contents.latest),
                sum(contents.log[seq].deleted for seq in contents.latest.values()),
                len(contents.log),
                sum(version.deleted for version in contents.log.values()),
            )

    def reclaim(self, *, always: bool = False) -> int:  # noqa: ARG002 - there are no files
        return 0

    def compact(
        self,
        retention: Retention,
        go_on: Callable[[], bool] = lambda: True,  # noqa: ARG002 - it is done in one go
    ) -> Compacted:
        with self._lock:
            contents = self._contents
            limits = bounds(
                retention,
                contents.head,
                self.head_at((retention.until or 0) - 1),
                self.head_at((retention.deletes_until or 0) - 1),
            )
            before, ids = len(contents.log), list(contents.latest)
            for entity_id in ids:
                history = self.history(entity_id)[::-1]
                dropped = droppable(history, retention, limits)
                for version, successor in islice(pairwise(history), dropped):
                    contents.drop(version, successor.seq)
                if dropped == len(history):
                    contents.drop(history[-1], history[-1].seq)
                    del contents.latest[entity_id]
            return Compacted(before - len(contents.log), len(ids) - len(contents.latest))

    # -- secondary indexes -------------------------------------------------------------------------

    def lookup_many(self, index: str, keys: Sequence[Value]) -> list[list[Version]]:
        with self._lock:
            contents = self._contents
            if index not in contents.indexes:
                raise NotFoundError(f'dataset "{self.name}" has no index {index}')
            function = self._store.functions.get(index)
            found: dict[bytes, list[Version]] = {value_key(key): [] for key in keys}
            for seq in sorted(contents.latest.values()):
                version = contents.log[seq]
                if not version.deleted:
                    values = values_of(index, function, version.entity_id, decode(version.body))
                    for key in {value_key(value) for value in values} & found.keys():
                        found[key].append(version)
            return [list(found[value_key(key)]) for key in keys]

    def ensure_index(self, index: str, keys: KeyFunction) -> None:
        with self._lock:
            contents = self._contents
            self._store.functions.add(index, keys)
            if index not in contents.indexes:
                for seq in contents.latest.values():
                    version = contents.log[seq]
                    values_of(index, keys, version.entity_id, decode(version.body))
                contents.indexes.append(index)

    def indexes(self) -> list[IndexInfo]:
        with self._lock:
            contents = self._contents
            return [IndexInfo(index, contents.head, contents.head) for index in contents.indexes]

    def index_entries(
        self, index: str, after: tuple[bytes, int] | None = None, limit: int = 1000
    ) -> list[tuple[bytes, int]]:
        with self._lock:
            contents = self._contents
            if index not in contents.indexes:
                raise NotFoundError(f'dataset "{self.name}" has no index {index}')
            function = self._store.functions.get(index)
            live = [contents.log[seq] for seq in contents.latest.values()]
            found = sorted(
                (key, version.seq)
                for version in live
                if not version.deleted
                for key in keys_of(index, function, version.entity_id, decode(version.body))
            )
            return [entry for entry in found if after is None or entry > after][:limit]

    def drop_index(self, index: str) -> None:
        with self._lock:
            contents = self._contents
            if index not in contents.indexes:
                raise NotFoundError(f'dataset "{self.name}" has no index {index}')
            contents.indexes.remove(index)


class MemorySettings:
    """Settings in a dict."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._lock = store.lock
        self._values: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        with self._lock:
            self._store.check_open()
            return self._values.get(key)

    def items(self, prefix: str = "") -> dict[str, bytes]:
        with self._lock:
            self._store.check_open()
            return {key: v for key, v in sorted(self._values.items()) if key.startswith(prefix)}

    def write(
        self, values: Mapping[str, bytes | None], expect: Mapping[str, bytes | None] | None = None
    ) -> None:
        with self._lock:
            self._store.check_open()
            for key, value in (expect or {}).items():
                if self._values.get(key) != value:
                    raise FenceError(f'the setting "{key}" has been changed meanwhile')
            for key, value in values.items():
                text_key(key)
                if value is None:
                    self._values.pop(key, None)
                else:
                    self._values[key] = bytes(value)


class MemoryStore:
    """All datasets in memory."""

    round_trip = False

    def __init__(self, index_resolver: Resolver | None = None) -> None:
        self.lock = RLock()
        self.functions = KeyFunctions(index_resolver)
        self.settings = MemorySettings(self)
        self._datasets: dict[str, Contents] = {}
        self._handles: dict[str, MemoryDataset] = {}
        self._epoch = 0
        self._closed = False

    def contents(self, name: str) -> Contents:
        """What the dataset holds at present. Raises NotFoundError where it is not there."""
        self.check_open()
        contents = self._datasets.get(name)
        if contents is None:
            raise NotFoundError(f'there is no dataset "{name}"')
        return contents

    def dataset(self, name: str, *, create: bool = True) -> MemoryDataset:
        with self.lock:
            self.check_open()
            text_key(name)
            if name not in self._datasets:
                if not create:
                    raise NotFoundError(f'there is no dataset "{name}"')
                self._datasets[name] = Contents()
            return self._handles.setdefault(name, MemoryDataset(self, name))

    def names(self) -> list[str]:
        with self.lock:
            self.check_open()
            return sorted(self._datasets)

    def exists(self, name: str) -> bool:
        with self.lock:
            self.check_open()
            return name in self._datasets

    def delete(self, name: str) -> None:
        with self.lock:
            self.contents(name)
            del self._datasets[name]

    def reading(self) -> AbstractContextManager[None]:
        return nullcontext()

    def lock_node(self) -> int:
        with self.lock:
            self.check_open()
            self._epoch = 1
            return self._epoch

    def close(self) -> None:
        with self.lock:
            self._closed = True

    def check_open(self) -> None:
        """Raise StoreError after `close`."""
        if self._closed:
            raise StoreError("the store is closed")
