"""Why data is as it is, and what would change: answers for people about the pipes they have.

All of it evaluates rules, so all of it is done in interactive workers, with limits of time and
memory; here the pipes are chosen that an answer is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.hub.diffs import Diffs
from sesam_node.hub.drafts import draft_definition
from sesam_node.hub.interactive import InteractiveService

if TYPE_CHECKING:
    from sesam_node.hub.configuration import Configuration
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.scheduling.executor import Executor
    from sesam_node.store import Store

WHY = "sesam_node.pipes.why:explain_entity"
DIFF = "sesam_node.pipes.diff:diff_sample"
REFERENCES = "sesam_node.pipes.references:references"
WHY_TEXT = "sesam_node.pipes.why:explained_text"


class Insight(InteractiveService):
    """The service behind `why` and `diff`."""

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        pumps: Pumps,
        executor: Executor,
        *,
        timeout_s: float,
        job_timeout_s: float,
    ) -> None:
        super().__init__(store, configuration, pumps, executor, timeout_s=timeout_s)
        self.diffs = Diffs(store, executor, timeout_s=job_timeout_s)

    async def why(
        self, dataset: str, entity_id: str, name: str | None, depth: int, *, text: bool = False
    ) -> Any:
        """Why an entity, or one property of it, is as it is: data, or a text for people.

        Raises NotFoundError, InputError.
        """
        return await self._work(
            WHY_TEXT if text else WHY,
            dataset=dataset,
            entity_id=entity_id,
            name=name,
            depth=depth,
            writers=self._upstream(dataset, depth),
        )

    def hopping(self, dataset: str) -> list[str]:
        """The pipes whose rules look into a dataset, those with a valid configuration."""
        active = self._configuration.active
        found = (pipe for pipe, facts in active.facts.items() if dataset in facts.hops)
        return sorted(pipe for pipe in found if pipe not in active.invalid)

    async def references(self, pipe_id: str, dataset: str, entity_id: str) -> dict[str, Any]:
        """The source entities of a pipe that look an entity up. Raises NotFoundError."""
        definition = self._definition(pipe_id)
        found: dict[str, Any] = await self._work(
            REFERENCES, definition=definition, dataset=dataset, entity_id=entity_id
        )
        return found

    async def diff(self, pipe_id: str, config: dict[str, Any] | None, limit: int) -> dict[str, Any]:
        """What a draft of a pipe, or the pipe itself, would change, over a sample of its source.

        Raises NotFoundError, ConfigError, InputError.
        """
        definition = await self._draft(pipe_id, config)
        found: dict[str, Any] = await self._work(DIFF, definition=definition, limit=limit)
        return found

    async def diff_all(self, pipe_id: str, config: dict[str, Any] | None) -> dict[str, Any]:
        """The same over all of the source: begins a job. Raises ConflictError too."""
        return self.diffs.begin(await self._draft(pipe_id, config)).to_json()

    async def _draft(self, pipe_id: str, config: dict[str, Any] | None) -> PipeDefinition:
        """The definition of a draft, or of the pipe as it is where there is none."""
        if config is None:
            return self._definition(pipe_id)
        self._pumps.known(pipe_id)
        return await draft_definition(
            pipe_id, config, self._configuration, self._pumps, self._executor
        )

    def _upstream(self, dataset: str, depth: int) -> dict[str, list[PipeDefinition]]:
        """The pipes that write a dataset, and those that write what these read, so deep."""
        writers = self._writers()
        found: dict[str, list[PipeDefinition]] = {}
        waiting = {dataset}
        # As far as there are pipes, however deep was asked.
        while depth >= 0 and (waiting := waiting - found.keys()):
            depth -= 1
            following: set[str] = set()
            for name in waiting:
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
