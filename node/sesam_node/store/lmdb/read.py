"""Reading a snapshot: scans of the log, point reads, chains of versions.

A scan of latest versions leaves out what `superseded` lists. Where nothing was superseded it reads
values straight through; where most was, it reads keys first and only the bodies that are wanted.
"""

from __future__ import annotations

from functools import partial
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ExpiredError
from sesam_node.store.api import Version
from sesam_node.store.commits import expired
from sesam_node.store.keys import text_key
from sesam_node.store.lmdb.layout import is_hashed
from sesam_node.store.records import HEADER, HEADER_BYTES, LATEST, pack_seq, parse, unpack_seq

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sesam_node.store.lmdb.layout import Snapshot

SCAN_ENTRIES = 20_000

make_version: Callable[[tuple[Any, ...]], Version] = partial(tuple.__new__, Version)
"""A `Version` of a tuple; three times faster than calling the class."""


def version_at(snapshot: Snapshot, seq: int) -> Version | None:
    """The version with that seq."""
    if not 0 <= seq < snapshot.head.seq:
        return None
    record = snapshot.txn.get(snapshot.prefix + pack_seq(seq), None, snapshot.databases[b"log"])
    return None if record is None else parse_one(record)


def latest_version(snapshot: Snapshot, entity_id: str) -> Version | None:
    """The latest version of an id."""
    get, databases, prefix = snapshot.txn.get, snapshot.databases, snapshot.prefix
    value = get(prefix + text_key(entity_id), None, databases[b"latest"])
    if value is None:
        return None
    record = get(prefix + value[-8:], None, databases[b"log"])
    return None if record is None else parse_one(record)


def parse_one(record: bytes) -> Version:
    """The version of one stored record; see `records.parse`."""
    seq, previous, ts, hash_, deleted, end = HEADER.unpack_from(record)
    name = record[HEADER_BYTES:end].decode()
    before = None if previous < 0 else previous
    return make_version((seq, name, record[end:], before, deleted, hash_, ts))


def latest_seqs(snapshot: Snapshot, ids: Sequence[str]) -> dict[str, int]:
    """The seq of the latest version of each id that is there."""
    prefix = snapshot.prefix
    keys = {entity_id: prefix + text_key(entity_id) for entity_id in ids}
    found = dict(snapshot.cursor(b"latest").getmulti(sorted(keys.values())))
    unpack = int.from_bytes
    return {
        entity_id: unpack(found[key][-8:], "big") for entity_id, key in keys.items() if key in found
    }


def versions_at(snapshot: Snapshot, seqs: Iterable[int]) -> dict[int, Version]:
    """The versions with those seqs, in order of seq."""
    prefix = snapshot.prefix
    keys = [prefix + pack_seq(seq) for seq in sorted(seqs)]
    records = [record for _, record in snapshot.cursor(b"log").getmulti(keys)]
    return {version[0]: version for version in parse(records)}


def latest_versions(snapshot: Snapshot, ids: Sequence[str]) -> list[Version | None]:
    """The latest version of each id, in the order asked for."""
    seqs = latest_seqs(snapshot, ids)
    versions = versions_at(snapshot, seqs.values())
    return [versions.get(seqs.get(entity_id, -1)) for entity_id in ids]


def chain(snapshot: Snapshot, entity_id: str) -> Iterable[Version]:
    """The versions of an id, newest first."""
    version = latest_version(snapshot, entity_id)
    while version is not None:
        yield version
        if version.previous is None:
            return
        version = version_at(snapshot, version.previous)


def version_before(snapshot: Snapshot, entity_id: str, seq: int) -> Version | None:
    """The version of an id that was the latest one when `seq` was the head."""
    return next((version for version in chain(snapshot, entity_id) if version.seq < seq), None)


def versions_as_of(snapshot: Snapshot, ids: Sequence[str], as_of: int) -> list[Version | None]:
    """The version of each id that was the latest when `as_of` was the head."""
    check_exact(snapshot, as_of)
    found = latest_versions(snapshot, ids)
    while True:
        # Back along all chains at once.
        later = {
            position: version.previous
            for position, version in enumerate(found)
            if version is not None and version.seq >= as_of
        }
        if not later:
            return found
        before = versions_at(snapshot, {seq for seq in later.values() if seq is not None})
        for position, previous in later.items():
            found[position] = None if previous is None else before.get(previous)


def check_exact(snapshot: Snapshot, as_of: int) -> None:
    """Raise ExpiredError where versions are gone that the dataset had at that head."""
    exact_from = snapshot.head.exact_from
    if max(as_of, 0) < exact_from:
        raise ExpiredError(expired(as_of, exact_from), exact_from)


def head_at(snapshot: Snapshot, ts: int) -> int:
    """The number of versions that were written until a time."""
    head = snapshot.head
    if ts >= head.ts:
        return int(head.seq)
    found, low, high = 0, 0, int(head.seq)  # versions before `low` are as old or older
    cursor = snapshot.cursor(b"log")
    while low < high:
        middle = (low + high) // 2
        start = snapshot.prefix + pack_seq(middle)
        if not cursor.set_range(start) or not cursor.key().startswith(snapshot.prefix):
            high = middle
            continue
        seq, _, written, *_ = HEADER.unpack_from(cursor.value())
        if written > ts:
            high = middle
        else:
            found = low = seq + 1
    return found


def live(snapshot: Snapshot, after: str | None, limit: int) -> list[tuple[str, int, bool]]:
    """(id, seq, deleted) of latest versions, in the order of `latest`."""
    prefix = snapshot.prefix
    cursor = snapshot.cursor(b"latest")
    start = prefix + text_key(after) if after is not None else prefix
    if limit <= 0 or not cursor.set_range(start):
        return []
    if after is not None and cursor.key() == start and not cursor.next():
        return []
    items = list(islice(cursor.iternext(), limit))
    if prefix and items[-1][0][: len(prefix)] != prefix:
        items = [item for item in items if item[0].startswith(prefix)]
    facts = LATEST.iter_unpack(b"".join([value for _, value in items]))
    skip = len(prefix)
    found = [
        (key[skip:].decode("utf-8", "replace"), seq, deleted)
        for (key, _), (_, deleted, seq) in zip(items, facts, strict=True)
    ]
    for position, (key, _) in enumerate(items):
        if is_hashed(key, prefix):
            _, seq, deleted = found[position]
            version = version_at(snapshot, seq)
            if version is not None:
                found[position] = (version.entity_id, seq, deleted)
    return found


class Scan:
    """A walk over the log between two seqs, resumable in a later transaction.

    `first` and `last` enclose what is still to be read: first <= seq < last.
    """

    def __init__(
        self,
        first: int,
        last: int | None,
        *,
        history: bool,
        deleted: bool,
        reverse: bool,
        as_of: int | None = None,
    ) -> None:
        self.first = first
        self.last = last
        self.as_of = as_of
        self.history = history
        self.deleted = deleted
        self.reverse = reverse
        self.done = False

    def read(self, snapshot: Snapshot, limit: int) -> list[Version]:
        """Up to `limit` versions from where it stands; `done` says whether the end was reached."""
        head = snapshot.head
        last = head.seq if self.last is None else min(self.last, head.seq)
        if self.as_of is not None:
            check_exact(snapshot, self.as_of)
            last = min(last, self.as_of)
        filtering = not self.history and head.superseded > 0
        sparse = filtering and head.superseded * 2 > head.versions
        found: list[Version] = []
        budget = SCAN_ENTRIES
        compacted = head.seq > head.versions
        while len(found) < limit and budget > 0:
            if compacted and not self.reverse and self.first < last:
                self.first = _next_seq(snapshot, self.first, last)
            if self.first >= last:
                self.done = True
                break
            wanted = limit - len(found)
            if sparse:
                wanted = min(budget, 2 + wanted * head.versions // max(1, head.ids))
            wanted = min(wanted, last - self.first, budget)
            budget -= wanted
            # The window holds `wanted` seqs at most, so no more entries than that.
            if self.reverse:
                window = (last - wanted, last)
                last = self.last = window[0]
            else:
                window = (self.first, self.first + wanted)
                self.first = window[1]
            if sparse:
                versions, window = self._read_sparse(snapshot, window, limit - len(found))
                if self.reverse:
                    last = self.last = window[0]
                else:
                    self.first = window[1]
            else:
                versions = read_window(snapshot, window, filtering=filtering, as_of=self.as_of)
            if not self.deleted:
                versions = [version for version in versions if not version.deleted]
            if self.reverse:
                versions.reverse()
            found += versions
        if len(found) > limit:
            found = found[:limit]
            if self.reverse:
                self.last = found[-1].seq
            else:
                self.first = found[-1].seq + 1
            self.done = False
        return found

    def _read_sparse(
        self, snapshot: Snapshot, window: tuple[int, int], limit: int
    ) -> tuple[list[Version], tuple[int, int]]:
        """As read_window, but by keys first; ends at `limit` and gives the part that it read."""
        prefix = snapshot.prefix
        start, end = prefix + pack_seq(window[0]), prefix + pack_seq(window[1])
        replaced = set(replaced_between(snapshot, start, end, self.as_of))
        if len(replaced) == window[1] - window[0]:
            return [], window
        keys = [key for key in keys_between(snapshot, b"log", start, end) if key not in replaced]
        if len(keys) > limit and self.reverse:
            keys = keys[-limit:]
            window = (unpack_seq(keys[0]), window[1])
        elif len(keys) > limit:
            keys = keys[:limit]
            window = (window[0], unpack_seq(keys[-1]) + 1)
        return parse([record for _, record in snapshot.cursor(b"log").getmulti(keys)]), window


def _next_seq(snapshot: Snapshot, seq: int, last: int) -> int:
    """The first seq from `seq` on that is in the log; `last` where there is none before that."""
    cursor = snapshot.cursor(b"log")
    prefix = snapshot.prefix
    if not cursor.set_range(prefix + pack_seq(seq)) or not cursor.key().startswith(prefix):
        return last
    return min(last, unpack_seq(cursor.key()))


def read_window(
    snapshot: Snapshot, window: tuple[int, int], *, filtering: bool, as_of: int | None = None
) -> list[Version]:
    """The versions with window[0] <= seq < window[1], oldest first."""
    prefix = snapshot.prefix
    start, end = prefix + pack_seq(window[0]), prefix + pack_seq(window[1])
    size = window[1] - window[0]
    replaced = replaced_between(snapshot, start, end, as_of) if filtering else []
    log = snapshot.cursor(b"log")
    if len(replaced) == size or not log.set_range(start):
        return []
    records = list(islice(log.iternext(keys=False, values=True), size))
    if prefix or unpack_seq(records[-1][:8]) >= window[1]:
        inside = len(keys_between(snapshot, b"log", start, end))
        records = records[:inside]
    if replaced:
        skip = {key[-8:] for key in replaced}
        records = [record for record in records if record[:8] not in skip]
    return parse(records)


def replaced_between(
    snapshot: Snapshot, start: bytes, end: bytes, as_of: int | None
) -> list[bytes]:
    """The keys of versions that have a successor, or had one when `as_of` was the head."""
    if as_of is None:
        return keys_between(snapshot, b"superseded", start, end)
    cursor = snapshot.cursor(b"superseded")
    if not cursor.set_range(start):
        return []
    items = takewhile(lambda item: item[0] < end, cursor.iternext())
    return [key for key, successor in items if unpack_seq(successor) < as_of]


def keys_between(snapshot: Snapshot, name: bytes, start: bytes, end: bytes) -> list[bytes]:
    """The keys of a database from `start` up to but not `end`."""
    cursor = snapshot.cursor(name)
    if not cursor.set_range(start):
        return []
    return list(takewhile(end.__gt__, cursor.iternext(keys=True, values=False)))
