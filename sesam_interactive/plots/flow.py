"""The graph of a hub as a picture: systems left, what is published right.

A dataset that one pipe writes is drawn as that pipe, so that the picture has half the boxes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.plots.boxes import Arrow, Box, graph_figure, graph_svg
from sesam_interactive.plots.picture import empty
from sesam_interactive.plots.style import GREY, STATES, count_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_interactive.plots.picture import Picture

TITLE = "Flow"
SHAPES = {"pipe": "square", "dataset": "circle", "system": "diamond"}
DASHED = ("hop", "lookup")
Json = dict[str, Any]


def flow_figure(data: Mapping[str, Any]) -> Picture:
    """The graph of `Flow.data`: solid lines for sources and sinks, dashed ones for hops."""
    if not data["nodes"]:
        return empty(TITLE, "the hub has no pipes yet")
    boxes, arrows = _drawn(data)
    text = f"{TITLE}: {len(boxes):,} nodes, {len(arrows):,} edges"
    return graph_figure(boxes, arrows, "Flow (dashed: hops and look-ups)", text)


def flow_svg(data: Mapping[str, Any], title: str) -> str:
    """The same without scripts."""
    if not data["nodes"]:
        return empty(TITLE, "the hub has no pipes yet")._repr_html_()
    return graph_svg(*_drawn(data), title)


def _drawn(data: Mapping[str, Any]) -> tuple[list[Box], list[Arrow]]:
    nodes, edges = simplified(data)
    return [_box(node) for node in nodes], [_arrow(edge) for edge in edges]


def simplified(data: Mapping[str, Any]) -> tuple[list[Json], list[Json]]:
    """Nodes and edges without the datasets that one pipe writes: that pipe stands for each."""
    writers: dict[str, list[str]] = {}
    for edge in data["edges"]:
        if edge["kind"] == "sink" and edge["to"].startswith("dataset:"):
            writers.setdefault(edge["to"], []).append(edge["from"])
    stands = {dataset: found[0] for dataset, found in writers.items() if len(found) == 1}
    nodes = [node for node in data["nodes"] if node["id"] not in stands]
    edges: dict[tuple[str, str, str], Json] = {}
    for edge in data["edges"]:
        if edge["to"] in stands:
            continue
        start = stands.get(edge["from"], edge["from"])
        edges.setdefault((start, edge["to"], edge["kind"]), {**edge, "from": start})
    return nodes, list(edges.values())


def _box(node: Json) -> Box:
    facts = [] if node["state"] == "ok" else [node["state"]]
    if node["kind"] == "system":
        facts.append(node["type"].removeprefix("system:"))
    if node["entities"] is not None:
        facts.append(count_text(node["entities"]))
    if node["queue"]:
        facts.append(f"{count_text(node['queue'])} waiting")
    if node["rate"] is not None:
        facts.append(f"{count_text(round(node['rate']))}/s")
    colour = GREY if node["kind"] == "system" and node["state"] == "ok" else STATES[node["state"]]
    hover = [f"{node['kind']} {node['name']} ({node['type']})", f"state: {node['state']}"]
    for name, unit in (("entities", ""), ("queue", " versions to read"), ("rate", " entities/s")):
        if node[name] is not None:
            hover.append(f"{name}: {node[name]:,}{unit}")
    if node["message"]:
        hover.append(node["message"][:400])
    return Box(
        node["id"],
        node["name"],
        " · ".join(facts),
        "\n".join(hover),
        colour,
        SHAPES[node["kind"]],
    )


def _arrow(edge: Json) -> Arrow:
    queue = edge["queue"]
    waiting = "" if queue is None else f"\n{queue:,} versions to read"
    start, end = (edge[name].partition(":")[2] for name in ("from", "to"))
    return Arrow(
        edge["from"],
        edge["to"],
        f"{edge['kind']}: {start} → {end}{waiting}",
        dashed=edge["kind"] in DASHED,
        label=count_text(queue) if queue else "",
    )
