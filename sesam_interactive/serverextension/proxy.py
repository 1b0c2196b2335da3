"""Calls of the page passed on to the node, and its answers passed back as they come.

The page never sees the node's token, nor the node the page's cookies. What goes through is data:
JSON, lines of JSON, events, text; never a page of the node, which would run as one of Jupyter's. An
answer of any size, or without end, takes one chunk of memory: the next is read when this one is
gone. When the page goes away, the call to the node ends.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_plus

import httpx

from sesam_interactive.client.connection import is_near, verified
from sesam_node.errors import InputError, preview

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping

    from sesam_interactive.serverextension.nodes import Nodes

PASSED = ("accept", "content-type", "if-match", "if-none-match")
"""Headers of the page that mean something to the node."""

PASSED_BACK = ("content-type", "etag", "retry-after", "x-request-id", "vary")
DATA = ("application/json", "application/x-ndjson", "text/event-stream")
WITHOUT_BODY = (204, 304)
CONNECT_S = 5.0
ANSWER_S = 120.0
"""How long the node may be silent; a stream of events says something more often."""


class NotDataError(Exception):
    """The node's answer is of a type that does not go through."""


class Proxy:
    """The way to the node that is shown."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._clients: dict[bool, httpx.AsyncClient] = {}

    def _client(self, url: str) -> httpx.AsyncClient:
        near = is_near(httpx.URL(url).host)
        if near not in self._clients:
            self._clients[near] = httpx.AsyncClient(
                timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S, pool=None),
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
                verify=verified(verify=True),
                # A proxy of the environment is for what is far.
                trust_env=not near,
            )
        return self._clients[near]

    @asynccontextmanager
    async def call(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[httpx.Response]:
        """The node's answer to a call, to be read as it comes.

        Raises InputError for a path that leads out of the API, NoNodeError where there is no node,
        httpx.HTTPError where it does not answer, NotDataError where its answer is no data.
        """
        _check(path)
        target = self._nodes.target()
        sent = {name: headers[name] for name in PASSED if name in headers}
        sent["accept-encoding"] = "identity"
        if target.token:
            sent["authorization"] = f"Bearer {target.token}"
        url = f"{target.url}/{path}{f'?{query}' if query else ''}"
        client = self._client(url)
        request = client.build_request(method, url, headers=sent, content=body or None)
        answer = await client.send(request, stream=True, follow_redirects=False)
        try:
            kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
            is_empty = (
                answer.status_code in WITHOUT_BODY or answer.headers.get("content-length") == "0"
            )
            if kind not in DATA and not is_empty:
                raise NotDataError(kind or "of no type")
            yield answer
        finally:
            await answer.aclose()

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()


def _check(path: str) -> None:
    """Raises InputError for a path that leads out of the API, here or where a gateway unescapes it.

    The node's token goes with the call, and it is for the API alone.
    """
    parts = unquote(path).replace("\\", "/").split("/")
    if "." in parts or ".." in parts:
        raise InputError(f"expected a path of the API, got {preview(path)}")


def without(query: str, names: Collection[str]) -> str:
    """A query less some of its parameters, the others as they were written."""
    pairs = query.split("&")
    return "&".join(one for one in pairs if unquote_plus(one.partition("=")[0]) not in names)


def passed_back(answer: httpx.Response) -> dict[str, Any]:
    """The headers of an answer that the page may see."""
    return {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
