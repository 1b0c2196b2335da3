"""Texts as a whole: concat and join put them together, is-string and length look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import first_is, prepared, text
from sesam_node.dtl.limits import SHORT, made_text, refuse_too_long
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import as_list, each
from sesam_node.model.values import as_string, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value

FEW = 20
"""So many texts, each of which fits, are put together without counting first."""


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
