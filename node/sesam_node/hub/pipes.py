"""Pipes as the API shows them, and what can be done with one: run, look into, publish, receive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.errors import NotFoundError
from sesam_node.hub.drafts import draft_definition
from sesam_node.model.formats import JSON
from sesam_node.pipes.execution_log import log_name
from sesam_node.scheduling.scheduler import Changed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

    from sesam_node.hub.configuration import Configuration
    from sesam_node.hub.datasets import Datasets
    from sesam_node.hub.pump_operations import PumpOperations
    from sesam_node.hub.pumps import Pumps
    from sesam_node.model import Entity
    from sesam_node.pipes.reading import Selection
    from sesam_node.scheduling.executor import Executor

ENDPOINTS = {
    "entities": "http_endpoint",
    "csv": "csv_endpoint",
    "xml": "xml_endpoint",
    "excel": "excel_endpoint",
}
CONTENT_TYPES = {
    "entities": "application/json",
    "xml": "application/xml; charset=utf-8",
    "excel": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
RECEIVE = "sesam_node.pipes.receive:receive"


@dataclass(frozen=True, slots=True)
class Published:
    """What a publisher sends; `disposition` and `filename` are for browsers that save it.

    `headers` are those of the JSON pull protocol.
    """

    content_type: str
    filename: str | None
    disposition: str
    chunks: AsyncIterator[bytes]
    headers: Mapping[str, str]


class Pipes:
    """The service behind `/api/pipes`, `/api/publishers` and `/api/receivers`."""

    def __init__(
        self,
        configuration: Configuration,
        pumps: Pumps,
        operations: PumpOperations,
        datasets: Datasets,
        executor: Executor,
        *,
        call_timeout_s: float,
        publish_timeout_s: float,
    ) -> None:
        self._configuration = configuration
        self._pumps = pumps
        self._operations = operations
        self._datasets = datasets
        self._executor = executor
        self._call_timeout_s = call_timeout_s
        self._publish_timeout_s = publish_timeout_s

    # -- looking at them ---------------------------------------------------------------------------

    def list(self) -> list[dict[str, Any]]:
        """All pipes in the order of the configuration."""
        return [self.get(pipe) for pipe in self._configuration.active.document.pipes]

    def get(self, pipe_id: str) -> dict[str, Any]:
        """A pipe: its configuration, its state, and what is up- and downstream."""
        facts = self._pumps.known(pipe_id)
        pipe = self._configuration.component("pipe", pipe_id)
        pipe["config"]["effective"] = self._pumps.with_fetched(pipe["config"]["effective"])
        pipe["runtime"] = self._pumps.runtime(pipe_id)
        pipe["graph"] = {
            "inputs": sorted(facts.sources),
            "dependencies": sorted(facts.hops),
            "output": facts.sink,
        }
        return pipe

    def pump(self, pipe_id: str) -> dict[str, Any]:
        """The pump of a pipe."""
        runtime = self._pumps.runtime(pipe_id)
        config = self._configuration.component("pipe", pipe_id)["config"]
        return {
            "_id": pipe_id,
            "type": "pump",
            "config": {name: _part(part, "pump") for name, part in config.items()},
            "runtime": runtime,
        }

    def log(self, pipe_id: str, selection: Selection) -> Iterator[bytes] | AsyncIterator[bytes]:
        """The selected events of its runs, as the chunks of a JSON array."""
        self._pumps.known(pipe_id)
        if self._pumps.dataset(log_name(pipe_id)) is None:
            return iter([b"[]"])
        return self._datasets.entities(log_name(pipe_id), selection).chunks

    # -- doing something ---------------------------------------------------------------------------

    async def operate(
        self, pipe_id: str, operation: str, arguments: Mapping[str, str], *, user: str = ""
    ) -> dict[str, Any]:
        """Carry out an operation of its pump; gives the pump's new state."""
        self._pumps.known(pipe_id)
        changed = await self._operations.operate(pipe_id, operation, arguments, user)
        pump = self.pump(pipe_id)
        pump["runtime"].update(changed)
        return pump

    async def entities(
        self,
        pipe_id: str,
        *,
        stage: str = "sink",
        since: str | None = None,
        limit: int | None = None,
        as_of: str | None = None,
        form: str = JSON,
    ) -> AsyncIterator[bytes]:
        """What the pipe would produce, computed now, as the chunks of a format.

        With `as_of` what it would have produced at that moment.

        For a receiver that is what is in its dataset.
        """
        self._pumps.runnable(pipe_id)
        call = self._executor.call(
            "pipe_entities",
            {
                "definition": self._pumps.definition(pipe_id),
                "stage": stage,
                "since": since,
                "limit": limit,
                "as_of": as_of,
                "form": form,
            },
            timeout_s=self._publish_timeout_s,
        )
        return call.chunks()

    async def preview(
        self,
        pipe_id: str,
        config: dict[str, Any] | None = None,
        source: Sequence[Entity] | None = None,
        limit: int | None = 1,
        as_of: str | None = None,
        *,
        side_effects: str = "refuse",
    ) -> dict[str, Any]:
        """Run a pipe, or a draft of its configuration, over sample entities; writes nothing.

        With `as_of` the datasets are as they were at that moment. `side_effects` says what becomes
        of transforms that have some, see `pipes.operations.preview`.
        """
        if config is None:
            self._pumps.runnable(pipe_id)
            definition = self._pumps.definition(pipe_id)
        else:
            definition = await draft_definition(
                pipe_id, config, self._configuration, self._pumps, self._executor
            )
        call = self._executor.call(
            "preview",
            {
                "definition": definition,
                "entities": None if source is None else list(source),
                "limit": 1 if limit is None else limit,
                "as_of": as_of,
                "side_effects": side_effects,
            },
            timeout_s=self._call_timeout_s,
        )
        result: dict[str, Any] = await call.value()
        return result

    async def publish(
        self,
        pipe_id: str,
        endpoint: str,
        *,
        since: str | None = None,
        limit: int | None = None,
        parameters: Mapping[str, str] | None = None,
        form: str = JSON,
    ) -> Published:
        """Pull entities through a pipe with an endpoint sink; `parameters` are `_B` in DTL."""
        facts = self._pumps.known(pipe_id)
        any_endpoint = endpoint == "entities" and facts.is_endpoint
        if not any_endpoint and facts.sink_type != ENDPOINTS.get(endpoint):
            raise NotFoundError(f'the pipe "{pipe_id}" does not publish {endpoint}')
        self._pumps.runnable(pipe_id)
        pipe = self._configuration.active.effective(pipe_id)
        headers: dict[str, str] = {}
        if endpoint == "entities":
            # Before reading begins: what comes in meanwhile may be read, but is not promised.
            as_stored = pipe["source"].get("type") == "dataset" and not pipe.get("transform")
            filtered = not as_stored or pipe["source"].get("subset") is not None
            headers = self._datasets.headers_of(facts.sources, filtered=filtered)
        call = self._executor.call(
            "publish",
            {
                "definition": self._pumps.definition(pipe_id),
                "since": since,
                "limit": limit,
                "parameters": dict(parameters or {}),
                "endpoint": endpoint,
                "form": form,
            },
            timeout_s=self._publish_timeout_s,
        )
        sink = pipe["sink"]
        # Who saves a workbook wants a name that a program opens.
        filename = sink.get("filename") or (f"{pipe_id}.xlsx" if endpoint == "excel" else None)
        return Published(
            form if endpoint == "entities" else _content_type(endpoint, sink),
            filename,
            sink.get("content_disposition") or "attachment",
            call.chunks(),
            headers,
        )

    async def receive(
        self,
        pipe_id: str,
        body: bytes,
        *,
        push: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        form: str = JSON,
        resources: Sequence[str] = (),
        path: str = "entities",
    ) -> dict[str, Any]:
        """Take posted entities into a pipe; they are on disk when this returns.

        N-Triples come with the `resources` that they are about. `path` is what was posted to.
        """
        facts = self._pumps.known(pipe_id)
        if facts.source_type != "http_endpoint":
            raise NotFoundError(f'the pipe "{pipe_id}" has no http_endpoint source to post to')
        self._pumps.runnable(pipe_id)
        call = self._executor.call(
            RECEIVE,
            {
                "definition": self._pumps.definition(pipe_id),
                "body": body,
                "form": form,
                "push": dict(push),
                "headers": dict(headers or {}),
                "url": f"/api/receivers/{pipe_id}/{path}",
                "resources": list(resources),
            },
            timeout_s=self._call_timeout_s,
        )
        result: dict[str, Any] = await call.value()
        if facts.sink is not None:
            self._pumps.driver.handle(Changed(frozenset([facts.sink])))
        return result or {}


def _part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = config.get(name)
    return part if type(part) is dict else {}


def _content_type(endpoint: str, sink: Mapping[str, Any]) -> str:
    if endpoint == "csv":
        return f"text/csv; charset={sink.get('encoding') or 'utf-8'}"
    return CONTENT_TYPES[endpoint]
