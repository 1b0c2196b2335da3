"""Entities that are written straight into a dataset, past the pipe that fills it (reposts).

The pipe's execution log tells of it, and readers of the dataset are signalled.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sesam_node.config.properties import MAX_ENTITY_BYTES
from sesam_node.errors import ConflictError
from sesam_node.pipes.execution_log import write_event
from sesam_node.pipes.runs import now_text
from sesam_node.scheduling.scheduler import Changed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.hub.pumps import Pumps
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store import Store

REPOST = "sesam_node.pipes.repost:repost"
MAX_BYTES = "max_entity_bytes_size"


class Reposts:
    """Writes reposts, one at a time into each dataset."""

    def __init__(self, store: Store, pumps: Pumps, executor: Executor, *, timeout_s: float) -> None:
        self._store = store
        self._pumps = pumps
        self._executor = executor
        self._timeout_s = timeout_s
        self._locks: dict[str, asyncio.Lock] = {}

    async def write(
        self, dataset_id: str, body: bytes, *, form: str, force: bool, user: str
    ) -> dict[str, Any]:
        """Write the entities of a body into a dataset that is there.

        Raises InputError, and ConflictError for a dataset that only its pipe may write.
        """
        active = self._pumps.configuration.active
        pipes = [pipe for pipe, facts in active.facts.items() if facts.sink == dataset_id]
        sinks = [active.effective(pipe)["sink"] for pipe in pipes]
        self._check(dataset_id, sinks)
        async with self._locks.setdefault(dataset_id, asyncio.Lock()):
            call = self._executor.call(
                REPOST,
                {
                    "dataset": dataset_id,
                    "body": body,
                    "form": form,
                    "force": force,
                    "epoch": self._pumps.epoch,
                    "revision": self._pumps.configuration.active.revision,
                    "run": str(uuid4()),
                    "max_bytes": self._max_bytes(sinks),
                },
                timeout_s=self._timeout_s,
            )
            done: dict[str, Any] = await call.value()
        entities = done.pop("entities")
        for pipe in pipes:
            event = reposted(pipe, entities, user)
            await asyncio.to_thread(write_event, self._store, pipe, event)
        if done["changed"]:
            self._pumps.driver.handle(Changed(frozenset([dataset_id])))
        return done

    def _max_bytes(self, sinks: Sequence[dict[str, Any]]) -> int:
        """How large an entity may be: what the sinks say, else the node."""
        own = [size for sink in sinks if (size := sink.get(MAX_BYTES))]
        defaults = self._pumps.configuration.active.metadata.get("global_defaults") or {}
        return min(own, default=defaults.get(MAX_BYTES) or MAX_ENTITY_BYTES)

    def _check(self, dataset_id: str, sinks: Sequence[dict[str, Any]]) -> None:
        """Raise ConflictError for a dataset that nobody but its pipe may write."""
        if dataset_id.startswith("system:"):
            raise ConflictError(
                f'"{dataset_id}" is a dataset of the node itself; nothing can be posted to it'
            )
        if self._pumps.tripped(dataset_id):
            raise ConflictError(
                f'the circuit breaker of dataset "{dataset_id}" has tripped; nothing can be '
                "posted to it until what is held back is committed or rolled back"
            )
        if any(sink.get("type") == "replicated_dataset" for sink in sinks):
            raise ConflictError(
                f'the dataset "{dataset_id}" is a replica; post to the one it is a replica of'
            )


def reposted(pipe_id: str, entities: Sequence[dict[str, Any]], user: str) -> dict[str, Any]:
    """The event that tells of a repost (manual: pump execution dataset)."""
    event: dict[str, Any] = {
        "_id": "entities-reposted",
        "event_type": "entities-reposted",
        "event_time": now_text(),
        "pipe": pipe_id,
        "entities": list(entities),
        "num_entities": len(entities),
    }
    if user:
        event["user"] = {"user_id": user}
    return event
