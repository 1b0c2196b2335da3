"""Rules while they are typed: all that an editor shows of a text, in one answer.

The text is checked as `check_rules` does. Where it has no errors it runs on a sample of source
entities: one of them, the chosen one, is recorded in full, the others tell in a word what became of
them, and whether the deployed rules make something else of them. What rules decrypt is hidden, as
in previews and traces.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

from sesam_node.config.environment import substitute
from sesam_node.dtl.source_text import SourceText, read_source
from sesam_node.dtl.trace.recording import rules_path
from sesam_node.errors import InputError, NotFoundError, Problem, SesamError, json_path
from sesam_node.model import content, encode
from sesam_node.pipes.batch import Batch
from sesam_node.pipes.dtl import (
    Tracing,
    built,
    check_rules,
    results_of,
    source_alone,
)
from sesam_node.pipes.evaluate import source_entity
from sesam_node.pipes.rule_texts import place_at, rule_sets
from sesam_node.pipes.samples import Kept, Sample, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model import Entity
    from sesam_node.pipes.rule_texts import Place
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.pipes.typed import Typed
    from sesam_node.store.api import Store

FAILED = "entity-failed"
"""The code of a problem that only the chosen entity has: the rules run all the same."""

COPY: dict[str, Any] = {"default": [["copy", "*"]]}
"""What a pipe without transforms does."""


@dataclass(frozen=True, slots=True)
class Meant:
    """The rules of a text that are to run.

    `where` is their place in the text, `transform` their position among the transforms of the pipe
    (null where there is one, or none), `before` the transforms before them.
    """

    rules: dict[str, Any]
    where: Place
    transform: int | None
    before: list[Any]


def live_rules(definition: PipeDefinition, store: Store, *, typed: Typed) -> dict[str, Any]:
    """`problems` of a text, each with its place, and `shown`: what its rules make of the sample.

    `shown` is null where the rules have errors, or do not run: `note` says why in the latter case.
    It has the `trace` of the `chosen` entity (a position in `sample`), `spans` (the places of the
    trace's paths in the text), `result` and `deployed` (what both rule sets make of it), and the
    `sample` with the `outcome` of each entity. Raises nothing for rules that are wrong.
    """
    checked = check_rules(
        definition,
        store,
        text=typed.text,
        env=typed.env,
        datasets=typed.datasets,
        sampled=typed.sampled,
        reading=False,
    )
    at = SourceText(typed.text).utf16 if typed.utf16 else int
    problems = [_told(problem, place, at) for problem, place in checked["problems"]]
    if not checked["valid"]:
        return {"problems": problems, "shown": None, "note": ""}
    source = read_source(typed.text)
    try:
        meant = _meant(definition, source, typed)
        shown = _shown(definition, store, meant, typed)
    except SesamError as error:
        note = "; ".join([error.message, *(p.hint for p in error.problems if p.hint)])
        return {"problems": problems, "shown": None, "note": note}
    spans = spans_of(source, shown["trace"], meant.where)
    problems += _failure(source, shown["trace"], spans, at)
    shown["spans"] = {path: (at(start), at(end)) for path, (start, end) in spans.items()}
    return {"problems": problems, "shown": shown, "note": ""}


# -- which rules -------------------------------------------------------------------------------


def _meant(definition: PipeDefinition, source: SourceText, typed: Typed) -> Meant:
    """The rules of a text that are to run. Raises InputError where that is not clear."""
    sets = rule_sets(source.value)
    if len(sets) > 1 and typed.transform is not None:
        sets = [one for one in sets if one[1][1] == typed.transform]
    if len(sets) != 1:
        told = "several transforms of the type dtl: say which one" if sets else "no rules to run"
        raise InputError(f"the text has {told}")
    rules, where = sets[0]
    rules = substitute({"default": rules} if type(rules) is list else rules, typed.env, (), [])
    if where[:1] == ("transform",):
        place = where[1]
        if not isinstance(place, int):
            return Meant(rules, where, None, [])
        before = substitute(source.value["transform"][:place], typed.env, (), [])
        return Meant(rules, where, place, before)
    given = definition.pipe.get("transform")
    if type(given) is not list:
        return Meant(rules, where, typed.transform, [])
    known = [n for n, one in enumerate(given) if _is_dtl(one)]
    if typed.transform is None and len(known) > 1:
        positions = ", ".join(map(str, known))
        raise InputError(f"say which transform is meant; of type dtl: {positions}")
    position = typed.transform if typed.transform is not None else next(iter(known), None)
    return Meant(rules, where, position, given[:position] if position else [])


def _is_dtl(transform: Any) -> bool:
    return type(transform) is dict and transform.get("type") == "dtl"


def _deployed(definition: PipeDefinition, transform: int | None) -> Any:
    """The rules that a pipe has now, null where that is no transform of rules."""
    given: Any = definition.pipe.get("transform")
    if not given:
        return COPY
    if type(given) is list:
        given = given[transform] if transform is not None and transform < len(given) else None
    return given.get("rules", COPY) if _is_dtl(given) else None


# -- what they make ----------------------------------------------------------------------------


def _shown(
    definition: PipeDefinition,
    store: Store,
    meant: Meant,
    typed: Typed,
) -> dict[str, Any]:
    batches, chosen = _sampled(definition, store, meant, typed)
    results, trace = _made(definition, store, meant.rules, batches, chosen)
    deployed: list[Any] | None = None
    if typed.compared:
        before = _deployed(definition, meant.transform)
        if before == meant.rules:
            deployed = results
        elif before is not None:
            deployed = _made_before(definition, store, before, batches)
    pairs = zip(results, deployed or repeat(None), strict=False)
    shown: dict[str, Any] = {
        "trace": trace,
        "chosen": chosen,
        "result": results[chosen] if chosen < len(results) else None,
        "deployed": deployed[chosen] if deployed and chosen < len(deployed) else None,
        "sample": [_outcome(*pair) for pair in pairs],
    }
    if typed.with_sources:
        shown["sources"] = [source_entity(one, 0) for one in batches]
    return shown


def _made(
    definition: PipeDefinition, store: Store, rules: Any, batches: list[Batch], chosen: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What rules make of each entity, and the trace of the chosen one."""
    pipe = built(definition, store, rules)
    try:
        results = results_of(pipe, Kept(batches), rules)["results"]
        tracing = Tracing(pipe, Kept(batches[chosen : chosen + 1]), 0)
        return results, tracing.record("full", ("rules",))
    finally:
        pipe.close()


def _made_before(
    definition: PipeDefinition, store: Store, rules: Any, batches: list[Batch]
) -> list[dict[str, Any]] | None:
    """What the deployed rules make of each entity; null where they do not run."""
    try:
        pipe = built(definition, store, rules)
    except SesamError:
        return None
    try:
        results: list[dict[str, Any]] = results_of(pipe, Kept(batches), rules)["results"]
        return results
    finally:
        pipe.close()


def _sampled(
    definition: PipeDefinition, store: Store, meant: Meant, typed: Typed
) -> tuple[list[Batch], int]:
    """What the rules get, each in a batch of its own, and the position of the chosen entity.

    An entity that is chosen and not in the sample is fetched, and comes first. Raises
    NotFoundError where it is not in the source, InputError where there is nothing.
    """
    found = _given(definition, store, meant, typed.wanted)
    ids = [_id_of(one) for one in found]
    if typed.entity and typed.entity not in ids and typed.sampled:
        alone = Wanted(ids=(typed.entity,), seconds=typed.wanted.seconds)
        fetched = _given(definition, store, meant, alone)
        if not fetched:
            raise NotFoundError(f'the source has no entity "{typed.entity}"')
        return [*fetched, *found], 0
    if not found:
        if not typed.sampled and typed.wanted.entities is None:
            raise InputError("nothing feeds the rules: name a pipe or a dataset")
        raise InputError("the source has no entities yet: run the pipe that fills it")
    return found, ids.index(typed.entity) if typed.entity in ids else 0


def _given(definition: PipeDefinition, store: Store, meant: Meant, wanted: Wanted) -> list[Batch]:
    """What the rules get of the wanted source entities.

    Entities of a request are what they get; behind other transforms they are what those give.
    """
    if not meant.transform or wanted.entities is not None:
        pipe = source_alone(definition, store)
        try:
            return list(Sample(pipe, wanted))
        finally:
            pipe.close()
    transforms = [*meant.before, {"type": "dtl", "rules": COPY}]
    pipe = built(
        replace(definition, pipe={**definition.pipe, "transform": transforms}), store, None
    )
    try:
        tracing = Tracing(pipe, Sample(pipe, wanted), meant.transform)
        step: Any = pipe.transforms[tracing.position]
        return [Batch([entity], None, None) for given in tracing.given(step) for entity in given]
    finally:
        pipe.close()


def _id_of(batch: Batch) -> str | None:
    if batch.versions is not None:
        return batch.versions[0].entity_id
    entity_id = source_entity(batch, 0).get("_id")
    return entity_id if type(entity_id) is str else None


# -- how it is told ----------------------------------------------------------------------------


def spans_of(
    source: SourceText, trace: dict[str, Any], where: Place = ()
) -> dict[str, tuple[int, int]]:
    """Where the places that a trace tells of stand in the text, which has the rules at `where`."""
    base, begin = rules_path(trace), json_path(where)
    if type(_at(source.value, where)) is list:
        base += ".default"
    found = {}
    for path in {node["path"] for node in trace["nodes"]}:
        span = source.span(begin + path.removeprefix(base))
        if span is not None:
            found[path] = span
    return found


def _at(value: Any, where: Place) -> Any:
    for part in where:
        value = value[part]
    return value


def _failure(
    source: SourceText,
    trace: dict[str, Any],
    spans: dict[str, tuple[int, int]],
    at: Callable[[int], int],
) -> list[dict[str, Any]]:
    """What the chosen entity fails with, as a problem at the place that fails."""
    error = trace["entities"][0]["error"] if trace["entities"] else None
    if error is None:
        return []
    start, end = spans.get(error["path"], (0, 0))
    problem = Problem(error["path"], FAILED, error["message"])
    return [_told(problem, {**place_at(source, start), "end": end}, at)]


def _told(problem: Problem, place: dict[str, int], at: Callable[[int], int]) -> dict[str, Any]:
    """A problem as it is answered; one without a place is at the beginning."""
    told: dict[str, Any] = {
        "path": problem.path,
        "code": problem.code,
        "message": problem.message,
        "level": problem.level,
        "line": place.get("line", 1),
        "column": place.get("column", 1),
        "from": at(place.get("start", 0)),
        "to": at(place.get("end", 0)),
    }
    return {**told, "hint": problem.hint} if problem.hint else told


def _outcome(result: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """What became of one entity of the sample, in a word, and whether that is news."""
    if result["error"]:
        word = "failed"
    elif result["filtered"]:
        word = "filtered"
    else:
        word = "emitted" if result["emitted"] else "nothing"
    told: dict[str, Any] = {"id": str(result["source"].get("_id")), "outcome": word}
    if before is not None:
        told["differs"] = result is not before and _content(result) != _content(before)
    return told


def _content(result: dict[str, Any]) -> tuple[bytes, bool, bool]:
    emitted: list[Entity] = [content(one) for one in result["emitted"]]
    return encode(emitted), result["filtered"], bool(result["error"])
