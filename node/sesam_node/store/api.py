"""The contract of a dataset store: what pumps, hops and the API may rely on.

A dataset is an append-only log of entity versions, an index from `_id` to the latest version,
secondary indexes, and the state of the pipes that write it, all of which commit together. Methods
take and give batches, because a remote store lives by round trips. `memory` is the reference, short
enough to be checked by reading; every other store is compared with it (tests/store).

Promises that hold for every store:

- `write` is one transaction: versions, index entries, pipe state and counters appear together or
  not at all, and when it returns they are on disk. It returns the same whether or not other
  threads and processes write the dataset at the same time; they come one after the other.
- Sequences start at 0 and rise by one a version; they are what the API calls `_updated`.
- Each read is one short snapshot. Nothing read is ever changed afterwards.
- A `Dataset` follows its name: when the dataset is deleted and made again, by whichever process,
  the next call works on the new one, whose `generation` differs. While there is none, calls raise
  NotFoundError.
- Broken files, a full disk and the like are a StoreError that names the dataset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sesam_node.model.values import Entity, Value

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sesam_node.store.retention import Compacted, Retention

KeyFunction = Callable[[Entity], list[Value]]
"""The index values of an entity; nulls are already left out."""

Resolver = Callable[[str], KeyFunction]
"""From the id of an index expression to its key function."""


class Version(NamedTuple):
    """One stored version of an entity.

    `seq` is `_updated`, `previous` the seq of the version before it (None: it was the first), `ts`
    microseconds since 1970. `body` is the canonical JSON, with `"_deleted":true` when `deleted`.
    """

    seq: int
    entity_id: str
    body: bytes
    previous: int | None
    deleted: bool
    hash: bytes
    ts: int


class Write(NamedTuple):
    """An entity to store: canonical bytes and their content hash (16 bytes).

    For a delete, `body` is that of the deleted version (see `model.entity.tombstone`).
    """

    entity_id: str
    body: bytes
    hash: bytes
    deleted: bool = False


class Fence(NamedTuple):
    """Who writes: the node's epoch, the configuration's revision, the pipe and its run."""

    epoch: int
    revision: int
    pipe: str
    run: str


class Commit(NamedTuple):
    """Pipe state that commits with a batch.

    `state` maps keys to values, None removes a key. `expect` gives the values that some keys must
    have before (None: absent). `fence` must be the pipe's last claim. Where one of these does not
    hold, nothing is written and FenceError is raised.
    """

    pipe: str
    state: Mapping[str, bytes | None]
    fence: Fence | None
    expect: Mapping[str, bytes | None] = {}


class Written(NamedTuple):
    """What a write did.

    `changed` versions were written, `new` of them of ids not known before, `deleted` of them
    deletes. `seqs[i]` is the seq of the latest version of the id of `batch[i]` after the write, -1
    where there is none.
    """

    changed: int
    new: int
    deleted: int
    seqs: list[int]


class Counts(NamedTuple):
    """Sizes of a dataset, as the API shows them.

    `index_exists` is the number of ids, deleted ones too; `index_deleted` those whose latest
    version is deleted; `log_exists` the number of versions, deletes too; `log_deleted` deletes.
    """

    index_exists: int
    index_deleted: int
    log_exists: int
    log_deleted: int


class IndexInfo(NamedTuple):
    """A secondary index: the id of its expression, and how far it is built.

    `indexed` of `total` positions of the log are in it.
    """

    id: str
    indexed: int
    total: int

    @property
    def complete(self) -> bool:
        """Does a look-up find everything without waiting?"""
        return self.indexed >= self.total


class Dataset(Protocol):
    """A dataset, by name. Safe to use from several threads."""

    @property
    def name(self) -> str: ...

    @property
    def generation(self) -> str:
        """A UUID that changes when the dataset is deleted and made again."""
        ...

    def write(
        self,
        batch: Sequence[Write],
        commit: Commit | None = None,
        *,
        sync: bool = True,
        force: bool = False,
    ) -> Written:
        """Store what is new, changed or newly deleted, and the pipe state, in one transaction.

        An item is dropped when its hash and deleted flag are those of the latest version; a delete
        of an id that is not there is dropped too. An id that comes twice is handled in order.
        With `force` what is unchanged gets a new version as well.
        `sync=False` says that the caller will make a synced write before it relies on this one;
        a store may then save itself the disk flush, but need not. Raises FenceError, StoreError.
        """
        ...

    def replicate(
        self,
        batch: Sequence[Write],
        seqs: Sequence[int],
        commit: Commit | None = None,
        *,
        force: bool = False,
    ) -> Written:
        """As `write`, each item under the seq that it has in another dataset.

        The seqs rise, and gaps stay; so does a delete of an id that is not there. What lies before
        the head must be here already: it is then left alone, so that a batch may come again. Raises
        ConflictError where it is something else.
        """
        ...

    def claim(self, fence: Fence) -> None:
        """Become the only run that can commit for `fence.pipe`.

        From here on a commit with another fence of this pipe is refused, and what a killed run was
        committing is there or never will be: read its state after this. Raises FenceError where a
        newer epoch, or a newer revision of the same epoch, has claimed it before.
        """
        ...

    def state(self, pipe: str) -> dict[str, bytes]:
        """The state of a pipe that is kept here."""
        ...

    def head(self) -> int:
        """The seq that the next version gets; 0 for an empty dataset."""
        ...

    def get(self, entity_id: str) -> Version | None:
        """The latest version of an id, be it deleted or not."""
        ...

    def get_many(self, ids: Sequence[str], as_of: int | None = None) -> list[Version | None]:
        """The latest version of each id, in the order asked for.

        With `as_of` the one that was the latest when that was the head: the versions before are
        walked one by one. Raises ExpiredError for a head before `exact_from`.
        """
        ...

    def head_at(self, ts: int) -> int:
        """The head as it was at a time, in microseconds since 1970; 0 before the first version.

        Where versions about that time are gone it is the lowest head that it can have been.
        """
        ...

    @property
    def exact_from(self) -> int:
        """The earliest head that `as_of` can ask for: from it on the history is complete.

        0 until a compaction has dropped something.
        """
        ...

    def at(self, seq: int) -> Version | None:
        """The version with that seq; null where there is none, or it has been dropped."""
        ...

    def version_before(self, entity_id: str, seq: int) -> Version | None:
        """The version of the id that was the latest one when `seq` was the head."""
        ...

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
        """Up to `limit` versions with seq > `since` and < `until`, oldest first.

        Only the latest version of each id, unless `history`; without deletes if not `deleted`.
        With `reverse` newest first, and those with seq < `since`. Fewer than `limit` means that
        there are no more at present.

        `as_of` is a head: the dataset is read as it was then, deleted entities with their delete.
        Raises ExpiredError where that head lies before `exact_from`.
        """
        ...

    def history(self, entity_id: str) -> list[Version]:
        """All versions of an id, newest first."""
        ...

    def lookup_many(self, index: str, keys: Sequence[Value]) -> list[list[Version]]:
        """For each key the live entities that have it in the index: each once, in log order.

        Waits for an index that is being built. Raises NotFoundError for one that is not there.
        """
        ...

    def ensure_index(self, index: str, keys: KeyFunction) -> None:
        """Have that index: build it unless it is there, and return when it is complete.

        It is built in short transactions, others write meanwhile. Every later write keeps it up,
        in any process: by `keys` where given, else by what the store's resolver gives for `index`.
        """
        ...

    def indexes(self) -> list[IndexInfo]:
        """The indexes, oldest first."""
        ...

    def index_entries(
        self, index: str, after: tuple[bytes, int] | None = None, limit: int = 1000
    ) -> list[tuple[bytes, int]]:
        """Up to `limit` entries of an index, by key and seq, beyond `after`; to check them.

        Raises NotFoundError where there is no index of that id.
        """
        ...

    def drop_index(self, index: str) -> None:
        """Remove an index. Raises NotFoundError where there is none of that id."""
        ...

    def live(self, after: str | None = None, limit: int = 1000) -> list[tuple[str, int, bool]]:
        """Up to `limit` (id, seq of its latest version, deleted) in id order, from beyond `after`.

        The order is that of the UTF-8 bytes (ids over 480 bytes by their first 480 and a hash).
        """
        ...

    def counts(self) -> Counts: ...

    def reclaim(self, *, always: bool = False) -> int:
        """Give disk space back that nothing uses, where it is much, or `always`.

        Others read and write meanwhile. Gives the number of bytes; 0 also where the dataset was
        compacted meanwhile, which calls for another try.
        """
        ...

    def compact(self, retention: Retention, go_on: Callable[[], bool] = ...) -> Compacted:
        """Drop old versions, by rules; others read and write meanwhile.

        Sequences, offsets, indexes and the state of pipes stay as they are; `exact_from` rises.
        `go_on` is asked now and then whether to continue; the next compaction takes up from there.
        """
        ...

    @property
    def populated(self) -> bool:
        """Has the pipe that fills it finished a run? Readers with hops wait for it."""
        ...

    def set_populated(self, value: bool = True) -> None: ...  # noqa: FBT001, FBT002 - a setter


class Settings(Protocol):
    """A small key-value store for the node itself: configuration, schedule, secrets."""

    def get(self, key: str) -> bytes | None: ...

    def items(self, prefix: str = "") -> dict[str, bytes]:
        """All whose key begins with `prefix`, by key."""
        ...

    def write(
        self, values: Mapping[str, bytes | None], expect: Mapping[str, bytes | None] | None = None
    ) -> None:
        """Set keys (None removes one), all or none; on disk when it returns.

        `expect` gives values that must be there before; else nothing is written and FenceError
        is raised.
        """
        ...


class Store(Protocol):
    """All datasets of a node. Processes open it each on their own; it must not cross a fork."""

    round_trip: bool
    """Does each request travel to another process? Readers then ask for many things at once."""

    @property
    def settings(self) -> Settings: ...

    def dataset(self, name: str, *, create: bool = True) -> Dataset:
        """The dataset of that name, made if it is not there and `create`; else NotFoundError."""
        ...

    def names(self) -> list[str]:
        """The names of all datasets, sorted."""
        ...

    def exists(self, name: str) -> bool: ...

    def delete(self, name: str) -> None:
        """Remove a dataset and its state. Raises NotFoundError where there is none."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """For many small reads in a row, those of one batch: `with store.reading():`.

        In the block, reads of this thread may see a dataset as it was at its first read there: as
        it was at most a second ago, and with all that the thread itself has written. Without
        promises beyond that: a store may see to it that they cost less, or do nothing.
        """
        ...

    def lock_node(self) -> int:
        """Be the node of this data folder until `close`; gives the new epoch, one up each time.

        Raises StoreError, naming the process, where another node has it. Called again it gives
        the same epoch.
        """
        ...

    def close(self) -> None:
        """Let go of files and locks. Calls afterwards raise StoreError."""
        ...
