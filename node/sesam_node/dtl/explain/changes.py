"""What a change in a dataset that is hopped to makes run again, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.dependencies import SOURCE, UNKNOWN, Graph
from sesam_node.dtl.explain.wording import index_words, words
from sesam_node.dtl.joins import find_joins, is_pure
from sesam_node.dtl.plan import PRIMARY
from sesam_node.dtl.syntax import VARIABLES
from sesam_node.errors import json_path

if TYPE_CHECKING:
    from sesam_node.dtl.compile import CompiledRules
    from sesam_node.dtl.dependencies import Link, Role, Tracker
    from sesam_node.dtl.plan import Plan
    from sesam_node.dtl.syntax import HopSpec


def changes_of(compiled: CompiledRules) -> list[dict[str, Any]]:
    """For each dataset that is tracked: `exact`, and in `says` what its changes run again.

    Where no way back is known (`exact` false), every source entity runs again; `because` has the
    reasons.
    """
    graph = Graph(compiled.plan)
    graph.build()
    found: list[dict[str, Any]] = []
    for tracker in compiled.trackers:
        made: dict[str, Any] = {"dataset": tracker.dataset, "exact": tracker.exact}
        if tracker.exact:
            made["says"] = Steps(compiled.plan, tracker).sentences()
        else:
            source = compiled.plan.context.source_dataset
            every = f"every {source} entity" if source else "every source entity"
            made["says"] = [f"any change in {tracker.dataset} re-runs {every}"]
            made["because"] = reasons(graph, tracker)
        found.append(made)
    return found


class Steps:
    """The links of a tracker, nearest to the changed dataset first, as sentences."""

    def __init__(self, plan: Plan, tracker: Tracker) -> None:
        self.plan = plan
        self.tracker = tracker

    def dataset(self, role: Role) -> str:
        if role == SOURCE:
            return self.plan.context.source_dataset or "source"
        return self.plan.hops[role[0]][role[1]].spec.aliases[role[2]]

    def sentences(self) -> list[str]:
        texts: dict[str, None] = {}
        waiting = list(self.tracker.roles)
        seen = dict.fromkeys(waiting)
        for role in waiting:
            for link in self.tracker.links.get(role, ()):
                texts[self.sentence(role, link)] = None
                if link.role not in seen and link.role != SOURCE:
                    seen[link.role] = None
                    waiting.append(link.role)
        return list(texts)

    def sentence(self, role: Role, link: Link) -> str:
        """`a changed order entity re-runs the customer entities whose _id is in its customer`."""
        name = self.dataset(role)
        changed = role in self.tracker.roles
        what = f"a changed {name} entity" if changed else f"each such {name} entity"
        verb = "re-runs" if link.role == SOURCE else "leads to"
        key = "_id" if link.index == PRIMARY else index_words(link.index)
        values = index_words(link.values)
        joint = "is" if values == "_id" else "is in"
        found = f"the {self.dataset(link.role)} entities whose {key} {joint} its {values}"
        return f"{what} {verb} {found}"


def reasons(graph: Graph, tracker: Tracker) -> list[str]:
    """Why no way leads from a dataset back to the source."""
    found: dict[str, None] = {}
    waiting = list(tracker.roles)
    seen = dict.fromkeys(waiting)
    for role in waiting:
        found.update(dict.fromkeys(_reasons(graph, role)))
        for link in graph.links.get(role, ()):
            if link.role not in seen and link.role not in (SOURCE, UNKNOWN):
                seen[link.role] = None
                waiting.append(link.role)
    return list(found)


def _reasons(graph: Graph, role: Role) -> list[str]:
    """Why one alias itself has no way one join back."""
    if role not in graph.lost:
        return []
    at, number, alias = role
    planned = graph.plan.hops[at][number]
    ways = graph.ways_back(planned)
    where = json_path(planned.spec.at)
    if alias not in ways:
        return _impure(planned.spec, alias, where)
    if UNKNOWN in graph.origins.get((at, number), {UNKNOWN}):
        return [f"{where} starts from values that were computed, not from entities of a dataset"]
    own = words(ways[alias][1].sides["_S"])
    return [
        f"{where} is joined by {own}, and the source is no single dataset that has an index of it"
    ]


def _impure(spec: HopSpec, alias: str, where: str) -> list[str]:
    """The joins of an alias that cannot be followed backwards."""
    known = VARIABLES | frozenset(spec.aliases)
    texts: list[str] = []
    for join in find_joins(spec).joins:
        if alias not in join.pair:
            continue
        for variable, node in join.sides.items():
            if not is_pure(node, variable, known):
                texts.append(
                    f"{where}: {words(node, known)} depends on more than "
                    f"{'the source entity' if variable == '_S' else variable}"
                )
    other = f"{where}: {alias} hangs on an alias that has no way back"
    return texts or [other]
