"""Which entities of the sink a full run has met, and what becomes of the others.

A bitset over the seqs that the sink had when the full run began; a version written since is the
run's own. It is kept in the pipe's state in chunks, of which a checkpoint writes only those that
have changed, so that a full run that was interrupted goes on as the same full run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.model import content_hash, decode, encode
from sesam_node.model.entity import tombstone
from sesam_node.pipes.evaluate import make_write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sesam_node.store.api import Dataset, Write

CHUNK_BYTES = 8 * 1024
CHUNK_SHIFT = 16  # 8 KiB are 2^16 bits
DELETE_BATCH = 1_000


class Seen:
    """The seqs below `head` that have been met. `prefix` names its keys in the pipe's state."""

    def __init__(self, head: int, prefix: str) -> None:
        self.head = head
        self._prefix = prefix
        self._bits = bytearray(-(-head // 8))
        self._dirty: set[int] = set()
        self._stored: set[str] = set()

    @classmethod
    def load(cls, head: int, prefix: str, state: Mapping[str, bytes]) -> Seen:
        """The bitset that a pipe's state holds."""
        seen = cls(head, prefix)
        for key, chunk in state.items():
            if key.startswith(f"{prefix}:"):
                start = int(key[len(prefix) + 1 :]) * CHUNK_BYTES
                seen._bits[start : start + len(chunk)] = chunk
                seen._stored.add(key)
        return seen

    def mark(self, seqs: Iterable[int]) -> None:
        """Notes that the entities whose latest versions these are have been met."""
        bits, head, dirty = self._bits, self.head, self._dirty
        if not head:
            return
        for seq in seqs:
            if -1 < seq < head:
                bits[seq >> 3] |= 1 << (seq & 7)
                dirty.add(seq >> CHUNK_SHIFT)

    def has(self, seq: int) -> bool:
        """Was it met? True for what was written since the run began."""
        return seq >= self.head or bool(self._bits[seq >> 3] >> (seq & 7) & 1)

    def changes(self) -> dict[str, bytes | None]:
        """The chunks of state that have changed since the last call."""
        changed: dict[str, bytes | None] = {}
        for number in self._dirty:
            start = number * CHUNK_BYTES
            changed[f"{self._prefix}:{number}"] = bytes(self._bits[start : start + CHUNK_BYTES])
        self._dirty.clear()
        self._stored.update(changed)
        return changed

    def removed(self) -> dict[str, bytes | None]:
        """The change of state that takes every chunk away."""
        return dict.fromkeys(self._stored)


def unseen_deletes(
    dataset: Dataset, seen: Seen, *, mark_tracked: bool = False
) -> Iterator[list[Write]]:
    """Deletes of the live entities of a dataset that were not met, in batches."""
    if not seen.head:
        return
    after: str | None = None
    unmet: list[str] = []
    while rows := dataset.live(after, DELETE_BATCH):
        unmet += [entity_id for entity_id, seq, deleted in rows if not (deleted or seen.has(seq))]
        after = rows[-1][0]
        if len(unmet) >= DELETE_BATCH:
            yield deletes_of(dataset, unmet, mark_tracked=mark_tracked)
            unmet = []
    if unmet:
        yield deletes_of(dataset, unmet, mark_tracked=mark_tracked)


def deletes_of(dataset: Dataset, ids: list[str], *, mark_tracked: bool = False) -> list[Write]:
    """Deletes that keep the content which each entity has; none for what is not live."""
    writes = []
    for version in dataset.get_many(ids):
        if version is not None and not version.deleted:
            body = tombstone(version.body)
            if mark_tracked:
                body = encode({**decode(body), "$deletion_tracked": True})
            writes.append(make_write((version.entity_id, body, content_hash(body), True)))
    return writes
