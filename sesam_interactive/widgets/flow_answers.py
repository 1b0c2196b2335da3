"""What the graph of a hub asks: itself as it is now, logs, previews; to run and stop pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sesam_interactive.widgets.answering import Answering, request

if TYPE_CHECKING:
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


class FlowAnswers(Answering):
    """The answers for one hub."""

    def __init__(self, source: FlowSource) -> None:
        self._source = source

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
