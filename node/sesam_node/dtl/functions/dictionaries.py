"""Dictionaries: building them, taking them apart, and namespaces on their property names.

A property name is plain text inside a dict. As a value it is a string, so a name that would read as
a typed value is escaped on the way out and unescaped on the way in (`as_string`, `text`).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions._values import text
from sesam_node.dtl.parse import clean
from sesam_node.dtl.registry import Example, function, special
from sesam_node.dtl.runtime import VARIES, as_list, first_value
from sesam_node.errors import preview, suggestion
from sesam_node.model.namespaces import add_namespaces, strip_namespaces
from sesam_node.model.values import Value, as_string

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call
    from sesam_node.model.values import Entity

DICTS = "DICTS(value-expression{1})"
TWO: list[Value] = ["list", {"A": 1, "B": 2}, 123, {"A": 3}]


def dicts_in(values: Value) -> Iterable[Entity]:
    """The dicts among the values; everything else is ignored."""
    return (value for value in as_list(values) if type(value) is dict)


def dict_of_pairs(pairs: Iterable[Any]) -> Entity:
    """A dict of those pairs whose key is a string; the last one with a key wins."""
    return {name: item for key, item in pairs if (name := text(key)) is not None}


def dict_of_items(values: Value) -> Entity:
    """A dict of the two-element lists and tuples among the values."""
    pairs = (item for item in as_list(values) if type(item) is list or type(item) is tuple)
    return dict_of_pairs(pair for pair in pairs if len(pair) == 2)


def dict_of_arguments(*arguments: Value) -> Entity:
    """A dict of keys and values in turn."""
    return dict_of_pairs(zip(arguments[::2], arguments[1::2], strict=True))


@special(
    "dict",
    "(KEY(value-expression{1}), VALUE(value-expression{1})){>=0} | ITEMS(value-expression{1})",
    Example(["dict", "a", ["upper", "a"], ["lower", "B"], None], {"a": "A", "b": None}),
    Example(["dict", ["list", ["list", "A", 1], ["list", "B", 2]]], {"A": 1, "B": 2}),
    Example(["dict"], {}),
    Example(
        ["dict", ["list", "X", ["list", "A", 1], ["list", "A", 2], ["list", "C"]]],
        {"A": 2},
        note="what is no pair is ignored, the last of a key wins",
    ),
    Example(["dict", 1, 2], {}, note="a key must be a string"),
)
def dict_(scope: Scope, call: Call) -> str:
    """Give a dict of the pairs in ITEMS, or of the given keys and values; an empty one of neither.

    The last of equal keys wins. Pairs whose key is no string are left out, and so is what is no
    two-element list; null ITEMS gives `{}`.
    """
    sources = [scope.expression(node) for node in call.arguments]
    if len(sources) == 1:
        return scope.call(call.at, dict_of_items, *sources)
    names = [scope.value(node) for node in call.arguments[::2]]
    if VARIES in names:
        return scope.call(call.at, dict_of_arguments, *sources)
    pairs = zip(map(text, names), sources[1::2], strict=True)
    entries = (f"{scope.constant(name)}: {source}" for name, source in pairs if name is not None)
    return f"{{{', '.join(entries)}}}"


@function(
    "has-key",
    "KEY(value-expression{1}), VALUES(value-expression{1})",
    Example(["has-key", "name", "_S."], expect=True, source={"name": "Ada"}),
    Example(["has-key", "a", {"a": None}], expect=True, note="the value may be null"),
    Example(["has-key", "b", ["list", {"a": 1}, {"b": 1}]], expect=False, note="only the first"),
    Example(["has-key", "a", ["list", 123, {"a": 1}]], None, note="not a dict"),
    Example(["has-key", "a", None], None),
    boolean=True,
)
def has_key(key: Value, values: Value) -> Value:
    """Tell whether a dict, or the first element of a list, has the property KEY.

    Null where that is no dict; false where KEY is no string.
    """
    value = first_value(values)
    if type(value) is not dict:
        return None
    name = text(key)
    return name is not None and name in value


@function(
    "is-dict",
    "VALUES(value-expression{1})",
    Example(["is-dict", "_S."], expect=True, note="an entity is a dict"),
    Example(["is-dict", ["list", {"a": 1}, 123]], expect=True, note="the first element"),
    Example(["is-dict", ["list"]], expect=False),
    boolean=True,
)
def is_dict(values: Value) -> Value:
    """Tell whether the value, or the first element of a list, is a dict; null is not."""
    return type(first_value(values)) is dict


@function(
    "items",
    DICTS,
    Example(["items", {"A": 1, "B": [2, 3]}], [["A", 1], ["B", [2, 3]]]),
    Example(["items", TWO], [["A", 1], ["B", 2], ["A", 3]], note="several dicts"),
    Example(["items", "X"], [], note="no dict"),
)
def items(values: Value) -> Value:
    """Give a list of `[key, value]` for each property of each dict, in order.

    What is no dict is ignored, null too.
    """
    return [[as_string(key), item] for entry in dicts_in(values) for key, item in entry.items()]


@function(
    "key-values",
    DICTS,
    Example(["key-values", {"a": 1, "b": 2}], [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    Example(
        ["key-values", TWO],
        [{"key": "A", "value": 1}, {"key": "B", "value": 2}, {"key": "A", "value": 3}],
    ),
    Example(
        ["key-values", {"hello": "world"}],
        {"key": "hello", "value": "world"},
        note="a single dict with one property",
    ),
    Example(["key-values", ["list", {"a": 1}]], [{"key": "a", "value": 1}]),
)
def key_values(values: Value) -> Value:
    """Give a list of `{"key": key, "value": value}` for each property of each dict, in order.

    A single dict with one property gives that one dict, without a list. What is no dict is ignored.
    """
    pairs = [
        {"key": as_string(key), "value": item}
        for entry in dicts_in(values)
        for key, item in entry.items()
    ]
    return pairs[0] if type(values) is dict and len(pairs) == 1 else pairs


@function(
    "keys",
    DICTS,
    Example(["keys", {"a": 1, "b": 2}], ["a", "b"]),
    Example(["keys", TWO], ["A", "B", "A"], note="duplicates stay"),
    Example(["keys", None], []),
)
def keys(values: Value) -> Value:
    """Give a list of the property names of each dict, in order.

    What is no dict is ignored, null too.
    """
    return [as_string(key) for entry in dicts_in(values) for key in entry]


@function(
    "values",
    DICTS,
    Example(["values", {"a": 1, "b": 2}], [1, 2]),
    Example(["values", TWO], [1, 2, 3], note="several dicts"),
    Example(["values", {"a": [1, 2], "b": None}], [[1, 2], None], note="each value whole"),
    Example(["values", 123], []),
)
def values_(values: Value) -> Value:
    """Give a list of the property values of each dict, in order, not flattened.

    What is no dict is ignored, null too; null properties count.
    """
    return [item for entry in dicts_in(values) for item in entry.values()]


NAMESPACE_OPTIONS: dict[str, tuple[type, ...]] = {
    "property_namespace": (str, type(None)),
    "identity_namespace": (str, type(None)),
    "skip_underscore": (bool,),
    "skip_dollar": (bool,),
    "recursive": (bool,),
}


def check_namespace_options(options: Value) -> str | None:
    """What is wrong with a constant NAMESPACE_OR_OPTIONS."""
    if type(options) is str:
        return None
    for name, value in options.items():
        types = NAMESPACE_OPTIONS.get(name)
        if types is None:
            return f'unknown option "{name}"; {suggestion(name, NAMESPACE_OPTIONS)}'.rstrip("; ")
        if type(value) not in types:
            wanted = "true or false" if bool in types else "a string or null"
            return f'expected {wanted} for "{name}", got {preview(value)}'
    return None


@special(
    "apply-ns",
    f"NAMESPACE_OR_OPTIONS(string/object{{1}}), {DICTS}",
    Example(["apply-ns", "n", {"_id": "1", "a": {"b": 1}}], {"_id": "n:1", "n:a": {"n:b": 1}}),
    Example(["apply-ns", "n", {"$a": {"b": 1}, "m:c": 2}], {"$a": {"b": 1}, "m:c": 2}),
    Example(
        ["apply-ns", {"property_namespace": "n", "identity_namespace": None}, {"_id": "1", "a": 2}],
        {"_id": "1", "n:a": 2},
    ),
    Example(
        ["apply-ns", {"recursive": False}, {"_id": "1", "a": {"b": 1}}],
        {"_id": "i:1", "p:a": {"b": 1}},
        context={"identity_namespace": "i", "property_namespace": "p"},
        note="the pipe's namespaces by default",
    ),
    context=True,
    checks={"NAMESPACE_OR_OPTIONS": check_namespace_options},
)
def apply_ns(scope: Scope, call: Call) -> str:
    """Give the dicts with a namespace before their property names and in the value of `_id`.

    Names that have one keep it; null as a namespace adds none. Skipped properties stay as they are
    with all that is in them. Values that are no dicts stay, null too.
    """
    given = clean(call.constant(0))
    context = scope.context
    options: dict[str, Any] = {
        "property_namespace": context.property_namespace or context.pipe_id,
        "identity_namespace": context.identity_namespace or context.pipe_id,
    }
    if type(given) is str:
        options = dict.fromkeys(options, given)
    else:
        options |= given
    return scope.call(
        call.at, partial(add_namespaces, **options), scope.expression(call.arguments[1])
    )


@function(
    "strip-ns",
    DICTS,
    Example(["strip-ns", {"ns1:b": 1, "ns2:c": 2, "d": 3}], {"b": 1, "c": 2, "d": 3}),
    Example(["strip-ns", ["list", {"n:a": [{"n:b": 1}]}]], [{"a": [{"b": 1}]}], note="all depths"),
    Example(["strip-ns", "n:a"], "n:a", note="only names of properties change"),
)
def strip_ns(values: Value) -> Value:
    """Give the dicts without the namespaces of their property names, at every depth.

    What stands before the last colon is the namespace. Other values stay as they are.
    """
    return strip_namespaces(values)
