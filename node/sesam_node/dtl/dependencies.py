"""What a rule set reads, and the way back: from a changed entity to the source entities concerned.

Every alias of every hop is a role in a graph. An edge leads from a role one join nearer to the
source: it says which values of the entity to take and in which index of the next role's dataset
they are found. `_S` of a hop may be the source entity, what the specification before it found, or
what the `apply-hops` that called the rule found. A role from which no chain of pure joins leads to
the source has no inverse; its dataset is then not exact, and who looked for what must be recorded.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sesam_node.dtl.joins import find_joins, index_text, is_primary_key, is_pure
from sesam_node.dtl.plan import PRIMARY, STOPPING, Plan, SpecPlan, calls_of, spec_nodes
from sesam_node.dtl.registry import TRANSFORMS
from sesam_node.dtl.syntax import VARIABLES, Call, Literal, Path
from sesam_node.model.values import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sesam_node.dtl.joins import Join
    from sesam_node.dtl.syntax import At, HopSpec, Node
    from sesam_node.model.values import Entity, Value

Role = tuple["At", int, str]
"""An alias: JSON path of the call, number of the specification, name."""

Place = tuple[Role, str, str]
"""Where a step back leads: the alias, its dataset, and the index that is asked."""

SOURCE: Role = ((), 0, "_S")
UNKNOWN: Role = ((), 0, "?")


@dataclass(frozen=True)
class Link:
    """One step back: `values` (an index id) of the entity are sought in `index` of `dataset`."""

    values: str
    role: Role
    dataset: str | None
    index: str

    def __str__(self) -> str:
        where = "the source" if self.role == SOURCE else f"dataset {self.dataset!r}"
        index = "_id" if self.index == PRIMARY else self.index
        return f"{self.values} -> {index} of {where}"


@dataclass(frozen=True)
class Dependencies:
    """What a plan reads: `roles` by tracked dataset, `links` by role, inexact datasets, indexes.

    `lookups` are the look-ups that are tracked: dataset and index, `PRIMARY` for the primary key,
    None where every entity is read. Those of `lookup-entity`, which has no role, are among them.
    `keeps_deletes`: of a deleted source entity come deletes alone. `looked_up` are the indexes that
    the rules themselves look into, without those that finding what a change concerns needs.
    """

    roles: Mapping[str, tuple[Role, ...]]
    links: Mapping[Role, tuple[Link, ...]]
    inexact: frozenset[str]
    indexes: tuple[tuple[str, str], ...]
    emits_own_id: bool
    lookups: tuple[tuple[str, str | None], ...] = ()
    keeps_deletes: bool = False
    looked_up: tuple[tuple[str, str], ...] = ()


class Graph:
    """Collects the roles and links of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.links: dict[Role, list[Link]] = {}
        self.lost: set[Role] = set()
        self.roles: dict[str, list[Role]] = {}
        self.datasets: dict[Role, str | None] = {SOURCE: plan.context.source_dataset}
        self.calls: dict[At, str] = {}
        self.origins: dict[tuple[At, int], set[Role]] = {}
        self.entries: dict[str, set[Role]] = {"default": {SOURCE}}

    def build(self) -> None:
        # The origins of `_S` in a rule grow with the calls of the rule: repeat until they stand.
        before = -1
        while before != (before := self.size()):
            for rule in self.plan.reachable:
                self.rule(rule)
        for at, plans in self.plan.hops.items():
            for number, spec in enumerate(plans):
                self.spec_links(at, number, spec)

    def size(self) -> int:
        sets = (*self.entries.values(), *self.origins.values())
        return sum(len(roles) + 1 for roles in sets)

    def rule(self, name: str) -> None:
        starts = self.entries.get(name, set())
        nested: set[At] = set()
        for call, is_transform in calls_of(self.plan.rules.rules[name]):
            if is_transform or call.at not in self.plan.hops:
                continue
            if call.at not in nested:
                self.call(call, starts, nested)

    def call(self, call: Call, starts: set[Role], nested: set[At]) -> None:
        """Where `_S` of each specification of a call comes from; `nested` gets the calls in it."""
        origins = set(starts)
        plans = self.plan.hops[call.at]
        for number, plan in enumerate(plans):
            last: Role = (call.at, number, plan.steps[-1].alias)
            if plan.spec.recurse:
                origins = origins | {last}
            self.origins.setdefault((call.at, number), set()).update(origins)
            for node in spec_nodes(plan.spec):
                for inner, _ in calls_of(node):
                    if inner.at in self.plan.hops and inner.at not in nested:
                        nested.add(inner.at)
                        self.call(inner, origins, nested)
            if not plan.spec.recurse:
                origins = {last}
            elif plan.spec.exclude_root:
                origins = origins & {last}
        if call.name == "apply-hops":
            last_spec = plans[-1].spec
            found = self.entries.setdefault(call.constant(0), set())
            found.update(self.results(call.at, len(plans) - 1, last_spec, origins))

    def results(self, at: At, number: int, spec: HopSpec, origins: set[Role]) -> set[Role]:
        """The roles of what a call gives back."""
        returned = spec.returned
        if spec.recurse:
            return origins
        if isinstance(returned, tuple):
            return {(at, number, alias) for alias in returned}
        if isinstance(returned, Path) and not returned.names and returned.variable in spec.aliases:
            return {(at, number, returned.variable)}
        return {UNKNOWN}

    def spec_links(self, at: At, number: int, plan: SpecPlan) -> None:
        """The roles of one specification, each with its way one join back."""
        for alias, dataset in plan.spec.aliases.items():
            role: Role = (at, number, alias)
            self.datasets[role] = dataset
            if plan.spec.track:
                self.roles.setdefault(dataset, []).append(role)
        ways = self.ways_back(plan)
        for alias in plan.spec.aliases:
            role = (at, number, alias)
            if alias not in ways:
                self.lost.add(role)
                continue
            nearer, join = ways[alias]
            values = self.index(join.sides[alias], alias, plan) or ""
            if nearer != "_S":
                index = self.index(join.sides[nearer], nearer, plan) or ""
                self.link(role, values, (at, number, nearer), index, plan.spec.aliases[nearer])
                continue
            key = self.index(join.sides["_S"], "_S", plan) or ""
            for origin in self.origins.get((at, number), {UNKNOWN}):
                self.link(role, values, origin, key, None)

    def link(self, role: Role, values: str, to: Role, index: str, dataset: str | None) -> None:
        if to == UNKNOWN:
            self.lost.add(role)
            return
        if dataset is None:
            dataset = self.dataset_of(to)
        primary = index == '"_S._id"'
        if to == SOURCE and dataset is None and not primary:
            self.lost.add(role)
            return
        self.links.setdefault(role, []).append(
            Link(values, to, dataset, PRIMARY if primary else index)
        )

    def dataset_of(self, role: Role) -> str | None:
        if role == SOURCE:
            return self.plan.context.source_dataset
        return self.plan.hops[role[0]][role[1]].spec.aliases[role[2]]

    def index(self, node: Node, variable: str, plan: SpecPlan) -> str | None:
        if is_primary_key(node):
            return '"_S._id"'
        known = VARIABLES | frozenset(plan.spec.aliases)
        return index_text(node, variable, self.plan.context, known)

    def ways_back(self, plan: SpecPlan) -> dict[str, tuple[str, Join]]:
        """For each alias the variable one join nearer to `_S`, over joins that can be inverted."""
        known = VARIABLES | frozenset(plan.spec.aliases)
        joins = [
            join
            for join in find_joins(plan.spec).joins
            if all(is_pure(node, variable, known) for variable, node in join.sides.items())
        ]
        ways: dict[str, tuple[str, Join]] = {}
        reached = deque(["_S"])
        while reached:
            nearer = reached.popleft()
            for join in joins:
                for alias in join.pair - {nearer}:
                    if nearer in join.pair and alias != "_S" and alias not in ways:
                        ways[alias] = (nearer, join)
                        reached.append(alias)
        return ways

    def inexact(self) -> frozenset[str]:
        """The datasets of which some role has no way back to the source."""
        lost = set(self.lost)
        before = -1
        while before != (before := len(lost)):
            for role, links in self.links.items():
                if any(link.role in lost for link in links):
                    lost.add(role)
        return frozenset(
            dataset for dataset, roles in self.roles.items() if any(r in lost for r in roles)
        )


def dependencies(plan: Plan) -> Dependencies:
    """What a planned rule set reads, and the inverse of its hops."""
    graph = Graph(plan)
    graph.build()
    inexact = graph.inexact()
    indexes: dict[tuple[str, str], None] = {}
    for plans in plan.hops.values():
        for step in (step for spec in plans for step in spec.steps):
            if step.index is not None and step.index != PRIMARY:
                indexes[step.dataset, step.index] = None
    looked_up = tuple(sorted(indexes))
    used = reachable_roles(graph, inexact)
    for role in used:
        for link in graph.links.get(role, ()):
            if link.index != PRIMARY and link.dataset is not None:
                indexes[link.dataset, link.index] = None
    return Dependencies(
        {dataset: tuple(roles) for dataset, roles in sorted(graph.roles.items())},
        {role: tuple(links) for role, links in graph.links.items()},
        inexact,
        tuple(sorted(indexes)),
        emits_own_id(plan),
        tuple(tracked_lookups(plan)),
        keeps_deletes(plan),
        looked_up,
    )


def tracked_lookups(plan: Plan) -> dict[tuple[str, str | None], None]:
    """The look-ups whose results matter: those of hops that are tracked, and of lookup-entity."""
    found: dict[tuple[str, str | None], None] = {}
    for plans in plan.hops.values():
        for spec in (spec for spec in plans if spec.spec.track):
            found.update(((step.dataset, step.index), None) for step in spec.steps)
    for name in plan.reachable:
        for call, is_transform in calls_of(plan.rules.rules[name]):
            if not is_transform and call.name == "lookup-entity":
                found[call.constant(0), PRIMARY] = None
    return found


def reachable_roles(graph: Graph, inexact: frozenset[str]) -> list[Role]:
    """The roles that the trackers of exact datasets pass through."""
    waiting = [
        role for dataset, roles in graph.roles.items() if dataset not in inexact for role in roles
    ]
    used = dict.fromkeys(waiting)
    for role in waiting:
        for link in graph.links.get(role, ()):
            if link.role not in used:
                used[link.role] = None
                waiting.append(link.role)
    return list(used)


class IdLookup(Protocol):
    """What a tracker asks of the datasets."""

    def entity(self, dataset: str, entity_id: str) -> Entity | None: ...

    def find(self, dataset: str, index: str, keys: Sequence[Value]) -> Sequence[Entity]: ...

    def ids(self, dataset: str, index: str, keys: Sequence[Value]) -> Iterable[str]:
        """The ids of what `find` gives."""
        ...


@dataclass(frozen=True)
class Tracker:
    """The way back from one hopped dataset to the source.

    `exact` False: no inverse is known; who looked for what must be recorded (`lookups`).
    `key_function` compiles an index id.
    """

    dataset: str
    exact: bool
    roles: tuple[Role, ...]
    links: Mapping[Role, tuple[Link, ...]]
    key_function: Callable[[str], Callable[[Entity], list[Value]]]

    def explain(self) -> list[str]:
        """The links that a change follows, in words."""
        if not self.exact:
            return ["what was looked up is recorded: a join is no function of the entities alone"]
        seen = dict.fromkeys(self.roles)
        texts: dict[str, None] = {}
        waiting = list(self.roles)
        for role in waiting:
            for link in self.links.get(role, ()):
                texts[str(link)] = None
                if link.role not in seen:
                    seen[link.role] = None
                    waiting.append(link.role)
        return list(texts)

    def bind(self, lookup: IdLookup) -> Callable[[Sequence[Entity]], Iterable[str]]:
        """From versions of changed entities to the `_id`s of the source entities they concern.

        Source entities that are not there (any more) may be among them. What an earlier call has
        looked for in the source is not looked for again, nor given again.
        """
        if not self.exact:
            raise ValueError(f"dataset {self.dataset!r} has no exact tracker")
        return Tracing(self, lookup)


class Tracing:
    """A tracker at work over one look-up; each dataset on the way is asked once for many entities.

    What has been asked for before leads to nothing new, and is not asked for again.
    """

    def __init__(self, tracker: Tracker, lookup: IdLookup) -> None:
        self.lookup = lookup
        self.roles = tracker.roles
        self.steps = {
            role: [(link, tracker.key_function(link.values)) for link in links]
            for role, links in tracker.links.items()
        }
        self.asked: dict[Place, set[Any]] = {}

    def __call__(self, entities: Sequence[Entity]) -> Iterable[str]:
        ids: dict[str, None] = {}
        seen: set[tuple[Role, str]] = set()
        waiting = [(role, entity) for entity in entities for role in self.roles]
        while waiting:
            wanted = self.wanted(waiting, ids)
            waiting = []
            for place, keys in wanted.items():
                role, dataset, index = place
                if role == SOURCE:
                    ids.update(dict.fromkeys(self.lookup.ids(dataset, index, keys)))
                    continue
                for found in self.find(dataset, index, keys):
                    if (role, found["_id"]) not in seen:
                        seen.add((role, found["_id"]))
                        waiting.append((role, found))
        return list(ids)

    def wanted(
        self, entities: Iterable[tuple[Role, Entity]], ids: dict[str, None]
    ) -> dict[Place, list[Value]]:
        """What is to be looked for one step nearer to the source; `ids` gets those that are named.

        By place, keys that have not been asked for before.
        """
        wanted: dict[Place, list[Value]] = {}
        for role, entity in entities:
            for link, values_of in self.steps.get(role, ()):
                values = values_of(entity)
                if link.role == SOURCE and link.index == PRIMARY:
                    ids.update((value, None) for value in values if type(value) is str)
                    continue
                place = (link.role, link.dataset or "", link.index)
                asked = self.asked.setdefault(place, set())
                for value in values:
                    if (name := identity(value)) not in asked:
                        asked.add(name)
                        wanted.setdefault(place, []).append(value)
        return wanted

    def find(self, dataset: str, index: str, keys: Sequence[Value]) -> Iterable[Entity]:
        if index != PRIMARY:
            return self.lookup.find(dataset, index, keys)
        found = (self.lookup.entity(dataset, key) for key in keys if type(key) is str)
        return [entity for entity in found if entity is not None]


# -- identity --------------------------------------------------------------------------------------


def emits_own_id(plan: Plan) -> bool:
    """Is it certain that a source entity is emitted, if at all, under its own `_id` and alone?"""
    if plan.creates or not plan.context.id_required:
        return False
    return not any(
        is_transform and may_write_id(call, plan)
        for call, is_transform in calls_of(plan.rules.rules["default"])
    )


def may_write_id(call: Call, plan: Plan) -> bool:
    """May this transform of the default rule give the target another `_id` than the source's?"""
    entry = TRANSFORMS[call.name]
    bound = entry.signature.bind(call.arguments)
    context = plan.context
    if call.name in ("add", "add-if", "default"):
        name, value = bound["NAME"], bound.get("VALUE")
        if not isinstance(name, Literal):
            return not (isinstance(name, Path) and name.variable not in VARIABLES)
        own = isinstance(value, Path) and value.raw == "_S._id" and not context.namespaced
        return not _never_id(name.value) and not own
    if call.name == "rename":
        return not (isinstance(bound["TO"], Literal) and _never_id(bound["TO"].value))
    if call.name == "make-ni":
        new = call.constant(2) if len(call.arguments) == 3 else ""
        return not _never_id(new)
    return False


def _never_id(name: object) -> bool:
    return type(name) is str and name.lstrip(":") != "_id"


# -- deletes ---------------------------------------------------------------------------------------

HARMLESS = STOPPING | {"case", "case-eq", "comment", "copy", "create-child", "if", "sleep!"}
"""Transforms that take no `_deleted` from the target, and emit nothing else."""


def keeps_deletes(plan: Plan) -> bool:
    """Is it certain that of a deleted source entity come deletes alone, whatever hops find?

    So it is where the default rule begins with a copy of everything, and nothing after it can
    change `_deleted` or create an entity.
    """
    transforms = [
        call.raw for call, is_transform in calls_of(plan.rules.rules["default"]) if is_transform
    ]
    return transforms[:1] == [["copy", "*"]] and all(map(_leaves_deleted, transforms))


def _leaves_deleted(transform: list[Any]) -> bool:
    """Does a transform, as it is written, certainly leave `_deleted` of the target as it is?"""
    name, *arguments = transform
    if name in HARMLESS:
        return True
    if name in ("add", "add-if", "default", "make-ni"):
        return _is_other_name(arguments[0])
    if name == "rename":
        return all(map(_is_other_name, arguments))
    return name == "remove" and _is_other_name(arguments[0]) and "*" not in arguments[0]


def _is_other_name(name: Any) -> bool:
    """Is it a constant, and no name of a reserved property?"""
    return type(name) is str and name[:1] not in ("_", ":", "")
