"""The union_datasets source: one dataset after the other, with one offset for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model import decode
from sesam_node.pipes.batch import BATCH_SIZE, Batch
from sesam_node.pipes.common_options import DATASET_IDS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.log_reader import LogReader
from sesam_node.pipes.several import SeveralDatasets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.store.api import Version


@source(
    "union_datasets",
    DATASET_IDS,
    Option("prefix_ids", "boolean", default=True, doc="do ids become dataset:id?"),
    Option(
        "include_previous_versions",
        "boolean",
        default=False,
        doc="does every version come, not just the latest of each entity?",
    ),
    reads="datasets",
    supports_since=True,
    is_since_comparable=True,
    is_chronological=True,
    fixed=True,
)
class UnionSource(SeveralDatasets):
    """Entities of several datasets, one dataset after the other."""

    combines = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__(tuple(dict.fromkeys(options["datasets"])), options, context)
        self.history: bool = options["include_previous_versions"]
        self._prefix: bool = options["prefix_ids"]
        self.shares_ids = not self._prefix
        self._readers: dict[str, LogReader] | None = None

    def prepare(self) -> dict[str, str | None]:
        self._readers = {
            name: LogReader(dataset, history=self.history) for _, name, dataset in self._existing()
        }
        return super().prepare()

    def _opened(self) -> dict[str, LogReader]:
        if self._readers is None:
            self.prepare()
        return self._readers or {}

    def read(self, since: Offset) -> Iterator[Batch]:
        offset: dict[str, int] = dict(since or {})
        for name, reader in self._opened().items():
            for versions in reader.read(offset.get(name)):
                before = dict(offset)
                offset = {**offset, name: versions[-1].seq}
                yield self._batch(name, reader, versions, before, offset)

    def as_of(self, ids: Iterable[str], offset: Offset) -> Iterator[Batch]:
        wanted = list(ids)
        for name, reader in self._opened().items():
            start = (offset or {}).get(name)
            if start is None:
                continue
            prefix = f"{name}:"
            own = [item[len(prefix) :] for item in wanted if item.startswith(prefix)]
            if self.shares_ids:
                # Records name the dataset too; what hops lead back to is an id in any of them.
                own = list(dict.fromkeys([*own, *wanted]))
            versions = reader.as_of(own, start)
            for position in range(0, len(versions), BATCH_SIZE):
                chunk = versions[position : position + BATCH_SIZE]
                yield self._batch(name, reader, chunk, offset, offset)

    def _batch(
        self,
        name: str,
        reader: LogReader,
        versions: list[Version],
        before: dict[str, int],
        after: dict[str, int],
    ) -> Batch:
        def offset_of(position: int) -> Offset:
            return {**before, name: versions[position].seq}

        entities = None
        if self._prefix:
            entities = [_prefixed(f"{name}:", version) for version in versions]
        return Batch(entities, versions, after, offset_of, reader.dataset)

    def deleted_ids(self) -> Iterator[str]:
        for name, reader in self._opened().items():
            prefix = f"{name}:" if self._prefix else ""
            for entity_id in reader.deleted_ids():
                yield prefix + entity_id

    def members_of(self, entity_id: str) -> list[tuple[str, str, int]]:
        found = []
        for name in self.datasets:
            prefix = f"{name}:" if self._prefix else ""
            dataset = self._context.dataset(name)
            if dataset is not None and entity_id.startswith(prefix):
                version = dataset.get(entity_id[len(prefix) :])
                if version is not None:
                    found.append((name, version.entity_id, version.seq))
        return found


def _prefixed(prefix: str, version: Version) -> Entity:
    entity: Entity = decode(version.body)
    entity["_id"] = prefix + version.entity_id
    return entity
