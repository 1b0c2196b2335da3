"""What the dataset sink refuses: entities too large, second versions, versions that have moved on.

Each error names the entity and the option that forbids it (manual: the dataset sink).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import preview
from sesam_node.pipes.evaluate import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.model import Entity
    from sesam_node.store.api import Dataset, Version, Write

IGNORE = "ignore"


class SinkChecks:
    """The checks of one dataset sink, over the writes of a batch before they are committed."""

    def __init__(self, sink: Any, dataset: Dataset) -> None:
        self._dataset = dataset
        self._max_bytes: int = sink.max_bytes
        self._once = sink.prevent_multiple_versions
        self.locks: bool = sink.enable_optimistic_locking

    @property
    def looks_up(self) -> bool:
        """Do the checks need what is stored? Then each batch is committed before the next one."""
        return bool(self._once) or self.locks

    def checked(self, writes: list[Write]) -> list[Write]:
        """The writes that may be made. Raises RefusedError for one that may not."""
        if self._max_bytes:
            largest = max([len(write[1]) for write in writes], default=0)
            if largest > self._max_bytes:
                entity_id = next(write[0] for write in writes if len(write[1]) == largest)
                raise RefusedError(
                    f'entity "{entity_id}" has {largest} bytes, more than the '
                    f'{self._max_bytes} that "max_entity_bytes_size" allows'
                )
        return self._first_versions(writes) if self._once else writes

    def _first_versions(self, writes: list[Write]) -> list[Write]:
        known: dict[str, Version | Write] = self._stored([write[0] for write in writes])
        kept = []
        for write in writes:
            before = known.get(write[0])
            if before is None:
                if write[1]:
                    known[write[0]] = write
                    kept.append(write)
            elif _changes(write, before):
                if self._once == IGNORE:
                    continue
                raise RefusedError(
                    f'entity "{write[0]}" has a version in dataset "{self._dataset.name}" '
                    'already, and "prevent_multiple_versions" forbids a second one'
                )
            else:
                # Unchanged; it is written all the same, so that a full run has met it.
                kept.append(write)
        return kept

    def check_locks(self, entities: Sequence[Entity]) -> None:
        """Raises RefusedError where `_updated` of an entity is not that of the stored version."""
        if not self.locks:
            return
        known = self._stored([entity["_id"] for entity in entities])
        for entity in entities:
            before = known.get(entity["_id"])
            stored = None if before is None else before.seq
            given = entity.get("_updated")
            if given != stored:
                name = self._dataset.name
                has = "no version" if stored is None else f"version {stored}"
                raise RefusedError(
                    f'entity "{entity["_id"]}" is based on "_updated" {preview(given)}, but '
                    f'dataset "{name}" has {has} of it ("enable_optimistic_locking")'
                )

    def _stored(self, ids: list[str]) -> dict[str, Any]:
        unique = list(dict.fromkeys(ids))
        if not unique or not self._dataset.head():
            return {}
        versions = self._dataset.get_many(unique)
        return {v.entity_id: v for v in versions if v is not None}


def _changes(write: Write, before: Version | Write) -> bool:
    """Would a write make a new version?"""
    if not write[1]:
        return not before.deleted
    return write[2] != before.hash or write[3] != before.deleted
