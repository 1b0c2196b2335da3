"""Datasets: what is in them, by log, by id, and how they are indexed."""

from __future__ import annotations

from sesam_node.api.arrays import without_first
from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import LIMIT, SINCE, Parameter, operation

INTERNAL = Parameter("include-internal-datasets", "boolean", default=True, doc="system: ones too")
VERBOSE = Parameter("verbose", "boolean", default=False, doc="accepted; answers are always whole")
SUBSET = Parameter("subset", doc='["eq", <index expression>, <value>]; 404 without such an index')
UNCOMMITTED = Parameter("uncommitted", "boolean", default=False, doc="accepted; there are none")


class DatasetsHandler(ApiHandler):
    @operation(VERBOSE, INTERNAL)
    def get(self) -> None:
        """All datasets."""
        self.answer(self.hub.datasets.list(internal=self.query()["include-internal-datasets"]))


class DatasetHandler(ApiHandler):
    @operation()
    def get(self, dataset_id: str) -> None:
        """One dataset: counts, is it populated?"""
        self.answer(self.hub.datasets.get(dataset_id))

    @operation()
    async def delete(self, dataset_id: str) -> None:
        """Delete a dataset; the answer is what it was."""
        dataset = self.hub.datasets.get(dataset_id)
        await self.hub.datasets.delete(dataset_id)
        self.answer(dataset)


class EntitiesHandler(ApiHandler):
    @operation(
        SINCE,
        LIMIT,
        Parameter("start", "integer", 0, "leave out so many; `since` is faster"),
        Parameter("history", "boolean", default=True, doc="all versions, or the latest of each id"),
        Parameter("deleted", "boolean", default=True, doc="deleted entities too"),
        Parameter("reverse", "boolean", default=False, doc="newest first"),
        Parameter("populated", "boolean", default=False, doc="404 until the dataset is populated"),
        UNCOMMITTED,
        SUBSET,
    )
    async def get(self, dataset_id: str) -> None:
        """The entities in the order of the log. The `X-Dataset-…` headers tell of the dataset."""
        values = self.query()
        values.pop("uncommitted")
        start = values.pop("start")
        if start and values["limit"] is not None:
            values["limit"] += start
        entities = self.hub.datasets.entities(dataset_id, **values)
        chunks = without_first(entities.chunks, start) if start else entities.chunks
        await self.stream(chunks, headers=entities.headers)


class EntityHandler(ApiHandler):
    @operation(
        Parameter("entity_id", required=True, doc="the id of the entity"),
        Parameter("offset", "integer", doc="the version there; 404 where another entity is"),
        UNCOMMITTED,
        SUBSET,
    )
    def get(self, dataset_id: str) -> None:
        """One entity; 404 where it is not there."""
        values = self.query()
        entity = self.hub.datasets.entity(dataset_id, values["entity_id"], offset=values["offset"])
        self.finish(entity)


class EntityPathHandler(ApiHandler):
    @operation(SUBSET)
    def get(self, dataset_id: str, entity_id: str) -> None:
        """One entity, by a path with its id (the older form of `/entity`)."""
        self.finish(self.hub.datasets.entity(dataset_id, entity_id))


class IndexesHandler(ApiHandler):
    @operation()
    def get(self, dataset_id: str) -> None:
        """The indexes of a dataset."""
        self.answer(self.hub.datasets.indexes(dataset_id))


ROUTES = [
    ("/datasets", DatasetsHandler),
    ("/datasets/{dataset_id}", DatasetHandler),
    ("/datasets/{dataset_id}/entities", EntitiesHandler),
    ("/datasets/{dataset_id}/entities/{entity_id*}", EntityPathHandler),
    ("/datasets/{dataset_id}/entity", EntityHandler),
    ("/datasets/{dataset_id}/indexes", IndexesHandler),
]
