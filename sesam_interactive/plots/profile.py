"""Small pictures of properties side by side: histograms, or the most frequent values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.plots.picture import Picture, empty
from sesam_interactive.plots.style import BLUE, GREEN, cut, layout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_interactive.frames.profile import PropertyProfile

ACROSS, ROW_PX, MOST = 3, 210, 30
TOP_SHOWN, LABEL = 8, 16


def profile_figure(
    title: str, properties: Sequence[PropertyProfile], *, still: str, text: str
) -> Picture:
    """A picture of each property that has values to show, at most 30."""
    from plotly.subplots import make_subplots

    shown = [found for found in properties if found.histogram or _repeats(found)][:MOST]
    if not shown:
        return empty(title, "no property has values to show the frequency of")
    across = min(ACROSS, len(shown))
    down = -(-len(shown) // across)
    figure = make_subplots(
        rows=down,
        cols=across,
        subplot_titles=[_title(found) for found in shown],
        horizontal_spacing=0.15,
        vertical_spacing=min(0.35 / down, 0.3),
    )
    for place, found in enumerate(shown):
        row, column = place // across + 1, place % across + 1
        figure.add_trace(_bars(found), row=row, col=column)
        if not found.histogram:
            names = [cut(value, LABEL) for value, _ in found.top[:TOP_SHOWN]]
            ticks = {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": names}
            figure.update_yaxes(autorange="reversed", **ticks, row=row, col=column)
    height = ROW_PX * down + 80 if len(shown) > 1 else 380
    base = layout(title, height)
    axes = {name: base.pop(name) for name in ("xaxis", "yaxis")}
    figure.update_xaxes(**axes["xaxis"])
    figure.update_yaxes(**axes["yaxis"])
    figure.update_layout(**base, showlegend=False, bargap=0.08)
    figure.update_annotations(font_size=12)
    return Picture(figure, still=still, text=text)


def _repeats(found: PropertyProfile) -> bool:
    return bool(found.top) and found.top[0][1] > 1


def _title(found: PropertyProfile) -> str:
    from html import escape

    share = f"{found.filled_share:.0%} filled" if found.filled < found.total else ""
    facts = ", ".join(filter(None, [found.type_text, share]))
    return f"<b>{escape(cut(found.path, 24))}</b> {escape(cut(facts, 28))}"


def _bars(found: PropertyProfile) -> dict[str, Any]:
    from sesam_interactive.frames.profile import bin_text

    if found.histogram:
        middles = [b.low + (b.high - b.low) / 2 for b in found.histogram]
        return {
            "type": "bar",
            "x": middles,
            "y": [b.count for b in found.histogram],
            "marker": {"color": BLUE},
            "hovertext": [f"{bin_text(b)}: {b.count:,}" for b in found.histogram],
            "hoverinfo": "text",
        }
    top = found.top[:TOP_SHOWN]
    return {
        "type": "bar",
        "orientation": "h",
        # By place, as two values may look the same once they are cut.
        "y": list(range(len(top))),
        "x": [count for _, count in top],
        "marker": {"color": GREEN},
        "hovertext": [f"{value}: {count:,} ({count / found.filled:.1%})" for value, count in top],
        "hoverinfo": "text",
    }
