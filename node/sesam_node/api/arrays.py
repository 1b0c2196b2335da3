"""Work on JSON arrays that pass by in chunks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# A whole string, the start of one that goes on in the next chunk, or a mark of structure.
TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|"|[\[\]{},]', re.DOTALL)


def without_first(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """The array without its first `count` elements; memory does not grow with it."""
    rest = b""
    depth = 0
    for chunk in chunks:
        if count == 0:
            yield chunk
            continue
        rest += chunk
        end = len(rest)
        for match in TOKEN.finditer(rest):
            mark = match[0]
            if mark == b'"':
                end = match.start()
                break
            if mark in (b"[", b"{"):
                depth += 1
            elif mark in (b"]", b"}"):
                depth -= 1
            elif mark == b"," and depth == 1:
                count -= 1
                if count == 0:
                    yield b"[" + rest[match.end() :]
                    break
        rest = rest[end:]
    if count:
        yield b"[]"
