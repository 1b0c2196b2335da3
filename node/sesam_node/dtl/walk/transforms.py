"""The transforms: what each does to the target, what it emits, how it ends the target.

Each is written from what the manual says of it and gives "" to go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.dtl.functions.transforms.emitting import TripError
from sesam_node.dtl.names import patterns_of, written_name
from sesam_node.dtl.runtime import as_list, first_value
from sesam_node.dtl.walk.expressions import chosen, chosen_equal
from sesam_node.dtl.walk.properties import properties_read, property_written, selected
from sesam_node.dtl.walk.tables import transform
from sesam_node.errors import DtlError, Problem, preview
from sesam_node.model.namespaces import split_name
from sesam_node.model.values import equal, is_text, plain_text, text_of

if TYPE_CHECKING:
    from sesam_node.dtl.syntax import Call, Node
    from sesam_node.dtl.walk.machine import Env, Walk
    from sesam_node.model.values import Entity, Value


def put(walk: Walk, env: Env, name: str, value: Value) -> None:
    """Set a property of the target."""
    env.target[name] = value
    walk.recording.put(name, value)


def written_names(walk: Walk, names: Value) -> list[str]:
    """The properties that a value names: one, or several in a list."""
    return [
        written_name(text_of(name), walk.context)
        for name in as_list(names)
        if is_text(name) and name
    ]


def put_named(walk: Walk, env: Env, name: str, value: Value) -> None:
    """Set a property; a string for `_id` gets the identity namespace where it has none."""
    namespace = walk.context.identity_namespace
    if name == "_id" and walk.context.namespaced and namespace and is_text(value):
        value = value if ":" in value else f"{namespace}:{text_of(value)}"
    put(walk, env, name, value)


# -- writing properties ----------------------------------------------------------------------------


@transform("add")
def add(walk: Walk, call: Call, env: Env) -> str:
    names, value = (walk.argument(node, env) for node in call.arguments)
    for name in written_names(walk, names):
        put_named(walk, env, name, value)
    return ""


@transform("add-if")
def add_if(walk: Walk, call: Call, env: Env) -> str:
    value = walk.argument(call.arguments[-1], env)
    holds = value is not None
    if len(call.arguments) == 3:
        holds = walk.condition(call.arguments[1], env.bound({"_": value}))
    if holds:
        for name in written_names(walk, walk.argument(call.arguments[0], env)):
            put_named(walk, env, name, value)
    return ""


@transform("default")
def default(walk: Walk, call: Call, env: Env) -> str:
    names = written_names(walk, walk.argument(call.arguments[0], env))
    missing = [name for name in names if name not in env.target]
    if missing:
        value = walk.argument(call.arguments[1], env)
        for name in missing:
            put_named(walk, env, name, value)
    return ""


# -- copying properties ----------------------------------------------------------------------------


@transform("copy")
def copy(walk: Walk, call: Call, env: Env) -> str:
    include = patterns_of(call.constant(0))
    exclude = patterns_of(call.constant(1)) if len(call.arguments) == 2 else []
    if type(env.source) is dict:
        for name, value in env.source.items():
            if selected(include, exclude, name, walk.context):
                put(walk, env, name, value)
    return ""


@transform("remove")
def remove(walk: Walk, call: Call, env: Env) -> str:
    patterns = patterns_of(call.constant(0))
    for name in [name for name in env.target if selected(patterns, [], name, walk.context)]:
        del env.target[name]
        walk.recording.removed(name)
    return ""


@transform("rename")
def rename(walk: Walk, call: Call, env: Env) -> str:
    old, new = (first_value(walk.argument(node, env)) for node in call.arguments)
    if type(env.source) is not dict or not is_text(old) or not is_text(new):
        return ""
    moved: dict[str, list[Value]] = {}
    for found in properties_read(env.source, text_of(old), walk.context):
        name = property_written(found, text_of(new), walk.context)
        moved.setdefault(name, []).append(env.source[found])
    for name, values in moved.items():
        put(walk, env, name, values[0] if len(values) == 1 else joined(values))
    return ""


def joined(values: list[Value]) -> Value:
    """Several values as one flat list; a single one as it is."""
    flat = [item for value in values for item in as_list(value)]
    return flat[0] if len(flat) == 1 else flat


@transform("make-ni")
def make_ni(walk: Walk, call: Call, env: Env) -> str:
    namespace, old = call.constant(0), call.constant(1)
    if len(call.arguments) == 3:
        new = call.constant(2)
    else:
        new = (split_name(old)[1] if walk.context.namespaced else old) + "-ni"
    if type(env.source) is not dict:
        return ""
    moved: dict[str, list[Value]] = {}
    for found in properties_read(env.source, old, walk.context):
        name = property_written(found, new, walk.context)
        moved.setdefault(name, []).append(env.source[found])
    for name, values in moved.items():
        made = identifiers(namespace, values[0] if len(values) == 1 else joined(values))
        if made is not None:
            put(walk, env, name, made)
    return ""


def identifiers(namespace: str, value: Value) -> Value:
    """The strings of a value as namespaced identifiers: sorted where it is a list, null: none."""
    if type(value) is not list:
        return f"~:{namespace}:{text_of(value)}" if is_text(value) else None
    return sorted(f"~:{namespace}:{text_of(item)}" for item in value if is_text(item)) or None


# -- merging ---------------------------------------------------------------------------------------


def properties_merged(walk: Walk, call: Call, env: Env) -> list[tuple[str, Value]]:
    """Names and values that merge brings, in order."""
    return [
        (name, item)
        for value in as_list(walk.argument(call.arguments[0], env))
        if type(value) is dict
        for name, item in value.items()
        if not name.startswith("_")
    ]


@transform("merge")
def merge(walk: Walk, call: Call, env: Env) -> str:
    for name, item in properties_merged(walk, call, env):
        put(walk, env, name, item)
    return ""


@transform("merge-union")
def merge_union(walk: Walk, call: Call, env: Env) -> str:
    for name, item in properties_merged(walk, call, env):
        there = name in env.target
        put(walk, env, name, union(env.target[name], item) if there else item)
    return ""


def union(old: Value, new: Value) -> Value:
    """The values of both, each once, old ones first; single where two single ones are the same."""
    united: list[Value] = []
    for value in (*as_list(old), *as_list(new)):
        if not any(equal(value, other) for other in united):
            united.append(value)
    if type(old) is list or type(new) is list or len(united) > 1:
        return united
    return united[0] if united else None


# -- emitting and stopping -------------------------------------------------------------------------


def entities_made(walk: Walk, call: Call, env: Env) -> list[Entity]:
    """The entities that create is given. Raises DtlError for what is none, where ids are needed."""
    entities = []
    for value in as_list(walk.argument(call.arguments[0], env)):
        entity_id = value.get("_id") if type(value) is dict else None
        if type(entity_id) is str and entity_id:
            entities.append(value)
        elif walk.context.id_required:
            raise DtlError(f'expected an entity with a string "_id", got {preview(value)}')
    walk.recording.emitted(entities)
    return entities


@transform("create")
def create(walk: Walk, call: Call, env: Env) -> str:
    walk.out.extend(entities_made(walk, call, env))
    return ""


@transform("create-child")
def create_child(walk: Walk, call: Call, env: Env) -> str:
    children = entities_made(walk, call, env)
    put(walk, env, "$children", [*as_list(env.target.get("$children")), *children])
    return ""


def ended(walk: Walk, call: Call, env: Env, how: str) -> str:
    if call.arguments and walk.condition(call.arguments[0], env):
        return ""
    walk.recording.ends(how)
    return how


@transform("filter")
def filter_(walk: Walk, call: Call, env: Env) -> str:
    return ended(walk, call, env, "filtered")


@transform("discard")
def discard(walk: Walk, call: Call, env: Env) -> str:
    return ended(walk, call, env, "discarded")


@transform("fail!")
def fail(walk: Walk, call: Call, env: Env) -> str:  # noqa: ARG001 - what every transform is given
    raise DtlError(plain_text(call.constant(0)))


@transform("trip!")
def trip(walk: Walk, call: Call, env: Env) -> str:  # noqa: ARG001
    message = plain_text(call.constant(0))
    raise TripError(message, [Problem("", "trip", message)])


@transform("sleep!")
def sleep(walk: Walk, call: Call, env: Env) -> str:  # noqa: ARG001
    walk.runtime.sleep(call.constant(0))
    return ""


@transform("comment")
def comment(walk: Walk, call: Call, env: Env) -> str:  # noqa: ARG001
    return ""


# -- branches --------------------------------------------------------------------------------------


def run_branch(walk: Walk, then: Node | None, env: Env) -> str:
    return "" if then is None else walk.block(then, env)


@transform("if")
@transform("case")
def case(walk: Walk, call: Call, env: Env) -> str:
    return run_branch(walk, chosen(walk, call.arguments, env), env)


@transform("case-eq")
def case_eq(walk: Walk, call: Call, env: Env) -> str:
    return run_branch(walk, chosen_equal(walk, call.arguments, env), env)
