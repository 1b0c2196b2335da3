"""The graph of the node: systems, pipes and datasets, what waits, how quickly it goes, what fails.

What is connected with what follows from the configuration, and is worked out once for each; states,
counts and queues are those of the moment. Nodes are named `pipe:x`, `dataset:x` and `system:x`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.model.pumps import first_error, reason_of, source_queues, sum_known

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from sesam_node.hub.active import Active
    from sesam_node.hub.checking import Facts
    from sesam_node.hub.pumps import Pumps
    from sesam_node.hub.systems import Systems
    from sesam_node.store import Store

    Allowed = Callable[[str, Iterable[str]], Container[str]]
    """Kind and names to those that may be told of."""

Json = dict[str, Any]
Edge = tuple[str, str, str]
"""From, to, kind: the same two nodes may be connected in several ways."""

MERGES = ("merge", "merge_datasets")
NOT_POPULATED = "not populated yet: no run of its pipe has come to its end"
NOT_THERE = "there is no such dataset, and no pipe writes it"
HIDDEN = "what it has may not be read"


class Flow:
    """The service behind `/api/flow`."""

    def __init__(self, store: Store, pumps: Pumps, systems: Systems) -> None:
        self._store = store
        self._pumps = pumps
        self._systems = systems
        self._known: tuple[Active, dict[str, tuple[Edge, ...]]] | None = None

    def graph(self, allowed: Allowed) -> Json:
        """`nodes` and `edges`, as far as they may be told of.

        May be called in any thread; it looks at each pipe and dataset once.
        """
        with self._store.reading():
            return self._graph(allowed)

    def _graph(self, allowed: Allowed) -> Json:
        active = self._pumps.configuration.active
        edges = self._edges(active)
        datasets = dict(self._pumps.dataset_counts())
        pipes = allowed("pipe", active.facts)
        systems = allowed("system", active.document.systems)
        readable = allowed("dataset", {*datasets, *_named(edges, "dataset")})
        made = _Graph({name: it for name, it in datasets.items() if name in readable}, readable)
        for name, facts in active.facts.items():
            if name in pipes:
                runtime = self._pumps.runtime(name)
                made.add_pipe(name, facts, runtime, self._pumps.books.rate(name), edges[name])
        for name in active.document.systems:
            if name in systems:
                errors = active.config_errors(name) if name in active.invalid else None
                type_ = str(active.effective(name).get("type", ""))
                made.add_system(name, type_, errors, self._systems.reason(name))
        return made.data(set(active.document.systems))

    def _edges(self, active: Active) -> dict[str, tuple[Edge, ...]]:
        if self._known is None or self._known[0] is not active:
            found = {
                name: tuple(edges_of(name, facts, active.effective(name)))
                for name, facts in active.facts.items()
            }
            self._known = active, found
        return self._known[1]


class _Graph:
    def __init__(self, datasets: dict[str, Json], readable: Container[str]) -> None:
        self._datasets = datasets
        self._readable = readable
        self._nodes: dict[str, Json] = {}
        self._edges: dict[Edge, int | None] = {}
        for name in datasets:
            self._add_dataset(name)

    def add_pipe(
        self, name: str, facts: Facts, runtime: Json, rate: float | None, edges: Iterable[Edge]
    ) -> None:
        # A publisher reads anew for everybody who asks.
        inputs, hopped = ((), ()) if facts.is_endpoint else (facts.sources, facts.hops)
        waiting = source_queues(inputs, runtime)
        hops = runtime["queues"]["dependencies"]
        node = _node("pipe", name, f"{facts.source_type} → {facts.sink_type}")
        written = self._datasets.get(facts.sink or "")
        node |= {
            "state": runtime["status"],
            "message": reason_of(runtime),
            "rate": rate,
            "entities": None if written is None else written["entities"],
            "queue": sum_known(waiting.values()),
        }
        self._nodes[node["id"]] = node
        for edge in edges:
            start, _, kind = edge
            of = start.partition(":")[2]
            read = kind in ("source", "merge")
            queue = waiting.get(of) if read else hops.get(of) if of in hopped else None
            self._edges.setdefault(edge, queue if start.startswith("dataset:") else None)

    def add_system(self, name: str, type_: str, errors: list[Json] | None, reason: str) -> None:
        node = _node("system", name, type_) | {"message": reason}
        if errors is not None:
            node |= {"state": "invalid", "message": first_error({"config-errors": errors})}
        self._nodes[node["id"]] = node

    def data(self, systems: Container[str]) -> Json:
        for end in sorted({end for edge in self._edges for end in edge[:2]}):
            kind, _, name = end.partition(":")
            if end in self._nodes:
                continue
            if kind == "dataset":
                self._add_dataset(name)
            elif name in systems:
                self._nodes[end] = _node(kind, name, "") | {"message": HIDDEN}
            else:
                message = f'there is no system "{name}"'
                self._nodes[end] = _node(kind, name, "") | {"state": "invalid", "message": message}
        written = {to for _, to, kind in self._edges if kind == "sink"}
        for node in self._nodes.values():
            lacks = node["kind"] == "dataset" and node["entities"] is None
            if lacks and node["id"] not in written and node["state"] != "ok":
                node["message"] = NOT_THERE
        nodes = sorted(self._nodes.values(), key=lambda node: (node["kind"], node["name"]))
        edges = [
            {"from": start, "to": end, "kind": kind, "queue": queue}
            for (start, end, kind), queue in sorted(self._edges.items())
        ]
        return {"nodes": nodes, "edges": edges}

    def _add_dataset(self, name: str) -> None:
        node = _node("dataset", name, "dataset")
        found = self._datasets.get(name)
        if found is not None:
            node["entities"] = found["entities"]
        if name not in self._readable:
            node["message"] = HIDDEN
        elif found is None or not found["populated"]:
            node |= {"state": "not run", "message": NOT_POPULATED}
        self._nodes[node["id"]] = node


def _node(kind: str, name: str, type_: str) -> Json:
    known: Json = {"id": f"{kind}:{name}", "kind": kind, "name": name, "type": type_, "state": "ok"}
    return known | {"queue": None, "entities": None, "rate": None, "message": ""}


def _named(edges: dict[str, tuple[Edge, ...]], kind: str) -> set[str]:
    """The names of the nodes of a kind that edges lead from or to."""
    ends = {end for found in edges.values() for edge in found for end in edge[:2]}
    return {end.partition(":")[2] for end in ends if end.startswith(f"{kind}:")}


# -- what is connected -------------------------------------------------------------------------


def edges_of(pipe: str, facts: Facts, effective: Json) -> Iterator[Edge]:
    """What a pipe reads, looks into and writes."""
    node = f"pipe:{pipe}"
    kind = "merge" if facts.source_type in MERGES else "source"
    for name in facts.sources:
        yield f"dataset:{name}", node, kind
    if facts.hops:
        looked_up = lookups(effective.get("transform"))
        for name in sorted(facts.hops):
            yield f"dataset:{name}", node, "lookup" if name in looked_up else "hop"
    if facts.sink is not None:
        yield node, f"dataset:{facts.sink}", "sink"
    for part, how in (("source", "source"), ("transform", "lookup")):
        for name in systems_of(effective.get(part)):
            yield f"system:{name}", node, how
    for name in systems_of(effective.get("sink")):
        yield node, f"system:{name}", "sink"


def systems_of(part: Any) -> list[str]:
    """The systems that a source, a sink, or one of several transforms names."""
    if isinstance(part, list):
        return sorted({name for item in part for name in systems_of(item)})
    name = part.get("system") if isinstance(part, dict) else None
    return [name] if isinstance(name, str) else []


def lookups(transform: Any) -> set[str]:
    """The datasets that rules look entities up in by id, and do not hop to."""
    found: set[str] = set()
    hopped: set[str] = set()
    waiting = [transform]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            named = item.get("datasets")
            texts = named if isinstance(named, list) else []
            hopped |= {text.split()[0] for text in texts if isinstance(text, str) and text.strip()}
            waiting.extend(item.values())
        elif isinstance(item, list):
            if len(item) > 1 and item[0] == "lookup-entity" and isinstance(item[1], str):
                found.add(item[1])
            waiting.extend(item)
    return found - hopped
