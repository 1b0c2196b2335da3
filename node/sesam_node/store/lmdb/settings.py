"""The settings of the node: a small key-value store in the node's environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.errors import FenceError
from sesam_node.store.keys import text_key
from sesam_node.store.lmdb.environment import REGISTRY
from sesam_node.store.lmdb.layout import LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    import lmdb

    from sesam_node.store.lmdb.environment import Environment

WHAT = "the settings"
DATABASE = b"state"
EPOCH_KEY = b"epoch"


class LmdbSettings:
    """Settings; every call is one transaction."""

    def __init__(self, node_path: str) -> None:
        self._path = node_path

    def get(self, key: str) -> bytes | None:
        def work(txn: lmdb.Transaction[bytes], environment: Environment) -> bytes | None:
            return _value(txn, environment, key)

        return REGISTRY.read(self._path, WHAT, work)

    def items(self, prefix: str = "") -> dict[str, bytes]:
        start = prefix.encode()

        def work(txn: lmdb.Transaction[bytes], environment: Environment) -> dict[str, bytes]:
            cursor = txn.cursor(environment.databases[DATABASE])
            # A long prefix may lie in the hashed part of a key: begin early, compare in full.
            found = {}
            if cursor.set_range(start[:400]) if start else cursor.first():
                for key, value in cursor.iternext():
                    if not key.startswith(start[:400]):
                        break
                    (length,) = LENGTH.unpack_from(value)
                    name = value[4 : 4 + length]
                    if name.startswith(start):
                        found[name.decode()] = value[4 + length :]
            return found

        return dict(sorted(REGISTRY.read(self._path, WHAT, work).items()))

    def write(
        self, values: Mapping[str, bytes | None], expect: Mapping[str, bytes | None] | None = None
    ) -> None:
        def work(txn: lmdb.Transaction[bytes], environment: Environment) -> None:
            for key, value in (expect or {}).items():
                if _value(txn, environment, key) != value:
                    raise FenceError(f'the setting "{key}" has been changed meanwhile')
            database = environment.databases[DATABASE]
            for key, value in values.items():
                stored = text_key(key)
                if value is None:
                    txn.delete(stored, db=database)
                else:
                    name = key.encode()
                    txn.put(stored, LENGTH.pack(len(name)) + name + value, db=database)

        REGISTRY.write(self._path, WHAT, work)


def _value(txn: lmdb.Transaction[bytes], environment: Environment, key: str) -> bytes | None:
    stored = txn.get(text_key(key), db=environment.databases[DATABASE])
    if stored is None:
        return None
    (length,) = LENGTH.unpack_from(stored)
    return stored[4 + length :]


def raise_epoch(txn: lmdb.Transaction[bytes], environment: Environment) -> int:
    """The next epoch of the node, one up each time."""
    database = environment.databases[b"meta"]
    epoch = int.from_bytes(txn.get(EPOCH_KEY, b"", db=database), "big") + 1
    txn.put(EPOCH_KEY, epoch.to_bytes(8, "big"), db=database)
    return epoch
