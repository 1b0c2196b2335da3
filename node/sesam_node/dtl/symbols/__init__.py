"""Which names a text of rules has, where each stands, and the text with another name in its place.

    from sesam_node.dtl.symbols import symbol_at
    symbol_at('{"default": [["add", "a", ["apply", "line", "_S.l"]]], "line": []}', 33).name

Rules, aliases of hops and datasets are names. The text is a list of transforms, an object of rules,
or configuration with rules in it. Offsets count characters (code points).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.source_text import read_source
from sesam_node.dtl.symbols.scopes import Occurrence, Scopes, Symbol
from sesam_node.dtl.written_text import written_text
from sesam_node.errors import InputError, Problem, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Symbol", "counted", "renamed", "symbol_at", "symbol_in_text"]

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


def symbol_in_text(text: str, *, offset: int, rename: str | None) -> dict[str, Any] | None:
    """The name at an offset of a text as data, with all its places; null where there is none.

    With `rename` there are the `changes` that give it another name, or a `problem` that says why it
    cannot have it.
    """
    symbol = symbol_at(text, offset)
    if symbol is None:
        return None
    here = at(symbol, offset)
    found: dict[str, Any] = {
        "kind": symbol.kind,
        "name": symbol.name,
        **(_ends(here) if here else {}),
        "definition": _ends(symbol.definition) if symbol.definition else None,
        "occurrences": [_ends(one) for one in symbol.occurrences],
    }
    if rename is not None:
        found |= _renaming(text, symbol, rename)
    return found


def _renaming(text: str, symbol: Symbol, name: str) -> dict[str, Any]:
    try:
        # Of a text that is broken not all places may have been found.
        read_source(text)
        changes = renamed(symbol, name)
    except InputError as error:
        return {"problem": error.problems[0].message}
    parts = ("from", "to", "insert")
    return {"changes": [dict(zip(parts, change, strict=True)) for change in changes]}


def _ends(one: Occurrence) -> dict[str, int]:
    return {"from": one.start, "to": one.end}


def counted(found: dict[str, Any], count: Callable[[int], int]) -> dict[str, Any]:
    """What `symbol_in_text` tells, with its offsets counted otherwise."""
    told = dict(found)
    for name, value in found.items():
        if type(value) is dict:
            told[name] = counted(value, count)
        elif type(value) is list:
            told[name] = [counted(one, count) for one in value]
        elif name in ("from", "to"):
            told[name] = count(value)
    return told
