"""hops, apply-hops and lookup-entity, in two ways.

As an oracle every combination of the entities of all datasets is tried against every condition of
`where`, which needs no plan and no index. Where the plan is followed, each step looks its entities
up and the rows are tested as early as they can be: that is what traces show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from sesam_node.dtl.joins import is_pure
from sesam_node.dtl.limits import spend
from sesam_node.dtl.plan import PRIMARY, SpecPlan, Step
from sesam_node.dtl.registry import EXPRESSIONS
from sesam_node.dtl.runtime import as_list, first_value
from sesam_node.dtl.syntax import VARIABLES, Call, HopSpec, Node, Path
from sesam_node.dtl.walk.tables import special
from sesam_node.model.values import equal, truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sesam_node.dtl.walk.machine import Env, Walk
    from sesam_node.model.values import Entity, Value

HOPPING = ("hops", "apply-hops")


@special("hops")
def hops(walk: Walk, call: Call, env: Env) -> Value:
    return [found.source for found in found_by(walk, call, env)]


@special("apply-hops")
def apply_hops(walk: Walk, call: Call, env: Env) -> Value:
    rule = call.constant(0)
    found = found_by(walk, call, env)
    targets = [walk.rule(rule, one.source, env, one.dataset) for one in found]
    return [target for target in targets if target is not None]


@special("lookup-entity")
def lookup_entity(walk: Walk, call: Call, env: Env) -> Entity | None:
    dataset = call.constant(0)
    key = first_value(walk.argument(call.arguments[1], env))
    if type(key) is not str:
        return None
    found = walk.runtime.lookup.entity(dataset, key)
    walk.recording.lookup(dataset, PRIMARY, [key], 0 if found is None else 1)
    if found is not None:
        walk.recording.found((dataset, found))
    return found


# -- from specification to specification -----------------------------------------------------------


def found_by(walk: Walk, call: Call, env: Env) -> list[Env]:
    """What the specifications of a call find, each value as the `_S` of a place to go on from."""
    starts = [env]
    for planned in walk.plan.hops[call.at]:
        if planned.spec.recurse:
            starts = rounds(walk, planned, starts, env)
        else:
            starts = one_round(walk, planned, starts, env, set())
    return starts


def one_round(
    walk: Walk, planned: SpecPlan, starts: list[Env], env: Env, seen: set[tuple[str, str]]
) -> list[Env]:
    """What a specification finds from each start; entities that were `seen` are left out."""
    spec = planned.spec
    found: list[Env] = []
    for start in starts:
        rows = planned_rows(walk, planned, start) if walk.planned else all_rows(walk, spec, start)
        for row in rows:
            walk.recording.row({a: (d, row.variables[a]) for a, d in spec.aliases.items()})
            if not isinstance(spec.returned, tuple):
                values = as_list(walk.value(spec.returned, row))
                found.extend(replace(env.bound({"_S": value}), dataset=None) for value in values)
                continue
            for alias in spec.returned:
                entity, dataset = row.variables[alias], spec.aliases[alias]
                if (dataset, entity["_id"]) not in seen:
                    seen.add((dataset, entity["_id"]))
                    found.append(env.started(entity, dataset))
    return found


def rounds(walk: Walk, planned: SpecPlan, starts: list[Env], env: Env) -> list[Env]:
    """Rounds of a specification, each over what the one before found; every entity comes once.

    A start has been visited where it is the entity of its `_id` in the dataset that is hopped to:
    because it is known to come from there, or because it is found there just as it is.
    """
    spec = planned.spec
    dataset = spec.aliases[tuple(spec.aliases)[-1]]
    visited = {
        start.source["_id"]: start
        for start in starts
        if type(start.source) is dict and type(start.source.get("_id")) is str
    }
    seen = {(dataset, name) for name, start in visited.items() if start.dataset == dataset}
    found = [] if spec.exclude_root else starts
    depth = 0
    while starts and (spec.max_depth is None or depth < spec.max_depth):
        reached = one_round(walk, planned, starts, env, seen)
        starts = [one for one in reached if not is_start(one.source, visited)]
        found = [*found, *starts]
        depth += 1
    return found


def is_start(entity: Entity, visited: dict[str, Env]) -> bool:
    """Is an entity that was found one of the starts, just as it is?"""
    start = visited.get(entity["_id"])
    return start is not None and start.source == entity


# -- every combination -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Condition:
    """One of a `where`: a join of two ends (`sides` by end), or else a filter."""

    node: Node
    sides: tuple[tuple[str, Node], ...] = ()


def all_rows(walk: Walk, spec: HopSpec, env: Env) -> Iterator[Env]:
    """The combinations of entities that fulfil every condition and subset."""
    conditions = conditions_of(walk, spec)
    lists = [list(walk.runtime.lookup.entities(dataset)) for dataset in spec.aliases.values()]
    for entities in product(*lists):
        row = env
        for (alias, dataset), entity in zip(spec.aliases.items(), entities, strict=True):
            row = row.hopped_to(alias, dataset, entity)
        in_subsets = all(
            in_subset(walk, spec.aliases[alias], alias, subset, row)
            for alias, subset in spec.subsets.items()
        )
        if in_subsets and all(holds(walk, spec, condition, row) for condition in conditions):
            yield row


def conditions_of(walk: Walk, spec: HopSpec) -> list[Condition]:
    """What each condition of a `where` is: only the first join between two ends is one."""
    ends = {"_S", *spec.aliases}
    joined: set[frozenset[str]] = set()
    conditions = []
    for node in spec.where:
        condition = Condition(node)
        if isinstance(node, Call) and node.name == "eq":
            sides = [(variables_in(walk, side) & ends, side) for side in node.arguments]
            pair = frozenset().union(*(used for used, _ in sides))
            if all(len(used) == 1 for used, _ in sides) and len(pair) == 2 and pair not in joined:
                joined.add(pair)
                condition = Condition(node, tuple((min(used), side) for used, side in sides))
        conditions.append(condition)
    return conditions


def variables_in(walk: Walk, node: Node) -> set[str]:
    """The variables, or what reads as one, that an expression takes from where it stands."""
    if isinstance(node, Path):
        return {node.variable}
    if not isinstance(node, Call):
        return set()
    used: set[str] = set()
    slots = EXPRESSIONS[node.name].signature.slots(len(node.arguments))
    for argument, slot in zip(node.arguments, slots, strict=True):
        if not slot.is_constant:
            used |= variables_in(walk, argument)
    if node.name in HOPPING:
        for number, planned in enumerate(walk.plan.hops[node.at]):
            spec = planned.spec
            inner = [*spec.where]
            if not isinstance(spec.returned, tuple):
                inner.append(spec.returned)
            own = {*spec.aliases, *(["_S"] if number else [])}
            for part in inner:
                used |= variables_in(walk, part) - own
    return used


def holds(walk: Walk, spec: HopSpec, condition: Condition, row: Env) -> bool:
    if not condition.sides:
        return truth(walk.value(condition.node, row))
    left, right = (keys_of(walk, spec, end, node, row) for end, node in condition.sides)
    return share(left, right)


def keys_of(walk: Walk, spec: HopSpec, end: str, node: Node, row: Env) -> Value:
    """One side of a join. An entity that its own side fails on has no keys, as in an index."""
    if end == "_S" or not is_pure(node, end, VARIABLES | frozenset(spec.aliases)):
        return walk.value(node, row)
    try:
        return walk.value(node, row)
    except Exception:  # noqa: BLE001 - whatever it is, an index would not hold this entity
        return None


def share(left: Value, right: Value) -> bool:
    """Do two values, taken as lists, have one in common that is not null?"""
    return any(
        value is not None and equal(value, other)
        for value in as_list(left)
        for other in as_list(right)
    )


def in_subset(walk: Walk, dataset: str, alias: str, subset: tuple[Node, Value], row: Env) -> bool:
    """Is the entity of an alias in its subset? The expression sees it as `_S` and by its alias."""
    node, wanted = subset
    return share(walk.value(node, row.started(row.variables[alias], dataset)), wanted)


# -- following the plan ----------------------------------------------------------------------------


def planned_rows(walk: Walk, planned: SpecPlan, env: Env) -> Iterator[Env]:
    """The same rows by look-ups, in the order of the plan."""
    if all(truth(walk.value(node, env)) for node in planned.early):
        yield from rows_from(walk, planned.steps, env)


def rows_from(walk: Walk, steps: Sequence[Step], env: Env) -> Iterator[Env]:
    """The rows that the steps left make of those before."""
    if not steps:
        yield env
        return
    first, *rest = steps
    for entity in looked_up(walk, first, env):
        row = env.hopped_to(first.alias, first.dataset, entity)
        if passes(walk, first, row):
            yield from rows_from(walk, rest, row)


def looked_up(walk: Walk, step: Step, env: Env) -> Sequence[Entity]:
    """The entities that a step begins with: those of its keys, or all where no index holds them."""
    lookup, recording = walk.runtime.lookup, walk.recording
    if step.index is None:
        found = list(lookup.entities(step.dataset))
        recording.lookup(step.dataset, None, None, len(found))
        return found
    at = step.key.at[:-1]
    token = recording.begin(at, "function", "eq")
    with walk.placed(token, at):
        value = walk.value(step.key, env)
        keys = [key for key in as_list(value) if key is not None]
        if step.index == PRIMARY:
            keys = sorted({key for key in keys if type(key) is str})
            each = (lookup.entity(step.dataset, key) for key in keys)
            found = [entity for entity in each if entity is not None]
        else:
            found = list(lookup.find(step.dataset, step.index, keys)) if keys else []
        spend(len(found))
        if recording.records:
            # The index has answered for this side; the trace shows the values it was found by.
            rows = [env.hopped_to(step.alias, step.dataset, entity) for entity in found]
            own = [walk.value(step.own, row) for row in rows]
            for side in (value, own) if position(step.key) < position(step.own) else (own, value):
                recording.input(side)
    recording.end(token, bool(found))
    recording.lookup(step.dataset, step.index, keys, len(found))
    return found


def position(node: Node) -> int:
    """Which argument of its call a node is."""
    return int(node.at[-1])


def passes(walk: Walk, step: Step, row: Env) -> bool:
    """Does a row fulfil what can be tested once a step has added its entity?"""
    joins = [*step.tests]
    if step.index is None:
        joins.insert(0, (step.key, step.own))
    return (
        all(joined(walk, left, right, row) for left, right in joins)
        and (step.subset is None or in_subset(walk, step.dataset, step.alias, step.subset, row))
        and all(truth(walk.value(node, row)) for node in step.filters)
    )


def joined(walk: Walk, left: Node, right: Node, row: Env) -> bool:
    """Does a row fulfil a join that is tested on it?"""
    at = left.at[:-1]
    token = walk.recording.begin(at, "function", "eq")
    with walk.placed(token, at):
        first, second = sorted((left, right), key=position)
        result = share(walk.argument(first, row), walk.argument(second, row))
    walk.recording.end(token, result)
    return result
