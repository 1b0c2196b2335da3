"""The transform functions: statements that write the target, emit entities or stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions.comparisons import emit_equal
from sesam_node.dtl.limits import not_too_large
from sesam_node.dtl.names import (
    Everywhere,
    Selection,
    has_wildcards,
    patterns_of,
    read_name,
    written_name,
)
from sesam_node.dtl.registry import Example, transform
from sesam_node.dtl.runtime import VARIES, as_list, identity
from sesam_node.errors import DtlError, Problem, preview
from sesam_node.model.namespaces import split_name
from sesam_node.model.values import Entity, Value, is_text, plain_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call, Node, RuleContext

LONG = 50  # branches of a case from which on they are written one after the other
LONGEST_SLEEP = 86_400  # a day, in seconds
NAMED = "NAME(string-expression{1})"
ADA = {"_id": "x", "name": "Ada", "age": 36}
NAMESPACED = {"namespaced": True, "property_namespace": "bar", "identity_namespace": "foo"}


def _property_name(value: Value) -> str | None:
    """The check of a constant name of a property."""
    return None if is_text(value) and value else f"expected a property name, got {preview(value)}"


# -- writing properties ----------------------------------------------------------------------------


class Naming:
    """Sets properties whose names are computed, with the name resolution of a context."""

    __name__ = "set_properties"

    def __init__(self, context: RuleContext) -> None:
        self.context = context

    def names(self, given: Value) -> Iterator[str]:
        for name in as_list(given):
            if is_text(name) and name:
                yield written_name(text_of(name), self.context)

    def __call__(self, target: Entity, given: Value, value: Value) -> None:
        self.fill(target, self.names(given), value)

    def fill(self, target: Entity, names: Iterable[str], value: Value) -> None:
        """Set the properties of these names, as `names` and `missing` give them."""
        for name in names:
            target[name] = self.identified(value) if name == "_id" else value

    def identified(self, value: Value) -> Value:
        """An `_id` with the identity namespace, where there is one and it has none."""
        namespace = self.context.identity_namespace
        if self.context.namespaced and namespace and is_text(value) and ":" not in value:
            return f"{namespace}:{text_of(value)}"
        return value

    def missing(self, target: Entity, given: Value) -> list[str]:
        """Those of the names that the target does not have as properties."""
        return [name for name in self.names(given) if name not in target]


def _set(scope: Scope, name: Node, value: str, call: Call) -> None:
    """Write the assignment of a value (source) to the properties that `name` gives."""
    naming = Naming(scope.context)
    constant = scope.value(name)
    if constant is VARIES:
        scope.line(scope.call(call.at, naming, "T", scope.expression(name), value), call.at)
        return
    names = list(naming.names(constant))
    if len(names) > 1:
        kept = scope.temporary()
        scope.line(f"{kept} = {value}", call.at)
        value = kept
    for written in names:
        made = value
        if written == "_id" and scope.context.namespaced and scope.context.identity_namespace:
            made = scope.call(call.at, naming.identified, value)
        scope.line(f"T[{written!a}] = {made}", call.at)


@transform(
    "add",
    f"{NAMED}, VALUE(value-expression{{1}})",
    Example(["add", "age", 26], {"_id": "x", "age": 26}),
    Example(["add", "upper_name", ["upper", "_S.name"]], {"_id": "x", "upper_name": "ADA"}, ADA),
    Example([["add", "a", 1], ["add", "a", None]], {"_id": "x", "a": None}, note="null is stored"),
    Example(["add", ["concat", "x-", "y"], 1], {"_id": "x", "x-y": 1}, note="a computed name"),
    Example(["add", ["list", "a", "b"], 1], {"_id": "x", "a": 1, "b": 1}, note="several names"),
    Example(["add", "age", 26], {"_id": "x", "bar:age": 26}, context=NAMESPACED),
    Example(["add", "::age", 26], {"_id": "x", "age": 26}, context=NAMESPACED),
    checks={"NAME": _property_name},
)
def add(scope: Scope, call: Call) -> None:
    """Set a property of the target, or several, replacing what is there.

    The value is stored as it is: null, `[]` and lists too. NAME may give a list of names; what is
    no string in it, and null for NAME, sets nothing.

    With namespaced identifiers the name gets the property namespace, unless it is qualified,
    escaped (`::name`) or begins with `_` or `$`; a string for `_id` gets the identity namespace
    where it has none.
    """
    name, value = call.arguments
    if scope.value(name) is VARIES:
        _set(scope, name, scope.expression(value), call)
        return
    with scope.directly():
        source = scope.expression(value)
    _set(scope, name, source, call)


@transform(
    "add-if",
    f"{NAMED}, CONDITION(function-expression{{0|1}}), VALUE(value-expression{{1}})",
    Example(["add-if", "name", "_S.name"], {"_id": "x", "name": "Ada"}, ADA),
    Example(["add-if", "age", None], {"_id": "x"}, note="by default: where it is not null"),
    Example(["add-if", "tags", ["list"]], {"_id": "x", "tags": []}, note="an empty list is not"),
    Example(["add-if", "age", ["gte", "_.", 18], 12], {"_id": "x"}),
    Example(["add-if", "age", ["gte", "_.", 18], 20], {"_id": "x", "age": 20}),
    checks={"NAME": _property_name},
)
def add_if(scope: Scope, call: Call) -> None:
    """Set a property, as `add` does, where CONDITION holds for the value; else do nothing.

    In CONDITION `_` is the whole value, a list and all. Without CONDITION the value must not be
    null itself: `[]` and `[null]` are set.
    """
    bound = scope.bound(call)
    value = scope.temporary()
    with scope.directly():
        scope.line(f"{value} = {scope.expression(bound['VALUE'])}", call.at)
    condition = f"{value} is not None"
    if bound["CONDITION"] is not None:
        condition = scope.inner({"_": value}).condition(bound["CONDITION"])
    scope.line(f"if {condition}:", call.at)
    with scope.indented():
        _set(scope, bound["NAME"], value, call)


@transform(
    "default",
    f"{NAMED}, VALUE(value-expression{{1}})",
    Example(
        [["add", "a", 1], ["default", "a", 2], ["default", "b", 3]], {"_id": "x", "a": 1, "b": 3}
    ),
    Example(
        [["copy", "name"], ["default", ["list", "name", "city"], "?"]],
        {"_id": "x", "name": "Ada", "city": "?"},
        ADA,
        note="several names: those that are missing",
    ),
    Example(
        [["add", "::age", 1], ["default", "age", 26]],
        {"_id": "x", "age": 1, "bar:age": 26},
        context=NAMESPACED,
        note="the name that would be written counts",
    ),
    checks={"NAME": _property_name},
)
def default(scope: Scope, call: Call) -> None:
    """Set a property, as `add` does, where the target has none of that name; else do nothing.

    A property that holds null is there. VALUE is evaluated only where a property is missing.
    """
    name, value = call.arguments
    naming = Naming(scope.context)
    constant = scope.value(name)
    if constant is not VARIES:
        names = list(naming.names(constant))
        if len(names) == 1:
            scope.line(f"if {names[0]!a} not in T:", call.at)
            with scope.indented():
                _set(scope, name, scope.expression(value), call)
            return
    missing = scope.temporary()
    source = scope.call(call.at, naming.missing, "T", scope.expression(name))
    scope.line(f"if {missing} := {source}:", call.at)
    with scope.indented():
        made = scope.call(call.at, naming.fill, "T", missing, scope.expression(value))
        scope.line(made, call.at)


# -- copying properties ----------------------------------------------------------------------------


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
    checks={"FROM": _property_name, "TO": _property_name},
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


# -- merging ---------------------------------------------------------------------------------------


def merge_properties(target: Entity, values: Value) -> None:
    """All properties of each dict, but those with a leading underscore, replace the target's."""
    for value in as_list(values):
        if type(value) is dict:
            for name, item in value.items():
                if name[:1] != "_":
                    target[name] = item


@transform(
    "merge",
    "VALUES(value-expression{1})",
    Example(["merge", ["list", {"a": 1}, {"a": 2, "b": 3}]], {"_id": "x", "a": 2, "b": 3}),
    Example(
        [["add", "a", {"b": 1}], ["merge", {"_id": "y", "a": {"c": 2}}]],
        {"_id": "x", "a": {"c": 2}},
        note="no deep merge, and no _id",
    ),
    Example(["merge", None], {"_id": "x"}),
)
def merge(scope: Scope, call: Call) -> None:
    """Let the properties of each dict replace those of the target; the last one wins.

    Properties with a leading underscore are left out at the root, `_id` too. Values are taken as
    they are: dicts in them are not merged. What is no dict is ignored, null and `[]` do nothing.
    """
    values = scope.expression(call.arguments[0])
    scope.line(scope.call(call.at, merge_properties, "T", values), call.at)


def union_of(old: Value, new: Value) -> Value:
    """The values of both, each once; a single value where two single ones are equal."""
    united: dict[Any, Value] = {}
    for value in (*as_list(old), *as_list(new)):
        united.setdefault(identity(not_too_large("merge-union", value)), value)
    values = list(united.values())
    if type(old) is not list and type(new) is not list and len(values) < 2:
        return values[0] if values else None
    return values


def merge_union_properties(target: Entity, values: Value) -> None:
    """As merge, but values are added to those that the target has."""
    for value in as_list(values):
        if type(value) is dict:
            for name, item in value.items():
                if name[:1] != "_":
                    target[name] = union_of(target[name], item) if name in target else item


@transform(
    "merge-union",
    "VALUES(value-expression{1})",
    Example(
        ["merge-union", ["list", {"a": 1}, {"a": 2, "b": 3}]], {"_id": "x", "a": [1, 2], "b": 3}
    ),
    Example(["merge-union", ["list", {"a": 1}, {"a": [2, 1]}]], {"_id": "x", "a": [1, 2]}),
    Example(["merge-union", {"a": 1}], {"_id": "x", "a": 1}),
)
def merge_union(scope: Scope, call: Call) -> None:
    """Add the properties of each dict to those of the target: a list of all where both have one.

    Such a list has the old values first, each value once, and those of lists joined flat. A value
    that is the first of its property, or equal to the single one there, stays as it is. Properties
    with a leading underscore are left out at the root, what is no dict is ignored, null too.
    """
    values = scope.expression(call.arguments[0])
    scope.line(scope.call(call.at, merge_union_properties, "T", values), call.at)


# -- emitting and stopping -------------------------------------------------------------------------


def created(values: Value, *, required: bool) -> list[Entity]:
    """The entities among values. Raises DtlError where `required` and one is none."""
    entities = []
    for value in as_list(values):
        if type(value) is dict and type(value.get("_id")) is str and value["_id"]:
            entities.append(value)
        elif required:
            raise DtlError(f'expected an entity with a string "_id", got {preview(value)}')
    return entities


def create_entities(values: Value, out: list[Entity]) -> None:
    out.extend(created(values, required=True))


def create_where_possible(values: Value, out: list[Entity]) -> None:
    out.extend(created(values, required=False))


def create_children(values: Value, target: Entity) -> None:
    entities = created(values, required=True)
    target["$children"] = [*as_list(target.get("$children")), *entities]


def create_children_where_possible(values: Value, target: Entity) -> None:
    entities = created(values, required=False)
    target["$children"] = [*as_list(target.get("$children")), *entities]


@transform(
    "create",
    "VALUES(value-expression{1})",
    Example(
        [["create", "_S.order"], ["discard"]],
        {"_id": "o1", "amount": 2},
        {"_id": "x", "order": {"_id": "o1", "amount": 2}},
        note="what has been created stays, the target alone is discarded",
    ),
    Example(["create", ["list"]], {"_id": "x"}, note="nothing to create"),
    Example(
        [["create", {"_id": 5}]],
        'expected an entity with a string "_id"',
        fails=True,
    ),
    Example(["create", {"_id": 5}], {"_id": "x"}, context={"id_required": False}),
)
def create(scope: Scope, call: Call) -> None:
    """Emit each dict as an entity of its own, at once: a later filter or discard leaves it there.

    Null and `[]` emit nothing. A value that is no dict, or has no string as `_id`, fails the
    entity; where the transform has `id_required: false` it is ignored.
    """
    emitter = create_entities if scope.context.id_required else create_where_possible
    values = scope.expression(call.arguments[0])
    scope.line(scope.call(call.at, emitter, values, scope.out), call.at)


@transform(
    "create-child",
    "VALUES(value-expression{1})",
    Example(
        ["create-child", "_S.orders"],
        {"_id": "x", "$children": [{"_id": "o1"}, {"_id": "o2"}]},
        {"_id": "x", "orders": [{"_id": "o1"}, {"_id": "o2"}]},
    ),
    Example(
        [["create-child", {"_id": "a"}], ["create-child", {"_id": "b"}]],
        {"_id": "x", "$children": [{"_id": "a"}, {"_id": "b"}]},
        note="a list, also of one; later children come last",
    ),
)
def create_child(scope: Scope, call: Call) -> None:
    """Add each dict to the list `$children` of the target, which is made where it is missing.

    Null and `[]` add nothing. A value that is no dict, or has no string as `_id`, fails the entity;
    where the transform has `id_required: false` it is ignored. A dataset sink then keeps the
    children that are no longer there as deleted ones.
    """
    required = scope.context.id_required
    maker = create_children if required else create_children_where_possible
    values = scope.expression(call.arguments[0])
    scope.line(scope.call(call.at, maker, values, "T"), call.at)


def _stop_unless(scope: Scope, call: Call, *, filtered: bool) -> None:
    if call.arguments:
        with scope.directly():
            scope.line(f"if not ({scope.condition(call.arguments[0])}):", call.at)
        with scope.indented():
            scope.stop(call.at, filtered=filtered)
    else:
        scope.stop(call.at, filtered=filtered)


@transform(
    "filter",
    "CONDITION(boolean-expression{0|1})",
    Example(["filter", ["gt", "_S.age", 30]], {"_id": "x"}, ADA),
    Example(
        [["filter", ["gt", "_S.age", 40]], ["copy", "name"]], {"_id": "x", "_filtered": True}, ADA
    ),
    Example(["filter"], {"_id": "x", "_filtered": True}, note="without CONDITION: always"),
)
def filter_(scope: Scope, call: Call) -> None:
    """Go on where CONDITION holds; else, or without CONDITION, stop and emit no target.

    A dataset sink deletes the entity where it has it: it gets the `_id` with `_filtered: true`. In
    an applied rule the value drops out of the result. What has been created stays. False, null and
    `[]` do not hold, everything else does.
    """
    _stop_unless(scope, call, filtered=True)


@transform(
    "discard",
    "CONDITION(boolean-expression{0|1})",
    Example(["discard", ["gt", "_S.age", 30]], {"_id": "x"}, ADA),
    Example(["discard", ["gt", "_S.age", 40]], None, ADA),
    Example(["discard"], None, note="without CONDITION: always"),
)
def discard(scope: Scope, call: Call) -> None:
    """Go on where CONDITION holds; else, or without CONDITION, stop and emit no target.

    Other than with `filter` the sink hears nothing and keeps what it has. In an applied rule the
    value drops out of the result. What has been created stays.
    """
    _stop_unless(scope, call, filtered=False)


def fail(message: str) -> None:
    raise DtlError(plain_text(message))


class TripError(DtlError):
    """trip!: the circuit breaker of the sink dataset trips."""


def trip(message: str) -> None:
    text = plain_text(message)
    raise TripError(text, [Problem("", "trip", text)])


@transform(
    "fail!",
    "MESSAGE(string{1})",
    Example(
        ["if", ["is-null", "_S.name"], ["fail!", "no name"]], "no name", {"age": 36}, fails=True
    ),
    Example(["if", ["is-null", "_S.name"], ["fail!", "no name"]], {"_id": "x"}, ADA),
)
def fail_(scope: Scope, call: Call) -> None:
    """Let the pump fail with MESSAGE, which then stands in its execution log."""
    scope.line(scope.call(call.at, fail, scope.constant(call.constant(0))), call.at)


@transform(
    "trip!",
    "MESSAGE(string{1})",
    Example(
        ["if", ["gt", ["count", "_S.tags"], 2], ["trip!", "too many"]],
        "too many",
        {"tags": ["a", "b", "c"]},
        fails=True,
    ),
    Example(["if", ["gt", ["count", "_S.tags"], 2], ["trip!", "too many"]], {"_id": "x"}),
)
def trip_(scope: Scope, call: Call) -> None:
    """Let the pump fail with MESSAGE and the circuit breaker of the sink dataset trip."""
    scope.line(scope.call(call.at, trip, scope.constant(call.constant(0))), call.at)


def _seconds(value: Any) -> str | None:
    if value < 0:
        return f"SECONDS must not be negative, got {preview(value)}"
    if value > LONGEST_SLEEP:
        return f"SECONDS must not be more than {LONGEST_SLEEP}, got {preview(value)}"
    return None


@transform(
    "sleep!",
    "SECONDS(number{1})",
    Example(["sleep!", 1], {"_id": "x"}),
    Example(["if", ["gt", "_S.age", 40], ["sleep!", 0.5]], {"_id": "x"}, ADA),
    checks={"SECONDS": _seconds},
)
def sleep(scope: Scope, call: Call) -> None:
    """Pause for SECONDS, which may have a fraction and be a day at most. The whole pipe waits."""
    scope.line(f"runtime.sleep({scope.constant(call.constant(0))})", call.at)


@transform(
    "comment",
    "ANYTHING(anything{>=0})",
    Example([["comment", "the name"], ["copy", "name"]], {"_id": "x", "name": "Ada"}, ADA),
    Example(["comment", "off for now:", ["add", "a", 1]], {"_id": "x"}),
    Example(["comment", ["no-such-function"]], {"_id": "x"}),
)
def comment(scope: Scope, call: Call) -> None:
    """Do nothing. What is in it is neither evaluated nor checked."""


# -- branches --------------------------------------------------------------------------------------


def _branches(scope: Scope, pairs: list[tuple[str, Node]], other: Node | None, call: Call) -> None:
    """Write "the first that holds": an elif chain, or a loop that is left where it is long."""
    long = len(pairs) > LONG
    before = scope.depth
    if long:
        scope.line("while True:", call.at)
        scope.depth += 1
    for position, (condition, then) in enumerate(pairs):
        word = "if" if long or position == 0 else "elif"
        scope.line(f"{word} {condition}:", then.at)
        with scope.indented():
            scope.block(then)
            if long:
                scope.line("break", call.at)
    if long:
        if other is not None:
            scope.block(other)
        scope.line("break", call.at)
    elif other is not None:
        scope.line("else:", other.at)
        with scope.indented():
            scope.block(other)
    scope.depth = before


@transform(
    "if",
    "CONDITION(boolean-expression{1}), THEN(transforms{1}), ELSE(transforms{0|1})",
    Example(["if", ["gt", "_S.age", 18], ["add", "adult", True]], {"_id": "x", "adult": True}, ADA),
    Example(["if", None, [], [["add", "a", 1], ["add", "b", 2]]], {"_id": "x", "a": 1, "b": 2}),
)
def if_(scope: Scope, call: Call) -> None:
    """Run THEN where CONDITION holds, else ELSE, or nothing without one.

    Each is a transform or a list of them, which may be empty. False, null and `[]` do not hold,
    everything else does, `0` and `""` too.
    """
    other = call.arguments[2] if len(call.arguments) == 3 else None
    with scope.directly():
        pair = (scope.condition(call.arguments[0]), call.arguments[1])
    _branches(scope, [pair], other, call)


@transform(
    "case",
    "(CONDITION(boolean-expression{1}), THEN(transforms{1})){>=1}, ELSE(transforms{0|1})",
    Example(
        ["case", ["gt", "_S.age", 40], ["add", "is", "old"], ["add", "is", "young"]],
        {"_id": "x", "is": "young"},
        ADA,
    ),
    Example(
        [
            "case",
            ["eq", "_S.name", "Bob"],
            [["add", "a", 1], ["add", "b", 2]],
            ["eq", "_S.name", "Ada"],
            [["add", "a", 3], ["add", "b", 4]],
        ],
        {"_id": "x", "a": 3, "b": 4},
        ADA,
    ),
    Example(["case", ["gt", "_S.age", 40], ["add", "is", "old"]], {"_id": "x"}, ADA),
)
def case(scope: Scope, call: Call) -> None:
    """Run the first THEN whose CONDITION holds; else ELSE, or nothing without one.

    Conditions after the first that holds are not evaluated. An odd number of arguments has an ELSE.
    """
    bound = scope.bound(call)
    pairs = [
        (scope.condition(condition), then)
        for condition, then in zip(bound["CONDITION"], bound["THEN"], strict=True)
    ]
    _branches(scope, pairs, bound["ELSE"], call)


@transform(
    "case-eq",
    "VALUE(value-expression{1}), (OTHER(value-expression{1}), THEN(transforms{1})){>=1}, "
    "ELSE(transforms{0|1})",
    Example(
        ["case-eq", "_S.name", "Bob", ["add", "n", 1], "Ada", ["add", "n", 2]],
        {"_id": "x", "n": 2},
        ADA,
    ),
    Example(
        ["case-eq", "_S.age", "36", ["add", "n", 1], [["add", "n", 0], ["add", "other", True]]],
        {"_id": "x", "n": 0, "other": True},
        ADA,
        note="a string is not a number",
    ),
    Example(["case-eq", "_S.nothing", None, ["add", "n", 1]], {"_id": "x", "n": 1}, ADA),
)
def case_eq(scope: Scope, call: Call) -> None:
    """Run the first THEN whose OTHER equals VALUE (by `eq`); else ELSE, or nothing without one.

    VALUE is evaluated once; the OTHERs after the first that is equal are not. Null equals null.
    """
    bound = scope.bound(call)
    value = scope.temporary()
    scope.line(f"{value} = {scope.expression(bound['VALUE'])}", call.at)
    pairs = [
        (emit_equal(scope, value, VARIES, compared, compared.at), then)
        for compared, then in zip(bound["OTHER"], bound["THEN"], strict=True)
    ]
    _branches(scope, pairs, bound["ELSE"], call)
