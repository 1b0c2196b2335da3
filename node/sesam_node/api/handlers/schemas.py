"""What entities look like, as JSON schema or as the columns of a table."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import Parameter, on_dataset, on_pipe, operation

SAMPLE = Parameter("sample_size", "integer", 1_000, "how many entities to look at")
KEYS_ONLY = Parameter("keys_only", "boolean", default=False, doc="only the names of the properties")


class PipeTypeHandler(ApiHandler):
    """The handler of one side; the path names it."""

    side = ""

    @operation(needs=on_pipe("read_data"))
    async def get(self, pipe_id: str) -> None:
        """What the entities that the pipe reads, or writes, look like: a JSON schema.

        Observed of the entities that are live now, with counts per property. 404 where nothing is
        known of them.
        """
        self.answer(await self.hub.schemas.of_pipe(pipe_id, self.side))


class SourceTypeHandler(PipeTypeHandler):
    side = "source"


class SinkTypeHandler(PipeTypeHandler):
    side = "sink"


class DatasetTypeHandler(ApiHandler):
    @operation(needs=on_dataset("read_data"))
    async def get(self, dataset_id: str) -> None:
        """What the entities of the dataset look like: a JSON schema, with counts per property."""
        self.hub.datasets.open(dataset_id)
        self.answer(await self.hub.schemas.of_dataset(dataset_id))


class PipeColumnsHandler(ApiHandler):
    @operation(SAMPLE, KEYS_ONLY, needs=on_pipe("read_data"))
    async def get(self, pipe_id: str) -> None:
        """The columns of a table for what the pipe makes, as `schema_definition` of a SQL sink."""
        values = self.query()
        size, keys_only = values["sample_size"], values["keys_only"]
        self.answer(await self.hub.schemas.pipe_columns(pipe_id, size, keys_only=keys_only))


class DatasetColumnsHandler(ApiHandler):
    @operation(SAMPLE, KEYS_ONLY, needs=on_dataset("read_data"))
    async def get(self, dataset_id: str) -> None:
        """The columns of a table for the entities, as `schema_definition` of a SQL sink."""
        self.hub.datasets.open(dataset_id)
        values = self.query()
        size, keys_only = values["sample_size"], values["keys_only"]
        self.answer(await self.hub.schemas.dataset_columns(dataset_id, size, keys_only=keys_only))


ROUTES = [
    ("/pipes/{pipe_id}/entity-types/source", SourceTypeHandler),
    ("/pipes/{pipe_id}/entity-types/sink", SinkTypeHandler),
    ("/pipes/{pipe_id}/generate-schema-definition", PipeColumnsHandler),
    ("/datasets/{dataset_id}/schema", DatasetTypeHandler),
    ("/datasets/{dataset_id}/generate-schema-definition", DatasetColumnsHandler),
]
