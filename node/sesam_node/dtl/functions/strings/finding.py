"""What is found in a text: matches asks, replace changes it, split cuts there."""

from __future__ import annotations

import re
from functools import lru_cache
from operator import methodcaller
from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import each_text, prepared, text
from sesam_node.dtl.limits import MAX_TEXT, SHORT, made_text, refuse_too_long
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, OfText, as_list, first_value
from sesam_node.dtl.wildcards import wildcard
from sesam_node.model.values import as_string, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value


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
