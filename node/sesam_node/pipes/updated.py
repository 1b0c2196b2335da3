"""Offsets of sources whose entities say in `_updated` where the source is behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.model import encode
from sesam_node.pipes.batch import Batch

if TYPE_CHECKING:
    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Offset, Source


def updated_batch(entities: list[Entity], source: Source, since: Offset) -> Batch:
    """Entities with the offset behind each.

    It is their `_updated`, or of a source that is not chronological the greatest so far; `since`
    is where the source was before.
    """
    if not source.supports_since:
        return Batch(entities, None, None)
    offsets: list[Offset] = []
    for entity in entities:
        updated = entity.get("_updated")
        if updated is not None and (
            source.is_chronological or since is None or is_greater(updated, since)
        ):
            since = updated
        offsets.append(since)
    return Batch(entities, None, since, offsets.__getitem__ if source.is_chronological else None)


def is_greater(value: Value, other: Value) -> bool:
    """Is one `_updated` behind another? Numbers by value, everything else as its text."""
    if type(value) in (int, float) and type(other) in (int, float):
        return bool(value > other)
    return _text(value) > _text(other)


def _text(value: Value) -> bytes:
    return value.encode() if type(value) is str else encode(value)
