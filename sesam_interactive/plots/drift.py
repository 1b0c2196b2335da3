"""How far properties have moved between two profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.plots.picture import Picture, empty, picture
from sesam_interactive.plots.style import AMBER, BLUE, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST, ROW_PX = 40, 30


def drift_figure(title: str, rows: Sequence[dict[str, Any]], *, still: str, text: str) -> Picture:
    """Two bars a property that changed: how far its values moved, and how its filled share did."""
    changed = [row for row in rows if row["changes"]][:MOST]
    if not changed:
        return empty(title, "nothing has drifted")
    names = [cut(row["property"], 40) for row in changed]
    hints = ["<br>".join([row["property"], *row["changes"]]) for row in changed]
    filled = [100 * abs((r["filled_after"] or 0) - (r["filled_before"] or 0)) for r in changed]
    moved = [None if row["moved"] is None else 100 * row["moved"] for row in changed]
    series = (("values moved", moved, BLUE), ("filled share changed", filled, AMBER))
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": names,
            "x": values,
            "marker": {"color": colour},
            "hovertext": hints,
            "hoverinfo": "text",
        }
        for name, values, colour in series
    ]
    return picture(
        traces,
        title,
        150 + ROW_PX * len(changed),
        still=still,
        text=text,
        xaxis={"range": [0, 100], "ticksuffix": " %"},
        yaxis={"autorange": "reversed"},
        barmode="group",
    )
