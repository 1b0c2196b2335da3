"""Search filters (RFC 4515), checked before a server is asked: what is wrong, and where.

Only the form is checked. Whether there is such an attribute the server knows; for one that it does
not know a filter matches nothing.
"""

from __future__ import annotations

import re

NOT_ALLOWED = re.compile(r"\\(?![0-9a-fA-F]{2})")
ATTRIBUTE = re.compile(r"[a-zA-Z0-9.;_-]+")
COMPARISON = re.compile(r"(?P<name>[^=~<>:()]*)(?P<rule>:[^=()]*)?(?P<how>=|~=|>=|<=|:=)")
MOST_DEPTH = 100


class FilterError(ValueError):
    """What is wrong with a filter; `position` counts characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def check_filter(text: str) -> None:
    """Raises FilterError for what is no filter."""
    end = _filter(text, _spaces(text, 0), 0)
    end = _spaces(text, end)
    if end < len(text):
        raise FilterError("the filter ends before this; join several with (&…) or (|…)", end)


def _spaces(text: str, at: int) -> int:
    while at < len(text) and text[at] == " ":
        at += 1
    return at


def _filter(text: str, at: int, depth: int) -> int:
    """The position behind the filter that begins here."""
    if depth > MOST_DEPTH:
        raise FilterError(f"filters are nested more than {MOST_DEPTH} deep", at)
    if text[at : at + 1] != "(":
        raise FilterError('expected "("', at)
    inner = _spaces(text, at + 1)
    kind = text[inner : inner + 1]
    if kind in ("&", "|"):
        end = _several(text, inner, depth)
    elif kind == "!":
        end = _spaces(text, _filter(text, _spaces(text, inner + 1), depth + 1))
    else:
        end = _item(text, inner)
    if text[end : end + 1] != ")":
        what = "the end" if end >= len(text) else f'"{text[end]}"'
        raise FilterError(f'expected ")" for the "(" at character {at + 1}, got {what}', end)
    return end + 1


def _several(text: str, at: int, depth: int) -> int:
    """The position behind the filters that an `&` or `|` joins."""
    end = _spaces(text, at + 1)
    first = end
    while text[end : end + 1] == "(":
        end = _spaces(text, _filter(text, end, depth + 1))
    if end == first:
        raise FilterError(f'"{text[at]}" joins filters in brackets, and there are none', end)
    return end


def _item(text: str, at: int) -> int:
    """The position behind a comparison such as `cn=A*`."""
    found = COMPARISON.match(text, at)
    if found is None:
        raise FilterError('expected a comparison such as "cn=A*"', at)
    name, rule = found["name"].strip(), found["rule"]
    if not (name or rule):
        raise FilterError("there is no attribute before the comparison", at)
    if name and not ATTRIBUTE.fullmatch(name):
        raise FilterError(f'"{name}" is no name of an attribute', at)
    end = found.end()
    while end < len(text) and text[end] not in "()":
        end += 1
    wrong = NOT_ALLOWED.search(text, found.end(), end)
    if wrong:
        message = 'a "\\" is followed by the two hexadecimal digits of a byte: \\2a is "*"'
        raise FilterError(message, wrong.start())
    if text[end : end + 1] == "(":
        raise FilterError('a "(" in a value is written \\28, and a ")" \\29', end)
    return end
