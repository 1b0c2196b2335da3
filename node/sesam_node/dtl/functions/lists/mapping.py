"""A function is applied to each value: map, map-dict, map-values."""

from __future__ import annotations

from sesam_node.dtl.functions._values import text
from sesam_node.dtl.functions.lists._arguments import VALUES, Function
from sesam_node.dtl.limits import spend
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import as_list
from sesam_node.model.values import Value, as_string


@function(
    "map",
    f"FUNCTION(function-expression{{1}}), {VALUES}",
    Example(["map", ["lower", "_."], ["list", "A", "B"]], ["a", "b"]),
    Example(
        ["map", ["distinct", "_."], ["list", ["list", "A", "A"], ["list", "B"]]], [["A"], ["B"]]
    ),
    Example(["map", "_.id", ["list", {"id": 1}, {}]], [1, None], note="a null result stays"),
    Example(["map", ["lower", "_."], None], []),
)
def map_(change: Function, values: Value) -> Value:
    """Give the list of the results of FUNCTION for each value, in order.

    Null results stay as elements and list results stay lists; null VALUES gives `[]`.
    """
    items = as_list(values)
    spend(len(items))
    return [change(value) for value in items]


@function(
    "map-dict",
    f"KEY_FUNCTION(function-expression{{1}}), VALUE_FUNCTION(function-expression{{1}}), {VALUES}",
    Example(["map-dict", ["upper", "_."], ["plus", 1, "_."], {"a": 1, "b": 2}], {"A": 2, "B": 3}),
    Example(
        ["map-dict", ["if", ["neq", "_.", "b"], "_."], "_.", ["list", {"a": 1, "b": 2}, {"b": 3}]],
        [{"a": 1}],
        note="keys that are no string drop their pair, empty dicts are left out",
    ),
    Example(["map-dict", "_.", "_.", 123], None, note="not a dict"),
)
def map_dict(on_key: Function, on_value: Function, values: Value) -> Value:
    """Give a new dict for each dict: KEY_FUNCTION of each key, VALUE_FUNCTION of each value.

    A pair whose new key is no string is dropped, a dict that ends up empty is left out (null for a
    single one), and so is what is no dict. Null values stay.
    """
    if type(values) is not list:
        return _map_dict(on_key, on_value, values)
    mapped = (_map_dict(on_key, on_value, value) for value in values)
    return [value for value in mapped if value is not None]


def _map_dict(on_key: Function, on_value: Function, value: Value) -> dict[str, Value] | None:
    if type(value) is not dict:
        return None
    out = {}
    spend(len(value))
    for key, item in value.items():
        name = text(on_key(as_string(key)))
        if name is not None:
            out[name] = on_value(item)
    return out or None


@function(
    "map-values",
    f"VALUE_FUNCTION(function-expression{{1}}), {VALUES}",
    Example(
        ["map-values", ["lower", "_."], ["list", {"k": "A", "l": "B"}, 1, {"k": "C"}]],
        ["a", "b", "c"],
    ),
    Example(["map-values", ["count", "_."], {"a": [1, 2], "b": [3]}], [2, 1], note="values whole"),
    Example(["map-values", "_.", "abc"], [], note="no dict, no values"),
)
def map_values(change: Function, values: Value) -> Value:
    """Give one list of the results of VALUE_FUNCTION for each value of each dict.

    What is no dict is ignored, null too.
    """
    items = [item for d in as_list(values) if type(d) is dict for item in d.values()]
    spend(len(items))
    return [change(item) for item in items]
