"""What of a batch the other side took before it refused the rest.

A batch that failed in part is tried again, whole and then one by one (`handing_over.py`). What was
taken already is not sent again: it is remembered by what it was, as often as it was taken.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

Item = TypeVar("Item", bound="Hashable")


class Accepted(Generic[Item]):
    """Items that were taken in a batch that failed, each standing for one that comes again."""

    def __init__(self) -> None:
        self._taken: Counter[Item] = Counter()

    def missing(self, items: Sequence[Item]) -> list[int]:
        """The positions of the items that are still to be sent."""
        left = self._taken.copy()
        positions = []
        for position, item in enumerate(items):
            if left[item] > 0:
                left[item] -= 1
            else:
                positions.append(position)
        return positions

    def tell(self, items: Sequence[Item], failed: Collection[int]) -> None:
        """What became of a batch: all of it was taken but for the positions that `failed`."""
        batch = Counter(items)
        if failed:
            lost = Counter(items[position] for position in failed)
            self._taken = (self._taken | batch) - lost
        else:
            self._taken -= batch
