"""Which dataset a frame was read from, and how far: what later updates begin at.

Polars frames carry nothing along, so the frame itself is remembered, as long as it lives; what is
made of it (a filter, a selection) is not. Pandas frames carry it in `attrs`, which most operations
keep.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sesam_node.model.arrow.columns import Column

ATTRIBUTE = "sesam"
_remembered: dict[int, tuple[weakref.ref[Any], Origin]] = {}


@dataclass(frozen=True)
class Origin:
    """A dataset, the offset up to which it was read, and of which of its generations.

    `kinds` are the columns as the values had them, null where a frame was cast.
    """

    dataset: str
    offset: int | None
    generation: str
    kinds: dict[str, Column] | None = field(default=None, repr=False)


def remember(frame: Any, origin: Origin) -> None:
    """Keep in mind where a polars frame is from."""
    key = id(frame)
    _remembered[key] = weakref.ref(frame, lambda _: _remembered.pop(key, None)), origin


def origin_of(frame: Any) -> Origin | None:
    """Where a polars or pandas frame is from; None where that is not known."""
    found = _remembered.get(id(frame))
    if found is not None and found[0]() is frame:
        return found[1]
    told = getattr(frame, "attrs", {}).get(ATTRIBUTE)
    return Origin(**told) if told else None


def attach(frame: Any, origin: Origin) -> None:
    """Write into a pandas frame where it is from."""
    told = {
        "dataset": origin.dataset,
        "offset": origin.offset,
        "generation": origin.generation,
    }
    frame.attrs[ATTRIBUTE] = told


def stacked(
    kept: Any, changed: Any, old: dict[str, Column] | None, new: dict[str, Column]
) -> tuple[Any, dict[str, Column]] | None:
    """Rows of a frame with others below them, typed as one frame of both would be, and its columns.

    None where only all values together tell the types.
    """
    import polars as pl

    from sesam_interactive.frames.tagged import merged
    from sesam_interactive.frames.to_frame import polars_type
    from sesam_node.model.arrow.columns import Column

    if old is None:
        return None
    kinds = {}
    for name in dict.fromkeys([*old, *new]):
        both = merged(old.get(name, Column()), new.get(name, Column()))
        if both is None or both.kind == "json":
            return None
        kinds[name] = both
    try:
        frame = pl.concat([kept, changed], how="diagonal_relaxed")
    except pl.exceptions.PolarsError:
        return None
    if any(_of(frame.schema[name]) != _of(polars_type(kind)) for name, kind in kinds.items()):
        return None
    return frame, kinds


def _of(kind: Any) -> Any:
    """A polars type, whatever the order of fields in its structs."""
    import polars as pl

    if kind == pl.Struct:
        return {field.name: _of(field.dtype) for field in kind.fields}
    return [_of(kind.inner)] if kind == pl.List else kind
