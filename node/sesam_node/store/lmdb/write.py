"""Applying a batch: change tracking, log, latest, superseded and index entries.

Whole-batch operations throughout: one `getmulti` for what is known of the ids, one `putmulti` a
database. In between is one loop over the batch, which is what an entity costs in Python.
"""

from __future__ import annotations

import time
from operator import itemgetter
from typing import TYPE_CHECKING

from sesam_node.errors import StoreError
from sesam_node.model.entity import decode
from sesam_node.store.api import Written
from sesam_node.store.indexes import keys_of
from sesam_node.store.keys import KEY_BYTES, text_key
from sesam_node.store.records import (
    HASH_BYTES,
    HEADER_BYTES,
    LATEST,
    NONE,
    pack_header,
    pack_latest,
    pack_seq,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_node.model.values import Entity
    from sesam_node.store.api import KeyFunction, Write
    from sesam_node.store.lmdb.layout import IndexDefinition, Snapshot

HASH = itemgetter(2)
Known = tuple[bytes, bool, int]
"""hash, deleted, seq of a latest version"""


class Batch:
    """A batch that is checked, and its ids encoded, before the write transaction begins.

    With `force` what is unchanged is written as well. `seqs` are those that the items have in the
    dataset that this one replicates.
    """

    __slots__ = ("force", "items", "keys", "names", "seqs")

    def __init__(
        self, items: Sequence[Write], *, force: bool = False, seqs: Sequence[int] | None = None
    ) -> None:
        self.items = items
        self.force = force
        self.seqs = seqs
        try:
            self.names = self.keys = [item[0].encode() for item in items]
        except UnicodeEncodeError:
            self.keys = [text_key(item[0]) for item in items]  # says which
            raise
        lengths = set(map(len, self.names))
        if lengths and (0 in lengths or max(lengths) > KEY_BYTES):
            self.keys = [text_key(item[0]) for item in items]
        if set(map(len, map(HASH, items))) - {HASH_BYTES}:
            item = next(item for item in items if len(item.hash) != HASH_BYTES)
            raise StoreError(
                f'entity "{item.entity_id}": expected a hash of 16 bytes, got {len(item.hash)}'
            )


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def apply(
    snapshot: Snapshot,
    batch: Batch,
    indexes: Sequence[tuple[IndexDefinition, KeyFunction]],
    clock: Callable[[], int] = now_us,
) -> Written:
    """Write what has changed; the caller saves the head."""
    prefix, items, given = snapshot.prefix, batch.items, batch.seqs
    keys = [prefix + key for key in batch.keys] if prefix else batch.keys
    latest = snapshot.cursor(b"latest")
    stored = latest.getmulti(keys)
    facts = list(LATEST.iter_unpack(b"".join([value for _, value in stored])))
    positions: Sequence[int] = range(len(keys))
    if len(facts) == len(keys) and not batch.force:
        differing = differences(facts, items)
        if not differing:
            return Written(0, 0, 0, [seq for _, _, seq in facts])
        if len(set(keys)) == len(keys):
            positions = differing
    known: dict[bytes, Known] = {key: fact for (key, _), fact in zip(stored, facts, strict=True)}
    head = snapshot.head
    first = seq = head.seq
    ts = max(head.ts, clock())
    log: list[tuple[bytes, bytes]] = []
    superseded: list[tuple[bytes, bytes]] = []
    changed: dict[bytes, int] = {}  # key -> position of its last change
    replaced: list[int] = []  # versions on disk that have a successor now
    deletes = 0
    for position in positions:
        key = keys[position]
        _, body, hash_, deleted = items[position]
        before = known.get(key)
        mine = seq if given is None else given[position]
        if mine < seq:
            continue  # it is here already: see `replicas`
        if before is None:
            if deleted and given is None:
                continue
            previous = NONE
            head.ids += 1
        else:
            before_hash, before_deleted, previous = before
            if before_hash == hash_ and before_deleted == deleted and not batch.force:
                continue
            superseded.append((prefix + pack_seq(previous), pack_seq(mine)))
            if previous < first:  # else an earlier item of this batch
                replaced.append(previous)
                head.ids_deleted -= before_deleted
        name = batch.names[position]
        header = pack_header(mine, previous, ts, hash_, deleted, HEADER_BYTES + len(name))
        log.append((prefix + pack_seq(mine), b"".join((header, name, body))))
        known[key] = (hash_, deleted, mine)
        changed[key] = position
        deletes += deleted
        seq = mine + 1
    seqs = [known[key][2] if key in known else -1 for key in keys]
    if not log:
        return Written(0, 0, 0, seqs)
    head.seq, head.ts = seq, ts
    head.versions += len(log)
    head.log_deleted += deletes
    head.superseded += len(superseded)
    head.ids_deleted += sum(known[key][1] for key in changed) if deletes else 0
    append(snapshot, b"log", log)
    latest.putmulti([(key, pack_latest(*known[key])) for key in sorted(changed)])
    snapshot.cursor(b"superseded").putmulti(sorted(superseded))
    if indexes:
        final = [(items[position], known[key][2]) for key, position in changed.items()]
        update_indexes(snapshot, indexes, replaced, final)
    return Written(len(log), len(log) - len(superseded), deletes, seqs)


def differences(facts: Sequence[Known], items: Sequence[Write]) -> list[int]:
    """The positions whose item is not what is known; both are in the order of the batch."""
    return [
        position
        for position, ((hash_, deleted, _), item) in enumerate(zip(facts, items, strict=True))
        if hash_ != item[2] or deleted != item[3]
    ]


def append(snapshot: Snapshot, name: bytes, items: list[tuple[bytes, bytes]]) -> None:
    """Put items whose keys lie beyond all that is there."""
    alone = not snapshot.prefix
    consumed, added = snapshot.cursor(name).putmulti(items, overwrite=alone, append=alone)
    if consumed != added:
        raise StoreError("the log has versions beyond its head: the file is damaged")


def update_indexes(
    snapshot: Snapshot,
    indexes: Sequence[tuple[IndexDefinition, KeyFunction]],
    replaced: list[int],
    final: list[tuple[Write, int]],
) -> None:
    """Take the entries of replaced versions out of the indexes, put those of new ones in."""
    keys = [snapshot.prefix + pack_seq(seq) for seq in sorted(replaced)]
    records = [record for _, record in snapshot.cursor(b"log").getmulti(keys)]
    old = [
        (version.entity_id, decode(version.body), pack_seq(version.seq))
        for version in parse(records)
        if not version.deleted
    ]
    new = [
        (entity_id, decode(body), pack_seq(seq))
        for (entity_id, body, _, deleted), seq in final
        if not deleted
    ]
    for definition, function in indexes:
        database = snapshot.environment.database(snapshot.index_name(definition.number))
        delete = snapshot.txn.delete
        for key, value in entries(definition.id, function, old):
            delete(key, value, database)
        snapshot.txn.cursor(database).putmulti(entries(definition.id, function, new))


def entries(
    index: str, function: KeyFunction, entities: list[tuple[str, Entity, bytes]]
) -> list[tuple[bytes, bytes]]:
    """The entries of an index for entities under their packed seqs, sorted."""
    return sorted(
        (key, seq)
        for entity_id, entity, seq in entities
        for key in keys_of(index, function, entity_id, entity)
    )
