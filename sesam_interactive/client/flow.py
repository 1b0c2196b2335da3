"""The graph of a hub: systems, pipes and datasets, what waits, how quickly it goes, what fails.

`hub.flow()` asks the node for it once. `Flow.data` is plain JSON and all that a picture needs.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.flow_graph import Graph, parts
from sesam_interactive.client.flow_text import flow_text, headline
from sesam_interactive.display.progress import in_notebook
from sesam_node.errors import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.widgets.flow_graph import FlowGraph

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
