"""What a cell is expected to give: golden outputs in the layout of the official client's tests.

`expected/orders.json` holds entities, `expected/orders.test.json` how they are compared: which
pipe, which properties not (`blacklist`). The rules are those of the tests of projects.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.config_diff import changes
from sesam_node.errors import ConfigError, preview
from sesam_node.expected import Spec, is_output
from sesam_node.expected.comparison import current_entities, expected_text
from sesam_node.expected.spec import SUFFIX, read_project_json, read_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_interactive.client import Hub
    from sesam_interactive.magics.result import DtlResult
    from sesam_node.model import Entity

SHOWN = 10
PLACES = 8


class Expectation:
    """A file of expected entities and its spec; the file need not be there yet.

    `said` is how people are told of it: instead of an absolute path the one within its project.
    """

    def __init__(self, file: Path, project: Path | None = None) -> None:
        self.file = file
        self.said = str(file)
        if project is not None and file.is_absolute():
            self.said = f"{project.name}/{file.relative_to(project).as_posix()}"

    @property
    def spec_file(self) -> Path:
        return self.file.with_name(f"{self.file.stem}{SUFFIX}")

    def exists(self) -> bool:
        return self.file.exists()

    def entities(self) -> list[Entity]:
        """The expected entities. Raises CellError where the file holds none."""
        value = _read(self.file)
        if not isinstance(value, list) or not all(
            isinstance(item, dict) and isinstance(item.get("_id"), str) for item in value
        ):
            raise CellError(f'{self.said}: expected a list of entities, each with an "_id"')
        return value

    def spec(self) -> Spec:
        if not self.spec_file.exists():
            return Spec(self.spec_file, self.file.stem, self.file)
        try:
            return read_spec(self.file.parent, self.spec_file)
        except ConfigError as error:
            raise CellError(str(error)) from None

    def difference(self, result: DtlResult) -> str:
        """How the result differs from what is expected, as text; empty where it does not."""
        spec, wanted = self.spec(), self.entities()
        expected = _by_id(wanted)
        current = _by_id(current_entities(result.entities, wanted, spec))
        failed = [
            f"! {preview(one['source']['_id'])} failed: {one['error'].get('message')}"
            for one in result.errors
        ]
        ids = sorted({*expected, *current})
        lines = [line for key in ids for line in _entity(key, expected.get(key), current.get(key))]
        if not lines and not failed:
            return ""
        wrong = sum(not line.startswith(" ") for line in lines)
        count = f"{wrong} of {len(ids)} entities differ from {self.said}"
        return "\n".join([count, *failed[:SHOWN], *_cut(lines)])

    def write(self, hub: Hub, result: DtlResult, pipe: str) -> str:
        """Keep the result's entities as what is expected; a sentence that says so.

        The spec is made where there is none. The official client reads whole output pipes alone:
        it is told to ignore what is a part of a source, or stays in the node.
        """
        reason = _not_for_the_client(hub, result, pipe)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        _replace(self.file, expected_text(result.entities, self.spec()))
        if not self.spec_file.exists():
            made: dict[str, Any] = {"_id": self.file.stem, "type": "test", "pipe": pipe}
            made["file"] = self.file.name
            if reason:
                made["ignore"] = True
            _replace(self.spec_file, json.dumps(made, indent=2) + "\n")
        note = f"; the tests of projects ignore it: {reason}" if reason else ""
        count = len(result.entities)
        told = "1 entity is" if count == 1 else f"{count} entities are"
        return f"{told} expected in {self.said}{note}"


def expectation(name: str, project: Path | None) -> Expectation:
    """The file that a name means: as it is, or below `expected` of the project.

    A file that is not there yet belongs to the project, if there is one.
    """
    file = Path(name).expanduser()
    if file.suffix != ".json" or file.name.endswith(".test.json"):
        raise CellError(f"--expect {name}: expected the name of a .json file with entities")
    if file.is_absolute() or file.exists() or project is None or len(file.parts) > 1:
        return Expectation(file)
    return Expectation(project / "expected" / file, project)


def _not_for_the_client(hub: Hub, result: DtlResult, pipe: str) -> str:
    if pipe not in hub.pipes.names():
        return f'there is no pipe "{pipe}" on the node'
    if not is_output(hub.connection.get(f"/pipes/{segment(pipe)}")):
        return f'"{pipe}" is no output pipe'
    return "" if result.complete else "it is a part of the source"


def _entity(key: str, expected: Entity | None, current: Entity | None) -> list[str]:
    if expected is None:
        return [f"+ {preview(key)} is not expected: {preview(current, 100)}"]
    if current is None:
        return [f"- {preview(key)} is missing: {preview(expected, 100)}"]
    found = changes(expected, current)
    if not found:
        return []
    lines = [f"    {change}" for change in found[:PLACES]]
    more = len(found) - PLACES
    return [f"~ {preview(key)}", *lines, *([f"    ... {more} more places"] if more > 0 else [])]


def _cut(lines: list[str]) -> list[str]:
    heads = [number for number, line in enumerate(lines) if not line.startswith(" ")]
    if len(heads) <= SHOWN:
        return lines
    return [*lines[: heads[SHOWN]], f"... and {len(heads) - SHOWN} more"]


def _by_id(entities: Sequence[Entity]) -> dict[str, Entity]:
    return {str(entity.get("_id")): entity for entity in entities}


def _read(file: Path) -> Any:
    try:
        return read_project_json(file.parent, file)
    except ConfigError as error:
        raise CellError(str(error)) from None


def _replace(file: Path, text: str) -> None:
    partial = file.with_suffix(".part")
    try:
        partial.write_text(text, "utf-8")
        partial.replace(file)
    except OSError as error:
        raise CellError(f"{file} cannot be written: {error.strerror}") from None
