"""Entities of a node as lines of JSON, for frames; where a node has no such format, as pages."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_interactive.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.client.connection import Connection

NDJSON = "application/x-ndjson"
ACCEPT = f"{NDJSON}, application/json;q=0.1"


class Lines:
    """Chunks of lines, and what the node told of the dataset that they are from."""

    def __init__(self, chunks: Iterator[bytes], offset: int | None, generation: str) -> None:
        self.chunks = chunks
        self.offset = offset
        """The highest `_updated` of the dataset when they were read; None where it has none."""
        self.generation = generation
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.bytes += len(chunk)
            yield chunk


@contextmanager
def open_lines(
    connection: Connection, path: str, *, asked: dict[str, Any] | None = None, **parameters: Any
) -> Iterator[Lines]:
    """The entities at a path as NDJSON, read as they come; `asked` is posted to a query.

    Leaving the block early ends the request, and the work for it, on the node.
    """
    method = "GET" if asked is None else "POST"
    with connection.stream(path, method=method, body=asked, accept=ACCEPT, **parameters) as answer:
        is_lines = answer.headers.get("Content-Type", "").startswith(NDJSON)
        chunks = answer.iter_raw() if is_lines else iter([_as_lines(answer.read())])
        told = answer.headers.get("X-Dataset-Max-Updated", "")
        offset = int(told) if told.lstrip("-").isdecimal() else None
        yield Lines(chunks, offset, answer.headers.get("X-Dataset-Generation", ""))


def _as_lines(data: bytes) -> bytes:
    """The lines of a JSON array, which is what other nodes send."""
    try:
        return msgspec.json.Encoder().encode_lines(msgspec.json.decode(data or b"[]"))
    except msgspec.DecodeError as error:
        raise ClientError(f"the node sent no JSON: {error}") from None
