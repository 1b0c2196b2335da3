"""Problems of a rule file: file, line, column, and the line with a caret under the place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.source_text import SourceText
from sesam_node.errors import SesamError

if TYPE_CHECKING:
    from sesam_node.errors import Problem

LINE = 96
"""The most characters that are shown of a line."""


class RulesError(SesamError):
    """Rules that cannot be used: a text that shows every problem, and `found`, the same as data."""

    def __init__(self, text: str, found: list[dict[str, Any]]) -> None:
        super().__init__(text)
        self.found = found


def excerpt(text: str, start: int, end: int) -> str:
    """The line of an offset, and under it `^` from start to end or the end of the line.

    A long line is cut to what is around the place.
    """
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    line = text[begin : stop if stop >= 0 else len(text)].rstrip("\r").replace("\t", " ")
    column = start - begin
    width = max(1, min(end - begin, len(line)) - column)
    if len(line) > LINE:
        cut = max(0, min(column - LINE // 3, len(line) - LINE))
        head, tail = "…" if cut else "", "…" if cut + LINE < len(line) else ""
        line = head + line[cut : cut + LINE] + tail
        column += len(head) - cut
        width = max(1, min(width, len(line) - len(tail) - column))
    return f"    {line}\n    {' ' * column}{'^' * width}"


def data_of(
    name: str, source: SourceText, path: str, span: tuple[int, int], problem: Problem
) -> dict[str, Any]:
    """A problem as data: with file, path and place."""
    line, column = source.position(span[0])
    found = {
        "file": name,
        "line": line,
        "column": column,
        "start": span[0],
        "end": span[1],
        "path": path,
        "level": problem.level,
        "code": problem.code,
        "message": problem.message,
    }
    return {**found, "hint": problem.hint} if problem.hint else found


def text_of(text: str, found: dict[str, Any]) -> str:
    """A located problem as people read it: message, path, the line with a caret."""
    hint = f"; {found['hint']}" if "hint" in found else ""
    return (
        f"{found['file']}:{found['line']}:{found['column']}: {found['level']}: "
        f"{found['message']}{hint} [{found['code']}]\n"
        f"  {found['path']}\n{excerpt(text, found['start'], found['end'])}"
    )


def broken(name: str, text: str, offset: int, problem: Problem) -> RulesError:
    """The error of a text that is no JSON at `offset`."""
    found = data_of(name, SourceText(text), "$", (offset, offset + 1), problem)
    found["message"] = problem.message.partition(": ")[2] or problem.message
    return RulesError(f"{name} is no JSON\n{text_of(text, found)}", [found])
