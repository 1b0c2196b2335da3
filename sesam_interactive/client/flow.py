"""The graph of a hub: systems, pipes and datasets, what waits, how quickly it goes, what fails.

`hub.flow()` reads it once: nodes and edges come from the node's own facts about each pipe, states
and queues from its pumps, rates from the last run in each execution log. `Flow.data` is plain JSON
and all that a picture needs.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.flow_graph import Graph
from sesam_interactive.client.flow_text import flow_text, headline
from sesam_interactive.display.progress import in_notebook
from sesam_node.errors import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.widgets.flow_graph import FlowGraph

AT_A_TIME = 6
MERGES = ("merge", "merge_datasets")
BREAKER = "the circuit breaker has tripped: commit or roll back what it holds"
Json = dict[str, Any]


class Flow:
    """The graph of a hub, or a part of it, as it was when it was read.

    `data` is JSON: `nodes` (`id`, `kind`, `name`, `type`, `state`, `queue`, `entities`, `rate`,
    `message`) and `edges` (`from`, `to`, `kind`, `queue`). `queue` counts versions that are not
    read yet, `rate` is entities a second of the last run; both are null where that is not known.
    """

    def __init__(
        self, data: Json, connection: Connection | None = None, *, is_part: bool = False
    ) -> None:
        self.data = data
        self.is_part = is_part
        self._connection = connection

    @cached_property
    def _graph(self) -> Graph:
        return Graph([node["id"] for node in self.nodes], self.edges)

    @property
    def nodes(self) -> list[Json]:
        found: list[Json] = self.data["nodes"]
        return found

    @property
    def edges(self) -> list[Json]:
        found: list[Json] = self.data["edges"]
        return found

    @property
    def pipes(self) -> list[Json]:
        """The nodes that are pipes, by name."""
        return [node for node in self.nodes if node["kind"] == "pipe"]

    def order(self) -> list[str]:
        """The names of the pipes, each after those that it reads from.

        Pipes of one cycle stand beside each other: see `cycles`.
        """
        return [name for kind, name in map(parts, self._graph.order()) if kind == "pipe"]

    def cycles(self) -> list[list[str]]:
        """The pipes that read what they make, by themselves or through others."""
        return [
            [name for kind, name in map(parts, cycle) if kind == "pipe"]
            for cycle in self._graph.cycles()
        ]

    def upstream(self, name: str) -> Flow:
        """The part of the graph that a pipe, dataset or system gets its entities from, with it."""
        return self._part(self._graph.reached(self._id(name), upstream=True))

    def downstream(self, name: str) -> Flow:
        """The part of the graph that depends on a pipe, dataset or system, with it."""
        return self._part(self._graph.reached(self._id(name), upstream=False))

    def around(self, name: str) -> Flow:
        """The part of the graph that is up- or downstream of a pipe, dataset or system, with it."""
        found = self._id(name)
        graph = self._graph
        return self._part(
            graph.reached(found, upstream=True) | graph.reached(found, upstream=False)
        )

    def _part(self, ids: Iterable[str]) -> Flow:
        kept = set(ids)
        return Flow(
            {
                **self.data,
                "nodes": [node for node in self.nodes if node["id"] in kept],
                "edges": [e for e in self.edges if e["from"] in kept and e["to"] in kept],
            },
            self._connection,
            is_part=True,
        )

    def _id(self, name: str) -> str:
        """The id for what people write: `orders`, or `dataset:orders` where that is not plain."""
        known = {node["id"] for node in self.nodes}
        found = next(
            (
                i
                for i in (name, *(f"{k}:{name}" for k in ("pipe", "dataset", "system")))
                if i in known
            ),
            None,
        )
        if found is None:
            hint = suggestion(name, sorted({node["name"] for node in self.nodes}))
            text = f'there is no pipe, dataset or system "{name}" in this flow'
            raise ClientError(f"{text}; {hint}" if hint else text, status=404)
        return found

    def __getitem__(self, name: str) -> Json:
        """The node of a name, such as `orders`, or of an id, such as `dataset:orders`."""
        found = self._id(name)
        return next(node for node in self.nodes if node["id"] == found)

    def _ipython_key_completions_(self) -> list[str]:
        return sorted({node["name"] for node in self.nodes})

    def __len__(self) -> int:
        """How many pipes it has."""
        return len(self.pipes)

    def __bool__(self) -> bool:
        return True

    def to_polars(self) -> Any:
        """The nodes as a frame, a row a node."""
        import polars as pl

        return pl.DataFrame(self.nodes, schema=NODE_COLUMNS)

    def edges_to_polars(self) -> Any:
        """The edges as a frame, a row an edge."""
        import polars as pl

        return pl.DataFrame(self.edges, schema=EDGE_COLUMNS)

    def plot(self) -> Any:
        """The graph as a plotly figure: sources left, sinks right, colours for states."""
        from sesam_interactive.plots.flow import flow_figure

        return flow_figure(self.data)

    def view(self) -> FlowGraph:
        """The graph to walk about in: read anew while somebody looks at it, pipes run from there.

        Raises ClientError for a flow that was made of data alone.
        """
        from sesam_interactive.client.flow_view import flow_graph

        if self._connection is None:
            raise ClientError("this flow has no node to be read anew from")
        return flow_graph(self, self._connection)

    def _ipython_display_(self) -> None:
        if self._connection is None or not in_notebook():
            # Then the text or the picture is shown, as for everything else.
            raise NotImplementedError
        self.view()._ipython_display_()

    def __repr__(self) -> str:
        return flow_text(self)

    def _repr_html_(self) -> str:
        from sesam_interactive.plots.flow import flow_svg

        return flow_svg(self.data, headline(self))


NODE_COLUMNS: dict[str, Any] = dict.fromkeys(("id", "kind", "name", "type", "state"), str) | {
    "queue": int,
    "entities": int,
    "rate": float,
    "message": str,
}
EDGE_COLUMNS: dict[str, Any] = dict.fromkeys(("from", "to", "kind"), str) | {"queue": int}


def parts(node_id: str) -> tuple[str, str]:
    """Kind and name of an id of a node."""
    kind, _, name = node_id.partition(":")
    return kind, name


# -- reading it ------------------------------------------------------------------------------------


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


def rate_of(event: Mapping[str, Any]) -> float | None:
    """Entities a second in the run of an event of the execution log; null where it read none."""
    counted = event.get("metrics", {}).get("entities", {}).get("entities_last_run") or 0
    seconds = event.get("total_time") or 0
    return round(counted / seconds, 3) if counted and seconds else None


class _Builder:
    def __init__(self, datasets: Mapping[str, Json]) -> None:
        self._datasets = datasets
        self._nodes: dict[str, Json] = {}
        self._edges: dict[tuple[str, str, str], Json] = {}
        for name in datasets:
            self._dataset(name)

    def add_pipe(self, pipe: Json, rate: float | None) -> None:
        effective, runtime, graph = pipe["config"]["effective"], pipe["runtime"], pipe["graph"]
        source, sink = _component(effective.get("source")), _component(effective.get("sink"))
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
        for name in _systems(effective.get("source")):
            self._edge(f"system:{name}", pipe_id, "source")
        for name in _systems(effective.get("transform")):
            self._edge(f"system:{name}", pipe_id, "lookup")
        for name in _systems(effective.get("sink")):
            self._edge(pipe_id, f"system:{name}", "sink")

    def add_systems(self, systems: Iterable[Json]) -> None:
        for system in systems:
            runtime = system.get("runtime") or {}
            node = _node(
                "system", system["_id"], str(system["config"]["effective"].get("type", ""))
            )
            if runtime.get("is-valid-config") is False:
                node |= {"state": "invalid", "message": _first_error(runtime)}
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


def _component(config: Any) -> Json:
    return config if isinstance(config, dict) else {}


def _first_error(runtime: Mapping[str, Any]) -> str:
    errors = runtime.get("config-errors") or [{}]
    first = errors[0]
    return str(first.get("msg", first) if isinstance(first, dict) else first)


def source_queues(pipe: Json) -> dict[str, int | None]:
    """How many versions there are still to read in each dataset of the source of a pipe."""
    inputs, found = pipe["graph"]["inputs"], pipe["runtime"]["queues"]["source"]
    if isinstance(found, dict):
        return {name: found.get(name) for name in inputs}
    return dict.fromkeys(inputs, found)


def pipe_state(effective: Mapping[str, Any], runtime: Mapping[str, Any]) -> tuple[str, str]:
    """The state of a pipe in one word, and what there is to say of it."""
    if runtime.get("is-valid-config") is False:
        return "invalid", _first_error(runtime)
    if runtime.get("is-running"):
        return "running", ""
    if runtime.get("circuit-breaker-tripped"):
        return "failed", BREAKER
    if runtime.get("is-disabled"):
        return "disabled", str(runtime.get("disabled-comment") or "")
    if runtime.get("waiting-for"):
        return "waits", f"waits until populated: {', '.join(runtime['waiting-for'])}"
    if runtime.get("success") is False:
        told = runtime.get("last-original-error-message") or runtime.get("last-message") or ""
        return "failed", str(told)
    asked = _component(effective.get("source")), _component(effective.get("sink"))
    if any(str(component.get("type", "")).endswith("_endpoint") for component in asked):
        return "waits", "is run by who asks it"
    if runtime.get("success") is None:
        return "not run", ""
    waiting = int(runtime.get("retries") or 0)
    return "ok", f"{waiting:,} failed entities wait to be tried again" if waiting else ""


def _systems(component: Any) -> list[str]:
    """The systems that a source, sink or transform names, those of its alternatives too."""
    if isinstance(component, list):
        return sorted({name for item in component for name in _systems(item)})
    if not isinstance(component, dict):
        return []
    name = component.get("system")
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
