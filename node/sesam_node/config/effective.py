"""The effective form of a component: what was written, decided, with what it leaves out put in.

It stays close to the original. Only what clients and the rest of the node ask for is written out:
the sink and its dataset, when the pump runs, and the namespaces of pipes that have any. Defaults of
options stay out; `ComponentSpec.complete` puts them in where a component is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.config.document import METADATA_TYPE, NODE
from sesam_node.config.properties import (
    DATASET_TO_DATASET_S,
    MANUAL,
    OTHER_INTERVAL_S,
    SCHEDULED,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.config.options import ComponentSpec

    Specs = Mapping[tuple[str, str], ComponentSpec]


def effective_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """The node's metadata; where none was written, one without properties."""
    return dict(metadata) if metadata else {"_id": NODE, "type": METADATA_TYPE}


def effective_pipe(
    pipe: Mapping[str, Any], metadata: Mapping[str, Any], specs: Specs
) -> dict[str, Any]:
    """A pipe in force with its sink, pump and namespaces written out.

    `pipe` is already decided (`conditions.resolve_pipe`). Parts that are wrong stay as they are.
    """
    out = dict(pipe)
    source, sink = spec_of("source", out.get("source"), specs), None
    if out.get("sink") is None:
        out["sink"] = {"type": "dataset", "dataset": out.get("_id")}
    sink = spec_of("sink", out["sink"], specs)
    if sink is not None and sink.writes and out["sink"].get("dataset") is None:
        out["sink"] = {**out["sink"], "dataset": out.get("_id")}
    out = with_expanded(out, specs)
    out["pump"] = _pump(out.get("pump"), source, sink)
    _put_namespaces(out, metadata, source, sink)
    return out


def with_expanded(pipe: dict[str, Any], specs: Specs) -> dict[str, Any]:
    """A pipe in force in which transforms that stand for several are replaced by those.

    One that is wrong stays as it is.
    """
    several: list[Any] = []
    changed = False
    for _, item in transforms_of(pipe):
        spec = spec_of("transform", item, specs)
        chain = None if spec is None else spec.expanded(item)
        if chain is None:
            several.append(item)
        else:
            several += [made for _, made in chain]
            changed = True
    return {**pipe, "transform": several} if changed else pipe


def spec_of(kind: str, component: Any, specs: Specs) -> ComponentSpec | None:
    """The spec of a component in force; null where its type is missing or unknown."""
    if type(component) is not dict or type(component.get("type")) is not str:
        return None
    return specs.get((kind, component["type"].removeprefix("system:")))


def parts_of(pipe: Mapping[str, Any]) -> list[tuple[str, tuple[str | int, ...], Any]]:
    """The source, transforms and sink of a pipe: (kind, path, part)."""
    found: list[tuple[str, tuple[str | int, ...], Any]] = []
    if "source" in pipe:
        found.append(("source", ("source",), pipe["source"]))
    found += [("transform", path, part) for path, part in transforms_of(pipe)]
    if pipe.get("sink") is not None:
        found.append(("sink", ("sink",), pipe["sink"]))
    return found


def transforms_of(pipe: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], Any]]:
    """The transforms of a pipe in force, in order, each with its path."""
    transform = pipe.get("transform")
    if transform is None:
        return []
    if type(transform) is list:
        return [(("transform", i), item) for i, item in enumerate(transform)]
    return [(("transform",), transform)]


def datasets_read(source: Mapping[str, Any], spec: ComponentSpec) -> list[tuple[Any, str]]:
    """The datasets a source reads: (key or position of the option, dataset id)."""
    value = source.get(spec.reads) if spec.reads else None
    if type(value) is str:
        return [(spec.reads, value)]
    if type(value) is list:
        return [
            (i, item.split()[0])
            for i, item in enumerate(value)
            if type(item) is str and item.strip()
        ]
    return []


def _pump(pump: Any, source: ComponentSpec | None, sink: ComponentSpec | None) -> Any:
    if pump is not None and type(pump) is not dict:
        return pump
    out = dict(pump or {})
    waits = any(spec is not None and not spec.scheduled for spec in (source, sink))
    if out.get("mode") is None:
        out["mode"] = MANUAL if waits else SCHEDULED
    has_time = out.get("schedule_interval") is not None or out.get("cron_expression") is not None
    if not waits and not has_time:
        internal = source is not None and source.reads and sink is not None and sink.writes
        out["schedule_interval"] = DATASET_TO_DATASET_S if internal else OTHER_INTERVAL_S
    return out


def _put_namespaces(
    pipe: dict[str, Any],
    metadata: Mapping[str, Any],
    source: ComponentSpec | None,
    sink: ComponentSpec | None,
) -> None:
    on = pipe.get("namespaced_identifiers")
    if on is None:
        on = metadata.get("namespaced_identifiers") is True
    if on is not True and True not in (pipe.get("add_namespaces"), pipe.get("remove_namespaces")):
        return
    pipe["namespaced_identifiers"] = on
    given = pipe.get("namespaces")
    if given is None or type(given) is dict:
        names = {"identity": pipe.get("_id"), "property": pipe.get("_id")}
        names.update({key: value for key, value in (given or {}).items() if value is not None})
        pipe["namespaces"] = names
    for key, spec in (("add_namespaces", source), ("remove_namespaces", sink)):
        if pipe.get(key) is None:
            pipe[key] = bool(on is True and spec is not None and spec.namespaces)
