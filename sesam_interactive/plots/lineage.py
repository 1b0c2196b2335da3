"""Where properties come from, or go to, as a graph: a box a property, of many a box a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.plots.boxes import Arrow, Box, graph_figure, graph_svg
from sesam_interactive.plots.picture import empty
from sesam_interactive.plots.style import BLUE, GREEN, GREY, PURPLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.plots.picture import Picture

MOST = 120
COLOURS = {"dataset": BLUE, "source": GREY, "endpoint": PURPLE}
FACTS = {"dataset": "", "source": "comes in by ", "endpoint": "published by "}
Json = dict[str, Any]


def lineage_figure(data: Mapping[str, Any], text: str) -> Picture:
    """The graph that the node gives: solid lines copy or compute, dashed ones join or filter."""
    title = _title(data)
    if not data["edges"]:
        return empty(title, _nothing(data))
    boxes, arrows = _drawn(data)
    return graph_figure(boxes, arrows, f"{title} (dashed: joined or filtered by)", text)


def lineage_svg(data: Mapping[str, Any]) -> str:
    """The same without scripts."""
    if not data["edges"]:
        return empty(_title(data), _nothing(data))._repr_html_()
    return graph_svg(*_drawn(data), _title(data))


def _title(data: Mapping[str, Any]) -> str:
    name = data.get("dataset") or data.get("endpoint") or ""
    where = f"{name}.{data['property']}" if data.get("property") else name
    return f"{data['direction']} lineage of {where}"


def _nothing(data: Mapping[str, Any]) -> str:
    up = data["direction"] == "upstream"
    return "no rule makes it of anything" if up else "nothing is made of it"


def _drawn(data: Mapping[str, Any]) -> tuple[list[Box], list[Arrow]]:
    if len(data["nodes"]) > MOST:
        return _datasets(data)
    asked = data.get("property")
    places = {_id(place): place for place in data["nodes"]}
    for edge in data["edges"]:
        places |= {_id(edge[end]): edge[end] for end in ("from", "to")}
    boxes = [_box(place_id, place, asked, data) for place_id, place in places.items()]
    edges: dict[tuple[str, str], Json] = {}
    for edge in data["edges"]:
        edges.setdefault((_id(edge["from"]), _id(edge["to"])), edge)
    arrows = [
        Arrow(
            start,
            end,
            f"{edge['kind']} in pipe {edge['pipe']}\n{edge['rule']}",
            dashed=edge["kind"] not in ("copied", "computed"),
        )
        for (start, end), edge in edges.items()
    ]
    return boxes, arrows


def _box(place_id: str, place: Json, asked: str | None, data: Mapping[str, Any]) -> Box:
    kind, name = _kind(place)
    is_start = place["property"] == asked and name in (data.get("dataset"), data.get("endpoint"))
    facts = f"{FACTS[kind]}{name}"
    colour = GREEN if is_start else COLOURS[kind]
    return Box(place_id, place["property"], facts, f"{place['property']} of {facts}", colour)


def _datasets(data: Mapping[str, Any]) -> tuple[list[Box], list[Arrow]]:
    """One box a dataset, with how many properties of it have a part."""
    counts: dict[tuple[str, str], int] = {}
    for place in data["nodes"]:
        counts[_kind(place)] = counts.get(_kind(place), 0) + 1
    boxes = [
        Box(f"{kind} {name}", name, f"{count:,} properties", f"{FACTS[kind]}{name}", COLOURS[kind])
        for (kind, name), count in counts.items()
    ]
    pairs: dict[tuple[str, str], int] = {}
    for edge in data["edges"]:
        start, end = (" ".join(_kind(edge[name])) for name in ("from", "to"))
        if start != end:
            pairs[start, end] = pairs.get((start, end), 0) + 1
    arrows = [Arrow(start, end, f"{count:,} edges") for (start, end), count in pairs.items()]
    return boxes, arrows


def _kind(place: Mapping[str, Any]) -> tuple[str, str]:
    (kind,) = place.keys() - {"property"}
    return kind, str(place[kind])


def _id(place: Mapping[str, Any]) -> str:
    return "\0".join([*_kind(place), str(place["property"])])
