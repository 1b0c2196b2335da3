"""Lines that come in chunks, cut anywhere, as blocks of whole lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BLOCK_BYTES: Final = 4 * 1024 * 1024
THREADS: Final = min(4, os.cpu_count() or 1)
"""So many blocks are parsed at a time."""

SAMPLE_BYTES: Final = 1_000
NEWLINE: Final = b"\n"
NULL: Final = b"null"

decode: Any = msgspec.json.Decoder().decode
raw_lines: Any = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode_lines
"""Lines as dicts whose values are not looked at."""


class Blocks:
    """Chunks put together to blocks of whole lines, in buffers that are used again.

    A block is valid until it is given back.
    """

    def __init__(self, chunks: Iterable[bytes], size: int = BLOCK_BYTES) -> None:
        self._chunks = chunks
        self._size = size
        self._free: list[bytearray] = []

    def __iter__(self) -> Iterator[memoryview]:
        buffer, used = self._buffer(0), 0
        for chunk in self._chunks:
            if used + len(chunk) > len(buffer):
                end = buffer.rfind(NEWLINE, 0, used) + 1
                if end:
                    yield memoryview(buffer)[:end]
                # Only a line longer than a block needs a buffer of its own.
                larger = self._buffer(used - end + len(chunk))
                larger[: used - end] = memoryview(buffer)[end:used]
                buffer, used = larger, used - end
            buffer[used : used + len(chunk)] = chunk
            used += len(chunk)
        if used:
            yield memoryview(buffer)[:used]

    def _buffer(self, least: int) -> bytearray:
        if least <= self._size and self._free:
            return self._free.pop()
        return bytearray(max(least, self._size))

    def give_back(self, block: memoryview) -> None:
        """Let the buffer of a block be used again."""
        buffer = block.obj
        if isinstance(buffer, bytearray) and len(buffer) == self._size:
            self._free.append(buffer)


def first_lines(block: memoryview, count: int) -> memoryview:
    """The first lines of a block, as many as there are in some bytes."""
    lines, end = bytes(block[: count * SAMPLE_BYTES]), 0
    for _ in range(count):
        found = lines.find(NEWLINE, end)
        if found < 0:
            break
        end = found + 1
    return block[:end] if end else block


def values_in(rows: list[dict[str, Any]], name: str) -> list[Any]:
    """The values of a property in raw lines; null where it is absent."""
    values: list[Any] = decode(b"[%b]" % b",".join([row.get(name, NULL) for row in rows]))
    return values
