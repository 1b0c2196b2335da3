"""copy, remove, rename and make-ni: source properties come over, under their name or another.

Names are patterns or are read in every namespace, as `dtl.names` has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions.transforms._examples import ADA, NAMESPACED
from sesam_node.dtl.functions.transforms.setting import property_name
from sesam_node.dtl.names import (
    Everywhere,
    Selection,
    patterns_of,
    read_name,
    written_name,
)
from sesam_node.dtl.registry import Example, transform
from sesam_node.dtl.runtime import as_list
from sesam_node.dtl.wildcards import has_wildcards
from sesam_node.model.namespaces import split_name
from sesam_node.model.values import Entity, Value, is_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call, RuleContext


def _source_dict(scope: Scope, call: Call) -> str:
    """Source of `_S`; what follows is indented under a test where it need not be a dict."""
    source = scope.variable("_S")
    if source not in scope.dicts:
        scope.line(f"if type({source}) is dict:", call.at)
        scope.depth += 1
    return source


@transform(
    "copy",
    "INCLUDE(pattern{1}), EXCLUDE(pattern{0|1})",
    Example(["copy", "*"], {"_id": "x", "name": "Ada", "age": 36}, ADA),
    Example(["copy", "age"], {"_id": "x", "age": 36}, ADA),
    Example(["copy", "*", ["list", "n*"]], {"_id": "x", "age": 36}, ADA),
    Example(["copy", "?ge"], {"_id": "x", "age": 36}, ADA),
    Example(["copy", ["n*", "a*"], ["a?e", "x*"]], {"_id": "x", "name": "Ada"}, ADA),
    Example(
        ["copy", "x*:a*"],
        {"_id": "x", "x:age": 1},
        {"_id": "x", "x:age": 1, "y:age": 2, "age": 3},
        context=NAMESPACED,
        note="namespace and identifier are matched apart",
    ),
)
def copy(scope: Scope, call: Call) -> None:
    """Copy the source properties that match INCLUDE and not EXCLUDE, over what the target has.

    A pattern matches the whole name, `_id` too; `*` is any run of characters, `?` one, all else
    (dots, upper and lower case) stands for itself. Several patterns come as `["list", ...]`, or as
    a list of them alone. Values are copied as they are, null too; nothing matches: nothing is
    copied, and so it is where the source is no dict.

    With namespaced identifiers a pattern without a namespace matches in every namespace; `::name`
    is the name without one, `:name` that in the property namespace.
    """
    include = patterns_of(call.constant(0))
    exclude = patterns_of(call.constant(1)) if len(call.arguments) == 2 else []
    before = scope.depth
    source = _source_dict(scope, call)
    exact = [read_name(pattern, scope.context) for pattern in include]
    excluded = Selection(exclude, [], scope.context)
    without = [read_name(pattern, scope.context) for pattern in exclude]
    plain = all(name is not None and not has_wildcards(name) for name in without)
    if include == ["*"] and plain and (not exclude or scope.is_target_empty()):
        scope.line(f"T.update({source})", call.at)
        for name in dict.fromkeys(without):
            scope.line(f"T.pop({name!a}, None)", call.at)
    elif all(name is not None and not has_wildcards(name) for name in exact):
        chosen = [name for name in dict.fromkeys(exact) if name is not None and not excluded[name]]
        for name in chosen:
            scope.line(f"if {name!a} in {source}:", call.at)
            scope.line(f"    T[{name!a}] = {source}[{name!a}]", call.at)
        if not chosen:
            scope.line("pass", call.at)
    else:
        selection = scope.constant(Selection(include, exclude, scope.context))
        name, value = scope.temporary(), scope.temporary()
        scope.line(f"for {name}, {value} in {source}.items():", call.at)
        scope.line(f"    if {selection}[{name}]:", call.at)
        scope.line(f"        T[{name}] = {value}", call.at)
    scope.depth = before


def remove_properties(target: Entity, selection: Selection) -> None:
    """Delete the properties that are selected."""
    for name in [name for name in target if selection[name]]:
        del target[name]


@transform(
    "remove",
    "PATTERN(pattern{1})",
    Example([["copy", "*"], ["remove", "age"]], {"_id": "x", "name": "Ada"}, ADA),
    Example([["copy", "*"], ["remove", "a*"]], {"_id": "x", "name": "Ada"}, ADA),
    Example([["copy", "*"], ["remove", "ge"]], {"_id": "x", "name": "Ada", "age": 36}, ADA),
    Example(
        [["copy", "*"], ["remove", "x*:age"]],
        {"_id": "x", "age": 1, "y:age": 3},
        {"_id": "x", "age": 1, "x:age": 2, "y:age": 3},
        context=NAMESPACED,
    ),
)
def remove(scope: Scope, call: Call) -> None:
    """Delete the target properties whose whole name matches PATTERN; none matches: nothing.

    PATTERN is read as that of `copy`: `*` and `?`, several as `["list", ...]`, and with namespaced
    identifiers a pattern without a namespace removes the property in every namespace.
    """
    patterns = patterns_of(call.constant(0))
    exact = [read_name(pattern, scope.context) for pattern in patterns]
    if all(name is not None and not has_wildcards(name) for name in exact):
        for name in exact:
            scope.line(f"T.pop({name!a}, None)", call.at)
        return
    selection = scope.constant(Selection(patterns, [], scope.context))
    scope.line(scope.call(call.at, remove_properties, "T", selection), call.at)


class Renaming:
    """rename and make-ni: which source properties go where, with the names of a context."""

    __name__ = "rename_properties"

    def __init__(self, context: RuleContext) -> None:
        self.context = context

    def targets(self, source: Entity, old: str, new: str) -> Iterator[tuple[str, str]]:
        """(source property, target property) of each property that `old` reads."""
        exact = read_name(old, self.context)
        if exact is not None:
            found = [exact] if exact in source else []
        else:
            found = list(Everywhere(old).names(source))
        qualified = not self.context.namespaced or ":" in new or new[:1] in ("_", "$")
        for name in found:
            if qualified:
                yield name, written_name(new, self.context)
            else:
                namespace, _ = split_name(name)
                yield name, new if namespace is None else f"{namespace}:{new}"

    def moved(self, source: Entity, old: str, new: str) -> Entity:
        """The target properties: values of several source properties are one flat list.

        A list of one then becomes the value itself.
        """
        found: dict[str, list[Value]] = {}
        for name, written in self.targets(source, old, new):
            found.setdefault(written, []).append(source[name])
        return {written: self.collected(values) for written, values in found.items()}

    def collected(self, values: list[Value]) -> Value:
        if len(values) == 1:
            return values[0]
        flat = [item for value in values for item in as_list(value)]
        return flat[0] if len(flat) == 1 else flat

    def __call__(self, source: Value, target: Entity, old: Value, new: Value) -> None:
        old, new = (as_list(name)[0] if as_list(name) else None for name in (old, new))
        if type(source) is not dict or not is_text(old) or not is_text(new):
            return
        target.update(self.moved(source, text_of(old), text_of(new)))


@transform(
    "rename",
    "FROM(string-expression{1}), TO(string-expression{1})",
    Example(["rename", "age", "years"], {"_id": "x", "years": 36}, ADA),
    Example(["rename", "nothing", "years"], {"_id": "x"}, ADA),
    Example(
        ["rename", "a", "b"],
        {"_id": "x", "b": 1, "y:b": 2},
        {"_id": "x", "a": 1, "y:a": 2},
        context=NAMESPACED,
        note="each namespace keeps its own",
    ),
    Example(
        ["rename", "a", "z:b"],
        {"_id": "x", "z:b": [1, 2]},
        {"_id": "x", "a": 1, "y:a": 2},
        context=NAMESPACED,
        note="all are collected under a qualified name",
    ),
    checks={"FROM": property_name, "TO": property_name},
)
def rename(scope: Scope, call: Call) -> None:
    """Copy a source property to the target under another name; nothing where it is absent.

    The value is copied as it is, null too. FROM and TO are names, not patterns; of a list the first
    counts, null or no string does nothing. The source property itself stays what it is.

    With namespaced identifiers a FROM without a namespace reads the property in every namespace,
    and a TO without one keeps the namespace of each; otherwise all their values go into one flat
    list under TO, in the order of the property names, or one value where there is only one.
    """
    old, new = call.arguments
    constants = (scope.value(old), scope.value(new))
    source = scope.variable("_S")
    plain = all(type(name) is str and name[:1] != "~" for name in constants)
    if plain and not scope.context.namespaced and source in scope.dicts:
        scope.line(f"if {constants[0]!a} in {source}:", call.at)
        scope.line(f"    T[{constants[1]!a}] = {source}[{constants[0]!a}]", call.at)
        return
    renaming = Renaming(scope.context)
    names = (scope.expression(old), scope.expression(new))
    scope.line(scope.call(call.at, renaming, source, "T", *names), call.at)


class MakeNi(Renaming):
    """make-ni for constant names."""

    __name__ = "make_ni"

    def __init__(self, context: RuleContext, namespace: str, old: str, new: str | None) -> None:
        super().__init__(context)
        self.namespace = namespace
        self.old = old
        self.new = new

    def identifiers(self, value: Value) -> Value:
        """Strings as NIs: one for a single value, a sorted list for a list, null for none."""
        found = [f"~:{self.namespace}:{text_of(item)}" for item in as_list(value) if is_text(item)]
        if not found:
            return None
        return sorted(found) if type(value) is list else found[0]

    def __call__(self, source: Value, target: Entity, *_: Value) -> None:
        if type(source) is not dict:
            return
        new = split_name(self.old)[1] + "-ni" if self.new is None else self.new
        if not self.context.namespaced:
            new = self.old + "-ni" if self.new is None else self.new
        for written, value in self.moved(source, self.old, new).items():
            made = self.identifiers(value)
            if made is not None:
                target[written] = made


@transform(
    "make-ni",
    "NAMESPACE(namespace{1}), FROM(string{1}), TO(string{0|1})",
    Example(["make-ni", "people", "name"], {"_id": "x", "name-ni": "~:people:Ada"}, ADA),
    Example(["make-ni", "people", "name", "person"], {"_id": "x", "person": "~:people:Ada"}, ADA),
    Example(["make-ni", "people", "age"], {"_id": "x"}, ADA, note="36 is no string"),
    Example(
        ["make-ni", "people", "boss"],
        {"_id": "x", "boss-ni": "~:people:Eve", "y:boss-ni": ["~:people:Ann", "~:people:Bob"]},
        {"_id": "x", "boss": "Eve", "y:boss": ["Bob", 5, "Ann"]},
        context=NAMESPACED,
        note="each namespace keeps its own",
    ),
    Example(
        ["make-ni", "people", "boss", "z:boss"],
        {"_id": "x", "z:boss": ["~:people:Bob", "~:people:Eve"]},
        {"_id": "x", "boss": "Eve", "y:boss": "Bob"},
        context=NAMESPACED,
        note="all are collected under a qualified name",
    ),
)
def make_ni(scope: Scope, call: Call) -> None:
    """Turn the strings of source property FROM into namespaced identifiers, in property TO.

    TO is FROM and `-ni` by default. A single string gives one identifier, a list a sorted list of
    them; values of other types are left out. Nothing is added where there is no string, or no such
    property.

    With namespaced identifiers a FROM without a namespace reads the property in every namespace,
    and a TO without one keeps the namespace of each; under a qualified TO all are collected.
    """
    new = call.constant(2) if len(call.arguments) == 3 else None
    maker = MakeNi(scope.context, call.constant(0), call.constant(1), new)
    scope.line(scope.call(call.at, maker, scope.variable("_S"), "T"), call.at)
