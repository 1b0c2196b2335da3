"""Group "strings": text in, text out; whatever is no string is left out.

Characters are Unicode code points. A function that changes each string goes through `each_text`,
which takes transit's escape off and puts it on again where a result would read as a tag.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter, methodcaller
from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import (
    MAX_DIGITS,
    each_text,
    first_is,
    json_text,
    prepared,
    text,
    untagged,
)
from sesam_node.dtl.limits import (
    MAX_TEXT,
    SHORT,
    made_text,
    not_too_large,
    refuse_too_long,
)
from sesam_node.dtl.names import wildcard
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, OfText, as_list, each, first_value
from sesam_node.model.values import as_string, kind_of_text, plain_text, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value

FEW = 20
"""So many texts, each of which fits, are put together without counting first."""

MAX_WIDTH = 10_000_000
MAX_PADDED = 10 * MAX_WIDTH
"""What WIDTH may come to for all strings of a list together."""


@function(
    "concat",
    "VALUES(value-expression{>=1})",
    Example(["concat", "Hello ", "_S.name", "!"], "Hello Ada!", source={"name": "Ada"}),
    Example(["concat", "a", ["list", "b", "c"], "d", 123], "abcd", note="lists are spliced"),
    Example(["concat", 123, None], "", note="no string at all"),
)
def concat(*values: Value) -> Value:
    """Put all strings of all arguments together.

    Nulls and values that are not strings are skipped; the result is never null.
    """
    try:
        if len(values) > FEW:
            refuse_too_long("concat", sum(map(len, values)))
        joined = "".join(values)
    except TypeError:  # a list, or something to skip
        joined = "~"
    if "~" not in joined:  # no tag, no escape: all are plain strings
        return joined if len(joined) <= SHORT else made_text("concat", joined)
    parts = []
    for value in values:
        for item in value if type(value) is list else (value,):
            characters = text(item)
            if characters is not None:
                parts.append(characters)
    refuse_too_long("concat", sum(map(len, parts)))
    return as_string("".join(parts))


@function(
    "is-string",
    "VALUES(value-expression{1})",
    Example(["is-string", "foo:bar"], expect=True),
    Example(["is-string", ["list", 1, "foo"]], expect=False, note="the first value counts"),
    Example(["is-string", ["uri", "foo:bar"]], expect=False),
    boolean=True,
)
def is_string(values: Value) -> bool:
    """Is it a string, or a list that begins with one? False for null and the empty list."""
    return first_is(values, "string")


def _joiner(separator: str) -> Callable[[Value], Value]:
    between = text_of(separator)

    def join_values(values: Value) -> Value:
        if type(values) is list:
            try:
                if len(values) > FEW:
                    refuse_too_long("join", sum(map(len, values)) + len(between) * len(values))
                joined = between.join(values)
            except TypeError:  # something to skip
                joined = "~"
            if "~" not in joined:  # no tag, no escape: all are plain strings
                return joined if len(joined) <= SHORT else made_text("join", joined)
        parts = [characters for item in as_list(values) if (characters := text(item)) is not None]
        refuse_too_long("join", sum(map(len, parts)) + len(between) * len(parts))
        return as_string(between.join(parts))

    return join_values


@function(
    "join",
    "SEPARATOR(string{1}), VALUES(value-expression{1})",
    Example(["join", ", ", "_S.tags"], "red, green", source={"tags": ["red", "green"]}),
    Example(["join", "-", ["list", "a", "b", 123, "c"]], "a-b-c", note="123 is no string"),
    Example(["join", "-", ["list", "a", "", "b"]], "a--b", note="an empty string is a string"),
    Example(["join", "-", "a"], "a"),
    Example(["join", "-", None], ""),
    prepare=prepared(_joiner),
)
def join(separator: str, values: Value) -> Value:
    """Put the strings of VALUES together with SEPARATOR between them.

    Nulls and values that are not strings are skipped; the result is never null.
    """
    return _joiner(separator)(values)


@function(
    "length",
    "VALUES(value-expression{1})",
    Example(["length", "æøå"], 3, note="characters, not bytes"),
    Example(["length", ["list", "", "a", 1, "bb"]], [0, 1, 2]),
    Example(["length", None], None),
    text=len,
)
def length(values: Value) -> Value:
    """Count the characters (code points) of each string.

    Null gives null, a list a list; values that are not strings are dropped.
    """
    return each(values, _length)


def _length(value: Value) -> Value:
    characters = text(value)
    return None if characters is None else len(characters)


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


def _matcher(pattern: Value) -> Callable[[Value], bool]:
    wanted = next((one for item in as_list(pattern) if (one := text(item)) is not None), None)
    if wanted is None:
        return lambda _: False
    match = wildcard(wanted)

    def all_match(values: Value) -> bool:
        candidates = as_list(values)
        for value in candidates:
            characters = text(value)
            if characters is None or not match(characters):
                return False
        return bool(candidates)

    return all_match


@function(
    "matches",
    "PATTERN(string-expression{1}), VALUES(value-expression{1})",
    Example(["matches", "a*p*a", ["list", "alpha", "alpaca"]], expect=True),
    Example(["matches", "a?c", "ac"], expect=False, note="? is exactly one character"),
    Example(["matches", "*", ["list"]], expect=False, note="there must be a value"),
    Example(["matches", "*", ["list", "a", 1]], expect=False, note="1 is no string"),
    boolean=True,
    prepare=prepared(_matcher),
)
def matches(pattern: Value, values: Value) -> bool:
    """Do all of VALUES match the whole PATTERN, where `*` is any text and `?` one character?

    False where there is no value or one that is no string. Upper and lower case differ. Of a list
    of patterns the first string counts.
    """
    return _matcher(pattern)(values)


@lru_cache(maxsize=256)
def _any_of(keys: tuple[str, ...]) -> Callable[[Callable[[re.Match[str]], str], str], str]:
    longest_first = sorted(keys, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))).sub


def _replacer(*constants: Value) -> Callable[[Value], Value]:
    if len(constants) == 2:
        old, new = map(text_of, constants)

        growth = len(new) - len(old)

        def change(one: str) -> str:
            if not old:
                return one
            if growth > 0 and len(one) * growth > SHORT:
                refuse_too_long("replace", len(one) + one.count(old) * growth)
            return one.replace(old, new)

        def whole(values: Value) -> Value:
            return each_text(values, change)

        return whole if "~" in new else OfText(change, whole)
    table = first_value(constants[0])
    if type(table) is not dict:
        return lambda _: None
    by_key = {key: one for key, item in table.items() if key and (one := text(item)) is not None}
    if not by_key:
        return lambda values: each_text(values, str)
    replace_all = _any_of(tuple(by_key))
    longest = max(map(len, by_key.values()))

    def change_all(one: str) -> str:
        made = 0

        def counted(found: re.Match[str]) -> str:
            nonlocal made
            replacement = by_key[found[0]]
            made += len(replacement)
            if made > MAX_TEXT:
                refuse_too_long("replace", made)
            return replacement

        if len(one) * longest <= SHORT:
            return replace_all(lambda found: by_key[found[0]], one)
        return made_text("replace", replace_all(counted, one))

    return lambda values: each_text(values, change_all)


@function(
    "replace",
    "REPLACEMENTS(dict-expression{1}), VALUES(value-expression{1})"
    " | OLD_STRING(string{1}), NEW_STRING(string{1}), VALUES(value-expression{1})",
    Example(["replace", ".", "-", "1.2.3"], "1-2-3"),
    Example(["replace", {"a": "b", "b": "a"}, "abc"], "bac", note="one pass"),
    Example(["replace", {"a": "1", "ab": "2"}, "abc"], "2c", note="the longest key first"),
    Example(["replace", "a", "b", ["list", "a1", 1]], ["b1"]),
    prepare=prepared(_replacer),
)
def replace(*arguments: Value) -> Value:
    """Put NEW_STRING for every OLD_STRING, or the values of a dict for its keys, in each string.

    OLD_STRING is taken literally. The keys of a dict are looked for in one pass, the longest first.
    An empty old string changes nothing, nor does a key whose value is no string. Null gives null, a
    list a list; values that are not strings are dropped. Null where REPLACEMENTS is no dict.
    """
    *constants, values = arguments
    return _replacer(*constants)(values)


def _splitter(separator: Value) -> Callable[[Value], Value]:
    at = None if separator is ABSENT else text_of(separator)

    def split_values(values: Value) -> list[Value]:
        pieces: list[str] = []
        for item in as_list(values):
            characters = text(item)
            if characters is not None:
                pieces += list(characters) if at == "" else characters.split(at)
        return [piece if piece[:1] != "~" else as_string(piece) for piece in pieces]

    if at == "":
        return OfText(list, split_values)
    return OfText(methodcaller("split", at), split_values)


@function(
    "split",
    "SEPARATOR(string{0|1}), VALUES(value-expression{1})",
    Example(["split", ",", "_S.tags"], ["red", "green"], source={"tags": "red,green"}),
    Example(["split", "-", ["list", "a-b", 5, "c"]], ["a", "b", "c"], note="one flat list"),
    Example(["split", ";", "a;;b"], ["a", "", "b"]),
    Example(["split", " a  b "], ["a", "b"], note="runs of blanks"),
    Example(["split", "", "abc"], ["a", "b", "c"]),
    Example(["split", "-", None], []),
    prepare=prepared(_splitter),
)
def split(separator: Value, values: Value) -> Value:
    """Cut every string at SEPARATOR, or at runs of blanks without one, into one flat list.

    An empty SEPARATOR gives the characters. Empty pieces stay (there are none between blanks).
    Nulls and values that are not strings are skipped; the result is always a list.
    """
    return _splitter(separator)(values)


@function(
    "string",
    "VALUES(value-expression{1})",
    Example(["string", "_S.number"], "4711", source={"number": 4711}),
    Example(["string", ["list", "a", ["uri", "foo:bar"], 1]], ["a", "foo:bar", "1"]),
    Example(["string", {"b": [1, 2], "a": "x"}], '{"a": "x", "b": [1, 2]}'),
    Example(["string", ["decimal", "1E3"]], "1000", note="no exponent"),
    Example(["string", ["bytes", "blå"]], "blå"),
    text=str,
)
def string(values: Value) -> Value:
    """Give the text of each value.

    Decimals are written without exponent (up to 4299 digits), floats as short as they can be, bytes
    read as utf-8 (dropped where they are none). Typed values lose their tag, dicts and lists within
    the list become JSON with sorted keys. Null gives null, a list a list without its nulls.
    """
    return each(values, _string)


def _string(value: Value) -> Value:
    kind = type(value)
    if kind is str:
        return value if value[:1] != "~" else _untagged_string(value)
    if kind is int or kind is float:
        return repr(value)
    if kind is bool:
        return "true" if value else "false"
    return None if value is None else json_text(untagged(not_too_large("string", value)))


def _untagged_string(value: str) -> str | None:
    kind = kind_of_text(value)
    if kind == "string":
        return value
    if kind == "decimal":
        return _without_exponent(value[2:])
    if kind == "bytes":
        from base64 import b64decode

        try:
            return as_string(b64decode(value[2:]).decode())
        except UnicodeDecodeError:
            return None
    return as_string(plain_text(value))


def _without_exponent(notation: str) -> str:
    """A decimal in digits; with its exponent where that would be more than `MAX_DIGITS` of them."""
    if "E" not in notation and "e" not in notation:
        return notation
    value = Decimal(notation)
    return format(value, "f") if abs(value.adjusted()) < MAX_DIGITS else notation


def _cutter(start: int, end: Value) -> Callable[[Value], Value]:
    part = slice(start, None if end is ABSENT else end)
    return OfText(
        itemgetter(part), lambda values: each_text(values, lambda characters: characters[part])
    )


@function(
    "substring",
    "START_INDEX(integer{1}), END_INDEX(integer{0|1}), VALUES(value-expression{1})",
    Example(["substring", 2, 4, "abcdef"], "cd"),
    Example(["substring", -3, "abcdef"], "def"),
    Example(["substring", 1, -1, ["list", "(a)", 5]], ["a"]),
    Example(["substring", 4, 2, "abcdef"], ""),
    prepare=prepared(_cutter),
)
def substring(start: int, end: Value, values: Value) -> Value:
    """Cut out the characters from START_INDEX up to, not including, END_INDEX (or the end).

    Negative indexes count from the end, those out of range are clipped. Null gives null, a list a
    list; values that are not strings are dropped.
    """
    return _cutter(start, end)(values)
