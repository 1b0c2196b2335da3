"""The sdshare source: the resources that an SDShare feed tells of.

The feed is read as it comes, page after page, and each fragment that is not within it is fetched
from where its entry leads. A fragment without statements is a delete. The time of the latest entry
is the offset; the next run asks for what was updated then or later.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from sesam_node.errors import InputError, PipeError, preview
from sesam_node.pipes.batch import BATCH_SIZE
from sesam_node.pipes.common_options import SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import source
from sesam_node.pipes.rdf.atom import FRAGMENT, FRAGMENTS_FEED, TYPE, FeedReader
from sesam_node.pipes.rdf.entities import Reader
from sesam_node.pipes.rdf.files import ACCEPT, format_of, read_graph
from sesam_node.pipes.rdf.names import Names
from sesam_node.pipes.rdf.terms import absolute_iri
from sesam_node.pipes.rdf.values import EXACT, LITERALS, SORT_LISTS
from sesam_node.pipes.updated import updated_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Batch, Context, Offset
    from sesam_node.pipes.rdf.atom import Entry
    from sesam_node.pipes.rdf.entities import Graph
    from sesam_node.pipes.systems.url import UrlSystem

HEADERS = {
    "accept": f"{TYPE}, application/xml;q=0.5",
    # Who can puts the fragments into the feed, which saves a request for each of them (RFC 7240).
    "prefer": "return=representation, updated=exact",
}
OLD_FEED = "http://www.egovpt.org/sdshare/fragmentsfeed"
WEB = re.compile(r"https?://", re.IGNORECASE).match


@source(
    "sdshare",
    SYSTEM_ID,
    URL,
    SORT_LISTS,
    LITERALS,
    supports_since=True,
    is_since_comparable=True,
    fetches=True,
    system_types=URL_SYSTEMS,
)
class SdshareSource:
    """The fragments of an SDShare feed, one entity each."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        self.supports_since = options["supports_since"] is not False
        self.is_since_comparable = True
        self.is_chronological = bool(options["is_chronological"])
        exact = options["literals"] == EXACT
        self._reader = Reader(Names.of(context), options["sort_lists"], exact)

    def read(self, since: Offset) -> Iterator[Batch]:
        if since is None:
            since = self._options["initial_since_value"]
        system: UrlSystem = self._context.system(self._options["system"])
        batch: list[Entity] = []
        for entity in self._entities(system, since if self.supports_since else None):
            batch.append(entity)
            if len(batch) == BATCH_SIZE:
                made = updated_batch(batch, self, since)
                since, batch = made.offset, []
                yield made
        if batch:
            yield updated_batch(batch, self, since)

    def _entities(self, system: UrlSystem, since: Offset) -> Iterator[Entity]:
        url: str | None = self._options["url"]
        params = {} if since is None else {"since": str(since)}
        met = set()
        while url is not None:
            if url in met:
                raise PipeError(f"{system}: the pages of the feed lead back to {preview(url)}")
            met.add(url)
            with system.request("GET", url, params=params, headers=HEADERS) as answer:
                feed, here = FeedReader(), system.url(url)
                url, following = None, None
                try:
                    for entry in feed.entries(answer.body):
                        following = _to_feed(entry) or following
                        for resource in entry.resources:
                            yield self._entity(system, entry, resource, here)
                except InputError as error:
                    message = f"{system}: {answer.url}: {error.message}"
                    raise PipeError(message, error.problems) from None
            if following is None:
                following, params = feed.links.get("next", (None, ""))[0], {}
            if following is not None:
                url = _web_address(system, here, following)

    def _entity(self, system: UrlSystem, entry: Entry, resource: str, here: str) -> Entity:
        try:
            uri = absolute_iri(resource)
        except ValueError as error:
            raise PipeError(f'{system}: the entry "{entry.id}" of the feed: {error}') from None
        if self.supports_since and not entry.updated:
            raise PipeError(f'{system}: the entry "{entry.id}" of the feed has no "updated"')
        entity = self._reader.entity(self._fragment(system, entry, here), uri)
        return {**entity, "_updated": entry.updated} if entry.updated else entity

    def _fragment(self, system: UrlSystem, entry: Entry, here: str) -> Graph:
        if entry.content is not None:
            data = entry.content if isinstance(entry.content, bytes) else entry.content.encode()
            return read_graph(io.BytesIO(data), format_of(entry.kind), here)
        link = entry.links.get(FRAGMENT) or entry.links.get("alternate")
        if link is None:
            raise PipeError(f'{system}: the entry "{entry.id}" of the feed has no fragment')
        url = _web_address(system, here, link[0])
        with system.request("GET", url, headers={"accept": ACCEPT}) as answer:
            kind = answer.headers.get("Content-Type") or link[1]
            return read_graph(answer.body, format_of(kind), answer.url)


def _to_feed(entry: Entry) -> str | None:
    """Where the fragments are, if it is an entry of a collection feed."""
    link = entry.links.get(FRAGMENTS_FEED) or entry.links.get(OLD_FEED)
    return None if link is None else link[0]


def _web_address(system: UrlSystem, here: str, href: str) -> str:
    """Where a link of a feed leads; never to a file of this machine."""
    url = urljoin(here, href)
    if not WEB(url):
        raise PipeError(f"{system}: the feed leads to {preview(url)}, which is not HTTP")
    return url
