"""The special expressions, but for hops and encryption: logic, comparisons, branches, rules, names.

Each is written from what the manual says of it. `walk.argument` evaluates an argument when the form
asks for it, so what is not asked for is not evaluated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions.namespaced_identifiers import generated_namespace
from sesam_node.dtl.names import reader
from sesam_node.dtl.parse import clean
from sesam_node.dtl.runtime import as_list, each, first_value
from sesam_node.dtl.walk.machine import step
from sesam_node.dtl.walk.tables import special
from sesam_node.model.namespaces import BUILT_IN
from sesam_node.model.values import RANKS, compare, equal, is_text, kind, text_of

if TYPE_CHECKING:
    from sesam_node.dtl.syntax import Call, Node, RuleContext
    from sesam_node.dtl.walk.machine import Env, Walk
    from sesam_node.model.values import Entity, Value

HEX = "[0-9a-fA-F]"
UUID_TEXTS = (
    re.compile(f"({HEX}{{8}})-({HEX}{{4}})-({HEX}{{4}})-({HEX}{{4}})-({HEX}{{12}})"),
    re.compile(f"({HEX}{{8}})({HEX}{{4}})({HEX}{{4}})({HEX}{{4}})({HEX}{{12}})"),
)
SKIPPED = {"skip_underscore": "_", "skip_dollar": "$"}


# -- logic -----------------------------------------------------------------------------------------


def first_that(walk: Walk, call: Call, env: Env, wanted: bool) -> bool:  # noqa: FBT001 - the truth
    """Is there a condition whose truth is the wanted one? Those behind it are not evaluated."""
    for position, node in enumerate(call.arguments):
        if walk.condition(node, env) is wanted:
            walk.recording.branch(position)
            return True
    walk.recording.branch(-1)
    return False


@special("and")
def and_(walk: Walk, call: Call, env: Env) -> bool:
    return not first_that(walk, call, env, False)  # noqa: FBT003


@special("or")
def or_(walk: Walk, call: Call, env: Env) -> bool:
    return first_that(walk, call, env, True)  # noqa: FBT003


@special("not")
def not_(walk: Walk, call: Call, env: Env) -> bool:
    return first_that(walk, call, env, False)  # noqa: FBT003


# -- comparisons -----------------------------------------------------------------------------------


def same(left: Value, right: Value) -> bool:
    """The `eq` of the language: equal as lists, in length, order and value; null is only null."""
    if left is None or right is None:
        return left is None and right is None
    lefts, rights = as_list(left), as_list(right)
    return len(lefts) == len(rights) and all(map(equal, lefts, rights))


def order(walk: Walk, call: Call, env: Env) -> int | None:
    """-1, 0 or 1 for the first values of both sides; None where they do not compare."""
    left, right = (first_value(walk.argument(node, env)) for node in call.arguments)
    if left is None or right is None or RANKS[kind(left)] != RANKS[kind(right)]:
        return None
    return compare(left, right)


def both(walk: Walk, call: Call, env: Env) -> bool:
    left, right = (walk.argument(node, env) for node in call.arguments)
    return same(left, right)


@special("eq")
def eq(walk: Walk, call: Call, env: Env) -> bool:
    return both(walk, call, env)


@special("neq")
def neq(walk: Walk, call: Call, env: Env) -> bool:
    return not both(walk, call, env)


@special("gt")
def gt(walk: Walk, call: Call, env: Env) -> bool:
    return order(walk, call, env) == 1


@special("gte")
def gte(walk: Walk, call: Call, env: Env) -> bool:
    return order(walk, call, env) in (0, 1)


@special("lt")
def lt(walk: Walk, call: Call, env: Env) -> bool:
    return order(walk, call, env) == -1


@special("lte")
def lte(walk: Walk, call: Call, env: Env) -> bool:
    return order(walk, call, env) in (-1, 0)


# -- branches --------------------------------------------------------------------------------------


def chosen(walk: Walk, arguments: tuple[Node, ...], env: Env) -> Node | None:
    """The THEN of the first condition that holds, else ELSE, or None without one."""
    pairs = len(arguments) // 2
    for branch in range(pairs):
        if walk.condition(arguments[2 * branch], env):
            walk.recording.branch(branch)
            return arguments[2 * branch + 1]
    return otherwise(walk, arguments, pairs)


def chosen_equal(walk: Walk, arguments: tuple[Node, ...], env: Env) -> Node | None:
    """The THEN of the first OTHER that equals VALUE, else ELSE, or None without one."""
    value = walk.argument(arguments[0], env)
    arguments = arguments[1:]
    pairs = len(arguments) // 2
    for branch in range(pairs):
        if same(value, walk.argument(arguments[2 * branch], env)):
            walk.recording.branch(branch)
            return arguments[2 * branch + 1]
    return otherwise(walk, arguments, pairs)


def otherwise(walk: Walk, arguments: tuple[Node, ...], pairs: int) -> Node | None:
    """ELSE, which is what is left behind the pairs."""
    if len(arguments) == 2 * pairs:
        walk.recording.branch(-1)
        return None
    walk.recording.branch(pairs)
    return arguments[-1]


@special("if")
@special("case")
def case(walk: Walk, call: Call, env: Env) -> Value:
    then = chosen(walk, call.arguments, env)
    return None if then is None else walk.argument(then, env)


@special("case-eq")
def case_eq(walk: Walk, call: Call, env: Env) -> Value:
    then = chosen_equal(walk, call.arguments, env)
    return None if then is None else walk.argument(then, env)


@special("coalesce-args")
def coalesce_args(walk: Walk, call: Call, env: Env) -> Value:
    for position, node in enumerate(call.arguments):
        value = walk.argument(node, env)
        if value is not None:
            walk.recording.branch(position)
            return value
    walk.recording.branch(-1)
    return None


@special("if-null")
def if_null(walk: Walk, call: Call, env: Env) -> Value:
    value = walk.argument(call.arguments[0], env)
    is_null = value is None or (type(value) is list and first_value(value) is None)
    walk.recording.branch(1 if is_null else 0)
    return walk.argument(call.arguments[1], env) if is_null else value


# -- rules, paths and dicts ------------------------------------------------------------------------


@special("apply")
def apply(walk: Walk, call: Call, env: Env) -> Value:
    rule, values = call.constant(0), walk.argument(call.arguments[1], env)
    if values is None:
        return None
    if type(values) is not list:
        return walk.rule(rule, values, env)
    targets = [walk.rule(rule, value, env) for value in values]
    return [target for target in targets if target is not None]


@special("path")
def path(walk: Walk, call: Call, env: Env) -> Value:
    names, values = (walk.argument(node, env) for node in call.arguments)
    for name in as_list(names):
        if is_text(name):
            values = step(values, reader(text_of(name), walk.context))
    return values


@special("dict")
def dict_(walk: Walk, call: Call, env: Env) -> Entity:
    values = [walk.argument(node, env) for node in call.arguments]
    pairs = zip(values[0::2], values[1::2], strict=False)
    if len(values) == 1:
        pairs = ((*item,) for item in as_list(values[0]) if is_pair(item))  # type: ignore[assignment]
    made: Entity = {}
    for key, value in pairs:
        if is_text(key):
            made[text_of(key)] = value
    return made


def is_pair(item: Value) -> bool:
    return type(item) in (list, tuple) and len(item) == 2


@special("apply-ns")
def apply_ns(walk: Walk, call: Call, env: Env) -> Value:
    context = walk.context
    options = {
        "property_namespace": context.property_namespace or context.pipe_id,
        "identity_namespace": context.identity_namespace or context.pipe_id,
        "skip_underscore": True,
        "skip_dollar": True,
        "recursive": True,
    }
    given = clean(call.constant(0))
    if type(given) is dict:
        options.update(given)
    else:
        options["property_namespace"] = options["identity_namespace"] = given
    return with_namespaces(walk.argument(call.arguments[1], env), options)


def with_namespaces(value: Value, options: dict[str, Any]) -> Value:
    """A dict, or the dicts of a list, with namespaces on their names and on the value of `_id`."""
    if type(value) is list:
        return [with_namespaces(item, options) for item in value]
    if type(value) is not dict:
        return value
    made: Entity = {}
    for name, item in value.items():
        kept = item
        if name == "_id" and type(item) is str:
            kept = qualified(options["identity_namespace"], item)
        if any(options[option] and name.startswith(sign) for option, sign in SKIPPED.items()):
            made[name] = kept
            continue
        if options["recursive"]:
            kept = with_namespaces(kept, options)
        made[qualified(options["property_namespace"], name)] = kept
    return made


def qualified(namespace: str | None, name: str) -> str:
    """A name in a namespace; as it is where there is none, or where it is in one already."""
    return f"{namespace}:{name}" if namespace and ":" not in name else name


# -- identifiers -----------------------------------------------------------------------------------


@special("ni")
def ni(walk: Walk, call: Call, env: Env) -> Value:
    values = walk.argument(call.arguments[-1], env)
    if len(call.arguments) == 1:
        return each(values, lambda value: collapsed(value, walk.context))
    namespace = call.constant(0)
    return each(values, lambda value: f"~:{namespace}:{text_of(value)}" if is_text(value) else None)


def collapsed(value: Value, context: RuleContext) -> str | None:
    """A string or URI as a namespaced identifier; null for what is neither (nor one already)."""
    if is_text(value):
        return f"~:{text_of(value)}"
    if kind(value) == "ni":
        return str(value)
    if kind(value) != "uri":
        return None
    uri = value[2:]
    cut = max(uri.rfind(sign) for sign in "/#")
    if cut < 0:
        cut = uri.rfind(":")
    prefix, identifier = uri[: cut + 1], uri[cut + 1 :]
    namespace = generated_namespace(context.pipe_id, prefix)
    for name, declared in {**BUILT_IN, **context.namespaces}.items():
        if declared == prefix:
            namespace = name
    return f"~:{namespace}:{identifier}"


@special("uuid")
def uuid(walk: Walk, call: Call, env: Env) -> Value:
    if not call.arguments:
        return walk.runtime.new_uuid()
    return each(walk.argument(call.arguments[0], env), as_uuid)


def as_uuid(value: Value) -> str | None:
    """A string, or a UUID, as a UUID in lower case; null for anything else."""
    if kind(value) == "uuid":
        return str(value).lower()
    if not is_text(value):
        return None
    for form in UUID_TEXTS:
        match = form.fullmatch(text_of(value))
        if match:
            return "~u" + "-".join(match.groups()).lower()
    return None


# -- time and versions -----------------------------------------------------------------------------


@special("now")
def now(walk: Walk, call: Call, env: Env) -> Value:  # noqa: ARG001 - what every special is given
    return walk.runtime.now()


@special("is-changed")
def is_changed(walk: Walk, call: Call, env: Env) -> bool | None:
    current = env.root.source
    before = walk.runtime.lookup.previous(current)
    if before is None:
        return None
    if current.get("_deleted") is True or before.get("_deleted") is True:
        return True
    look = walk.function(call.arguments[0], env)
    return not equal(look(current), look(before))


@special("completeness")
def completeness(walk: Walk, call: Call, env: Env) -> Value:  # noqa: ARG001
    via, dataset = call.constant(0), call.constant(1)
    return walk.runtime.lookup.completeness(dataset, via)
