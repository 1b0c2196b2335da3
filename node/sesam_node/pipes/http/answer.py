"""What a server answered, and the error of an answer that is none."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sesam_node.errors import PipeError, preview

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO


class RequestError(PipeError):
    """A request that failed.

    `status` is that of the answer, null where there was none; `retry` holds the retry options of
    the pump that the system sets for this status (`retry_strategy`).
    """

    def __init__(
        self, message: str, status: int | None = None, retry: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry = dict(retry or {})

    def __reduce__(self) -> tuple[Any, ...]:
        return (RequestError, (self.message, self.status, self.retry))


@dataclass(slots=True)
class Answer:
    """An answer that is read as it comes. `url` is fit for messages: it holds no secrets."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: BinaryIO

    def beginning(self) -> bytes:
        """What of the body has come first, which can still be read."""
        body = self.body
        return body.peek() if isinstance(body, io.BufferedReader) else b""


class ChunkReader(io.RawIOBase):
    """A file over chunks of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def named_kind(headers: Mapping[str, str]) -> str:
    """What a server says that it sent, for errors of an answer that is no JSON; often a page."""
    told = str(headers.get("Content-Type") or headers.get("content-type") or "").strip()
    kind = told.partition(";")[0].strip().lower()
    return "" if not kind or "json" in kind else f" (the server sent {preview(kind, 60)})"


def shown(url: str) -> str:
    """A URL for messages: without user, password and query, which may hold secrets."""
    parts = urlsplit(url)
    if not parts.netloc:
        return url.partition("?")[0]
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
