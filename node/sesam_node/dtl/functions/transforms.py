"""The transform functions: statements that write the target, emit entities or stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions.comparisons import emit_equal
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
    from collections.abc import Iterator

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call, Node, RuleContext

LONG = 50  # branches of a case from which on they are written one after the other
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
        for name in self.names(given):
            target[name] = self.identified(value) if name == "_id" else value

    def identified(self, value: Value) -> Value:
        """An `_id` with the identity namespace, where there is one and it has none."""
        namespace = self.context.identity_namespace
        if self.context.namespaced and namespace and type(value) is str and ":" not in value:
            return f"{namespace}:{value}"
        return value

    def missing(self, target: Entity, given: Value) -> list[str]:
        """The names, escaped, of those properties that the target does not have."""
        escape = "::" if self.context.namespaced else ""
        return [escape + name for name in self.names(given) if name not in target]


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
    Example(["add", ["concat", "x-", "y"], 1], {"_id": "x", "x-y": 1}, note="a computed name"),
    Example(["add", ["list", "a", "b"], 1], {"_id": "x", "a": 1, "b": 1}, note="several names"),
    Example(["add", "age", 26], {"_id": "x", "bar:age": 26}, context=NAMESPACED),
    Example(["add", "::age", 26], {"_id": "x", "age": 26}, context=NAMESPACED),
    checks={"NAME": _property_name},
)
def add(scope: Scope, call: Call) -> None:
    """Set a property of the target, or several, replacing what is there; null is stored too.

    With namespaced identifiers the name gets the property namespace, unless it is qualified,
    escaped (`::name`) or begins with `_` or `$`; a string for `_id` gets the identity namespace.
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
    Example(["add-if", "age", None], {"_id": "x"}, note="by default: where it is not null"),
    Example(["add-if", "age", ["gte", "_.", 18], 12], {"_id": "x"}),
    Example(["add-if", "age", ["gte", "_.", 18], 20], {"_id": "x", "age": 20}),
    checks={"NAME": _property_name},
)
def add_if(scope: Scope, call: Call) -> None:
    """Set a property where CONDITION holds, with `_` the whole value.

    Without CONDITION: where the value is not null (`[]` and `[null]` are not).
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
    checks={"NAME": _property_name},
)
def default(scope: Scope, call: Call) -> None:
    """Set a property of the target where it has none of that name (null counts as having it)."""
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
        made = scope.call(call.at, naming, "T", missing, scope.expression(value))
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

    A pattern matches the whole name; `*` is any run of characters, `?` one. Several patterns come
    as `["list", ...]`, or as a list of them alone.
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
    Example([["copy", "*"], ["remove", "a*"]], {"_id": "x", "name": "Ada"}, ADA),
)
def remove(scope: Scope, call: Call) -> None:
    """Delete the target properties whose whole name matches PATTERN."""
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

    def __call__(self, source: Value, target: Entity, old: Value, new: Value) -> None:
        old, new = (as_list(name)[0] if as_list(name) else None for name in (old, new))
        if type(source) is not dict or not is_text(old) or not is_text(new):
            return
        moved: dict[str, list[Value]] = {}
        for name, written in self.targets(source, text_of(old), text_of(new)):
            moved.setdefault(written, []).append(source[name])
        for written, values in moved.items():
            if len(values) == 1:
                target[written] = values[0]
                continue
            flat = [item for value in values for item in as_list(value)]
            target[written] = flat[0] if len(flat) == 1 else flat


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
    checks={"FROM": _property_name, "TO": _property_name},
)
def rename(scope: Scope, call: Call) -> None:
    """Copy a source property to the target under another name; nothing where it is absent."""
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
        for name, written in self.targets(source, self.old, new):
            value = self.identifiers(source[name])
            if value is not None:
                target[written] = value


@transform(
    "make-ni",
    "NAMESPACE(namespace{1}), FROM(string{1}), TO(string{0|1})",
    Example(["make-ni", "people", "name"], {"_id": "x", "name-ni": "~:people:Ada"}, ADA),
    Example(["make-ni", "people", "name", "person"], {"_id": "x", "person": "~:people:Ada"}, ADA),
    Example(["make-ni", "people", "age"], {"_id": "x"}, ADA, note="36 is no string"),
)
def make_ni(scope: Scope, call: Call) -> None:
    """Turn the strings of source property FROM into namespaced identifiers, in property TO.

    TO is FROM and `-ni` by default. Nothing is added where there is no string; a list is sorted.
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
    Example(["merge", ["list", {"a": 1}, {"a": 2, "_b": 3}]], {"_id": "x", "a": 2}),
    Example(["merge", None], {"_id": "x"}),
)
def merge(scope: Scope, call: Call) -> None:
    """Let the properties of each dict replace those of the target; the last one wins.

    Properties with a leading underscore are left out, what is no dict is ignored.
    """
    values = scope.expression(call.arguments[0])
    scope.line(scope.call(call.at, merge_properties, "T", values), call.at)


def union_of(old: Value, new: Value) -> Value:
    """The values of both, each once; a single value where two single ones are equal."""
    united: dict[Any, Value] = {}
    for value in (*as_list(old), *as_list(new)):
        united.setdefault(identity(value), value)
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
    Example(["merge-union", ["list", {"a": 1}, {"a": [2, 1]}]], {"_id": "x", "a": [1, 2]}),
    Example(["merge-union", {"a": 1}], {"_id": "x", "a": 1}),
)
def merge_union(scope: Scope, call: Call) -> None:
    """Add the properties of each dict to those of the target: a union where both have one.

    Properties with a leading underscore are left out, what is no dict is ignored.
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
        [["create", {"_id": 5}]],
        'expected an entity with a string "_id"',
        fails=True,
    ),
    Example(["create", {"_id": 5}], {"_id": "x"}, context={"id_required": False}),
)
def create(scope: Scope, call: Call) -> None:
    """Emit each dict as an entity of its own, at once: what comes later does not take it back."""
    emitter = create_entities if scope.context.id_required else create_where_possible
    values = scope.expression(call.arguments[0])
    scope.line(scope.call(call.at, emitter, values, scope.out), call.at)


@transform(
    "create-child",
    "VALUES(value-expression{1})",
    Example(["create-child", {"_id": "c"}], {"_id": "x", "$children": [{"_id": "c"}]}),
)
def create_child(scope: Scope, call: Call) -> None:
    """Add each dict to the list `$children` of the target."""
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
    Example(["filter", ["eq", 1, 2]], {"_id": "x", "_filtered": True}),
    Example(["filter", ["eq", 1, 1]], {"_id": "x"}),
)
def filter_(scope: Scope, call: Call) -> None:
    """Go on where CONDITION holds; else stop, and let the sink delete the entity.

    In an applied rule the value drops out.
    """
    _stop_unless(scope, call, filtered=True)


@transform(
    "discard",
    "CONDITION(boolean-expression{0|1})",
    Example(["discard", ["eq", 1, 2]], None),
    Example(["discard", ["eq", 1, 1]], {"_id": "x"}),
)
def discard(scope: Scope, call: Call) -> None:
    """Go on where CONDITION holds; else stop and emit nothing: the sink keeps what it has."""
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
    Example(["fail!", "no name"], "no name", fails=True),
)
def fail_(scope: Scope, call: Call) -> None:
    """Let the pump fail with MESSAGE."""
    scope.line(scope.call(call.at, fail, scope.constant(call.constant(0))), call.at)


@transform(
    "trip!",
    "MESSAGE(string{1})",
    Example(["trip!", "too many"], "too many", fails=True),
)
def trip_(scope: Scope, call: Call) -> None:
    """Let the pump fail with MESSAGE and the circuit breaker of the sink dataset trip."""
    scope.line(scope.call(call.at, trip, scope.constant(call.constant(0))), call.at)


def _seconds(value: Any) -> str | None:
    return None if value >= 0 else f"SECONDS must not be negative, got {preview(value)}"


@transform(
    "sleep!",
    "SECONDS(number{1})",
    Example(["sleep!", 0], {"_id": "x"}),
    checks={"SECONDS": _seconds},
)
def sleep(scope: Scope, call: Call) -> None:
    """Pause for so many seconds."""
    scope.line(f"runtime.sleep({scope.constant(call.constant(0))})", call.at)


@transform(
    "comment",
    "ANYTHING(anything{>=0})",
    Example(["comment", ["no-such-function"]], {"_id": "x"}),
)
def comment(scope: Scope, call: Call) -> None:
    """Nothing. What is in it is neither evaluated nor checked."""


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
    """Run THEN where CONDITION holds, else ELSE. Each is a transform or a list of them."""
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
)
def case(scope: Scope, call: Call) -> None:
    """Run the first THEN whose CONDITION holds; else ELSE, where there is one."""
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
)
def case_eq(scope: Scope, call: Call) -> None:
    """Run the first THEN whose OTHER equals VALUE (by `eq`); else ELSE, where there is one."""
    bound = scope.bound(call)
    value = scope.temporary()
    scope.line(f"{value} = {scope.expression(bound['VALUE'])}", call.at)
    pairs = [
        (emit_equal(scope, value, VARIES, compared, compared.at), then)
        for compared, then in zip(bound["OTHER"], bound["THEN"], strict=True)
    ]
    _branches(scope, pairs, bound["ELSE"], call)
