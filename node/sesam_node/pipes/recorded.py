"""Recorded look-ups: which source entity looked up what, where no function leads back.

From most hopped datasets the rules themselves lead back to the source (`dtl.dependencies`). Where
they do not (`lookup-entity`, keys that are computed on the way, joins of later transforms), each
source entity's look-ups are recorded: dataset, index or primary key, and key, of those that found
nothing too. A change there is then walked through the records, at a cost in the size of the change.

The records are entities of `system:lookups:<pipe>`: a source entity's id, and a number for each of
its look-ups, which an index leads back from. The number is a hash: two look-ups that share one make
an entity run again that need not, and no more. An entity that makes very many look-ups in one index
is recorded with that index as a whole, so that one entity costs a bounded amount.

Records are written before the output that they belong to. A crash in between loses nothing: the
offsets have not moved, so the same changes are walked again. Then let an entity have been concerned
by its old look-ups, and its new ones be on record. It looked up the same things in the same order,
up to the first whose result has changed; that one is in both, and leads to the entity again. An
entity that fails keeps its old look-ups beside the new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xxhash import xxh3_64_hexdigest

from sesam_node.dtl import compile_index
from sesam_node.model import content_hash, decode, encode
from sesam_node.pipes.evaluate import make_write
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.store.keys import value_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Context
    from sesam_node.store.api import Dataset, Fence, Store, Write

INDEX = "looked-up"
MANY_KEYS = 10_000
"""Look-ups of one entity in one index, beyond which the index as a whole is recorded."""

WAITING = 100_000
"""Look-ups that are kept in memory before they are written."""

ASKED = 500
"""Look-ups that are led back from together."""

EVERYTHING = "*"
"""Stands for an index where every entity of a dataset is read."""

LookUp = tuple[str, str]
"""Dataset and index id; the index is empty for the primary key."""


def records_name(pipe_id: str) -> str:
    """The dataset that holds the records of a pipe."""
    return f"system:lookups:{pipe_id}"


def lookups_of(record: Entity) -> list[Any]:
    """The index values of a record."""
    return list(record["lookups"])


def number_of(dataset: str, index: str, key: Value) -> str:
    """What stands for one look-up; null as key for any in that index."""
    place = f"{dataset}\n{index}\n".encode()
    return xxh3_64_hexdigest(place + value_key(key))


class RecordedLookups:
    """The records of one pipe."""

    def __init__(self, store: Store, pipe_id: str, fence: Fence) -> None:
        self._store = store
        self._name = records_name(pipe_id)
        self._fence = fence
        self._dataset: Dataset | None = None
        self._waiting: dict[str, set[str]] = {}
        self._size = 0

    @property
    def generation(self) -> str | None:
        """That of the dataset of the records, null where there is none."""
        if not self._store.exists(self._name):
            return None
        return self._store.dataset(self._name, create=False).generation

    def open(self, *, reset: bool) -> str:
        """Make the dataset ready, forgetting everything if `reset`; gives its generation."""
        if reset and self._store.exists(self._name):
            self._store.delete(self._name)
        dataset = self._dataset = self._store.dataset(self._name)
        dataset.claim(self._fence)
        dataset.ensure_index(INDEX, lookups_of)
        return dataset.generation

    def add(self, source_id: str, numbers: set[str]) -> None:
        """What an entity has looked up in its last evaluation; see `write`."""
        self._size += len(numbers) + 1
        self._waiting[source_id] = numbers
        if self._size > WAITING:
            self.write()

    def add_failed(self, source_id: str, numbers: set[str]) -> None:
        """What an entity has looked up before it failed: beside what it did before."""
        self.write()
        if self._dataset is None:
            return
        before = self._dataset.get(source_id)
        if before is not None and not before.deleted:
            numbers = numbers | set(decode(before.body)["lookups"])
        self.add(source_id, numbers)

    def write(self) -> None:
        """Write what has been added. To be called before the output is committed."""
        if self._dataset is not None and self._waiting:
            self._dataset.write([_write(*item) for item in self._waiting.items()])
        self._waiting = {}
        self._size = 0

    def sources(self, numbers: Iterable[str]) -> Iterator[str]:
        """The ids of the source entities that have made these look-ups."""
        if self._dataset is None:
            return
        asked = list(numbers)
        for start in range(0, len(asked), ASKED):
            for found in self._dataset.lookup_many(INDEX, asked[start : start + ASKED]):
                yield from (version.entity_id for version in found)


def _write(source_id: str, numbers: set[str]) -> Write:
    record: Entity = {"_id": source_id}
    if numbers:
        record["lookups"] = sorted(numbers)
    else:
        record["_deleted"] = True
    body = encode(record)
    return make_write((source_id, body, content_hash(body), not numbers))


class RecordingLookup(StoreLookup):
    """A look-up that takes down what is looked up in some indexes of some datasets."""

    records = True

    def __init__(
        self,
        context: Context,
        own: str | None,
        book: RecordedLookups,
        watched: Collection[LookUp],
    ) -> None:
        super().__init__(context, own)
        self._book = book
        self._watched = frozenset(watched)
        self._taken: dict[LookUp, set[str]] = {}

    def begin(self, taken: dict[LookUp, set[str]] | None = None) -> None:
        self._taken = {} if taken is None else taken

    def taken(self) -> dict[LookUp, set[str]]:
        return self._taken

    def end(self, source_id: str, *, failed: bool = False) -> None:
        numbers: set[str] = set()
        for place, found in self._taken.items():
            numbers |= found if len(found) <= MANY_KEYS else {number_of(*place, None)}
        add = self._book.add_failed if failed else self._book.add
        add(source_id, numbers)

    def _take(self, place: LookUp, keys: Sequence[Value]) -> None:
        taken = self._taken.setdefault(place, set())
        if len(taken) <= MANY_KEYS:
            taken.update(number_of(*place, key) for key in keys)

    def entity(self, dataset: str, entity_id: str) -> Entity | None:
        if (dataset, "") in self._watched:
            self._take((dataset, ""), (entity_id,))
        return super().entity(dataset, entity_id)

    def find(self, dataset: str, index: str, keys: Sequence[Value]) -> Sequence[Entity]:
        if (dataset, index) in self._watched:
            self._take((dataset, index), keys)
        return super().find(dataset, index, keys)

    def entities(self, dataset: str) -> Iterator[Entity]:
        if (dataset, EVERYTHING) in self._watched:
            self._take((dataset, EVERYTHING), (None,))
        return super().entities(dataset)


class WayBack:
    """From versions of the entities of one dataset to the numbers of what would have met them."""

    def __init__(self, dataset: str, indexes: Iterable[str]) -> None:
        self._dataset = dataset
        self._keys: list[tuple[str, Callable[[Entity], list[Value]]]] = [
            (index, _keys_of(index)) for index in sorted(indexes)
        ]
        self.always = [number_of(dataset, index, None) for index, _ in self._keys]
        """The look-ups that any change concerns."""

    def numbers(self, entity: Entity) -> Iterator[str]:
        for index, keys_of in self._keys:
            for key in keys_of(entity):
                yield number_of(self._dataset, index, key)


def _keys_of(index: str) -> Callable[[Entity], list[Value]]:
    if index == EVERYTHING:
        return lambda _entity: []
    return compile_index(index) if index else lambda entity: [entity["_id"]]
