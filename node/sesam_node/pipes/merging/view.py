"""A dataset as it was at an offset, by id and by index, while others write it.

The store's indexes know the latest versions alone. A view reads the log from its offset on and
keeps, of each id that was written since, the version before: what an index finds is corrected with
it. The log is read after the look-up it corrects, so nothing can slip in between. Memory grows with
what was written since the offset, not with the dataset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.model import decode
from sesam_node.model.values import identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sesam_node.model import Value
    from sesam_node.pipes.merging.rules import Keys
    from sesam_node.store.api import Dataset, Version

READ_BATCH = 1_000


class View:
    """The latest versions before the head `end`. `keys` are the functions of the indexes used.

    Raises ExpiredError where a compaction has dropped some of them.
    """

    def __init__(self, dataset: Dataset, end: int, keys: Mapping[str, Keys]) -> None:
        self.dataset = dataset
        self.end = end
        self._keys = keys
        self._read_to = end
        self._moved: dict[str, Version | None] = {}
        self._by_key: dict[str, dict[Value, list[Version]]] = {index: {} for index in keys}

    def get_many(self, ids: Sequence[str]) -> list[Version | None]:
        """The version of each id, in the order asked for."""
        found = self.dataset.get_many(ids)
        self._catch_up()
        if not self._moved:
            return found
        moved = self._moved
        return [
            moved.get(entity_id, version) for entity_id, version in zip(ids, found, strict=True)
        ]

    def lookup_many(self, index: str, keys: Sequence[Value]) -> list[list[Version]]:
        """For each key the live versions that have it in the index."""
        found = self.dataset.lookup_many(index, keys)
        self._catch_up()
        moved = self._moved
        if not moved:
            return found
        before = self._by_key[index]
        return [
            [version for version in versions if version.entity_id not in moved]
            + before.get(identity(key), [])
            for key, versions in zip(keys, found, strict=True)
        ]

    def moved(self) -> dict[str, Version | None]:
        """Of each id written since, the version before (null: it was not there)."""
        self._catch_up()
        return self._moved

    def put_back(self, index: str) -> Mapping[Value, Sequence[Version]]:
        """Of ids written since the versions by their keys in an index (as stand-ins)."""
        return self._by_key[index]

    def _catch_up(self) -> None:
        head = self.dataset.head()
        while self._read_to < head:
            versions = self.dataset.changes(self._read_to - 1, READ_BATCH, history=True, until=head)
            if not versions:
                self._read_to = head
                break
            new = {version.entity_id for version in versions} - self._moved.keys()
            self._put_back(sorted(new))
            self._read_to = versions[-1].seq + 1

    def _put_back(self, ids: Sequence[str]) -> None:
        before = self.dataset.get_many(ids, self.end) if self.end else [None] * len(ids)
        for entity_id, version in zip(ids, before, strict=True):
            self._moved[entity_id] = version
            if version is None or version.deleted:
                continue
            entity = decode(version.body)
            for index, keys in self._keys.items():
                if index:
                    for key in {identity(value) for value in keys(entity)}:
                        self._by_key[index].setdefault(key, []).append(version)


class Row(NamedTuple):
    """Which live ids have a key in an index, in each of two states."""

    old: list[str]
    new: list[str]


NOBODY = Row([], [])


class TwoViews:
    """Two states of one dataset, asked at once: what both have in common is read once.

    `old` and `new` are null where there was no dataset.
    """

    def __init__(self, old: View | None, new: View | None) -> None:
        self._old = old
        self._new = new
        self._dataset = old.dataset if old is not None else new.dataset if new is not None else None

    def get_many(self, ids: Sequence[str]) -> list[tuple[Version | None, Version | None]]:
        """The two versions of each id, in the order asked for."""
        if self._dataset is None:
            return [(None, None)] * len(ids)
        found = self._dataset.get_many(ids)
        old, new = self._moved()
        nowhere = (self._old is None, self._new is None)
        return [
            (
                None if nowhere[0] else old.get(entity_id, version),
                None if nowhere[1] else new.get(entity_id, version),
            )
            for entity_id, version in zip(ids, found, strict=True)
        ]

    def lookup_many(
        self, index: str, keys: Mapping[Value, Value], known: dict[str, Any]
    ) -> list[Row]:
        """A row for each of the `keys` (by their stand-ins).

        `known` gets the two versions of each id in the rows that it lacks, as far as they are at
        hand without another look.
        """
        if self._dataset is None:
            return [NOBODY] * len(keys)
        found = self._dataset.lookup_many(index, list(keys.values()))
        moved = self._moved()
        old = {} if self._old is None else self._old.put_back(index)
        new = {} if self._new is None else self._new.put_back(index)
        return [
            self._row(versions, (old.get(name, ()), new.get(name, ())), moved, known)
            if versions or name in old or name in new
            else NOBODY
            for name, versions in zip(keys, found, strict=True)
        ]

    def _row(
        self,
        versions: Sequence[Version],
        before: Sequence[Sequence[Version]],
        moved: Sequence[Mapping[str, Version | None]],
        known: dict[str, Any],
    ) -> Row:
        """What an index finds now, put right for both states."""
        old, new = moved
        row = Row([], [])
        for version in versions:
            entity_id = version[1]
            if self._old is not None and entity_id not in old:
                row.old.append(entity_id)
            if self._new is not None and entity_id not in new:
                row.new.append(entity_id)
            known[entity_id] = (
                None if self._old is None else old.get(entity_id, version),
                None if self._new is None else new.get(entity_id, version),
            )
        row.old.extend([version[1] for version in before[0]])
        row.new.extend([version[1] for version in before[1]])
        return row

    def _moved(self) -> tuple[Mapping[str, Version | None], Mapping[str, Version | None]]:
        return (
            {} if self._old is None else self._old.moved(),
            {} if self._new is None else self._new.moved(),
        )
