"""The store as it would be if some entities were others: for "what if", written nowhere.

A store with the same interface lies over the real one (or over its past), so that pipes run over
it unchanged. An overlaid entity keeps the place in the log that the stored one has; one that was
not there, or was deleted, comes behind the end. A look-up by index leaves out the overlaid ids
that the index finds, and adds those whose overlaid entity has the key. Nothing can be written.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NoReturn, cast

from sesam_node.dtl import compile_index
from sesam_node.errors import InputError, NotFoundError, Problem, StoreError, json_path, suggestion
from sesam_node.errors import preview as shown
from sesam_node.model import content, content_hash, decode, encode
from sesam_node.model.stream import check_entities
from sesam_node.model.values import identity
from sesam_node.pipes.past import past_of
from sesam_node.store.api import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.runs import PipeDefinition
    from sesam_node.store.api import Counts, Dataset, IndexInfo, KeyFunction, Store

MOST = 1_000
"""How many entities an overlay may have."""

PAGE = 1_000
Overlay = dict[str, dict[str, Any]]
"""By dataset and `_id` an entity, or null for one that is not there."""


@dataclass(frozen=True, slots=True)
class World:
    """The datasets that rules look into: as they are, as they were, with some entities others."""

    overlay: Overlay = field(default_factory=dict)
    as_of: str | None = None

    def of(self, definition: PipeDefinition, store: Store) -> Store:
        """The store to build a pipe over. Raises InputError, NotFoundError, ExpiredError."""
        then = past_of(definition, store, self.as_of)
        if not self.overlay:
            return then
        return cast("Store", OverlaidStore(then, read_overlay(self.overlay, then)))


def read_overlay(overlay: Any, store: Store) -> dict[str, dict[str, Entity | None]]:
    """The overlay in normal form: entities have their `_id`, and nothing the node keeps of them.

    Raises InputError with every Problem (paths below `$.overlay`), NotFoundError for a dataset
    that is not there.
    """
    _check_shape(overlay)
    problems: list[Problem] = []
    found: dict[str, dict[str, Entity | None]] = {}
    for name, entities in overlay.items():
        if not store.exists(name):
            message = f'there is no dataset "{name}"'
            path = json_path(("overlay", name))
            hint = suggestion(name, [n for n in store.names() if not n.startswith("system:")])
            raise NotFoundError(message, [Problem(path, "unknown-dataset", message, hint)])
        laid = found[name] = {}
        for entity_id, entity in entities.items():
            try:
                laid[entity_id] = _entity(name, entity_id, entity)
            except InputError as error:
                problems.extend(error.problems)
    if problems:
        raise InputError("the overlay holds values that are no entities", problems)
    return found


def _check_shape(overlay: Any) -> None:
    if type(overlay) is not dict or any(type(part) is not dict for part in overlay.values()):
        message = f"expected entities by dataset and _id, got {shown(overlay)}"
        hint = '{"customer": {"7": {"name": "Ada"}, "8": null}}'
        raise InputError(message, [Problem("$.overlay", "wrong-overlay", message, hint)])
    count = sum(map(len, overlay.values()))
    if count > MOST:
        message = f"an overlay has at most {MOST:,} entities, got {count:,}"
        raise InputError(message, [Problem("$.overlay", "too-many", message)])


def _entity(name: str, entity_id: str, entity: Any) -> Entity | None:
    if entity is None:
        return None
    path = ("overlay", name, entity_id)
    if type(entity) is not dict:
        message = f"expected an entity or null, got {shown(entity)}"
        raise InputError(message, [Problem(json_path(path), "no-entity", message)])
    if entity.get("_id", entity_id) != entity_id:
        message = f"expected the _id {shown(entity_id)}, got {shown(entity['_id'])}"
        raise InputError(message, [Problem(json_path((*path, "_id")), "wrong-id", message)])
    try:
        checked = check_entities(decode(encode([{**entity, "_id": entity_id}])))
    except InputError as error:
        start = json_path(path)
        problems = [replace(p, path=start + p.path.removeprefix("$[0]")) for p in error.problems]
        raise InputError(error.message, problems) from None
    clean: Entity = content(checked[0])
    return clean


class OverlaidStore:
    """A store in which some entities are others."""

    def __init__(self, store: Store, overlay: Mapping[str, Mapping[str, Entity | None]]) -> None:
        self._store = store
        self._overlay = overlay
        self._datasets: dict[str, OverlaidDataset] = {}
        self.round_trip = store.round_trip
        self.settings = store.settings

    def dataset(self, name: str, *, create: bool = True) -> Dataset | OverlaidDataset:  # noqa: ARG002 - nothing is made
        if name not in self._overlay:
            return self._store.dataset(name, create=False)
        known = self._datasets.get(name)
        if known is None:
            stored = self._store.dataset(name, create=False)
            known = self._datasets[name] = OverlaidDataset(stored, self._overlay[name])
        return known

    def names(self) -> list[str]:
        return self._store.names()

    def exists(self, name: str) -> bool:
        return self._store.exists(name)

    def reading(self) -> AbstractContextManager[None]:
        return self._store.reading()


class OverlaidDataset:
    """A dataset in which some entities are others.

    Its head is fixed when it is made: what is written meanwhile is not seen.
    """

    def __init__(self, dataset: Dataset, overlay: Mapping[str, Entity | None]) -> None:
        self._under = dataset
        self._end = dataset.head()
        self._ids = tuple(overlay)
        self.name = dataset.name
        self.generation = dataset.generation
        self._stored = dict(zip(self._ids, dataset.get_many(self._ids), strict=True))
        self._laid: dict[str, Version] = {}
        self._placed: dict[int, Version] = {}
        self._new: list[Version] = []
        for entity_id, entity in overlay.items():
            self._lay(entity_id, entity)
        self._by_key: dict[str, dict[Any, list[Version]]] = {}

    def _lay(self, entity_id: str, entity: Entity | None) -> None:
        stored = self._stored[entity_id]
        lives = stored is not None and not stored.deleted
        if entity is None:
            if stored is not None and lives:
                body = encode({**decode(stored.body), "_deleted": True})
                gone = stored._replace(body=body, deleted=True, hash=content_hash(body))
                self._laid[entity_id] = self._placed[stored.seq] = gone
            return
        body = encode(entity)
        if stored is not None and lives:
            laid = stored._replace(body=body, hash=content_hash(body))
            self._placed[stored.seq] = laid
        else:
            seq = self._end + len(self._new)
            previous, ts = (None, 0) if stored is None else (stored.seq, stored.ts)
            laid = Version(
                seq, entity_id, body, previous, deleted=False, hash=content_hash(body), ts=ts
            )
            self._new.append(laid)
        self._laid[entity_id] = laid

    def _shown(self, version: Version) -> Version | None:
        """A stored version as it is seen: itself, what lies over it, or nothing."""
        if version.seq >= self._end:
            return None
        placed = self._placed.get(version.seq)
        if placed is not None:
            return placed
        laid = self._laid.get(version.entity_id)
        # A deleted entity that lives again comes behind the end.
        stored = self._stored.get(version.entity_id)
        revived = laid is not None and stored is not None and stored.seq == version.seq
        return None if revived else version

    # -- the log -----------------------------------------------------------------------------------

    def head(self) -> int:
        return self._end + len(self._new)

    def head_at(self, ts: int) -> int:
        return self._under.head_at(ts)

    @property
    def exact_from(self) -> int:
        return self._under.exact_from

    def get(self, entity_id: str) -> Version | None:
        return self.get_many([entity_id])[0]

    def get_many(self, ids: Sequence[str], as_of: int | None = None) -> list[Version | None]:
        head = self._end if as_of is None else min(as_of, self._end)
        found = self._under.get_many(ids, as_of=None if head == self._end else head)
        most = self.head() if as_of is None else as_of
        return [
            laid if laid is not None and laid.seq < most else version
            for version, laid in zip(found, map(self._laid.get, ids), strict=True)
        ]

    def at(self, seq: int) -> Version | None:
        if seq >= self._end:
            return self._new[seq - self._end] if seq < self.head() else None
        return self._placed.get(seq) or self._under.at(seq)

    def version_before(self, entity_id: str, seq: int) -> Version | None:
        laid = self._laid.get(entity_id)
        if laid is not None and laid.seq < seq:
            return laid
        return self._under.version_before(entity_id, min(seq, self._end))

    def history(self, entity_id: str) -> list[Version]:
        stored = [v for v in self._under.history(entity_id) if v.seq < self._end]
        laid = self._laid.get(entity_id)
        if laid is None:
            return stored
        return [laid, *(version for version in stored if version.seq != laid.seq)]

    def changes(
        self,
        since: int | None = None,
        limit: int = PAGE,
        *,
        history: bool = False,
        deleted: bool = True,
        until: int | None = None,
        reverse: bool = False,
        as_of: int | None = None,
    ) -> list[Version]:
        """As of a dataset."""
        behind = [
            version
            for version in self._new
            if (until is None or version.seq < until) and _beyond(version.seq, since, reverse)
        ]
        found: list[Version] = behind[::-1][:limit] if reverse else []
        at = since if not reverse or since is None or since <= self._end else self._end
        end = self._end if until is None else min(until, self._end)
        head = None if as_of is None or as_of >= self._end else as_of
        while len(found) < limit:
            # Deletes are asked for: an entity that is overlaid may be one, and may be none.
            page = self._under.changes(
                at, PAGE, history=history, until=end, reverse=reverse, as_of=head
            )
            for version in page:
                seen = self._shown(version)
                if history:
                    seen = self._placed.get(version.seq, version)
                if seen is not None and (deleted or not seen.deleted):
                    found.append(seen)
            if len(page) < PAGE:
                break
            at = page[-1].seq
        if not reverse and len(found) < limit:
            found += behind
        return found[:limit]

    def live(self, after: str | None = None, limit: int = PAGE) -> list[tuple[str, int, bool]]:
        """As of a dataset."""
        rows = self._under.live(after, limit)
        last = rows[-1][0].encode() if len(rows) == limit else None
        start = b"" if after is None else after.encode()
        merged = [
            (entity_id, laid.seq, laid.deleted)
            if (laid := self._laid.get(entity_id)) is not None
            else (entity_id, seq, deleted)
            for entity_id, seq, deleted in rows
        ]
        known = {entity_id for entity_id, _, _ in rows}
        for version in self._new:
            key = version.entity_id.encode()
            beyond = after is None or key > start
            if version.entity_id not in known and beyond and (last is None or key < last):
                place = bisect_left([row[0].encode() for row in merged], key)
                merged.insert(place, (version.entity_id, version.seq, False))
        return merged[:limit]

    @property
    def populated(self) -> bool:
        return self._under.populated

    def counts(self) -> Counts:
        return self._under.counts()

    def state(self, pipe: str) -> dict[str, bytes]:
        return self._under.state(pipe)

    # -- look-ups ----------------------------------------------------------------------------------

    def ensure_index(self, index: str, keys: KeyFunction) -> None:
        self._under.ensure_index(index, keys)

    def indexes(self) -> list[IndexInfo]:
        return self._under.indexes()

    def lookup_many(self, index: str, keys: Sequence[Value]) -> list[list[Version]]:
        laid = self._keyed(index)
        found = []
        for key, row in zip(keys, self._under.lookup_many(index, keys), strict=True):
            versions = [version for version in row if version.entity_id not in self._laid]
            versions += laid.get(identity(key), ())
            found.append(sorted(versions, key=lambda version: version.seq))
        return found

    def _keyed(self, index: str) -> dict[Any, list[Version]]:
        """The overlaid entities that live, by the keys they have in an index."""
        keyed = self._by_key.get(index)
        if keyed is None:
            keyed = self._by_key[index] = {}
            keys_of = compile_index(index)
            for version in self._laid.values():
                if not version.deleted:
                    for name in {identity(key) for key in keys_of(decode(version.body))}:
                        keyed.setdefault(name, []).append(version)
        return keyed

    # -- what is only looked at --------------------------------------------------------------------

    def write(self, *_arguments: Any, **_options: Any) -> NoReturn:
        raise StoreError(f'the overlaid dataset "{self.name}" cannot be written')


def _beyond(seq: int, since: int | None, reverse: bool) -> bool:  # noqa: FBT001 - as `changes`
    if since is None:
        return True
    return seq < since if reverse else seq > since
