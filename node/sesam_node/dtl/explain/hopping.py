"""How the hops of a plan are carried out: the order of the joins, and what finds the entities."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.explain.wording import own_words, words
from sesam_node.dtl.joins import is_pure, references
from sesam_node.dtl.plan import PRIMARY, calls_of
from sesam_node.dtl.syntax import VARIABLES, Call
from sesam_node.errors import json_path, preview

if TYPE_CHECKING:
    from sesam_node.dtl.plan import Plan, SpecPlan, Step


def hops_of(plan: Plan) -> list[dict[str, Any]]:
    """Each call of hops of the reachable rules, with its specifications as they are run."""
    found: list[dict[str, Any]] = []
    for rule in plan.reachable:
        for call, is_transform in calls_of(plan.rules.rules[rule]):
            if is_transform or call.at not in plan.hops:
                continue
            made: dict[str, Any] = {"path": json_path(call.at), "rule": rule, "call": call.name}
            if call.name == "apply-hops":
                made["applies"] = call.constant(0)
            made["specifications"] = [_specification(spec) for spec in plan.hops[call.at]]
            found.append(made)
    return found


def _specification(planned: SpecPlan) -> dict[str, Any]:
    spec = planned.spec
    known = VARIABLES | frozenset(spec.aliases)
    made: dict[str, Any] = {
        "path": json_path(spec.at),
        "steps": [_step(step, known) for step in planned.steps],
        "returns": (
            list(spec.returned) if isinstance(spec.returned, tuple) else words(spec.returned, known)
        ),
        "tracked": spec.track,
    }
    if planned.early:
        made["first"] = [words(node, known) for node in planned.early]
    if spec.recurse:
        made["recurse"] = {"max_depth": spec.max_depth, "exclude_root": spec.exclude_root}
    return made


def _step(step: Step, known: frozenset[str]) -> dict[str, Any]:
    """One alias: `find` is "primary key", "index" or "scan", `text` says all of it."""
    key, own = words(step.key, known), own_words(step.own, step.alias, known)
    made: dict[str, Any] = {"alias": step.alias, "dataset": step.dataset}
    name = f"{step.dataset} {step.alias}"
    if step.index == PRIMARY:
        made.update(find="primary key", text=f"{name}: _id = {key}  (primary key)")
    elif step.index is not None:
        made.update(find="index", index=step.index, text=f"{name}: {own} = {key}  (index)")
    else:
        why = _why_scan(step, known)
        made.update(find="scan", why=why, text=f"{name}: every entity is read, as {why}")
    made.update(key=key, own=words(step.own, known))
    tests = [f"{words(left, known)} = {words(right, known)}" for left, right in step.tests]
    if step.index is None:
        tests.insert(0, f"{key} = {words(step.own, known)}")
    if tests:
        made["tests"] = tests
    if step.subset is not None:
        node, value = step.subset
        made["subset"] = f"{own_words(node, '_S', known)} = {preview(value)}"
    if step.filters:
        made["filters"] = [words(node, known) for node in step.filters]
    return made


def _why_scan(step: Step, known: frozenset[str]) -> str:
    text = words(step.own, known)
    others = sorted(references(step.own, known) - {step.alias})
    if others:
        return f"{text} depends on {', '.join(others)} too: no index can hold that"
    if not is_pure(step.own, step.alias, known):
        return f"{text} is not the same at all times: no index can hold that"
    return f"{text} has no index"


def shared_of(plan: Plan) -> list[dict[str, Any]]:
    """The first look-ups that a rule makes at several places, but once for an entity."""
    found: list[dict[str, Any]] = []
    for rule, dataset, index, key in sorted(plan.shared):
        places = [
            json_path(call.at)
            for call, is_transform in calls_of(plan.rules.rules[rule])
            if not is_transform and _looks_up(plan, call, dataset, index, key)
        ]
        if len(places) > 1:
            made = {"rule": rule, "dataset": dataset, "index": index, "key": json.loads(key)}
            found.append({**made, "places": places})
    return found


def _looks_up(plan: Plan, call: Call, dataset: str, index: str, key: str) -> bool:
    """Is this the first look-up of a call? Those that go on or round look up on their own."""
    specs = plan.hops.get(call.at, ())
    if len(specs) != 1 or specs[0].spec.recurse:
        return False
    step = specs[0].steps[0]
    return (step.dataset, step.index, json.dumps(step.key.raw)) == (dataset, index, key)


def unhopped(plan: Plan) -> list[dict[str, Any]]:
    """The calls that read other datasets without hops: lookup-entity."""
    return [
        {"path": json_path(call.at), "rule": rule, "dataset": call.constant(0)}
        for rule in plan.reachable
        for call, is_transform in calls_of(plan.rules.rules[rule])
        if not is_transform and call.name == "lookup-entity"
    ]
