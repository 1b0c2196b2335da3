"""Datasets: a log of entity versions with indexes, kept in memory or in LMDB files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.errors import StoreError
from sesam_node.store.api import (
    Commit,
    Counts,
    Dataset,
    Fence,
    IndexInfo,
    KeyFunction,
    Resolver,
    Settings,
    Store,
    Version,
    Write,
    Written,
)
from sesam_node.store.retention import Compacted, Retention

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Commit",
    "Compacted",
    "Counts",
    "Dataset",
    "Fence",
    "IndexInfo",
    "KeyFunction",
    "Resolver",
    "Retention",
    "Settings",
    "Store",
    "Version",
    "Write",
    "Written",
    "open_store",
]


def _memory(_: str, resolver: Resolver | None) -> Store:
    from sesam_node.store.memory import MemoryStore

    return MemoryStore(resolver)


def _lmdb(path: str, resolver: Resolver | None) -> Store:
    from sesam_node.store.lmdb import LmdbStore

    if not path:
        raise StoreError('expected a folder in "lmdb:FOLDER", got none')
    return LmdbStore(path, resolver)


OPENERS: dict[str, Callable[[str, Resolver | None], Store]] = {"memory": _memory, "lmdb": _lmdb}


def open_store(url: str, *, index_resolver: Resolver | None = None) -> Store:
    """The store behind `memory:` or `lmdb:FOLDER`.

    `index_resolver` makes the key function of an index that another process has made.
    Raises StoreError.
    """
    kind, _, rest = url.partition(":")
    opener = OPENERS.get(kind)
    if opener is None:
        raise StoreError(f'expected "memory:" or "lmdb:FOLDER", got "{url}"')
    return opener(rest, index_resolver)
