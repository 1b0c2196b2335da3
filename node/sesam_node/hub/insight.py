"""Why data is as it is, and what would change: answers for people about the pipes they have.

All of it evaluates rules, so all of it is done in interactive workers, with limits of time and
memory; here the pipes are chosen that an answer is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sesam_node.hub.configuration import Configuration
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.scheduling.executor import Executor

WHY = "sesam_node.pipes.why:explain_entity"
WHY_TEXT = "sesam_node.pipes.why:explained_text"


class Insight:
    """The service behind `why`."""

    def __init__(
        self,
        configuration: Configuration,
        pumps: Pumps,
        executor: Executor,
        *,
        timeout_s: float,
    ) -> None:
        self._configuration = configuration
        self._pumps = pumps
        self._executor = executor
        self._timeout_s = timeout_s

    async def why(
        self, dataset: str, entity_id: str, name: str | None, depth: int, *, text: bool = False
    ) -> Any:
        """Why an entity, or one property of it, is as it is: data, or a text for people.

        Raises NotFoundError, InputError.
        """
        payload = {
            "dataset": dataset,
            "entity_id": entity_id,
            "name": name,
            "depth": depth,
            "writers": self._upstream(dataset, depth),
        }
        return await self._work(WHY_TEXT if text else WHY, payload)

    async def _work(self, operation: str, payload: dict[str, Any]) -> Any:
        call = self._executor.call(operation, payload, timeout_s=self._timeout_s)
        return await call.value()

    def _upstream(self, dataset: str, depth: int) -> dict[str, list[PipeDefinition]]:
        """The pipes that write a dataset, and those that write what these read, so deep."""
        writers = self._writers()
        found: dict[str, list[PipeDefinition]] = {}
        waiting = {dataset}
        for _ in range(depth + 1):
            following: set[str] = set()
            for name in waiting - found.keys():
                pipes = writers.get(name, [])
                found[name] = [self._pumps.definition(pipe) for pipe in pipes]
                for pipe in pipes:
                    following |= self._configuration.active.facts[pipe].reads
            waiting = following
        return found

    def _writers(self) -> dict[str, list[str]]:
        """The pipes that write each dataset, those with a valid configuration."""
        active = self._configuration.active
        found: dict[str, list[str]] = {}
        for pipe, facts in active.facts.items():
            if facts.sink is not None and pipe not in active.invalid:
                found.setdefault(facts.sink, []).append(pipe)
        return found
