"""How many versions waited for a pipe over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_interactive.plots.picture import Picture, empty, picture
from sesam_interactive.plots.style import AMBER

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def queued_figure(
    title: str, points: Sequence[tuple[datetime, int]], *, still: str, text: str
) -> Picture:
    """Steps: a queue stays as it is until a run of somebody ends."""
    if not points:
        return empty(title, "it reads no dataset that a pipe writes, or nothing has run yet")
    trace = {
        "type": "scatter",
        "mode": "lines",
        "x": [moment for moment, _ in points],
        "y": [count for _, count in points],
        "line": {"shape": "hv", "color": AMBER},
        "fill": "tozeroy",
        "hovertemplate": "%{x}: %{y:,} waiting<extra></extra>",
    }
    axis = {"title": {"text": "versions waiting"}, "rangemode": "tozero"}
    return picture([trace], title, 320, still=still, text=text, yaxis=axis)
