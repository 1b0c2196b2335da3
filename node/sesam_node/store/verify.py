"""Is a dataset whole? Every version, what is known as the latest, the counters, the indexes.

For a dataset that nobody writes meanwhile. Reads everything once, and the latest versions once more
for each index, in pages; memory does not grow with the dataset.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from sesam_node.errors import SesamError, preview
from sesam_node.model.entity import content_hash, decode
from sesam_node.store.indexes import keys_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sesam_node.store.api import Dataset, KeyFunction, Version

PAGE = 1_000


def verify(dataset: Dataset, key_function: Callable[[str], KeyFunction]) -> Iterator[str]:
    """What is wrong with a dataset, a sentence each. `key_function` gives that of an index."""
    for check in (_log, _latest, lambda item: _indexes(item, key_function)):
        try:
            yield from check(dataset)
        except SesamError as error:
            yield str(error)


def _pages(dataset: Dataset, *, history: bool) -> Iterator[list[Version]]:
    since: int | None = None
    while versions := dataset.changes(since, PAGE, history=history):
        yield versions
        since = versions[-1].seq


def _log(dataset: Dataset) -> Iterator[str]:
    """Bodies against their hashes, order, chains, and the number of it all."""
    versions = deletes = 0
    last: Version | None = None
    for page in _pages(dataset, history=True):
        for before, version in pairwise([last, *page]):
            if version is None:
                continue
            yield from _version(version)
            if before is not None and version.ts < before.ts:
                yield f"version {version.seq} is older than the one before it"
            yield from _predecessor(dataset, version)
            versions += 1
            deletes += version.deleted
        last = page[-1]
    counts = dataset.counts()
    yield from _differs("versions", counts.log_exists, versions)
    yield from _differs("deletes", counts.log_deleted, deletes)
    if last is not None and last.seq >= dataset.head():
        yield f"the head is {dataset.head()}, and there is a version {last.seq}"


def _version(version: Version) -> Iterator[str]:
    if content_hash(version.body) != version.hash:
        yield f"version {version.seq} (entity {preview(version.entity_id)}): the body has changed"
        return
    try:
        entity = decode(version.body)
    except msgspec.DecodeError as error:
        yield f"version {version.seq} (entity {preview(version.entity_id)}): {error}"
        return
    if entity.get("_id") != version.entity_id:
        yield f"version {version.seq} is filed under another id, {preview(version.entity_id)}"
    if (entity.get("_deleted") is True) != version.deleted:
        yield f"version {version.seq} is filed as {'' if version.deleted else 'not '}deleted"


def _predecessor(dataset: Dataset, version: Version) -> Iterator[str]:
    if version.previous is None:
        return
    before = dataset.at(version.previous)
    if before is not None and before.entity_id != version.entity_id:
        yield f"version {version.seq} follows one of another entity, {before.seq}"
    if before is None and version.previous >= dataset.exact_from:
        yield f"version {version.seq} follows version {version.previous}, which is not there"


def _latest(dataset: Dataset) -> Iterator[str]:
    """The latest versions, found by the log and by their ids."""
    found = 0
    for page in _pages(dataset, history=False):
        known = dataset.get_many([version.entity_id for version in page])
        for version, by_id in zip(page, known, strict=True):
            found += 1
            if by_id is None or by_id.seq != version.seq:
                yield (
                    f"entity {preview(version.entity_id)}: version {version.seq} is the latest in "
                    f"the log, {'none' if by_id is None else by_id.seq} by its id"
                )
    ids = deleted = 0
    after: str | None = None
    while rows := dataset.live(after, PAGE):
        for entity_id, seq, is_deleted in rows:
            ids += 1
            deleted += is_deleted
            version_at = dataset.at(seq)
            if version_at is None or version_at.entity_id != entity_id:
                yield f"entity {preview(entity_id)}: its latest version, {seq}, is not there"
            elif version_at.deleted != is_deleted:
                yield f"entity {preview(entity_id)}: is it deleted? Its latest version differs"
        after = rows[-1][0]
    counts = dataset.counts()
    yield from _differs("ids", counts.index_exists, ids)
    yield from _differs("deleted ids", counts.index_deleted, deleted)
    yield from _differs("latest versions", ids, found)


def _indexes(dataset: Dataset, key_function: Callable[[str], KeyFunction]) -> Iterator[str]:
    for info in dataset.indexes():
        if not info.complete:
            continue
        function = key_function(info.id)
        expected = 0
        for page in _pages(dataset, history=False):
            for version in page:
                if not version.deleted:
                    entity = decode(version.body)
                    expected += len(keys_of(info.id, function, version.entity_id, entity))
        found = 0
        after: tuple[bytes, int] | None = None
        while entries := dataset.index_entries(info.id, after, PAGE):
            for key, seq in entries:
                found += 1
                named = dataset.at(seq)
                if named is None or named.deleted or not _is_latest(dataset, named):
                    yield f"the index {info.id} names version {seq}, which is not live"
                elif key not in keys_of(info.id, function, named.entity_id, decode(named.body)):
                    yield f"the index {info.id} has version {seq} under a key that it does not have"
            after = entries[-1]
        if found != expected:
            yield f"the index {info.id} has {found} entries, expected {expected}"


def _is_latest(dataset: Dataset, version: Version) -> bool:
    latest = dataset.get(version.entity_id)
    return latest is not None and latest.seq == version.seq


def _differs(what: str, counted: int, found: int) -> Iterator[str]:
    if counted != found:
        yield f"{counted} {what} are counted, and {found} are there"
