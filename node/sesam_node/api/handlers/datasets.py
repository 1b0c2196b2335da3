"""Datasets: what is in them, by log, by id, and how they are indexed."""

from __future__ import annotations

from typing import Any

from sesam_node.api.base import ApiHandler, with_fields
from sesam_node.api.errors import ApiError
from sesam_node.api.handlers.dtl import DtlHandler
from sesam_node.api.operations import (
    ANYTHING,
    AS_OF,
    FIELDS,
    LIMIT,
    SINCE,
    WEBHOOK,
    Parameter,
    form,
    on_dataset,
    on_each,
    operation,
)
from sesam_node.hub.datasets import read_since
from sesam_node.model.formats import FORMATS
from sesam_node.model.moment import read_moment
from sesam_node.pipes.query import Query
from sesam_node.pipes.reading import Selection, read_properties, read_subset

INTERNAL = Parameter("include-internal-datasets", "boolean", default=True, doc="system: ones too")
VERBOSE = Parameter("verbose", "boolean", default=False, doc="accepted; answers are always whole")
SUBSET = Parameter("subset", doc='["eq", <index expression>, <value>]; 404 without such an index')
UNCOMMITTED = Parameter(
    "uncommitted", "boolean", default=False, doc="and what a tripped circuit breaker holds back"
)
RESERVED = Parameter(
    "reserved", "boolean", default=True, doc="false: without `_updated`, `_hash` and the like"
)
ENTITIES = ", ".join(FORMATS)


def selection(values: dict[str, Any]) -> Selection:
    """What the parameters of a read select. Raises InputError where one does not fit."""
    subset = read_subset(values.pop("subset", None))
    properties = read_properties(values.pop("properties", None))
    since = read_since(values.pop("since"))
    return Selection(since=since, subset=subset, properties=properties, **values)


class DatasetsHandler(ApiHandler):
    @operation(VERBOSE, INTERNAL, FIELDS, needs=on_each("read_data", "dataset"))
    def get(self) -> None:
        """All datasets."""
        values = self.query()
        found = self.hub.datasets.list(internal=values["include-internal-datasets"])
        allowed = self.allowed("read_data", "dataset", [item["_id"] for item in found])
        fields = values["fields"]
        self.answer([with_fields(item, fields) for item in found if item["_id"] in allowed])


class DatasetHandler(ApiHandler):
    @operation(FIELDS, needs=on_dataset("read_data"))
    def get(self, dataset_id: str) -> None:
        """One dataset: counts, is it populated?"""
        self.answer(with_fields(self.hub.datasets.get(dataset_id), self.query()["fields"]))

    @operation(
        form(
            "operation",
            required=True,
            doc="commit-circuit-breaker, rollback-circuit-breaker, compact",
        ),
        body="application/x-www-form-urlencoded",
        needs=on_dataset("write_data"),
    )
    async def post(self, dataset_id: str) -> None:
        """Do something with a dataset; the answer is the dataset as it is then.

        The operations on circuit breakers let through, or drop, what a tripped one holds back; 409
        where none has tripped.
        `compact` drops the old versions that its pipe does not keep, now; `compacted` in the answer
        says how many versions and entities went.
        """
        name = self.form()["operation"]
        done = await self.hub.datasets.operate(dataset_id, name, self.user)
        self.answer({**self.hub.datasets.get(dataset_id), **done})

    @operation(needs=on_dataset("write_data"))
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
        Parameter("deleted", "boolean", default=True, doc="deleted too; always with all versions"),
        Parameter("reverse", "boolean", default=False, doc="newest first"),
        Parameter("populated", "boolean", default=False, doc="404 until the dataset is populated"),
        RESERVED,
        Parameter("properties", doc='only these and `_id`: a JSON list, as ["name", "town"]'),
        UNCOMMITTED,
        SUBSET,
        AS_OF,
        answer=ENTITIES,
        needs=on_dataset("read_data"),
    )
    async def get(self, dataset_id: str) -> None:
        """The entities in the order of the log, in the format that `Accept` names.

        The `X-Dataset-…` headers tell of the dataset. MessagePack is one map after the other.
        """
        values = self.query()
        others = {name: values.pop(name) for name in ("populated", "as_of", "uncommitted")}
        entities = self.hub.datasets.entities(
            dataset_id, selection(values), **others, form=self.accepted_format()
        )
        await self.stream(entities.chunks, entities.content_type, entities.headers)

    @operation(
        Parameter("force", "boolean", default=False, doc="a new version of what is unchanged too"),
        body=ENTITIES,
        needs=on_dataset("write_data"),
    )
    async def post(self, dataset_id: str) -> None:
        """Write entities straight into the dataset, past its pipe; all of them or none.

        One with `_deleted` true deletes. The answer has how many were `changed` and `unchanged`.
        """
        self.answer(
            await self.hub.datasets.repost(
                dataset_id,
                self.body(),
                form=self.sent_format(),
                force=self.query()["force"],
                user=self.user,
            )
        )

    @operation(*WEBHOOK, needs=on_dataset("read_data"))
    def options(self, dataset_id: str) -> None:
        """Which methods there are; with `webhook` and `token` a URL is told of changes."""
        self.register_webhook(dataset_id, lambda: self.hub.datasets.open(dataset_id))


class EntityHandler(ApiHandler):
    @operation(
        Parameter("entity_id", required=True, doc="the id of the entity"),
        Parameter("offset", "integer", doc="the version there; 404 where another entity is"),
        UNCOMMITTED,
        SUBSET,
        AS_OF,
        needs=on_dataset("read_data"),
    )
    async def get(self, dataset_id: str) -> None:
        """One entity; 404 where it is not there."""
        self.finish(await self.hub.datasets.entity(dataset_id, **self.query()))


class EntityPathHandler(ApiHandler):
    @operation(
        Parameter("offset", "integer", doc="the version there"),
        SUBSET,
        AS_OF,
        needs=on_dataset("read_data"),
    )
    async def get(self, dataset_id: str, entity_id: str) -> None:
        """One entity, by a path with its id (the older form of `/entity`)."""
        self.finish(await self.hub.datasets.entity(dataset_id, entity_id, **self.query()))


class QueryHandler(DtlHandler):
    @operation(
        form("where", ANYTHING, doc="a DTL expression over `_S`; all entities where it is absent"),
        form("select", ANYTHING, doc="names of properties, or an object of expressions by name"),
        form("order_by", "array", doc='names ("-name" descends), or {"by": expression}'),
        form("limit", "integer", doc="at most so many"),
        form("offset", "integer", 0, "leave out so many"),
        form("after", "integer", doc="go on after this `_updated`; not with an order"),
        form("as_of", ANYTHING, doc="as it was at an offset or time; 410 where that is gone"),
        form("history", "boolean", default=False, doc="all versions, not the latest of each id"),
        form("deleted", "boolean", default=False, doc="deleted entities too"),
        form("text", doc="only entities with this text in a value, whatever its case"),
        form("count", "boolean", default=False, doc='only {"count": how many there are}'),
        body="application/json",
        answer=ENTITIES,
        needs=on_dataset("read_data"),
    )
    async def post(self, dataset_id: str) -> None:
        """The entities of a dataset that fulfil a condition, in the format that `Accept` names.

        In the order of the log, or in that of `order_by`; what is selected comes with `_id`,
        `_updated` and `_deleted`.
        """
        fields = self.fields()
        counted, moment = fields.pop("count"), fields.pop("as_of")
        fields["order_by"] = tuple(fields["order_by"] or ())
        asked = Query(**fields, as_of=None if moment is None else read_moment(moment))
        if counted:
            self.answer({"count": await self.hub.datasets.count(dataset_id, asked)})
            return
        accepted = self.accepted_format()
        await self.stream(self.hub.datasets.query(dataset_id, asked, accepted), accepted)


class RowsHandler(DtlHandler):
    @operation(
        form("where", ANYTHING, doc="a DTL expression over `_S`; all entities where it is absent"),
        form("text", doc="only entities with this text in a value, whatever its case"),
        form("order_by", "array", doc='names ("-name" descends), or {"by": expression}'),
        form("deleted", "boolean", default=False, doc="deleted entities too"),
        form("as_of", ANYTHING, doc="the `as_of` of an earlier page: the table stays as it was"),
        form("start", "integer", 0, "the first row that is wanted, from 0 on"),
        form("limit", "integer", 100, "at most so many rows, no more than 1,000"),
        form("wait_s", "integer", doc="answer that it is pending after so many seconds"),
        body="application/json",
        needs=on_dataset("read_data"),
    )
    async def post(self, dataset_id: str) -> None:
        """The rows of a dataset as a table, from any place on; millions of rows away is as quick.

        `count` is the number of all rows, `as_of` the offset that they are as of: later pages that
        give it are of the same table, whatever is written. 410 once compaction has dropped what
        the table shows; begin again without it. With `wait_s` what takes longer is answered with
        `"pending": true`: ask again, with its `as_of`; ten seconds after the last one who asked
        the work is given up.
        """
        fields = self.fields()
        place = {name: fields.pop(name) for name in ("as_of", "start", "limit", "wait_s")}
        fields["order_by"] = tuple(fields["order_by"] or ())
        page = await self.hub.rows.page(dataset_id, Query(**fields), **place)
        self.finish(page.to_json())


class DiffHandler(ApiHandler):
    @operation(
        Parameter("from", required=True, doc="an offset or time: what there was"),
        Parameter("to", doc="a later offset or time; now where it is absent"),
        Parameter("limit", "integer", doc="at most so many changes; 0 only counts"),
        Parameter("after", "integer", doc="go on after this offset: the `next` of the answer"),
        needs=on_dataset("read_data"),
    )
    async def get(self, dataset_id: str) -> None:
        """What was added, changed and deleted between two moments, property by property."""
        values = self.query()
        start, end = values.pop("from"), values.pop("to")
        await self.stream(self.hub.datasets.diff(dataset_id, start, end, **values))


class HistoryHandler(ApiHandler):
    @operation(
        Parameter("entity_id", required=True, doc="the id of the entity"),
        Parameter("limit", "integer", 100, "at most so many changes"),
        Parameter("before", "integer", doc="go on before this offset: the `next` of the answer"),
        needs=on_dataset("read_data"),
    )
    async def get(self, dataset_id: str) -> None:
        """The life of one entity as a list of changes, newest first."""
        self.answer(await self.hub.datasets.history(dataset_id, **self.query()))


class IndexesHandler(ApiHandler):
    @operation(needs=on_dataset("read_data"))
    async def get(self, dataset_id: str) -> None:
        """The indexes of a dataset; an orphaned one is needed by no pipe and can be deleted."""
        self.answer(await self.hub.datasets.indexes(dataset_id))


class IndexHandler(ApiHandler):
    @operation(needs=on_dataset("write_data"))
    async def delete(self, dataset_id: str, index_id: str) -> None:
        """Delete an orphaned index; 409 for one that pipes need."""
        if not index_id.isdecimal():
            raise ApiError(400, f'expected the number of an index, got "{index_id}"')
        await self.hub.datasets.delete_index(dataset_id, int(index_id))
        self.answer({})


ROUTES = [
    ("/datasets", DatasetsHandler),
    ("/datasets/{dataset_id}", DatasetHandler),
    ("/datasets/{dataset_id}/entities", EntitiesHandler),
    ("/datasets/{dataset_id}/entities/{entity_id*}", EntityPathHandler),
    ("/datasets/{dataset_id}/entity", EntityHandler),
    ("/datasets/{dataset_id}/query", QueryHandler),
    ("/datasets/{dataset_id}/rows", RowsHandler),
    ("/datasets/{dataset_id}/diff", DiffHandler),
    ("/datasets/{dataset_id}/history", HistoryHandler),
    ("/datasets/{dataset_id}/indexes", IndexesHandler),
    ("/datasets/{dataset_id}/indexes/{index_id}", IndexHandler),
]
