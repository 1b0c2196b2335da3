"""The length of an environment's file.

A page that a transaction allots at the end of the file, and frees again before it commits, counts
for LMDB and is never written. So the file may be shorter than LMDB's last page, and nothing is
wrong; but it may also have been cut off, and reading a page beyond the end kills the process. Each
commit makes its file as long as its pages. A file that is found short all the same is made longer
and read through: what was cut off shows in pages of zeros.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb

from sesam_node.errors import StoreError
from sesam_node.model import content_hash
from sesam_node.store.records import HEADER, HEADER_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable


class DamageError(StoreError):
    """A file that is not, or no longer, what LMDB has written."""


def _file(path: str) -> Path:
    return Path(path, "data.mdb")


def file_bytes(path: str) -> int:
    """How long the file of an environment is."""
    return _file(path).stat().st_size


def needed_bytes(handle: lmdb.Environment) -> int:
    """How long it must be for every page that LMDB knows of to lie in it."""
    return int((handle.info()["last_pgno"] + 1) * handle.stat()["psize"])


def lengthen(path: str, size: int) -> None:
    """Make the file at least so long. Within a write transaction only: else it could shrink."""
    if file_bytes(path) < size:
        os.truncate(_file(path), size)


def make_whole(path: str, what: str, handle: lmdb.Environment) -> None:
    """Make a short file as long as its pages. Raises DamageError where it has been cut off."""
    size = file_bytes(path)
    try:
        with handle.begin(write=True) as txn:
            needed = needed_bytes(handle)
            lengthen(path, needed)
            names = list(txn.cursor().iternext(values=False))
            for name in names:
                database = handle.open_db(name, txn=txn, create=False)
                items = txn.cursor(database).iternext()
                if not (_is_log(items) if name == b"log" else _is_read(items)):
                    raise lmdb.CorruptedError("a version is not what was written")
    except lmdb.Error as error:
        os.truncate(_file(path), size)
        raise DamageError(
            f"{what}: the file {path}/data.mdb is damaged: it has {size} bytes, expected {needed}"
        ) from error


def _is_log(items: Iterable[tuple[bytes, bytes]]) -> bool:
    """Are these versions, each with the bytes that it was written with?"""
    for key, record in items:
        if len(record) < HEADER_BYTES:
            return False
        seq, _, _, digest, _, end = HEADER.unpack_from(record)
        if seq != int.from_bytes(key[-8:], "big") or content_hash(record[end:]) != digest:
            return False
    return True


def _is_read(items: Iterable[tuple[bytes, bytes]]) -> bool:
    return all(True for _ in items)
