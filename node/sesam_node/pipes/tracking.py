"""Dependency tracking: from changes in hopped datasets to the source entities they concern.

Every version written since the pipe's offset in a hopped dataset is walked, and of each changed id
the version that was the latest at that offset: a look-up may have met any of them. Deleted versions
are met by none. Heads are taken before the run evaluates anything, so that what changes meanwhile
is walked by the next run. Where no way back is known, or the way would be longer than all of the
source, every source entity is run again: a full run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.model import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sesam_node.dtl import Lookup, Tracker
    from sesam_node.model import Entity
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.store.api import Dataset

    Way = Callable[[Entity], Iterable[str]]

Hops = dict[str, tuple[int, str | None]]
"""Of each hopped dataset how many versions were seen, and its generation."""

WALK_BATCH = 1_000


class Tracking:
    """What has changed in the datasets that a pipe looks into, since it looked last."""

    def __init__(self, pipe: Pipe, known: Hops | None) -> None:
        self._pipe = pipe
        self._known = known
        self._ways = _ways(pipe)
        self._lost = frozenset().union(*(transform.untracked for transform in pipe.transforms))
        self._datasets: dict[str, Dataset | None] = {
            name: pipe.context.dataset(name) for name in sorted(self._ways.keys() | self._lost)
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

    def reason_for_full_run(self) -> str:
        """Why every source entity must be run again; empty where that is not so."""
        for name, (head, _) in self.heads.items():
            ways = self._ways.get(name, ())
            if head > self._since(name) and (
                name in self._lost or not all(exact for _, exact in ways)
            ):
                return f'no way leads back from dataset "{name}" to the source'
        return ""

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
        return found

    def _since(self, name: str) -> int:
        """From which head on the changes of a dataset are walked."""
        if name in self._out_of_step:
            return self.heads[name][0]
        return (self._known or {}).get(name, (0, None))[0]

    def has_changes(self) -> bool:
        """Is there something to walk?"""
        return any(head > self._since(name) for name, (head, _) in self.heads.items())

    def ids(self, lookup: Lookup) -> set[str]:
        """The ids of the source entities that the changes concern."""
        found: set[str] = set()
        for name, ways in self._ways.items():
            dataset = self._datasets[name]
            offset = self._since(name)
            if dataset is None or offset >= self.heads[name][0]:
                continue
            bound = [tracker.bind(lookup) for tracker, _ in ways]
            for entity in _states(dataset, offset, self.heads[name][0]):
                for way in bound:
                    found.update(way(entity))
        if self._pipe.add:
            # Trackers speak of what the transforms get; the source may hold it without namespace.
            prefix = f"{self._pipe.identity}:"
            found |= {item[len(prefix) :] for item in found if item.startswith(prefix)}
        return found


def _ways(pipe: Pipe) -> dict[str, list[tuple[Tracker, bool]]]:
    """By hopped dataset the trackers, and whether each leads to all it concerns."""
    ways: dict[str, list[tuple[Tracker, bool]]] = {}
    under_own_id = True
    for transform in pipe.transforms:
        for tracker in transform.trackers:
            exact = tracker.exact and under_own_id
            ways.setdefault(tracker.dataset, []).append((tracker, exact))
        under_own_id = under_own_id and transform.emits_own_id
    return ways


def _states(dataset: Dataset, offset: int, head: int) -> Iterator[Entity]:
    """The live states that entities were in from the head `offset` on, up to `head`."""
    changed: set[str] = set()
    since = offset - 1
    while versions := dataset.changes(since, WALK_BATCH, history=True, until=head):
        for version in versions:
            if version.entity_id not in changed:
                changed.add(version.entity_id)
                before = dataset.version_before(version.entity_id, offset) if offset else None
                if before is not None and not before.deleted:
                    yield decode(before.body)
            if not version.deleted:
                yield decode(version.body)
        since = versions[-1].seq
