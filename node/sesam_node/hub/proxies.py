"""Requests that are passed on to systems: by a worker, as all that reaches out of the node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.model import decode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from sesam_node.hub.pumps import Pumps
    from sesam_node.scheduling.executor import Executor

PROXY = "sesam_node.pipes.proxy:proxy"


@dataclass(frozen=True, slots=True)
class Proxied:
    """The answer of a system."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class Proxies:
    """The service behind `/api/systems/{id}/proxy`."""

    def __init__(self, pumps: Pumps, executor: Executor, *, timeout_s: float) -> None:
        self._pumps = pumps
        self._executor = executor
        self._timeout_s = timeout_s

    async def request(self, system_id: str, method: str, path: str, **given: Any) -> Proxied:
        """Pass on a request; `given` are `query`, `headers` and `body` (see `pipes.proxy`).

        Raises NotFoundError, ConfigError, InputError, and RequestError where no answer comes.
        """
        definition = self._pumps.of_system(system_id)
        call = self._executor.call(
            PROXY,
            {
                "definition": definition,
                "system_id": system_id,
                "method": method,
                "path": path,
                **given,
            },
            timeout_s=self._timeout_s,
        )
        chunks = call.chunks()
        head = decode(await anext(chunks))
        return Proxied(head["status"], head["headers"], chunks)
