"""The smallest program that still shows what a larger one does."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .programs import Program

MAX_TRIES = 3_000


def minimised(program: Program, shows: Callable[[Program], bool]) -> Program:
    """A program made smaller as long as `shows` holds; greedy, the largest cuts first.

    Takes out entities, datasets, rules, transforms, arguments and properties, and puts parts of an
    expression in its place. What is tried may be refused: then it does not show anything.
    """
    tries = 0
    going = True
    while going and tries < MAX_TRIES:
        going = False
        for smaller in candidates(program):
            tries += 1
            if tries >= MAX_TRIES:
                break
            if safe(shows, smaller):
                program, going = smaller, True
                break
    return program


def safe(shows: Callable[[Program], bool], program: Program) -> bool:
    try:
        return shows(program)
    except Exception:  # noqa: BLE001 - a cut that breaks something else is not taken
        return False


def candidates(program: Program) -> Iterator[Program]:
    """Programs that are smaller by one cut."""
    if len(program.entities) > 1:
        for position in range(len(program.entities)):
            yield replace(program, entities=program.entities[position : position + 1])
    for name in program.datasets:
        yield replace(program, datasets=without(program.datasets, name))
    for field in ("context", "parameters", "previous"):
        values = getattr(program, field)
        for key in values:
            yield replace(program, **{field: without(values, key)})
    for rules in smaller_values(program.rules):
        yield replace(program, rules=rules)
    for entities in smaller_values(program.entities):
        if all("_id" in entity for entity in entities):
            yield replace(program, entities=entities)
    for datasets in smaller_values(program.datasets):
        if all("_id" in entity for entities in datasets.values() for entity in entities):
            yield replace(program, datasets=datasets)


def without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


def smaller_values(value: Any) -> Iterator[Any]:
    """JSON data with one part of it taken out, or put in the place of what is around it."""
    for path in paths(value):
        for part in shorter(at(value, path)):
            yield with_part(value, path, part)


def paths(value: Any) -> list[tuple[Any, ...]]:
    """The paths of all dicts and lists in JSON data, the outer ones first."""
    found: list[tuple[Any, ...]] = [()]
    for path in found:
        here = at(value, path)
        for key in here if type(here) is dict else range(len(here)):
            if type(here[key]) in (dict, list):
                found.append((*path, key))  # noqa: PERF401 - grows while it is gone through
    return found


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def shorter(part: Any) -> Iterator[Any]:
    """What a dict or list becomes with less in it."""
    if type(part) is dict:
        for key in part:
            yield without(part, key)
        return
    for position in range(len(part)):
        yield part[:position] + part[position + 1 :]
    # An expression in the place of the call that it is an argument of.
    yield from part[1:]
    if part and type(part[0]) is str and len(part) > 1:
        yield "a"
        yield 1


def with_part(value: Any, path: tuple[Any, ...], part: Any) -> Any:
    """A copy of JSON data with a part of it replaced."""
    if not path:
        return part
    made = copy.copy(value)
    made[path[0]] = with_part(value[path[0]], path[1:], part)
    return made
