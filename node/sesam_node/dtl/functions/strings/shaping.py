"""Each text in another shape: ljust, rjust, lower, upper, strip, lstrip, rstrip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import each_text, prepared, text
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, OfText, first_value
from sesam_node.model.values import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value

MAX_WIDTH = 10_000_000
MAX_PADDED = 10 * MAX_WIDTH
"""What WIDTH may come to for all strings of a list together."""


def _justifier(pad: Callable[[str, int, str], str]) -> Callable[..., Callable[[Value], Value]]:
    def make(width: Value, fill: Value) -> Callable[[Value], Value]:
        given, character = first_value(width), text(first_value(fill))
        if type(given) is not int or given > MAX_WIDTH or character is None or len(character) != 1:
            return lambda _: None
        to = max(given, 0)

        def padded(values: Value) -> Value:
            if type(values) is list and to * len(values) > MAX_PADDED:
                return None
            return each_text(values, lambda one: pad(one, to, character))

        return padded

    return make


_ljust, _rjust = _justifier(str.ljust), _justifier(str.rjust)


@function(
    "ljust",
    "WIDTH(integer-expression{1}), FILL_CHARACTER(character-expression{1}),"
    " VALUES(value-expression{1})",
    Example(["ljust", 5, ".", "ab"], "ab..."),
    Example(["ljust", 3, " ", ["list", "a", 1, "long"]], ["a  ", "long"], note="1 is no string"),
    Example(["ljust", "5", " ", "ab"], None, note="WIDTH must be an integer"),
    prepare=prepared(_ljust),
)
def ljust(width: Value, fill: Value, values: Value) -> Value:
    """Pad each string on the right with FILL_CHARACTER up to WIDTH characters.

    Longer strings stay. Null gives null, a list a list; values that are not strings are dropped.
    The whole result is null where WIDTH is no integer (or over ten million, or a hundred million
    for all strings of a list) or FILL_CHARACTER not exactly one character; of lists the first
    value counts.
    """
    return _ljust(width, fill)(values)


@function(
    "rjust",
    "WIDTH(integer-expression{1}), FILL_CHARACTER(character-expression{1}),"
    " VALUES(value-expression{1})",
    Example(["rjust", 5, "0", "123"], "00123"),
    Example(["rjust", 3, ".", ["list", "a", "b"]], ["..a", "..b"]),
    Example(["rjust", 5, "00", "123"], None, note="FILL_CHARACTER is one character"),
    prepare=prepared(_rjust),
)
def rjust(width: Value, fill: Value, values: Value) -> Value:
    """Pad each string on the left with FILL_CHARACTER up to WIDTH characters.

    Longer strings stay. Null gives null, a list a list; values that are not strings are dropped.
    The whole result is null where WIDTH is no integer (or over ten million, or a hundred million
    for all strings of a list) or FILL_CHARACTER not exactly one character; of lists the first
    value counts.
    """
    return _rjust(width, fill)(values)


@function(
    "lower",
    "VALUES(value-expression{1})",
    Example(["lower", "_S.mail"], "ada@example.org", source={"mail": "Ada@Example.org"}),
    Example(["lower", "ÆØÅ"], "æøå"),
    Example(["lower", ["list", "A", 1, "B"]], ["a", "b"]),
    Example(["lower", 123], None),
    text=str.lower,
)
def lower(values: Value) -> Value:
    """Write each string in lower case, as Unicode has it.

    Null gives null, a list a list; values that are not strings are dropped.
    """
    return each_text(values, str.lower)


@function(
    "upper",
    "VALUES(value-expression{1})",
    Example(["upper", "_S.code"], "NO", source={"code": "no"}),
    Example(["upper", "æøå"], "ÆØÅ"),
    Example(["upper", ["list", "a", 1, "b"]], ["A", "B"]),
    Example(["upper", True], None),
    text=str.upper,
)
def upper(values: Value) -> Value:
    """Write each string in upper case, as Unicode has it.

    Null gives null, a list a list; values that are not strings are dropped.
    """
    return each_text(values, str.upper)


def _stripper(one_end: Callable[[str, str | None], str]) -> Callable[..., Callable[[Value], Value]]:
    def make(characters: Value) -> Callable[[Value], Value]:
        of = None if characters is ABSENT else text_of(characters)

        def change(one: str) -> str:
            return one_end(one, of)

        return OfText(change, lambda values: each_text(values, change))

    return make


_strip, _lstrip, _rstrip = _stripper(str.strip), _stripper(str.lstrip), _stripper(str.rstrip)


@function(
    "strip",
    "CHARACTERS(string{0|1}), VALUES(value-expression{1})",
    Example(["strip", "_S.name"], "Ada", source={"name": "  Ada "}),
    Example(["strip", ["list", " ab ", "cd "]], ["ab", "cd"]),
    Example(["strip", "xy", "xy456yx"], "456"),
    Example(["strip", 7], None),
    prepare=prepared(_strip),
)
def strip(characters: Value, values: Value) -> Value:
    """Take the characters of the set CHARACTERS, by default blanks, off both ends of each string.

    Null gives null, a list a list; values that are not strings are dropped.
    """
    return _strip(characters)(values)


@function(
    "lstrip",
    "CHARACTERS(string{0|1}), VALUES(value-expression{1})",
    Example(["lstrip", "  ab "], "ab "),
    Example(["lstrip", "0", "000120"], "120"),
    Example(["lstrip", ["list", " a", 5]], ["a"]),
    prepare=prepared(_lstrip),
)
def lstrip(characters: Value, values: Value) -> Value:
    """Take the characters of the set CHARACTERS, by default blanks, off each string's beginning.

    Null gives null, a list a list; values that are not strings are dropped.
    """
    return _lstrip(characters)(values)


@function(
    "rstrip",
    "CHARACTERS(string{0|1}), VALUES(value-expression{1})",
    Example(["rstrip", " ab  "], " ab"),
    Example(["rstrip", ".0", "12.500"], "12.5", note="a set of characters, not a suffix"),
    Example(["rstrip", ["list", "a ", None]], ["a"]),
    prepare=prepared(_rstrip),
)
def rstrip(characters: Value, values: Value) -> Value:
    """Take the characters of the set CHARACTERS, by default blanks, off the end of each string.

    Null gives null, a list a list; values that are not strings are dropped.
    """
    return _rstrip(characters)(values)
