"""Conditions as people write them, made into those of `sesam_node.dtl.watch`.

_T.total > 1000                        of what comes out
_T.total > 1000 and _S.kind == "x"     "and", "or", "is null", "is not null"; or any DTL list
_T.total > 1000 before default[3]      "before", "after" or "at" a place
concat gets null                       a function, or a place; also "gives null", "fails", "runs"
default[3] takes 1                     that branch, from 0; "takes none"
filtered                               also "failed", "ok", "nothing"
output differs from deployed           or "from stored": the sink
"""

from __future__ import annotations

import json
import re
from typing import Any

from sesam_interactive.debugger.errors import wrong
from sesam_node.errors import preview

Condition = str | list[Any] | dict[str, Any]

PLACED = re.compile(r"^(?P<test>.*?)\s+(?P<moment>before|after|at)\s+(?P<at>[^\s\"]+)$", re.DOTALL)
EVENT = re.compile(
    r'^(?:"(?P<quoted>[^"]+)"|(?P<what>\S+))\s+(?P<event>gets null|gives null|fails|runs)$'
)
BRANCH = re.compile(r"^(?P<at>\S+)\s+takes\s+(?P<branch>none|\d+)$")
DIFFERS = re.compile(r"^(?:the )?(?:output )?differs from (?:the )?(?P<side>deployed|stored|sink)$")
TOKEN = re.compile(
    r"""\s*(?:(?P<path>_[STP](?:\._[STP])*(?:\.[^\s()<>=!,]+)*)
    | (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<operator><=|>=|==|!=|=|<|>|\(|\))
    | (?P<word>[A-Za-z]+))""",
    re.VERBOSE,
)
OPERATORS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "==": "eq", "=": "eq", "!=": "neq"}
WORDS = {"true": True, "false": False, "null": None}
HINT = 'for example "_T.total > 1000", "concat gets null" or ["is-null", "_T.total"]'


def condition_of(written: Condition) -> dict[str, Any]:
    """The condition that a text, a DTL expression or a JSON object means. Raises DebuggerError."""
    if isinstance(written, dict):
        return written
    if isinstance(written, list):
        return {"if": written}
    text = written.strip()
    named = _named(text)
    if named is not None:
        return named
    placed = PLACED.match(text)
    if placed is not None:
        moment = "before" if placed["moment"] == "before" else "after"
        test = expression_of(placed["test"])
        return {"if": test, "at": placed["at"], "moment": moment}
    return {"if": expression_of(text)}


def _named(text: str) -> dict[str, Any] | None:
    if text in ("filtered", "failed", "ok", "nothing"):
        return {"outcome": text}
    if match := DIFFERS.match(text):
        return {"differs": "stored" if match["side"] == "sink" else match["side"]}
    if match := BRANCH.match(text):
        branch = -1 if match["branch"] == "none" else int(match["branch"])
        return {"at": match["at"], "branch": branch}
    if match := EVENT.match(text):
        what = match["quoted"] or match["what"]
        is_place = match["quoted"] is None and ("[" in what or "." in what)
        condition: dict[str, Any] = {"at" if is_place else "function": what}
        kind, _, value = match["event"].partition(" ")
        if kind == "fails":
            return condition | {"gives": "error"}
        return condition | ({"runs": True} if kind == "runs" else {kind: value})
    return None


def expression_of(text: str) -> Any:
    """A comparison as a DTL expression: `_S.n > 3 and _T.x is null`. Raises DebuggerError."""
    stripped = text.strip()
    if stripped[:1] == "[":
        try:
            return json.loads(stripped)
        except ValueError as error:
            raise wrong(f"the condition is no JSON: {error}", hint=HINT) from None
    parser = _Parser(stripped)
    found = parser.either()
    if parser.tokens[parser.position :]:
        raise parser.fail()
    return found


class _Parser:
    """`or` of `and` of comparisons."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        self.position = 0
        at = 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if match is None:
                message = f"the condition {preview(text)} is not understood at {preview(text[at:])}"
                raise wrong(message, hint=HINT)
            self.tokens.append((str(match.lastgroup), match[match.lastgroup or 0]))
            at = match.end()

    def fail(self) -> Exception:
        rest = " ".join(text for _, text in self.tokens[self.position :]) or "its end"
        message = f"the condition {preview(self.text)} is not understood at {preview(rest)}"
        return wrong(message, hint=HINT)

    def take(self, *words: str) -> bool:
        if self.position < len(self.tokens) and self.tokens[self.position][1] in words:
            self.position += 1
            return True
        return False

    def joined(self, word: str, part: Any) -> Any:
        parts = [part()]
        while self.take(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else [word, *parts]

    def either(self) -> Any:
        return self.joined("or", lambda: self.joined("and", self.comparison))

    def comparison(self) -> Any:
        if self.take("not"):
            return ["not", self.comparison()]
        if self.take("("):
            inner = self.either()
            if not self.take(")"):
                raise self.fail()
            return inner
        left = self.operand()
        if self.take("is"):
            negated = self.take("not")
            if not self.take("null"):
                raise self.fail()
            return ["is-not-null" if negated else "is-null", left]
        for sign, name in OPERATORS.items():
            if self.take(sign):
                return [name, left, self.operand()]
        return left

    def operand(self) -> Any:
        if self.position >= len(self.tokens):
            raise self.fail()
        kind, text = self.tokens[self.position]
        if kind == "operator" or (kind == "word" and text not in WORDS):
            raise self.fail()
        self.position += 1
        if kind == "word":
            return WORDS[text]
        return text if kind == "path" else json.loads(text)


def condition_text(condition: dict[str, Any]) -> str:
    """A condition in words, for lists of breakpoints."""
    place = condition.get("function") or condition.get("at") or ""
    if "if" in condition:
        where = f" {condition.get('moment', 'after')} {place}" if place else ""
        return f"{preview(condition['if'], 72)}{where}"
    if "outcome" in condition:
        return str(condition["outcome"])
    if "differs" in condition:
        return f"output differs from {condition['differs']}"
    if "branch" in condition:
        branch = condition["branch"]
        return f"{place} takes {'none' if branch == -1 else branch}"
    if "runs" in condition:
        return f"{place} runs"
    if condition.get("gives") == "error":
        return f"{place} fails"
    kind = "gets" if "gets" in condition else "gives"
    return f"{place} {kind} {condition.get(kind)}"
