"""A dataset as it was at an offset, by id and by index, while others write it.

The store's indexes know the latest versions alone. A view reads the log from its offset on and
keeps, of each id that was written since, the version before: what an index finds is corrected with
it. The log is read after the look-up it corrects, so nothing can slip in between. Memory grows with
what was written since the offset, not with the dataset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
