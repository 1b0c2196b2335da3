"""Which names a text of rules has, where each stands, and the text with another name in its place.

    from sesam_node.dtl.symbols import symbol_at
    symbol_at('{"default": [["add", "a", ["apply", "line", "_S.l"]]], "line": []}', 33).name

Rules, aliases of hops and datasets are names. The text is a list of transforms, an object of rules,
or configuration with rules in it. Offsets count characters (code points).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sesam_node.dtl.symbols.scopes import Occurrence, Scopes, Symbol
from sesam_node.dtl.written_text import written_text
from sesam_node.errors import InputError, Problem, preview

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Occurrence", "Symbol", "at", "renamed", "symbol_at"]

ALIAS = re.compile(r"[^\s.,_~\"'{}$][^\s.,\"'{}]*")
"""What an alias of a hop may be: no variable, no path, and no list of them in a "return"."""

Change = tuple[int, int, str]
"""The text between two offsets is replaced."""


def symbol_at(text: str, offset: int) -> Symbol | None:
    """The name that stands at an offset, finished text or not; null where there is none.

    Its occurrences are in order of the text.
    """
    source = written_text(text).source()
    found: tuple[int, Symbol] | None = None
    for symbol in Scopes(source).symbols:
        one = at(symbol, offset)
        if one is not None and (found is None or one.end - one.start < found[0]):
            found = one.end - one.start, symbol
    return None if found is None else found[1]


def at(symbol: Symbol, offset: int) -> Occurrence | None:
    """The occurrence of a symbol at an offset; at its end it is that too, and on its quotes."""
    return next((one for one in symbol.occurrences if _reaches(one, offset)), None)


def _reaches(one: Occurrence, offset: int) -> bool:
    first, last = one.string
    start = first if one.start == first + 1 else one.start
    end = last if one.end == last - 1 else one.end
    return start <= offset <= end


def renamed(symbol: Symbol, name: str) -> list[Change]:
    """The changes of the text that give a symbol another name; none for the one that it has.

    What the rules do stays the same. Raises InputError for a name that it cannot have.
    """
    problem = _refusal(symbol, name)
    if problem:
        raise InputError(problem, [Problem("$.rename", "wrong-name", problem)])
    return [] if name == symbol.name else list(_changes(symbol, name))


def _refusal(symbol: Symbol, name: str) -> str:
    """What keeps a symbol from having a name; empty where nothing does."""
    if symbol.kind == "dataset":
        return "a dataset has the name of the pipe that writes it"
    if symbol.definition is None:
        return f"the {symbol.kind} {preview(symbol.name)} is not defined in this text"
    if symbol.kind == "rule" and symbol.name == "default":
        return 'the rule that a transform begins with is called "default"'
    if name != symbol.name and name in symbol.taken:
        return f"the name {preview(name)} is taken"
    if symbol.kind == "alias" and not ALIAS.fullmatch(name):
        return f'an alias is a word without dots that does not begin with "_", not {preview(name)}'
    return "" if name.strip() else "a rule has a name"


def _changes(symbol: Symbol, name: str) -> Iterator[Change]:
    for one in symbol.occurrences:
        written = json.dumps(one.before + name + one.after, ensure_ascii=False)
        yield one.start, one.end, written[1:-1]
