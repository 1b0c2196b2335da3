"""What the API asks of a single pipe: read what it publishes or would make, try a draft.

All of it runs the transforms, so it runs in workers. Streams are made as they are read, with
constant memory; errors before the first entity are raised before the first chunk.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import Runtime
from sesam_node.errors import DtlError, InputError, SesamError
from sesam_node.errors import preview as shown
from sesam_node.model import content, decode, encode
from sesam_node.model.entity import with_header
from sesam_node.model.formats import JSON, in_pages, write_entities
from sesam_node.model.stream import check_entities
from sesam_node.pipes import offsets
from sesam_node.pipes.batch import Batch, must_be_named
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.evaluate import EntityError, Evaluator, source_entity
from sesam_node.pipes.log_reader import LogReader
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.past import past_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Offset
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store

STAGES = ("source", "before-transforms", "after-transforms", "sink")
PREVIEW_LIMIT = 10
SIDE_EFFECTS = ("refuse", "skip", "run")
"""What a preview does with transforms that have side effects."""


def publish(
    definition: PipeDefinition,
    store: Store,
    *,
    since: str | None = None,
    limit: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    endpoint: str = "",
    form: str = JSON,
) -> Iterator[bytes]:
    """What an endpoint pipe publishes: entities in a format, a CSV file or an XML document.

    `since` is an offset of the source as text, exclusive; `limit` counts entities; `parameters`
    are `_B` in DTL. `endpoint` is what was asked for ("entities", "csv", "xml"): entities may
    be had of every endpoint, in each of the formats. Raises InputError, ConfigError, EntityError.
    """
    pipe = build_pipe(definition, store)
    sink: Any = pipe.sink
    if not sink.is_endpoint:
        raise InputError(f'pipe "{pipe.id}" has no endpoint; it writes to a {_sink_type(pipe)}')
    if endpoint not in ("", "entities", sink.format):
        raise InputError(f'pipe "{pipe.id}" publishes {sink.format}, not {endpoint}')
    entities = _entities(pipe, "sink", since, limit, parameters)
    if sink.format == "entities" or endpoint == "entities":
        return closing(pipe, write_entities(in_pages(map(_wire_bytes, entities)), form))
    return closing(pipe, sink.chunks(map(_wire_value, entities)))


def pipe_entities(
    definition: PipeDefinition,
    store: Store,
    *,
    stage: str = "sink",
    since: str | None = None,
    limit: int | None = None,
    form: str = JSON,
    as_of: str | None = None,
) -> Iterator[bytes]:
    """What a pipe would produce, computed now, as the chunks of a format.

    With `as_of` what it would have produced then, of the datasets as they were.

    `stage` is where along the pipe: "source", "before-transforms" (with namespaces),
    "after-transforms", "sink". Of a receiver it is what is in its dataset. Raises InputError,
    ConfigError, EntityError.
    """
    if stage not in STAGES:
        stages = ", ".join(STAGES)
        raise InputError(f'expected "stage" to be one of {stages}, got {shown(stage)}')
    pipe = build_pipe(definition, past_of(definition, store, as_of))
    entities = _entities(pipe, stage, since, limit, None)
    return closing(pipe, write_entities(in_pages(map(_wire_bytes, entities)), form))


def _sink_type(pipe: Pipe) -> str:
    return str((pipe.definition.pipe.get("sink") or {"type": "dataset"}).get("type"))


def closing(pipe: Pipe, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks; the pipe is closed behind them."""
    # The first chunk is made at once, so that what is wrong with the pipe is raised here.
    try:
        first = next(chunks)
    except BaseException:
        pipe.close()
        raise

    def rest() -> Iterator[bytes]:
        try:
            yield first
            yield from chunks
        finally:
            pipe.close()

    return rest()


def _entities(
    pipe: Pipe,
    stage: str,
    since: str | None,
    limit: int | None,
    parameters: Mapping[str, Any] | None,
) -> Iterator[bytes | Entity]:
    start = source_offset(pipe, since)
    items = _wire_entities(pipe, stage, start, parameters)
    return items if limit is None else islice(items, max(0, limit))


def source_offset(pipe: Pipe, text: str | None) -> Offset:
    """The offset of the pipe's source that a text means. Raises InputError."""
    union = type(pipe.definition.pipe["source"].get("datasets")) is list
    return offsets.check_offset(offsets.parse_last_seen(text), pipe.source.datasets, union=union)


def evaluated(
    pipe: Pipe, stage: str, since: Offset, parameters: Mapping[str, Any] | None
) -> Iterator[tuple[Batch, Iterator[tuple[int, list[Entity]]] | None]]:
    """Each batch of the source and what becomes of it: (position in the batch, entities).

    Null stands for versions that come out as they are stored.
    """
    evaluator = evaluator_of(pipe, stage, parameters)
    if getattr(pipe.source, "is_receiver", False):
        # What came in is not kept but for what was made of it.
        evaluator.run = None
        batches = _received(pipe, since)
    else:
        stored = pipe.stored_source
        if stored is not None:
            stored.prepare()
        batches = pipe.source.read(since)
    for batch in batches:
        evaluator.forget()
        as_stored = evaluator.run is None and batch.entities is None
        yield batch, None if as_stored else iter(evaluator.emitted(batch))


def _wire_entities(
    pipe: Pipe, stage: str, since: Offset, parameters: Mapping[str, Any] | None
) -> Iterator[bytes | Entity]:
    """Entities as they go out: the bytes of stored ones, the others in the order of their rules."""
    for batch, outcome in evaluated(pipe, stage, since, parameters):
        if outcome is None:
            for version in batch.versions or ():
                yield with_header(
                    version.body,
                    version.seq,
                    version.previous,
                    version.ts,
                    version.hash,
                    deleted=version.deleted,
                )
            continue
        for position, emitted in outcome:
            for entity in emitted:
                if "_filtered" not in entity:
                    wire = dict(content(entity))
                    wire["_deleted"] = entity.get("_deleted") is True
                    if batch.offset_of is not None:
                        wire["_updated"] = batch.offset_of(position)
                    yield wire


def _wire_bytes(item: bytes | Entity) -> bytes:
    return item if isinstance(item, bytes) else encode(item)


def _wire_value(item: bytes | Entity) -> Entity:
    return decode(item) if isinstance(item, bytes) else item


def evaluator_of(
    pipe: Pipe, stage: str = "sink", parameters: Mapping[str, Any] | None = None
) -> Evaluator:
    pipe.ensure_lookups()
    lookup = StoreLookup(pipe.context)
    given = dict(parameters or {})
    runtime = Runtime(lookup=lookup, parameters=given, secrets=pipe.definition.secrets)
    return Evaluator(pipe, lookup, runtime, stage)


def preview(
    definition: PipeDefinition,
    store: Store,
    *,
    pipe: dict[str, Any] | None = None,
    entities: list[Any] | None = None,
    limit: int = PREVIEW_LIMIT,
    as_of: str | None = None,
    side_effects: str = "refuse",
) -> dict[str, Any]:
    """What a pipe, or a draft of it, makes of some entities. Nothing is written.

    `entities` are given, or the first `limit` of the source; of a receiver those of its sink.
    With `as_of` these and what they are looked up in are as they were then. Each
    of `results` has `source`, `emitted`, `filtered`, `discarded` (nothing came out) and `error`.
    Where transforms with side effects are to be skipped, `skipped` has their positions and types.
    Raises ConfigError or DtlError where the pipe cannot be built.
    """
    if pipe is not None:
        definition = replace(definition, pipe={**pipe, "_id": definition.pipe_id})
    built = build_pipe(definition, past_of(definition, store, as_of))
    try:
        told = _without_side_effects(built, side_effects)
        evaluator = evaluator_of(built)
        results: list[dict[str, Any]] = []
        for batch in _sample(built, entities, limit):
            for position in range(batch.size):
                results.append(previewed(evaluator, batch, position))
                if len(results) >= limit and entities is None:
                    return {"results": results, **told}
        return {"results": results, **told}
    finally:
        built.close()


def _without_side_effects(pipe: Pipe, wanted: str) -> dict[str, Any]:
    """Takes transforms with side effects out of a pipe where that is wanted, and says which."""
    acting = [i for i, t in enumerate(pipe.transforms) if getattr(t, "side_effects", False)]
    if not acting or wanted == "run":
        return {}
    if wanted != "skip":
        raise InputError("a transform with side effects cannot be previewed")
    given = pipe.definition.pipe["transform"]
    configs = given if type(given) is list else [given]
    pipe.transforms = [t for i, t in enumerate(pipe.transforms) if i not in acting]
    return {"skipped": [{"position": i, "type": configs[i].get("type")} for i in acting]}


def _sample(pipe: Pipe, entities: list[Any] | None, limit: int) -> Iterator[Batch]:
    if entities is not None:
        given = check_entities(decode(encode(entities)), named=must_be_named(pipe.context))
        yield Batch(decode(encode(given)), None, None)
        return
    if getattr(pipe.source, "is_receiver", False):
        yield from _received(pipe, None)
        return
    stored = pipe.stored_source
    if stored is not None:
        stored.prepare()
    if limit > 0:
        yield from pipe.source.read(None)


def _received(pipe: Pipe, since: Offset) -> Iterator[Batch]:
    """What a receiver has brought: the versions in its sink dataset."""
    if since is not None and type(since) is not int:
        raise InputError(f'expected "since" to be an offset of its dataset, got {shown(since)}')
    dataset = pipe.context.dataset(pipe.sink.dataset or "")
    if dataset is not None:
        for versions in LogReader(dataset).read(since):
            yield Batch(None, versions, None, None, dataset)


def previewed(evaluator: Evaluator, batch: Batch, position: int) -> dict[str, Any]:
    """What the transforms make of one source entity: a result of `preview`."""
    one = Batch(
        None if batch.entities is None else batch.entities[position : position + 1],
        None if batch.versions is None else batch.versions[position : position + 1],
        None,
        None,
        batch.dataset,
    )
    result: dict[str, Any] = {
        "source": source_entity(one, 0),
        "emitted": [],
        "filtered": False,
        "discarded": False,
        "error": None,
    }
    with evaluator.exchanges.those_of(result["source"]) as exchanges:
        if exchanges is not None:
            result["trace"] = exchanges
        try:
            emitted: list[Entity] = [item for _, out in evaluator.emitted(one) for item in out]
        except EntityError as error:
            result["error"] = error_data(error.cause)
            return result
    result["filtered"] = any("_filtered" in item for item in emitted)
    result["emitted"] = [
        decode(encode(content(item))) for item in emitted if "_filtered" not in item
    ]
    result["discarded"] = not emitted
    return result


def error_data(error: Exception) -> dict[str, Any]:
    """An error as data: message and problems, each with its JSON path."""
    if not isinstance(error, SesamError):
        return {"message": f"{type(error).__name__}: {error}", "type": "bug", "problems": []}
    return {
        "message": error.message,
        "type": "dtl" if isinstance(error, DtlError) else "pipe",
        "problems": [
            {
                "path": problem.path,
                "code": problem.code,
                "message": problem.message,
                "hint": problem.hint,
                "level": problem.level,
            }
            for problem in error.problems
        ],
    }
