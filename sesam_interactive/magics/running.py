"""Rules checked and run on the node, over a sample of source entities; nothing is written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sesam_interactive.client import ClientError
from sesam_interactive.client.connection import segment
from sesam_interactive.magics.result import DtlResult
from sesam_interactive.magics.rule_book import rule_book
from sesam_node.errors import Problem, suggestion

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping

    from sesam_interactive.client import Hub
    from sesam_interactive.debugger import Subject
    from sesam_interactive.magics.draft import Draft, Known
    from sesam_interactive.magics.sample import Sample
    from sesam_node.model import Entity

ASKED = "$.rules"
"""The path of rules that are sent by themselves."""

UNKNOWN_RULE = re.compile(r'unknown rule "(.+)"')


def check(hub: Hub, draft: Draft, there: Known) -> list[Problem]:
    """The warnings of the rules, by the node, which knows the properties of the source.

    Raises CellError with every error and its place in the cell.
    """
    if draft.rules is None:
        return []
    found = hub.connection.json("POST", "/dtl/check", json=_asked(draft, there))
    problems = [draft.placed(_problem(item), ASKED) for item in found["problems"]]
    problems = [_with_named(problem, draft, hub) for problem in problems]
    if draft.cell.is_pipe:
        # What is wrong with a pipe, in its rules or around them, its preview tells all at once.
        return [problem for problem in problems if problem.level == "warning"]
    if any(problem.level == "error" for problem in problems):
        raise draft.error(problems)
    return problems


def _with_named(problem: Problem, draft: Draft, hub: Hub) -> Problem:
    """An unknown rule may be a misspelt one that a cell has named."""
    unknown = UNKNOWN_RULE.match(problem.message)
    if problem.hint or unknown is None:
        return problem
    hint = suggestion(unknown[1], [*(draft.rules or ()), *rule_book(hub)])
    return replace(problem, hint=hint)


def _asked(draft: Draft, there: Known) -> dict[str, Any]:
    first = not draft.dtl_at
    feed = draft.feed if first else {}
    names = sorted(there.datasets | there.pipes)
    return {**feed, "rules": draft.rules, "datasets": names}


def _problem(item: Mapping[str, str]) -> Problem:
    names = ("path", "code", "message", "hint", "level")
    return Problem(**{name: item[name] for name in names if name in item})


def preview_config(
    hub: Hub,
    config: Mapping[str, Any],
    entities: list[Entity] | None,
    limit: int,
    side_effects: str = "skip",
) -> dict[str, Any]:
    """What a draft of a pipe makes: `results`, and `skipped` transforms. Raises ClientError."""
    data = {
        "pipe-config": json.dumps(config),
        "limit": str(limit),
        "side-effects": side_effects,
    }
    if entities is not None:
        data["source"] = json.dumps(entities)
    path = f"/pipes/{segment(str(config['_id']))}/preview"
    answer: list[dict[str, Any]] = hub.connection.json("POST", path, data=data)
    return answer[0]


def run(hub: Hub, draft: Draft, sample: Sample, options: Namespace) -> DtlResult:
    """What the draft makes of the sample. Raises CellError for problems that the node finds."""
    effects = "run" if options.side_effects else "skip"
    if sample.entities is not None and not sample.entities:
        return DtlResult(draft.title, [], notes=sample.notes)
    try:
        answer = preview_config(hub, draft.config, sample.entities, sample.limit, effects)
    except ClientError as error:
        inside = [problem for problem in error.problems if problem.path]
        raise (draft.error(inside) if inside else error) from None
    notes = [*sample.notes, *map(_skipped, answer.get("skipped", ()))]
    if not answer["results"]:
        notes.append("the source gave no entities; what it reads may have to run first")
    complete = sample.entities is None and len(answer["results"]) < sample.limit
    return DtlResult(
        draft.title,
        [_placed(draft, result) for result in answer["results"]],
        notes=notes,
        complete=complete,
        trace=lambda: trace(hub, draft, sample, answer["results"]),
        subject=lambda: (_subject(draft), hub.connection),
    )


def _subject(draft: Draft) -> Subject:
    """What the debugger is told of the draft: its rules, over what feeds them."""
    from sesam_interactive.debugger import Subject

    feed = {} if draft.dtl_at else draft.feed
    return Subject(
        pipe=feed.get("pipe"),
        dataset=feed.get("dataset"),
        rules=draft.rules,
        source_dataset=feed.get("dataset"),
    )


def _skipped(transform: Mapping[str, Any]) -> str:
    return (
        f'transform [{transform["position"]}] ("{transform["type"]}") has side effects and was '
        "skipped; --side-effects runs it"
    )


def _placed(draft: Draft, result: dict[str, Any]) -> dict[str, Any]:
    """A result whose error says where in the cell it is."""
    error = result.get("error")
    if not error:
        return result
    shown = []
    for item in error.get("problems", ()):
        problem = _problem(item)
        if draft.cell.path_of(problem.path, draft.rules_at) is not None:
            shown.append(draft.cell.shown(problem, draft.rules_at))
    return {**result, "error": {**error, "shown": "\n".join(shown)}}


def trace(
    hub: Hub, draft: Draft, sample: Sample, results: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """The record of what the draft's rules do with the sample: a trace document, null without DTL.

    Where other transforms come first it is of what they give.
    """
    if draft.rules is None or not results:
        return None
    body: dict[str, Any] = {"rules": draft.rules, **draft.feed, **sample.request()}
    at = draft.dtl_at or 0
    if at or not draft.feed:
        body = {
            "rules": draft.rules,
            "pipe_id": draft.id,
            "entities": _reaching(hub, draft, results),
        }
    try:
        answer = hub.connection.json("POST", "/dtl/trace", json=body)
    except ClientError as error:
        inside = [problem for problem in error.problems if problem.path]
        raise (draft.error(inside, ASKED) if inside else error) from None
    document: dict[str, Any] = answer["trace"]
    return document


def _reaching(hub: Hub, draft: Draft, results: list[dict[str, Any]]) -> list[Entity]:
    """The entities that come to the DTL transform."""
    sources = [result["source"] for result in results]
    at = draft.dtl_at or 0
    if not at:
        return sources
    before = {**draft.config, "transform": draft.transforms[:at]}
    answer = preview_config(hub, before, sources, len(sources))
    return [entity for result in answer["results"] for entity in result["emitted"]]
