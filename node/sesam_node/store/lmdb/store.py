"""The LMDB store of a data folder: its datasets, settings, and the lock of its node."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sesam_node.errors import StoreError
from sesam_node.store.indexes import KeyFunctions
from sesam_node.store.keys import text_key
from sesam_node.store.lmdb.catalog import Catalog, sync_folder
from sesam_node.store.lmdb.dataset import LmdbDataset
from sesam_node.store.lmdb.environment import MAP_BYTES, REGISTRY, failure
from sesam_node.store.lmdb.settings import LmdbSettings, raise_epoch

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sesam_node.store.api import Resolver


class LmdbStore:
    """All datasets under a folder."""

    round_trip = False

    def __init__(
        self, folder: str, index_resolver: Resolver | None = None, *, map_bytes: int = MAP_BYTES
    ) -> None:
        self.root = os.path.realpath(folder)
        self._functions = KeyFunctions(index_resolver)
        self._catalog = Catalog(self.root, map_bytes)
        self._settings = LmdbSettings(self._catalog.node_path)
        self._handles: dict[str, LmdbDataset] = {}
        self._handles_lock = Lock()
        self._lock_file: int | None = None
        self._epoch = 0
        self._closed = False
        try:
            for part in ("datasets", "trash"):
                Path(self.root, part).mkdir(mode=0o700, parents=True, exist_ok=True)
            REGISTRY.attach(self.root)
        except OSError as error:
            raise failure("the store", self.root, error) from error
        try:
            REGISTRY.create(self._catalog.node_path, "the store", map_bytes)
            REGISTRY.create(self._catalog.shared_path, "the system datasets", map_bytes)
            for path in (self._catalog.node_path, self._catalog.shared_path, self.root):
                sync_folder(path)
        except BaseException:
            REGISTRY.detach(self.root)
            raise

    @property
    def settings(self) -> LmdbSettings:
        self._check_open()
        return self._settings

    def dataset(self, name: str, *, create: bool = True) -> LmdbDataset:
        self._check_open()
        text_key(name)
        with self._handles_lock:
            handle = self._handles.get(name)
            if handle is None:
                handle = LmdbDataset(self._catalog, self._functions, name)
        if create:
            handle.ensure()
        else:
            handle.head()
        with self._handles_lock:
            return self._handles.setdefault(name, handle)

    def names(self) -> list[str]:
        self._check_open()
        return self._catalog.names()

    def exists(self, name: str) -> bool:
        self._check_open()
        return self._catalog.exists(name)

    def delete(self, name: str) -> None:
        self._check_open()
        self._catalog.delete(name)
        with self._handles_lock:
            self._handles.pop(name, None)

    def reading(self) -> AbstractContextManager[None]:
        return REGISTRY.reading()

    def lock_node(self) -> int:
        self._check_open()
        if self._lock_file is not None:
            return self._epoch
        path = Path(self.root, "lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = os.pread(descriptor, 32, 0).decode().strip() or "unknown"
                raise StoreError(
                    f"the data folder {self.root} is in use by process {owner}"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            epoch = REGISTRY.write(self._catalog.node_path, "the store", raise_epoch)
            self._catalog.clean()
        except BaseException:
            os.close(descriptor)
            raise
        self._lock_file, self._epoch = descriptor, epoch
        return epoch

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with self._handles_lock:
            for handle in self._handles.values():
                handle.close()
            self._handles.clear()
        REGISTRY.detach(self.root)
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"the store in {self.root} is closed")
