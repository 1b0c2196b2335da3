"""Writing to the sink, and with it the pipe's state: what a run collects until its next commit.

A commit holds about 10,000 entities, or 8 MiB, or what a second brought. In a full run that tracks
deletions the offset follows one commit behind, because what a write met is known only after it;
a run that goes on after a crash then writes the last commit again, which changes nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sesam_node.errors import PipeError
from sesam_node.model import content_hash, decode, encode
from sesam_node.model.entity import tombstone
from sesam_node.pipes.evaluate import make_write
from sesam_node.store.api import Commit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.pipes.seen import Seen
    from sesam_node.store.api import Dataset, Fence, Version, Write, Written

COMMIT_ENTITIES = 10_000
COMMIT_BYTES = 8 * 1024 * 1024
COMMIT_SECONDS = 1.0


class SinkWriter:
    """Collects writes and state of one run, and commits both together.

    `state` is the pipe's state as it is committed. `children` keeps vanished children as deleted.
    """

    def __init__(
        self,
        dataset: Dataset,
        pipe_id: str,
        fence: Fence | None,
        *,
        children: bool = False,
        max_bytes: int = 0,
    ) -> None:
        self.dataset = dataset
        self.pipe_id = pipe_id
        self.state = dataset.state(pipe_id)
        self.pending: list[Write] = []
        self.seen: Seen | None = None
        self.changed = 0
        self.deleted = 0
        self._fence = fence
        self._children = children
        self._max_bytes = max_bytes
        self._counted = 0
        self._bytes = 0
        self._started = time.monotonic()
        self._behind: dict[str, bytes | None] = {}

    def is_due(self) -> bool:
        """Is it time to commit?"""
        pending = self.pending
        if len(pending) > self._counted:
            self._bytes += sum([len(write[1]) for write in pending[self._counted :]])
            self._counted = len(pending)
        return (
            self._counted >= COMMIT_ENTITIES
            or self._bytes >= COMMIT_BYTES
            or time.monotonic() - self._started >= COMMIT_SECONDS
        )

    def commit(self, state: Mapping[str, bytes | None], *, last: bool = False) -> Written:
        """Writes what is pending with these changes of the pipe's state, in one transaction.

        With a `seen` the state is written with the next commit, unless this is the `last` one.
        """
        batch, self.pending = self.pending, []
        self._counted = self._bytes = 0
        if batch:
            batch = self._resolved(batch)
        changes = {**self._behind, **state}
        if self.seen is not None and not last:
            self._behind = changes
            changes = {}
        else:
            self._behind = {}
        changes = {
            key: value for key, value in changes.items() if self.state.get(key) != value
        }
        written = self._write(batch, changes)
        if self.seen is not None:
            self.seen.mark(written.seqs)
            self._behind_seen(last=last)
        self.changed += written.changed
        self.deleted += written.deleted
        self._started = time.monotonic()
        return written
