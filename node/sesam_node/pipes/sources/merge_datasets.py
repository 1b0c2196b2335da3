"""The merge_datasets source: entities with the same _id in several datasets, in order of time.

What comes out under an id depends on its latest versions in all datasets, so a change in one asks
the others. From the start an entity is brought when the last written of them is met. An id stays,
so unlike in the merge source nothing is replaced, and reading can go on at any offset.
"""

from __future__ import annotations

from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.model import decode
from sesam_node.pipes.batch import BATCH_SIZE, PLACE_BITS, Batch
from sesam_node.pipes.common_options import DATASET_IDS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.log_reader import LogReader
from sesam_node.pipes.merging.view import View
from sesam_node.pipes.several import SeveralDatasets, heads_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.store.api import Version

    Versions = dict[int, Version]
    Views = dict[int, View]


class Met(NamedTuple):
    """A version that was met, with its place in the order of time."""

    place: int
    position: int
    version: Version


@source(
    "merge_datasets",
    DATASET_IDS,
    Option("strategy", "string", "latest", "which versions come out", ("latest", "all")),
    reads="datasets",
    supports_since=True,
    is_since_comparable=True,
    is_chronological=True,
    fixed=True,
)
class MergeDatasetsSource(SeveralDatasets):
    """Several datasets in the order of time; entities with the same _id become one.

    With the strategy "latest" it is the version written last, be that a delete. With "all" it holds
    the latest version of each dataset under that dataset's id, and is deleted where all of them
    are.
    """

    history = False
    combines = True

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(tuple(dict.fromkeys(options["datasets"])), options, context)
        self._all: bool = options["strategy"] == "all"

    # -- one entity --------------------------------------------------------------------------------

    def _entity(self, versions: Versions, last: int) -> Entity:
        if not self._all:
            entity: Entity = decode(versions[last].body)
            return entity
        out: Entity = {"_id": versions[last].entity_id}
        for position, version in sorted(versions.items()):
            out[self.datasets[position]] = decode(version.body)
        if all(version.deleted for version in versions.values()):
            out["_deleted"] = True
        return out

    @staticmethod
    def _last(versions: Versions) -> int:
        """The position of the version that was written last."""
        return max(versions, key=lambda position: place_of(position, versions[position]))

    def members_of(self, entity_id: str) -> list[tuple[str, str, int]]:
        versions = {
            position: version
            for position, _, dataset in self._existing()
            if (version := dataset.get(entity_id)) is not None
        }
        if not versions:
            return []
        positions = sorted(versions) if self._all else [self._last(versions)]
        return [(self.datasets[i], entity_id, versions[i].seq) for i in positions]

    # -- reading -----------------------------------------------------------------------------------

    def _views(self) -> Views:
        ends = self._now()
        return {
            position: View(dataset, ends.get(name, 0), {})
            for position, name, dataset in self._existing()
        }

    @staticmethod
    def _latest(views: Views, ids: list[str]) -> dict[str, Versions]:
        found: dict[str, Versions] = {entity_id: {} for entity_id in ids}
        for position, view in views.items():
            for version in view.get_many(list(found)):
                if version is not None:
                    found[version.entity_id][position] = version
        return found

    def read(self, since: Offset) -> Iterator[Batch]:
        views, heads = self._views(), heads_of(since)
        met = merge(
            *(
                _met(position, view, heads.get(self.datasets[position], 0))
                for position, view in views.items()
            )
        )
        offset: dict[str, int] = dict(since or {})
        while items := list(islice(met, BATCH_SIZE)):
            entities: list[Entity] = []
            places: list[int] = []
            offsets: list[Offset] = []
            latest = self._latest(views, [item.version.entity_id for item in items])
            for item in items:
                name = self.datasets[item.position]
                if offset.get(name, -1) < item.version.seq:
                    offset = {**offset, name: item.version.seq}
                versions = latest[item.version.entity_id]
                last = self._last(versions)
                if last != item.position and not heads:
                    continue  # it comes when its last version is met
                entities.append(self._entity(versions, last))
                places.append(place_of(last, versions[last]))
                offsets.append(offset)
            yield Batch(entities, None, offset, offsets.__getitem__, places=places)

    def as_of(self, ids: Iterable[str], offset: Offset) -> Iterator[Batch]:
        if offset is None:
            return
        views, heads = self._views(), heads_of(offset)
        found: list[tuple[int, Entity]] = []
        remaining = iter(ids)
        while chunk := list(islice(remaining, BATCH_SIZE)):
            for versions in self._latest(views, chunk).values():
                changed = any(
                    version.seq >= heads.get(self.datasets[position], 0)
                    for position, version in versions.items()
                )
                if versions and not changed:
                    last = self._last(versions)
                    place = place_of(last, versions[last])
                    found.append((place, self._entity(versions, last)))
        found.sort(key=itemgetter(0))
        for start in range(0, len(found), BATCH_SIZE):
            part = found[start : start + BATCH_SIZE]
            entities = [entity for _, entity in part]
            yield Batch(entities, None, offset, places=[place for place, _ in part])

    def deleted_ids(self) -> Iterator[str]:
        for _, _, dataset in self._existing():
            yield from LogReader(dataset).deleted_ids()


def place_of(position: int, version: Version) -> int:
    """Versions in the order of time; in one moment by dataset, then as they were written."""
    return version.ts << (PLACE_BITS + 16) | position << PLACE_BITS | version.seq


def _met(position: int, view: View, start: int) -> Iterator[Met]:
    """The latest versions of a view from the head `start` on."""
    reader = LogReader(view.dataset)
    reader.until = view.end
    for versions in reader.read(start - 1 if start else None):
        for version in versions:
            yield Met(place_of(position, version), position, version)
    # What was written meanwhile is not where it was in the log.
    for before in list(view.moved().values()):
        if before is not None and before.seq >= start:
            yield Met(place_of(position, before), position, before)
