"""Rows of the same keys as aligned lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

CELL = 44


def aligned(
    rows: Sequence[Mapping[str, str]], *, right: Collection[int] = (), width: int = CELL
) -> list[str]:
    """A line of heads and one a row; columns that are empty throughout are left out.

    `right` are the places of the columns to align right; long cells are cut.
    """
    if not rows:
        return []
    names = list(rows[0])
    last = names[-1]
    shown = [(at, n) for at, n in enumerate(names) if any(row[n] for row in rows)]
    lines = []
    for row in [{name: name for name in names}, *rows]:
        cells = []
        for at, name in shown:
            text = _cut(row[name], 2 * width if name == last else width)
            size = max(len(name), *(len(_cut(r[name], width)) for r in rows))
            cells.append(text.rjust(size) if at in right else text.ljust(size))
        lines.append("  ".join(cells).rstrip())
    return lines


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
