"""What a replicated dataset holds already: the same batch may come twice, another may not."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sesam_node.errors import ConflictError, preview

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_node.store.api import Version, Write


def check_rising(dataset: str, seqs: Sequence[int]) -> None:
    """Raises ConflictError where a batch does not come in the order of its seqs."""
    for before, seq in pairwise(seqs):
        if seq <= before:
            raise ConflictError(
                f'the replicated dataset "{dataset}" gets {seq} behind {before}: the source does '
                "not come in the order of its offsets"
            )


def check_replicated(
    dataset: str,
    item: Write,
    seq: int,
    exact_from: int,
    version_at: Callable[[int], Version | None],
    version_before: Callable[[str, int], Version | None],
) -> None:
    """Raises ConflictError where the dataset does not hold an item under the seq it should have.

    Where it has nothing there, the entity was the same before, or compaction has dropped it.
    """
    found = version_at(seq)
    if found is None:
        if seq < exact_from:
            return
        before = version_before(item.entity_id, seq)
        if before is None or _same(before, item):
            return
    elif found.entity_id == item.entity_id and _same(found, item):
        return
    raise ConflictError(
        f'the replicated dataset "{dataset}" holds something else under {seq} than entity '
        f"{preview(item.entity_id)} as it comes now: its source was made again, or is another one; "
        "delete the dataset to replicate anew"
    )


def _same(version: Version, item: Write) -> bool:
    return version.hash == item.hash and version.deleted == item.deleted
