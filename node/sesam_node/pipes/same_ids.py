"""Reading several datasets in which one id means one entity.

What comes out under an id depends on its latest versions in all of them, so each change in one asks
the others. A version "wins" where it is the one that a full run would bring last; from the start an
entity is brought when its winner is met. An id stays, so unlike in a merge nothing is replaced and
a reader may go on at any offset.
"""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from sesam_node.pipes.batch import BATCH_SIZE, PLACE_BITS, Batch
from sesam_node.pipes.log_reader import LogReader
from sesam_node.pipes.merging.view import View
from sesam_node.pipes.several import SeveralDatasets, heads_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Offset
    from sesam_node.store.api import Version

    Versions = dict[int, Version]


class Met(NamedTuple):
    """A version that was met: its place in the order of a full run, and where it is."""

    place: int
    position: int
    version: Version


class SameIds(SeveralDatasets):
    """The base of sources that read so. A dataset's position is that in `datasets`."""

    combines = True
    by_time = True
    """Do versions come in the order of `_ts`, or one dataset after the other?"""

    def entity_of(self, versions: Versions, winner: int) -> Entity:
        """The entity that the latest versions of an id make, by position of their dataset."""
        raise NotImplementedError

    def made_of(self, versions: Versions, winner: int) -> Iterable[int]:
        """The positions of those of the versions that the entity consists of."""
        raise NotImplementedError

    def _place(self, position: int, version: Version) -> int:
        place = position << PLACE_BITS | version.seq
        return version.ts << (PLACE_BITS + 16) | place if self.by_time else place

    def _views(self) -> dict[int, View]:
        ends = self._now()
        return {
            position: View(dataset, ends.get(name, 0), {})
            for position, name, dataset in self._existing()
        }

    def _latest(self, views: dict[int, View], ids: list[str]) -> dict[str, Versions]:
        found: dict[str, Versions] = {entity_id: {} for entity_id in ids}
        for position, view in views.items():
            for version in view.get_many(list(found)):
                if version is not None:
                    found[version.entity_id][position] = version
        return found

    def _winner(self, versions: Versions) -> int:
        return max(versions, key=lambda position: self._place(position, versions[position]))

    def read_by_id(self, since: Offset) -> Iterator[Batch]:
        """As `read` of a source."""
        views, heads = self._views(), heads_of(since)
        from_start = not heads
        streams = [
            self._stream(position, view, heads.get(self.datasets[position], 0))
            for position, view in views.items()
        ]
        met = merge(*streams) if self.by_time else (item for stream in streams for item in stream)
        offset: dict[str, int] = dict(since or {})
        while items := list(islice(met, BATCH_SIZE)):
            offsets: list[dict[str, int]] = []
            entities, places = [], []
            latest = self._latest(views, [item.version.entity_id for item in items])
            for item in items:
                name = self.datasets[item.position]
                if offset.get(name, -1) < item.version.seq:
                    offset = {**offset, name: item.version.seq}
                versions = latest[item.version.entity_id]
                winner = self._winner(versions)
                if from_start and winner != item.position:
                    continue
                entities.append(self.entity_of(versions, winner))
                places.append(self._place(winner, versions[winner]))
                offsets.append(offset)
            yield Batch(entities, None, offset, offsets.__getitem__, places=places)

    def _stream(self, position: int, view: View, start: int) -> Iterator[Met]:
        reader = LogReader(view.dataset)
        reader.until = view.end
        for versions in reader.read(start - 1 if start else None):
            for version in versions:
                yield Met(self._place(position, version), position, version)
        # What was written meanwhile is not where it was in the log.
        for before in list(view.moved().values()):
            if before is not None and before.seq >= start:
                yield Met(self._place(position, before), position, before)

    def as_of_by_id(self, ids: Iterable[str], offset: Offset) -> Iterator[Batch]:
        """As `as_of` of a source."""
        if offset is None:
            return
        views, heads = self._views(), heads_of(offset)
        found: list[tuple[int, Entity]] = []
        remaining = iter(ids)
        while chunk := list(islice(remaining, BATCH_SIZE)):
            for versions in self._latest(views, chunk).values():
                if not versions or any(
                    version.seq >= heads.get(self.datasets[position], 0)
                    for position, version in versions.items()
                ):
                    continue  # not there, or reading brings it
                winner = self._winner(versions)
                place = self._place(winner, versions[winner])
                found.append((place, self.entity_of(versions, winner)))
        found.sort(key=lambda item: item[0])
        for start in range(0, len(found), BATCH_SIZE):
            part = found[start : start + BATCH_SIZE]
            entities = [entity for _, entity in part]
            yield Batch(entities, None, offset, places=[place for place, _ in part])

    def deleted_ids(self) -> Iterator[str]:
        for _, _, dataset in self._existing():
            yield from LogReader(dataset).deleted_ids()

    def members_by_id(self, entity_id: str) -> list[tuple[str, str, int]]:
        """As `members_of` of a source."""
        versions = {
            position: version
            for position, _, dataset in self._existing()
            if (version := dataset.get(entity_id)) is not None
        }
        if not versions:
            return []
        made_of: Callable[[Versions, int], Iterable[int]] = self.made_of
        return [
            (self.datasets[position], entity_id, versions[position].seq)
            for position in made_of(versions, self._winner(versions))
        ]
