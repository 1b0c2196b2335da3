"""Which entities of a dataset are read, and in which order: the log, its latest versions, a subset.

A read goes in pages, each its own short transaction. A subset acts as a dataset of its own: an
entity that was in it and is no longer comes as deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.dtl import compile_index
from sesam_node.errors import ConfigError, InputError, NotFoundError, Problem, preview
from sesam_node.model import content_hash, decode
from sesam_node.model.entity import tombstone, with_header
from sesam_node.model.formats import write_entities
from sesam_node.model.values import identity
from sesam_node.pipes.sink_indexes import index_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.store.api import Dataset, Store, Version

FIRST_PAGE = 100
PAGE = 1_000
PAGE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Selection:
    """Which versions of a dataset are wanted.

    `since` is an offset, exclusive; `until` a head beyond which nothing is read; `start` leaves out
    so many. With `history` every version comes, else the latest of each id. `deleted` counts only
    for the latter. `subset` is `["eq", index expression, value]`. `as_of`
    is a head that the dataset had earlier: it is read as it was then.
    """

    since: int | None = None
    limit: int | None = None
    start: int = 0
    until: int | None = None
    history: bool = True
    deleted: bool = True
    reverse: bool = False
    subset: Any = None
    as_of: int | None = None


def read_dataset(store: Store, *, dataset: str, selection: Selection, form: str) -> Iterator[bytes]:
    """The selected entities as chunks of a format. Raises NotFoundError, InputError."""
    return write_entities(pages(store.dataset(dataset, create=False), selection), form)


def pages(dataset: Dataset, selection: Selection) -> Iterator[list[bytes]]:
    """The selected entities in their wire form, in lists of up to 1,000."""
    versions = versions_of(dataset, selection)
    if selection.subset is not None:
        versions = _of_subset(dataset, Subset.of(dataset, selection.subset), versions, selection)
    left_out, left = selection.start, selection.limit
    for page in versions:
        if left_out >= len(page):
            left_out -= len(page)
            continue
        end = None if left is None else left_out + left
        wanted = page[left_out:end]
        left_out = 0
        yield [wire(version) for version in wanted]
        if left is not None:
            left -= len(wanted)
            if left <= 0:
                return


def versions_of(dataset: Dataset, selection: Selection) -> Iterator[list[Version]]:
    """Pages of versions, growing so that the first is there soon."""
    filtered = selection.subset is not None
    since, size = selection.since, FIRST_PAGE
    left = None if selection.limit is None or filtered else selection.start + selection.limit
    while left is None or left > 0:
        wanted = size if left is None else min(size, left)
        versions = dataset.changes(
            since,
            wanted,
            history=selection.history,
            # Who leaves a subset may do so by being deleted.
            deleted=selection.deleted or selection.history,
            until=selection.until,
            reverse=selection.reverse,
            as_of=selection.as_of,
        )
        if versions:
            yield versions
            since = versions[-1].seq
            left = None if left is None else left - len(versions)
            bytes_each = sum(len(version.body) for version in versions) // len(versions) + 1
            size = max(1, min(PAGE, PAGE_BYTES // bytes_each))
        if len(versions) < wanted:
            return


def wire(version: Version) -> bytes:
    """A stored version as it is sent, with its header."""
    return with_header(
        version.body,
        version.seq,
        version.previous,
        version.ts,
        version.hash,
        deleted=version.deleted,
    )


# -- subsets ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subset:
    """The entities that have a value in an index."""

    index: str
    wanted: Any

    @classmethod
    def of(cls, dataset: Dataset, subset: Any) -> Subset:
        """The subset of an expression. Raises InputError, NotFoundError without such an index."""
        if type(subset) is not list or len(subset) != 3 or subset[0] != "eq":
            raise wrong_subset(f'expected ["eq", index expression, value], got {preview(subset)}')
        if subset[2] is None:
            raise wrong_subset("the value is null, and nulls are in no index")
        try:
            index = index_id(subset[1])
        except ConfigError as error:
            raise wrong_subset(error.message) from None
        known = [info.id for info in dataset.indexes()]
        if index not in known:
            message = f'the dataset "{dataset.name}" has no index for this subset'
            hint = f'declare {preview(subset[1])} in "indexes" of the sink of its pipe'
            raise NotFoundError(message, [Problem("$.subset", "no-index", message, hint)])
        return cls(index, identity(subset[2]))

    def has(self, version: Version) -> bool:
        """Is the version, not deleted, in the subset?"""
        if version.deleted:
            return False
        keys = compile_index(self.index)(decode(version.body))
        return any(identity(key) == self.wanted for key in keys)

    def seen(self, dataset: Dataset, version: Version, *, history: bool) -> Version | None:
        """A version as a reader of the subset sees it; null where it concerns none of them.

        With `history` the version before decides whether it left; else any before, because a
        reader may have seen that one.
        """
        if self.has(version):
            return version
        before = version.previous
        while before is not None:
            earlier = dataset.at(before)
            if earlier is None:
                return None
            if self.has(earlier):
                return _left(version)
            before = None if history else earlier.previous
        return None


def wrong_subset(message: str) -> InputError:
    """A subset that is no subset, or not that of an index."""
    hint = 'for example ["eq", "_S.country", "NO"]'
    return InputError(message, [Problem("$.subset", "wrong-subset", message, hint)])


def read_subset(text: str | None) -> Any:
    """The subset of a request parameter, JSON text. Raises InputError."""
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise wrong_subset(f"the subset is no JSON: {error}") from None


def _left(version: Version) -> Version:
    """A version of an entity that has left a subset: as deleted."""
    if version.deleted:
        return version
    body = tombstone(version.body)
    return version._replace(body=body, hash=content_hash(body), deleted=True)


def _of_subset(
    dataset: Dataset, subset: Subset, batches: Iterator[list[Version]], selection: Selection
) -> Iterator[list[Version]]:
    hides_deleted = not (selection.deleted or selection.history)
    for versions in batches:
        found = [
            seen
            for version in versions
            if (seen := subset.seen(dataset, version, history=selection.history)) is not None
            and not (hides_deleted and seen.deleted)
        ]
        if found:
            yield found


def entity_of_subset(store: Store, *, dataset: str, seq: int, subset: Any) -> bytes | None:
    """The wire form of the version of an entity at an offset, where it is in a subset, else null.

    Raises InputError, NotFoundError as a read does.
    """
    stored = store.dataset(dataset, create=False)
    wanted = Subset.of(stored, subset)
    version = stored.at(seq)
    return wire(version) if version is not None and wanted.has(version) else None
