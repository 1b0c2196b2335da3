"""Entity types: what has been observed of a dataset, or of a pipe's source, as a JSON schema.

The schema fits the entities as they are sent: a datetime is a string that begins with `~t`. What
JSON Schema has no word for stands in keys with `x-`: how many entities have a property, when it was
first and last written, the type in the words of DTL. Manual: schema inference, schema models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import NotFoundError
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.observing import Observed, observe
from sesam_node.pipes.runs import time_text
from sesam_node.pipes.tallies import Tally, add, merged, new_tally

if TYPE_CHECKING:
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store

Told = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SECONDS = 5.0
TAGS = {
    "datetime": "~t",
    "date": "~t",
    "decimal": "~f",
    "uri": "~r",
    "ni": "~:",
    "uuid": "~u",
    "bytes": "~b",
}
PLAIN = {
    "null": "null",
    "boolean": "boolean",
    "integer": "integer",
    "float": "number",
    "string": "string",
    "list": "array",
    "tuple": "array",
    "dict": "object",
}


def dataset_type(store: Store, *, dataset: str) -> Told:
    """The entity type of a dataset. Raises NotFoundError."""
    return entity_type(f"dataset:{dataset}", [observe(store, dataset, seconds=SECONDS)])


def pipe_type(definition: PipeDefinition, store: Store, *, side: str) -> Told:
    """The entity type of a pipe's "source" or "sink".

    Raises NotFoundError where nothing is known: the pipe writes no dataset or has not run, or what
    comes in is not kept, as rules change it on the way.
    """
    pipe = build_pipe(definition, store)
    try:
        title = f"pipe:{pipe.id}:{side}"
        names = [pipe.sink.dataset or ""] if side == "sink" else source_datasets(pipe)
        if side == "source" and definition.pipe["source"].get("type") == "embedded":
            return entity_type(title, [embedded(pipe)])
        known = [name for name in names if store.exists(name)]
        if not known:
            raise NotFoundError(_unknown(pipe, side, names))
        share = SECONDS / len(known)
        return entity_type(title, [observe(store, name, seconds=share) for name in known])
    finally:
        pipe.close()


def source_datasets(pipe: Pipe) -> list[str]:
    """The datasets that hold what a pipe reads: of one that only fetches, its sink."""
    if pipe.source.datasets:
        return list(pipe.source.datasets)
    unchanged = not pipe.transforms and not pipe.add and not pipe.remove
    return [pipe.sink.dataset] if unchanged and pipe.sink.dataset else []


def embedded(pipe: Pipe) -> Observed:
    """What there is to observe of entities in a configuration."""
    tally = new_tally()
    for batch in pipe.source.read(None):
        for entity in batch.entities or ():
            add(tally, entity, 0)
    return Observed(tally=tally)


def _unknown(pipe: Pipe, side: str, names: list[str]) -> str:
    if side == "sink":
        reason = "it has not run yet" if pipe.sink.dataset else "it writes to no dataset"
    elif names:
        reason = "there are none of the datasets that it reads"
    else:
        reason = "what comes in is not kept, as it is transformed on the way"
    return f'no schema of the {side} of pipe "{pipe.id}" is known: {reason}'


# -- as JSON schema --------------------------------------------------------------------------------


def entity_type(title: str, observed: list[Observed]) -> Told:
    """The JSON schema of what was observed, together."""
    tally = merged(one.counts for one in observed)
    told: Told = {"$schema": DIALECT, "$id": title, **_object(tally)}
    told["x-entities"] = tally["seen"]
    told["x-complete"] = all(one.is_complete for one in observed)
    every = max(one.every for one in observed)
    if every > 1:
        told["x-sampled"] = f"1 of {every}"
    return told


def _object(tally: Tally) -> Told:
    told: Told = {"type": "object", "properties": {}}
    for name in sorted(tally["names"]):
        told["properties"][name] = _property(tally["names"][name])
    required = [name for name, found in tally["names"].items() if found["count"] >= tally["seen"]]
    if required:
        told["required"] = sorted(required)
    if tally.get("open"):
        told["x-more-properties"] = True
    return told


def _property(found: Tally) -> Told:
    told = _any_of([_typed(name, found) for name in sorted(found["types"])])
    told["x-count"] = found["count"]
    if found["last"]:
        told["x-first-seen"] = time_text(found["first"])
        told["x-last-seen"] = time_text(found["last"])
    if found["examples"]:
        told["examples"] = list(found["examples"])
    return told


def _typed(name: str, found: Tally) -> Told:
    """The schema of the values of one DTL type."""
    if name in TAGS:
        return {"type": "string", "pattern": f"^{TAGS[name]}", "x-type": name}
    if name == "dict":
        return _object(found["dicts"]) if "dicts" in found else {"type": "object"}
    told: Told = {"type": PLAIN[name]}
    if name == "list" and found["items"]:
        kinds = sorted(found["items"])
        told["items"] = _any_of(
            [{"type": "array"} if kind == "list" else _typed(kind, found) for kind in kinds]
        )
    return told


def _any_of(types: list[Told]) -> Told:
    return types[0] if len(types) == 1 else {"anyOf": types}
