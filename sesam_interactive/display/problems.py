"""Problems of a configuration or of rules, for people: place, message, hint, code."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.errors import Problem

WIDTH = 76
SHOWN = 50


def problems_text(problems: Iterable[Problem], files: Mapping[str, str] | None = None) -> str:
    """Each problem as two lines: where it is, what is wrong and what to try.

    `files` are names of files by the id of the component that stands in them.
    """
    listed = list(problems)
    texts = []
    for problem in listed[:SHOWN]:
        text = f"    {message(problem)}"
        place = where(problem, files or {})
        texts.append(f"{place}\n{text:<{WIDTH}} [{problem.code}]".lstrip("\n"))
    return "\n".join([*texts, *_rest(listed)])


def problems_html(problems: Iterable[Problem], files: Mapping[str, str] | None = None) -> str:
    """The same as a table."""
    listed = list(problems)
    rows = "".join(
        f"<tr><td style='text-align:left;vertical-align:top'><code>"
        f"{escape(where(problem, files or {}))}</code></td>"
        f"<td style='text-align:left'>{escape(message(problem))}</td>"
        f"<td style='text-align:left;opacity:.7'>{escape(problem.code)}</td></tr>"
        for problem in listed[:SHOWN]
    )
    rest = "".join(f"<p><i>{escape(text)}</i></p>" for text in _rest(listed))
    return f"<table><tbody>{rows}</tbody></table>{rest}" if rows else ""


def where(problem: Problem, files: Mapping[str, str]) -> str:
    """The file or component, and the path in it."""
    return f"{files.get(problem.component) or problem.component} {problem.path}".strip()


def message(problem: Problem) -> str:
    """What is wrong and what to try, on one line."""
    text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    return f"warning: {text}" if problem.level == "warning" else text


def _rest(problems: list[Problem]) -> list[str]:
    more = len(problems) - SHOWN
    return [f"… and {more:,} more problems"] if more > 0 else []
