"""SDShare feeds of datasets and publishers."""

from __future__ import annotations

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import LIMIT, Parameter, on_dataset, on_pipe, operation
from sesam_node.api.parameters import last_texts
from sesam_node.pipes.rdf.atom import NTRIPLES, TYPE

SINCE = Parameter("since", doc="only what was updated at this time or later, or after this offset")
INLINE, EXACT = "return=representation", "updated=exact"


class DatasetCollectionHandler(ApiHandler):
    @operation(answer=TYPE, needs=on_dataset("read_data"))
    async def get(self, dataset_id: str) -> None:
        """The SDShare collection feed of a dataset: where its fragments are."""
        await self.stream(self.hub.feeds.dataset_collection(dataset_id), TYPE)


class DatasetFragmentsHandler(ApiHandler):
    @operation(SINCE, LIMIT, answer=TYPE, needs=on_dataset("read_data"))
    async def get(self, dataset_id: str) -> None:
        """The SDShare fragments feed of a dataset: an entry for each entity, deleted ones too.

        With the header `Prefer: return=representation` entries hold their statements; with
        `updated=exact` there each has a time of its own, of more digits than some can read.
        """
        wanted = self.request.headers.get("Prefer", "")
        feed = self.hub.feeds.dataset_fragments(
            dataset_id, **self.query(), inline=INLINE in wanted, exact=EXACT in wanted
        )
        await self.stream(feed, TYPE, {"Vary": "Prefer"})


class DatasetFragmentHandler(ApiHandler):
    @operation(answer=NTRIPLES, needs=on_dataset("read_data"))
    async def get(self, dataset_id: str, entity_id: str) -> None:
        """What is to be said of one entity, as N-Triples; nothing of a deleted one."""
        text = await self.hub.feeds.dataset_fragment(dataset_id, entity_id)
        self.set_header("Content-Type", NTRIPLES)
        self.finish(text)


class PublisherCollectionHandler(ApiHandler):
    @operation(answer=TYPE, needs=on_pipe("read_data"))
    async def get(self, pipe_id: str) -> None:
        """The SDShare collection feed of a publisher: where its fragments are."""
        await self.stream(self.hub.feeds.publisher_collection(pipe_id), TYPE)


class PublisherFragmentsHandler(ApiHandler):
    @operation(SINCE, LIMIT, answer=TYPE, needs=on_pipe("read_data"))
    async def get(self, pipe_id: str) -> None:
        """The SDShare fragments feed of a publisher; every other parameter is `_B` in DTL.

        Entries hold their statements. A time as `since` is that of the dataset which is its
        source; where that is another, everything comes.
        """
        parameters = last_texts(self.request.query_arguments)
        feed = self.hub.feeds.publisher_fragments(
            pipe_id,
            **self.query(),
            parameters={k: v for k, v in parameters.items() if k not in ("since", "limit")},
            exact=EXACT in self.request.headers.get("Prefer", ""),
        )
        await self.stream(feed, TYPE, {"Vary": "Prefer"})


ROUTES = [
    ("/datasets/{dataset_id}/sdshare-collection", DatasetCollectionHandler),
    ("/datasets/{dataset_id}/sdshare-fragments", DatasetFragmentsHandler),
    ("/datasets/{dataset_id}/sdshare-fragments/{entity_id*}", DatasetFragmentHandler),
    ("/publishers/{pipe_id}/sdshare-collection", PublisherCollectionHandler),
    ("/publishers/{pipe_id}/sdshare-fragments", PublisherFragmentsHandler),
]
