"""Reading the log of one dataset: forward in batches, and as it was at an offset."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from sesam_node.errors import ExpiredError
from sesam_node.pipes.batch import BATCH_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.store.api import Dataset, Version

BATCH_BYTES = 8 * 1024 * 1024
FIRST_BATCH = 200
ID_BATCH = 1_000


class LogReader:
    """The versions of a dataset up to where its log ended when the reader was made.

    Batches hold at most 1,000 versions, fewer where they are large: about 8 MiB.
    """

    def __init__(self, dataset: Dataset, *, history: bool = False) -> None:
        self.dataset = dataset
        self.history = history
        self.until = self._head = dataset.head()

    def read(self, since: int | None) -> Iterator[list[Version]]:
        """The versions after `since`, oldest first; of each id the latest alone, if not history.

        The latest is the one at the reader's start: an entity that is written again later is not
        left out, or a full run would take it for one that is gone. Where compaction has dropped
        that version, it is.
        """
        limit = FIRST_BATCH
        as_of = None if self.history else self._head
        while True:
            try:
                versions = self._changes(since, limit, as_of)
            except ExpiredError:
                if as_of is None:
                    raise
                as_of = None
                continue
            if versions:
                yield versions
            if len(versions) < limit:
                return
            since = versions[-1].seq
            size = sum(len(version.body) for version in versions) // len(versions) + 1
            limit = max(1, min(BATCH_SIZE, BATCH_BYTES // size))

    def _changes(self, since: int | None, limit: int, as_of: int | None) -> list[Version]:
        return self.dataset.changes(
            since, limit, history=self.history, until=self.until, as_of=as_of
        )

    def as_of(self, ids: Iterable[str], offset: int) -> list[Version]:
        """The versions of these ids that were the latest at `offset`, in log order.

        An id whose latest version is one that `read(offset)` gives is left out.
        """
        found = []
        remaining = iter(ids)
        while chunk := list(islice(remaining, ID_BATCH)):
            for entity_id, latest in zip(chunk, self.dataset.get_many(chunk), strict=True):
                version = latest
                if version is not None and version.seq > offset:
                    if version.seq < self.until:
                        continue
                    version = self.dataset.version_before(entity_id, offset + 1)
                if version is not None:
                    found.append(version)
        found.sort(key=lambda version: version.seq)
        return found

    def deleted_ids(self) -> Iterator[str]:
        """The ids that are deleted now."""
        after = None
        while rows := self.dataset.live(after, ID_BATCH):
            yield from (entity_id for entity_id, _, deleted in rows if deleted)
            after = rows[-1][0]
