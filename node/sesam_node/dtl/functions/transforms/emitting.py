"""What comes out, and what stops: create, create-child, filter, discard, fail!, trip!, sleep!.

`comment` is here too: it does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions.transforms._examples import ADA
from sesam_node.dtl.registry import Example, transform
from sesam_node.dtl.runtime import as_list
from sesam_node.errors import DtlError, Problem, preview
from sesam_node.model.values import Entity, Value, plain_text

if TYPE_CHECKING:
    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call

LONGEST_SLEEP = 86_400  # a day, in seconds


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
