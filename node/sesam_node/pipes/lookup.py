"""The datasets as the generated code of a pipe sees them, over the store.

Look-ups are made on demand and remembered until `forget`: entities that many source entities meet
are read and decoded once a batch. What is handed out is shared and must not be changed, which
generated code keeps to. A dataset that does not exist is empty. A pipe that looks into its own
sink calls `flush` first and remembers nothing of it, so that it sees its own writes.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sesam_node.dtl import compile_index
from sesam_node.errors import NotFoundError
from sesam_node.model import decode
from sesam_node.model.values import datetime_text, identity
from sesam_node.pipes.completeness import known_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Context
    from sesam_node.store.api import Dataset, Version

REMEMBERED = 20_000
UNKNOWN: Any = object()
by_entity_id = attrgetter("entity_id")

Found = tuple[list[str], list["Entity"]]


class StoreLookup:
    """Look-ups by id and by index.

    `count` rises with each, `rows` with what they find; `current` is the source version.

    One that `records` wants to know where the evaluation of a source entity begins and ends.
    `as_source` makes of a stored version what the first transform would get of it.
    """

    records = False

    def __init__(self, context: Context, own: str | None = None) -> None:
        self._context = context
        self._own = own
        self._flush: Callable[[], None] = lambda: None
        self._datasets: dict[str, Dataset | None] = {}
        self._by_id: dict[str, dict[str, Entity | None]] = {}
        self._by_index: dict[tuple[str, str], dict[Value, Found]] = {}
        self._completeness: dict[str, dict[str, int]] = {}
        self._held = 0
        self._bytes = 0
        self.count = 0
        self.rows = 0
        self.current: Version | None = None
        self.current_dataset: Dataset | None = None
        self.as_source: Callable[[Entity, Version], Entity] = lambda entity, _: entity

    def on_flush(self, flush: Callable[[], None]) -> None:
        """Calls `flush` before each look-up in the pipe's own sink."""
        self._flush = flush

    def begin(self, taken: Any = None) -> None:
        """A source entity is evaluated from here on, or on: `taken` is what `taken()` gave."""

    def taken(self) -> Any:
        """What the source entity in hand has looked up, where that is recorded."""
        return None

    def end(self, source_id: str, *, failed: bool = False) -> None:
        """It has been evaluated, or has `failed`."""

    def forget(self, limit_bytes: int | None = None) -> None:
        """Drops what is remembered once it is much. Called between batches.

        With a limit: once more bytes than that have been fetched ahead.
        """
        much = self._held > REMEMBERED if limit_bytes is None else self._bytes > limit_bytes
        if much:
            self._by_id.clear()
            self._by_index.clear()
            self._held = self._bytes = 0

    def fetch(self, dataset: str, index: str, keys: Sequence[Value]) -> int:
        """Remember what look-ups with these keys will find, in one request; how many bytes it is.

        `index` is an index id, or empty for the primary key.
        """
        stored = self._dataset(dataset)
        if stored is None:
            return 0
        if index:
            known = self._by_index.setdefault((dataset, index), {})
            wanted = {name: key for key in keys if (name := identity(key)) not in known}
            size = 0
            if wanted:
                rows = stored.lookup_many(index, list(wanted.values()))
                known.update(zip(wanted, self._decoded(rows), strict=True))
                size = sum(len(version.body) for row in rows for version in row)
        else:
            memo = self._by_id.setdefault(dataset, {})
            texts = (key for key in keys if type(key) is str and key and key not in memo)
            ids = list(dict.fromkeys(texts))
            versions = stored.get_many(ids) if ids else []
            for entity_id, version in zip(ids, versions, strict=True):
                live = version is not None and not version[4]
                memo[entity_id] = decode(version[2]) if version is not None and live else None
            self._held += len(ids)
            size = sum(len(version[2]) for version in versions if version is not None)
        self._bytes += size
        return size

    def _dataset(self, name: str) -> Dataset | None:
        if name not in self._datasets:
            self._datasets[name] = self._context.dataset(name)
        return self._datasets[name]

    def _open_own(self) -> None:
        self._flush()
        self._by_id.pop(self._own or "", None)
        for name in [name for name in self._by_index if name[0] == self._own]:
            del self._by_index[name]

    def entity(self, dataset: str, entity_id: str) -> Entity | None:
        self.count += 1
        if dataset == self._own:
            self._open_own()
        found: Entity | None
        memo = self._by_id.get(dataset)
        if memo is None:
            memo = self._by_id[dataset] = {}
        elif (found := memo.get(entity_id, UNKNOWN)) is not UNKNOWN:
            self.rows += found is not None
            return found
        stored = self._dataset(dataset)
        # No entity has an empty id, and a store refuses to look for one.
        version = None if stored is None or not entity_id else stored.get(entity_id)
        found = None
        if version is not None and not version[4]:
            found = decode(version[2])
        memo[entity_id] = found
        self._held += 1
        self.rows += found is not None
        return found

    def find(self, dataset: str, index: str, keys: Sequence[Value]) -> Sequence[Entity]:
        self.count += 1
        if dataset == self._own:
            self._open_own()
        memo = self._by_index.get((dataset, index))
        if memo is None:
            memo = self._by_index[dataset, index] = {}
        if len(keys) == 1:
            key = keys[0]
            name = key if type(key) is str and key[:1] != "~" else identity(key)
            found = memo.get(name)
            if found is not None:
                self.rows += len(found[1])
                return found[1]
        stored = self._dataset(dataset)
        if stored is None:
            return ()
        if len(keys) == 1:
            found = memo[name] = self._read(stored, index, keys)[0]
            self.rows += len(found[1])
            return found[1]
        wanted = {identity(key): key for key in keys}
        missing = [name for name in wanted if name not in memo]
        if missing:
            read = self._read(stored, index, [wanted[name] for name in missing])
            memo.update(zip(missing, read, strict=True))
        merged = {id_: entity for name in wanted for id_, entity in zip(*memo[name], strict=True)}
        self.rows += len(merged)
        return [merged[id_] for id_ in sorted(merged)]

    def ids(self, dataset: str, index: str, keys: Sequence[Value]) -> list[str]:
        """The ids of the live entities that have any of `keys` in an index; none is decoded."""
        stored = self._dataset(dataset)
        if stored is None:
            return []
        return [version.entity_id for row in self._rows(stored, index, keys) for version in row]

    def _read(self, stored: Dataset, index: str, keys: Sequence[Value]) -> list[Found]:
        return self._decoded(self._rows(stored, index, keys))

    @staticmethod
    def _rows(stored: Dataset, index: str, keys: Sequence[Value]) -> list[list[Version]]:
        try:
            return stored.lookup_many(index, keys)
        except NotFoundError:
            # The dataset was made, or the index dropped, after the pipe had made its indexes.
            stored.ensure_index(index, compile_index(index))
            return stored.lookup_many(index, keys)

    def _decoded(self, rows: list[list[Version]]) -> list[Found]:
        self._held += len(rows) + sum(map(len, rows))
        found: list[Found] = []
        for row in rows:
            # By `_id`, so that the order does not tell when what was written.
            ordered = sorted(row, key=by_entity_id) if len(row) > 1 else row
            found.append(([v.entity_id for v in ordered], [decode(v.body) for v in ordered]))
        return found

    def entities(self, dataset: str) -> Iterator[Entity]:
        self.count += 1
        if dataset == self._own:
            self._open_own()
        stored = self._dataset(dataset)
        after = None
        while stored is not None and (listed := stored.live(after)):
            for version in stored.get_many(
                [entity_id for entity_id, _, deleted in listed if not deleted]
            ):
                if version is not None and not version.deleted:
                    yield decode(version.body)
            after = listed[-1][0]

    def previous(self, entity: Entity) -> Entity | None:  # noqa: ARG002 - it is the current one
        version, dataset = self.current, self.current_dataset
        if version is None or dataset is None or version.previous is None:
            return None
        before = dataset.at(version.previous)
        return None if before is None else self.as_source(decode(before.body), before)

    def completeness(self, dataset: str, via: str) -> Value:
        known = self._completeness.get(via)
        if known is None:
            stored = self._dataset(via)
            known = self._completeness[via] = {} if stored is None else known_of(stored)
        moment = known.get(dataset)
        if moment is None or self._dataset(dataset) is None:
            return None
        return datetime_text(moment * 1000)

    def version(self, dataset: str, entity_id: str) -> int | None:
        stored = self._dataset(dataset)
        version = None if stored is None else stored.get(entity_id)
        return None if version is None or version.deleted else version.seq
