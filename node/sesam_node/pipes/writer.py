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
from sesam_node.pipes.offsets import OFFSET
from sesam_node.store.api import Commit, Written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.seen import Seen
    from sesam_node.store.api import Dataset, Fence, Version, Write

COMMIT_ENTITIES = 10_000
COMMIT_BYTES = 8 * 1024 * 1024
COMMIT_SECONDS = 1.0


class SinkWriter:
    """Collects writes and state of one run, and commits both together.

    `state` is the pipe's state as it is committed; nobody else may change its keys in `guarded`
    meanwhile. `children` keeps vanished children as deleted.
    """

    def __init__(
        self,
        dataset: Dataset,
        pipe_id: str,
        fence: Fence | None,
        *,
        children: bool = False,
        max_bytes: int = 0,
        guarded: tuple[str, ...] = (OFFSET,),
    ) -> None:
        self.dataset = dataset
        self.pipe_id = pipe_id
        self.state = dataset.state(pipe_id)
        self.pending: list[Write] = []
        self.seen: Seen | None = None
        self.changed = 0
        self.largest_bytes = 0
        self._fence = fence
        self._children = children
        self._max_bytes = max_bytes
        self._guarded = guarded
        self._counted = 0
        self._bytes = 0
        self._started = time.monotonic()
        self._behind: dict[str, bytes | None] = {}

    def is_due(self) -> bool:
        """Is it time to commit?"""
        self._count()
        return (
            self._counted >= COMMIT_ENTITIES
            or self._bytes >= COMMIT_BYTES
            or time.monotonic() - self._started >= COMMIT_SECONDS
        )

    def _count(self) -> None:
        sizes = [len(write[1]) for write in self.pending[self._counted :]]
        if not sizes:
            return
        self._bytes += sum(sizes)
        self._counted += len(sizes)
        if self._max_bytes and max(sizes) > self._max_bytes:
            write = max(self.pending, key=lambda item: len(item[1]))
            raise PipeError(
                f'entity "{write[0]}" has {len(write[1])} bytes, more than the '
                f'{self._max_bytes} that "max_entity_bytes_size" allows'
            )

    def commit(
        self,
        state: Mapping[str, bytes | None],
        *,
        now: Mapping[str, bytes | None] | None = None,
        last: bool = False,
    ) -> Written:
        """Writes what is pending with these changes of the pipe's state, in one transaction.

        With a `seen` the state is written with the next commit, unless this is the `last` one;
        the changes in `now` never wait.
        """
        self._count()
        self.largest_bytes = max(self.largest_bytes, self._bytes)
        batch = list(self.pending)
        self.pending.clear()
        self._counted = self._bytes = 0
        if batch:
            batch = self._resolved(batch)
        if self.seen is None or last:
            changes, behind = {**self._behind, **state}, {}
        else:
            changes, behind = self._behind, dict(state)
        written = self._write(batch, {**changes, **(now or {})})
        if self.seen is not None and not last:
            self.seen.mark(written.seqs)
            behind.update(self.seen.changes())
        self._behind = behind
        self.changed += written.changed
        self._started = time.monotonic()
        return written

    def settle(self) -> None:
        """Writes all that is pending, and the state that is behind."""
        if self.pending:
            self.commit({})
        if self._behind:
            self.commit({})

    def _write(self, batch: list[Write], changes: Mapping[str, bytes | None]) -> Written:
        changes = {key: value for key, value in changes.items() if self.state.get(key) != value}
        if not batch and not changes:
            return Written(0, 0, 0, [])
        expect = {key: self.state.get(key) for key in self._guarded}
        commit = Commit(self.pipe_id, changes, self._fence, expect)
        written = self.dataset.write(batch, commit)
        for key, value in changes.items():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value
        return written

    def _resolved(self, batch: list[Write]) -> list[Write]:
        """The batch with a body for each delete, and without deletes of what is not there."""
        asked = {write[0] for write in batch if self._children or not write[1]}
        if not asked:
            return batch
        known: dict[str, Version | Write | None] = {}
        if self.dataset.head():
            ids = list(asked)
            known.update(zip(ids, self.dataset.get_many(ids), strict=True))
        resolved = []
        for write in batch:
            entity_id = write[0]
            before = known.get(entity_id)
            if not write[1]:
                if before is None or before.deleted:
                    continue
                body = tombstone(before.body)
                write = make_write((entity_id, body, content_hash(body), True))  # noqa: PLW2901
            elif self._children and before is not None and not write[3]:
                write = with_vanished_children(write, before.body)  # noqa: PLW2901
            known[entity_id] = write
            resolved.append(write)
        return resolved


def with_vanished_children(write: Write, before: bytes) -> Write:
    """The write with those children that the version before had, and it has not, as deleted."""
    if b'"$children"' not in before:
        return write
    entity = decode(write.body)
    children = _children(entity)
    ids = {child.get("_id") for child in children if type(child) is dict}
    vanished = [
        {**child, "_deleted": True}
        for child in _children(decode(before))
        if type(child) is dict and "_id" in child and child["_id"] not in ids
    ]
    if not vanished:
        return write
    entity["$children"] = [*children, *vanished]
    body = encode(entity)
    return make_write((write.entity_id, body, content_hash(body), write.deleted))


def _children(entity: Entity) -> list[Value]:
    children = entity.get("$children")
    if type(children) is list:
        return children
    return [] if children is None else [children]
