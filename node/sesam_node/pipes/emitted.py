"""Emitted ids: what each source entity became, where it does not come out under its own id.

What an entity no longer makes is deleted from the sink. Where several source entities make one id,
it belongs to the one with the highest place in the source, as in a full run, where it comes last;
when that one drops the id, the next is run again. Who emits a delete makes nothing.

The records are entities of `system:emitted:<pipe>`. They are written before the output and carry
the number of the commit they belong to; the pipe's state holds the number of the last commit that
was made. A record with a higher number belongs to a commit that never was, and goes back to what
it held before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sesam_node.model import content_hash, decode, encode
from sesam_node.pipes.evaluate import make_delete, make_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sesam_node.model import Entity
    from sesam_node.pipes.evaluate import Group
    from sesam_node.store.api import Dataset, Fence, Store, Write

INDEX = "emitted-ids"


class Record(NamedTuple):
    """The ids that a source entity made, and its place in the source."""

    ids: list[str]
    place: int


def records_name(pipe_id: str) -> str:
    """The dataset that holds the records of a pipe."""
    return f"system:emitted:{pipe_id}"


def emitted_ids(record: Entity) -> list[Any]:
    """The index values of a record."""
    return list(record["ids"])


def records_of(store: Store, pipe_id: str) -> Dataset | None:
    """The records of a pipe, to be read; None where there are none."""
    name = records_name(pipe_id)
    if not store.exists(name):
        return None
    dataset = store.dataset(name, create=False)
    # The store alone does not know how this index is made.
    dataset.ensure_index(INDEX, emitted_ids)
    return dataset


def _made(latest: dict[str, Group]) -> tuple[dict[str, dict[str, Write]], dict[str, Write]]:
    """What each source entity makes, by id; and deletes, which make nothing.

    A deleted source entity has no part in an id that another one makes.
    """
    made: dict[str, dict[str, Write]] = {}
    deletes: dict[str, Write] = {}
    for name, group in latest.items():
        last = {write.entity_id: write for write in group.writes}
        made[name] = {entity_id: write for entity_id, write in last.items() if not write.deleted}
        deletes.update((entity_id, write) for entity_id, write in last.items() if write.deleted)
    return made, deletes


def _lost(
    made: dict[str, dict[str, Write]], old: dict[str, Record], deletes: Iterable[str]
) -> dict[str, int]:
    """Ids that entities no longer make, or delete, with the highest place of those who did."""
    lost = dict.fromkeys(deletes, -1)
    for name, record in old.items():
        for entity_id in record.ids:
            if entity_id not in made[name]:
                lost[entity_id] = max(record.place, lost.get(entity_id, -1))
    return lost


def _held(old: dict[str, Record]) -> dict[str, int]:
    """Ids that entities made before, with the highest place of those who did."""
    held: dict[str, int] = {}
    for record in old.values():
        for entity_id in record.ids:
            held[entity_id] = max(record.place, held.get(entity_id, -1))
    return held


class EmittedIds:
    """The records of one pipe during a run. `number` is that of the last commit made."""

    def __init__(self, store: Store, pipe_id: str, fence: Fence, number: int) -> None:
        self._store = store
        self._name = records_name(pipe_id)
        self._fence = fence
        self.number = number
        self._dataset = self._open()
        self._take_back()

    def _open(self) -> Dataset:
        dataset = self._store.dataset(self._name)
        dataset.claim(self._fence)
        dataset.ensure_index(INDEX, emitted_ids)
        return dataset

    def reset(self) -> None:
        """Forgets everything, at the start of a full run."""
        self._store.delete(self._name)
        self._dataset = self._open()

    def _take_back(self) -> None:
        writes: list[Write] = []
        before: int | None = None
        while versions := self._dataset.changes(before, reverse=True):
            for version in versions:
                record = decode(version.body)
                if record["number"] <= self.number:
                    break
                old = Record(*record["before"])
                writes.append(self._write(version.entity_id, old, old, self.number))
            else:
                before = versions[-1].seq
                continue
            break
        if writes:
            self._dataset.write(writes)

    @staticmethod
    def _write(source_id: str, now: Record, before: Record, number: int) -> Write:
        body = encode(
            {
                "_id": source_id,
                "ids": now.ids,
                "place": now.place,
                "before": list(before),
                "number": number,
            }
        )
        return make_write((source_id, body, content_hash(body), False))

    def resolve(
        self,
        groups: Iterable[Group],
        run_again: Callable[[list[str]], Iterable[Group]],
        *,
        newest: bool,
    ) -> list[Write]:
        """What to write to the sink for these groups; the records of it are written first.

        `newest` says that no source entity with a record has a higher place than these.
        """
        latest: dict[str, Group] = {}
        self._add(latest, groups)
        while True:
            old = self._records(list(latest))
            made, deletes = _made(latest)
            writes, missing = self._settle(latest, made, old, deletes, newest=newest)
            # What nobody had made keeps its content: deletes of several must not take turns.
            held = {entity_id for record in old.values() for entity_id in record.ids}
            told = {name: write for name, write in deletes.items() if name in held}
            writes = [told.get(w.entity_id, w) if w.deleted else w for w in writes]
            again = [group for group in run_again(missing) if group.source_id not in latest]
            if not again:
                break
            self._add(latest, again)
            newest = False
        self._record(latest, made, old)
        return writes

    @staticmethod
    def _add(latest: dict[str, Group], groups: Iterable[Group]) -> None:
        for group in groups:
            latest.pop(group.source_id, None)
            latest[group.source_id] = group

    def _records(self, ids: list[str]) -> dict[str, Record]:
        found = {}
        for version in self._dataset.get_many(ids):
            if version is not None:
                record = decode(version.body)
                found[version.entity_id] = Record(record["ids"], record["place"])
        return found

    def _settle(
        self,
        latest: dict[str, Group],
        made: dict[str, dict[str, Write]],
        old: dict[str, Record],
        deletes: Iterable[str],
        *,
        newest: bool,
    ) -> tuple[list[Write], list[str]]:
        """Writes by the owner of each id; and owners, not among `latest`, to be run again."""
        owners: dict[str, tuple[int, str]] = {}
        for name, group in latest.items():
            for entity_id in made[name]:
                if group.place >= owners.get(entity_id, (-1, ""))[0]:
                    owners[entity_id] = (group.place, name)
        held = _held(old)
        lost = _lost(made, old, deletes)
        asked = list(lost) if newest else list({**owners, **lost})
        others = self._other_owners(asked, latest)
        writes = []
        missing = []
        for entity_id, (place, name) in owners.items():
            if others.get(entity_id, (-1, ""))[0] <= place:
                writes.append(made[name][entity_id])
            elif held.get(entity_id, -1) > others[entity_id][0]:
                missing.append(others[entity_id][1])
        for entity_id, place in lost.items():
            if entity_id in owners:
                continue
            if entity_id not in others:
                writes.append(make_delete(entity_id))
            elif place > others[entity_id][0]:
                missing.append(others[entity_id][1])
                writes.append(make_delete(entity_id))
        return writes, missing

    def _other_owners(self, ids: list[str], latest: dict[str, Group]) -> dict[str, tuple[int, str]]:
        """Of each id the source entity outside `latest` with the highest place that makes it."""
        found: dict[str, tuple[int, str]] = {}
        if not ids:
            return found
        for entity_id, versions in zip(ids, self._dataset.lookup_many(INDEX, ids), strict=True):
            for version in versions:
                if version.entity_id not in latest:
                    place = decode(version.body)["place"]
                    found[entity_id] = max(
                        found.get(entity_id, (-1, "")), (place, version.entity_id)
                    )
        return found

    def _record(
        self,
        latest: dict[str, Group],
        made: dict[str, dict[str, Write]],
        old: dict[str, Record],
    ) -> None:
        self.number += 1
        writes = []
        for name, group in latest.items():
            before = old.get(name, Record([], -1))
            now = Record(list(made[name]), group.place)
            if now != before:
                writes.append(self._write(name, now, before, self.number))
        if writes:
            self._dataset.write(writes)
