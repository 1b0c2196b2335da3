"""Applying a batch: change tracking, log, latest, superseded and index entries.

Whole-batch operations throughout: one `getmulti` for what is known of the ids, one `putmulti` a
database. In between is one loop over the batch, which is what an entity costs in Python.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sesam_node.errors import StoreError
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

    from sesam_node.store.api import KeyFunction, Write
    from sesam_node.store.lmdb.layout import IndexDefinition, Snapshot

Known = tuple[bytes, bool, int]
"""hash, deleted, seq of a latest version"""


class Batch:
    """A batch that is checked, and its ids encoded, before the write transaction begins."""

    __slots__ = ("items", "keys", "names")

    def __init__(self, items: Sequence[Write]) -> None:
        self.items = items
        try:
            self.names = self.keys = [item[0].encode() for item in items]
        except UnicodeEncodeError:
            self.keys = [text_key(item[0]) for item in items]  # says which
            raise
        lengths = set(map(len, self.names))
        if lengths and (0 in lengths or max(lengths) > KEY_BYTES):
            self.keys = [text_key(item[0]) for item in items]
        for item in items:
            if len(item[2]) != HASH_BYTES:
                raise StoreError(
                    f'entity "{item[0]}": expected a hash of 16 bytes, got {len(item[2])}'
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
    prefix = snapshot.prefix
    keys = [prefix + key for key in batch.keys] if prefix else batch.keys
    latest = snapshot.cursor(b"latest")
    stored = latest.getmulti(keys)
    known: dict[bytes, Known] = dict(
        zip(
            [key for key, _ in stored],
            LATEST.iter_unpack(b"".join([value for _, value in stored])),
            strict=True,
        )
    )
    head = snapshot.head
    first = seq = head.seq
    ts = max(head.ts, clock())
    log: list[tuple[bytes, bytes]] = []
    superseded: list[tuple[bytes, bytes]] = []
    changed: dict[bytes, int] = {}  # latest key -> position in the batch
    replaced: list[int] = []  # versions on disk that have a successor now
    new = deletes = 0
    seqs: list[int] = []
    get = known.get
    for position, (key, name, (_, body, hash_, deleted)) in enumerate(
        zip(keys, batch.names, batch.items, strict=True)
    ):
        before = get(key)
        if before is None:
            if deleted:
                seqs.append(-1)
                continue
            previous = NONE
            new += 1
        else:
            before_hash, before_deleted, previous = before
            if before_hash == hash_ and before_deleted == deleted:
                seqs.append(previous)
                continue
            superseded.append((prefix + pack_seq(previous), pack_seq(seq)))
            if previous < first:  # else an earlier item of this batch
                replaced.append(previous)
                head.ids_deleted -= before_deleted
        log.append(
            (
                prefix + pack_seq(seq),
                b"".join(
                    (
                        pack_header(seq, previous, ts, hash_, deleted, HEADER_BYTES + len(name)),
                        name,
                        body,
                    )
                ),
            )
        )
        known[key] = (hash_, deleted, seq)
        changed[key] = position
        deletes += deleted
        seqs.append(seq)
        seq += 1
    if not log:
        return Written(0, 0, 0, seqs)
    if len(set(keys)) != len(keys):
        seqs = [known[key][2] if key in known else -1 for key in keys]
    head.seq = seq
    head.ts = ts
    head.ids += new
    head.versions += len(log)
    head.log_deleted += deletes
    head.superseded += len(superseded)
    head.ids_deleted += sum(known[key][1] for key in changed) if deletes else 0
    append(snapshot, b"log", log)
    latest.putmulti([(key, pack_latest(*known[key])) for key in sorted(changed)])
    if superseded:
        superseded.sort()
        snapshot.cursor(b"superseded").putmulti(superseded)
    for definition, function in indexes:
        final = [(batch.items[position], known[key][2]) for key, position in changed.items()]
        update_index(snapshot, definition, function, replaced, final)
    return Written(len(log), new, deletes, seqs)


def append(snapshot: Snapshot, name: bytes, items: list[tuple[bytes, bytes]]) -> None:
    """Put items whose keys lie beyond all that is there."""
    alone = not snapshot.prefix
    consumed, added = snapshot.cursor(name).putmulti(items, overwrite=alone, append=alone)
    if consumed != added:
        raise StoreError("the log has versions beyond its head: the file is damaged")


def update_index(
    snapshot: Snapshot,
    definition: IndexDefinition,
    function: KeyFunction,
    replaced: list[int],
    final: list[tuple[Write, int]],
) -> None:
    """Take the entries of replaced versions out of an index, put those of new ones in."""
    database = snapshot.environment.database(snapshot.index_name(definition.number))
    if replaced:
        prefix = snapshot.prefix
        keys = [prefix + pack_seq(seq) for seq in sorted(replaced)]
        records = [record for _, record in snapshot.cursor(b"log").getmulti(keys)]
        old = [
            (key, pack_seq(version.seq))
            for version in parse(records)
            if not version.deleted
            for key in keys_of(definition.id, function, version.entity_id, version.body)
        ]
        delete = snapshot.txn.delete
        for key, value in sorted(old):
            delete(key, value, database)
    entries = [
        (key, pack_seq(seq))
        for (entity_id, body, _, deleted), seq in final
        if not deleted
        for key in keys_of(definition.id, function, entity_id, body)
    ]
    entries.sort()
    snapshot.txn.cursor(database).putmulti(entries)
