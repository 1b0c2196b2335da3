"""Values come together: group and group-by under keys, sum in one number."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from math import fsum
from typing import Any

from sesam_node.dtl.functions._values import json_text, text
from sesam_node.dtl.functions.arithmetic.operations import EXACT
from sesam_node.dtl.functions.lists._arguments import VALUES, Function
from sesam_node.dtl.functions.sets import identities
from sesam_node.dtl.limits import LARGEST, spend
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import ABSENT, as_list
from sesam_node.model.values import Value, as_decimal, decimal_text, from_number, number

PAIRS: list[Value] = ["list", ["list", "x", 1], ["list", "y", 2], ["list", "x", 3]]


@function(
    "group",
    f"KEY_FUNCTION(function-expression{{1}}), VALUE_FUNCTION(function-expression{{1}}), {VALUES}",
    Example(["group", ["first", "_."], ["last", "_."], PAIRS], [["x", [1, 3]], ["y", [2]]]),
    Example(
        ["dict", ["group", "_.type", "_.name", "_S.items"]],
        {"a": ["x", "z"], "b": ["y"]},
        source={
            "items": [
                {"type": "a", "name": "x"},
                {"type": "b", "name": "y"},
                {"type": "a", "name": "z"},
            ]
        },
        note="as a dict",
    ),
    Example(["group", ["upper", "_."], ["lower", "_."], "Hello"], [["HELLO", ["hello"]]]),
    Example(["group", "_.", "_.", None], []),
)
def group(key: Function, change: Function, values: Value) -> Value:
    """Give a list of `[key, values]`: VALUE_FUNCTION's results under each KEY_FUNCTION result.

    Keys keep their type and come in order of first appearance; null is a key like any other. Null
    VALUES gives `[]`.
    """
    items = as_list(values)
    spend(len(items))
    keys = [key(item) for item in items]
    groups: dict[Any, list[Value]] = {}
    for identity, shown, item in zip(identities(keys), keys, items, strict=True):
        found = groups.get(identity)
        if found is None:
            found = groups[identity] = [shown, []]
        found[1].append(change(item))
    return list(groups.values())


@function(
    "group-by",
    "KEY_FUNCTION(function-expression{1}), STRING_FUNCTION(function-expression{0|1}), " + VALUES,
    Example(
        ["group-by", ["length", "_."], ["list", "a", "bb", "c"]], {"1": ["a", "c"], "2": ["bb"]}
    ),
    Example(["group-by", ["upper", "_."], ["list", "a", "b"]], {'"A"': ["a"], '"B"': ["b"]}),
    Example(
        ["group-by", ["upper", "_."], ["string", "_."], ["list", "a", "b"]],
        {"A": ["a"], "B": ["b"]},
    ),
)
def group_by(key: Function, text_of_key: Any, values: Value) -> Value:
    """Give a dict of lists: the values under the text of their KEY_FUNCTION result.

    The text is the key's transit JSON (`"null"` for null), or what STRING_FUNCTION makes of the
    key; where that is no string the value is left out. Null VALUES gives `{}`.
    """
    out: dict[str, list[Value]] = {}
    items = as_list(values)
    spend(len(items))
    for item in items:
        found = key(item)
        name = json_text(found) if text_of_key is ABSENT else text(text_of_key(found))
        if name is not None:
            out.setdefault(name, []).append(item)
    return out


@function(
    "sum",
    VALUES,
    Example(["sum", ["list", 2, 4, 6]], 12),
    Example(["sum", ["list", 1, "2", None, 3]], 4, note="only numbers count"),
    Example(["sum", ["list", 1, 2.5, "~f0.25"]], "~f3.75", note="the most precise type wins"),
    Example(["sum", None], 0),
)
def sum_(values: Value) -> Value:
    """Give the sum of the numbers among VALUES; everything else is ignored, nothing gives 0.

    Integers give an integer, with a float among them a float, with a decimal an exact decimal. Null
    where the sum is beyond what the type holds.
    """
    numbers = [n for n in map(number, as_list(values)) if n is not None]
    types = set(map(type, numbers))
    try:
        if Decimal in types:
            return decimal_text(reduce(EXACT.add, map(as_decimal, numbers)))
        if float in types:
            return from_number(fsum(numbers))
    except ArithmeticError:  # an infinity, or more digits than can be written
        return None
    total = sum(numbers)
    return total if -LARGEST < total < LARGEST else None
