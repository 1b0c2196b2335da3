"""Secondary indexes: key functions by index id, and the keys they give for an entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.errors import StoreError
from sesam_node.store.keys import index_key, value_key

if TYPE_CHECKING:
    from sesam_node.model.values import Entity, Value
    from sesam_node.store.api import KeyFunction, Resolver


class KeyFunctions:
    """Key functions by index id: those handed in, and those that the resolver makes on demand."""

    def __init__(self, resolver: Resolver | None) -> None:
        self._resolver = resolver
        self._known: dict[str, KeyFunction] = {}

    def add(self, index: str, keys: KeyFunction) -> None:
        self._known[index] = keys

    def get(self, index: str) -> KeyFunction:
        """The key function of an index. Raises StoreError where this process has none for it."""
        keys = self._known.get(index)
        if keys is not None:
            return keys
        if self._resolver is None:
            raise StoreError(f"no key function is known here for the index {index}")
        try:
            keys = self._resolver(index)
        except Exception as error:
            raise StoreError(f"the index {index} cannot be read: {error}") from error
        self._known[index] = keys
        return keys


def values_of(index: str, keys: KeyFunction, entity_id: str, entity: Entity) -> list[Value]:
    """The index values of an entity. Raises StoreError naming index and entity."""
    try:
        return keys(entity)
    except Exception as error:
        raise StoreError(f'the index {index} fails on entity "{entity_id}": {error}') from error


def keys_of(index: str, keys: KeyFunction, entity_id: str, entity: Entity) -> set[bytes]:
    """The index keys of an entity, each once."""
    return set(map(index_key, values_of(index, keys, entity_id, entity)))


def has_key(index: str, keys: KeyFunction, entity_id: str, entity: Entity, wanted: bytes) -> bool:
    """Has the entity a value whose full bytes are `wanted`? Tells apart what share a hash."""
    return wanted in map(value_key, values_of(index, keys, entity_id, entity))
