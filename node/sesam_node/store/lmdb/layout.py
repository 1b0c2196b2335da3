"""Where the data of a dataset lies inside an environment.

A dataset has an environment of its own, and empty prefixes; the `system:` ones share one, and put
their number (4 bytes) in front of every key.

| database | key | value |
| --- | --- | --- |
| log | seq | header, id, body (`store.records`) |
| latest | id | hash, deleted, seq |
| superseded | seq | seq of the version that replaced it |
| index:N (dupsort) | typed value (`store.keys`) | seq of the latest version |
| meta | "head" | the record below, read at the start of every transaction |
| meta | "moved-to" | the folder that the dataset has moved to; then there is no "head" |
| meta | "compaction" | how far the last compaction came |
| meta | "index:" number | definition of an index |
| state | "s" pipe key | value |
| state | "c" pipe | last claim |

No "head" means that the dataset is gone: whoever has the environment open looks its name up again.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sesam_node.errors import NotFoundError
from sesam_node.store.api import Fence
from sesam_node.store.keys import DIGEST_BYTES, is_shortened
from sesam_node.store.lmdb.environment import GoneError

if TYPE_CHECKING:
    import uuid

    import lmdb

    from sesam_node.store.lmdb.environment import Environment

HEAD = Struct(">16s7QI?Q")
BEFORE_COMPACTION = bytes(8)
HEAD_KEY = b"head"
MOVED_KEY = b"moved-to"
INDEX_KEY = b"index:"
PIPE_BYTES = 120
STATE_KEY_BYTES = 350
PREFIX_BYTES = 4
LENGTH = Struct(">I")


class Place(NamedTuple):
    """Where a dataset is: the folder of its environment, the prefix of its keys there."""

    path: str
    prefix: bytes
    generation: str


class Head:
    """The counters of a dataset.

    `superseded` is the number of versions that are not the latest, `exact_from` the head from which
    on no version has been dropped.
    """

    __slots__ = (
        "exact_from",
        "generation",
        "ids",
        "ids_deleted",
        "index_revision",
        "log_deleted",
        "populated",
        "seq",
        "superseded",
        "ts",
        "versions",
    )

    def __init__(self, record: bytes) -> None:
        if len(record) < HEAD.size:  # of before there was compaction
            record += BEFORE_COMPACTION
        (
            self.generation,
            self.seq,
            self.ts,
            self.ids,
            self.ids_deleted,
            self.versions,
            self.log_deleted,
            self.superseded,
            self.index_revision,
            self.populated,
            self.exact_from,
        ) = HEAD.unpack(record)

    @staticmethod
    def first(generation: uuid.UUID) -> bytes:
        """The record of an empty dataset."""
        return HEAD.pack(generation.bytes, 0, 0, 0, 0, 0, 0, 0, 0, False, 0)  # noqa: FBT003 - a field

    def record(self) -> bytes:
        return HEAD.pack(
            self.generation,
            self.seq,
            self.ts,
            self.ids,
            self.ids_deleted,
            self.versions,
            self.log_deleted,
            self.superseded,
            self.index_revision,
            self.populated,
            self.exact_from,
        )


class IndexDefinition(msgspec.Struct, frozen=True):
    """An index: its id, the number of its database, and how far the log is in it.

    Versions from `target` on were indexed as they were written; `built` grows up to it.
    """

    id: str
    number: int
    order: int
    built: int
    target: int


class Snapshot:
    """A dataset as one transaction sees it."""

    __slots__ = ("databases", "environment", "head", "prefix", "txn")

    def __init__(
        self, txn: lmdb.Transaction[bytes], environment: Environment, place: Place
    ) -> None:
        self.txn = txn
        self.environment = environment
        self.databases = environment.databases
        self.prefix = place.prefix
        record = txn.get(place.prefix + HEAD_KEY, db=environment.databases[b"meta"])
        if record is None:
            raise GoneError(f"the dataset in {place.path} is gone")
        self.head = Head(record)

    def save_head(self) -> None:
        self.txn.put(self.prefix + HEAD_KEY, self.head.record(), db=self.databases[b"meta"])

    def cursor(self, name: bytes) -> lmdb.Cursor[bytes]:
        return self.txn.cursor(self.databases[name])

    # -- index definitions -------------------------------------------------------------------------

    def definitions(self) -> list[IndexDefinition]:
        """The indexes, oldest first."""
        start = self.prefix + INDEX_KEY
        cursor = self.cursor(b"meta")
        found = []
        if cursor.set_range(start):
            for key, value in cursor.iternext():
                if not key.startswith(start):
                    break
                found.append(msgspec.json.decode(value, type=IndexDefinition))
        return sorted(found, key=lambda definition: definition.order)

    def definition(self, dataset: str, index: str) -> IndexDefinition:
        """The index of that id. Raises NotFoundError."""
        for definition in self.definitions():
            if definition.id == index:
                return definition
        raise NotFoundError(f'dataset "{dataset}" has no index {index}')

    def save_definition(self, definition: IndexDefinition) -> None:
        key = self.prefix + INDEX_KEY + bytes([definition.number])
        self.txn.put(key, msgspec.json.encode(definition), db=self.databases[b"meta"])

    def remove_definition(self, definition: IndexDefinition) -> None:
        key = self.prefix + INDEX_KEY + bytes([definition.number])
        self.txn.delete(key, db=self.databases[b"meta"])

    def index_name(self, number: int) -> bytes:
        """The name of an index database."""
        return b"index:%b%d" % (self.prefix.hex().encode(), number)

    # -- state of pipes ----------------------------------------------------------------------------

    def state(self, pipe: str) -> dict[str, bytes]:
        start = self.prefix + b"s" + pipe_part(pipe)
        cursor = self.cursor(b"state")
        found = {}
        if cursor.set_range(start):
            for key, value in cursor.iternext():
                if not key.startswith(start):
                    break
                (length,) = LENGTH.unpack_from(value)
                name = value[4 : 4 + length] if length else key[len(start) :]
                found[name.decode()] = value[4 + length :]
        return dict(sorted(found.items()))

    def state_value(self, pipe: str, key: str) -> bytes | None:
        stored = self.prefix + b"s" + pipe_part(pipe) + state_part(key.encode())
        value = self.txn.get(stored, db=self.databases[b"state"])
        if value is None:
            return None
        (length,) = LENGTH.unpack_from(value)
        return value[4 + length :]

    def set_state(self, pipe: str, key: str, value: bytes | None) -> bool:
        """Set or remove a state value; gives whether anything has changed."""
        name = key.encode()
        part = state_part(name)
        stored = self.prefix + b"s" + pipe_part(pipe) + part
        database = self.databases[b"state"]
        if value is None:
            return self.txn.delete(stored, db=database)
        full = name if part != name else b""
        self.txn.put(stored, LENGTH.pack(len(full)) + full + value, db=database)
        return True

    def claim(self, pipe: str) -> Fence | None:
        key = self.prefix + b"c" + pipe_part(pipe)
        value = self.txn.get(key, db=self.databases[b"state"])
        return None if value is None else msgspec.json.decode(value, type=Fence)

    def save_claim(self, fence: Fence) -> None:
        key = self.prefix + b"c" + pipe_part(fence.pipe)
        self.txn.put(key, msgspec.json.encode(fence), db=self.databases[b"state"])


def pipe_part(pipe: str) -> bytes:
    """The part of a state key that stands for the pipe: none begins with another."""
    name = pipe.encode()
    if len(name) <= PIPE_BYTES:
        return bytes([len(name)]) + name
    return b"\xff" + blake2b(name, digest_size=DIGEST_BYTES).digest()


def state_part(name: bytes) -> bytes:
    """The part that stands for the state key: itself, or its begin and a hash."""
    if len(name) <= STATE_KEY_BYTES:
        return name
    return name[:STATE_KEY_BYTES] + blake2b(name, digest_size=DIGEST_BYTES).digest()


def is_hashed(stored: bytes, prefix: bytes) -> bool:
    """Does a key of `latest` hold a hash in place of the whole id?"""
    return is_shortened(stored[len(prefix) :])
