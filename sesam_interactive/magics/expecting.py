"""What a cell is expected to give: golden outputs in the layout of the official client's tests.

`expected/orders.json` holds entities, `expected/orders.test.json` how they are compared: which
pipe, which properties not (`blacklist`), in which order. As there, properties that begin with `_`
do not count (but `_id`, and `_deleted` where true), nor do floats that are whole numbers differ
from integers.
"""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_interactive.magics.cell import CellError
from sesam_interactive.magics.config_diff import changes
from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_interactive.client import Hub
    from sesam_interactive.magics.result import DtlResult
    from sesam_node.model import Entity

SHOWN = 10
PLACES = 8
LONGEST_INTEGER = len("9007199254740991")
ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


class Spec(NamedTuple):
    """A `.test.json`: see `docs/magics.md`."""

    blacklist: tuple[str, ...] = ()
    ignore_deletes: bool = True


class Expectation:
    """A file of expected entities and its spec; the file need not be there yet."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def spec_file(self) -> Path:
        return self.file.with_name(f"{self.file.stem}.test.json")

    def exists(self) -> bool:
        return self.file.exists()

    def entities(self) -> list[Entity]:
        """The expected entities. Raises CellError where the file holds none."""
        value = _read(self.file)
        if not isinstance(value, list) or not all(
            isinstance(item, dict) and isinstance(item.get("_id"), str) for item in value
        ):
            raise CellError(f'{self.file}: expected a list of entities, each with an "_id"')
        return value

    def spec(self) -> Spec:
        if not self.spec_file.exists():
            return Spec()
        value = _read(self.spec_file)
        if not isinstance(value, dict):
            raise CellError(f"{self.spec_file}: expected an object")
        blacklist = value.get("blacklist") or []
        if not isinstance(blacklist, list) or not all(isinstance(one, str) for one in blacklist):
            raise CellError(f'{self.spec_file}: expected a list of texts in "blacklist"')
        return Spec(tuple(blacklist), value.get("ignore_deletes", True) is not False)

    def difference(self, result: DtlResult) -> str:
        """How the result differs from what is expected, as text; empty where it does not."""
        spec = self.spec()
        expected = _by_id(self.entities(), spec)
        current = _by_id(result.entities, spec)
        if spec.ignore_deletes:
            gone = [key for key, entity in current.items() if entity.get("_deleted") is True]
            current = {k: v for k, v in current.items() if k in expected or k not in gone}
        failed = [
            f"! {preview(one['source']['_id'])} failed: {one['error'].get('message')}"
            for one in result.errors
        ]
        lines = [
            line
            for key in sorted({*expected, *current})
            for line in _entity(key, expected.get(key), current.get(key))
        ]
        if not lines and not failed:
            return ""
        wrong = sum(not line.startswith(" ") for line in lines)
        count = f"{wrong} of {len({*expected, *current})} entities differ from {self.file}"
        return "\n".join([count, *failed[:SHOWN], *_cut(lines)])

    def write(self, hub: Hub, result: DtlResult, pipe: str) -> str:
        """Keep the result's entities as what is expected; a sentence that says so.

        The spec is made where there is none. The official client reads whole output pipes alone:
        it is told to ignore what is a part of a source, or stays in the node.
        """
        spec = self.spec() if self.spec_file.exists() else Spec()
        entities = sorted(_by_id(result.entities, spec).values(), key=lambda one: str(one["_id"]))
        self.file.parent.mkdir(parents=True, exist_ok=True)
        _replace(self.file, _escaped(entities))
        text = f"{len(entities)} entities are expected in {self.file}"
        reason = _not_for_the_client(hub, result, pipe)
        if not self.spec_file.exists():
            made: dict[str, Any] = {"_id": self.file.stem, "type": "test", "pipe": pipe}
            made["file"] = self.file.name
            if reason:
                made["ignore"] = True
            _replace(self.spec_file, _escaped(made))
        note = f"; the official client's tests ignore it: {reason}" if reason else ""
        return f"{text}{note}"


def expectation(name: str, project: Path | None) -> Expectation:
    """The file that a name means: as it is, or below `expected` of the project.

    A file that is not there yet belongs to the project, if there is one.
    """
    file = Path(name).expanduser()
    if file.suffix != ".json" or file.name.endswith(".test.json"):
        raise CellError(f"--expect {name}: expected the name of a .json file with entities")
    if file.is_absolute() or file.exists() or project is None or len(file.parts) > 1:
        return Expectation(file)
    return Expectation(project / "expected" / file)


def _not_for_the_client(hub: Hub, result: DtlResult, pipe: str) -> str:
    if pipe not in hub.pipes.names():
        return f'there is no pipe "{pipe}" on the node'
    effective = hub.pipes.make(pipe).effective
    sink = effective.get("sink", {})
    if effective.get("source", {}).get("type") == "embedded":
        return f'"{pipe}" has an embedded source, and it reads output pipes'
    if sink.get("type", "dataset") == "dataset":
        return f'"{pipe}" writes a dataset, and it reads output pipes'
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


def _by_id(entities: Sequence[Entity], spec: Spec) -> dict[str, Entity]:
    return {str(e.get("_id")): _comparable(e, spec) for e in entities}


def _comparable(value: Any, spec: Spec, path: tuple[str, ...] = ()) -> Any:
    """A value as it is compared: without internal and blacklisted properties, numbers as JSON."""
    if isinstance(value, dict):
        return {
            key: _comparable(item, spec, (*path, key))
            for key, item in sorted(value.items())
            if _counts(key, item) and not _is_blacklisted((*path, key), spec)
        }
    if isinstance(value, list):
        return [_comparable(item, spec, path) for item in value]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and len(str(value)) > LONGEST_INTEGER:
        return int(float(value))
    return value


def _counts(key: str, value: Any) -> bool:
    return not key.startswith("_") or key == "_id" or (key == "_deleted" and value is True)


def _is_blacklisted(path: tuple[str, ...], spec: Spec) -> bool:
    text = ".".join(path)
    return any(fnmatch(text, pattern.replace("[].", ".*.")) for pattern in spec.blacklist)


def _escaped(value: Any) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    for character, escape in ESCAPED.items():
        text = text.replace(character, escape)
    return f"{text}\n"


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise CellError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise CellError(f"{file} holds no JSON: {error}") from None


def _replace(file: Path, text: str) -> None:
    partial = file.with_suffix(".part")
    try:
        partial.write_text(text, "utf-8")
        partial.replace(file)
    except OSError as error:
        raise CellError(f"{file} cannot be written: {error.strerror}") from None
