"""JSON as people write it: comments and trailing commas allowed, every value with its position.

`read_source` gives the plain value and a map between JSON paths and places in the text, so that a
problem found at `$.default[2][1]` can point at line and column.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from sesam_node.errors import InputError, Problem, json_path

BLANK = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|#[^\n]*|/\*.*?\*/)*", re.DOTALL)
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
WORDS = {"true": True, "false": False, "null": None}
WORD = re.compile(r"[A-Za-z_$][\w$-]*")
MAX_DEPTH = 200
STRINGS = json.JSONDecoder()


@dataclass
class SourceText:
    """A text, the value in it, and where each value of it stands.

    `spans` maps a JSON path (`$.default[0]`) to start and end offsets in `text`.
    """

    text: str
    value: Any = None
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of an offset."""
        starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def span(self, path: str) -> tuple[int, int] | None:
        """The place of a path, or of its nearest parent that is in the text."""
        while path not in self.spans:
            parent = re.sub(r"(\.[^.\[\]]+|\[[^\]]*\])$", "", path)
            if parent == path or not parent:
                return None
            path = parent
        return self.spans[path]


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: dict[str, tuple[int, int]] = {}

    def fail(self, offset: int, message: str, hint: str = "") -> InputError:
        line, column = SourceText(self.text).position(offset)
        problem = Problem("$", "broken-json", f"line {line}, column {column}: {message}", hint)
        error = InputError("the text is no JSON", [problem])
        error.offset = offset  # type: ignore[attr-defined]  # for the caret under the text
        return error

    def skip(self, offset: int) -> int:
        match = BLANK.match(self.text, offset)
        end = match.end() if match else offset
        if self.text.startswith("/*", end):
            raise self.fail(end, "a comment that does not end")
        return end

    def value(self, offset: int, path: tuple[str | int, ...]) -> tuple[Any, int]:
        if len(path) > MAX_DEPTH:
            raise self.fail(offset, f"nested more than {MAX_DEPTH} levels deep")
        start = self.skip(offset)
        value, end = self._value(start, path)
        self.spans[json_path(path)] = (start, end)
        return value, end

    def _value(self, offset: int, path: tuple[str | int, ...]) -> tuple[Any, int]:
        char = self.text[offset : offset + 1]
        if char == '"':
            return self._string(offset)
        if char == "[":
            return self._list(offset + 1, path)
        if char == "{":
            return self._dict(offset + 1, path)
        number = NUMBER.match(self.text, offset)
        if number and number.end() > offset:
            plain = number[1] is None and number[2] is None
            return (int if plain else float)(number[0]), number.end()
        word = WORD.match(self.text, offset)
        if word and word[0] in WORDS:
            return WORDS[word[0]], word.end()
        if not char:
            raise self.fail(offset, "expected a value, the text ends here")
        hint = 'text stands in double quotes: "..."' if word or char == "'" else ""
        raise self.fail(offset, f"expected a value, got {(word[0] if word else char)!r}", hint)

    def _string(self, offset: int) -> tuple[str, int]:
        try:
            text, end = STRINGS.raw_decode(self.text, offset)
        except json.JSONDecodeError as error:
            raise self.fail(error.pos, f"broken text: {error.msg.lower()}") from None
        return str(text), end

    def _list(self, offset: int, path: tuple[str | int, ...]) -> tuple[list[Any], int]:
        items: list[Any] = []
        while True:
            offset = self.skip(offset)
            if self.text.startswith("]", offset):
                return items, offset + 1
            value, offset = self.value(offset, (*path, len(items)))
            items.append(value)
            offset = self._comma(offset, "]")

    def _dict(self, offset: int, path: tuple[str | int, ...]) -> tuple[dict[str, Any], int]:
        items: dict[str, Any] = {}
        while True:
            offset = self.skip(offset)
            if self.text.startswith("}", offset):
                return items, offset + 1
            if not self.text.startswith('"', offset):
                raise self.fail(offset, "expected a property name in double quotes")
            start = offset
            key, offset = self._string(offset)
            if key in items:
                raise self.fail(start, f"the property {key!r} stands here twice")
            offset = self.skip(offset)
            if not self.text.startswith(":", offset):
                raise self.fail(offset, f"expected a colon after {key!r}")
            items[key], offset = self.value(offset + 1, (*path, key))
            offset = self._comma(offset, "}")

    def _comma(self, offset: int, closing: str) -> int:
        offset = self.skip(offset)
        if self.text.startswith(",", offset):
            return offset + 1
        if self.text.startswith(closing, offset):
            return offset
        if offset >= len(self.text):
            raise self.fail(offset, f'expected "," or "{closing}", the text ends here')
        found = self.text[offset]
        raise self.fail(offset, f'expected "," or "{closing}", got {found!r}')


def read_source(text: str) -> SourceText:
    """The value of a text with the place of each part of it.

    Raises InputError with line and column; its `offset` is the place in the text.
    """
    reader = _Reader(text)
    value, end = reader.value(0, ())
    end = reader.skip(end)
    if end < len(text):
        raise reader.fail(end, f"expected the end, got {text[end]!r}")
    return SourceText(text, value, reader.spans)
