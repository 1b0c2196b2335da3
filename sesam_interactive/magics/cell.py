"""The text of a `%%dtl` cell: JSON with comments, kernel values in it, and errors with a caret.

A cell holds a list of transforms (the `default` rule), a dict of rules, or a whole pipe. A text
that is exactly `"{{expression}}"` becomes the JSON value of that Python expression; inside longer
text the value is put in as text. JSON is never edited as text, so quotes cannot break it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_interactive.frames.from_frame import to_value
from sesam_node.dtl.source_text import SourceText, read_source
from sesam_node.errors import InputError, Problem, SesamError, json_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LINE = 84
STEP = re.compile(r"\.([^.\[]+)")
PARAMETER = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)


class CellError(SesamError):
    """Problems of a cell, shown as path, line and caret, without a traceback."""

    def __init__(self, message: str, problems: Iterable[Problem] = (), text: str = "") -> None:
        super().__init__(message, problems)
        self.text = text

    def __str__(self) -> str:
        return self.text or super().__str__()

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


RULES_AT = "$.transform.rules"


@dataclass
class Cell:
    """A parsed cell: the source, and the value with what the kernel put in.

    `line` is that of the magic, for who repeats the cell.
    """

    source: SourceText
    value: Any
    line: str = ""

    @property
    def is_pipe(self) -> bool:
        """Is it a whole pipe, rather than rules?"""
        return isinstance(self.value, dict) and (
            "source" in self.value or "transform" in self.value
        )

    @property
    def rules(self) -> dict[str, Any]:
        """The rule set of a cell that is no whole pipe."""
        return {"default": self.value} if isinstance(self.value, list) else self.value

    def error(self, problems: Iterable[Problem], rules_at: str = RULES_AT) -> CellError:
        """The problems of this cell as one error: each with its line and a caret under it.

        `rules_at` is the path of the rule set in what was checked; that of a whole pipe is `$`.
        """
        listed = sorted(problems)
        count = len(listed)
        title = f"{count} problem{'' if count == 1 else 's'}"
        shown = [self.shown(problem, rules_at) for problem in listed]
        return CellError(title, listed, "\n".join([title, *shown]))

    def shown(self, problem: Problem, rules_at: str = RULES_AT) -> str:
        """A problem with its place in the cell: line, column, path, and a caret."""
        path = self.path_of(problem.path, rules_at)
        span = self.source.span(path) if path is not None else None
        text = problem.message + (f"; {problem.hint}" if problem.hint else "")
        if problem.level == "warning":
            text = f"warning: {text}"
        if span is None:
            where = f"{problem.path}  " if problem.path else ""
            return f"  {where}{text}  [{problem.code}]"
        line, column = self.source.position(span[0])
        place = f"  line {line}, column {column}  {path}"
        return f"{place}\n    {text}  [{problem.code}]\n{caret(self.source.text, *span)}"

    def path_of(self, path: str, rules_at: str = RULES_AT) -> str | None:
        """The path in this cell of a path in what was checked; null where it is not in the cell."""
        if self.is_pipe:
            return path or None
        start = f"{rules_at}.default" if isinstance(self.value, list) else rules_at
        rest = path[len(start) :]
        if not path.startswith(start) or rest[:1] not in ("", ".", "["):
            return None
        name = STEP.match(rest)
        if isinstance(self.value, dict) and name and name[1] not in self.value:
            return None
        return f"${rest}"


def caret(text: str, start: int, end: int) -> str:
    """The line of an offset, and under it `^` from start to end (or to the end of the line).

    A long line is cut to what is around the place.
    """
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", start)
    line = text[begin : stop if stop >= 0 else len(text)]
    column, width = start - begin, max(1, min(end, begin + len(line)) - start)
    if len(line) > LINE:
        cut = max(0, min(column - LINE // 3, len(line) - LINE))
        head, tail = "…" if cut else "", "…" if cut + LINE < len(line) else ""
        line = head + line[cut : cut + LINE] + tail
        column = column - cut + len(head)
        width = min(width, len(line) - len(tail) - column)
    return f"      {line}\n      {' ' * column}{'^' * width}"


def read_cell(text: str, evaluate: Callable[[str], Any], line: str = "") -> Cell:
    """The cell's value with kernel values put in.

    `evaluate` gives the value of a Python expression. Raises CellError with line and caret.
    """
    try:
        source = read_source(text)
    except InputError as error:
        offset = getattr(error, "offset", 0)
        shown = f"{error.problems[0].message}\n{caret(text, offset, offset + 1)}"
        raise CellError(error.message, error.problems, shown) from None
    problems: list[Problem] = []
    value = _fill(source.value, (), evaluate, problems)
    if not problems and not isinstance(value, list | dict):
        text = "expected a list of transforms, rules or a pipe"
        problems.append(Problem("$", "wrong-type", text))
    if problems:
        # Their paths are those of the cell itself, as if it were a pipe.
        raise Cell(source, {"source": None}).error(problems)
    return Cell(source, value, line)


def filled(value: Any, evaluate: Callable[[str], Any]) -> Any:
    """A value with those of the kernel put in. Raises CellError where an expression fails."""
    problems: list[Problem] = []
    found = _fill(value, (), evaluate, problems)
    if problems:
        raise CellError(problems[0].message, problems, problems[0].message)
    return found


def _fill(
    value: Any,
    path: tuple[str | int, ...],
    evaluate: Callable[[str], Any],
    problems: list[Problem],
) -> Any:
    if isinstance(value, list):
        return [_fill(item, (*path, i), evaluate, problems) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {k: _fill(item, (*path, k), evaluate, problems) for k, item in value.items()}
    if not isinstance(value, str) or "{{" not in value:
        return value

    def parameter(expression: str) -> Any:
        try:
            return evaluate(expression.strip())
        except Exception as error:  # noqa: BLE001 - whatever the user's expression raises
            text = f"{{{{{expression}}}}} fails: {type(error).__name__}: {error}"
            problems.append(Problem(json_path(path), "parameter", text))
            return None

    alone = PARAMETER.fullmatch(value)
    if alone:
        return to_value(parameter(alone[1]))
    return PARAMETER.sub(lambda match: str(parameter(match[1])), value)
