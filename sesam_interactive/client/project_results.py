"""What came of validating, uploading, comparing and testing a project; text and HTML to look at."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from sesam_interactive.display.html import pre, table
from sesam_interactive.display.json_text import pretty
from sesam_interactive.display.problems import problems_html, problems_text
from sesam_interactive.display.rows import text_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sesam_node.errors import Problem
    from sesam_node.expected import Outcome

COLOURS = {"+": "#2e9e4f", "-": "#d64545", "@": "#7a7a7a"}
LINES = 400


def text_html(text: str) -> str:
    """Lines of a difference, added ones and removed ones in colour, readable on light and dark."""
    shown = "\n".join(
        f"<span style='color:{COLOURS[line[0]]}'>{escape(line)}</span>"
        if line[:1] in COLOURS
        else escape(line)
        for line in text.splitlines()
    )
    return pre(shown, "white-space:pre-wrap")


def cut(text: str) -> str:
    """At most 400 lines of a text, and how many more there are."""
    lines = text.splitlines()
    more = len(lines) - LINES
    return text if more <= 0 else "\n".join([*lines[:LINES], f"… and {more:,} more lines"])


@dataclass(frozen=True)
class Validation:
    """Everything that is wrong with a project, with files and paths."""

    problems: list[Problem]
    files: dict[str, str]

    @property
    def ok(self) -> bool:
        """Could it be loaded as a whole? Warnings do not count."""
        return not self.errors

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level != "error"]

    def __bool__(self) -> bool:
        return self.ok

    @property
    def summary(self) -> str:
        """`8 components, 0 errors, 2 warnings`."""
        counts = len(self.files), len(self.errors), len(self.warnings)
        return "{:,} components, {:,} errors, {:,} warnings".format(*counts)

    def __repr__(self) -> str:
        return "\n".join(filter(None, [problems_text(self.problems, self.files), self.summary]))

    def _repr_html_(self) -> str:
        return f"<div>{problems_html(self.problems, self.files)}<b>{self.summary}</b></div>"


@dataclass(frozen=True)
class Uploaded:
    """What an upload has put on the node."""

    url: str
    components: int
    variables: int
    entities: dict[str, int]
    warnings: list[Problem]
    files: dict[str, str]

    @property
    def summary(self) -> str:
        parts = [f"{self.components:,} components", f"{self.variables:,} variables"]
        if self.entities:
            total, pipes = sum(self.entities.values()), len(self.entities)
            parts.append(f"{total:,} entities of test data for {pipes:,} pipes")
        return f"uploaded to {self.url}: {', '.join(parts)}"

    def __repr__(self) -> str:
        return "\n".join(filter(None, [problems_text(self.warnings, self.files), self.summary]))

    def _repr_html_(self) -> str:
        return f"<div>{problems_html(self.warnings, self.files)}<b>{escape(self.summary)}</b></div>"


@dataclass(frozen=True)
class Change:
    """One component, or the variables, that folder and node have differently.

    `state` is "added" where only the folder has it, "removed" where only the node has it.
    """

    component: str
    state: str
    file: str
    old: Any = None
    new: Any = None

    @property
    def text(self) -> str:
        """The difference line by line: `-` is the node's, `+` the folder's."""
        before = "" if self.old is None else pretty(ordered_like(self.old, self.new))
        after = "" if self.new is None else pretty(self.new)
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), "node", self.file or "folder", lineterm="", n=2
        )
        return "\n".join(lines)


@dataclass(frozen=True)
class Status:
    """Which components differ between a project folder and a node."""

    url: str
    folder: Path
    changes: list[Change] = field(default_factory=list)

    @property
    def in_sync(self) -> bool:
        return not self.changes

    def __bool__(self) -> bool:
        """Is it in sync?"""
        return self.in_sync

    def __len__(self) -> int:
        return len(self.changes)

    @property
    def summary(self) -> str:
        if not self.changes:
            return f"{self.folder.name} and {self.url} are in sync"
        states = [change.state for change in self.changes]
        counts = (f"{states.count(state)} {state}" for state in dict.fromkeys(states))
        return f"{self.folder.name} against {self.url}: {', '.join(counts)}"

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"component": change.component, "state": change.state, "file": change.file}
            for change in self.changes
        ]

    def __repr__(self) -> str:
        return "\n".join(
            [self.summary, text_table(self._rows())] if self.changes else [self.summary]
        )

    def _repr_html_(self) -> str:
        shown = table(self._rows()) if self.changes else ""
        return f"<div><b>{escape(self.summary)}</b>{shown}</div>"


class ProjectDiff(Status):
    """What an upload would change on the node, component by component, line by line."""

    def __repr__(self) -> str:
        texts = [f"{change.state} {change.component}\n{change.text}" for change in self.changes]
        return cut("\n\n".join([self.summary, *texts]))

    def _repr_html_(self) -> str:
        parts = "".join(
            f"<details{' open' if len(self.changes) <= 5 else ''}><summary>{escape(change.state)} "
            f"<b>{escape(change.component)}</b> {escape(change.file)}</summary>"
            f"{text_html(cut(change.text))}</details>"
            for change in self.changes
        )
        return f"<div><b>{escape(self.summary)}</b>{parts}</div>"


def ordered_like(value: Any, model: Any) -> Any:
    """A value with its keys in the order of another one, so that only what differs shows."""
    if isinstance(value, dict) and isinstance(model, dict):
        names = [*(name for name in model if name in value), *(n for n in value if n not in model)]
        return {name: ordered_like(value[name], model.get(name)) for name in names}
    if isinstance(value, list) and isinstance(model, list):
        models = [*model, *[None] * len(value)]
        return [ordered_like(item, like) for item, like in zip(value, models, strict=False)]
    return value


def same_json(left: Any, right: Any) -> bool:
    """Is it the same JSON, the order of keys aside? `1`, `1.0` and `true` are three values."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@dataclass(frozen=True)
class Tested:
    """How a project came out: each spec and what differs; pipes that failed meanwhile."""

    name: str
    outcomes: list[Outcome]
    failing: dict[str, str]

    @property
    def ok(self) -> bool:
        return not self.failed

    @property
    def failed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.text]

    @property
    def passed(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if not outcome.text]

    def __bool__(self) -> bool:
        return self.ok

    @property
    def summary(self) -> str:
        if not self.outcomes:
            return f"{self.name}: there are no tests (expected/*.test.json)"
        return f"{self.name}: {len(self.passed)} passed, {len(self.failed)} failed"

    def __repr__(self) -> str:
        lines = [
            f'warning: the pipe "{pipe}" failed: {text}' for pipe, text in self.failing.items()
        ]
        for outcome in self.outcomes:
            lines.append(f"{'FAILED' if outcome.text else 'ok    '} {outcome.name}")
            lines.extend(f"    {line}" for line in outcome.text.splitlines())
        return cut("\n".join([*lines, self.summary]))

    def _repr_html_(self) -> str:
        warnings = "".join(
            f"<p>the pipe <b>{escape(pipe)}</b> failed: {escape(text)}</p>"
            for pipe, text in self.failing.items()
        )
        failed = "".join(
            f"<details open><summary>failed <b>{escape(item.name)}</b></summary>"
            f"{text_html(cut(item.text))}</details>"
            for item in self.failed
        )
        passed = "".join(f"<div>ok {escape(item.name)}</div>" for item in self.passed)
        return f"<div><b>{escape(self.summary)}</b>{warnings}{failed}{passed}</div>"


@dataclass(frozen=True)
class Written:
    """Which files of a project were written, and which were deleted."""

    folder: Path
    files: list[str]
    deleted: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.files or self.deleted)

    def __len__(self) -> int:
        return len(self.files) + len(self.deleted)

    def _rows(self) -> list[dict[str, str]]:
        states: Mapping[str, list[str]] = {"written": self.files, "deleted": self.deleted}
        return [{"file": name, "": state} for state, names in states.items() for name in names]

    def __repr__(self) -> str:
        return text_table(self._rows()) if self else f"nothing to change in {self.folder}"

    def _repr_html_(self) -> str:
        return table(self._rows()) if self else f"<p>{escape(repr(self))}</p>"
