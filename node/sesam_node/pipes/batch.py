"""Entities in flight, and what a source, a transform and a sink must do.

A source yields batches of at most 1,000 entities, each with the offset that it reaches. Batches of
a dataset carry stored versions, which are decoded in the loop that transforms them, so that a
version that nobody looks at is never decoded; other sources carry entities. Transforms are
functions `run(entity, out)` that append what they emit. Factories get the effective options of
their component and the `Context` of the pipe.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from sesam_node.config.secrets import resolve_secrets
from sesam_node.errors import ConfigError
from sesam_node.pipes.exchanges import Exchanges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sesam_node.dtl import Runtime, Tracker
    from sesam_node.model import Entity
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Dataset, Store, Version

BATCH_SIZE = 1_000
PLACE_BITS = 48
"""Of a place the bits that hold a seq; the position of the dataset stands before them."""

GONE = -1
"""The place of what is no source entity any more: a delete of what came of it before."""

Offset = Any
"""Where a source is: JSON data, null for the start."""


class Batch(NamedTuple):
    """Some source entities in order.

    `versions` of a dataset, or `entities`, or both side by side where the entities of a dataset
    have changed on the way (another `_id`). `offset` is where the source is after the last one;
    `offset_of(i)` where it is after the one at position i, absent where a source can only go on
    behind a whole batch. `dataset` holds the versions.

    `places` order source entities that are no versions of one dataset as a full run reads them; a
    negative one marks the delete of what is no longer a source entity, which leaves deletes alone.
    A batch without entities asks for a commit of its offset.
    """

    entities: Sequence[Entity] | None
    versions: Sequence[Version] | None
    offset: Offset
    offset_of: Callable[[int], Offset] | None = None
    dataset: Dataset | None = None
    places: Sequence[int] | None = None

    @property
    def size(self) -> int:
        """How many source entities it holds."""
        return len((self.versions if self.entities is None else self.entities) or ())

    def part(self, start: int, stop: int | None = None) -> Batch:
        """The entities from position `start` on, up to but without `stop`.

        Its offset is that of the whole batch where the source cannot go on in the middle.
        """
        stop = self.size if stop is None else min(stop, self.size)
        if start == 0 and stop == self.size:
            return self
        offset_of = self.offset_of
        return Batch(
            None if self.entities is None else self.entities[start:stop],
            None if self.versions is None else self.versions[start:stop],
            self.offset if offset_of is None or stop <= start else offset_of(stop - 1),
            None if offset_of is None else lambda i: offset_of(start + i),
            self.dataset,
            None if self.places is None else self.places[start:stop],
        )


def must_be_named(context: Context) -> bool:
    """Must the entities that come into the pipe have an `_id`? Its rules may give them one."""
    return not context.definition.pipe.get("transform")


class Source(Protocol):
    """Where entities come from.

    The three flags say what its offsets are worth; `datasets` are those it reads, in order. One
    with `is_complete` false does not bring all that there is, even from the start: what it does not
    bring then is not deleted.
    """

    supports_since: bool
    is_since_comparable: bool
    is_chronological: bool
    datasets: tuple[str, ...]

    def read(self, since: Offset) -> Iterator[Batch]:
        """Batches after `since`; null is the start."""


@runtime_checkable
class DatasetSource(Source, Protocol):
    """A source that reads datasets of this node, and can read them as they were.

    `combines` says that a source entity may stem from several stored ones, so that what is read
    later need not have the higher place.
    """

    history: bool
    combines: bool

    def prepare(self) -> dict[str, str | None]:
        """Fixes where reading ends, so that a run does. Gives the generation of each dataset."""

    def as_of(self, ids: Iterable[str], offset: Offset) -> Iterator[Batch]:
        """The source entities with these ids as they were at `offset`, in the order of offsets.

        Those that have changed between `offset` and the end of this run's reading are left out:
        reading brings their new version.
        """

    def deleted_ids(self) -> Iterator[str]:
        """The ids of the source entities that are deleted now."""

    def members_of(self, entity_id: str) -> list[tuple[str, str, int]]:
        """The stored entities that a source entity consists of: (dataset, id, seq), now.

        Empty where there is none of that id. Deleted ones are told too.
        """

    def is_populated(self) -> bool:
        """Are all the datasets that must be populated so?"""

    def queue(self, since: Offset) -> dict[str, int]:
        """How many versions there are after `since`, by dataset."""


def comes_in_order(source: Source, since: Offset) -> bool:
    """Does reading from there deliver in the order of offsets, so that a run may pause anywhere?

    A source can say by `is_chronological_full` that it does not where it reads from the start.
    """
    if since is None:
        return bool(getattr(source, "is_chronological_full", source.is_chronological))
    return source.is_chronological


class Transform(Protocol):
    """One step between source and sink.

    `datasets` are those it looks into, `indexes` the pairs of dataset and index that look-ups
    need, `trackers` lead back from a changed entity there; from `untracked` datasets no way leads
    back. `emits_own_id` is true where it is proven that an entity comes out once, under its own id,
    or not at all.
    """

    datasets: frozenset[str]
    untracked: frozenset[str]
    indexes: tuple[tuple[str, str], ...]
    trackers: tuple[Tracker, ...]
    emits_own_id: bool

    def bind(self, runtime: Runtime) -> Callable[[Entity, list[Entity]], None]:
        """The function that transforms one entity; it never changes the entity it is given."""


class Sink(Protocol):
    """Where entities go: a dataset (its id is in `dataset`), an endpoint, or elsewhere.

    One that takes the entities of a run together has `begin(full=…)` and `end()` too; where
    `begins_again` is true, a full run that was interrupted is never taken up in the middle. One
    that can tell that it lost what it had says so by `reason_for_full_run()`, empty if not; one
    that has `close()` gives up there what a run has not ended. One that `takes_whole` gets
    everything in each run that has news, and has `is_current()`: is what it wrote last still there?
    """

    dataset: str | None
    is_endpoint: bool

    def write(self, entities: Sequence[Entity]) -> int:
        """Take entities; how many were taken. Not called where the sink is a dataset."""


@dataclass(slots=True)
class Context:
    """What a component may ask for while its pipe is built.

    For a transform: `position` among the transforms (`in_list` where they are a list), and
    `source_dataset` where what it gets are the entities of that dataset as they are stored.
    `exchanges` are what its REST components asked, for those who want to know. `tell` puts an event
    of this type, with these facts, into the pipe's execution log; nobody hears it outside of runs.
    While a pipe runs, `columns(n)` are those of a table for the first n entities that it makes
    (`pipes.columns`).
    """

    definition: PipeDefinition
    store: Store | None = None
    namespaced: bool = False
    position: int = 0
    in_list: bool = False
    source_dataset: str | None = None
    exchanges: Exchanges = field(default_factory=Exchanges)
    tell: Callable[[str, dict[str, Any]], None] = lambda _event_type, _facts: None
    columns: Callable[[int], Any] | None = None
    _systems: dict[str, Any] = field(default_factory=dict)

    def system(self, system_id: str) -> Any:
        """The system with this id, made once a pipe."""
        if system_id not in self._systems:
            from sesam_node.pipes.component import build

            config = self.definition.systems.get(system_id)
            if config is None:
                raise ConfigError(f'the system "{system_id}" does not exist')
            config = resolve_secrets(config, self.definition.secrets)
            self._systems[system_id] = build("system", config, self)
        return self._systems[system_id]

    def dataset(self, name: str) -> Dataset | None:
        """A dataset of this node, absent where it does not exist."""
        if self.store is None or not self.store.exists(name):
            return None
        return self.store.dataset(name, create=False)

    def close(self) -> None:
        """Closes the systems that were used."""
        for system in self._systems.values():
            system.close()
        self._systems.clear()
