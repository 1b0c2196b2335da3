"""Datasets in memory behind the `Lookup` protocol: for tests, notebooks and previews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model.values import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sesam_node.model.values import Entity, Value

HEADER = ("_updated", "_previous", "_ts", "_hash")


class MemoryLookup:
    """Lists of entities as datasets. The latest version of an `_id` counts; deleted ones are gone.

    `key_function` compiles an index id; indexes are built when they are first asked for.
    """

    def __init__(
        self,
        datasets: Mapping[str, Iterable[Entity]],
        key_function: Callable[[str], Callable[[Entity], list[Value]]],
    ) -> None:
        self.key_function = key_function
        self.live: dict[str, dict[str, Entity]] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.indexes: dict[tuple[str, str], dict[Any, list[tuple[int, Entity]]]] = {}
        for name, entities in datasets.items():
            latest: dict[str, Entity] = {}
            versions = self.versions[name] = {}
            for entity in entities:
                latest.pop(entity["_id"], None)
                versions[entity["_id"]] = entity.get("_updated")
                if entity.get("_deleted") is not True:
                    latest[entity["_id"]] = {
                        key: value
                        for key, value in entity.items()
                        if key not in HEADER and key != "_deleted"
                    }
            self.live[name] = dict(sorted(latest.items()))

    def entity(self, dataset: str, entity_id: str) -> Entity | None:
        return self.live.get(dataset, {}).get(entity_id)

    def entities(self, dataset: str) -> Iterable[Entity]:
        return self.live.get(dataset, {}).values()

    def find(self, dataset: str, index: str, keys: Sequence[Value]) -> Sequence[Entity]:
        table = self.indexes.get((dataset, index))
        if table is None:
            table = self.indexes[dataset, index] = self.build(dataset, index)
        if len(keys) == 1:
            return [entity for _, entity in table.get(identity(keys[0]), ())]
        found: dict[int, Entity] = {}
        for key in keys:
            found.update(table.get(identity(key), ()))
        return [found[position] for position in sorted(found)]

    def ids(self, dataset: str, index: str, keys: Sequence[Value]) -> Iterable[str]:
        """The ids of what `find` gives."""
        return [entity["_id"] for entity in self.find(dataset, index, keys)]

    def build(self, dataset: str, index: str) -> dict[Any, list[tuple[int, Entity]]]:
        table: dict[Any, list[tuple[int, Entity]]] = {}
        keys_of = self.key_function(index)
        for position, entity in enumerate(self.entities(dataset)):
            for key in dict.fromkeys(map(identity, keys_of(entity))):
                table.setdefault(key, []).append((position, entity))
        return table

    def previous(self, entity: Entity) -> Entity | None:  # noqa: ARG002 - no history here
        return None

    def completeness(self, dataset: str, via: str) -> Value:  # noqa: ARG002
        return None

    def version(self, dataset: str, entity_id: str) -> int | None:
        version = self.versions.get(dataset, {}).get(entity_id)
        return version if type(version) is int and self.entity(dataset, entity_id) else None
