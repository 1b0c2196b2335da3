"""Which entities of a dataset are read, and in which order: the log, its latest versions, a subset.

A read goes in pages, each its own short transaction. A subset acts as a dataset of its own: an
entity that was in it and is no longer comes as deleted.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.errors import InputError, NotFoundError, Problem, preview
from sesam_node.model.entity import only, with_header
from sesam_node.model.formats import write_entities
from sesam_node.pipes.subsets import Subset, wrong_subset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.store.api import Dataset, Store, Version

body_of = attrgetter("body")
FIRST_PAGE = 100
PAGE = 1_000
PAGE_BYTES = 256 * 1024
KEPT = frozenset({"_id", "_deleted"})
"""What comes whatever the properties are that were asked for."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which versions of a dataset are wanted.

    `since` is an offset, exclusive; `until` a head beyond which nothing is read; `start` leaves out
    so many. With `history` every version comes, else the latest of each id. `deleted` counts only
    for the latter. `subset` is `["eq", index expression, value]`. `as_of`
    is a head that the dataset had earlier: it is read as it was then. Without `reserved` entities
    come as they are stored: of the node's own properties `_id` only, and `_deleted` where it is
    true. `properties` are those that come, with `_id`; all where it is null.
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
    reserved: bool = True
    properties: frozenset[str] | None = None


def read_dataset(store: Store, *, dataset: str, selection: Selection, form: str) -> Iterator[bytes]:
    """The selected entities as chunks of a format. Raises NotFoundError, InputError."""
    return write_entities(pages(store.dataset(dataset, create=False), selection), form)


def pages(dataset: Dataset, selection: Selection) -> Iterator[list[bytes]]:
    """The selected entities in their wire form, in lists of up to 1,000."""
    versions = versions_of(dataset, selection)
    if selection.subset is not None:
        versions = _of_subset(dataset, _indexed(dataset, selection.subset), versions, selection)
    left_out, left = selection.start, selection.limit
    for page in versions:
        if left_out >= len(page):
            left_out -= len(page)
            continue
        end = None if left is None else left_out + left
        wanted = page[left_out:end]
        left_out = 0
        yield _sent(wanted, selection)
        if left is not None:
            left -= len(wanted)
            if left <= 0:
                return


def _sent(versions: list[Version], selection: Selection) -> list[bytes]:
    """Versions as they are sent."""
    bodies = list(map(body_of, versions))
    if selection.properties is not None:
        bodies = only(bodies, selection.properties | KEPT)
    if selection.reserved:
        return list(map(wire, versions, bodies))
    return bodies


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
            bytes_each = sum(map(len, map(body_of, versions))) // len(versions) + 1
            size = max(1, min(PAGE, PAGE_BYTES // bytes_each))
        if len(versions) < wanted:
            return


def wire(version: Version, body: bytes | None = None) -> bytes:
    """A stored version as it is sent, with its header; `body` is what is sent of it."""
    return with_header(
        version.body if body is None else body,
        version.seq,
        version.previous,
        version.ts,
        version.hash,
        deleted=version.deleted,
    )


def read_properties(text: str | None) -> frozenset[str] | None:
    """The names of a request parameter, a JSON list. Raises InputError."""
    if not text:
        return None
    try:
        return frozenset(msgspec.json.decode(text, type=list[str]))
    except msgspec.DecodeError:
        message = f"expected a JSON list of names, got {preview(text)}"
        problem = Problem("$.properties", "wrong-type", message, 'such as ["name", "town"]')
        raise InputError("the properties cannot be read", [problem]) from None


# -- subsets ---------------------------------------------------------------------------------------


def _indexed(dataset: Dataset, expression: Any) -> Subset:
    """The subset of an expression. Raises InputError, NotFoundError without such an index."""
    subset = Subset.parse(expression)
    if subset.index not in [info.id for info in dataset.indexes()]:
        message = f'the dataset "{dataset.name}" has no index for this subset'
        hint = f'declare {preview(expression[1])} in "indexes" of the sink of its pipe'
        raise NotFoundError(message, [Problem("$.subset", "no-index", message, hint)])
    return subset


def read_subset(text: str | None) -> Any:
    """The subset of a request parameter, JSON text. Raises InputError."""
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise wrong_subset(f"the subset is no JSON: {error}") from None


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
    wanted = _indexed(stored, subset)
    version = stored.at(seq)
    return wire(version) if version is not None and wanted.has(version) else None
