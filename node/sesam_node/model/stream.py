"""Entities from bytes and to bytes, at the border of the node.

Input is checked here once: JSON text with a position in every error, no NaN, no lone surrogates, a
limit of depth, an `_id` on every entity, typed values in normal form. Inside, nobody checks again.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.errors import InputError, Problem, preview
from sesam_node.model.entity import decode, entity_id
from sesam_node.model.transit import normalise

if TYPE_CHECKING:
    from sesam_node.model.values import Entity

MAX_DEPTH = 250
decode_lines: Any = msgspec.json.Decoder().decode_lines


def read_json(data: bytes, what: str = "body") -> Any:
    """The value of JSON bytes. Raises InputError with line and column where they are broken."""
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    try:
        value = decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"the {what} is no JSON", [_json_problem(data, str(error))]) from None
    except RecursionError:
        problem = Problem("$", "too-deep", f"nested more than {MAX_DEPTH} levels deep")
        raise InputError(f"the {what} is nested too deeply", [problem]) from None
    return value


def _json_problem(data: bytes, reason: str) -> Problem:
    match = re.search(r"\(byte (\d+)\)", reason)
    position = int(match[1]) if match else len(data)
    before = data[:position]
    line = before.count(b"\n") + 1
    column = position - (before.rfind(b"\n") + 1) + 1
    text = re.sub(r" \(byte \d+\)| - at `.*`", "", reason).removeprefix("JSON is malformed: ")
    return Problem("$", "broken-json", f"line {line}, column {column}: {text}")


def check_depth(value: Any, limit: int = MAX_DEPTH) -> None:
    """Raises InputError where lists and dicts are nested deeper than `limit`."""
    level = [value]
    for _ in range(limit):
        below: list[Any] = []
        for item in level:
            if type(item) is dict:
                below.extend(v for v in item.values() if type(v) is dict or type(v) is list)
            elif type(item) is list:
                below.extend(v for v in item if type(v) is dict or type(v) is list)
        if not below:
            return
        level = below
    problem = Problem("$", "too-deep", f"nested more than {limit} levels deep")
    raise InputError("a value is nested too deeply", [problem])


def read_entities(data: bytes) -> list[Entity]:
    """The entities of a JSON array or of one JSON object, checked and in normal form.

    Raises InputError with the path of each entity that is none; nothing is given then.
    """
    value = read_json(data)
    entities = [value] if type(value) is dict else value
    if type(entities) is not list:
        problem = Problem("$", "wrong-type", f"expected a list of entities, got {preview(value)}")
        raise InputError("the body holds no entities", [problem])
    return check_entities(entities, tagged=b'"~' in data)


def read_lines(data: bytes) -> list[Entity]:
    """The entities of JSON objects, one a line, checked and in normal form.

    Raises InputError with line and column of what is no JSON; the paths of other problems count
    the entities. Nothing is given then.
    """
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    try:
        entities = decode_lines(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _broken_line(data) from None
    return check_entities(entities, tagged=b'"~' in data)


def _broken_line(data: bytes) -> InputError:
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            if line.strip():
                read_json(line)
        except InputError as error:
            problems = [
                replace(problem, message=re.sub(r"^line \d+", f"line {number}", problem.message))
                for problem in error.problems
            ]
            return InputError("the body is no JSON, a line for each entity", problems)
    problem = Problem("$", "broken-json", "expected one JSON object in each line")
    return InputError("the body is no JSON, a line for each entity", [problem])


def check_entities(entities: list[Any], *, tagged: bool = True, named: bool = True) -> list[Entity]:
    """Values from outside as entities: each a dict with an `_id`, in normal form, not too deep.

    Where they need not be `named`, the `_id` may be absent; rules give them one then. Raises
    InputError with every problem (the first hundred).
    """
    problems: list[Problem] = []
    for position, entity in enumerate(entities):
        if type(entity) is not dict:
            problems.append(
                Problem(
                    f"$[{position}]", "wrong-type", f"expected an entity, got {preview(entity)}"
                )
            )
            continue
        try:
            if named or "_id" in entity:
                entity_id(entity, f"$[{position}]")
            if any(type(item) is dict or type(item) is list for item in entity.values()):
                check_depth(entity)
        except InputError as error:
            problems.extend(error.problems)
        if tagged:
            normalise(entity)
        if len(problems) >= 100:
            break
    if problems:
        raise InputError("the body holds values that are no entities", problems)
    return entities
