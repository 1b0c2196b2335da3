"""`sesam-node dtl check`: every problem of a rule file, with the line it is in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sesam_node.cli.dtl.entities import all_entities, dataset_names
from sesam_node.cli.dtl.given import given, located
from sesam_node.cli.dtl.show import RulesError, text_of
from sesam_node.dtl import problems_of
from sesam_node.dtl.schema import schema_of

if TYPE_CHECKING:
    import argparse

    from sesam_node.cli.dtl.given import Given

SAMPLE = 10_000
"""The most source entities that a schema is made of."""


def check(options: argparse.Namespace) -> int:
    """Print the problems; 1 where there is an error (with `--strict` a warning), else 0.

    A text that is no JSON is an error like others.
    """
    try:
        asked = given(options, entities=False)
    except RulesError as error:
        print(json.dumps(error.found, indent=2, ensure_ascii=False) if options.json else error)
        return 1
    found = _problems(asked, options)
    if options.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for problem in found:
            print(text_of(asked.file.source.text, problem))
        print(_summary(asked.file.name, found))
    return int(any(options.strict or problem["level"] == "error" for problem in found))


def _problems(asked: Given, options: argparse.Namespace) -> list[dict[str, Any]]:
    sets = asked.file.sets
    if options.transform is not None or options.rule is not None:
        sets = (asked.rule_set(options),)
    schema = None if options.sample is None else schema_of(all_entities(options.sample, SAMPLE))
    datasets = None if options.datasets is None else dataset_names(options.datasets)
    found: list[dict[str, Any]] = []
    for rule_set in sets:
        known = schema if rule_set.first else None
        context = replace(rule_set.context, schema=known, datasets=datasets)
        problems = problems_of(rule_set.rules, context, path=rule_set.at)
        found.extend(located(asked.file, rule_set, problem) for problem in problems)
    return found


def _summary(name: str, found: list[dict[str, Any]]) -> str:
    errors = sum(problem["level"] == "error" for problem in found)
    warnings = len(found) - errors
    return f"{name}: {_count(errors, 'error')}, {_count(warnings, 'warning')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
