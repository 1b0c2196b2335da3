"""Secondary indexes: making, building, asking.

An index is registered first; from then on every write keeps it up, in any process, as each write
transaction sees a new `index_revision` in the head and reads the definitions again. What was in the
log before, up to `target`, is added in short transactions. Whoever needs the index complete helps,
so a builder that dies holds nobody up.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from sesam_node.errors import StoreError
from sesam_node.model.entity import decode
from sesam_node.store.indexes import has_key
from sesam_node.store.keys import is_shortened, short_key, value_key
from sesam_node.store.lmdb.environment import MAX_DATABASES
from sesam_node.store.lmdb.layout import IndexDefinition
from sesam_node.store.lmdb.read import read_window, versions_at
from sesam_node.store.lmdb.write import entries
from sesam_node.store.records import pack_seq, parse, unpack_seq

if TYPE_CHECKING:
    from collections.abc import Sequence

    import lmdb

    from sesam_node.model.values import Value
    from sesam_node.store.api import KeyFunction, Version
    from sesam_node.store.lmdb.layout import Snapshot

BUILD_ENTRIES = 2_000
MAX_INDEXES = MAX_DATABASES - 16


def register(snapshot: Snapshot, dataset: str, index: str) -> bool:
    """Make the index and its database unless it is there; gives whether it is complete."""
    definitions = snapshot.definitions()
    for definition in definitions:
        if definition.id == index:
            return definition.built >= definition.target
    if len(definitions) >= MAX_INDEXES:
        raise StoreError(f'dataset "{dataset}" has {MAX_INDEXES} indexes, no more are possible')
    head = snapshot.head
    number = min(set(range(256)) - {definition.number for definition in definitions})
    name = snapshot.index_name(number)
    environment = snapshot.environment
    if name not in environment.databases:
        # Kept by LMDB when the transaction commits; the next one opens it where it is missing.
        environment.handle.open_db(name, txn=snapshot.txn, dupsort=True, dupfixed=True)
    head.index_revision += 1
    snapshot.save_definition(
        IndexDefinition(index, number, head.index_revision, built=0, target=head.seq)
    )
    snapshot.save_head()
    return bool(head.seq == 0)


def build_more(snapshot: Snapshot, dataset: str, index: str, function: KeyFunction) -> bool:
    """Add the next stretch of the log to the index; gives whether it is complete now."""
    definition = snapshot.definition(dataset, index)
    if definition.built >= definition.target:
        return True
    database = snapshot.environment.database(snapshot.index_name(definition.number))
    end = min(definition.target, definition.built + BUILD_ENTRIES)
    head = snapshot.head
    versions = read_window(snapshot, (definition.built, end), filtering=head.superseded > 0)
    entities = [
        (version.entity_id, decode(version.body), pack_seq(version.seq))
        for version in versions
        if not version.deleted
    ]
    snapshot.txn.cursor(database).putmulti(entries(index, function, entities))
    if end == definition.target:
        head.index_revision += 1
        snapshot.save_head()
    snapshot.save_definition(msgspec.structs.replace(definition, built=end))
    return end == definition.target


def drop(snapshot: Snapshot, dataset: str, index: str) -> None:
    """Remove the definition and empty the database, which the next new index uses again."""
    definition = snapshot.definition(dataset, index)
    database = snapshot.environment.database(snapshot.index_name(definition.number))
    snapshot.txn.drop(database, delete=False)
    snapshot.remove_definition(definition)
    snapshot.head.index_revision += 1
    snapshot.save_head()


def entries_after(
    snapshot: Snapshot, definition: IndexDefinition, after: tuple[bytes, int] | None, limit: int
) -> list[tuple[bytes, int]]:
    """Up to `limit` (key, seq), in order, beyond `after`."""
    database = snapshot.environment.database(snapshot.index_name(definition.number))
    cursor = snapshot.txn.cursor(database)
    if after is None:
        there = cursor.first()
    else:
        key, seq = after
        there = cursor.set_range_dup(key, pack_seq(seq + 1)) or cursor.set_range(key + b"\x00")
    if not there:
        return []
    return [(key, unpack_seq(value)) for key, value in islice(cursor.iternext(), limit)]


def look_up(
    snapshot: Snapshot, definition: IndexDefinition, function: KeyFunction, keys: Sequence[Value]
) -> list[list[Version]]:
    """For each key the live versions that have it, in log order."""
    database = snapshot.environment.database(snapshot.index_name(definition.number))
    full = [value_key(key) for key in keys]
    stored = [short_key(key) for key in full]
    if len(stored) == 1 and not is_shortened(stored[0]):
        return [_of_key(snapshot, definition, database, stored[0])]
    seqs: dict[bytes, list[int]] = {key: [] for key in stored}
    hits = snapshot.txn.cursor(database).getmulti(sorted(seqs), dupdata=True, dupfixed_bytes=8)
    for key, value in hits:
        seqs[key].append(unpack_seq(value))
    if not hits:
        return [[] for _ in keys]
    versions = versions_at(snapshot, {seq for found in seqs.values() for seq in found})
    result: list[list[Version]] = []
    for wanted, key in zip(full, stored, strict=True):
        if not seqs[key]:
            result.append([])
            continue
        try:
            found = [versions[seq] for seq in seqs[key]]
        except KeyError as error:
            raise _missing(definition, str(error)) from error
        if is_shortened(key):
            found = [
                version
                for version in found
                if has_key(definition.id, function, version.entity_id, decode(version.body), wanted)
            ]
        result.append(found)
    return result


def _of_key(
    snapshot: Snapshot, definition: IndexDefinition, database: lmdb._Database, key: bytes
) -> list[Version]:
    """As look_up, for one key that stands for one value."""
    cursor = snapshot.txn.cursor(database)
    if not cursor.set_key(key):
        return []
    get, log, prefix = snapshot.txn.get, snapshot.databases[b"log"], snapshot.prefix
    records = []
    for seq in cursor.iternext_dup():
        record = get(prefix + seq, None, log)
        if record is None:
            raise _missing(definition, str(unpack_seq(seq)))
        records.append(record)
    return parse(records)


def _missing(definition: IndexDefinition, seq: str) -> StoreError:
    return StoreError(
        f"the index {definition.id} names version {seq}, which is not there; drop it and have it "
        "made again"
    )
