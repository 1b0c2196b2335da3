"""Rules over sample entities, for somebody who writes them: preview, trace, schema, completion.

Everything here runs in a worker and writes nothing, but for the indexes that look-ups need, which
are made as for the pipe itself. The rules may be those of a pipe or come with the request. A sample
is bounded by a number of entities and by time.
"""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import Runtime
from sesam_node.dtl.complete import complete, hover
from sesam_node.dtl.explain import explain, explain_text
from sesam_node.dtl.format import format_text
from sesam_node.dtl.masking import decrypts, without_keys
from sesam_node.dtl.record import record
from sesam_node.dtl.source_text import SourceText, read_source
from sesam_node.errors import DtlError, InputError, Problem, preview
from sesam_node.model import content, encode
from sesam_node.model.namespaces import remove_namespaces
from sesam_node.pipes.batch import Context
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.evaluate import Evaluator, source_entity, with_source_header
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.operations import error_data, previewed
from sesam_node.pipes.overlay import World
from sesam_node.pipes.rule_context import rule_context
from sesam_node.pipes.rule_texts import is_later, place_at, placed, problems_in, rule_sets
from sesam_node.pipes.samples import Kept, Sample, Wanted
from sesam_node.pipes.source_schema import schemas_named, source_schema
from sesam_node.pipes.transforms.dtl import DtlTransform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.dtl import RuleContext
    from sesam_node.dtl.schema import Schema
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store

LEAST_WIDTH, MOST_WIDTH = 20, 1_000
EVENTS = 200_000
"""How many events a trace may have: it is sent as one answer."""

PREVIEW_BYTES = 50_000_000
"""How large the results of a preview may be; no further entity is run then."""

HERE = World()
"""The datasets as they are."""

NO_ENV: Mapping[str, Any] = MappingProxyType({})
TRANSFORM = re.compile(r"\$\.transform(\[\d+\])?\.rules")


def with_rules(
    definition: PipeDefinition, rules: Any, position: int | None = None
) -> PipeDefinition:
    """The pipe with these rules in place of its transforms; its own where they are null.

    Of a list of transforms they take the place of the one at a position, where one is given.
    """
    if rules is None:
        return definition
    given = definition.pipe.get("transform")
    if position is not None and type(given) is list and 0 <= position < len(given):
        own = given[position]
        if type(own) is dict and own.get("type") == "dtl":
            made = [*given[:position], {**own, "rules": rules}, *given[position + 1 :]]
            return replace(definition, pipe={**definition.pipe, "transform": made})
    return replace(
        definition, pipe={**definition.pipe, "transform": {"type": "dtl", "rules": rules}}
    )


def built(
    definition: PipeDefinition,
    store: Store,
    rules: Any,
    world: World = HERE,
    position: int | None = None,
) -> Pipe:
    """The pipe to run. Raises DtlError with paths from the request: `$.rules.default[0]`."""
    try:
        pipe = build_pipe(with_rules(definition, rules, position), world.of(definition, store))
    except DtlError as error:
        raise error if rules is None else DtlError(error.message, asked(error.problems)) from None
    for transform in pipe.transforms:
        if getattr(transform, "side_effects", False):
            pipe.close()
            raise InputError("a transform with side effects cannot be previewed")
    return pipe


def asked(problems: Any) -> list[Problem]:
    """Problems of rules of a request, with the paths they have there."""
    return [replace(problem, path=request_path(problem.path), component="") for problem in problems]


def request_path(path: str) -> str:
    start = TRANSFORM.match(path)
    return path if start is None else f"$.rules{path[start.end() :]}"


def preview_rules(
    definition: PipeDefinition,
    store: Store,
    *,
    rules: Any = None,
    wanted: Wanted,
    world: World = HERE,
) -> dict[str, Any]:
    """What rules make of some source entities: `results` as those of a pipe's preview.

    An entity that fails has an `error`; the others go on. What rules decrypt is hidden. Raises
    DtlError where the rules do not compile.
    """
    pipe = built(definition, store, rules, world)
    try:
        return results_of(pipe, Sample(pipe, wanted), rules)
    finally:
        pipe.close()


def results_of(pipe: Pipe, sample: Sample | Kept, rules: Any) -> dict[str, Any]:
    """The `results` of a preview; `rules` are those of the request, null for the pipe's own."""
    if any(decrypts(getattr(transform, "rules", None)) for transform in pipe.transforms):
        found = _hiding(pipe, sample)
    else:
        pipe.ensure_lookups()
        lookup = StoreLookup(pipe.context)
        evaluator = Evaluator(pipe, lookup, runtime_of(pipe, lookup))
        found = _previewed(evaluator, sample)
    for result in found["results"]:
        _with_request_paths(result["error"], rules)
    return found


def _previewed(evaluator: Evaluator, sample: Sample | Kept) -> dict[str, Any]:
    """The results of the sample, until there is too much to send."""
    results: list[dict[str, Any]] = []
    room = PREVIEW_BYTES
    for one in sample:
        if room <= 0:
            return {"results": results, **sample.told(), "stopped": "size"}
        results.append(previewed(evaluator, one, 0))
        room -= len(encode(results[-1]))
    return {"results": results, **sample.told()}


def _hiding(pipe: Pipe, sample: Sample | Kept) -> dict[str, Any]:
    """The preview of rules that decrypt: recorded, so that it is known what came of secrets."""
    if len(pipe.transforms) > 1:
        raise InputError("of rules that decrypt only one transform can be previewed")
    tracing = Tracing(pipe, sample, 0)
    document = tracing.record("full")
    values = document["values"]
    results = []
    for entity in document["entities"]:
        source = values[entity["source"]]
        out = [values[number] for number in entity["results"]]
        shown = [remove_namespaces(item) if pipe.remove else item for item in out]
        results.append(
            {
                "source": source,
                "emitted": [content(item) for item in shown if "_filtered" not in item],
                "filtered": any("_filtered" in item for item in out),
                "discarded": not out and entity["error"] is None,
                "error": _recorded_error(source, entity["error"]),
            }
        )
    return {"results": results, **tracing.told()}


def _recorded_error(source: Entity, error: dict[str, str] | None) -> dict[str, Any] | None:
    """An error of a trace as that of a preview."""
    if error is None:
        return None
    problem = Problem(error["path"], error["code"], error["message"])
    where = f"the entity {preview(source['_id'])} failed at {problem.path}"
    return error_data(DtlError(f"{where}: {problem.message}", [problem]))


def _with_request_paths(error: dict[str, Any] | None, rules: Any) -> None:
    """Puts the paths of the request into the error of a result, where the rules came with it."""
    if error is not None and rules is not None:
        error["message"] = TRANSFORM.sub("$.rules", error["message"])
        for problem in error["problems"]:
            problem["path"] = request_path(problem["path"])


def runtime_of(pipe: Pipe, lookup: StoreLookup) -> Runtime:
    """What rules get while a sample of entities is shown to somebody."""
    return Runtime(lookup=lookup, sleep=_awake, secrets=pipe.definition.secrets)


def _awake(_seconds: float) -> None:
    """`sleep!` of a sample: nobody should wait for it."""


# -- traces -----------------------------------------------------------------------------------


class Tracing:
    """Records the transform of a pipe at a position, over a sample of the pipe's source."""

    def __init__(self, pipe: Pipe, sample: Sample | Kept, position: int | None) -> None:
        self.pipe = pipe
        self.sample = sample
        self.position = dtl_position(pipe, position)
        self.lookup = StoreLookup(pipe.context)
        self.runtime = runtime_of(pipe, self.lookup)
        self.skipped: list[dict[str, Any]] = []
        self.read_all = False
        self.current: Batch | None = None
        self.source_id = ""
        self.sources: list[str] = []

    def record(self, strength: str, path: tuple[str | int, ...] | None = None) -> dict[str, Any]:
        """The trace document; its paths lie below `path`, or are those of the pipe."""
        pipe = self.pipe
        pipe.ensure_lookups()
        transform: Any = pipe.transforms[self.position]
        return record(
            transform.rules,
            self.entities(transform),
            strength=strength,
            context=transform.context,
            runtime=self.runtime,
            path=path or transform.path,
            version_of=self.version,
            budget=EVENTS,
        )

    def entities(self, transform: DtlTransform) -> Iterator[Entity]:
        """What the transform gets: source entities as the steps before it give them."""
        for given in self.given(transform):
            for entity in given:
                self.sources.append(self.source_id)
                yield entity

    def given(self, transform: DtlTransform) -> Iterator[list[Entity]]:
        """What the transform gets of each source entity, which is `current` meanwhile."""
        before = self.steps_before()
        for one in self.sample:
            self.current = one
            entity = source_entity(one, 0)
            self.source_id = entity["_id"]
            self.lookup.forget()
            self.lookup.current_dataset = one.dataset
            self.lookup.current = one.versions[0] if one.versions is not None else None
            if self.pipe.any_transform("reads_header") and self.lookup.current is not None:
                with_source_header(entity, self.lookup.current)
            given = [entity]
            try:
                for step in before:
                    out: list[Entity] = []
                    for item in given:
                        step(item, out)
                    given = [item for item in out if "_filtered" not in item]
            except DtlError as error:
                self.skipped.append({"_id": entity["_id"], "message": error.message})
                continue
            yield list(filter(transform.takes, given))
        self.read_all = True

    def steps_before(self) -> list[Any]:
        pipe = self.pipe
        steps = [transform.bind(self.runtime) for transform in pipe.transforms[: self.position]]
        added = pipe.bind(self.runtime, "before-transforms")
        return steps if added is None else [added, *steps]

    def version(self, _entity: Entity) -> int | None:
        """The version of the source entity that is on its way."""
        current = self.lookup.current
        return None if current is None else current.seq

    def told(self) -> dict[str, Any]:
        """What the answer says beside the document."""
        told = self.sample.told()
        if self.skipped:
            told["skipped"] = self.skipped
        if not self.read_all and "stopped" not in told:
            told["stopped"] = "events"
        return told


def trace_rules(
    definition: PipeDefinition,
    store: Store,
    *,
    rules: Any = None,
    wanted: Wanted,
    strength: str,
    position: int | None = None,
    world: World = HERE,
) -> dict[str, Any]:
    """The record of what rules do with some source entities: `trace`, a trace document.

    `sources` has the `_id` of the source entity of each that was recorded in full. `skipped` are
    source entities that an earlier transform of the pipe failed on, `read` counts
    source entities, `next` is where to go on, `stopped` is "time" or "events" where that ended it.
    Raises DtlError, InputError.
    """
    pipe = built(definition, store, rules, world, position)
    try:
        tracing = Tracing(pipe, Sample(pipe, wanted), position)
        document = tracing.record(strength, None if rules is None else ("rules",))
    finally:
        pipe.close()
    found = {"trace": document, "read": tracing.sample.read, **tracing.told()}
    return {**found, "sources": tracing.sources} if strength == "full" else found


def dtl_position(pipe: Pipe, position: int | None) -> int:
    """The position of the transform that is meant. Raises InputError where that is not clear."""
    known = [i for i, t in enumerate(pipe.transforms) if isinstance(t, DtlTransform)]
    if position is None and len(known) == 1:
        return known[0]
    if position is not None and position in known:
        return position
    if not known:
        raise InputError(f'the pipe "{pipe.id}" has no dtl transform')
    positions = ", ".join(map(str, known))
    if position is None:
        several = f'the pipe "{pipe.id}" has dtl transforms at {positions}'
        raise InputError(f"{several}; say which one")
    hint = f"those of the type dtl are at {positions}"
    message = f"no dtl transform is at position {position}"
    raise InputError(message, [Problem("$.transform", "unknown-transform", message, hint)])


# -- without running --------------------------------------------------------------------------


def check_rules(
    definition: PipeDefinition,
    store: Store,
    *,
    rules: Any = None,
    text: str | None = None,
    env: Mapping[str, Any] = NO_ENV,
    datasets: frozenset[str] | None = None,
    sampled: bool = True,
    reading: bool = True,
) -> dict[str, Any]:
    """Every problem of rules that the pipe's source feeds, and the datasets that they look into.

    The rules are given, or stand in `text` (JSON with comments), alone, in a transform or in a
    whole pipe: then each problem has its place in it. `env` are the values of `$ENV(name)`;
    `datasets` are those that may be named, null accepts any. With `sampled` the properties of a
    sample of the source are known. Without `reading` it is not said which datasets they look into:
    that takes compiling them.
    """
    source: SourceText | None = None
    if text is not None:
        try:
            source = read_source(text)
        except InputError as error:
            offset: int = getattr(error, "offset", 0)
            place = {**place_at(SourceText(text), offset), "end": offset + 1}
            return {"valid": False, "problems": [(error.problems[0], place)], "datasets": []}
    context = _context_of(definition, store, datasets, sampled=sampled)
    sets = [(rules, ("rules",))] if source is None else rule_sets(source.value)
    found: list[tuple[Problem, dict[str, int]]] = []
    read: set[str] = set()
    for rule_set, at in sets:
        known = replace(context, schema=None) if is_later(at) else context
        problems, looked_up = problems_in(rule_set, at, known, env, reading=reading)
        listed = type(rule_set) is list
        found.extend(placed(problem, source, at if listed else None) for problem in problems)
        read |= looked_up
    valid = not any(problem.level == "error" for problem, _ in found)
    return {"valid": valid, "problems": found, "datasets": sorted(read)}


def _context_of(
    definition: PipeDefinition, store: Store, datasets: frozenset[str] | None, *, sampled: bool
) -> RuleContext:
    pipe = source_alone(definition, store)
    try:
        schema = source_schema(pipe) if sampled else None
        return replace(_context(pipe), datasets=datasets, schema=schema)
    finally:
        pipe.close()


def source_alone(definition: PipeDefinition, store: Store) -> Pipe:
    """The pipe without its transforms: what feeds them may be right where they are not."""
    return build_pipe(replace(definition, pipe={**definition.pipe, "transform": []}), store)


def _context(pipe: Pipe) -> RuleContext:
    """What rules of the request are compiled for, in place of the transforms of the pipe."""
    namespaced = bool(pipe.context.namespaced)
    context = Context(
        pipe.definition, None, namespaced=namespaced, source_dataset=pipe.context.source_dataset
    )
    return rule_context(context)


def explain_rules(
    definition: PipeDefinition, store: Store, *, rules: Any = None, position: int | None = None
) -> dict[str, Any]:
    """How rules are carried out, as data, with `text` for people. Keys in them are hidden.

    Raises DtlError, InputError.
    """
    pipe = built(definition, store, rules, position=position)
    try:
        at = dtl_position(pipe, position)
        transform: Any = pipe.transforms[at]
        own_ids = all(before.emits_own_id for before in pipe.transforms[:at])
    finally:
        pipe.close()
    path = transform.path if rules is None else ("rules",)
    found = explain(without_keys(transform.rules), transform.context, path=path, own_ids=own_ids)
    return {**found, "text": explain_text(found)}


# -- while rules are written -------------------------------------------------------------------


def complete_rules(
    definition: PipeDefinition,
    store: Store,
    *,
    text: str,
    offset: int,
    datasets: tuple[str, ...],
    rules: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What may stand at an offset of a text: see `dtl.complete`. `datasets` may be hopped to."""
    schema, others = _schemas(definition, store, text, datasets)
    found = complete(
        text, offset, schema=schema, datasets=datasets, rules=rules, dataset_schemas=others
    )
    return {**found}


def hover_rules(
    definition: PipeDefinition, store: Store, *, text: str, offset: int, datasets: tuple[str, ...]
) -> dict[str, Any] | None:
    """What stands at an offset of a text; null where nothing is known of it."""
    schema, others = _schemas(definition, store, text, datasets)
    found = hover(text, offset, schema=schema, dataset_schemas=others)
    return None if found is None else {**found}


def _schemas(
    definition: PipeDefinition, store: Store, text: str, datasets: tuple[str, ...]
) -> tuple[Schema | None, Mapping[str, Schema]]:
    """The properties of the source entities, and of the datasets that the text names."""
    pipe = source_alone(definition, store)
    try:
        schema = source_schema(pipe)
    finally:
        pipe.close()
    return schema, schemas_named(store, text, datasets)


def format_rules(text: str, *, width: int, style: str) -> str:
    """A text in its one layout. Raises InputError with line and column where it is no JSON."""
    return format_text(text, width=min(max(width, LEAST_WIDTH), MOST_WIDTH), style=style)
