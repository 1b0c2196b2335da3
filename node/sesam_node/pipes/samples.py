"""Some source entities of a pipe: those given, those with some ids, or the first ones.

Bounded by a number and by time, and read without writing anything: for previews, traces and scans.
What goes over many entities reads them in portions: each says where the next one begins.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from sesam_node.errors import InputError, Problem, preview
from sesam_node.model import decode, encode
from sesam_node.model.stream import check_entities
from sesam_node.pipes.batch import Batch
from sesam_node.pipes.evaluate import source_entity
from sesam_node.pipes.log_reader import LogReader
from sesam_node.pipes.offsets import check_offset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity
    from sesam_node.pipes.batch import Offset
    from sesam_node.pipes.pipe import Pipe
    from sesam_node.store.api import Dataset

SCANNED = 100_000
"""How many source entities are looked through for ids, where the source has no index of them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which source entities: those given, those with some ids, or the first `limit`.

    `seconds` is when to stop with what there is; it is looked at between entities. `since` is
    where to begin: the `next` of an earlier portion.
    """

    entities: list[Any] | None = None
    ids: tuple[str, ...] = ()
    limit: int = 10
    seconds: float = 10.0
    since: Any = None


@dataclass(slots=True)
class Sample:
    """The source entities that are wanted, each in a batch of its own.

    After it is read, `missing` holds ids that were not there, and `stopped` is "time" where time
    ended it. `read` counts; `next` is where the next portion begins, null where there is none or
    what is wanted has none.
    """

    pipe: Pipe
    wanted: Wanted
    missing: list[str] = field(default_factory=list)
    stopped: str = ""
    read: int = 0
    next: dict[str, Any] | None = None

    def __iter__(self) -> Iterator[Batch]:
        until = time.monotonic() + self.wanted.seconds
        for one in self._chosen():
            self.read += 1
            yield one
            if time.monotonic() > until:
                self.stopped = "time"
                return
        if self.stopped != "limit":
            self.next = None
        self.stopped = ""

    def _chosen(self) -> Iterator[Batch]:
        wanted = self.wanted
        if wanted.entities is not None:
            given = decode(encode(_checked(decode(encode(wanted.entities)))))
            return _singly(Batch(given, None, None))
        if not wanted.ids:
            return self._portion()
        dataset = self._dataset()
        return self._scan() if dataset is None else self._got(dataset)

    def _portion(self) -> Iterator[Batch]:
        """The first entities behind `since`; keeps `next` behind each that is given."""
        offset, skip, goes_on = _begin(self.wanted.since, self.pipe)
        left = self.wanted.limit
        if left <= 0:
            return
        passed = 0
        for batch in self._batches(offset):
            for position in range(max(skip - passed, 0), batch.size):
                if left <= 0:
                    self.stopped = "limit"
                    return
                left -= 1
                if goes_on and batch.offset_of is not None:
                    self.next = {"offset": batch.offset_of(position)}
                else:
                    self.next = {"offset": offset, "skip": passed + position + 1}
                yield batch.part(position, position + 1)
            if goes_on:
                offset, skip = batch.offset, 0
            else:
                passed += batch.size

    def _all(self) -> Iterator[Batch]:
        for batch in self._batches(None):
            yield from _singly(batch)

    def _batches(self, since: Offset) -> Iterator[Batch]:
        pipe = self.pipe
        if getattr(pipe.source, "is_receiver", False):
            dataset = pipe.context.dataset(pipe.sink.dataset or "")
            if dataset is not None:
                for versions in LogReader(dataset).read(since):
                    seqs = [version.seq for version in versions]
                    yield Batch(None, versions, seqs[-1], seqs.__getitem__, dataset)
            return
        stored = pipe.stored_source
        if stored is not None:
            stored.prepare()
        yield from pipe.source.read(since)

    def _dataset(self) -> Dataset | None:
        """The dataset that has the source entities by id, where one has them as they are."""
        pipe = self.pipe
        if getattr(pipe.source, "is_receiver", False):
            return pipe.context.dataset(pipe.sink.dataset or "")
        if pipe.definition.pipe["source"]["type"] == "dataset":
            return pipe.context.dataset(pipe.source.datasets[0])
        return None

    def _got(self, dataset: Dataset) -> Iterator[Batch]:
        ids = self.wanted.ids
        for entity_id, version in zip(ids, dataset.get_many(ids), strict=True):
            if version is None:
                self.missing.append(entity_id)
            else:
                yield Batch(None, [version], None, None, dataset)

    def _scan(self) -> Iterator[Batch]:
        left = dict.fromkeys(self.wanted.ids)
        for one in islice(self._all(), SCANNED):
            entity_id = source_entity(one, 0)["_id"]
            if entity_id in left:
                del left[entity_id]
                yield one
                if not left:
                    break
        self.missing.extend(left)

    def told(self) -> dict[str, Any]:
        """What the answer says of the sample beside its results."""
        told: dict[str, Any] = {}
        if self.missing:
            told["missing"] = self.missing
        if self.stopped:
            told["stopped"] = self.stopped
        if self.next is not None:
            told["next"] = self.next
        return told


@dataclass(slots=True)
class Kept:
    """A sample that has been read: source entities, each in a batch of its own."""

    batches: list[Batch]
    read: int = 0

    def __iter__(self) -> Iterator[Batch]:
        for one in self.batches:
            self.read += 1
            yield one

    def told(self) -> dict[str, Any]:
        return {}


def _begin(since: Any, pipe: Pipe) -> tuple[Offset, int, bool]:
    """The offset that a portion begins at, how many entities it skips, whether offsets are used.

    A source that cannot go on at an offset is read from its start, and what was seen is skipped.
    Raises InputError for what is no `next` of a portion.
    """
    source: Any = pipe.source
    receives = getattr(source, "is_receiver", False)
    goes_on = receives or (source.supports_since and source.is_chronological)
    if since is None:
        return None, 0, goes_on
    known = type(since) is dict and since.keys() <= {"offset", "skip"}
    skip = since.get("skip", 0) if known else None
    if type(skip) is not int or skip < 0:
        message = f'expected the "next" of an earlier answer, got {preview(since)}'
        raise InputError(message, [Problem("$.since", "wrong-since", message)])
    offset = since.get("offset") if goes_on else None
    union = type(pipe.definition.pipe["source"].get("datasets")) is list
    return check_offset(offset, ("",) if receives else source.datasets, union=union), skip, goes_on


def _checked(entities: list[Any]) -> list[Entity]:
    """The entities of a request in normal form. Raises InputError with their paths in it."""
    try:
        return check_entities(entities)
    except InputError as error:
        problems = [
            replace(problem, path=problem.path.replace("$", "$.entities", 1))
            for problem in error.problems
        ]
        message = 'the field "entities" holds values that are no entities'
        raise InputError(message, problems) from None


def _singly(batch: Batch) -> Iterator[Batch]:
    for position in range(batch.size):
        yield Batch(
            None if batch.entities is None else batch.entities[position : position + 1],
            None if batch.versions is None else batch.versions[position : position + 1],
            None,
            None,
            batch.dataset,
        )
