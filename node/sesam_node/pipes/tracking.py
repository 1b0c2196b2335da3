"""Dependency tracking: from changes in hopped datasets to the source entities they concern.

Every version written since the pipe's offset in a hopped dataset is walked, and of each changed id
the version that was the latest at that offset: a look-up may have met any of them. Deleted versions
are met by none. Heads are taken before the run evaluates anything, so that what changes meanwhile
is walked by the next run.

Where the rules are functions of entities alone they lead back themselves (`Tracker`); from other
datasets the look-ups that each source entity made lead back (`recorded`).
"""

from __future__ import annotations

from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING

from sesam_node.model import decode, encode
from sesam_node.pipes import offsets
from sesam_node.pipes.recorded import EVERYTHING, WayBack
from sesam_node.pipes.tracking_limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.dtl import Tracker
    from sesam_node.model import Entity
    from sesam_node.pipes.lookup import StoreLookup
    from sesam_node.pipes.offsets import PipeState
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.pipes.recorded import LookUp, RecordedLookups
    from sesam_node.store.api import Dataset


Hops = dict[str, tuple[int, str | None]]
"""Of each hopped dataset how many versions were seen, and its generation."""

WALK_BATCH = 1_000
TOGETHER = 200
"""Changed states that are led back together."""


class Tracking:
    """What has changed in the datasets that a pipe looks into, since it looked last.

    `recorded` are the look-ups from which no function leads back; `records` holds who made them.
    """

    def __init__(self, pipe: Pipe, state: PipeState, records: RecordedLookups) -> None:
        self._pipe = pipe
        self._state = state
        self._known = state.hops
        self._ways = ways_of(pipe)
        self.recorded = recorded_lookups(pipe)
        self.records = records
        names = self._ways.keys() | {name for name, _ in self.recorded}
        self._datasets: dict[str, Dataset | None] = {
            name: pipe.context.dataset(name) for name in sorted(names)
        }
        self.heads: Hops = {
            name: (0, None) if dataset is None else (dataset.head(), dataset.generation)
            for name, dataset in self._datasets.items()
        }
        self._out_of_step = self._find_out_of_step()

    def out_of_step(self) -> dict[str, str]:
        """The datasets whose changes cannot be walked from where the pipe looked last, and why.

        Of these only what changes from now on is walked.
        """
        return self._out_of_step

    def _find_out_of_step(self) -> dict[str, str]:
        found = {}
        for name, (_, generation) in self.heads.items():
            if self._known is None or name not in self._known:
                found[name] = f'the pipe did not look into dataset "{name}" before'
                continue
            offset, before = self._known[name]
            # A dataset that was not there yet is walked from its start.
            if generation != before and not (before is None and offset == 0):
                what = "has gone" if generation is None else "has been made again"
                found[name] = f'dataset "{name}" {what}'
        if not self.has_records():
            for name, _ in sorted(self.recorded):
                reason = f'the pipe did not record what it looked up in dataset "{name}" before'
                found.setdefault(name, reason)
        return found

    def _since(self, name: str) -> int:
        """From which head on the changes of a dataset are walked."""
        if name in self._out_of_step:
            return self.heads[name][0]
        return (self._known or {}).get(name, (0, None))[0]

    def has_records(self) -> bool:
        """Is on record what must be?"""
        if not self.recorded:
            return True
        known = self._state.lookups or {}
        places = {tuple(place) for place in known.get("places", ())}
        return self.recorded <= places and known["generation"] == self.records.generation

    def state_changes(self) -> dict[str, bytes | None]:
        """The pipe's state once the changes have been walked, or with a full run."""
        changes: dict[str, bytes | None] = {offsets.HOPS: offsets.hops_bytes(self.heads)}
        if self.recorded:
            places = sorted(map(list, self.recorded))
            kept = {"generation": self.records.generation, "places": places}
            changes[offsets.LOOKUPS] = encode(kept)
        elif self._state.lookups is not None:
            changes[offsets.LOOKUPS] = None
        return changes

    def has_changes(self) -> bool:
        """Is there something to walk?"""
        return any(head > self._since(name) for name, (head, _) in self.heads.items())

    def ids(self, lookup: StoreLookup) -> set[str]:
        """The ids of the source entities that the changes concern.

        Raises PipeError where they are more than `dependency_tracking` allows.
        """
        store = self._pipe.context.store
        with nullcontext() if store is None else store.reading():
            return self._ids(lookup)

    def _ids(self, lookup: StoreLookup) -> set[str]:
        limits = Limits(self._pipe)
        found: set[str] = set()
        for name, dataset in self._datasets.items():
            offset = self._since(name)
            if dataset is None or offset >= self.heads[name][0]:
                continue
            indexes = [index for place, index in self.recorded if place == name]
            if indexes:
                for item in self._recorded_ids(WayBack(name, indexes), dataset, offset):
                    limits.add(found, item)
                continue
            bound = [tracker.bind(lookup) for tracker in self._ways[name]]
            states = _states(dataset, offset, self.heads[name][0])
            while some := list(islice(states, TOGETHER)):
                for way in bound:
                    for item in way(some):
                        for source_id in self._source_ids(item):
                            limits.add(found, source_id)
        limits.end(found)
        return found

    def _recorded_ids(self, way: WayBack, dataset: Dataset, offset: int) -> Iterator[str]:
        """Who made the look-ups that the changes of a dataset concern."""
        numbers: set[str] = set(way.always)
        for entity in _states(dataset, offset, self.heads[dataset.name][0]):
            numbers.update(way.numbers(entity))
            if len(numbers) >= WALK_BATCH:
                yield from self.records.sources(numbers)
                numbers = set()
        yield from self.records.sources(numbers)

    def _source_ids(self, item: str) -> tuple[str, ...]:
        """Trackers speak of what the transforms get; the source may hold it without namespace."""
        prefix = f"{self._pipe.identity}:"
        if self._pipe.add and item.startswith(prefix):
            return item, item[len(prefix) :]
        return (item,)


def ways_of(pipe: Pipe) -> dict[str, list[Tracker]]:
    """By hopped dataset the trackers of all transforms."""
    ways: dict[str, list[Tracker]] = {}
    for transform in pipe.transforms:
        for tracker in transform.trackers:
            ways.setdefault(tracker.dataset, []).append(tracker)
    return ways


def recorded_lookups(pipe: Pipe) -> frozenset[LookUp]:
    """The look-ups of the transforms from which no function leads back to the source."""
    lost: set[str] = set()
    under_own_id = True
    for transform in pipe.transforms:
        lost |= transform.untracked
        lost |= {item.dataset for item in transform.trackers if not (item.exact and under_own_id)}
        under_own_id = under_own_id and transform.emits_own_id
    places: set[LookUp] = set()
    for transform in pipe.transforms:
        lookups: Iterable[tuple[str, str | None]] = getattr(transform, "lookups", ())
        for dataset, index in lookups:
            if dataset in lost:
                places.add((dataset, EVERYTHING if index is None else index))
    return frozenset(places)


def _states(dataset: Dataset, offset: int, head: int) -> Iterator[Entity]:
    """The live states that entities were in from the head `offset` on, up to `head`."""
    changed: set[str] = set()
    since = offset - 1
    while versions := dataset.changes(since, WALK_BATCH, history=True, until=head):
        for version in versions:
            if version.entity_id not in changed:
                changed.add(version.entity_id)
                # The first version after the offset: what it replaced was the latest one there.
                before = None if version.previous is None else dataset.at(version.previous)
                if before is not None and not before.deleted:
                    yield decode(before.body)
            if not version.deleted:
                yield decode(version.body)
        since = versions[-1].seq
