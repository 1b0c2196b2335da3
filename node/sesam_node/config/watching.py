"""When files have changed, and have come to rest: editors write in more than one step.

A decider without I/O, and the look at a folder that feeds it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sesam_node.config.files import config_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Stamp = frozenset[tuple[str, int, int, int]]
"""Of each file: its name, time of change (ns), size in bytes, and inode."""


class Settled:
    """Says when what it is shown has changed and is the same twice running."""

    def __init__(self, applied: Stamp) -> None:
        self._applied = self._seen = applied

    def see(self, stamp: Stamp) -> bool:
        """Is this a change that has come to rest? Says so once."""
        settled = stamp == self._seen and stamp != self._applied
        self._seen = stamp
        if settled:
            self._applied = stamp
        return settled


def folder_stamp(root: Path, profile: str) -> Stamp:
    """The configuration files of a project folder and its variables; nothing where it is gone."""
    try:
        names = config_files(root)
    except OSError:
        return frozenset()
    return stamp_of(root / name for name in (*names, f"{profile}-env.json"))


def stamp_of(paths: Iterable[Path]) -> Stamp:
    """Those of the files that are there."""
    found = []
    for path in paths:
        try:
            state = os.stat(path)  # noqa: PTH116 - once a file, again and again
        except OSError:
            continue
        found.append((str(path), state.st_mtime_ns, state.st_size, state.st_ino))
    return frozenset(found)
