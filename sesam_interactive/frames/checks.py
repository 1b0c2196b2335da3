"""What of a frame cannot become entities, found by column before anything is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import InputError, Problem, preview
from sesam_node.model.values import DAY_S, MAX_NANOS, MIN_NANOS, NANOS

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST: Final = 20
"""So many problems are told."""

NANOS_OF: Final = {"ms": 1_000_000, "us": 1_000, "ns": 1}
OWN: Final = frozenset({"_id", "_updated", "_previous", "_ts", "_hash", "_deleted"})
"""Names that columns of frames from a node have; others that begin so are refused."""


@dataclass(frozen=True)
class Bad:
    """A value that no entity can hold: in which row, and where in the column."""

    row: int
    path: str
    message: str
    hint: str = ""


def check_frame(frame: Any, id_column: str) -> None:
    """Raises InputError with rows and columns where a polars frame cannot become entities."""
    if id_column not in frame.columns:
        names = ", ".join(frame.columns)
        raise InputError(f'the frame has no column "{id_column}" for the ids; it has {names}')
    found = [*_bad_names(frame), *_bad_ids(frame.get_column(id_column))]
    for series in frame:
        found += _bad_values(series, series.name)
    if found:
        problems = [
            Problem(bad.path, "wrong-value", f"row {bad.row}: {bad.message}", bad.hint)
            if bad.row >= 0
            else Problem(bad.path, "wrong-type", bad.message, bad.hint)
            for bad in sorted(found, key=lambda bad: bad.row)
        ]
        raise InputError("the frame has what no entity can hold", problems[:MOST])


def _bad_names(frame: Any) -> Iterator[Bad]:
    for name in frame.columns:
        if name[:1] == "_" and name not in OWN:
            message = "properties that begin with _ are the node's own and would be lost"
            yield Bad(-1, name, message, "rename the column")


def _bad_ids(series: Any) -> Iterator[Bad]:
    import polars as pl

    path, kind = series.name, series.dtype
    text = kind in (pl.String, pl.Categorical, pl.Enum)
    others = kind.is_integer() or kind.is_decimal() or kind in (pl.Date, pl.Datetime, pl.Null)
    if not (text or others):
        yield Bad(-1, path, f"expected texts or integers as ids, got {kind}", "cast the column")
        return
    for row in _where(series.is_null()):
        yield Bad(row, path, f'expected a value for the id in "{path}", got null')
    if text:
        for row in _where(series.cast(pl.String) == ""):
            yield Bad(row, path, f'expected a value for the id in "{path}", got ""')
    repeated = series.is_duplicated() & series.is_not_null()
    if not repeated.any():
        return
    first: dict[Any, int] = {}
    for row in _where(repeated):
        before = first.setdefault(series[row], row)
        if before != row:
            message = f"row {before} has the same id, {preview(str(series[row]))}"
            yield Bad(row, path, message, "make the ids unique, or drop what is there twice")


def _where(mask: Any) -> list[int]:
    """The first positions at which a boolean series is true."""
    return list(mask.fill_null(value=False).arg_true().head(MOST))


def _bad_values(series: Any, path: str) -> Iterator[Bad]:
    import polars as pl

    kind = series.dtype
    if kind == pl.Struct:
        for field in kind.fields:
            yield from _bad_values(series.struct.field(field.name), f"{path}.{field.name}")
    elif kind in (pl.List, pl.Array):
        yield from _bad_items(series, path)
    elif kind.is_float():
        for row in _where(series.is_infinite()):
            yield Bad(row, path, f"expected a finite number, got {series[row]}")
    elif kind in (pl.Datetime, pl.Date):
        factor = DAY_S * NANOS if kind == pl.Date else NANOS_OF[kind.time_unit]
        numbers = series.to_physical()
        first = max(-(-MIN_NANOS // factor), -(2**63))
        outside = (numbers < first) | (numbers > min(MAX_NANOS // factor, 2**63 - 1))
        for row in _where(outside):
            yield Bad(row, path, "expected a time of the years 1 to 9999")
    elif kind == pl.Duration:
        hint = "make it a number, as by .dt.total_seconds(), or a text"
        yield Bad(-1, path, "durations are no values of entities", hint)
    elif kind == pl.Object:
        yield from _bad_objects(series, path)


def _bad_items(series: Any, path: str) -> Iterator[Bad]:
    import polars as pl

    rows = pl.DataFrame({"row": range(len(series)), "item": series}).drop_nulls()
    flat = rows.explode("item")
    for bad in _bad_values(flat.get_column("item"), f"{path}[]"):
        row = bad.row if bad.row < 0 else int(flat["row"][bad.row])
        yield Bad(row, bad.path, bad.message, bad.hint)


def _bad_objects(series: Any, path: str) -> Iterator[Bad]:
    from sesam_interactive.frames.from_frame import to_value
    from sesam_node.model import encode
    from sesam_node.model.transit import normalise

    found = 0
    for row, value in enumerate(series):
        try:
            made = normalise(to_value(value))
            whole = encode(made)
        except (TypeError, ValueError, RecursionError):
            yield Bad(row, path, f"expected a value of an entity, got {preview(repr(value))}")
            found += 1
        else:
            if isinstance(made, float) and whole == b"null":
                yield Bad(row, path, f"expected a finite number, got {made}")
                found += 1
        if found >= MOST:
            return
