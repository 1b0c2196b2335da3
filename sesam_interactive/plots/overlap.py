"""How the keys of two datasets meet, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_interactive.plots.picture import Picture, empty, picture
from sesam_interactive.plots.style import AMBER, BLUE, GREEN, GREY, cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_interactive.frames.overlap import Side

Sides = list[tuple[str, "Side"]]
ROW_PX = 46


def overlap_figure(sides: Sides, *, still: str, text: str) -> Picture:
    """A bar a side: entities that hit, those whose key has no match, those without a key."""
    names = [cut(name, 40) for name, _ in sides]
    parts = (
        ("has a match", GREEN, [side.hit for _, side in sides]),
        ("key without a match", AMBER, [side.filled - side.hit for _, side in sides]),
        ("no key", GREY, [side.entities - side.filled for _, side in sides]),
    )
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": names,
            "x": [_percent(n, side.entities) for n, (_, side) in zip(counts, sides, strict=True)],
            "marker": {"color": colour},
            "hovertext": [
                f"{name}: {n:,} of {side.entities:,} entities"
                for n, (_, side) in zip(counts, sides, strict=True)
            ],
            "hoverinfo": "text",
        }
        for name, colour, counts in parts
    ]
    return picture(
        traces,
        " and ".join(name for name, _ in sides),
        260,
        still=still,
        text=text,
        barmode="stack",
        xaxis={"range": [0, 100], "ticksuffix": " %"},
        yaxis={"autorange": "reversed"},
    )


def overlaps_figure(title: str, pairs: Sequence[Sides], *, still: str, text: str) -> Picture:
    """Two bars a pair: the share of the left entities, and of the right ones, with a match."""
    if not pairs:
        return empty(title, "no pair of properties has keys in common worth a join")
    names = [f"{_path(sides[0][0])} = {_path(sides[1][0])}" for sides in pairs]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": f"{which} entities with a match",
            "y": names,
            "x": [100 * sides[place][1].hit_share for sides in pairs],
            "marker": {"color": colour},
            "hovertext": [_hover(*sides[place]) for sides in pairs],
            "hoverinfo": "text",
        }
        for place, which, colour in ((0, "left", BLUE), (1, "right", AMBER))
    ]
    return picture(
        traces,
        title,
        150 + ROW_PX * len(pairs),
        still=still,
        text=text,
        barmode="group",
        xaxis={"range": [0, 100], "ticksuffix": " %"},
        yaxis={"autorange": "reversed"},
    )


def _path(name: str) -> str:
    return cut(name.rpartition(".")[2], 26)


def _hover(name: str, side: Side) -> str:
    return (
        f"{name}: {side.hit:,} of {side.entities:,} entities<br>"
        f"matches each: {side.matches:.3g}, at most {side.most:,}"
    )


def _percent(count: int, total: int) -> float:
    return 100 * count / total if total else 0.0
