"""Texts of rules as a request brings them: which rules are in one, and where problems are in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sesam_node.config.environment import substitute
from sesam_node.dtl import compile_rules, problems_of
from sesam_node.errors import Problem, json_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sesam_node.dtl import RuleContext
    from sesam_node.dtl.source_text import SourceText

Place = tuple[str | int, ...]
"""The parts of a JSON path."""


def rule_sets(value: Any) -> list[tuple[Any, Place]]:
    """The rule sets in the JSON of a text, with their places: rules, a transform or a pipe.

    All alternatives of a conditional transform are there.
    """
    if type(value) is not dict:
        return [(value, ())]
    if value.get("type") == "dtl" and "rules" in value:
        return [(value["rules"], ("rules",))]
    if value.get("type") != "pipe" and type(value.get("transform")) is not dict:
        return [(value, ())]
    return [(transform["rules"], at) for transform, at in dtl_transforms(value)]


def dtl_transforms(pipe: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Place]]:
    """The dtl transforms of a pipe as it is written, each with the place of its rules.

    All alternatives of a conditional one are there: which is meant depends on variables.
    """
    given = pipe.get("transform")
    transforms: list[Any] = given if type(given) is list else [given]
    for position, transform in enumerate(transforms):
        at: Place = ("transform", position) if type(given) is list else ("transform",)
        for place, one in _alternatives(transform):
            if type(one) is dict and one.get("type") == "dtl" and "rules" in one:
                yield one, (*at, *place, "rules")


def _alternatives(transform: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The transforms that one may be, with their places in it."""
    conditional = type(transform) is dict and transform.get("type") == "conditional"
    given = transform.get("alternatives") if conditional else None
    if type(given) is not dict:
        yield (), transform
        return
    for name, alternative in given.items():
        yield ("alternatives", name), alternative


def is_later(at: Place) -> bool:
    """Do the rules at a place get what a transform before them made, not what the source gives?"""
    position = at[1] if len(at) > 1 else 0
    return type(position) is int and position > 0


def problems_in(
    rules: Any,
    at: Place,
    context: RuleContext,
    env: Mapping[str, Any],
    *,
    reading: bool = True,
) -> tuple[list[Problem], frozenset[str]]:
    """The problems of one rule set, and the datasets that it looks into where it has no error."""
    problems: list[Problem] = []
    rules = substitute({"default": rules} if type(rules) is list else rules, env, at, problems)
    problems = sorted([*problems, *problems_of(rules, context, path=at)])
    if not reading or any(problem.level == "error" for problem in problems):
        return problems, frozenset()
    return problems, compile_rules(rules, context).datasets


def placed(
    problem: Problem, source: SourceText | None, listed: Place | None
) -> tuple[Problem, dict[str, int]]:
    """A problem with its place in a text, whose paths are those of the text.

    `listed` is where the rules stand that are a list there: the path has no `default` then.
    """
    if source is None:
        return problem, {}
    path = problem.path
    default = json_path((*(listed or ()), "default"))
    if listed is not None and path.startswith(default):
        path = json_path(listed) + path[len(default) :]
    start, end = source.span(path) or (0, 0)
    return replace(problem, path=path), {**place_at(source, start), "end": end}


def place_at(source: SourceText, offset: int) -> dict[str, int]:
    """Line and column of an offset, from 1, and the offset."""
    line, column = source.position(offset)
    return {"line": line, "column": column, "start": offset}
