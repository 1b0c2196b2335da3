"""The deprecated diff_datasets source: entities that are not the same in several datasets.

It reads as merge_datasets does. What is the same everywhere comes as deleted, so that a difference
that is gone vanishes from the sink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model import decode
from sesam_node.model.values import identity
from sesam_node.pipes.common_options import DATASET_IDS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.sources.merge_datasets import MergeDatasetsSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Context
    from sesam_node.pipes.sources.merge_datasets import Versions

DELETED = "_deleted"


@source(
    "diff_datasets",
    DATASET_IDS,
    Option("whitelist", "string-list", None, "the properties to compare; all if null"),
    Option("blacklist", "string-list", None, "properties that are not compared"),
    Option(
        "treat_lists_as_sets",
        "boolean",
        default=False,
        doc="do order and duplicates in lists not matter, at any depth?",
    ),
    Option("ignore_deletes", "boolean", default=False, doc="are deleted entities as if not there?"),
    reads="datasets",
    supports_since=True,
    is_since_comparable=True,
    is_chronological=True,
    fixed=True,
    deprecated="compare with hops in DTL",
)
class DiffDatasetsSource(MergeDatasetsSource):
    """How the entities of datasets differ: what each has of them, and in `$diff` what differs."""

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        super().__init__({**options, "strategy": "all"}, context)
        self._only = None if options["whitelist"] is None else frozenset(options["whitelist"])
        self._not = frozenset(options["blacklist"] or ())
        self._sets: bool = options["treat_lists_as_sets"]
        self._ignores_deletes: bool = options["ignore_deletes"]

    def _entity(self, versions: Versions, last: int) -> Entity:
        found = {
            self.datasets[position]: decode(version.body)
            for position, version in sorted(versions.items())
            if not (self._ignores_deletes and version.deleted)
        }
        entity_id = versions[last].entity_id
        differences = self._differences(found)
        if not differences:
            return {"_id": entity_id, DELETED: True}
        return {"_id": entity_id, **found, "$diff": differences}

    def _differences(self, found: dict[str, Entity]) -> dict[str, dict[str, Value]]:
        """Of each property that is not the same in all datasets the values by dataset."""
        names = dict.fromkeys(name for entity in found.values() for name in self._compared(entity))
        differences = {}
        for name in names:
            values = {dataset: entity[name] for dataset, entity in found.items() if name in entity}
            kinds = {self._identity(value) for value in values.values()}
            if len(values) < len(self.datasets) or len(kinds) > 1:
                differences[name] = values
        if not differences and len({entity.get(DELETED) is True for entity in found.values()}) > 1:
            return {DELETED: {name: entity.get(DELETED) is True for name, entity in found.items()}}
        if not differences and 0 < len(found) < len(self.datasets):
            # It has no property to compare, and is not everywhere all the same.
            return {"_id": {name: entity["_id"] for name, entity in found.items()}}
        return differences

    def _compared(self, entity: Entity) -> Iterator[str]:
        for name in entity:
            if name[:1] == "_" or name in self._not:
                continue
            if self._only is None or name in self._only:
                yield name

    def _identity(self, value: Value) -> Any:
        if isinstance(value, list):
            items = [self._identity(item) for item in value]
            return (list, frozenset(items) if self._sets else tuple(items))
        if isinstance(value, dict):
            return (dict, frozenset((name, self._identity(item)) for name, item in value.items()))
        return identity(value)
