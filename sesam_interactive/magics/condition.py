"""Conditions as people write them in a line: `_S.age > 30 and dept in ["x", "y"]`, or DTL as JSON.

    read_condition('age > 30')                  # ["gt", "_S.age", 30]
    read_condition('["gt", "_S.age", 30]')      # the same

`{{expression}}` is a value of the kernel.

The short form has comparisons (`== != < <= > >= in matches`), `is null`, `is not null`, `and`,
`or`, `not`, parentheses, lists, constants and calls of functions: `upper(name) == "ADA"`. A bare
name is a property of `_S`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_interactive.magics.cell import CellError, caret, filled
from sesam_node.dtl.source_text import read_source
from sesam_node.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = re.compile(
    r"""\s*(?:
      (?P<value>\{\{.+?\}\})
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<name>_?[A-Za-z][\w:.$-]*(?<![.-])|\$[\w-]+)
    | (?P<sign>==|!=|<=|>=|<>|&&|\|\||[=<>()\[\],!])
    )""",
    re.VERBOSE,
)
COMPARING = {
    "==": "eq",
    "=": "eq",
    "!=": "neq",
    "<>": "neq",
    "<": "lt",
    "<=": "lte",
    ">": "gt",
    ">=": "gte",
}
WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
VARIABLE = re.compile(r"_[A-Z]\b")


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def no_values(_expression: str) -> Any:
    """For conditions that no kernel stands behind."""
    raise ValueError("there are no values of a kernel here")


def read_condition(text: str, evaluate: Callable[[str], Any] = no_values) -> Any:
    """The DTL condition of a text. Raises CellError with a caret where it cannot be read."""
    stripped = text.strip()
    if stripped.startswith("["):
        try:
            return filled(read_source(stripped).value, evaluate)
        except InputError as error:
            offset = getattr(error, "offset", 0)
            raise _wrong(error.problems[0].message, stripped, offset) from None
    return filled(_Reader(stripped, evaluate).whole(), evaluate)


def _wrong(message: str, text: str, start: int, end: int | None = None) -> CellError:
    shown = f"the condition: {message}\n{caret(text, start, end or start + 1)}"
    return CellError(message, text=shown)


class _Reader:
    """Reads one condition from left to right."""

    def __init__(self, text: str, evaluate: Callable[[str], Any]) -> None:
        self.text = text
        self.evaluate = evaluate
        self.tokens: list[Token] = []
        offset = 0
        while text[offset:].strip():
            found = TOKEN.match(text, offset)
            if found is None:
                start = offset + len(text[offset:]) - len(text[offset:].lstrip())
                raise _wrong(f"unexpected {text[start]!r}", text, start)
            kind = found.lastgroup or ""
            self.tokens.append(Token(kind, found[kind], found.start(kind), found.end()))
            offset = found.end()
        self.at = 0

    @property
    def next(self) -> Token:
        end = len(self.text)
        return self.tokens[self.at] if self.at < len(self.tokens) else Token("end", "", end, end)

    def take(self, *words: str) -> str | None:
        """The next token where it is one of these words."""
        token = self.next
        if token.kind in ("name", "sign") and token.text.lower() in words:
            self.at += 1
            return token.text.lower()
        return None

    def expect(self, word: str) -> None:
        if self.take(word) is None:
            raise self.unexpected(f'expected "{word}"')

    def unexpected(self, expected: str) -> CellError:
        token = self.next
        got = f"got {token.text}" if token.text else "it ends here"
        return _wrong(f"{expected}, {got}", self.text, token.start, token.end)

    def whole(self) -> Any:
        found = self.any_of()
        if self.next.kind != "end":
            raise self.unexpected("expected a comparison, and, or")
        return found

    def any_of(self) -> Any:
        parts = [self.all_of()]
        while self.take("or", "||"):
            parts.append(self.all_of())
        return parts[0] if len(parts) == 1 else ["or", *parts]

    def all_of(self) -> Any:
        parts = [self.negated()]
        while self.take("and", "&&"):
            parts.append(self.negated())
        return parts[0] if len(parts) == 1 else ["and", *parts]

    def negated(self) -> Any:
        if self.take("not", "!"):
            return ["not", self.negated()]
        return self.comparison()

    def comparison(self) -> Any:
        left = self.operand()
        sign = self.take(*COMPARING)
        if sign:
            return [COMPARING[sign], left, self.operand()]
        if self.take("is"):
            negative = self.take("not")
            self.expect("null")
            return ["is-not-null" if negative else "is-null", left]
        if self.take("matches"):
            return ["matches", self.operand(), left]
        negative = self.take("not")
        if self.take("in"):
            found = ["in", left, self.operand()]
            return ["not", found] if negative else found
        if negative:
            raise self.unexpected('expected "in"')
        return left

    def operand(self) -> Any:
        if self.take("("):
            found = self.any_of()
            self.expect(")")
            return found
        if self.take("["):
            return ["list", *self.items("]")]
        token = self.next
        if token.kind == "number":
            self.at += 1
            return float(token.text) if "." in token.text else int(token.text)
        if token.kind == "text":
            self.at += 1
            return _unquoted(token.text)
        if token.kind == "value":
            self.at += 1
            value = filled(token.text, self.evaluate)
            return ["list", *value] if isinstance(value, list) else value
        if token.kind != "name":
            raise self.unexpected("expected a value")
        self.at += 1
        if token.text in WORDS:
            return WORDS[token.text]
        if self.take("("):
            return [token.text, *self.items(")")]
        return token.text if VARIABLE.match(token.text) else f"_S.{token.text}"

    def items(self, closing: str) -> list[Any]:
        found: list[Any] = []
        while not self.take(closing):
            if found:
                self.expect(",")
            found.append(self.any_of())
        return found


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
