"""Graphs of boxes: as an SVG picture without scripts, and as a plotly figure of the same layout.

The SVG is an image within the HTML: where a notebook is not trusted yet, JupyterLab takes drawings
away and leaves their texts, but shows images. It has a background of its own, light in the dark.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sesam_interactive.plots.layered import Layout, layered
from sesam_interactive.plots.picture import picture
from sesam_interactive.plots.style import FONT, GREY, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_interactive.plots.picture import Picture

BOX_W, BOX_H, STEP_X, STEP_Y, EDGE = 164, 40, 206, 54, 8
NAME_WIDTH, FACTS_WIDTH = 24, 29
ROW_PX, MOST_PX = 62, 720
FITS_PX = 1_600
"""How wide a picture may be to be made as small as the page; wider ones scroll."""
INK, PAPER = "#222", "#fff"


@dataclass(frozen=True)
class Box:
    """A node: its name, a line of facts below it, what hovering tells, its colour and shape."""

    id: str
    name: str
    facts: str
    hover: str
    colour: str
    shape: str = "square"


@dataclass(frozen=True)
class Arrow:
    """An edge between boxes; dashed ones are of the second kind."""

    start: str
    end: str
    hover: str = ""
    dashed: bool = False
    label: str = ""


def graph_svg(boxes: Sequence[Box], arrows: Sequence[Arrow], title: str) -> str:
    """The graph as HTML with an SVG image; wide ones scroll."""
    found = _layout(boxes, arrows)
    width = found.width * STEP_X + BOX_W + 2 * EDGE
    height = found.height * STEP_Y + BOX_H + 2 * EDGE
    parts = [_svg_arrow(arrow, found) for arrow in arrows if (arrow.start, arrow.end) in found.ways]
    parts += [_svg_box(box, *found.places[box.id]) for box in boxes]
    drawing = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"viewBox='0 0 {width:.0f} {height:.0f}' color='{INK}' font-size='12' "
        f"font-family='{escape(FONT, quote=True)}'>"
        f"<rect width='100%' height='100%' fill='{PAPER}'/>{''.join(parts)}</svg>"
    )
    image = base64.b64encode(drawing.encode()).decode()
    size = "max-width:100%;height:auto" if width <= FITS_PX else "max-width:none"
    return (
        f"<div style='font-family:{escape(FONT)}'><b>{escape(title)}</b>"
        f"<div style='overflow:auto;max-height:{MOST_PX}px'>"
        f"<img alt='{escape(title, quote=True)}' style='{size}' "
        f"src='data:image/svg+xml;base64,{image}'></div></div>"
    )


def _layout(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> Layout:
    return layered([box.id for box in boxes], [(arrow.start, arrow.end) for arrow in arrows])


def _svg_box(box: Box, layer: int, height: float) -> str:
    x, y = layer * STEP_X + EDGE, height * STEP_Y + EDGE
    round_ = 18 if box.shape == "circle" else 4
    facts = (
        f"<text x='{x + 9}' y='{y + 31:.1f}' fill='currentColor' opacity='.72' font-size='10.5'>"
        f"{escape(cut(box.facts, FACTS_WIDTH))}</text>"
        if box.facts
        else ""
    )
    name_y = y + (17 if box.facts else 24)
    return (
        f"<g><title>{escape(box.hover)}</title>"
        f"<rect x='{x}' y='{y:.1f}' width='{BOX_W}' height='{BOX_H}' rx='{round_}' "
        f"fill='{box.colour}' fill-opacity='.13' stroke='{box.colour}' stroke-width='1.4'/>"
        f"<text x='{x + 9}' y='{name_y:.1f}' fill='currentColor' font-weight='600'>"
        f"{escape(cut(box.name, NAME_WIDTH))}</text>{facts}</g>"
    )


def _svg_arrow(arrow: Arrow, found: Layout) -> str:
    way = found.ways[arrow.start, arrow.end]
    forward = way[0][0] <= way[-1][0]
    # At each layer the edge comes in at one side and leaves at the other, as wide as the boxes.
    comes, leaves = (0, BOX_W) if forward else (BOX_W, 0)
    stops = [(x * STEP_X + EDGE, y * STEP_Y + EDGE + BOX_H / 2) for x, y in way]
    path = f"M{stops[0][0] + leaves:.0f} {stops[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(stops):
        start, end = x0 + leaves, x1 + comes
        half = (end - start) / 2
        path += f"C{start + half:.0f} {y0:.1f} {end - half:.0f} {y1:.1f} {end:.0f} {y1:.1f}"
        if (x1, y1) != stops[-1]:
            path += f"L{x1 + leaves:.0f} {y1:.1f}"
    dash = " stroke-dasharray='5 4'" if arrow.dashed else ""
    tip = (stops[-1][0] + comes, stops[-1][1])
    label = _svg_label(arrow.label, tip, forward=forward)
    return (
        f"<g><title>{escape(arrow.hover)}</title><path d='{path}' fill='none' stroke='{GREY}' "
        f"stroke-width='1.3'{dash}/>{_svg_tip(*tip, forward=forward)}{label}</g>"
    )


def _svg_tip(x: float, y: float, *, forward: bool) -> str:
    """The head of an arrow; drawn, as pages that clean HTML take markers with ids away."""
    back = x - 8 if forward else x + 8
    return (
        f"<path d='M{back:.0f} {y - 4:.1f}L{x:.0f} {y:.1f}L{back:.0f} {y + 4:.1f}z' fill='{GREY}'/>"
    )


def _svg_label(label: str, tip: tuple[float, float], *, forward: bool) -> str:
    if not label:
        return ""
    x, anchor = (tip[0] - 10, "end") if forward else (tip[0] + 10, "start")
    return (
        f"<text x='{x:.0f}' y='{tip[1] - 5:.1f}' text-anchor='{anchor}' fill='currentColor' "
        f"font-size='10.5'>{escape(label)}</text>"
    )


def graph_figure(boxes: Sequence[Box], arrows: Sequence[Arrow], title: str, text: str) -> Picture:
    """The graph as a plotly figure: hovering tells of each box, dragging and scrolling zoom."""
    found = _layout(boxes, arrows)
    traces = [
        _lines([a for a in arrows if a.dashed is dashed], found, dashed=dashed)
        for dashed in (False, True)
    ]
    traces += [_tips(arrows, found), _markers(boxes, found)]
    hidden = {"visible": False, "showgrid": False}
    return picture(
        traces,
        title,
        round(140 + ROW_PX * (found.height + 1)),
        still=graph_svg(boxes, arrows, title),
        text=text,
        xaxis={**hidden, "range": [-0.35, found.width + 0.5]},
        yaxis={**hidden, "range": [found.height + 0.75, -0.6]},
        showlegend=False,
        dragmode="pan",
        hovermode="closest",
    )


def _lines(arrows: list[Arrow], found: Layout, *, dashed: bool) -> dict[str, Any]:
    xs: list[float | None] = []
    ys: list[float | None] = []
    for arrow in arrows:
        for x, y in found.ways.get((arrow.start, arrow.end), ()):
            xs.append(x)
            ys.append(y)
        xs.append(None)
        ys.append(None)
    line = {"color": GREY, "width": 1.3, "shape": "spline", "smoothing": 0.6}
    if dashed:
        line["dash"] = "dash"
    return {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "line": line, "hoverinfo": "skip"}


def _tips(arrows: Sequence[Arrow], found: Layout) -> dict[str, Any]:
    """Small triangles that say which way an edge goes, and what it is, when one hovers over it."""
    shown = [(a, found.ways[a.start, a.end]) for a in arrows if (a.start, a.end) in found.ways]
    near = [
        (way[-1][0] + (way[-2][0] - way[-1][0]) * 0.2, way[-1][1] + (way[-2][1] - way[-1][1]) * 0.2)
        for _, way in shown
    ]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [x for x, _ in near],
        "y": [y for _, y in near],
        "text": [arrow.label for arrow, _ in shown],
        "textposition": "top center",
        "textfont": {"size": 10},
        "hovertext": [arrow.hover for arrow, _ in shown],
        "hoverinfo": "text",
        "marker": {
            "symbol": [
                "triangle-right" if way[0][0] <= way[-1][0] else "triangle-left" for _, way in shown
            ],
            "size": 8,
            "color": GREY,
        },
    }


def _markers(boxes: Sequence[Box], found: Layout) -> dict[str, Any]:
    labels = [
        f"<b>{escape(cut(box.name, NAME_WIDTH))}</b>"
        + (f"<br>{escape(cut(box.facts, FACTS_WIDTH))}" if box.facts else "")
        for box in boxes
    ]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [found.places[box.id][0] for box in boxes],
        "y": [found.places[box.id][1] for box in boxes],
        "text": labels,
        "textposition": "bottom center",
        "textfont": {"size": 11},
        "hovertext": [escape(box.hover).replace("\n", "<br>") for box in boxes],
        "hoverinfo": "text",
        "cliponaxis": False,
        "marker": {
            "symbol": [box.shape for box in boxes],
            "size": 15,
            "color": [box.colour for box in boxes],
        },
    }
