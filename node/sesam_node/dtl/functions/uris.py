"""Group "URIs": the cast to a URI and percent-encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from sesam_node.dtl.functions._values import each_text, first_is, prepared, text
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, each
from sesam_node.model.values import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value


@function(
    "is-uri",
    "VALUES(value-expression{1})",
    Example(["is-uri", ["uri", "foo:bar"]], expect=True),
    Example(["is-uri", "foo:bar"], expect=False),
    Example(["is-uri", ["list", ["uri", "foo:bar"], 1]], expect=True),
    boolean=True,
)
def is_uri(values: Value) -> bool:
    """Is it a URI, or a list that begins with one? False for null and the empty list."""
    return first_is(values, "uri")


@function(
    "uri",
    "VALUES(value-expression{1})",
    Example(
        ["uri", ["concat", "http://example.org/", "_S.name"]],
        "~rhttp://example.org/ada",
        source={"name": "ada"},
    ),
    Example(
        ["uri", "http://example.org/å b"], "~rhttp://example.org/å b", note="nothing is escaped"
    ),
    Example(["uri", ["list", "foo:bar", 12345]], ["~rfoo:bar"]),
    Example(["uri", 12345], None),
)
def uri(values: Value) -> Value:
    """Make a URI of each string, as it is: nothing is escaped, see `url-quote`.

    URIs pass. Null gives null, a list a list; other values are dropped.
    """
    return each(values, _uri)


def _uri(value: Value) -> str | None:
    if type(value) is str and value[:2] == "~r":
        return value
    characters = text(value)
    return None if characters is None else "~r" + characters


def _quoter(safe: Value) -> Callable[[Value], Value]:
    keep = "" if safe is ABSENT else text_of(safe)
    return lambda values: each_text(values, lambda characters: quote(characters, safe=keep))


@function(
    "url-quote",
    "SAFE_CHARS(string{0|1}), VALUES(value-expression{1})",
    Example(["url-quote", "/foo bar/baz"], "%2Ffoo%20bar%2Fbaz"),
    Example(["url-quote", "/", "/foo bar/baz"], "/foo%20bar/baz"),
    Example(["url-quote", ["list", "å", 1]], ["%C3%A5"]),
    prepare=prepared(_quoter),
)
def url_quote(safe: Value, values: Value) -> Value:
    """Percent-encode each string as utf-8: all but letters, digits, `_.-~` and SAFE_CHARS.

    Null gives null, a list a list; values that are not strings are dropped, URIs too.
    """
    return _quoter(safe)(values)


@function(
    "url-unquote",
    "VALUES(value-expression{1})",
    Example(["url-unquote", "%2Ffoo%20bar"], "/foo bar"),
    Example(["url-unquote", "a+b"], "a+b", note="a plus is a plus"),
    Example(["url-unquote", ["list", 1, "%c3%a5"]], ["å"]),
)
def url_unquote(values: Value) -> Value:
    """Decode the percent-encoded utf-8 of each string, once.

    Bytes that are no utf-8 become U+FFFD; a plus stays a plus. Null gives null, a list a list;
    values that are not strings are dropped, URIs too.
    """
    return each_text(values, unquote)
