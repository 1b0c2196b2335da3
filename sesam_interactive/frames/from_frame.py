"""Rows of a polars or pandas frame as entities, exactly: the way back of `to_frame.py`.

Columns are converted one after the other, by their types; nulls are left out. All that an entity
cannot hold is found before the first entity is made, with its row and column.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sesam_interactive.frames.checks import check_frame
from sesam_node.errors import InputError
from sesam_node.model.values import as_string, datetime_text, decimal_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.model import Entity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NANOS_OF: Final = {"ms": 1_000_000, "us": 1_000, "ns": 1}
ROWS: Final = 10_000
ID: Final = "_id"


def from_frame(frame: Any, id_column: str | None = None) -> list[Entity]:
    """One entity a row; nulls are left out. `id_column` (default `_id`) holds the ids.

    Takes polars, pandas and Arrow tables. Raises InputError, with row and column, for what an
    entity cannot hold: no id, an id that another row has, infinite numbers, durations.
    """
    return list(chain.from_iterable(entity_batches(checked(frame, id_column), id_column)))


def checked(frame: Any, id_column: str | None = None) -> Any:
    """The frame in polars, after a look at whether all of it can become entities."""
    found = as_polars(frame, id_column)
    check_frame(found, id_column or ID)
    return found


def as_polars(frame: Any, id_column: str | None = None) -> Any:
    """A polars frame of a polars, pandas or Arrow one. Raises InputError for anything else."""
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if hasattr(frame, "iloc") and hasattr(frame, "columns"):
        return _of_pandas(frame, id_column)
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "__arrow_c_array__"):
        return pl.DataFrame(frame)
    name = type(frame).__name__
    raise InputError(f"expected a polars or pandas frame or an Arrow table, got {name}")


def _of_pandas(frame: Any, id_column: str | None) -> Any:
    import polars as pl

    if frame.index.name is not None and frame.index.name == id_column:
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise InputError(f'the frame has several columns "{repeated}"')
    return pl.DataFrame(
        {name: _column_of_pandas(frame.iloc[:, at]) for at, name in enumerate(names)}
    )


def _column_of_pandas(column: Any) -> Any:
    import polars as pl
    import pyarrow as pa

    try:
        return pl.from_pandas(column)
    except (pa.ArrowException, pl.exceptions.PolarsError, TypeError, ValueError):
        # Values of several types: each is looked at.
        values = [
            None if missing else value for value, missing in zip(column, column.isna(), strict=True)
        ]
        return pl.Series(values, dtype=pl.Object)


def entity_batches(
    frame: Any, id_column: str | None = None, size: int = ROWS
) -> Iterator[list[Entity]]:
    """The rows of a checked polars frame as entities, `size` at a time."""
    column = id_column or ID
    for start in range(0, frame.height, size):
        part = frame[start : start + size]
        names = part.columns
        columns = [values_of(series) for series in part]
        rows = zip(*columns, strict=True)
        ids = [id_text(value) for value in columns[names.index(column)]]
        yield [
            {ID: entity_id}
            | {
                name: value
                for name, value in zip(names, row, strict=True)
                if value is not None and name != ID
            }
            for entity_id, row in zip(ids, rows, strict=True)
        ]


def id_text(value: Any) -> str:
    """The id that a value of the id column stands for: its text, without a tag."""
    if type(value) is str and value[:2] in ("~t", "~f"):
        return value[2:]
    return str(value)


def values_of(series: Any) -> list[Any]:
    """The DTL values of a checked polars series, nulls among them."""
    import polars as pl

    kind = series.dtype
    if kind in (pl.List, pl.Array):
        return _lists(series.arr.to_list() if kind == pl.Array else series)
    if kind == pl.Struct:
        return _structs(series)
    if kind.is_float():
        return list(series.fill_nan(None))
    if kind == pl.Datetime:
        factor = NANOS_OF[kind.time_unit]
        return [
            None if value is None else datetime_text(value * factor)
            for value in series.to_physical().to_list()
        ]
    if kind in (pl.String, pl.Categorical, pl.Enum):
        texts = series.cast(pl.String)
        values = texts.to_list()
        return list(map(to_value, values)) if texts.str.starts_with("~").any() else values
    if kind.is_integer() or kind in (pl.Boolean, pl.Null):
        return list(series)
    return [None if value is None else to_value(value) for value in series.to_list()]


def _lists(series: Any) -> list[Any]:
    present = series.drop_nulls()
    lengths = series.list.len().to_list()
    items = iter(values_of(present.filter(present.list.len() > 0).explode()))
    return [None if length is None else [next(items) for _ in range(length)] for length in lengths]


def _structs(series: Any) -> list[Any]:
    names = [field.name for field in series.dtype.fields]
    columns = [values_of(series.struct.field(name)) for name in names]
    absent = series.is_null().to_list()
    rows = zip(*columns, strict=True) if columns else [()] * len(absent)
    return [
        None
        if is_absent
        else {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for is_absent, row in zip(absent, rows, strict=True)
    ]


def to_value(value: Any) -> Any:
    """A Python value as a DTL value: timestamps, decimals, bytes and UUIDs get their tags."""
    if isinstance(value, str):
        return as_string(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        delta = moment - EPOCH
        micros = (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
        return datetime_text(micros * 1000 + getattr(value, "nanosecond", 0))
    if isinstance(value, date):
        return f"~t{value.isoformat()}"
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, bytes):
        return "~b" + base64.b64encode(value).decode()
    if isinstance(value, UUID):
        return f"~u{value}"
    if isinstance(value, Mapping):
        return {str(k): to_value(item) for k, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [to_value(item) for item in value]
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN is not itself
        return None
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return to_value(value.tolist())  # of numpy
    return value
