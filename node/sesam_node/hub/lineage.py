"""Property lineage: which pipes have a part in it, and the graph that a worker makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sesam_node.errors import NotFoundError, Problem, suggestion
from sesam_node.hub.active import written_datasets
from sesam_node.hub.interactive import InteractiveService

GRAPH = "sesam_node.pipes.lineage:lineage_graph"
UPSTREAM = "upstream"


@dataclass(slots=True)
class Start:
    """Where a graph begins, and the pipes on the way from there, by what they write and read."""

    kind: str
    name: str
    direction: str
    pipes: set[str] = field(default_factory=set)
    writers: dict[str, list[str]] = field(default_factory=dict)
    readers: dict[str, list[str]] = field(default_factory=dict)


class Lineage(InteractiveService):
    """The service behind `lineage`."""

    def of_dataset(self, dataset: str, direction: str) -> Start:
        """Where the graph of a dataset begins. Raises NotFoundError."""
        written = written_datasets(self._configuration.active)
        read = {name for f in self._configuration.active.facts.values() for name in f.reads}
        if dataset not in written | read and not self._store.exists(dataset):
            hint = suggestion(dataset, written | read)
            message = f'there is no dataset "{dataset}"'
            raise NotFoundError(message, [Problem("$.dataset", "unknown-dataset", message, hint)])
        return self._reached("dataset", dataset, direction)

    def of_pipe(self, pipe_id: str, direction: str) -> Start:
        """The same for what a pipe writes, or publishes."""
        sink = self._pumps.known(pipe_id).sink
        if sink is not None:
            return self._reached("dataset", sink, direction)
        return self._reached("endpoint", pipe_id, direction)

    async def graph(self, start: Start, name: str | None) -> dict[str, Any]:
        """The graph of a property, or of all, as `lineage_graph` gives it."""
        active = self._configuration.active
        found: dict[str, Any] = await self._work(
            GRAPH,
            start=(start.kind, start.name),
            name=name,
            direction=start.direction,
            pipes={
                pipe: self._pumps.definition(pipe) for pipe in sorted(start.pipes - active.invalid)
            },
            writers=start.writers,
            readers=start.readers,
        )
        return {start.kind: start.name, "property": name, **found}

    def _reached(self, kind: str, name: str, direction: str) -> Start:
        """The pipes that can be met from a start."""
        start = Start(kind, name, direction)
        facts = self._configuration.active.facts
        for pipe, found in facts.items():
            if found.sink is not None:
                start.writers.setdefault(found.sink, []).append(pipe)
            for dataset in sorted(found.reads):
                start.readers.setdefault(dataset, []).append(pipe)
        up = direction == UPSTREAM
        if kind == "endpoint":
            start.pipes.add(name)
        waiting = sorted(facts[name].reads) if kind == "endpoint" and up else [name]
        seen = set(waiting)
        while waiting:
            dataset = waiting.pop()
            for pipe in (start.writers if up else start.readers).get(dataset, ()):
                start.pipes.add(pipe)
                sink = facts[pipe].sink
                following = facts[pipe].reads if up else {sink} if sink is not None else set()
                waiting.extend(sorted(following - seen))
                seen |= following
        if not up:
            # What all properties of the start are is known from those that write it, too.
            start.pipes.update(start.writers.get(name, ()))
        return start
