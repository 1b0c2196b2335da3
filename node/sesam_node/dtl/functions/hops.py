"""hops, apply-hops, lookup-entity: joins to other datasets as nested loops over look-ups."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sesam_node.dtl.functions.rules import emit_apply
from sesam_node.dtl.limits import spend
from sesam_node.dtl.plan import PRIMARY, SpecPlan, Step
from sesam_node.dtl.registry import Example, special
from sesam_node.dtl.runtime import as_list, first_value
from sesam_node.model.values import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call
    from sesam_node.model.values import Entity, Value

CUSTOMER = {"_id": "c1", "name": "Ada"}
ORDERS: dict[str, list[Entity]] = {
    "orders": [
        {"_id": "o1", "customer": "c1", "amount": 320},
        {"_id": "o2", "customer": "c1", "amount": 40},
        {"_id": "o3", "customer": "c2", "amount": 7},
    ]
}
LINES: dict[str, list[Entity]] = {
    **ORDERS,
    "products": [
        {"_id": "p1", "order": "o1", "name": "pen"},
        {"_id": "p2", "order": ["o1", "o2"], "name": "ink"},
        {"_id": "p3", "order": "o3", "name": "mug"},
    ],
}
PEOPLE: dict[str, list[Entity]] = {
    "people": [
        {"_id": "a", "children": ["b"]},
        {"_id": "b", "children": ["c", "d"]},
        {"_id": "c"},
        {"_id": "d"},
    ]
}
CHILDREN: dict[str, Any] = {
    "datasets": ["people p"],
    "where": ["eq", "_S.children", "p._id"],
    "recurse": True,
}
OF_CUSTOMER: dict[str, Any] = {
    "datasets": ["orders o"],
    "where": ["eq", "_S._id", "o.customer"],
}


def by_id(entity: Callable[[str, str], Entity | None], dataset: str, keys: Value) -> list[Entity]:
    """The live entities whose `_id` is among the keys, by `_id`."""
    if type(keys) is str:
        found = entity(dataset, keys)
        return [] if found is None else [found]
    if type(keys) is not list:
        return []
    ids = sorted({key for key in keys if type(key) is str})
    if len(ids) > 1:
        spend(len(ids))
    return [found for key in ids if (found := entity(dataset, key)) is not None]


def by_index(
    find: Callable[[str, str, Sequence[Value]], Sequence[Entity]],
    dataset: str,
    index: str,
    keys: Value,
) -> Sequence[Entity]:
    """The live entities that have one of the keys in an index; nulls match nothing."""
    if type(keys) is list:
        keys = [key for key in keys if key is not None]
    else:
        keys = () if keys is None else (keys,)
    found = find(dataset, index, keys) if keys else ()
    if len(found) > 1:  # what is found one by one multiplies nothing
        spend(len(found))
    return found


def all_rows(entities: Iterable[Entity]) -> Iterator[Entity]:
    """Every entity of a dataset, where no index leads to those that join."""
    for entity in entities:
        spend(1)
        yield entity


def overlap(left: Value, right: Value) -> bool:
    """Do two values, taken as lists, share one that is not null?"""
    if type(left) is str and type(right) is str and left[:1] != "~":
        return left == right
    others = {identity(value) for value in as_list(right) if value is not None}
    return any(value is not None and identity(value) in others for value in as_list(left))


def recursive(
    step: Callable[[Any, list[Entity], set[str]], None],
    starts: list[Any],
    max_depth: int | None,
    exclude_root: bool,  # noqa: FBT001 - called by generated code
    same_dataset: bool,  # noqa: FBT001
) -> list[Any]:
    """Rounds of a specification, each over what the one before found; every entity once.

    A start counts as visited where it is in the dataset that is hopped to: known to be, or found
    there with equal content.
    """
    seen: set[str] = set()
    roots = {s["_id"]: s for s in starts if type(s) is dict and type(s.get("_id")) is str}
    if same_dataset:
        seen.update(roots)
    found: list[Any] = [] if exclude_root else list(starts)
    current = starts
    depth = 0
    while current and (max_depth is None or depth < max_depth):
        reached: list[Any] = []
        for start in current:
            step(start, reached, seen)
        if not same_dataset:
            reached = [entity for entity in reached if roots.get(entity["_id"]) != entity]
        found.extend(reached)
        current = reached
        depth += 1
    return found


def last_dataset(plan: SpecPlan) -> str:
    """Where the entities come from that a specification hands on: those of its last alias."""
    return list(plan.spec.aliases.values())[-1]


class HopWriter:
    """Writes the code of one call of hops."""

    def __init__(self, scope: Scope, call: Call) -> None:
        self.scope = scope
        self.call = call
        self.plans = scope.plan.hops[call.at]

    def source(self) -> str:
        """Source of the list that the hops give."""
        first = self.plans[0]
        if len(self.plans) == 1 and not first.spec.recurse:
            inner = self.scope.inner({})
            once = len(first.steps) == 1 or not isinstance(first.spec.returned, tuple)
            inner.line("found = []" if once else "found, seen = [], set()", self.call.at)
            self.spec(inner, first, once=once)
            inner.line("return found", self.call.at)
            return self.scope.defined(inner.body, self.call.at)
        # Several specifications or rounds: each a function of its start, called in turn.
        driver = self.scope.inner({})
        at = self.call.at
        driver.line(f"starts = [{self.scope.variable('_S')}]", at)
        # Known only of the source itself: elsewhere `_S` is an entity, or a value, of anything.
        of_source = self.scope.root and self.scope.variable("_S") == "S"
        dataset = self.scope.context.source_dataset if of_source else None
        for plan in self.plans:
            step = self.step(plan)
            if plan.spec.recurse:
                last = last_dataset(plan)
                options = (plan.spec.max_depth, plan.spec.exclude_root, dataset == last)
                texts = ", ".join(str(option) for option in options)
                driver.line(f"starts = {self.scope.code(recursive)}({step}, starts, {texts})", at)
            else:
                driver.line("found, seen = [], set()", at)
                driver.line("for start in starts:", at)
                driver.line(f"    {step}(start, found, seen)", at)
                driver.line("starts = found", at)
            dataset = last_dataset(plan)
        driver.line("return starts", at)
        return self.scope.defined(driver.body, at)

    def step(self, plan: SpecPlan) -> str:
        """Source of a callable `(start, found, seen)` that runs one specification."""
        start = self.scope.module.fresh("s")
        # The first specification starts from any `_S`, those after it from entities.
        dicts = frozenset[str]() if plan is self.plans[0] else frozenset([start])
        inner = self.scope.inner({"_S": start}, dicts)
        self.spec(inner, plan, once=False)
        at = plan.spec.at
        text = "\n".join(line for _, line, _ in inner.body)
        outer = [name for name in self.scope.used_names(text) if name != start]
        name = self.scope.module.fresh("h")
        parameters = ", ".join([start, "found", "seen", *outer])
        self.scope.module.functions.append([(0, f"def {name}({parameters}):", at), *inner.body])
        if not outer:
            return name
        return f"(lambda start, found, seen: {name}(start, found, seen, {', '.join(outer)}))"

    def spec(self, scope: Scope, plan: SpecPlan, *, once: bool) -> None:
        """Write the loops of one specification; `once`: no entity can be found twice."""
        before = scope.depth
        for node in plan.early:
            scope.line(f"if {scope.condition(node)}:", node.at)
            scope.depth += 1
        names: dict[str, str] = {}
        for number, step in enumerate(plan.steps):
            name = scope.module.fresh("x")
            self.rows(scope, step, name, first=number == 0 and plan is self.plans[0])
            scope.depth += 1
            names[step.alias] = name
            scope.variables = {**scope.variables, step.alias: name}
            scope.dicts |= {name}
            self.tests(scope, step, name)
        self.result(scope, plan, names, once=once)
        scope.depth = before

    def rows(self, scope: Scope, step: Step, name: str, *, first: bool) -> None:
        at = step.key.at
        if step.index is None:
            entities = f"lookup.entities({step.dataset!a})"
            scope.line(f"for {name} in {scope.code(all_rows)}({entities}):", at)
            return
        key = scope.expression(step.key)
        if step.index == PRIMARY:
            source = scope.call(at, by_id, "entity", ascii(step.dataset), key)
        else:
            index = scope.constant(step.index)
            source = scope.call(at, by_index, "find", ascii(step.dataset), index, key)
        shared = (scope.rule, step.dataset, step.index, json.dumps(step.key.raw))
        if first and scope.variables["_S"] == "S" and shared in scope.plan.shared:
            slot = ascii(str(sorted(scope.plan.shared).index(shared)))
            rows = scope.temporary()
            scope.line(f"{rows} = memo.get({slot})", at)
            scope.line(f"if {rows} is None:", at)
            scope.line(f"    {rows} = memo[{slot}] = {source}", at)
            source = rows
        scope.line(f"for {name} in {source}:", at)

    def tests(self, scope: Scope, step: Step, name: str) -> None:
        pairs = list(step.tests)
        if step.index is None:
            pairs.insert(0, (step.key, step.own))
        for left, right in pairs:
            test = scope.call(right.at, overlap, scope.expression(left), scope.expression(right))
            scope.line(f"if {test}:", right.at)
            scope.depth += 1
        if step.subset is not None:
            node, value = step.subset
            entity = scope.inner({"_S": name}, frozenset([name]))
            test = scope.call(node.at, overlap, entity.expression(node), scope.constant(value))
            scope.line(f"if {test}:", node.at)
            scope.depth += 1
        for node in step.filters:
            scope.line(f"if {scope.condition(node)}:", node.at)
            scope.depth += 1

    def result(self, scope: Scope, plan: SpecPlan, names: dict[str, str], *, once: bool) -> None:
        returned = plan.spec.returned
        at = plan.spec.at
        if not isinstance(returned, tuple):
            name = scope.temporary()
            scope.line(f"if type({name} := {scope.expression(returned)}) is list:", returned.at)
            scope.line(f"    found.extend({name})", returned.at)
            scope.line(f"elif {name} is not None:", returned.at)
            scope.line(f"    found.append({name})", returned.at)
            return
        if once:
            scope.line(f"found.append({names[returned[0]]})", at)
            return
        several = len({plan.spec.aliases[alias] for alias in returned}) > 1
        for alias in returned:
            name = names[alias]
            dataset = plan.spec.aliases[alias]
            key = f"({dataset!a}, {name}['_id'])" if several else f"{name}['_id']"
            scope.line(f"if (key := {key}) not in seen:", at)
            scope.line("    seen.add(key)", at)
            scope.line(f"    found.append({name})", at)


@special(
    "hops",
    "SPECIFICATION(hops-spec{>=1})",
    Example(
        ["sorted", ["hops", {**OF_CUSTOMER, "return": "o.amount"}]],
        [40, 320],
        CUSTOMER,
        datasets=ORDERS,
    ),
    Example(
        [
            "hops",
            {
                "datasets": ["orders o"],
                "where": [["eq", "_S._id", "o.customer"], ["gt", "o.amount", 100]],
            },
        ],
        [{"_id": "o1", "customer": "c1", "amount": 320}],
        CUSTOMER,
        datasets=ORDERS,
        note="a join, and a filter on what it finds",
    ),
    Example(
        [
            "hops",
            {
                "datasets": ["orders o", "products p"],
                "where": [["eq", "_S._id", "o.customer"], ["eq", "o._id", "p.order"]],
                "return": {"order": "o._id", "what": ["upper", "p.name"]},
            },
        ],
        [
            {"order": "o1", "what": "PEN"},
            {"order": "o1", "what": "INK"},
            {"order": "o2", "what": "INK"},
        ],
        CUSTOMER,
        datasets=LINES,
        unordered=True,
        note="joins from one dataset to the next; a template for each row",
    ),
    Example(
        [
            "hops",
            OF_CUSTOMER,
            {
                "datasets": ["products p"],
                "where": ["eq", "_S._id", "p.order"],
                "return": "p.name",
            },
        ],
        ["pen", "ink", "ink"],
        CUSTOMER,
        datasets=LINES,
        unordered=True,
        note="what one specification finds is the _S of the next",
    ),
    Example(
        ["map", "_._id", ["hops", {**CHILDREN, "exclude_root": True}]],
        ["b", "c", "d"],
        {"_id": "a", "children": ["b"]},
        datasets=PEOPLE,
        unordered=True,
        note="children, their children, and so on",
    ),
    Example(
        ["map", "_._id", ["hops", {**OF_CUSTOMER, "subsets": {"o": ["eq", "_S.amount", 40]}}]],
        ["o2"],
        CUSTOMER,
        datasets=ORDERS,
    ),
    Example(["hops", OF_CUSTOMER], [], {"_id": "c9"}, datasets=ORDERS, note="nothing joins"),
    pure=False,
)
def hops(scope: Scope, call: Call) -> str:
    """Give a list of the entities of other datasets that joins lead to; `[]` where none do.

    Each SPECIFICATION names `datasets` with an alias each, and conditions in `where`: one, or a
    list of which all must hold. An `eq` between two of `_S` and the aliases is a join, and joins
    must connect every alias to `_S`. A join holds where both sides share a value; null joins with
    nothing, deleted entities are not seen. All other conditions filter what the joins find. For a
    key of several properties put `tuples` on both sides.

    `return` says what comes out of the last specification: aliases (`"o, p"`; each entity once), or
    an expression for each row, whose nulls are left out and whose lists are joined; by default it
    is the last alias. The order is always the same, but no promise: sort what needs one.

    What one specification finds is the `_S` of the next. With `recurse` one runs over what it finds
    until it finds nothing new, or for `max_depth` rounds (10; null: no limit); the start is part of
    the result unless `exclude_root` is true. `subsets` limits an alias to the entities for which an
    expression has a value: `{"o": ["eq", "_S.type", "web"]}`.

    Changes in the datasets make the source entities concerned run again, unless
    `track-dependencies` is false.
    """
    return HopWriter(scope, call).source()


@special(
    "apply-hops",
    "RULE(rule{1}), SPECIFICATION(hops-spec{>=1})",
    Example(
        ["apply-hops", "order", OF_CUSTOMER],
        [{"_id": "o1", "who": "Ada"}, {"_id": "o2", "who": "Ada"}],
        CUSTOMER,
        datasets=ORDERS,
        rules={"order": [["copy", "_id"], ["add", "who", "_P._S.name"]]},
    ),
    Example(
        ["apply-hops", "order", OF_CUSTOMER],
        [{"_id": "o1", "names": ["pen", "ink"]}, {"_id": "o2", "names": ["ink"]}],
        CUSTOMER,
        datasets=LINES,
        rules={
            "order": [
                ["copy", "_id"],
                [
                    "add",
                    "names",
                    [
                        "hops",
                        {
                            "datasets": ["products p"],
                            "where": ["eq", "_S._id", "p.order"],
                            "return": "p.name",
                        },
                    ],
                ],
            ]
        },
        note="the rule may hop on",
    ),
    pure=False,
)
def apply_hops(scope: Scope, call: Call) -> str:
    """Give a list of the targets that RULE makes of what the hops find; the rule may hop itself.

    It is `apply` over `hops`: each entity is the `_S` of a new context, `_P` that of the caller;
    what the rule filters or discards drops out.
    """
    return emit_apply(scope, call, HopWriter(scope, call).source())


def live_entity(
    entity: Callable[[str, str], Entity | None], dataset: str, entity_id: Value
) -> Entity | None:
    """The entity with this `_id`, or the first of several; null where there is none."""
    key = first_value(entity_id)
    return entity(dataset, key) if type(key) is str else None


@special(
    "lookup-entity",
    "DATASET(dataset{1}), ID(value-expression{1})",
    Example(["lookup-entity", "orders", "o3"], ORDERS["orders"][2], datasets=ORDERS),
    Example(
        ["path", "amount", ["lookup-entity", "orders", "_S.order"]],
        320,
        {"order": "o1"},
        datasets=ORDERS,
    ),
    Example(["lookup-entity", "orders", "o9"], None, datasets=ORDERS, note="no such entity"),
    pure=False,
)
def lookup_entity(scope: Scope, call: Call) -> str:
    """Give the entity of DATASET with this `_id`, as one dict.

    Null where there is none, where it is deleted, and where ID is null or no string; of a list the
    first counts. Changes in DATASET make the source entities that looked for it run again; for that
    each one's look-ups are recorded, which `hops` can mostly do without.
    """
    source = scope.expression(call.arguments[1])
    return scope.call(call.at, live_entity, "entity", ascii(call.constant(0)), source)
