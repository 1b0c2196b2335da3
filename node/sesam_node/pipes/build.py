"""From the effective configuration of a pipe to the pipe, by way of the registry of components."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sesam_node.config.effective import with_expanded
from sesam_node.config.options import complete
from sesam_node.config.properties import PUMP
from sesam_node.errors import ConfigError, preview
from sesam_node.pipes.batch import Context
from sesam_node.pipes.component import build, spec, specs
from sesam_node.pipes.pipe import Pipe

if TYPE_CHECKING:
    from sesam_node.pipes.batch import Transform
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store


def build_pipe(definition: PipeDefinition, store: Store | None = None) -> Pipe:
    """The pipe that a definition describes, reading and writing `store`.

    Without a store it can be asked what it reads, but not be run. Raises ConfigError, DtlError or
    NotBuiltError.
    """
    config = with_expanded(definition.pipe, specs())
    if config is not definition.pipe:
        definition = replace(definition, pipe=config)
    source_config = _component(config, "source")
    sink_config = config.get("sink") or {"type": "dataset"}
    namespaced = _flag(config, definition.metadata, "namespaced_identifiers")
    context = Context(definition, store, namespaced=namespaced)
    add = config.get("add_namespaces")
    if add is None:
        add = namespaced and spec("source", source_config["type"]).namespaces
    remove = config.get("remove_namespaces")
    if remove is None:
        remove = namespaced and spec("sink", sink_config["type"]).namespaces
    source = build("source", source_config, context)
    stored_as_is = source_config["type"] == "dataset" and not add
    context.source_dataset = source_config["dataset"] if stored_as_is else None
    own = config.get("namespaces") or {}
    return Pipe(
        definition,
        context,
        source,
        _transforms(config, context),
        build("sink", sink_config, context),
        add=bool(add),
        remove=bool(remove),
        identity=own.get("identity") or definition.pipe_id,
        property_=own.get("property") or definition.pipe_id,
        pump=complete(PUMP, config.get("pump") or {}),
    )


def _component(config: dict[str, Any], kind: str) -> dict[str, Any]:
    found = config.get(kind)
    if type(found) is not dict or type(found.get("type")) is not str:
        pipe_id = preview(config.get("_id"))
        raise ConfigError(f"pipe {pipe_id} has no {kind} with a type, got {preview(found)}")
    return found


def _flag(config: dict[str, Any], metadata: dict[str, Any], name: str) -> bool:
    value = config.get(name)
    return bool(metadata.get(name, False) if value is None else value)


def _transforms(config: dict[str, Any], context: Context) -> list[Transform]:
    given = config.get("transform") or []
    context.in_list = type(given) is list
    transforms = []
    for position, transform in enumerate(given if context.in_list else [given]):
        context.position = position
        if position:
            # What a later transform gets is no longer as it is stored.
            context.source_dataset = None
        transforms.append(build("transform", transform, context))
    return transforms
