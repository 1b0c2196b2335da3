"""Group "JSON": values to JSON text and back, with or without transit's tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sesam_node.dtl.functions._values import json_text, text, untagged
from sesam_node.dtl.limits import not_too_large
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, each
from sesam_node.errors import InputError
from sesam_node.model.entity import decode
from sesam_node.model.stream import MAX_DEPTH, check_depth
from sesam_node.model.transit import normalise
from sesam_node.model.values import as_string

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model.values import Value

BROKEN = object()


@function(
    "json",
    "VALUES(value-expression{1})",
    Example(["json", {"b": [1, None], "a": True}], '{"a": true, "b": [1, null]}'),
    Example(["json", "hello"], '"hello"'),
    Example(["json", ["list", 1, ["list", 2, 3]]], ["1", "[2, 3]"], note="one text for each value"),
    Example(["json", ["dict", "u", ["uri", "foo:bar"]]], '{"u": "foo:bar"}'),
)
def json(values: Value) -> Value:
    """Write each value as JSON text with sorted keys; typed values as their plain text.

    Null stays null, and is left out of a list; below that level it is JSON's null.
    """
    return each(
        values,
        lambda value: None if value is None else json_text(untagged(not_too_large("json", value))),
    )


@function(
    "json-transit",
    "VALUES(value-expression{1})",
    Example(["json-transit", ["dict", "u", ["uri", "foo:bar"]]], '{"u": "~rfoo:bar"}'),
    Example(["json-transit", ["list", "a", 1.5]], ['"a"', "1.5"]),
    Example(["json-transit", False], "false"),
)
def json_transit(values: Value) -> Value:
    """Write each value as JSON text with sorted keys; typed values keep their transit tags.

    Null stays null, and is left out of a list; below that level it is JSON's null.
    """
    return each(
        values,
        lambda value: None if value is None else json_text(not_too_large("json-transit", value)),
    )


@function(
    "json-parse",
    "FUNCTION(function-expression{0|1}), VALUES(value-expression{1})",
    Example(["json-parse", '{"a": [1, true]}'], {"a": [1, True]}),
    Example(["json-parse", ["list", "oops", "1", "null"]], [1, None], note="null is JSON"),
    Example(["json-parse", "no-value", ["list", "oops", "1"]], ["no-value", 1]),
    Example(["is-uri", ["json-parse", '"~rfoo:bar"']], expect=False, note="tags are plain text"),
)
def json_parse(default: Value, values: Value) -> Value:
    """Read each string as JSON; text that looks like a transit tag stays text.

    What is no JSON text becomes FUNCTION with `_` as the value, or is dropped without it. Null
    gives null; nulls in a list are dropped, but those read from JSON stay.
    """
    return _parse_each(default, values, _escaped)


@function(
    "json-transit-parse",
    "FUNCTION(function-expression{0|1}), VALUES(value-expression{1})",
    Example(["is-uri", ["json-transit-parse", '"~rfoo:bar"']], expect=True),
    Example(["json-transit-parse", "[1, {}]"], [1, {}]),
    Example(["json-transit-parse", "oops"], None),
    Example(["json-transit-parse", ["upper", "_."], "oops"], "OOPS"),
)
def json_transit_parse(default: Value, values: Value) -> Value:
    """Read each string as JSON with transit tags, at every depth.

    What is no JSON text becomes FUNCTION with `_` as the value, or is dropped without it. Null
    gives null; nulls in a list are dropped, but those read from JSON stay.
    """
    return _parse_each(default, values, normalise)


def _parse_each(default: Value, values: Value, finish: Callable[[Value], Value]) -> Value:
    if type(values) is list:
        results = []
        for value in values:
            if value is None:
                continue
            parsed = _parse(value)
            if parsed is not BROKEN:
                results.append(finish(parsed))
            elif default is not ABSENT:
                replacement = default(value)
                if replacement is not None:
                    results.append(replacement)
        return results
    if values is None:
        return None
    parsed = _parse(values)
    if parsed is not BROKEN:
        return finish(parsed)
    return None if default is ABSENT else default(values)


def _parse(value: Value) -> Value:
    characters = text(value)
    if characters is None:
        return BROKEN
    try:
        parsed = decode(characters)
        if characters.count("[") + characters.count("{") > MAX_DEPTH:
            check_depth(parsed)
    except (msgspec.DecodeError, UnicodeError, RecursionError, InputError):
        return BROKEN
    return parsed


def _escaped(value: Value) -> Value:
    kind = type(value)
    if kind is str:
        return as_string(value)
    if kind is dict:
        return {key: _escaped(item) for key, item in value.items()}
    return [_escaped(item) for item in value] if kind is list else value
