"""A text as it was written: its values as a tree with places and comments, finished or not.

For the formatter, which must lose nothing, and for completion, which sees a text while a person
types it. `written_text` never raises: it puts in what is missing and says so in `problems`; of a
text that `read_source` accepts it makes the same value, without problems.

What it puts in, first to last:

- A string without its closing quote ends with its line, before closing brackets and commas there.
  One whose closing quote is rather the opening quote of the next (`"_S.a, "o._id"`) ends before the
  first comma, bracket or colon in it.
- A name with a colon inside a list says that lists before it are not closed, a closing bracket that
  the brackets inside of its pair are not.
- Where that is not enough, indentation tells: what begins a line as far left as the line on which a
  bracket was opened, or further, is not inside of that bracket.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from sesam_node.dtl.source_text import MAX_DEPTH, NUMBER, WORDS, SourceText, broken
from sesam_node.errors import Problem, json_path

MAX_PROBLEMS = 100
TOKEN = re.compile(
    r"""[\s\ufeff]*(?:
    (?P<mark>[\[\]{}:,])
  | (?P<string>"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*)
  | (?P<comment>(?://|\#)[^\r\n]*|/\*(?:.*?\*/|.*))
  | (?P<word>[^\s\[\]{}:,"/\#\ufeff]+|/)
  )""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
FOLLOWS = re.compile(r"[ \t]*(?:[,:\]}\r\n/#]|$)")
CUT = re.compile(r"[,\[\]{}:]")
CLOSES = {"]": "list", "}": "object"}


@dataclass(slots=True)
class Comment:
    """A comment: `text` is all of it, with its marks."""

    start: int
    end: int
    text: str

    @property
    def is_block(self) -> bool:
        return self.text.startswith("/*")


@dataclass(slots=True, eq=False)
class Written:
    """One value of a text.

    `kind` is "list", "object", "string", "number", "word" (true, false, null, and what stands there
    without quotes) or "missing" (nothing where a value belongs). `value` is that of a string,
    number or word. `keys` are the keys of an object, one for each of its `items`. `comma` is where
    the comma behind it stands, or -1. `closed` says whether its closing quote or bracket is there.
    `comments` are those directly inside, `indent` is that of the line on which it begins.
    """

    kind: str
    start: int
    end: int
    value: Any = None
    items: list[Written] = field(default_factory=list)
    keys: list[Written] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    closed: bool = True
    comma: int = -1
    indent: int = 0

    def plain(self) -> Any:
        """The value as JSON data; of a key that stands twice the last."""
        if self.kind == "list":
            return [item.plain() for item in self.items]
        if self.kind == "object":
            pairs = zip(self.keys, self.items, strict=True)
            return {key.value: item.plain() for key, item in pairs}
        return self.value

    def get(self, name: str) -> Written | None:
        """The value of a key, the last where it stands twice."""
        for key, item in zip(reversed(self.keys), reversed(self.items), strict=True):
            if key.value == name:
                return item
        return None


@dataclass
class WrittenText:
    """A text as it was written.

    `document` is a list around its one value, which may be missing; it begins at -1. `problems` say
    what had to be put in, in order of the text.
    """

    text: str
    document: Written
    problems: list[Problem]

    @property
    def root(self) -> Written | None:
        return self.document.items[0] if self.document.items else None

    def source(self) -> SourceText:
        """The value so far with the place of each part of it."""
        source = SourceText(self.text)
        if self.root is not None:
            source.value = self.root.plain()
            _places(self.root, (), source)
        return source


def _places(node: Written, path: tuple[str | int, ...], source: SourceText) -> None:
    source.spans[json_path(path)] = (node.start, node.end)
    for position, item in enumerate(node.items):
        if node.kind == "object":
            key = node.keys[position]
            inner = (*path, str(key.value))
            source.keys[json_path(inner)] = (key.start, key.end)
        else:
            inner = (*path, position)
        _places(item, inner, source)


class _TooDeepError(Exception):
    pass


class _Recovering:
    """Reads the tokens of a text into a tree. `stack` are the open containers, the text first.

    `unpaired` says that brackets did not pair, which indentation may explain better.
    `state` of each says what comes next: "value", "comma"; in an object also "key" and "colon".
    """

    def __init__(self, text: str, *, by_indent: bool) -> None:
        self.text = text
        self.by_indent = by_indent
        self.document = Written("list", -1, len(text))
        self.stack = [self.document]
        self.states = ["value"]
        self.names: list[set[Any]] = [set()]
        self.source = SourceText(text)
        self.wrong: list[tuple[int, str]] = []
        self.unpaired = False
        self.line_start = 0
        self.indent = 0

    def problem(self, offset: int, message: str) -> None:
        self.wrong.append((offset, message))

    def problems(self) -> list[Problem]:
        return [broken(self.source, *wrong) for wrong in sorted(self.wrong)[:MAX_PROBLEMS]]

    # -- tokens ------------------------------------------------------------------------------------

    def read(self) -> None:
        text, match = self.text, TOKEN.match
        starts = [*self.source.line_starts, len(text) + 1]
        line = offset = 0
        while found := match(text, offset):
            kind = found.lastgroup or ""
            start, end = found.span(kind)
            if start >= starts[line]:
                while start >= starts[line]:
                    line += 1
                self._line(starts[line - 1], start, first=kind != "comment")
            if kind == "mark":
                self._mark(text[start], start)
            elif kind == "string":
                end = self._string(start, end)
            elif kind == "word":
                self._value(Written(*self._word(start, end)))
            else:
                self._comment(start, end)
            offset = end

    def _line(self, line_start: int, start: int, *, first: bool) -> None:
        """Takes note of a new line; `start` is where its first token begins."""
        self.line_start = line_start
        before = self.text[line_start:start]
        self.indent = len(before) - len(before.lstrip())
        if self.by_indent and first and self.indent == len(before):
            self._outdent(self.indent, self.text[start])

    def finish(self) -> None:
        """Closes what is open at the end."""
        while len(self.stack) > 1:
            self._close_missing(len(self.text))
        if not self.document.items:
            self.problem(len(self.text), "expected a value, the text ends here")

    def _comment(self, start: int, end: int) -> None:
        comment = Comment(start, end, self.text[start:end])
        if comment.is_block and (len(comment.text) < 4 or not comment.text.endswith("*/")):
            self.problem(start, "a comment that does not end")
        self.stack[-1].comments.append(comment)

    def _word(self, start: int, end: int) -> tuple[str, int, int, Any]:
        word = self.text[start:end]
        if word in WORDS:
            return "word", start, end, WORDS[word]
        number = NUMBER.fullmatch(word)
        if number:
            try:
                plain = number[1] is None and number[2] is None
                return "number", start, end, (int if plain else float)(word)
            except ValueError:  # more digits than an int may have
                pass
        return "word", start, end, word

    def _string(self, start: int, end: int) -> int:
        """Takes the string that begins at `start`; `end` is before its closing quote, if any."""
        text = self.text
        closed = text[end : end + 1] == '"'
        cut = CUT.search(text, start + 1, end) if closed and self._opens(end + 1) else None
        if cut:
            closed = False
            end = start + len(text[start : cut.start()].rstrip())
        elif not closed:
            end = start + 1 + len(text[start + 1 : end].rstrip(" \t,]}"))
        if not closed:
            self.problem(start, "a text without its closing quote")
        raw = text[start + 1 : end]
        end += closed
        if "\\" in raw:
            value = unescaped(raw)
            if closed and not _is_json(text[start:end]):
                self.problem(start, "broken text: a wrong escape")
        else:
            value = raw
            if not raw.isprintable() and any(char < " " for char in raw):
                self.problem(start, "broken text: a control character")
        self._value(Written("string", start, end, value, closed=closed))
        return end

    def _opens(self, behind: int) -> bool:
        """Does a quote rather open a string than close one? `behind` is the offset behind it."""
        char = self.text[behind : behind + 1]
        if char == ":" and self.stack[-1].kind == "list":
            return True
        if char in ",]:" or FOLLOWS.match(self.text, behind):
            return False
        return char not in '"[{ \t'

    # -- the tree ----------------------------------------------------------------------------------

    def _mark(self, mark: str, offset: int) -> None:
        if mark == ",":
            self._comma(offset)
        elif mark == ":":
            self._colon(offset)
        elif mark in CLOSES:
            self._closing(mark, offset)
        else:
            kind = "list" if mark == "[" else "object"
            if len(self.stack) > MAX_DEPTH + 1:
                raise _TooDeepError
            node = Written(kind, offset, len(self.text), closed=False, indent=self.indent)
            self._value(node)
            self.stack.append(node)
            self.states.append("value" if kind == "list" else "key")
            self.names.append(set())

    def _value(self, node: Written) -> None:
        top, state = self.stack[-1], self.states[-1]
        if state == "comma":
            if top is self.document:
                self.problem(node.start, "expected the end")
            else:
                self.problem(node.start, "expected a comma")
            state = "key" if top.kind == "object" else "value"
        if state == "key":
            if node.kind in ("string", "word"):
                if node.kind == "word":
                    self.problem(node.start, "expected a property name in double quotes")
                    node.value = self.text[node.start : node.end]
                if node.value in self.names[-1]:
                    self.problem(node.start, f"the property {node.value!r} stands here twice")
                self.names[-1].add(node.value)
                top.keys.append(node)
                self.states[-1] = "colon"
                return
            self.problem(node.start, "expected a property name in double quotes")
            top.keys.append(Written("missing", node.start, node.start, ""))
        elif state == "colon":
            self.problem(node.start, "expected a colon")
        if node.kind == "word" and isinstance(node.value, str):
            self.problem(node.start, f"expected a value, got {node.value!r}")
        top.items.append(node)
        self.states[-1] = "comma"

    def _missing(self, offset: int) -> None:
        """Puts in the value that is missing in the innermost container, if one is."""
        top, state = self.stack[-1], self.states[-1]
        if state == "colon" or (top.kind == "object" and state == "value"):
            self.problem(offset, "expected a colon" if state == "colon" else "expected a value")
            top.items.append(Written("missing", offset, offset))
            self.states[-1] = "comma"

    def _comma(self, offset: int) -> None:
        self._missing(offset)
        top = self.stack[-1]
        if self.states[-1] == "comma":
            top.items[-1].comma = offset
        else:
            self.problem(offset, "expected a value before the comma")
            if top.kind == "list":
                top.items.append(Written("missing", offset, offset, comma=offset))
        if top is self.document:
            self.problem(offset, "expected the end")
        self.states[-1] = "key" if top.kind == "object" else "value"

    def _colon(self, offset: int) -> None:
        top = self.stack[-1]
        last = top.items[-1] if top.items else None
        if self.states[-1] == "colon":
            self.states[-1] = "value"
        elif self.states[-1] == "comma" and last and last.kind == "string":
            # The text is a key: its object is open below, or its colon is that of the key before.
            objects = [n for n, one in enumerate(self.stack) if one.kind == "object"]
            if not objects:
                self.problem(offset, "unexpected colon")
                return
            del top.items[-1]
            if top.kind == "object":
                self.states[-1] = "value"
                self._missing(last.start)
            while len(self.stack) - 1 > objects[-1]:
                self._close_missing(last.start)
            self.states[-1] = "key"
            self._value(last)
            self.states[-1] = "value"
        else:
            self.problem(offset, "unexpected colon")

    def _closing(self, mark: str, offset: int) -> None:
        kind = CLOSES[mark]
        if self.stack[-1].kind != kind or len(self.stack) == 1:
            if kind not in [one.kind for one in self.stack[1:]]:
                self.problem(offset, f'"{mark}" closes nothing')
                self.unpaired = True
                return
            while self.stack[-1].kind != kind:
                self._close_missing(offset)
        self._missing(offset)
        node = self._pop()
        node.end, node.closed = offset + 1, True

    def _pop(self) -> Written:
        self.states.pop()
        self.names.pop()
        return self.stack.pop()

    def _close_missing(self, offset: int) -> None:
        """Closes the innermost container, whose bracket is missing."""
        while offset < len(self.text) and self.text[offset - 1].isspace():
            offset -= 1
        self._missing(offset)
        node = self._pop()
        node.end = offset
        self.unpaired = True
        bracket = "]" if node.kind == "list" else "}"
        self.problem(node.start, f'"{self.text[node.start]}" without its "{bracket}"')

    def _outdent(self, column: int, char: str) -> None:
        """Closes what a token that begins its line at `column` cannot be inside of."""
        popped = False
        while len(self.stack) > 1:
            opened = self.stack[-1].indent
            if opened < column or (opened == column and char in CLOSES):
                break
            self._close_missing(self.line_start)
            popped = True
        if popped and char not in CLOSES and char != "," and len(self.stack) > 1:
            # The comma that is missing too is part of the same problem.
            self.states[-1] = "key" if self.stack[-1].kind == "object" else "value"


def _is_json(raw: str) -> bool:
    try:
        json.loads(raw)
    except ValueError:
        return False
    return True


def unescaped(raw: str) -> str:
    """What stands between two quotes, with its escapes replaced as far as they are valid."""
    if _is_json(f'"{raw}"'):
        return str(json.loads(f'"{raw}"'))

    def replaced(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return ESCAPED.get(match[2], match[2])

    return ESCAPE.sub(replaced, raw)


def written_text(text: str) -> WrittenText:
    """A text as far as it can be read. Nested too deep, it is read up to there."""
    reader = _recovered(text, by_indent=False)
    if reader.unpaired:
        indented = _recovered(text, by_indent=True)
        # What indentation says is the better guess where it explains the text as well.
        if len(indented.wrong) <= len(reader.wrong):
            reader = indented
    return WrittenText(text, reader.document, reader.problems())


def _recovered(text: str, *, by_indent: bool) -> _Recovering:
    reader = _Recovering(text, by_indent=by_indent)
    try:
        reader.read()
    except _TooDeepError:
        deep = reader.stack[-1].start, f"nested more than {MAX_DEPTH} levels deep"
        wrong = [*reader.wrong, deep]
        reader.finish()
        # That nothing is closed behind it is no problem of its own.
        reader.wrong, reader.unpaired = wrong, False
        return reader
    reader.finish()
    return reader
