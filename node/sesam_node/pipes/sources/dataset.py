"""The dataset source: the latest versions of a dataset, in the order of its log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, InputError
from sesam_node.model import decode
from sesam_node.pipes.batch import BATCH_SIZE, GONE, Batch
from sesam_node.pipes.common_options import SUBSET
from sesam_node.pipes.completeness import Limit
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.log_reader import LogReader
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.subsets import Subset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.store.api import Version

DATASET_OPTIONS = (
    Option(
        "include_previous_versions",
        "boolean",
        default=False,
        doc="does every version come, not just the latest of each entity?",
    ),
)


@source(
    "dataset",
    Option("dataset", "string", doc="the id of the dataset"),
    *DATASET_OPTIONS,
    Option("include_replaced", "boolean", default=True, doc="do entities with $replaced come?"),
    SUBSET,
    Option(
        "completeness",
        ("boolean", "array", "object"),
        default=False,
        doc="hold back entities that are newer than what is known to be complete?",
    ),
    Option("initial_completeness", "string-list", None, "datasets that must have a completeness"),
    reads="dataset",
    supports_since=True,
    is_since_comparable=True,
    is_chronological=True,
    fixed=True,
)
class StoredSource:
    """Entities of a dataset, the latest version of each, deleted ones too."""

    combines = False

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self.name: str = options["dataset"]
        self.datasets = (self.name,)
        self.history: bool = options["include_previous_versions"]
        self._subset = None if options["subset"] is None else _subset(options["subset"])
        self.indexes = () if self._subset is None else ((self.name, self._subset.index),)
        self._complete = Limit(options, context)
        self._context = context
        self._with_replaced: bool = options["include_replaced"]
        sink = (context.definition.pipe.get("sink") or {}).get("type", "dataset")
        # In a full run the sink dataset deletes what it does not meet; elsewhere nothing is told.
        self._retracts = not (self._with_replaced or self.history) and sink == "dataset"
        self._initial: list[str] = options.get("initial_datasets") or [self.name]
        self._ignore_missing: bool = options.get("ignore_non_existent_datasets", True)
        self._reader: LogReader | None = None

    def prepare(self) -> dict[str, str | None]:
        dataset = self._context.dataset(self.name)
        self._reader = None if dataset is None else LogReader(dataset, history=self.history)
        if self._reader is not None and self._complete.is_set:
            lookup = StoreLookup(self._context)
            self._reader.until = self._complete.head(self._reader.dataset, lookup)
        return {self.name: None if dataset is None else dataset.generation}

    def read(self, since: Offset) -> Iterator[Batch]:
        if self._reader is None:
            self.prepare()
        if self._reader is None:
            return
        skipped: Offset = None
        for versions in self._reader.read(since):
            retracts = self._retracts and since is not None
            batch = self._batch(versions, versions[-1].seq, retracts=retracts)
            # One without entities would commit its offset: of several such the last is enough.
            skipped = None if batch.size else batch.offset
            if batch.size:
                yield batch
        if skipped is not None:
            yield Batch([], None, skipped)

    def as_of(self, ids: Iterable[str], offset: Offset) -> Iterator[Batch]:
        if self._reader is None or offset is None:
            return
        versions = self._reader.as_of(ids, offset)
        for start in range(0, len(versions), BATCH_SIZE):
            yield self._batch(versions[start : start + BATCH_SIZE], offset)

    def _batch(self, versions: list[Version], offset: int, *, retracts: bool = False) -> Batch:
        """A batch of what the options let through.

        With `retracts` an entity that was replaced is one that is gone: what came of it before is
        deleted. Else it is left out.
        """
        dataset = self._reader.dataset if self._reader else None
        if self._subset is not None and dataset is not None:
            versions = [
                seen
                for version in versions
                if (seen := self._subset.seen(dataset, version, history=self.history)) is not None
            ]
        entities: list[Entity] | None = None
        places: list[int] | None = None
        if not self._with_replaced and any(map(is_replaced, versions)):
            if retracts:
                entities = [decode(version.body) for version in versions]
                places = [GONE if is_replaced(item) else item.seq for item in versions]
            else:
                versions = [version for version in versions if not is_replaced(version)]
        return Batch(entities, versions, offset, lambda i: versions[i].seq, dataset, places)

    def deleted_ids(self) -> Iterator[str]:
        return iter(()) if self._reader is None else self._reader.deleted_ids()

    def members_of(self, entity_id: str) -> list[tuple[str, str, int]]:
        dataset = self._context.dataset(self.name)
        version = None if dataset is None else dataset.get(entity_id)
        return [] if version is None else [(self.name, entity_id, version.seq)]

    def is_populated(self) -> bool:
        for name in self._initial:
            dataset = self._context.dataset(name)
            if dataset is None:
                if not self._ignore_missing or name == self.name:
                    return False
            elif not dataset.populated:
                return False
        return True

    def queue(self, since: Offset) -> dict[str, int]:
        dataset = self._context.dataset(self.name)
        return {self.name: dataset.head() - (-1 if since is None else since) - 1 if dataset else 0}


def _subset(expression: Any) -> Subset:
    """The subset that a source is configured with. Raises ConfigError."""
    try:
        return Subset.parse(expression)
    except InputError as error:
        problems = [replace(item, path="$.source.subset") for item in error.problems]
        raise ConfigError(error.message, problems) from None


def is_replaced(version: Version) -> bool:
    """Was the entity replaced by one under another id (manual: merge source)?"""
    return b'"$replaced":true' in version.body and decode(version.body).get("$replaced") is True
