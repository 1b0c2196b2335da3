"""Which datasets there are, and where: names to places, in the environment of the node.

Names never become paths as they are: a folder is a harmless, shortened form of the name and a part
of the generation, so no two datasets share one, whatever the file system thinks of case. Making
and deleting happen under the write transaction of the node's environment, one at a time over all
processes. The order of the steps leaves, after a kill at any point, at worst a folder that nobody
refers to; `clean` removes it when the node starts.
"""

from __future__ import annotations

import os
import shutil
import uuid
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sesam_node.errors import NotFoundError
from sesam_node.store.keys import text_key
from sesam_node.store.lmdb.environment import REGISTRY, GoneError
from sesam_node.store.lmdb.layout import HEAD_KEY, MOVED_KEY, PREFIX_BYTES, Head, Place, Snapshot
from sesam_node.store.lmdb.length import DamageError

if TYPE_CHECKING:
    import lmdb

    from sesam_node.store.lmdb.environment import Environment

SHARED = "system:"
SLUG = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
SLUG_LENGTH = 60
NUMBER_KEY = b"number"
NAME = b"d:"
WHAT = "the catalog of datasets"


class Entry(msgspec.Struct):
    """What the catalog keeps of a dataset. `folder` is relative, so that the data can be moved."""

    name: str
    folder: str
    prefix: str
    generation: str


class Catalog:
    """Places of datasets by name, for one data folder."""

    def __init__(self, root: str, map_bytes: int) -> None:
        self.root = root
        self.map_bytes = map_bytes
        self.node_path = os.path.join(root, "node")  # noqa: PTH118 - LMDB takes strings
        self.shared_path = os.path.join(root, "system")  # noqa: PTH118 - LMDB takes strings
        self.folders = Path(root, "datasets")
        self.trash = Path(root, "trash")

    # -- looking up --------------------------------------------------------------------------------

    def find(self, name: str) -> Place:
        """Where the dataset is. Raises NotFoundError."""
        entry = REGISTRY.read(self.node_path, WHAT, lambda txn, env: _entry(txn, env, name))
        if entry is None:
            raise NotFoundError(f'there is no dataset "{name}"')
        return self._place(entry)

    def exists(self, name: str) -> bool:
        return (
            REGISTRY.read(self.node_path, WHAT, lambda txn, env: _entry(txn, env, name)) is not None
        )

    def names(self) -> list[str]:
        return sorted(entry.name for entry in REGISTRY.read(self.node_path, WHAT, _entries))

    def _place(self, entry: Entry) -> Place:
        path = os.path.join(self.root, entry.folder)  # noqa: PTH118 - LMDB takes strings
        return Place(path, bytes.fromhex(entry.prefix), entry.generation)

    # -- making ------------------------------------------------------------------------------------

    def create(self, name: str) -> Place:
        """Where the dataset is; it is made if it is not there."""

        def work(txn: lmdb.Transaction[bytes], environment: Environment) -> Entry:
            entry = self._followed(txn, environment, name)
            if entry is not None and self._is_there(entry):
                return entry
            generation = uuid.uuid4()
            if name.startswith(SHARED):
                folder, prefix = "system", self._next_prefix(txn, environment)
            else:
                folder, prefix = f"datasets/{slug(name)}.{generation.hex[:16]}", b""
                path = os.path.join(self.root, folder)  # noqa: PTH118 - LMDB takes strings
                REGISTRY.create(path, f'dataset "{name}"', self.map_bytes)
                sync_folder(path)
                sync_folder(str(self.folders))
            entry = Entry(name, folder, prefix.hex(), str(generation))
            REGISTRY.write(
                self._place(entry).path,
                f'dataset "{name}"',
                lambda inner, there: inner.put(
                    prefix + HEAD_KEY, Head.first(generation), db=there.databases[b"meta"]
                ),
            )
            txn.put(
                NAME + text_key(name),
                msgspec.json.encode(entry),
                db=environment.databases[b"meta"],
            )
            return entry

        return self._place(REGISTRY.write(self.node_path, WHAT, work))

    def _is_there(self, entry: Entry) -> bool:
        """Has it a head? Not where a delete was cut short."""
        place = self._place(entry)
        try:
            REGISTRY.read(
                place.path,
                f'dataset "{entry.name}"',
                lambda txn, environment: Snapshot(txn, environment, place),
            )
        except GoneError:
            return False
        return True

    @staticmethod
    def _next_prefix(txn: lmdb.Transaction[bytes], environment: Environment) -> bytes:
        database = environment.databases[b"meta"]
        number = int.from_bytes(txn.get(NUMBER_KEY, b"", db=database), "big") + 1
        prefix = number.to_bytes(PREFIX_BYTES, "big")
        txn.put(NUMBER_KEY, prefix, db=database)
        return prefix

    # -- deleting ----------------------------------------------------------------------------------

    def delete(self, name: str) -> None:
        """Remove a dataset: its head first, so that every process notices. NotFoundError."""

        def work(txn: lmdb.Transaction[bytes], environment: Environment) -> Place:
            entry = self._followed(txn, environment, name)
            if entry is None:
                raise NotFoundError(f'there is no dataset "{name}"')
            place = self._place(entry)
            try:
                if self._is_there(entry):
                    REGISTRY.write(
                        place.path,
                        f'dataset "{name}"',
                        lambda inner, there: _empty(inner, there, place.prefix),
                    )
            except DamageError:
                if place.prefix:  # the other system datasets are in that file
                    raise
            txn.delete(NAME + text_key(name), db=environment.databases[b"meta"])
            return place

        self._remove(REGISTRY.write(self.node_path, WHAT, work))

    def forget(self, name: str, place: Place) -> None:
        """The place has no dataset any more: close it, and end a delete that was cut short."""

        def work(txn: lmdb.Transaction[bytes], environment: Environment) -> bool:
            entry = self._followed(txn, environment, name)
            if entry is None or self._place(entry) != place or self._is_there(entry):
                return False
            return txn.delete(NAME + text_key(name), db=environment.databases[b"meta"])

        if not place.prefix:
            REGISTRY.forget(place.path)
        entry = REGISTRY.read(self.node_path, WHAT, lambda txn, env: _entry(txn, env, name))
        if entry is not None and self._place(entry) == place:
            REGISTRY.write(self.node_path, WHAT, work)

    # -- moving ------------------------------------------------------------------------------------

    def moved(self, name: str, old: Place) -> None:
        """Take note that a dataset has moved, and remove the folder where it was."""
        REGISTRY.write(
            self.node_path, WHAT, lambda txn, environment: self._followed(txn, environment, name)
        )
        self._remove(old)

    def _followed(
        self, txn: lmdb.Transaction[bytes], environment: Environment, name: str
    ) -> Entry | None:
        """The entry of a dataset, corrected where its folder says that it has moved."""
        entry = _entry(txn, environment, name)
        if entry is None or entry.prefix:
            return entry
        try:
            folder = REGISTRY.read(
                self._place(entry).path,
                f'dataset "{name}"',
                lambda inner, there: inner.get(MOVED_KEY, db=there.databases[b"meta"]),
            )
        except (GoneError, DamageError):
            return entry
        if folder is None:
            return entry
        entry.folder = f"{self.folders.name}/{folder.decode()}"
        txn.put(
            NAME + text_key(name), msgspec.json.encode(entry), db=environment.databases[b"meta"]
        )
        return entry

    def _remove(self, place: Place) -> None:
        if place.prefix:
            return
        REGISTRY.forget(place.path)
        target = self.trash / Path(place.path).name
        try:
            Path(place.path).rename(target)  # whole, so that nobody opens half of it
        except FileNotFoundError:
            return
        shutil.rmtree(target, ignore_errors=True)

    def clean(self) -> None:
        """Remove folders that no dataset refers to. Only for the node, at its start."""

        def work(txn: lmdb.Transaction[bytes], environment: Environment) -> None:
            entries = [
                self._followed(txn, environment, entry.name) or entry
                for entry in _entries(txn, environment)
            ]
            kept = {Path(entry.folder).name for entry in entries if not entry.prefix}
            for folder in self.folders.iterdir():
                if folder.name not in kept:
                    REGISTRY.forget(str(folder))
                    folder.rename(self.trash / folder.name)

        REGISTRY.write(self.node_path, WHAT, work)
        for folder in self.trash.iterdir():
            shutil.rmtree(folder, ignore_errors=True)


def _entry(txn: lmdb.Transaction[bytes], environment: Environment, name: str) -> Entry | None:
    value = txn.get(NAME + text_key(name), db=environment.databases[b"meta"])
    return None if value is None else msgspec.json.decode(value, type=Entry)


def _entries(txn: lmdb.Transaction[bytes], environment: Environment) -> list[Entry]:
    cursor = txn.cursor(environment.databases[b"meta"])
    if not cursor.set_range(NAME):
        return []
    values = takewhile(lambda item: item[0].startswith(NAME), cursor.iternext())
    return [msgspec.json.decode(value, type=Entry) for _, value in values]


def _empty(txn: lmdb.Transaction[bytes], environment: Environment, prefix: bytes) -> None:
    """Take the head away, and in a shared environment all the rest."""
    txn.delete(prefix + HEAD_KEY, db=environment.databases[b"meta"])
    if not prefix:
        return
    for database in environment.databases.values():
        cursor = txn.cursor(database)
        found = cursor.set_range(prefix)
        while found and cursor.key().startswith(prefix):
            found = cursor.delete(dupdata=True)


def slug(name: str) -> str:
    """A folder name that is harmless everywhere and still tells people which dataset it is."""
    text = "".join(c if c in SLUG else f"%{ord(c):02x}" for c in name[:SLUG_LENGTH])
    return text[:SLUG_LENGTH]


def sync_folder(path: str) -> None:
    """Have the entries of a folder on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
