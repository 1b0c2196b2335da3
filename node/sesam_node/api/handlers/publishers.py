"""Publishers: reading the endpoint of a pipe pulls entities through it."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar
from urllib.parse import quote

from sesam_node.api.base import ApiHandler
from sesam_node.api.operations import LIMIT, SINCE, on_pipe, operation
from sesam_node.api.parameters import last_texts
from sesam_node.hub.pipes import CONTENT_TYPES
from sesam_node.model.formats import FORMATS


class PublisherHandler(ApiHandler):
    """The base of the endpoints; every other query parameter is `_B` in DTL."""

    endpoint: ClassVar[str]

    async def publish(self, pipe_id: str, filename: str | None) -> None:
        values = self.query()
        parameters = {
            name: text
            for name, text in last_texts(self.request.query_arguments).items()
            if name not in ("since", "limit")
        }
        published = await self.hub.pipes.publish(
            pipe_id,
            self.endpoint,
            since=values["since"],
            limit=values["limit"],
            parameters=parameters,
            form=self.accepted_format(),
        )
        headers = {
            **published.headers,
            "Content-Disposition": disposition(
                published.disposition, filename or published.filename
            ),
        }
        await self.stream(published.chunks, published.content_type, headers)


class EntitiesPublisher(PublisherHandler):
    endpoint = "entities"

    @operation(SINCE, LIMIT, answer=", ".join(FORMATS), needs=on_pipe("read_data"))
    async def get(self, pipe_id: str, filename: str | None = None) -> None:
        """The entities that the pipe publishes, in the format that `Accept` names.

        The `X-Dataset-…` headers tell of the dataset they are made of.
        """
        await self.publish(pipe_id, filename)


class CsvPublisher(PublisherHandler):
    endpoint = "csv"

    @operation(SINCE, LIMIT, answer="text/csv", needs=on_pipe("read_data"))
    async def get(self, pipe_id: str, filename: str | None = None) -> None:
        """The rows that the pipe publishes."""
        await self.publish(pipe_id, filename)


class XmlPublisher(PublisherHandler):
    endpoint = "xml"

    @operation(SINCE, LIMIT, answer="application/xml", needs=on_pipe("read_data"))
    async def get(self, pipe_id: str, filename: str | None = None) -> None:
        """The elements that the pipe publishes."""
        await self.publish(pipe_id, filename)


class ExcelPublisher(PublisherHandler):
    endpoint = "excel"

    @operation(SINCE, LIMIT, answer=CONTENT_TYPES["excel"], needs=on_pipe("read_data"))
    async def get(self, pipe_id: str, filename: str | None = None) -> None:
        """The workbook that the pipe publishes."""
        await self.publish(pipe_id, filename)


def disposition(kind: str, filename: str | None) -> str:
    """A `Content-Disposition` header that holds any file name, also for old readers."""
    if not filename:
        return "inline"
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    plain = re.sub(r'[\x00-\x1f"\\/;]', "_", plain) or "download"
    text = f'{kind}; filename="{plain}"'
    if plain != filename:
        text += f"; filename*=UTF-8''{quote(filename, safe='')}"
    return text


ROUTES = [
    ("/publishers/{pipe_id}/entities", EntitiesPublisher),
    ("/publishers/{pipe_id}/entities/{filename}", EntitiesPublisher),
    ("/publishers/{pipe_id}/csv", CsvPublisher),
    ("/publishers/{pipe_id}/csv/{filename}", CsvPublisher),
    ("/publishers/{pipe_id}/xml", XmlPublisher),
    ("/publishers/{pipe_id}/xml/{filename}", XmlPublisher),
    ("/publishers/{pipe_id}/excel", ExcelPublisher),
    ("/publishers/{pipe_id}/excel/{filename}", ExcelPublisher),
]
