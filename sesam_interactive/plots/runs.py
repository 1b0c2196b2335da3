"""Runs over time: how long they took and where, what they read and changed, how quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.plots.picture import Picture, empty
from sesam_interactive.plots.style import AMBER, BLUE, GREEN, GREY, RED, SERIES, layout

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = (
    ("source", "source_seconds", BLUE),
    ("transforms", "transform_seconds", AMBER),
    ("sink", "sink_seconds", GREEN),
)
MOST_PIPES = 12
Json = dict[str, Any]


def runs_figure(title: str, rows: Sequence[Json], *, still: str, text: str) -> Picture:
    """Seconds, entities and rates over time; of several pipes a line each."""
    if not rows:
        return empty(f"runs of {title}", "no run is in the execution log yet")
    from plotly.subplots import make_subplots

    titles = ("seconds a run", "entities a run", "entities a second")
    figure = make_subplots(
        rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.09, subplot_titles=titles
    )
    pipes = sorted({row["pipe"] for row in rows})
    if len(pipes) == 1:
        _one_pipe(figure, rows)
    else:
        _several(figure, rows, pipes)
    base = layout(f"runs of {title}", 640)
    axes = {name: base.pop(name) for name in ("xaxis", "yaxis")}
    figure.update_xaxes(**axes["xaxis"])
    figure.update_yaxes(**axes["yaxis"], rangemode="tozero")
    base["legend"] = {"orientation": "h", "y": -0.08, "x": 0}
    base["margin"] |= {"b": 70}
    figure.update_layout(**base)
    figure.update_annotations(font_size=12)
    return Picture(figure, still=still, text=text)


def _one_pipe(figure: Any, rows: Sequence[Json]) -> None:
    times = [row["start"] for row in rows]
    hints = [_hint(row) for row in rows]
    rest = [max(0.0, r["seconds"] - sum(r[part] for _, part, _ in PARTS)) for r in rows]
    parts = [(name, [row[part] for row in rows], colour) for name, part, colour in PARTS]
    # Lines with areas: bars at moments would be as thin as hairs.
    for name, values, colour in [*parts, ("the rest", rest, GREY)]:
        line = {"width": 0.5, "color": colour}
        stacked = {"stackgroup": "seconds", "mode": "lines+markers", "marker": {"size": 4}}
        trace = _line(name, times, values, hints) | stacked | {"line": line, "marker_color": colour}
        figure.add_trace(trace, row=1, col=1)
    for name, what, colour in (("read", "read", BLUE), ("changed", "changed", GREEN)):
        trace = _line(name, times, [row[what] for row in rows], hints)
        figure.add_trace(trace | {"line": {"color": colour}}, row=2, col=1)
    trace = _line("rate", times, [row["rate"] for row in rows], hints)
    figure.add_trace(trace | {"line": {"color": BLUE}, "connectgaps": True}, row=3, col=1)
    _failed(figure, rows)


def _several(figure: Any, rows: Sequence[Json], pipes: list[str]) -> None:
    """The pipes that worked longest get a line each."""
    seconds = {pipe: sum(r["seconds"] for r in rows if r["pipe"] == pipe) for pipe in pipes}
    busiest = sorted(pipes, key=lambda pipe: (-seconds[pipe], pipe))[:MOST_PIPES]
    for place, pipe in enumerate(busiest):
        own = [row for row in rows if row["pipe"] == pipe]
        colour = SERIES[place % len(SERIES)]
        dash = ("solid", "dash", "dot")[place // len(SERIES) % 3]
        for row, what in enumerate(("seconds", "read", "rate"), 1):
            trace = _line(pipe, [r["start"] for r in own], [r[what] for r in own], map(_hint, own))
            trace |= {"line": {"color": colour, "dash": dash}, "legendgroup": pipe}
            figure.add_trace(trace | {"showlegend": row == 1, "connectgaps": True}, row=row, col=1)
    _failed(figure, rows)


def _line(name: str, times: Any, values: Any, hints: Any) -> Json:
    shape = {"type": "scatter", "mode": "lines+markers", "name": name, "marker": {"size": 5}}
    return (
        shape
        | {"x": list(times), "y": list(values), "hovertext": list(hints)}
        | {"hoverinfo": "text+name"}
    )


def _failed(figure: Any, rows: Sequence[Json]) -> None:
    failed = [row for row in rows if not row["success"]]
    if not failed:
        return
    marks = {"symbol": "x", "size": 10, "color": RED}
    trace = {"type": "scatter", "mode": "markers", "name": "failed", "marker": marks}
    trace |= {"x": [row["start"] for row in failed], "y": [row["seconds"] for row in failed]}
    trace |= {"hovertext": [_hint(row) for row in failed], "hoverinfo": "text"}
    figure.add_trace(trace, row=1, col=1)


def _hint(row: Json) -> str:
    lines = [
        f"{row['pipe']}: {row['start']:%Y-%m-%d %H:%M:%S} UTC, {row['kind']}",
        f"{row['seconds']:,.2f} s, {row['read']:,} read, {row['changed']:,} changed",
    ]
    if row["rate"] is not None:
        lines.append(f"{row['rate']:,.0f} entities/s")
    if not row["success"]:
        lines.append(row["message"][:200])
    return "<br>".join(lines)
