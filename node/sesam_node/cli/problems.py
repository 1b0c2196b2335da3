"""Problems for people: file and JSON path, message, hint, and the code at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.errors import Problem

WIDTH: Final = 76


def problem_texts(files: Mapping[str, str], problems: Iterable[Problem]) -> list[str]:
    """Each problem as two lines; `files` are the names of the files by the id of the component."""
    texts = []
    for problem in problems:
        place = files.get(problem.component, problem.component)
        message = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        if problem.level == "warning":
            message = f"warning: {message}"
        texts.append(
            f"{place} {problem.path}".strip() + f"\n    {message:<{WIDTH}} [{problem.code}]"
        )
    return texts
