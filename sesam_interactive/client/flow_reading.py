"""Reads the flow of a node: a few requests, put together to nodes and edges."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.flow import Flow
from sesam_interactive.client.flow_graph import parts
from sesam_interactive.client.pipe_facts import (
    component,
    first_error,
    lookups,
    pipe_state,
    rate_of,
    source_queues,
    systems_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_interactive.client.connection import Connection

AT_A_TIME = 6
MERGES = ("merge", "merge_datasets")
Json = dict[str, Any]


def read_flow(connection: Connection, *, rates: bool = True) -> Flow:
    """The flow of a node as it is now.

    With `rates` one more small request for each pipe that has run.
    """
    pipes = sorted(connection.get("/pipes"), key=lambda pipe: pipe["_id"])
    datasets = connection.get("/datasets", include_internal_datasets=False)
    systems = connection.get("/systems")
    builder = _Builder({item["_id"]: item["runtime"] for item in datasets})
    # Small requests, one a pipe: a few at a time, as most of each is waiting.
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        known = pool.map(partial(_last_rate, connection), pipes) if rates else repeat(None)
        for pipe, rate in zip(pipes, known, strict=False):
            builder.add_pipe(pipe, rate)
    builder.add_systems(systems)
    return Flow({"url": connection.url, **builder.data()}, connection)


def _last_rate(connection: Connection, pipe: Json) -> float | None:
    """Entities a second in the last run that the execution log tells of."""
    if pipe["runtime"].get("last-run") is None:
        return None
    path = f"/pipes/{segment(pipe['_id'])}/log"
    events = connection.get(path, limit=2, reverse=True, history=False)
    return next((rate for event in events if (rate := rate_of(event)) is not None), None)


class _Builder:
    def __init__(self, datasets: Mapping[str, Json]) -> None:
        self._datasets = datasets
        self._nodes: dict[str, Json] = {}
        self._edges: dict[tuple[str, str, str], Json] = {}
        for name in datasets:
            self._dataset(name)

    def add_pipe(self, pipe: Json, rate: float | None) -> None:
        effective, runtime, graph = pipe["config"]["effective"], pipe["runtime"], pipe["graph"]
        source, sink = component(effective.get("source")), component(effective.get("sink"))
        state, message = pipe_state(effective, runtime)
        waiting, hops = source_queues(pipe), runtime["queues"]["dependencies"]
        if str(sink.get("type", "")).endswith("_endpoint"):
            # A publisher reads anew for everybody who asks.
            waiting, hops = {}, {}
        known = [count for count in waiting.values() if count is not None]
        node = _node("pipe", pipe["_id"], f"{source.get('type', '')} → {sink.get('type', '')}")
        live = _live(self._datasets.get(graph["output"] or ""))
        node |= {"state": state, "message": message, "rate": rate, "entities": live}
        node["queue"] = sum(known) if known else None
        self._nodes[node["id"]] = node
        kind = "merge" if source.get("type") in MERGES else "source"
        for name in graph["inputs"]:
            self._edge(self._dataset(name), node["id"], kind, waiting.get(name))
        looked_up = lookups(effective.get("transform"))
        for name in graph["dependencies"]:
            how = "lookup" if name in looked_up else "hop"
            self._edge(self._dataset(name), node["id"], how, hops.get(name))
        if graph["output"]:
            self._edge(node["id"], self._dataset(graph["output"]), "sink")
        self._add_systems_of(node["id"], effective)

    def _add_systems_of(self, pipe_id: str, effective: Json) -> None:
        for name in systems_of(effective.get("source")):
            self._edge(f"system:{name}", pipe_id, "source")
        for name in systems_of(effective.get("transform")):
            self._edge(f"system:{name}", pipe_id, "lookup")
        for name in systems_of(effective.get("sink")):
            self._edge(pipe_id, f"system:{name}", "sink")

    def add_systems(self, systems: Iterable[Json]) -> None:
        for system in systems:
            runtime = system.get("runtime") or {}
            node = _node(
                "system", system["_id"], str(system["config"]["effective"].get("type", ""))
            )
            if runtime.get("is-valid-config") is False:
                node |= {"state": "invalid", "message": first_error(runtime)}
            self._nodes[node["id"]] = node

    def data(self) -> Json:
        named = {end for edge in self._edges.values() for end in (edge["from"], edge["to"])}
        for node_id in sorted(named.difference(self._nodes)):
            kind, name = parts(node_id)
            message = f'there is no system "{name}"'
            self._nodes[node_id] = _node(kind, name, "") | {"state": "invalid", "message": message}
        written = {edge["to"] for edge in self._edges.values() if edge["kind"] == "sink"}
        for node in self._nodes.values():
            if node["kind"] == "dataset" and node["entities"] is None and node["id"] not in written:
                node["message"] = "there is no such dataset, and no pipe writes it"
        nodes = sorted(self._nodes.values(), key=lambda node: (node["kind"], node["name"]))
        edges = sorted(self._edges.values(), key=lambda e: (e["from"], e["to"], e["kind"]))
        return {"nodes": nodes, "edges": edges}

    def _dataset(self, name: str) -> str:
        node_id = f"dataset:{name}"
        if node_id not in self._nodes:
            runtime = self._datasets.get(name)
            node = _node("dataset", name, "dataset") | {"entities": _live(runtime)}
            if runtime is None or not runtime.get("populated"):
                node["state"] = "not run"
                node["message"] = "not populated yet: no run of its pipe has come to its end"
            self._nodes[node_id] = node
        return node_id

    def _edge(self, start: str, end: str, kind: str, queue: int | None = None) -> None:
        edge = {"from": start, "to": end, "kind": kind, "queue": queue}
        self._edges.setdefault((start, end, kind), edge)


def _node(kind: str, name: str, type_: str) -> Json:
    known: Json = {"id": f"{kind}:{name}", "kind": kind, "name": name, "type": type_, "state": "ok"}
    return known | {"queue": None, "entities": None, "rate": None, "message": ""}


def _live(runtime: Json | None) -> int | None:
    if runtime is None:
        return None
    return int(runtime["count-index-exists"]) - int(runtime["count-index-deleted"])
