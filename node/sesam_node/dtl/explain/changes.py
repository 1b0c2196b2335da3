"""What a change in a dataset that is hopped to makes run again, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.dtl.dependencies import SOURCE, UNKNOWN, Graph
from sesam_node.dtl.explain.hopping import unhopped
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


LOOKUP_BYTES = 90
"""What a recorded look-up takes, in the record and in its index (benchmarks/incremental.py)."""


def changes_of(compiled: CompiledRules, *, own_ids: bool = True) -> list[dict[str, Any]]:
    """For each dataset that is tracked how a change there is walked back, and what that costs.

    `way` is "primary key" or "index" where the rules lead back (`exact`), else "records": what each
    source entity looked up is recorded, `because` has the reasons. `says` tells what runs again,
    `costs` what that takes. `own_ids` is false where an earlier transform may have given entities
    other ids than the source's.
    """
    graph = Graph(compiled.plan)
    graph.build()
    looked_up = [lookup["dataset"] for lookup in unhopped(compiled.plan)]
    trackers = {tracker.dataset: tracker for tracker in compiled.trackers}
    found: list[dict[str, Any]] = []
    for dataset in dict.fromkeys([*trackers, *looked_up]):
        tracker = trackers.get(dataset)
        because = [] if tracker is None or tracker.exact else reasons(graph, tracker)
        if dataset in looked_up:
            because.append("lookup-entity goes one way only")
        if not (because or own_ids):
            because.append("an earlier transform may give entities other ids")
        if tracker is not None and not because:
            steps = Steps(compiled.plan, tracker)
            found.append(
                {
                    "dataset": dataset,
                    "exact": True,
                    "way": steps.way(),
                    "says": steps.sentences(),
                    "costs": [steps.cost()],
                }
            )
        else:
            found.append(_recorded(compiled, dataset, because))
    return found


def _recorded(compiled: CompiledRules, dataset: str, because: list[str]) -> dict[str, Any]:
    """A dataset whose changes are walked back through recorded look-ups."""
    source = compiled.plan.context.source_dataset or "source"
    indexes = [index for name, index in compiled.lookups if name == dataset]
    says = [f"a changed {dataset} entity re-runs the {source} entities that looked for it"]
    if None in indexes:
        says = [f"any change in {dataset} re-runs the {source} entities that read all of it"]
    kinds = len(indexes)
    kept = f"each {source} entity keeps a record of what it looks for in {dataset}"
    return {
        "dataset": dataset,
        "exact": False,
        "way": "records",
        "says": says,
        "because": because,
        "costs": [
            f"{kept}: about {LOOKUP_BYTES} bytes for each key",
            f"each version of a changed entity takes {_times(kinds)} in the records",
        ],
    }


def _times(count: int) -> str:
    return "1 look-up" if count == 1 else f"{count} look-ups"


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

    def links(self) -> list[Link]:
        """The links that are followed, each once."""
        found: dict[Link, None] = {}
        waiting = list(self.tracker.roles)
        seen = set(waiting)
        for role in waiting:
            for link in self.tracker.links.get(role, ()):
                found[link] = None
                if link.role not in seen and link.role != SOURCE:
                    seen.add(link.role)
                    waiting.append(link.role)
        return list(found)

    def way(self) -> str:
        """Are the source entities found by their primary key alone, or in an index too?"""
        ends = [link for link in self.links() if link.role == SOURCE]
        return "primary key" if all(link.index == PRIMARY for link in ends) else "index"

    def cost(self) -> str:
        """The look-ups that lead back from one version of a changed entity."""
        links = self.links()
        first = {link for role in self.tracker.roles for link in self.tracker.links.get(role, ())}
        asking = [link for link in first if not (link.role == SOURCE and link.index == PRIMARY)]
        if not asking:
            return "the changed entity names the ids: no look-up"
        text = f"each version of a changed entity takes {_times(len(asking))}"
        further = len(links) - len(first)
        if further:
            text += f", and each entity on the way {further} more"
        return text

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
