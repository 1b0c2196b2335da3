"""Problems for people: file and JSON path, message, hint, and the code at the right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from sesam_node.errors import Problem

WIDTH: Final = 76


def show_problems(folder: Path, problems: Iterable[Problem]) -> None:
    """Print problems of a project."""
    for text in problem_texts(component_files(folder), problems):
        print(text)


def problem_texts(files: Mapping[str, str], problems: Iterable[Problem]) -> list[str]:
    """Each problem as two lines; `files` are the names of the files by the id of the component."""
    texts = []
    for problem in problems:
        place = files.get(problem.component, problem.component)
        message = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        if problem.level == "warning":
            message = f"warning: {message}"
        texts.append(f"{place} {problem.path}".strip() + f"\n    {message:<{WIDTH}} [{problem.code}]")
    return texts


def component_files(folder: Path) -> dict[str, str]:
    """The file of each component of a project, by its id; unreadable files are left out."""
    found = {}
    for file in sorted(folder.rglob("*.conf.json")):
        try:
            component = json.loads(file.read_text("utf-8-sig"))
        except (OSError, ValueError):
            continue
        if isinstance(component, dict) and isinstance(component.get("_id"), str):
            found[component["_id"]] = file.relative_to(folder).as_posix()
    return found
