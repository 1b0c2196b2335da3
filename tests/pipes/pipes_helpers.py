"""The verbs of the tests of pipes."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from sesam_node.dtl import compile_index
from sesam_node.model import content_hash, decode, encode
from sesam_node.pipes.operations import pipe_entities, preview, publish
from sesam_node.pipes.pump import run_pump
from sesam_node.pipes.receive import receive
from sesam_node.pipes.runs import PipeDefinition, RunRequest, RunResult
from sesam_node.store import Write, open_store


class Node:
    """Pipes by id over one store."""

    def __init__(self, url: str = "memory:") -> None:
        self.store = open_store(url, index_resolver=compile_index)
        self.pipes: dict[str, PipeDefinition] = {}
        self.runs = count()
        self.more: dict[str, Any] = {}

    def pipe(self, pipe_id: str, **config: Any) -> PipeDefinition:
        """Configures a pipe; `rules` stands for a dtl transform with that default rule."""
        rules = config.pop("rules", None)
        if rules is not None:
            named = rules if type(rules) is dict else {"default": rules}
            config["transform"] = {"type": "dtl", "rules": named}
        if type(config.get("source")) is str:
            config["source"] = {"type": "dataset", "dataset": config["source"]}
        definition = PipeDefinition({"_id": pipe_id, "type": "pipe", **config}, **self.more)
        self.pipes[pipe_id] = definition
        return definition

    def put(self, name: str, *entities: dict[str, Any]) -> None:
        """Writes entities to a dataset, as a pipe would."""
        writes = []
        for entity in entities:
            body = encode(decode(encode(entity)))
            deleted = entity.get("_deleted") is True
            writes.append(Write(entity["_id"], body, content_hash(body), deleted))
        self.store.dataset(name).write(writes)

    def run(self, pipe_id: str, kind: str = "auto", **more: Any) -> RunResult:
        """Runs a pipe that is to succeed."""
        result = self.try_run(pipe_id, kind, **more)
        assert result.success, result.traceback or result.error
        return result

    def try_run(self, pipe_id: str, kind: str = "auto", **more: Any) -> RunResult:
        calls = {name: more.pop(name) for name in ("report", "cancelled") if name in more}
        run_id = more.pop("run_id", f"run-{next(self.runs)}")
        request = RunRequest(run_id, self.pipes[pipe_id], kind=kind, **more)
        return run_pump(request, self.store, **calls)

    def live(self, name: str) -> dict[str, dict[str, Any]]:
        """The live entities of a dataset by id, without their `_id`."""
        return {
            version.entity_id: without_id(version.body)
            for version in self.versions(name, deleted=False)
        }

    def deleted(self, name: str) -> list[str]:
        return sorted(v.entity_id for v in self.versions(name) if v.deleted)

    def versions(self, name: str, **how: Any) -> list[Any]:
        if not self.store.exists(name):
            return []
        return self.store.dataset(name).changes(limit=100_000, **how)

    def log(self, name: str) -> list[str]:
        """Every version in log order: `id` or `-id` where deleted."""
        return [("-" if v.deleted else "") + v.entity_id for v in self.versions(name, history=True)]

    def state(self, pipe_id: str, key: str) -> Any:
        name = self.pipes[pipe_id].pipe.get("sink", {}).get("dataset", pipe_id)
        value = self.store.dataset(name).state(pipe_id).get(key)
        return None if value is None else decode(value)

    def events(self, pipe_id: str) -> list[dict[str, Any]]:
        return [
            decode(v.body) for v in self.versions(f"system:pump_execution:{pipe_id}", history=True)
        ]

    def receive(self, pipe_id: str, entities: Any, **push: Any) -> dict[str, Any]:
        body = entities if type(entities) is bytes else json.dumps(entities).encode()
        headers = push.pop("headers", None)
        parameters = {name: str(value) for name, value in push.items()}
        return receive(self.pipes[pipe_id], self.store, body, push=parameters, headers=headers)

    def entities(self, pipe_id: str, **how: Any) -> list[dict[str, Any]]:
        return json.loads(b"".join(pipe_entities(self.pipes[pipe_id], self.store, **how)))

    def published(self, pipe_id: str, **how: Any) -> bytes:
        return b"".join(publish(self.pipes[pipe_id], self.store, **how))

    def preview(self, pipe_id: str, **how: Any) -> list[dict[str, Any]]:
        return preview(self.pipes[pipe_id], self.store, **how)["results"]


def without_id(body: bytes) -> dict[str, Any]:
    entity = decode(body)
    del entity["_id"]
    return entity


def hop(dataset: str, *where: Any, give: str = "h") -> list[Any]:
    """A hop expression over one dataset, whose alias is `h`."""
    return ["hops", {"datasets": [f"{dataset} h"], "where": list(where), "return": give}]
