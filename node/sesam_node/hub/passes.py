"""The order in which `run-all-pipes` runs pipes, and which of them a pass must run (no I/O).

A pipe follows the pipes that write what it reads. In a cycle, which no order can serve, one pipe
goes first and the next pass brings it what it missed.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sesam_node.hub.checking import Facts


class Graph:
    """Pipes and what flows between them: `before` and `after` name neighbours in that order."""

    def __init__(self, pipes: Mapping[str, Facts]) -> None:
        writers: dict[str, list[str]] = {}
        for pipe, facts in pipes.items():
            if facts.sink is not None:
                writers.setdefault(facts.sink, []).append(pipe)
        reads = {
            pipe: {
                writer
                for dataset in facts.reads
                for writer in writers.get(dataset, ())
                if writer != pipe
            }
            for pipe, facts in pipes.items()
        }
        self.order = _order(reads)
        place = {pipe: position for position, pipe in enumerate(self.order)}
        self.before = {
            pipe: {other for other in others if place[other] < place[pipe]}
            for pipe, others in reads.items()
        }
        self.after: dict[str, list[str]] = {pipe: [] for pipe in self.order}
        for pipe in self.order:
            for other in self.before[pipe]:
                self.after[other].append(pipe)
        self.readers: dict[str, list[str]] = {}
        for pipe, facts in pipes.items():
            for dataset in facts.reads:
                self.readers.setdefault(dataset, []).append(pipe)


def _order(reads: Mapping[str, set[str]]) -> list[str]:
    """Pipes so that each follows those it reads from; in a cycle the first one given goes first."""
    left = {pipe: set(others) for pipe, others in reads.items()}
    after: dict[str, list[str]] = {pipe: [] for pipe in reads}
    for pipe, others in reads.items():
        for other in others:
            after[other].append(pipe)
    ready = deque(pipe for pipe, others in left.items() if not others)
    order: list[str] = []
    while left:
        pipe = ready.popleft() if ready else next(iter(left))
        if left.pop(pipe, None) is None:
            continue
        order.append(pipe)
        for other in after[pipe]:
            if other in left:
                left[other].discard(pipe)
                if not left[other]:
                    ready.append(other)
    return order


class Pass:
    """One pass: gives the pipes that can start, as those before them are settled.

    `due` are the pipes that must run. A pipe that is not due settles as soon as those before it
    have; a change of what it reads makes it due.
    """

    def __init__(self, graph: Graph, due: Iterable[str]) -> None:
        self._graph = graph
        self.due = set(due)
        self._open = {pipe: len(graph.before[pipe]) for pipe in graph.order}

    def begin(self) -> list[str]:
        """The pipes to start first."""
        return self._ready([pipe for pipe in self._graph.order if not self._open[pipe]])

    def ended(self, pipe: str, changed: Iterable[str], *, success: bool) -> list[str]:
        """A run has ended and changed these datasets; gives the pipes that can start now.

        Readers that have settled already are due in the next pass, as is a pipe that failed.
        """
        if success:
            self.due.discard(pipe)
        for dataset in changed:
            self.due.update(
                reader for reader in self._graph.readers.get(dataset, ()) if reader != pipe
            )
        return self._ready(self._settle(pipe))

    def _settle(self, pipe: str) -> list[str]:
        """The pipes that wait for nobody any more."""
        free = []
        for other in self._graph.after[pipe]:
            self._open[other] -= 1
            if not self._open[other]:
                free.append(other)
        return free

    def _ready(self, pipes: list[str]) -> list[str]:
        """Those of the pipes that are due; the others settle at once, and so on behind them."""
        starts = []
        queue = deque(pipes)
        while queue:
            pipe = queue.popleft()
            if pipe in self.due:
                starts.append(pipe)
            else:
                queue.extend(self._settle(pipe))
        return starts
