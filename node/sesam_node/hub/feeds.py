"""SDShare feeds of datasets and publishers: workers write them, as they are made of RDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.errors import NotFoundError
from sesam_node.hub.interactive import InteractiveService
from sesam_node.pipes.rdf.feeds import collection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

FEEDS = "sesam_node.pipes.rdf.feeds"


class Feeds(InteractiveService):
    """The service behind the `sdshare-…` paths of datasets and publishers."""

    def dataset_collection(self, dataset_id: str) -> Iterator[bytes]:
        self._known(dataset_id)
        return collection(dataset_id)

    def dataset_fragments(
        self, dataset_id: str, *, since: str | None, limit: int | None, inline: bool, exact: bool
    ) -> AsyncIterator[bytes]:
        """The feed of what has changed; `inline` puts the statements into it, `exact` offsets."""
        self._known(dataset_id)
        payload = {
            "dataset": dataset_id,
            "since": since,
            "limit": limit,
            "namespaces": self._configuration.namespaces(),
            "inline": inline,
            "exact": exact,
        }
        call = self._executor.call(f"{FEEDS}:dataset_feed", payload, timeout_s=self._timeout_s)
        return call.chunks()

    async def dataset_fragment(self, dataset_id: str, entity_id: str) -> bytes:
        """The N-Triples of one entity. Raises NotFoundError."""
        self._known(dataset_id)
        text: bytes = await self._work(
            f"{FEEDS}:dataset_fragment",
            dataset=dataset_id,
            entity_id=entity_id,
            namespaces=self._configuration.namespaces(),
        )
        return text

    def publisher_collection(self, pipe_id: str) -> Iterator[bytes]:
        self._publishes(pipe_id)
        return collection(pipe_id)

    def publisher_fragments(
        self,
        pipe_id: str,
        *,
        since: str | None,
        limit: int | None,
        parameters: Mapping[str, str],
        exact: bool,
    ) -> AsyncIterator[bytes]:
        """The feed of what a pipe publishes; `parameters` are `_B` in DTL."""
        self._publishes(pipe_id)
        payload = {
            "definition": self._definition(pipe_id),
            "since": since,
            "limit": limit,
            "parameters": dict(parameters),
            "exact": exact,
        }
        call = self._executor.call(f"{FEEDS}:publisher_feed", payload, timeout_s=self._timeout_s)
        return call.chunks()

    def _known(self, dataset_id: str) -> None:
        if not self._store.exists(dataset_id):
            raise NotFoundError(f'the dataset "{dataset_id}" does not exist')

    def _publishes(self, pipe_id: str) -> None:
        if self._pumps.known(pipe_id).sink_type != "http_endpoint":
            raise NotFoundError(f'the pipe "{pipe_id}" does not publish SDShare feeds')
