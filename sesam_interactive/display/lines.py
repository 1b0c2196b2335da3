"""The lines of a difference, coloured."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Readable on light and on dark: the ground is tinted, the text stays that of the page.
TINTS = {"+": "rgba(46,160,67,.18)", "-": "rgba(248,81,73,.18)", "@": "rgba(127,127,127,.15)"}


def differing_lines(lines: Iterable[str]) -> str:
    """The lines of a unified diff as HTML, added and removed ones tinted."""
    shown = "".join(f"<div style='background:{_tint(line)}'>{escape(line)}</div>" for line in lines)
    return f"<div style='font-family:monospace;white-space:pre-wrap'>{shown}</div>"


def _tint(line: str) -> str:
    if line.startswith(("+++", "---")):
        return "none"
    return TINTS.get(line[:1], "none")
