"""What those services share that have interactive workers evaluate rules for people.

They know which pipes an answer is about; the workers do what may take long, and are ended after a
time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sesam_node.hub.configuration import Configuration
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store import Store


class InteractiveService:
    """The base of services that ask interactive workers; each may take `timeout_s`."""

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        pumps: Pumps,
        executor: Executor,
        *,
        timeout_s: float,
    ) -> None:
        self._store = store
        self._configuration = configuration
        self._pumps = pumps
        self._executor = executor
        self._timeout_s = timeout_s

    def _definition(self, pipe_id: str) -> PipeDefinition:
        """The definition of a pipe that can run. Raises NotFoundError, ConfigError."""
        self._pumps.runnable(pipe_id)
        return self._pumps.definition(pipe_id)

    async def _work(self, operation: str, **payload: Any) -> Any:
        """What a worker makes of an operation, named "module:function"."""
        call = self._executor.call(operation, payload, timeout_s=self._timeout_s)
        return await call.value()
