"""Where the n-th entity of a dataset is: what lets a table of millions be opened anywhere.

A bit for each version ever written says whether it is one that a reader sees: the latest of its
entity, and not deleted. Two million entities take a quarter of a megabyte, are found in a second,
and are brought up to a later head by what was written since. Numbers of bits are kept by block, so
that a row is found without counting from the start.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sesam_node.store.api import Dataset, Store, Version

BLOCK_BYTES: Final = 128
IDS: Final = 20_000
"""How many ids are read in one transaction."""

PAGE: Final = 1_000


class Positions:
    """The offsets of the entities of a dataset, as it was when `head` was its head."""

    def __init__(self, head: int, bits: bytearray | None = None) -> None:
        self.head = head
        self.bits = bytearray((head + 7) // 8) if bits is None else bits
        self._before: list[int] = []

    @property
    def size_bytes(self) -> int:
        return len(self.bits)

    def __len__(self) -> int:
        """How many entities there are."""
        return self._counted()[-1]

    def offset(self, row: int) -> int | None:
        """The offset (`_updated`) of an entity by its place, from 0 on; null beyond the last."""
        before = self._counted()
        if not 0 <= row < before[-1]:
            return None
        block = bisect_right(before, row) - 1
        left = row - before[block]
        start = block * BLOCK_BYTES
        word = int.from_bytes(self.bits[start : start + BLOCK_BYTES], "little")
        for _ in range(left):
            word &= word - 1
        return start * 8 + (word & -word).bit_length() - 1

    def later(self, head: int, written: Iterable[Version], *, deleted: bool) -> Positions:
        """The positions at a later head, by all versions that were written from this one on."""
        bits = self.bits + bytes((head + 7) // 8 - len(self.bits))
        for version in written:
            if version.previous is not None:
                bits[version.previous >> 3] &= ~(1 << (version.previous & 7))
            if deleted or not version.deleted:
                bits[version.seq >> 3] |= 1 << (version.seq & 7)
        return Positions(head, bits)

    def _counted(self) -> list[int]:
        """How many entities lie before each block, and in the end how many there are."""
        if not self._before:
            view = memoryview(self.bits)
            blocks = (
                int.from_bytes(view[start : start + BLOCK_BYTES], "little").bit_count()
                for start in range(0, len(view), BLOCK_BYTES)
            )
            self._before = list(accumulate(blocks, initial=0))
        return self._before


def extended(dataset: Dataset, known: Positions, head: int, *, deleted: bool) -> Positions | None:
    """The positions at a later head; null where compaction has dropped what is needed for that."""
    found: list[Version] = []
    since: int | None = known.head - 1
    while True:
        page = dataset.changes(since, PAGE, history=True, until=head)
        found += page
        if len(page) < PAGE:
            break
        since = page[-1].seq
    if dataset.exact_from > known.head:
        return None
    return known.later(head, found, deleted=deleted)


def scan(store: Store, *, dataset: str, deleted: bool) -> tuple[int, bytes]:
    """The head of a dataset and the bits of its positions at that head.

    Read in short transactions; what is written meanwhile is followed afterwards.
    """
    stored = store.dataset(dataset, create=False)
    while True:
        positions = _of_latest(stored, deleted=deleted)
        found = extended(stored, positions, stored.head(), deleted=deleted)
        if found is not None:
            return found.head, bytes(found.bits)


def _of_latest(dataset: Dataset, *, deleted: bool) -> Positions:
    """Positions by the latest version of each id, some perhaps newer than the head that they say.

    What is newer is written over when they are brought up to a later head.
    """
    head = dataset.head()
    bits = bytearray((head + 7) // 8)
    after: str | None = None
    while True:
        page = dataset.live(after, IDS)
        for _, seq, is_deleted in page:
            if seq < head and (deleted or not is_deleted):
                bits[seq >> 3] |= 1 << (seq & 7)
        if len(page) < IDS:
            return Positions(head, bits)
        after = page[-1][0]
