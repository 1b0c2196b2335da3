"""Entities as the actions read and write them: JSON lines, one in memory at a time, or an array."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import msgspec

from sesam_node.cli.dtl.files import STDIN, read_file, read_text, standard_input
from sesam_node.errors import InputError
from sesam_node.model.stream import check_entities, read_entities, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.errors import Problem
    from sesam_node.model.values import Entity

MAX_LINE_BYTES = 64 * 1024 * 1024
MAX_FILE_BYTES = 1024 * 1024 * 1024
CONFIG = ".conf.json"
FILES = (".json", ".jsonl", ".ndjson")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COLUMN = re.compile(r"line 1, (?P<column>column \d+): (?P<message>.*)", re.DOTALL)
"""Where a line is broken: its number in the input is not 1."""
encode = msgspec.json.Encoder().encode
"""JSON bytes of a value, keys in their order."""


class Read(NamedTuple):
    """What stood in one place of the input: an entity, or why there is none.

    `place` names it: "line 3", "line 3, column 8" for broken JSON, "position 2" in an array.
    """

    place: str
    entity: Entity | None
    error: InputError | None = None


def read_stream(name: str | None) -> Iterator[Read]:
    """The entities of a file, or of standard input for `-` and null.

    JSON lines are read one by one, in constant memory; an array, or one object over several lines,
    is read whole. Raises InputError where there is nothing to read from, or for a broken array.
    """
    if name is None or name == STDIN:
        yield from _stream("standard input", standard_input())
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - the next line closes it
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None
    with file:
        try:
            yield from _stream(name, file)
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror}") from None


def _stream(name: str, file: IO[bytes]) -> Iterator[Read]:
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        text = line.strip()
        if not text:
            continue
        if len(line) > MAX_LINE_BYTES:
            raise InputError(f"{name}, line {number}: more than {MAX_LINE_BYTES:,} bytes")
        if text[:1] == b"[" or text == b"{":
            # Line breaks before it keep the line numbers of errors.
            yield from _whole(name, b"\n" * (number - 1) + line, file)
            return
        yield _line(number, line.rstrip())


def _line(number: int, text: bytes) -> Read:
    place = f"line {number}"
    try:
        value = read_json(text, "line")
        (entity,) = check_entities([value], tagged=b'"~' in text)
    except InputError as error:
        return _broken(place, text, error)
    return Read(place, entity)


def _broken(place: str, text: bytes, error: InputError) -> Read:
    """What a line that is no entity gives; where it is no JSON, `place` has the column, too."""
    (problem,) = error.problems[:1]
    found = COLUMN.match(problem.message) if problem.code == "broken-json" else None
    if found is None:
        return Read(place, None, error)
    begun = text.lstrip()[:1] == b"{"
    hint = "" if begun else "an entity is a JSON object: one a line, or all in a list"
    told = replace(problem, message=found["message"], hint=hint)
    return Read(f"{place}, {found['column']}", None, InputError(error.message, [told]))


def _whole(name: str, begun: bytes, file: IO[bytes]) -> Iterator[Read]:
    data = begun + file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        limit = f"{MAX_FILE_BYTES:,} bytes"
        raise InputError(f"{name} has more than {limit}; write one entity a line")
    try:
        entities = read_entities(data)
    except InputError as error:
        raise InputError(f"{name} cannot be read as entities", error.problems) from None
    for position, entity in enumerate(entities):
        yield Read(f"position {position}", entity)


def reason(error: InputError) -> str:
    """What is wrong with a line, on one line.

    Of a path only what lies in the entity is told: which entity it is is said before.
    """
    return "; ".join(map(_reason, error.problems)) or error.message


def _reason(problem: Problem) -> str:
    inside = problem.path.removeprefix("$").removeprefix("[0]").removeprefix(".")
    told = f"{inside}: {problem.message}" if inside else problem.message
    return f"{told}; {problem.hint}" if problem.hint else told


def all_entities(name: str | None, limit: int | None = None) -> list[Entity]:
    """The first entities of an input, all if `limit` is null. Raises InputError for a bad one."""
    found: list[Entity] = []
    for read in read_stream(name):
        if limit is not None and len(found) >= limit:
            break
        if read.entity is None:
            message = reason(read.error) if read.error else ""
            raise InputError(f"{name or 'standard input'}, {read.place}: {message}")
        found.append(read.entity)
    return found


def datasets_in(folders: list[Path]) -> dict[str, list[Entity]]:
    """The datasets in folders, by name: NAME.json, NAME.jsonl and pipes with embedded entities.

    A NAME.conf.json counts where its pipe has an embedded source; the dataset is that of its sink.
    Raises InputError for what cannot be read.
    """
    found: dict[str, list[Entity]] = {}
    for file in _dataset_files(folders):
        if file.name.endswith(CONFIG):
            found.update(_embedded(file))
        else:
            found[file.stem] = all_entities(str(file))
    return found


def dataset_names(folders: list[Path]) -> frozenset[str]:
    """The names of the datasets in folders, without reading those that are files of entities."""
    found: set[str] = set()
    for file in _dataset_files(folders):
        found.update(_embedded(file) if file.name.endswith(CONFIG) else [file.stem])
    return frozenset(found)


def _dataset_files(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"there is no folder {folder}")
        yield from (file for file in sorted(folder.iterdir()) if file.name.endswith(FILES))


def _embedded(file: Path) -> dict[str, list[Entity]]:
    value: Any = read_text(str(file), read_file(str(file))).value
    source = value.get("source") if type(value) is dict else None
    if type(source) is not dict or source.get("type") != "embedded":
        return {}
    sink = value.get("sink")
    name = sink.get("dataset") if type(sink) is dict else None
    entities = source.get("entities")
    try:
        checked = check_entities(entities if type(entities) is list else [entities])
    except InputError as error:
        raise InputError(f"{file} has a broken embedded source", error.problems) from None
    return {str(name or value.get("_id") or file.name.removesuffix(CONFIG)): checked}


def write_line(value: Any) -> None:
    """One value as a line of standard output."""
    sys.stdout.buffer.write(encode(value) + b"\n")
