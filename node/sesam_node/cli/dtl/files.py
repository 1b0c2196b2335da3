"""Texts from files and standard input: read whole, as UTF-8, within limits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from sesam_node.cli.dtl.show import broken
from sesam_node.dtl.source_text import SourceText, read_source
from sesam_node.errors import InputError

STDIN = "-"
MAX_BYTES = 64 * 1024 * 1024
"""The most that is read of a rule file."""


def standard_input() -> IO[bytes]:
    """Standard input. Raises InputError where the shell closed it, as with `<&-`."""
    if sys.stdin is None:
        raise InputError("standard input is closed")
    return sys.stdin.buffer


def read_file(name: str, *, limit: int = MAX_BYTES) -> str:
    """The text of a file, or of standard input for `-`. Raises InputError."""
    try:
        if name == STDIN:
            data = standard_input().read(limit + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None
    if len(data) > limit:
        raise InputError(f"{name} has more than {limit:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is no UTF-8 text (byte {error.start})") from None


def read_text(name: str, text: str) -> SourceText:
    """JSON with comments. Raises RulesError."""
    try:
        return read_source(text)
    except InputError as error:
        offset = getattr(error, "offset", 0)
        raise broken(name, text, offset, error.problems[0]) from None
