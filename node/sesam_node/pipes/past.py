"""The store as it was at a moment: the same interface, so that pipes run over it unchanged.

Each dataset is read up to the head that it had then. A look-up by index takes what today's index
finds and has not changed since, and adds those of the entities that did change whose version of
then has the key. Nothing can be written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

from sesam_node.dtl import compile_index
from sesam_node.errors import ExpiredError, InputError, Problem, StoreError
from sesam_node.model import decode
from sesam_node.model.moment import Moment, read_moment
from sesam_node.model.values import identity
from sesam_node.store.api import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from sesam_node.model import Value
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Dataset, IndexInfo, KeyFunction, Store, Version

CHANGED_MOST = 200_000
"""How many entities may have changed since then in a dataset that is looked into by an index."""

CHANGED_BYTES = 256 * 1024 * 1024
PAGE = 1_000


def head_then(dataset: Dataset, moment: Moment) -> int:
    """The head of a dataset at a moment. Raises ExpiredError where that is no longer known."""
    if moment.offset is not None:
        head = min(moment.offset + 1, dataset.head())
    else:
        head = dataset.head_at(moment.time or 0)
    earliest = dataset.exact_from
    if head < earliest:
        message = (
            f'the dataset "{dataset.name}" is known as it was from offset {earliest - 1} on; what '
            "came before has been compacted"
        )
        raise ExpiredError(message, earliest)
    return head


def past_of(definition: PipeDefinition, store: Store, as_of: str | None) -> Store:
    """The store at a moment, given as text; the store itself where none is given.

    An offset is one of the dataset that is the pipe's source, and means the time of that version.
    Raises InputError, ExpiredError.
    """
    if as_of is None:
        return store
    moment = read_moment(as_of)
    if moment.offset is None:
        return cast("Store", PastStore(store, moment.time or 0, {}))
    source = definition.pipe["source"].get("dataset")
    if definition.pipe["source"].get("type") == "http_endpoint":  # what came in is in its sink
        source = (definition.pipe.get("sink") or {}).get("dataset") or definition.pipe_id
    if type(source) is not str or not store.exists(source):
        problem = Problem(
            "$.as_of",
            "wrong-moment",
            "an offset means a moment only where the source is one dataset",
            "give a time",
        )
        raise InputError("this offset is no moment", [problem])
    dataset = store.dataset(source, create=False)
    version = dataset.at(min(moment.offset, dataset.head() - 1))
    head = head_then(dataset, moment)
    return cast("Store", PastStore(store, 0 if version is None else version.ts, {source: head}))


class PastStore:
    """A store as it was at a time; `heads` are those of datasets that are known already."""

    def __init__(self, store: Store, time: int, heads: dict[str, int]) -> None:
        self._store = store
        self._time = time
        self._heads = heads
        self._datasets: dict[str, PastDataset] = {}
        self.round_trip = store.round_trip
        self.settings = store.settings

    def dataset(self, name: str, *, create: bool = True) -> PastDataset:  # noqa: ARG002 - nothing is made
        known = self._datasets.get(name)
        if known is None:
            stored = self._store.dataset(name, create=False)
            head = self._heads.get(name)
            if head is None:
                head = head_then(stored, Moment(time=self._time))
            known = self._datasets[name] = PastDataset(stored, head)
        return known

    def names(self) -> list[str]:
        return self._store.names()

    def exists(self, name: str) -> bool:
        return self._store.exists(name)

    def reading(self) -> AbstractContextManager[None]:
        return self._store.reading()


class PastDataset:
    """A dataset as it was when `head` was its head."""

    def __init__(self, dataset: Dataset, head: int) -> None:
        self._now = dataset
        self._head = head
        self._changed: list[Version] | None = None
        self._overlays: dict[str, dict[Any, list[Version]]] = {}
        self.name = dataset.name
        self.generation = dataset.generation

    def head(self) -> int:
        return self._head

    def get(self, entity_id: str) -> Version | None:
        return self.get_many([entity_id])[0]

    def get_many(self, ids: Sequence[str], as_of: int | None = None) -> list[Version | None]:
        head = self._head if as_of is None else min(as_of, self._head)
        return self._now.get_many(ids, as_of=head)

    def head_at(self, ts: int) -> int:
        return min(self._now.head_at(ts), self._head)

    @property
    def exact_from(self) -> int:
        return self._now.exact_from

    def at(self, seq: int) -> Version | None:
        return self._now.at(seq) if seq < self._head else None

    def version_before(self, entity_id: str, seq: int) -> Version | None:
        return self._now.version_before(entity_id, min(seq, self._head))

    def changes(
        self,
        since: int | None = None,
        limit: int = PAGE,
        *,
        history: bool = False,
        deleted: bool = True,
        until: int | None = None,
        reverse: bool = False,
        as_of: int | None = None,
    ) -> list[Version]:
        head = self._head if as_of is None else min(as_of, self._head)
        return self._now.changes(
            since,
            limit,
            history=history,
            deleted=deleted,
            until=until,
            reverse=reverse,
            as_of=head,
        )

    def history(self, entity_id: str) -> list[Version]:
        return [version for version in self._now.history(entity_id) if version.seq < self._head]

    def live(self, after: str | None = None, limit: int = PAGE) -> list[tuple[str, int, bool]]:
        """As of a dataset; it may be fewer than `limit` though there are more, but never none."""
        while rows := self._now.live(after, limit):
            later = [entity_id for entity_id, seq, _ in rows if seq >= self._head]
            then = dict(zip(later, self.get_many(later), strict=True))
            found = []
            for entity_id, seq, deleted in rows:
                if seq < self._head:
                    found.append((entity_id, seq, deleted))
                elif (version := then[entity_id]) is not None:
                    found.append((entity_id, version.seq, version.deleted))
            if found:
                return found
            after = rows[-1][0]
        return []

    @property
    def populated(self) -> bool:
        return self._now.populated

    def counts(self) -> Counts:
        """As of a dataset, counted one by one."""
        versions = deletes = ids = gone = 0
        for deleted in self._each_deleted(history=True):
            versions, deletes = versions + 1, deletes + deleted
        for deleted in self._each_deleted(history=False):
            ids, gone = ids + 1, gone + deleted
        return Counts(ids, gone, versions, deletes)

    def _each_deleted(self, *, history: bool) -> Iterator[bool]:
        since: int | None = None
        while versions := self.changes(since, PAGE, history=history):
            yield from (version.deleted for version in versions)
            since = versions[-1].seq

    def state(self, pipe: str) -> dict[str, bytes]:
        """The state that is kept now: no other is known."""
        return self._now.state(pipe)

    # -- look-ups ----------------------------------------------------------------------------------

    def ensure_index(self, index: str, keys: KeyFunction) -> None:
        self._now.ensure_index(index, keys)

    def indexes(self) -> list[IndexInfo]:
        return self._now.indexes()

    def lookup_many(self, index: str, keys: Sequence[Value]) -> list[list[Version]]:
        overlay = self._overlay(index)
        found = []
        for key, row in zip(keys, self._now.lookup_many(index, keys), strict=True):
            versions = [version for version in row if version.seq < self._head]
            versions += overlay.get(identity(key), ())
            found.append(sorted(versions, key=lambda version: version.seq))
        return found

    def _overlay(self, index: str) -> dict[Any, list[Version]]:
        """By key, the versions of then of the entities that have changed since."""
        overlay = self._overlays.get(index)
        if overlay is None:
            overlay = self._overlays[index] = {}
            keys_of = compile_index(index)
            for version in self._changed_since():
                for name in {identity(key) for key in keys_of(decode(version.body))}:
                    overlay.setdefault(name, []).append(version)
        return overlay

    def _changed_since(self) -> list[Version]:
        """The live versions of then of all that has another one now."""
        if self._changed is None:
            self._changed = []
            size, since = 0, self._head - 1
            while later := self._now.changes(since, PAGE):
                since = later[-1].seq
                then = self.get_many([version.entity_id for version in later])
                known = [item for item in then if item is not None and not item.deleted]
                self._changed += known
                size += sum(len(version.body) for version in known)
                if len(self._changed) > CHANGED_MOST or size > CHANGED_BYTES:
                    raise InputError(
                        f'too much has changed in the dataset "{self.name}" since then to look '
                        "into it by an index; choose a later moment"
                    )
        return self._changed

    # -- what the past does not have ---------------------------------------------------------------

    def write(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise StoreError(f'the past of the dataset "{self.name}" cannot be written')
