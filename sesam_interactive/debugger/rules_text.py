"""The rules of a trace as laid out text, with the place of each JSON path in it."""

from __future__ import annotations

import json
from bisect import bisect_right
from functools import cached_property
from typing import Any

from sesam_interactive.debugger.errors import wrong
from sesam_node.dtl.format import format_text
from sesam_node.dtl.source_text import read_source
from sesam_node.dtl.trace.recording import rules_path
from sesam_node.errors import suggestion

WIDTH = 76


class RulesText:
    """Text and places of a rule set. Paths are those of the trace document.

    `base` is the path of the rule set (`$.transform.rules`); people may leave it out of a path.
    """

    def __init__(self, document: dict[str, Any], width: int = WIDTH) -> None:
        self.base = rules_path(document)
        self.nodes: dict[str, dict[str, Any]] = {node["path"]: node for node in document["nodes"]}
        text = format_text(json.dumps(document["rules"], ensure_ascii=False), width=width)
        self._source = read_source(text)
        self.text = self._source.text
        self.lines = self.text.splitlines()

    def span(self, path: str) -> tuple[int, int]:
        """Start and end of a path in the text, in characters; a variable in a text is that text."""
        return self._source.span("$" + path.removeprefix(self.base)) or (0, 0)

    def line(self, path: str) -> int:
        """The line that a path begins in, from 1."""
        return self._source.position(self.span(path)[0])[0]

    def last_line(self, path: str) -> int:
        """The line that a path ends in, from 1."""
        return self._source.position(max(self.span(path)[1] - 1, 0))[0]

    @cached_property
    def spans(self) -> dict[str, tuple[int, int]]:
        """The place of each node, by path."""
        return {path: self.span(path) for path in self.nodes}

    def path_at(self, offset: int) -> str:
        """The path of the innermost node at an offset of the text; the base outside of all."""
        found = self.base + self._source.path_at(offset)[1:]
        while found not in self.nodes and len(found) > len(self.base):
            found = found[: max(found.rfind("."), found.rfind("["))]
        return found if found in self.nodes else self.base

    def full(self, path: str) -> str:
        """A path as the document has it, of one as people write it: `default[2][1]`, `2`, a rule.

        Raises DebuggerError for one that is no node of the rules, with the nearest that is.
        """
        text = path.strip()
        short = text.removeprefix("$").lstrip(".")
        rest = self.base.removeprefix("$.")
        for form in (text, f"{self.base}.{short}", f"{self.base}{short}", f"$.{short}"):
            if form in self.nodes:
                return form
        if short.startswith(rest) and f"$.{short}" in self.nodes:
            return f"$.{short}"
        known = [node.removeprefix(f"{self.base}.") for node in self.nodes]
        hint = suggestion(short, known) or "paths are those of the rules, like default[2][1]"
        message = f"nothing is evaluated at {path!r} of the rules"
        raise wrong(message, path, "unknown-path", hint)

    def short(self, path: str) -> str:
        """A path without that of the rule set."""
        return path.removeprefix(self.base).lstrip(".") or "rules"

    def function_paths(self, name: str) -> list[str]:
        """The paths of all calls of a function or transform. Raises DebuggerError for none."""
        found = [path for path, node in self.nodes.items() if node["name"] == name]
        if not found:
            names = {node["name"] for node in self.nodes.values() if node["kind"] != "path"}
            hint = suggestion(name, names) or f"the rules call {', '.join(sorted(names))}"
            raise wrong(f'the rules do not call "{name}"', name, "unknown-function", hint)
        return found

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset that each line begins at."""
        return self._source.line_starts

    def line_of(self, offset: int) -> int:
        return bisect_right(self.line_starts, offset)
