"""The test specifications of a project: `expected/*.test.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "expected"
SUFFIX = ".test.json"


@dataclass(frozen=True, slots=True)
class Spec:
    """One `expected/*.test.json`: which pipe is read how, and compared with which file."""

    file: Path
    pipe: str
    expected: Path
    endpoint: str = "json"
    stage: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    ignore: bool = False
    ignore_deletes: bool = True
    blacklist: tuple[str, ...] = ()
    fields_to_sort_by: tuple[str, ...] = ("_id",)


def read_specs(project: Path) -> list[Spec]:
    """What a project folder expects, by the name of the file that says so.

    Raises ConfigError for a broken one.
    """
    return [read_spec(project, file) for file in sorted((project / FOLDER).glob(f"*{SUFFIX}"))]


def read_spec(project: Path, file: Path) -> Spec:
    """One of them. Raises ConfigError where it is broken."""
    value = read_project_json(project, file)
    place = file.relative_to(project).as_posix()
    if type(value) is not dict:
        raise ConfigError(f"{place} holds no object")
    name = file.name.removesuffix(SUFFIX)
    blacklist = value.get("blacklist") or []
    fields = value.get("fields_to_sort_by") or ["_id"]
    for option, items in (("blacklist", blacklist), ("fields_to_sort_by", fields)):
        if type(items) is not list or any(type(item) is not str for item in items):
            raise ConfigError(f'{place}: expected a list of strings in "{option}"')
    expected = str(value.get("file", f"{name}.json")).removeprefix(f"{FOLDER}/")
    return Spec(
        file,
        str(value.get("pipe", name)),
        project / FOLDER / expected,
        str(value.get("endpoint", "json")),
        value.get("stage"),
        value.get("parameters") or {},
        value.get("ignore", False) is True,
        value.get("ignore_deletes", True) is True,
        tuple(blacklist),
        tuple(fields),
    )


def read_project_json(project: Path, file: Path) -> Any:
    """The JSON in a file of a project. Raises ConfigError with its place where it is broken."""
    place = file.relative_to(project).as_posix()
    try:
        return json.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{place} cannot be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{place}, line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{place} is no UTF-8 text") from None
