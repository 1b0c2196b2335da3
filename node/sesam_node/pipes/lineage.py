"""Property lineage: which properties of which datasets a property comes from, or goes into.

Read from the rules of the pipes, through all transforms of a pipe and from pipe to pipe; nothing
runs. Where schemas have been observed they sharpen it: `copy "*"` brings a property only from
where it has been seen, and a name without namespace stands for those that there are. Manual:
property lineage.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.dtl.explain.lineage import ALL, COMPUTED, COPIED, FILTERED, JOINED, RuleLineage
from sesam_node.errors import SesamError
from sesam_node.model.namespaces import split_name
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.observing import observe
from sesam_node.pipes.transforms.dtl import DtlTransform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Store

Told = dict[str, Any]

UPSTREAM, DOWNSTREAM = "upstream", "downstream"
STRENGTH = {COPIED: 0, COMPUTED: 1, JOINED: 2, FILTERED: 3}
MAX_NODES = 5_000
SECONDS = 10.0
LOOK_S = 0.5


class Place(NamedTuple):
    """A property of a dataset; of what a pipe fetches from outside, or publishes, by its id.

    `property` is ALL where it cannot be told which.
    """

    kind: str
    name: str
    property: str

    def to_json(self) -> Told:
        return {self.kind: self.name, "property": self.property}


DATASET, FETCHED, PUBLISHED = "dataset", "source", "endpoint"


class Edge(NamedTuple):
    """One property that has a part in another, by a pipe."""

    source: Place
    target: Place
    pipe: str
    kind: str
    path: str

    def to_json(self) -> Told:
        return {
            "from": self.source.to_json(),
            "to": self.target.to_json(),
            "pipe": self.pipe,
            "kind": self.kind,
            "rule": self.path,
        }


def lineage_graph(
    *,
    store: Store,
    start: tuple[str, str],
    name: str | None,
    direction: str,
    pipes: Mapping[str, PipeDefinition],
    writers: Mapping[str, list[str]],
    readers: Mapping[str, list[str]],
) -> Told:
    """The graph from a dataset (or what a pipe publishes): `nodes`, `edges`, `cycles`.

    `start` is ("dataset", id) or ("endpoint", pipe id); without a `name` it begins at all of its
    properties that are known. `cycles` are places that an edge leads back to; `unknown` are pipes
    whose rules cannot be read.
    """
    graph = Graph(store, pipes, writers, readers)
    try:
        return graph.from_(start, name, direction)
    finally:
        graph.close()


class Graph:
    """Walks from place to place, each once."""

    def __init__(
        self,
        store: Store,
        pipes: Mapping[str, PipeDefinition],
        writers: Mapping[str, list[str]],
        readers: Mapping[str, list[str]],
    ) -> None:
        self._definitions = pipes
        self._writers = writers
        self._readers = readers
        self._known: dict[str, PipeLineage | None] = {}
        self._seen = Names(store)
        self._store = store
        self.nodes: dict[Place, None] = {}
        self.edges: dict[Edge, None] = {}
        self.cycles: dict[Place, None] = {}
        self._until = time.monotonic() + SECONDS
        self._cut = False

    def close(self) -> None:
        for found in self._known.values():
            if found is not None:
                found.pipe.close()

    def from_(self, start: tuple[str, str], name: str | None, direction: str) -> Told:
        names = [name] if name is not None else self._names_of(*start)
        for one in names:
            self._walk(Place(*start, one), direction, ())
        told: Told = {
            "direction": direction,
            "nodes": [place.to_json() for place in self.nodes],
            "edges": [edge.to_json() for edge in self.edges],
            "cycles": [place.to_json() for place in self.cycles],
        }
        unknown = sorted(pipe for pipe, found in self._known.items() if found is None)
        if unknown:
            told["unknown"] = unknown
        if self._cut:
            told["stopped"] = "size"
        return told

    def _names_of(self, kind: str, name: str) -> list[str]:
        """All properties of a dataset that are known: observed, or written by name."""
        found = set(self._seen.of(name)) if kind == DATASET else set()
        for pipe in self._writers.get(name, ()) if kind == DATASET else [name]:
            lineage = self._lineage(pipe)
            if lineage is not None:
                found.update(lineage.names())
        return sorted(found - {ALL})

    def _walk(self, place: Place, direction: str, way: tuple[Place, ...]) -> None:
        if place in self.nodes:
            return
        if len(self.nodes) >= MAX_NODES or time.monotonic() > self._until:
            self._cut = True
            return
        self.nodes[place] = None
        if place.property == ALL and way:
            return
        step = self._up if direction == UPSTREAM else self._down
        for edge in step(place):
            self.edges[edge] = None
            following = edge.source if direction == UPSTREAM else edge.target
            if following in (*way, place):
                self.cycles[following] = None
            elif edge.kind == FILTERED or following.property == ALL:
                self.nodes.setdefault(following, None)
            else:
                self._walk(following, direction, (*way, place))

    def _up(self, place: Place) -> Iterator[Edge]:
        if place.kind == FETCHED:
            return
        pipes = self._writers.get(place.name, ()) if place.kind == DATASET else [place.name]
        for pipe in pipes:
            lineage = self._lineage(pipe)
            if lineage is not None:
                for source, kind, path in lineage.upstream(place.property):
                    yield Edge(source, place, pipe, kind, path)

    def _down(self, place: Place) -> Iterator[Edge]:
        if place.kind == PUBLISHED:
            return
        pipes = self._readers.get(place.name, ()) if place.kind == DATASET else [place.name]
        for pipe in pipes:
            lineage = self._lineage(pipe)
            if lineage is not None:
                for target, kind, path in lineage.downstream(place):
                    yield Edge(place, target, pipe, kind, path)

    def _lineage(self, pipe_id: str) -> PipeLineage | None:
        if pipe_id not in self._known:
            definition = self._definitions.get(pipe_id)
            try:
                self._known[pipe_id] = (
                    None
                    if definition is None
                    else PipeLineage(build_pipe(definition, self._store), self._seen)
                )
            except SesamError:
                self._known[pipe_id] = None
        return self._known[pipe_id]


class Names:
    """The properties that have been observed in datasets."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: dict[str, tuple[frozenset[str], bool]] = {}

    def _look(self, dataset: str) -> tuple[frozenset[str], bool]:
        if dataset not in self._found:
            names: frozenset[str] = frozenset()
            is_all = False
            if self._store.exists(dataset):
                observed = observe(self._store, dataset, seconds=LOOK_S)
                names = frozenset(observed.counts["names"])
                whole = observed.is_complete and observed.every == 1
                is_all = whole and bool(names) and "open" not in observed.counts
            self._found[dataset] = names, is_all
        return self._found[dataset]

    def of(self, dataset: str) -> frozenset[str]:
        """Those observed."""
        return self._look(dataset)[0]

    def may_have(self, dataset: str, name: str) -> bool:
        """May a dataset have such a property? No where all are known and it is not among them."""
        names, is_all = self._look(dataset)
        return not is_all or name in names

    def meant(self, dataset: str, name: str) -> list[str]:
        """The properties with that identifier in any namespace; the plain name where none is."""
        return sorted(n for n in self.of(dataset) if split_name(n)[1] == name) or [name]


class PipeLineage:
    """The lineage of what one pipe writes, through all its transforms.

    A transform that is not DTL may read and write anything.
    """

    def __init__(self, pipe: Pipe, seen: Names) -> None:
        self.pipe = pipe
        self._seen = seen
        self._steps = [
            RuleLineage(transform.compiled.plan) if isinstance(transform, DtlTransform) else None
            for transform in pipe.transforms
        ]

    def names(self) -> list[str]:
        """The properties that the last transform writes by name, as they are in the sink."""
        last = self._steps[-1] if self._steps else None
        names = [] if last is None else last.names()
        return [split_name(name)[1] for name in names] if self.pipe.remove else names

    # -- upstream ----------------------------------------------------------------------------------

    def upstream(self, name: str) -> list[tuple[Place, str, str]]:
        """What has a part in a property of the sink: places, each with kind and path."""
        found: dict[Place, tuple[str, str]] = {}
        for own in self._before_removal(name):
            for place, kind, path in self._back(len(self._steps), own, COPIED, "", anywhere=False):
                known = found.get(place)
                if known is None or STRENGTH[kind] < STRENGTH[known[0]]:
                    found[place] = (kind, path)
        return [(place, *how) for place, how in found.items()]

    def _before_removal(self, name: str) -> list[str]:
        if not self.pipe.remove or name == ALL:
            return [name]
        last = self._steps[-1] if self._steps else None
        written = [] if last is None else last.names()
        return list(dict.fromkeys([name, *(n for n in written if split_name(n)[1] == name)]))

    def _back(
        self, count: int, name: str, kind: str, path: str, *, anywhere: bool
    ) -> Iterator[tuple[Place, str, str]]:
        """The origins of a property of what the first `count` transforms give."""
        if count == 0:
            yield from self._in_source(name, kind, path, anywhere=anywhere)
            return
        step = self._steps[count - 1]
        if step is None:
            where = path or f"$.transform[{count - 1}]"
            yield from self._back(count - 1, ALL, stronger(kind, COMPUTED), where, anywhere=False)
            return
        names = [name]
        if anywhere:
            names += [known for known in step.names() if split_name(known)[1] == name]
        for one in dict.fromkeys(names):
            for origin in step.upstream(one):
                read, combined = origin.read, stronger(kind, origin.kind)
                where = path or origin.path
                if read.dataset is None:
                    yield from self._back(
                        count - 1, read.name, combined, where, anywhere=read.anywhere
                    )
                    continue
                for meant in self._meant(read.dataset, read.name, anywhere=read.anywhere):
                    yield Place(DATASET, read.dataset, meant), combined, where

    def _meant(self, dataset: str, name: str, *, anywhere: bool) -> list[str]:
        return self._seen.meant(dataset, name) if anywhere else [name]

    def _in_source(
        self, name: str, kind: str, path: str, *, anywhere: bool
    ) -> Iterator[tuple[Place, str, str]]:
        if self.pipe.add and name.startswith(f"{self.pipe.property_}:"):
            name = split_name(name)[1]
        if not self.pipe.source.datasets:
            yield Place(FETCHED, self.pipe.id, name), kind, path
        for dataset in self.pipe.source.datasets:
            for meant in self._meant(dataset, name, anywhere=anywhere):
                several = len(self.pipe.source.datasets) > 1
                by_chance = kind == COPIED or several
                if meant == ALL or not by_chance or self._seen.may_have(dataset, meant):
                    yield Place(DATASET, dataset, meant), kind, path

    # -- downstream --------------------------------------------------------------------------------

    def downstream(self, place: Place) -> list[tuple[Place, str, str]]:
        """The properties of the sink that a place has a part in."""
        found: dict[str, tuple[str, str]] = {}
        dataset = place.name if place.kind == DATASET else None
        if dataset is None or dataset in self.pipe.source.datasets:
            names = [place.property]
            if self.pipe.add and ":" not in place.property:
                names = [f"{self.pipe.property_}:{place.property}"]
            self._forth(0, names, COPIED, "", found)
        if dataset is not None:
            for position, step in enumerate(self._steps):
                if step is not None:
                    self._into(position, step, dataset, place.property, found)
        sink = self.pipe.sink.dataset
        kind, name = (PUBLISHED, self.pipe.id) if sink is None else (DATASET, sink)
        return [(Place(kind, name, to), *how) for to, how in found.items()]

    def _into(self, position: int, step: RuleLineage, dataset: str, name: str, found: Told) -> None:
        """Where a property of a hopped dataset goes."""
        for to, kind, path in step.downstream(dataset, name):
            self._forth(position + 1, [to], kind, path, found)

    def _forth(
        self,
        position: int,
        names: Iterable[str],
        kind: str,
        path: str,
        found: dict[str, tuple[str, str]],
    ) -> None:
        """Follows properties of what the first `position` transforms give to the sink."""
        for name in names:
            if position == len(self._steps):
                to = split_name(name)[1] if self.pipe.remove else name
                known = found.get(to)
                if known is None or STRENGTH[kind] < STRENGTH[known[0]]:
                    found[to] = (kind, path)
                continue
            step = self._steps[position]
            if step is None or name == ALL:
                where = path or f"$.transform[{position}]"
                last = kind if name == ALL else stronger(kind, COMPUTED)
                found.setdefault(ALL, (last, where))
                continue
            for to, how, where in step.downstream(None, name):
                self._forth(position + 1, [to], stronger(kind, how), path or where, found)


def stronger(first: str, second: str) -> str:
    """The kind of two steps one after the other."""
    return first if STRENGTH[first] >= STRENGTH[second] else second
