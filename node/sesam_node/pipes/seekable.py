"""Files that are read from their end, or here and there, whatever system they come from."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextmanager
def seekable(system: Any, url: str) -> Iterator[BinaryIO]:
    """A file behind a URL system that can be moved in.

    One of this machine is read where it lies, what a server sends is put into a temporary file.
    """
    with system.open(url) as raw:
        if raw.seekable():
            yield raw
            return
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(raw, kept)
            kept.seek(0)
            yield kept
