"""add, add-if and default: properties of the target get a value.

NAME may be computed and may be a list of names; `Naming` resolves them in the context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions.transforms._examples import ADA, NAMESPACED
from sesam_node.dtl.names import written_name
from sesam_node.dtl.registry import Example, transform
from sesam_node.dtl.runtime import VARIES, as_list
from sesam_node.errors import preview
from sesam_node.model.values import Entity, Value, is_text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call, Node, RuleContext

NAMED = "NAME(string-expression{1})"


def property_name(value: Value) -> str | None:
    """The check of a constant name of a property."""
    return None if is_text(value) and value else f"expected a property name, got {preview(value)}"


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
    checks={"NAME": property_name},
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
    checks={"NAME": property_name},
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
    checks={"NAME": property_name},
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
