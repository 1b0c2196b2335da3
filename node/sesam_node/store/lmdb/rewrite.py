"""Giving disk space back: the files of a dataset are written anew, and the dataset moves there.

LMDB uses room again but never makes a file smaller. So the environment is copied beside the writer
(LMDB leaves out free pages), what is written meanwhile follows from the log, and the last of it
under the write transaction of the old environment, which then names the new folder and loses its
head. Whoever finds no head there goes on in the new folder, by what the old one says or by the
catalog, which is told after that. A kill before the old environment's commit leaves the new folder
as one that nobody refers to; after it, the move is finished by whoever comes next.
"""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from sesam_node.store.api import Write
from sesam_node.store.keys import text_key
from sesam_node.store.lmdb.catalog import sync_folder
from sesam_node.store.lmdb.compaction import progress
from sesam_node.store.lmdb.environment import MAP_BYTES, REGISTRY
from sesam_node.store.lmdb.layout import HEAD_KEY, MOVED_KEY, Snapshot
from sesam_node.store.lmdb.write import update_indexes
from sesam_node.store.records import (
    HEADER_BYTES,
    NONE,
    pack_header,
    pack_latest,
    pack_seq,
    parse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import lmdb

    from sesam_node.store.api import KeyFunction, Version
    from sesam_node.store.lmdb.environment import Environment
    from sesam_node.store.lmdb.layout import IndexDefinition, Place

    Indexes = Callable[[Snapshot], Sequence[tuple[IndexDefinition, KeyFunction]]]

WORTH_BYTES = 64 * 1024 * 1024
WORTH_SHARE = 0.5
TAIL = 5_000


def is_worth_it(snapshot: Snapshot) -> bool:
    """Is the file large, and most of it free?"""
    return file_bytes(snapshot) >= WORTH_BYTES and (
        used_bytes(snapshot) < WORTH_SHARE * file_bytes(snapshot)
    )


def file_bytes(snapshot: Snapshot) -> int:
    """The size of the environment's file."""
    return Path(snapshot.environment.path, "data.mdb").stat().st_size


def used_bytes(snapshot: Snapshot) -> int:
    """How much of the file its databases use."""
    names = [snapshot.index_name(definition.number) for definition in snapshot.definitions()]
    databases = [*snapshot.databases.values()]
    databases += [snapshot.environment.database(name) for name in names]
    total = 0
    for database in databases:
        stat = snapshot.txn.stat(database)
        pages = stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"]
        total += pages * stat["psize"]
    return total


def rewrite(place: Place, what: str, root: str, indexes: Indexes) -> Place | None:
    """Move a dataset to a new folder; the place there, null where it was changed too much.

    The catalog is not told yet. A dataset that is compacted, or gets or loses an index meanwhile,
    stays where it is.
    """
    folder = Path(root, f"{Path(place.path).name.rpartition('.')[0]}.{uuid.uuid4().hex[:16]}")
    folder.mkdir(mode=0o700)
    new = place._replace(path=str(folder))
    moved = False
    try:
        REGISTRY.read(
            place.path, what, lambda _, environment: environment.handle.copy(new.path, compact=True)
        )
        REGISTRY.create(new.path, what, MAP_BYTES)
        for path in (new.path, root):
            sync_folder(path)
        while _follow(place, new, what, indexes) >= TAIL:
            pass
        moved = REGISTRY.write(
            place.path,
            what,
            lambda txn, environment: _move(Snapshot(txn, environment, place), new, what, indexes),
        )
    finally:
        if not moved:
            REGISTRY.forget(new.path)
            shutil.rmtree(folder, ignore_errors=True)
    return new if moved else None


def _head(place: Place, what: str) -> int:
    return REGISTRY.read(place.path, what, lambda txn, env: int(Snapshot(txn, env, place).head.seq))


def _follow(place: Place, new: Place, what: str, indexes: Indexes) -> int:
    """Bring the next stretch of the log over; gives how long it was."""
    since = _head(new, what)
    versions = REGISTRY.read(
        place.path, what, lambda txn, env: _log_from(Snapshot(txn, env, place), since)
    )
    if versions:
        REGISTRY.write(
            new.path,
            what,
            lambda txn, env: _append(Snapshot(txn, env, new), versions, indexes),
        )
    return len(versions)


def _log_from(snapshot: Snapshot, since: int, limit: int | None = TAIL) -> list[Version]:
    cursor = snapshot.cursor(b"log")
    records: list[bytes] = []
    if cursor.set_range(pack_seq(since)):
        for _, record in cursor.iternext():
            records.append(record)
            if len(records) == limit:
                break
    return parse(records)


def _append(snapshot: Snapshot, versions: list[Version], indexes: Indexes) -> None:
    """Put versions at the end of a log, as they are, with all that follows from them."""
    first = snapshot.head.seq
    final: dict[bytes, tuple[Write, int]] = {}
    replaced: list[int] = []
    for seq, entity_id, body, previous, deleted, hash_, ts in versions:
        name = entity_id.encode()
        header = pack_header(
            seq,
            NONE if previous is None else previous,
            ts,
            hash_,
            deleted,
            HEADER_BYTES + len(name),
        )
        snapshot.txn.put(
            pack_seq(seq), b"".join((header, name, body)), db=snapshot.databases[b"log"]
        )
        key = text_key(entity_id)
        snapshot.txn.put(key, pack_latest(hash_, deleted, seq), db=snapshot.databases[b"latest"])
        if previous is not None:
            snapshot.txn.put(
                pack_seq(previous), pack_seq(seq), db=snapshot.databases[b"superseded"]
            )
            if previous < first:
                replaced.append(previous)
        final[key] = (Write(entity_id, body, hash_, deleted), seq)
    update_indexes(snapshot, indexes(snapshot), replaced, list(final.values()))
    snapshot.head.seq = versions[-1].seq + 1
    snapshot.save_head()


def _move(old: Snapshot, new: Place, what: str, indexes: Indexes) -> bool:
    """Under the write transaction of the old environment: the rest, the state, and the sign."""

    def work(txn: lmdb.Transaction[bytes], environment: Environment) -> bool:
        there = Snapshot(txn, environment, new)
        if progress(there) != progress(old) or there.definitions() != old.definitions():
            return False
        versions = _log_from(old, there.head.seq, None)
        if versions:
            _append(there, versions, indexes)
        for name in (b"meta", b"state"):
            txn.drop(environment.databases[name], delete=False)
            cursor = txn.cursor(environment.databases[name])
            for key, value in old.cursor(name).iternext():
                cursor.put(key, value)
        return True

    if not REGISTRY.write(new.path, what, work):
        return False
    old.txn.delete(HEAD_KEY, db=old.databases[b"meta"])
    old.txn.put(MOVED_KEY, Path(new.path).name.encode(), db=old.databases[b"meta"])
    return True
