"""Why data is as it is, and what would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.api.base import ApiHandler
from sesam_node.api.errors import ApiError
from sesam_node.api.handlers.dtl import DtlHandler
from sesam_node.api.operations import Parameter, form, on_dataset, on_pipe, operation

if TYPE_CHECKING:
    from sesam_node.hub.lineage import Start

DEPTH = 10
SAMPLE, MOST = 300, 10_000
TEXT = "text/plain; charset=utf-8"


class WhyHandler(ApiHandler):
    @operation(
        Parameter("entity_id", required=True, doc="the id of the entity"),
        Parameter("property", doc="only this property, with all steps that made it"),
        Parameter("depth", "integer", DEPTH, "how many pipes to go back, at most 50"),
        Parameter("format", default="json", choices=("json", "text"), doc="text is for people"),
        needs=on_dataset("read_data"),
    )
    async def get(self, dataset_id: str) -> None:
        """Why an entity is as it is: back through pipes, rules and hops to what came in.

        Its source runs again, recorded. `exact` is true where that gives what is stored; else
        inputs have changed since, and `differs` has the properties. Takes `read_data` on all the
        datasets it came from, too.
        """
        if not self.principal.is_admin:
            self.check_all("read_data", "dataset", self.hub.access.origins(dataset_id))
        values = self.query()
        text = values["format"] == "text"
        found = await self.hub.insight.why(
            dataset_id, values["entity_id"], values["property"], values["depth"], text=text
        )
        if not text:
            self.answer(found)
            return
        self.set_header("Content-Type", TEXT)
        self.finish(found)


class ReferencesHandler(ApiHandler):
    @operation(
        Parameter("entity_id", required=True, doc="the id of the entity"),
        needs=on_dataset("read_data"),
    )
    async def get(self, dataset_id: str) -> None:
        """What refers to an entity: which source entities of which pipes look it up by hops.

        An item for each pipe that hops to the dataset: `count`, the first `ids`, the `datasets`
        they are in, the `joins` in words; `recorded` where the last runs say it. Pipes are left out
        whose configuration or source whoever asks may not read.
        """
        entity_id = self.query()["entity_id"]
        pipes = [pipe for pipe in self.hub.insight.hopping(dataset_id) if self._may_see(pipe)]
        found = [await self.hub.insight.references(pipe, dataset_id, entity_id) for pipe in pipes]
        if not found:
            await self.hub.datasets.entity(dataset_id, entity_id)  # 404 where there is none
        self.answer(found)

    def _may_see(self, pipe: str) -> bool:
        sources = self.hub.configuration.active.facts[pipe].sources
        readable = self.allowed("read_data", "dataset", sources)
        return pipe in self.allowed("read_config", "pipe", [pipe]) and all(
            name in readable for name in sources
        )


class DiffHandler(DtlHandler):
    def json_object(self, what: str) -> dict[str, Any]:
        """The body; none at all asks for what there is to ask without one."""
        return super().json_object(what) if self._size else {}

    @operation(
        form("config", "object", doc="a draft of the pipe; as it is deployed if absent"),
        form("limit", "integer", SAMPLE, f"how many source entities, at most {MOST:,}"),
        form("all", "boolean", default=False, doc="all of the source: 202, and a job to look at"),
        body="application/json",
        needs=on_pipe("read_data"),
    )
    async def post(self, pipe_id: str) -> None:
        """What a full run of the pipe, or of a draft of it, would change in the sink.

        Nothing is written. `counts` of added, changed, deleted and unchanged entities and of
        errors; `properties` says in how many changed entities each differs, with `examples`.
        `complete` is false where it is told over a sample.
        """
        fields = self.fields()
        if not self.principal.is_admin:
            # A draft could read what its author may not.
            draft = self.hub.dtl.with_variables(fields["config"])
            self.hub.access.check_mentions(self.principal, draft, self.hub.datasets.names())
        limit = fields["limit"]
        if fields["all"]:
            job = await self.hub.insight.diff_all(pipe_id, fields["config"])
            self.set_header("Location", f"/api/pipes/{pipe_id}/diff/{job['job']}")
            self.answer(job, 202)
            return
        if not 1 <= limit <= MOST:
            raise ApiError(400, 'the field "limit" does not fit', f"expected 1 to {MOST:,}")
        self.answer(await self.hub.insight.diff(pipe_id, fields["config"], limit))


class DiffJobHandler(ApiHandler):
    @operation(needs=on_pipe("read_data"))
    def get(self, pipe_id: str, job_id: str) -> None:
        """How far a comparison is, and its result once it is done."""
        self.answer(self.hub.insight.diffs.get(pipe_id, job_id).to_json())

    @operation(needs=on_pipe("read_data"))
    async def delete(self, pipe_id: str, job_id: str) -> None:
        """End a comparison; the answer is its last state."""
        self.answer((await self.hub.insight.diffs.cancel(pipe_id, job_id)).to_json())


PROPERTY = Parameter("property", doc="only this property; all that are known if absent")
DIRECTION = Parameter(
    "direction",
    default="upstream",
    choices=("upstream", "downstream"),
    doc="upstream is what it comes from, downstream what it goes into",
)


class LineageHandler(ApiHandler):
    """What both handlers of lineage share."""

    async def answer_graph(self, start: Start) -> None:
        if not self.principal.is_admin:
            self.check_all("read_config", "pipe", start.pipes)
        self.answer(await self.hub.lineage.graph(start, self.query()["property"]))


class DatasetLineageHandler(LineageHandler):
    @operation(PROPERTY, DIRECTION, needs=on_dataset("read_data"))
    async def get(self, dataset_id: str) -> None:
        """Which properties of which datasets a property comes from, or goes into: a graph.

        Read from the rules of the pipes, sharpened by observed schemas. `nodes` are properties,
        each of `edges` has `from`, `to`, the pipe, the place in its rules, and how: copied,
        computed, joined or filtered-by. `cycles` are those that an edge leads back to. Takes
        `read_config` on all pipes on the way.
        """
        start = self.hub.lineage.of_dataset(dataset_id, self.query()["direction"])
        await self.answer_graph(start)


class PipeLineageHandler(LineageHandler):
    @operation(PROPERTY, DIRECTION, needs=on_pipe("read_config"))
    async def get(self, pipe_id: str) -> None:
        """The same for what a pipe writes, or publishes."""
        await self.answer_graph(self.hub.lineage.of_pipe(pipe_id, self.query()["direction"]))


ROUTES = [
    ("/datasets/{dataset_id}/why", WhyHandler),
    ("/datasets/{dataset_id}/references", ReferencesHandler),
    ("/datasets/{dataset_id}/lineage", DatasetLineageHandler),
    ("/pipes/{pipe_id}/lineage", PipeLineageHandler),
    ("/pipes/{pipe_id}/diff", DiffHandler),
    ("/pipes/{pipe_id}/diff/{job_id}", DiffJobHandler),
]
