"""The pipes of a hub as a graph to walk about in: states, queues, rates and failures, live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import traitlets

from sesam_interactive.widgets.base import View, request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sesam_node.model import Entity


class FlowSource(Protocol):
    """What the graph asks of the side of the node."""

    def flow(self) -> dict[str, Any]:
        """Nodes and edges as they are now."""

    def log(self, name: str) -> list[dict[str, Any]]:
        """The last runs of a pipe: time, kind, result, read, changed, seconds, message."""

    def preview(self, name: str) -> list[dict[str, Any]]:
        """What a pipe makes of a few entities of its source."""

    def sample(self, name: str) -> list[Entity]:
        """A few entities of a dataset."""

    def run(self, name: str) -> None:
        """Start a pipe, and do not wait for its end."""

    def stop(self, name: str) -> None:
        """Stop a running pipe at its next batch."""


class FlowGraph(View, module="flow_graph"):
    """The graph of a hub. `chosen` is the id of the node that is looked at, such as `pipe:orders`.

    `still` makes the picture that stays in a saved notebook, `text` what a terminal shows.
    """

    data = traitlets.Dict().tag(sync=True)
    chosen = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        data: Mapping[str, Any],
        source: FlowSource,
        still: Callable[[], str],
        text: Callable[[], str],
    ) -> None:
        self._source = source
        self._still = still
        self._text = text
        super().__init__(data=dict(data))

    def still(self) -> str:
        return self._still()

    def __repr__(self) -> str:
        return self._text()

    @request(apart=True)
    def flow(self) -> dict[str, Any]:
        """The graph as it is now."""
        return self._source.flow()

    @request(apart=True)
    def log(self, name: str) -> list[dict[str, Any]]:
        return self._source.log(name)

    @request(apart=True)
    def preview(self, name: str) -> list[dict[str, Any]]:
        return self._source.preview(name)

    @request(apart=True)
    def sample(self, name: str) -> list[Entity]:
        return self._source.sample(name)

    @request(apart=True)
    def run(self, name: str) -> None:
        self._source.run(name)

    @request(apart=True)
    def stop(self, name: str) -> None:
        self._source.stop(name)
