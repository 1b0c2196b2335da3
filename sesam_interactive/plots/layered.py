"""Where the nodes of a graph stand: in layers from left to right, few edges crossing.

Small and the same on each call. Edges that lead back in a cycle are laid out as if they led
forward; those over several layers pass through places of their own, so that they do not run through
nodes. After Sugiyama's method, with barycentres.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 8
Edge = tuple[str, str]


@dataclass
class Layout:
    """`places` has the layer and the height of each node, `ways` the points of each edge.

    Layers count from 0 at the left, heights from 0 at the top, a node needs 1.
    """

    places: dict[str, tuple[int, float]] = field(default_factory=dict)
    ways: dict[Edge, list[tuple[float, float]]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return max((layer for layer, _ in self.places.values()), default=0)

    @property
    def height(self) -> float:
        points = [y for way in self.ways.values() for _, y in way]
        return max([y for _, y in self.places.values()] + points, default=0.0)


def layered(nodes: list[str], edges: list[Edge]) -> Layout:
    """The layout of a graph; edges of a node to itself have no way."""
    known = sorted(set(edges))
    forward = _forward(nodes, [edge for edge in known if edge[0] != edge[1]])
    layers = _layers(nodes, set(forward.values()))
    rows, links, chains = _with_passing_places(nodes, layers, forward)
    _order(rows, links)
    heights = _heights(rows, links)
    found = Layout({node: (layers[node], heights[node]) for node in nodes})
    for edge, chain in chains.items():
        points = [(float(layer), heights[name]) for layer, name in chain]
        found.ways[edge] = points if chain[0][1] == edge[0] else points[::-1]
    return found


def _forward(nodes: list[str], edges: list[Edge]) -> dict[Edge, Edge]:
    """Each edge, turned round where it closes a cycle."""
    following: dict[str, list[str]] = {node: [] for node in nodes}
    for start, end in edges:
        following[start].append(end)
    state: dict[str, int] = {}
    turned: set[Edge] = set()
    entered = {end for _, end in edges}
    for root in [n for n in nodes if n not in entered] + nodes:
        if root in state:
            continue
        state[root] = 1
        work = [(root, iter(following[root]))]
        while work:
            node, rest = work[-1]
            found = next(rest, None)
            if found is None:
                state[node] = 2
                work.pop()
            elif found not in state:
                state[found] = 1
                work.append((found, iter(following[found])))
            elif state[found] == 1:
                turned.add((node, found))
    return {edge: (edge[1], edge[0]) if edge in turned else edge for edge in edges}


def _layers(nodes: list[str], edges: set[Edge]) -> dict[str, int]:
    """The longest way to each node; what has no way in stands right before what it leads to."""
    before: dict[str, list[str]] = {node: [] for node in nodes}
    after: dict[str, list[str]] = {node: [] for node in nodes}
    for start, end in sorted(edges):
        before[end].append(start)
        after[start].append(end)
    missing = {node: len(before[node]) for node in nodes}
    ready = [node for node in nodes if not missing[node]]
    layers = dict.fromkeys(nodes, 0)
    order = []
    while ready:
        node = ready.pop(0)
        order.append(node)
        for end in after[node]:
            layers[end] = max(layers[end], layers[node] + 1)
            missing[end] -= 1
            if not missing[end]:
                ready.append(end)
    for node in reversed(order):
        if not before[node] and after[node]:
            layers[node] = min(layers[end] for end in after[node]) - 1
    return layers


Rows = list[list[str]]
Links = dict[str, tuple[list[str], list[str]]]


def _with_passing_places(
    nodes: list[str], layers: dict[str, int], forward: dict[Edge, Edge]
) -> tuple[Rows, Links, dict[Edge, list[tuple[int, str]]]]:
    rows: Rows = [[] for _ in range(max(layers.values(), default=0) + 1)]
    links: Links = {node: ([], []) for node in nodes}
    for node in nodes:
        rows[layers[node]].append(node)
    chains = {}
    for edge, (start, end) in forward.items():
        chain = [(layers[start], start)]
        for layer in range(layers[start] + 1, layers[end]):
            name = f"\0{start}\0{end}\0{layer}"
            if name not in links:
                rows[layer].append(name)
                links[name] = ([], [])
            chain.append((layer, name))
        chain.append((layers[end], end))
        chains[edge] = chain
        for (_, left), (_, right) in pairwise(chain):
            if right not in links[left][1]:
                links[left][1].append(right)
                links[right][0].append(left)
    return rows, links, chains


def _order(rows: Rows, links: Links) -> None:
    """Sort each layer by where its neighbours are, forwards and backwards in turn."""
    for sweep in range(SWEEPS):
        side = sweep % 2
        place = {name: float(at) for row in rows for at, name in enumerate(row)}
        for row in rows if side == 0 else rows[::-1]:
            wanted = {}
            for name in row:
                near = links[name][side]
                wanted[name] = sum(place[n] for n in near) / len(near) if near else place[name]
            row.sort(key=lambda name: (wanted[name], place[name]))
            place.update({name: float(at) for at, name in enumerate(row)})


def _heights(rows: Rows, links: Links) -> dict[str, float]:
    """A height for each place: near those of its neighbours, at least one apart."""
    heights = {name: float(at) for row in rows for at, name in enumerate(row)}
    for sweep in range(SWEEPS):
        side = sweep % 2
        for row in rows if side == 0 else rows[::-1]:
            wanted = [_mean([heights[n] for n in links[m][side]], heights[m]) for m in row]
            heights.update(zip(row, _apart(wanted), strict=True))
    least = min(heights.values(), default=0.0)
    return {name: height - least for name, height in heights.items()}


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _apart(wanted: list[float]) -> list[float]:
    """The heights nearest to those wanted that keep their order and a distance of one."""
    # Pool adjacent violators: blocks of places that touch share the mean of what they want.
    blocks: list[tuple[float, int]] = []
    for position, height in enumerate(wanted):
        total, count = height - position, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    found: list[float] = []
    for total, count in blocks:
        found += [total / count + len(found) + place for place in range(count)]
    return found
