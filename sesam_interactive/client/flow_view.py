"""The flow of a hub as a view: read anew while somebody looks at it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.datasets import Dataset
from sesam_interactive.client.pipes import Pipe

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection
    from sesam_interactive.client.flow import Flow
    from sesam_interactive.widgets.flow_graph import FlowGraph
    from sesam_node.model import Entity

RUNS = 8
PREVIEWED = 3


class NodeFlow:
    """What the view asks: the flow as it is now, the log of a pipe, what it makes.

    Of a part of the flow (`upstream`, `downstream`) only the nodes of that part.
    """

    def __init__(self, connection: Connection, flow: Flow) -> None:
        self._connection = connection
        self._part = {node["id"] for node in flow.nodes} if flow.is_part else None

    def flow(self) -> dict[str, Any]:
        from sesam_interactive.client.flow_reading import read_flow

        data = read_flow(self._connection).data
        nodes, edges = data["nodes"], data["edges"]
        if self._part is not None:
            nodes = [node for node in nodes if node["id"] in self._part]
            edges = [e for e in edges if e["from"] in self._part and e["to"] in self._part]
        return {**data, "nodes": nodes, "edges": edges}

    def log(self, name: str) -> list[dict[str, Any]]:
        return log_rows(self._pipe(name))

    def preview(self, name: str) -> list[dict[str, Any]]:
        return self._pipe(name).preview(limit=PREVIEWED)

    def sample(self, name: str) -> list[Entity]:
        dataset = Dataset(self._connection, name)
        return list(islice(dataset.entities(limit=PREVIEWED), PREVIEWED))

    def run(self, name: str) -> None:
        self._pipe(name).operate("start")

    def stop(self, name: str) -> None:
        self._pipe(name).stop()

    def _pipe(self, name: str) -> Pipe:
        return Pipe(self._connection, name)


def log_rows(pipe: Pipe) -> list[dict[str, Any]]:
    """The last runs of a pipe as rows, the newest first."""
    events = pipe.log(limit=3 * RUNS)
    ended = [event for event in events if event.get("event_type") != "pump-started"]
    return [_run(event) for event in ended[:RUNS]]


def _run(event: Entity) -> dict[str, Any]:
    """An event of an execution log as a row."""
    counted = event.get("metrics", {}).get("entities", {})
    what = str(event.get("event_type", "")).removeprefix("pump-")
    message = event.get("original_error_message") or event.get("reason_why_stopped") or ""
    return {
        "time": str(event.get("start_time", ""))[:19].replace("T", " "),
        "kind": str(event.get("sync_type") or what),
        "result": "ok" if what == "completed" else what,
        "read": counted.get("entities_last_run"),
        "changed": counted.get("changes_last_run"),
        "seconds": event.get("total_time"),
        "message": str(message).split("\n", 1)[0],
    }


def flow_graph(flow: Flow, connection: Connection) -> FlowGraph:
    """The flow as a graph to walk about in."""
    from sesam_interactive.widgets.flow_graph import FlowGraph

    return FlowGraph(flow.data, NodeFlow(connection, flow), flow._repr_html_, lambda: repr(flow))
