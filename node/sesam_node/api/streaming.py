"""Answers that are sent as they come, one chunk in memory at a time."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from sesam_node.errors import SesamError
from sesam_node.model.formats import JSON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = logging.getLogger("sesam_node.api")


class StreamingHandler(RequestHandler):
    """A handler that can answer with a stream; the iterators it is given are always closed."""

    request_id = ""
    _pulling: asyncio.Future[Any] | None = None

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._pulling is not None:
            self._pulling.cancel()

    async def stream(
        self,
        chunks: Iterator[bytes] | AsyncIterator[bytes],
        content_type: str = JSON,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with chunks as they come, one in memory at a time.

        The first is fetched before the status goes out, so that what fails at once is an error
        answer. Later failures cut the connection: the client must not take half for the whole.
        A client that goes away stops the work: the iterator is closed.
        """
        self._pulling = None
        try:
            first = await self._next(chunks) if self.request.method != "HEAD" else None
            self.set_header("Content-Type", content_type)
            for name, value in (headers or {}).items():
                self.set_header(name, value)
            if self.request.method == "HEAD":
                # The length is not known without the work.
                await self.flush()
            if first is None:
                self.finish()
                return
            self.write(first)
            await self._send_rest(chunks)
        except StreamClosedError:
            log.debug("request %s: the client went away", self.request_id)
        finally:
            await _close(chunks)

    async def _send_rest(self, chunks: Iterator[bytes] | AsyncIterator[bytes]) -> None:
        try:
            await self.flush()
            while (chunk := await self._next(chunks)) is not None:
                self.write(chunk)
                await self.flush()
        except StreamClosedError:
            raise
        except Exception as error:
            if not isinstance(error, SesamError):
                log.exception("request %s failed in its stream", self.request_id)
            else:
                log.warning("request %s failed in its stream: %s", self.request_id, error.message)
            connection = cast("Any", self.request.connection)
            if connection.stream is not None:
                connection.stream.close()
            raise StreamClosedError from error
        self.finish()

    async def _next(self, chunks: Iterator[bytes] | AsyncIterator[bytes]) -> bytes | None:
        if isinstance(chunks, AsyncIterator):
            pulling = asyncio.ensure_future(_anext(chunks))
            self._pulling = pulling
            try:
                return await pulling
            except asyncio.CancelledError:
                if self._closed():
                    raise StreamClosedError from None
                raise
            finally:
                self._pulling = None
        await asyncio.sleep(0)
        if self._closed():
            raise StreamClosedError
        return next(chunks, None)

    def _closed(self) -> bool:
        stream = getattr(self.request.connection, "stream", None)
        return stream is None or bool(stream.closed())


async def _anext(chunks: Any) -> bytes | None:
    try:
        return cast("bytes", await chunks.__anext__())
    except StopAsyncIteration:
        return None


async def _close(chunks: Any) -> None:
    """End an iterator that may not have been read to its end."""
    close = getattr(chunks, "aclose", None) or getattr(chunks, "close", None)
    if close is not None:
        result = close()
        if inspect.isawaitable(result):
            await result
