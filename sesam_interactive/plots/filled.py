"""How much of each property of a dataset is filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_interactive.plots.picture import Picture, empty, picture
from sesam_interactive.plots.style import AMBER, BLUE, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST, ROW_PX = 80, 22


def filled_figure(
    title: str, shares: Sequence[tuple[str, int, int, str]], *, still: str
) -> Picture:
    """A bar a property, from `(path, filled, total, types)`: the least filled are at the end."""
    known = sorted((s for s in shares if s[2]), key=lambda s: (-s[1] / s[2], s[0]))
    if not known:
        return empty(title, "no entities")
    shown = known[:MOST] if len(known) > MOST else known
    more = f" (the {MOST} most filled of {len(known):,})" if len(known) > MOST else ""
    values = [100 * filled / total for _, filled, total, _ in shown]
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": [cut(path, 40) for path, *_ in shown],
        "x": values,
        "marker": {"color": [BLUE if value >= 50 else AMBER for value in values]},
        "text": [f"{value:.3g} %" for value in values],
        "textposition": "auto",
        "hovertext": [f"{path} ({types}): {n:,} of {of:,}" for path, n, of, types in shown],
        "hoverinfo": "text",
    }
    text = "\n".join(f"{path}: {n:,} of {of:,} ({n / of:.1%})" for path, n, of, _ in shown)
    return picture(
        [bars],
        f"{title}: filled{more}",
        120 + ROW_PX * len(shown),
        still=still,
        text=text,
        xaxis={"range": [0, 100], "ticksuffix": " %", "title": {"text": "filled"}},
        yaxis={"autorange": "reversed"},
        bargap=0.25,
    )
