"""Order, cycles and reach in a graph of ids: plain, and the same on each call."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Graph:
    """Nodes by id, edges as mappings with `from` and `to`."""

    def __init__(self, nodes: Iterable[str], edges: Iterable[Mapping[str, Any]]) -> None:
        self._next: dict[str, list[str]] = {node: [] for node in sorted(nodes)}
        self._before: dict[str, list[str]] = {node: [] for node in self._next}
        for start, end in sorted({(edge["from"], edge["to"]) for edge in edges}):
            self._next[start].append(end)
            self._before[end].append(start)

    def reached(self, node: str, *, upstream: bool) -> set[str]:
        """All that comes before a node, or after it; with the node."""
        neighbours = self._before if upstream else self._next
        seen, waiting = {node}, [node]
        while waiting:
            for found in neighbours[waiting.pop()]:
                if found not in seen:
                    seen.add(found)
                    waiting.append(found)
        return seen

    def order(self) -> list[str]:
        """All nodes, each after those before it; those of one cycle stand beside each other."""
        return [node for group in self._groups for node in group]

    def cycles(self) -> list[list[str]]:
        """The groups of nodes that lead back to themselves."""
        return [
            group for group in self._groups if len(group) > 1 or group[0] in self._next[group[0]]
        ]

    @cached_property
    def _groups(self) -> list[list[str]]:
        """The strongly connected groups in topological order (Tarjan, without recursion)."""
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        on_stack: set[str] = set()
        groups: list[list[str]] = []
        for root in self._before:
            if root in index:
                continue
            work = [(root, iter(self._before[root]))]
            index[root] = low[root] = len(index)
            stack.append(root)
            on_stack.add(root)
            while work:
                node, neighbours = work[-1]
                following = next(neighbours, None)
                if following is None:
                    work.pop()
                    if work:
                        parent = work[-1][0]
                        low[parent] = min(low[parent], low[node])
                    if low[node] == index[node]:
                        groups.append(_popped(stack, on_stack, node))
                elif following not in index:
                    index[following] = low[following] = len(index)
                    stack.append(following)
                    on_stack.add(following)
                    work.append((following, iter(self._before[following])))
                elif following in on_stack:
                    low[node] = min(low[node], index[following])
        return groups


def _popped(stack: list[str], on_stack: set[str], until: str) -> list[str]:
    group = []
    while True:
        node = stack.pop()
        on_stack.discard(node)
        group.append(node)
        if node == until:
            return sorted(group)


def parts(node_id: str) -> tuple[str, str]:
    """Kind and name of an id of a node."""
    kind, _, name = node_id.partition(":")
    return kind, name
