r"""JSON as people write it: comments and trailing commas allowed, every value with its position.

`read_source` gives the plain value and a map between JSON paths and places in the text, so that a
problem found at `$.default[2][1]` can point at line and column, and a click in an editor at the
value. `written_text` reads what is not finished yet.

Offsets count code points from 0, lines and columns code points from 1; a tab is one column, and
`\r\n`, `\n` and a lone `\r` end a line. Editors that count UTF-16 units (the language server
protocol, CodeMirror) are served by the `utf16` methods.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, Problem, json_path

if TYPE_CHECKING:
    from collections.abc import Iterator

BLANK = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\r\n]*|#[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
LINE_END = re.compile(r"\r\n|\r|\n")
ASTRAL = re.compile(r"[\U00010000-\U0010ffff]")
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
WORDS = {"true": True, "false": False, "null": None}
OTHER_WORDS = {
    "none": "null",
    "nil": "null",
    "undefined": "null",
    "nan": "null, and no NaN",
    "infinity": "no infinity",
    "true": "true, in lower case",
    "false": "false, in lower case",
    "null": "null, in lower case",
}
"""What other languages write, and what JSON has for it."""
QUOTE = 'text ends with a double quote in its line; within it, one is written \\"'
WORD = re.compile(r"[A-Za-z_$][\w$-]*")
STEP = re.compile(r'\.[^.\[\]]+|\[\d+\]|\["(?:[^"\\]|\\.)*"\]')
MAX_DEPTH = 200
STRINGS = json.JSONDecoder()


def parents(path: str) -> Iterator[str]:
    """A JSON path and its parents, the nearest first, down to `$`."""
    ends = [1]
    while step := STEP.match(path, ends[-1]):
        ends.append(step.end())
    if ends[-1] < len(path):
        yield path
    for end in reversed(ends):
        yield path[:end]


@dataclass
class SourceText:
    """A text, the value in it, and where each value of it stands.

    `spans` maps a JSON path (`$.default[0]`) to start and end offsets in `text`, `keys` the path
    of each value of an object to the place of its key, quotes included.
    """

    text: str
    value: Any = None
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    @cached_property
    def line_starts(self) -> list[int]:
        """Where each line begins."""
        return [0, *(match.end() for match in LINE_END.finditer(self.text))]

    @cached_property
    def _astral(self) -> list[int]:
        """Where the characters stand that UTF-16 needs two units for."""
        if self.text.isascii():
            return []
        return [match.start() for match in ASTRAL.finditer(self.text)]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1, in code points."""
        line = bisect_right(self.line_starts, max(offset, 0))
        return line, max(offset, 0) - self.line_starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, both from 1, in code points.

        A column behind the end of its line is that end, a line behind the last the end of the text.
        """
        if line < 1:
            return 0
        if line > len(self.line_starts):
            return len(self.text)
        return min(self.line_starts[line - 1] + max(column - 1, 0), self._line_end(line))

    def _line_end(self, line: int) -> int:
        """Where a line ends, its line break not counted."""
        if line >= len(self.line_starts):
            return len(self.text)
        end = self.line_starts[line] - 1
        return end - 1 if self.text[end - 1 : end + 1] == "\r\n" else end

    def utf16(self, offset: int) -> int:
        """The UTF-16 units before an offset: what CodeMirror calls a position."""
        return offset + bisect_left(self._astral, offset)

    def from_utf16(self, units: int) -> int:
        """The offset after that many UTF-16 units; inside a pair, that before the pair."""
        starts = [place + n for n, place in enumerate(self._astral)]
        return max(0, min(units - bisect_left(starts, units), len(self.text)))

    def utf16_position(self, offset: int) -> tuple[int, int]:
        """Line and character as the language server protocol counts: both from 0, UTF-16 units."""
        line, _ = self.position(offset)
        return line - 1, self.utf16(offset) - self.utf16(self.line_starts[line - 1])

    def from_utf16_position(self, line: int, character: int) -> int:
        """The offset of a line and character of the language server protocol."""
        start = self.offset(line + 1, 1)
        if not 0 <= line < len(self.line_starts):
            return start
        return min(self.from_utf16(self.utf16(start) + max(character, 0)), self._line_end(line + 1))

    def span(self, path: str) -> tuple[int, int] | None:
        """The place of a path, or of its nearest parent that is in the text."""
        return next((self.spans[one] for one in parents(path) if one in self.spans), None)

    @cached_property
    def _nested(self) -> tuple[list[int], list[tuple[int, str, int]]]:
        """Where values begin (with their keys), in order; their end, path and enclosing value."""
        found = []
        for path, (start, end) in self.spans.items():
            key = self.keys.get(path)
            found.append((key[0] if key else start, -end, path))
        found.sort()
        entries: list[tuple[int, str, int]] = []
        open_: list[int] = []
        for position, (start, end, path) in enumerate(found):
            while open_ and entries[open_[-1]][0] < start:
                open_.pop()
            entries.append((-end, path, open_[-1] if open_ else -1))
            open_.append(position)
        return [start for start, _, _ in found], entries

    def path_at(self, offset: int) -> str:
        """The JSON path of the innermost value at an offset; on its key, that of the value.

        A value ends behind its last character: a caret there still belongs to it. Outside of all
        values it is `$`.
        """
        starts, entries = self._nested
        position = bisect_right(starts, offset) - 1
        while position >= 0:
            end, path, outer = entries[position]
            if offset <= end:
                return path
            position = outer
        return "$"


def broken(source: SourceText, offset: int, message: str, hint: str = "") -> Problem:
    """The problem of a text that is no JSON, with line and column."""
    line, column = source.position(offset)
    return Problem("$", "broken-json", f"line {line}, column {column}: {message}", hint)


def no_json(source: SourceText, offset: int, message: str, hint: str = "") -> InputError:
    """The error of a text that cannot be read; its `offset` is the place in the text."""
    error = InputError("the text is no JSON", [broken(source, offset, message, hint)])
    error.offset = offset  # type: ignore[attr-defined]  # for the caret under the text
    return error


def _hint_for(found: str) -> str:
    """What to write in place of a word or character that is no value."""
    meant = OTHER_WORDS.get(found.casefold())
    if meant is not None:
        return f"JSON has {meant}"
    return 'text stands in double quotes: "..."' if WORD.match(found) or found == "'" else ""


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: dict[str, tuple[int, int]] = {}
        self.keys: dict[str, tuple[int, int]] = {}

    def fail(self, offset: int, message: str, hint: str = "") -> InputError:
        return no_json(SourceText(self.text), offset, message, hint)

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
            return self._number(number), number.end()
        word = WORD.match(self.text, offset)
        if word and word[0] in WORDS:
            return WORDS[word[0]], word.end()
        if not char:
            raise self.fail(offset, "expected a value, the text ends here")
        found = word[0] if word else char
        raise self.fail(offset, f"expected a value, got {found!r}", _hint_for(found))

    def _number(self, number: re.Match[str]) -> int | float:
        try:
            if number[1] is None and number[2] is None:
                return int(number[0])
            value = float(number[0])
        except ValueError:
            raise self.fail(number.start(), "a number with too many digits") from None
        if math.isinf(value):
            raise self.fail(number.start(), "a number that is too large")
        return value

    def _string(self, offset: int) -> tuple[str, int]:
        try:
            text, end = STRINGS.raw_decode(self.text, offset)
        except json.JSONDecodeError as error:
            if "Unterminated" in error.msg or self.text.startswith(("\n", "\r"), error.pos):
                raise self.fail(offset, "the text that begins here has no end", QUOTE) from None
            told = error.msg.lower().removesuffix(" at")
            raise self.fail(error.pos, f"broken text: {told}") from None
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
            self.keys[json_path((*path, key))] = (start, offset)
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
    return SourceText(text, value, reader.spans, reader.keys)
