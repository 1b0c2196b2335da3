"""Decides how hops are carried out: which alias is looked up when, by which key, in which index.

The order of the aliases is that of `datasets`, as far as the joins allow. The cheapest join finds
the entities: by primary key, else by an index, else by reading the whole dataset. The other joins
to what is known by then test the rows, filters run as early as their variables are known.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.calls import function_of
from sesam_node.dtl.check import check, errors
from sesam_node.dtl.hop_specs import hop_specs
from sesam_node.dtl.joins import (
    HOPPING,
    Join,
    find_joins,
    index_text,
    is_primary_key,
    is_pure,
    references,
)
from sesam_node.dtl.parse import parse
from sesam_node.dtl.registry import EXPRESSIONS, TRANSFORMS
from sesam_node.dtl.syntax import VARIABLES, Block, Call, HopSpec, Malformed, Node, Path, Rules
from sesam_node.errors import DtlError, json_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sesam_node.dtl.syntax import At, RuleContext
    from sesam_node.errors import Problem
    from sesam_node.model.values import Value

SECRET = re.compile(r"\$SECRET\(([^()]+)\)")
"""A secret in a constant; put in where the function gets a key."""

PRIMARY = ""
"""The index id that stands for the primary key."""


@dataclass(frozen=True)
class Step:
    """One alias of a specification: how its entities are found, and what they must fulfil.

    `index` is an index id, `PRIMARY`, or None: every entity is read. `key` is the expression over
    what is known, `own` that over the alias; without an index they are a test like `tests`.
    """

    alias: str
    dataset: str
    index: str | None
    key: Node
    own: Node
    tests: tuple[tuple[Node, Node], ...]
    filters: tuple[Node, ...]
    subset: tuple[Node, Value] | None


@dataclass(frozen=True)
class SpecPlan:
    """The steps of one specification; `early` are filters that need no alias."""

    spec: HopSpec
    steps: tuple[Step, ...]
    early: tuple[Node, ...]


@dataclass(frozen=True)
class Plan:
    """A checked rule set with its hops planned. `hops` is by JSON path of the call.

    `shared` are first look-ups that a rule makes more than once: rule, dataset, index, key as JSON.
    `repeated` are calls that a rule makes more than once and that give the same value each time in
    one entity: rule, call as JSON. `secrets` are those named as keys of encryption, and where.
    """

    rules: Rules
    context: RuleContext
    hops: Mapping[At, tuple[SpecPlan, ...]] = field(default_factory=dict)
    reachable: tuple[str, ...] = ()
    creates: bool = False
    read: frozenset[str] = frozenset()
    shared: frozenset[tuple[str, str, str, str]] = frozenset()
    repeated: frozenset[tuple[str, str]] = frozenset()
    secrets: Mapping[str, At] = field(default_factory=dict)


def calls_of(node: Node) -> Iterator[tuple[Call, bool]]:
    """Every evaluated call in a block or expression, outermost first; is it a transform?"""
    yield from _calls(node, transform=isinstance(node, Block))


def _calls(node: Node, *, transform: bool) -> Iterator[tuple[Call, bool]]:
    if isinstance(node, Block):
        for item in node.items:
            yield from _calls(item, transform=True)
    if not isinstance(node, Call):
        return
    yield node, transform
    if transform:
        entry = TRANSFORMS[node.name]
        slots = entry.signature.slots(len(node.arguments))
    else:
        found = function_of(node)
        slots = found[1] if found else ()
    for argument, slot in zip(node.arguments, slots, strict=True):
        if not slot.is_constant:
            yield from _calls(argument, transform=slot.kind == "transforms")
    if not transform and node.name in HOPPING:
        for reader in hop_specs(node, 0 if node.name == "hops" else 1):
            if reader.spec is not None:
                for inner in spec_nodes(reader.spec):
                    yield from _calls(inner, transform=False)


STOPPING = frozenset(["filter", "discard", "fail!", "trip!"])


def may_stop(call: Call) -> bool:
    """May this transform, or one in it, end the rule?"""
    block = Block(call.at, [call.raw], (call,), call.height)
    return any(inner.name in STOPPING for inner, is_transform in calls_of(block) if is_transform)


def evaluated_nodes(plan: Plan) -> list[dict[str, str]]:
    """Every node of the reachable rules that is evaluated, in order of the text: what traces name.

    Each is `{"path", "kind", "name"}`; `kind` is "rule", "transform", "function" or "path", the
    name of a path its text.
    """
    found: dict[str, dict[str, str]] = {}

    def add(at: At, kind: str, name: str) -> None:
        path = json_path(at)
        found.setdefault(path, {"path": path, "kind": kind, "name": name})

    def node(tree: Node, aliases: frozenset[str], *, transform: bool) -> None:
        if isinstance(tree, Path) and tree.variable in VARIABLES | aliases:
            add(tree.at, "path", tree.raw)
        elif isinstance(tree, Block):
            for item in tree.items:
                node(item, aliases, transform=True)
        elif isinstance(tree, Call):
            add(tree.at, "transform" if transform else "function", tree.name)
            entry = (TRANSFORMS if transform else EXPRESSIONS)[tree.name]
            slots = entry.signature.slots(len(tree.arguments))
            for argument, slot in zip(tree.arguments, slots, strict=True):
                if not slot.is_constant:
                    node(argument, aliases, transform=slot.kind == "transforms")
            if not transform and tree.name in HOPPING:
                for planned in plan.hops[tree.at]:
                    spec = planned.spec
                    for inner in (*spec_nodes(spec), *(n for n, _ in spec.subsets.values())):
                        node(inner, aliases | frozenset(spec.aliases), transform=False)

    for name in plan.reachable:
        rule = plan.rules.rules[name]
        add(rule.at, "rule", name)
        node(rule, frozenset(), transform=True)
    return list(found.values())


def spec_nodes(spec: HopSpec) -> Iterator[Node]:
    """The expressions of a specification that are evaluated for the rule (subsets are not)."""
    yield from spec.where
    if not isinstance(spec.returned, tuple):
        yield spec.returned


def plan_rules(
    rules: Any, context: RuleContext, path: tuple[str | int, ...]
) -> tuple[Plan, list[Problem]]:
    """The plan of a rule set as given, and its warnings. Raises DtlError with every Problem."""
    tree = parse(rules, path)
    problems = check(tree, context)
    if errors(problems) or isinstance(tree, Malformed):
        raise DtlError("the rules have problems", problems)
    return plan(tree, context), problems


def plan(rules: Rules, context: RuleContext) -> Plan:
    """Plan a rule set that has no errors."""
    hops: dict[At, tuple[SpecPlan, ...]] = {}
    reachable = ["default"]
    creates = False
    read: set[str] = set()
    secrets: dict[str, At] = {}
    first_lookups: Counter[tuple[str, str, str, str]] = Counter()
    for name in reachable:  # grows while rules that are applied are found
        for call, is_transform in calls_of(rules.rules[name]):
            if is_transform:
                creates = creates or call.name == "create"
                continue
            if EXPRESSIONS[call.name].group == "encryption":
                for secret, at in secrets_of(call):
                    secrets.setdefault(secret, at)
            if call.name in HOPPING:
                readers = hop_specs(call, 0 if call.name == "hops" else 1)
                hops[call.at] = plan_hops([r.spec for r in readers if r.spec], context)
                read.update(ds for r in readers if r.spec for ds in r.spec.aliases.values())
                first = hops[call.at][0]
                step = first.steps[0]
                alone = len(hops[call.at]) == 1 and not first.spec.recurse
                if alone and step.index is not None and is_pure(step.key, "_S", VARIABLES):
                    key = json.dumps(step.key.raw)
                    first_lookups[name, step.dataset, step.index, key] += 1
            if call.name in ("apply", "apply-hops") and call.constant(0) not in reachable:
                reachable.append(call.constant(0))
            if call.name == "lookup-entity":
                read.add(call.constant(0))
    shared = frozenset(lookup for lookup, times in first_lookups.items() if times > 1)
    repeated = repeated_calls(rules, reachable)
    return Plan(
        rules,
        context,
        hops,
        tuple(reachable),
        creates,
        frozenset(read),
        shared,
        repeated,
        secrets,
    )


def secrets_of(call: Call) -> Iterator[tuple[str, At]]:
    """The secrets that a call of an encryption function names as keys."""
    for position, argument in enumerate(call.arguments[:-1]):
        for name in SECRET.findall(str(call.constant(position))):
            yield name, argument.at


def repeated_calls(rules: Rules, names: Iterable[str]) -> frozenset[tuple[str, str]]:
    """The calls of plain functions of `_S` alone that a rule makes more than once, as JSON."""
    found: set[tuple[str, str]] = set()
    for name in names:
        seen: dict[str, Call] = {}
        for call, is_transform in calls_of(rules.rules[name]):
            if is_transform or EXPRESSIONS[call.name].kind != "function":
                continue
            text = json.dumps(call.raw)
            if seen.setdefault(text, call) is not call and is_pure(call, "_S", VARIABLES):
                found.add((name, text))
    return frozenset(found)


def plan_hops(specs: list[HopSpec], context: RuleContext) -> tuple[SpecPlan, ...]:
    """The steps of each specification."""
    return tuple(_plan_spec(spec, context) for spec in specs)


def _plan_spec(spec: HopSpec, context: RuleContext) -> SpecPlan:
    joins = find_joins(spec)
    aliases = frozenset(spec.aliases)
    known = VARIABLES | aliases
    bound = {"_S"}
    waiting = list(spec.aliases)
    open_joins = list(joins.joins)
    open_filters = list(joins.filters)

    def take_filters() -> tuple[Node, ...]:
        ready = [node for node in open_filters if references(node, aliases) <= bound]
        for node in ready:
            open_filters.remove(node)
        return tuple(ready)

    early = take_filters()
    steps: list[Step] = []
    while waiting:
        alias = next(a for a in waiting if any(_joins(j, a, bound) for j in open_joins))
        usable = [join for join in open_joins if _joins(join, alias, bound)]
        ranked = sorted(usable, key=lambda join: _cost(join.sides[alias], alias, context, known))
        best, rest = ranked[0], ranked[1:]
        own = best.sides[alias]
        waiting.remove(alias)
        bound.add(alias)
        for join in usable:
            open_joins.remove(join)
        primary = is_primary_key(own)
        steps.append(
            Step(
                alias,
                spec.aliases[alias],
                PRIMARY if primary else index_text(own, alias, context, known),
                _other(best, alias),
                own,
                tuple((_other(join, alias), join.sides[alias]) for join in rest),
                take_filters(),
                spec.subsets.get(alias),
            )
        )
    return SpecPlan(spec, tuple(steps), early)


def _joins(join: Join, alias: str, bound: set[str]) -> bool:
    return alias in join.sides and bool(join.pair & bound)


def _other(join: Join, alias: str) -> Node:
    return next(node for variable, node in join.sides.items() if variable != alias)


def _cost(own: Node, alias: str, context: RuleContext, known: frozenset[str]) -> int:
    if is_primary_key(own):
        return 0
    return 1 if index_text(own, alias, context, known) is not None else 2
