"""Small bars and spark lines, as text and as HTML without scripts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVELS = "▁▂▃▄▅▆▇█"
COLOUR = "#3d7edb"


def spark(counts: Sequence[float]) -> str:
    """A histogram as a line of blocks; what is there at all is at least the lowest one."""
    most = max(counts, default=0)
    if not most:
        return ""
    return "".join(
        " " if not n else LEVELS[min(len(LEVELS) - 1, int(n / most * len(LEVELS)))] for n in counts
    )


def bar(share: float, width: int = 10) -> str:
    """A share of 0 to 1 as a bar of text."""
    full = round(share * width)
    return "█" * full + "░" * (width - full)


def html_bar(share: float, label: str, width: int = 90, colour: str = COLOUR) -> str:
    """A share as a bar behind its label."""
    filled = max(0.0, min(share, 1.0)) * 100
    return (
        f"<div style='position:relative;width:{width}px;background:rgba(128,128,128,.18)'>"
        f"<div style='position:absolute;inset:0 auto 0 0;width:{filled:.1f}%;"
        f"background:{colour};opacity:.45'></div>"
        f"<div style='position:relative;padding:0 4px;text-align:right'>{escape(label)}</div></div>"
    )


def html_spark(
    counts: Sequence[float], hints: Sequence[str] = (), width: int = 110, height: int = 22
) -> str:
    """A histogram as small columns of SVG; each tells its hint when one hovers over it."""
    most = max(counts, default=0)
    if not most:
        return ""
    step = width / len(counts)
    columns = "".join(
        f"<rect x='{at * step:.1f}' y='{height - _column(n, most, height):.1f}' "
        f"width='{max(step - 1, 1):.1f}' height='{_column(n, most, height):.1f}'>"
        f"<title>{escape(hints[at] if at < len(hints) else f'{n:,}')}</title></rect>"
        for at, n in enumerate(counts)
    )
    return f"<svg width='{width}' height='{height}' fill='{COLOUR}' role='img'>{columns}</svg>"


def _column(count: float, most: float, height: int) -> float:
    return max(count / most * height, 1.0) if count else 0.0
