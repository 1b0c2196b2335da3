"""A pipe's configuration that is not saved, made ready to run over samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, Problem, preview
from sesam_node.hub.checking import OPERATION

if TYPE_CHECKING:
    from sesam_node.hub.checking import Outcome
    from sesam_node.hub.configuration import Configuration
    from sesam_node.hub.pumps import Pumps
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.scheduling.executor import Executor

CHECK_TIMEOUT_S = 60.0


async def draft_definition(
    pipe_id: str,
    config: dict[str, Any],
    configuration: Configuration,
    pumps: Pumps,
    executor: Executor,
) -> PipeDefinition:
    """The definition of a draft, beside the saved systems and metadata.

    Raises ConfigError with the problems of the draft alone.
    """
    active = configuration.active
    type_ = config.get("type", "pipe")
    if type_ != "pipe":
        message = f"expected the configuration of a pipe, got one of type {preview(type_)}"
        raise ConfigError("the draft has errors", [Problem("$.type", "wrong-type", message)])
    draft = {"type": "pipe", **config, "_id": pipe_id}
    others = [*active.document.systems.values()]
    if active.document.metadata is not None:
        others.append(active.document.metadata)
    call = executor.call(
        OPERATION,
        {"components": [*others, draft], "env": dict(active.env), "known_secrets": None},
        timeout_s=CHECK_TIMEOUT_S,
    )
    outcome: Outcome = await call.value()
    problems = outcome.checked.of(pipe_id)
    if any(problem.level == "error" for problem in problems):
        raise ConfigError("the draft has errors", problems)
    systems = {
        name: active.effective(name)
        for name in sorted(outcome.facts[pipe_id].systems)
        if name in active.document.systems
    }
    named = outcome.facts[pipe_id].secrets
    return pumps.with_systems(outcome.checked.effective[pipe_id], systems, named)
