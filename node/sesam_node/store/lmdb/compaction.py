"""Compaction: versions that nobody needs any more leave the log, a stretch at a time.

What may go (`store.retention`) follows from the versions that came later. So the log is walked once
from where the last compaction ended, and each version read says which older one it has made
superfluous: the work is that of what was written, not that of the dataset. A step reads in a short
transaction and drops in another one, which first looks whether somebody else has compacted
meanwhile; a kill between two steps leaves a dataset that is compacted less far. LMDB uses the room
again; `rewrite` gives it back to the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sesam_node.model.entity import decode
from sesam_node.store.keys import text_key
from sesam_node.store.lmdb.read import head_at, version_at
from sesam_node.store.lmdb.write import entries
from sesam_node.store.records import HEADER, pack_seq
from sesam_node.store.retention import Bounds, Compacted, Retention, retracts
from sesam_node.store.retention import bounds as bounds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.store.api import KeyFunction
    from sesam_node.store.lmdb.layout import IndexDefinition, Snapshot

COMPACTION_KEY = b"compaction"
IDLE_READ = 2_000
STEP_READ = 20_000
STEP_BYTES = 32 * 1024 * 1024
STEP_DROPS = 5_000


class Progress(msgspec.Struct, frozen=True):
    """Up to where the log was walked, and with which rules: stricter ones begin anew.

    `deletes` and `entities` are the same for what goes altogether, which has bounds of its own.
    """

    versions: int = 0
    keep: int = 0
    retract: bool = False
    deletes: int = 0
    entities: int = 0


class Step(NamedTuple):
    """What one step drops: versions, and entities by the seq of their latest version.

    `from_` is the progress that it was found with, `to` that after it.
    """

    generation: bytes
    from_: Progress
    to: Progress
    versions: list[tuple[int, int]]
    entities: list[int]


def bounds(snapshot: Snapshot, retention: Retention) -> Bounds:
    """Up to where a compaction goes."""
    return bounds_of(
        retention,
        snapshot.head.seq,
        head_at(snapshot, (retention.until or 0) - 1),
        head_at(snapshot, (retention.deletes_until or 0) - 1),
    )


def progress(snapshot: Snapshot) -> Progress:
    """Where the last compaction ended."""
    key = snapshot.prefix + COMPACTION_KEY
    value = snapshot.txn.get(key, db=snapshot.databases[b"meta"])
    return Progress() if value is None else msgspec.json.decode(value, type=Progress)


def next_step(snapshot: Snapshot, retention: Retention, limits: Bounds) -> Step | None:
    """What to drop next; null when the log has been walked."""
    at = progress(snapshot)
    keep = retention.keep_versions
    anew = keep < at.keep or (retention.retract and not at.retract)
    since = 0 if anew else at.versions
    generation = snapshot.head.generation
    if since < limits.versions:
        found = _walk_versions(snapshot, since, limits, retention)
        if found.is_worth_a_commit:
            to = Progress(found.to, keep, retention.retract, at.deletes, at.entities)
            return Step(generation, at, to, found.versions, [])
    if at.entities < limits.entities:
        found = _walk_entities(snapshot, at.entities, limits.entities, deleted=False)
        if found.is_worth_a_commit:
            to = msgspec.structs.replace(at, entities=found.to)
            return Step(generation, at, to, [], found.entities)
    if at.deletes < limits.deletes:
        found = _walk_entities(snapshot, at.deletes, limits.deletes, deleted=True)
        if found.is_worth_a_commit:
            to = msgspec.structs.replace(at, deletes=found.to)
            return Step(generation, at, to, [], found.entities)
    return None


class _Found:
    """What a walk has found so far, and up to where."""

    def __init__(self, since: int, until: int) -> None:
        self.to = since
        self.until = until
        self.versions: list[tuple[int, int]] = []
        self.entities: list[int] = []
        self.read = 0

    @property
    def is_worth_a_commit(self) -> bool:
        """Does it drop something, or was it a walk that should not be made again?"""
        return bool(self.versions or self.entities or self.read >= IDLE_READ)

    def records(self, snapshot: Snapshot) -> Iterator[bytes]:
        """Records of the log from `to` on; stops when a step has enough."""
        prefix = snapshot.prefix
        cursor = snapshot.cursor(b"log")
        end = prefix + pack_seq(self.until)
        size = 0
        if cursor.set_range(prefix + pack_seq(self.to)):
            for key, record in cursor.iternext():
                if key >= end:
                    break
                yield record
                self.to = int.from_bytes(key[-8:], "big") + 1
                self.read += 1
                size += len(record)
                enough = len(self.versions) + len(self.entities) >= STEP_DROPS
                if enough or self.read >= STEP_READ or size >= STEP_BYTES:
                    return
        self.to = self.until


def _walk_versions(snapshot: Snapshot, since: int, limits: Bounds, retention: Retention) -> _Found:
    found = _Found(since, limits.versions)
    keep = max(1, retention.keep_versions)
    for record in found.records(snapshot):
        seq, previous, _, _, _, end = HEADER.unpack_from(record)
        alone = retention.retract and retracts(record[end:])
        if previous >= 0:
            found.versions += _made_old(snapshot, seq, previous, keep, alone=alone)
    return found


def _made_old(
    snapshot: Snapshot, seq: int, previous: int, keep: int, *, alone: bool
) -> Iterator[tuple[int, int]]:
    """Versions that `seq` has made superfluous, each with the one that replaced it.

    That is the `keep`-th before it; where it is to stay `alone`, all before it.
    """
    depth = 1
    while previous >= 0:
        if alone or depth == keep:
            yield previous, seq
            if not alone:
                return
        key = snapshot.prefix + pack_seq(previous)
        record = snapshot.txn.get(key, db=snapshot.databases[b"log"])
        if record is None:
            return
        seq, previous, *_ = HEADER.unpack_from(record)
        depth += 1


def _walk_entities(snapshot: Snapshot, since: int, until: int, *, deleted: bool) -> _Found:
    """Entities that were written last in a stretch of the log; only `deleted` ones if so."""
    found = _Found(since, until)
    superseded = snapshot.databases[b"superseded"]
    for record in found.records(snapshot):
        seq, _, _, _, is_deleted, _ = HEADER.unpack_from(record)
        if (is_deleted or not deleted) and (
            snapshot.txn.get(snapshot.prefix + pack_seq(seq), db=superseded) is None
        ):
            found.entities.append(seq)
    return found


def apply_step(
    snapshot: Snapshot, step: Step, indexes: Sequence[tuple[IndexDefinition, KeyFunction]]
) -> Compacted | None:
    """Drop what a step names; null where somebody else has compacted since it was found."""
    if progress(snapshot) != step.from_ or snapshot.head.generation != step.generation:
        return None
    before = snapshot.head.versions
    for seq, successor in step.versions:
        if _drop_version(snapshot, seq):
            _remove(snapshot, b"superseded", pack_seq(seq))
            snapshot.head.superseded -= 1
            snapshot.head.exact_from = max(snapshot.head.exact_from, successor + 1)
    entities = sum(_drop_entity(snapshot, seq, indexes) for seq in step.entities)
    key = snapshot.prefix + COMPACTION_KEY
    snapshot.txn.put(key, msgspec.json.encode(step.to), db=snapshot.databases[b"meta"])
    snapshot.save_head()
    return Compacted(before - snapshot.head.versions, entities)


def _remove(snapshot: Snapshot, database: bytes, key: bytes) -> bytes | None:
    """Take an entry out; gives its value."""
    return snapshot.txn.pop(snapshot.prefix + key, db=snapshot.databases[database])


def _drop_version(snapshot: Snapshot, seq: int) -> bool:
    record = _remove(snapshot, b"log", pack_seq(seq))
    if record is None:
        return False
    _, _, _, _, deleted, _ = HEADER.unpack_from(record)
    snapshot.head.versions -= 1
    snapshot.head.log_deleted -= deleted
    return True


def _drop_entity(
    snapshot: Snapshot, seq: int, indexes: Sequence[tuple[IndexDefinition, KeyFunction]]
) -> bool:
    """Drop an entity with all its versions, unless it has been written again since."""
    version = version_at(snapshot, seq)
    superseded = snapshot.databases[b"superseded"]
    key = snapshot.prefix + pack_seq(seq)
    if version is None or snapshot.txn.get(key, db=superseded) is not None:
        return False
    head = snapshot.head
    if not version.deleted:
        entity = [(version.entity_id, decode(version.body), pack_seq(seq))]
        for definition, function in indexes:
            database = snapshot.environment.database(snapshot.index_name(definition.number))
            for name, value in entries(definition.id, function, entity):
                snapshot.txn.delete(name, value, database)
    _remove(snapshot, b"latest", text_key(version.entity_id))
    head.ids -= 1
    head.ids_deleted -= version.deleted
    head.exact_from = max(head.exact_from, seq + 1)
    before = version.previous
    _drop_version(snapshot, seq)
    while before is not None and (older := version_at(snapshot, before)) is not None:
        _drop_version(snapshot, before)
        _remove(snapshot, b"superseded", pack_seq(before))
        head.superseded -= 1
        before = older.previous
    return True
