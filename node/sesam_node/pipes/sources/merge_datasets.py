"""The merge_datasets source: entities with the same _id in several datasets, in order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model import decode
from sesam_node.pipes.common_options import DATASET_IDS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.same_ids import SameIds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch, Context, Offset
    from sesam_node.pipes.same_ids import Versions


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
class MergeDatasetsSource(SameIds):
    """Several datasets in the order of time; entities with the same _id become one.

    With the strategy "latest" it is the version written last, be that a delete. With "all" it holds
    the latest version of each dataset under that dataset's id, and is deleted where all of them
    are.
    """

    history = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(tuple(dict.fromkeys(options["datasets"])), options, context)
        self._all: bool = options["strategy"] == "all"

    def entity_of(self, versions: Versions, winner: int) -> Entity:
        if not self._all:
            entity: Entity = decode(versions[winner].body)
            return entity
        out: Entity = {"_id": versions[winner].entity_id}
        for position, version in sorted(versions.items()):
            out[self.datasets[position]] = decode(version.body)
        if all(version.deleted for version in versions.values()):
            out["_deleted"] = True
        return out

    def made_of(self, versions: Versions, winner: int) -> Iterable[int]:
        return sorted(versions) if self._all else [winner]

    def read(self, since: Offset) -> Iterator[Batch]:
        return self.read_by_id(since)

    def as_of(self, ids: Iterable[str], offset: Offset) -> Iterator[Batch]:
        return self.as_of_by_id(ids, offset)

    def members_of(self, entity_id: str) -> list[tuple[str, str, int]]:
        return self.members_by_id(entity_id)
