"""A pipe as it runs: source, transforms and sink, with what they need of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import compile_index
from sesam_node.model.namespaces import add_namespaces, remove_namespaces
from sesam_node.pipes.batch import DatasetSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sesam_node.dtl import Runtime
    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Context, Sink, Source, Transform
    from sesam_node.pipes.runs import PipeDefinition

    Run = Callable[[Entity, list[Entity]], None]


@dataclass(slots=True)
class Pipe:
    """The built components of one pipe; `build.build_pipe` makes it.

    `add` and `remove` say whether namespaces are put on after the source and taken off before the
    sink; `identity` and `property_` are those put on. `pump` holds the pump's options with their
    defaults.
    """

    definition: PipeDefinition
    context: Context
    source: Source
    transforms: list[Transform]
    sink: Sink
    add: bool
    remove: bool
    identity: str
    property_: str
    pump: dict[str, Any]

    @property
    def id(self) -> str:
        return self.definition.pipe_id

    @property
    def state_dataset(self) -> str:
        """The dataset that keeps the state: the sink, or one of its own."""
        return self.sink.dataset or f"system:pipe:{self.id}"

    @property
    def stored_source(self) -> DatasetSource | None:
        """The source, where it reads datasets of this node."""
        return self.source if isinstance(self.source, DatasetSource) else None

    @property
    def hops(self) -> frozenset[str]:
        """The datasets that the transforms look into."""
        return frozenset().union(*(transform.datasets for transform in self.transforms))

    @property
    def shares_ids(self) -> bool:
        """May several entities of the source have one id, each in a dataset of its own?"""
        return bool(getattr(self.source, "shares_ids", False))

    @property
    def emits_own_id(self) -> bool:
        """Is it proven that each entity comes out alone under the id it came in with, if at all?

        Namespaces that are put on or taken off may make one id of two.
        """
        if self.shares_ids or self.add or self.remove:
            return False
        return all(transform.emits_own_id for transform in self.transforms)

    @property
    def keeps_deletes(self) -> bool:
        """Is it proven that of a deleted source entity come deletes alone?"""
        return all(getattr(transform, "keeps_deletes", False) for transform in self.transforms)

    def any_transform(self, fact: str) -> bool:
        """Is the fact (an attribute of some types of transform) true of any transform?"""
        return any(getattr(transform, fact, False) for transform in self.transforms)

    def ensure_indexes(self) -> None:
        """Has the indexes that look-ups of source and transforms need; those of the sink too."""
        for part in (self.source, *self.transforms):
            self._ensure(getattr(part, "indexes", ()))

    def ensure_lookups(self) -> None:
        """As `ensure_indexes`, without those that only finding what a change concerns needs.

        Enough to look at what comes out of some entities: an index of a large source takes a while,
        and whoever waits for it writes rules.
        """
        self._ensure(getattr(self.source, "indexes", ()))
        for transform in self.transforms:
            self._ensure(getattr(transform, "looked_up", ()))

    def _ensure(self, indexes: Iterable[tuple[str, str]]) -> None:
        for name, index in indexes:
            dataset = self.context.dataset(name)
            if dataset is not None:
                dataset.ensure_index(index, compile_index(index))

    def bind(self, runtime: Runtime, stage: str = "sink") -> Run | None:
        """What makes of one source entity those that leave at `stage`, null where nothing changes.

        Stages are "source", "before-transforms", "after-transforms" and "sink". A `_filtered`
        entity goes past the later transforms.
        """
        steps: list[Run] = []
        if self.add and stage != "source":
            steps.append(self._add_namespaces)
        if stage in ("after-transforms", "sink"):
            steps.extend(transform.bind(runtime) for transform in self.transforms)
        if self.remove and stage == "sink":
            steps.append(_remove_namespaces)
        if not steps:
            return None
        return steps[0] if len(steps) == 1 else _chain(steps)

    def bind_before(self, runtime: Runtime, position: int) -> Run | None:
        """What makes of a source entity those that the transform at a position gets."""
        steps: list[Run] = [self._add_namespaces] if self.add else []
        steps.extend(transform.bind(runtime) for transform in self.transforms[:position])
        return _chain(steps) if steps else None

    def bind_after(self, runtime: Runtime, position: int, stage: str) -> Run:
        """What makes of one entity that leaves the transform at a position those of a stage."""
        steps = [_unchanged, *(one.bind(runtime) for one in self.transforms[position + 1 :])]
        if self.remove and stage == "sink":
            steps.append(_remove_namespaces)
        return _chain(steps)

    def prepared(self, entity: Entity) -> Entity:
        """A source entity as the first transform gets it."""
        if not self.add:
            return entity
        named: Entity = add_namespaces(entity, self.property_, self.identity, recursive=False)
        return named

    def sink_id(self, source_id: str) -> str:
        """The id that a source entity has in the sink, where it comes out under its own."""
        entity = self.prepared({"_id": source_id})
        return str(remove_namespaces(entity)["_id"] if self.remove else entity["_id"])

    def renamed(self, entity: Entity) -> Entity:
        """A source entity as it leaves where the transforms let it pass."""
        named = self.prepared(entity)
        return remove_namespaces(named) if self.remove else named

    def _add_namespaces(self, entity: Entity, out: list[Entity]) -> None:
        out.append(self.prepared(entity))

    def close(self) -> None:
        close = getattr(self.sink, "close", None)
        if close is not None:
            close()
        self.context.close()


def _unchanged(entity: Entity, out: list[Entity]) -> None:
    out.append(entity)


def _remove_namespaces(entity: Entity, out: list[Entity]) -> None:
    out.append(remove_namespaces(entity))


def _chain(steps: list[Run]) -> Run:
    first, *rest = steps

    def chain(entity: Entity, out: list[Entity]) -> None:
        current: list[Entity] = []
        first(entity, current)
        for step in rest:
            following: list[Entity] = []
            for item in current:
                if "_filtered" in item and step is not _remove_namespaces:
                    following.append(item)
                else:
                    step(item, following)
            current = following
        out += current

    return chain
