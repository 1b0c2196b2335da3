"""Rows of a polars or pandas frame as entities, exactly: the way back of `to_frame.py`."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sesam_node.errors import InputError
from sesam_node.model.values import as_string, datetime_text, decimal_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.model import Entity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_frame(frame: Any, id_column: str | None = None) -> list[Entity]:
    """One entity a row; nulls are left out. `id_column` (default `_id`) holds the ids.

    Takes polars and pandas frames. Raises InputError where an id is missing.
    """
    rows = frame.to_dicts() if hasattr(frame, "to_dicts") else _pandas_rows(frame)
    column = id_column or "_id"
    if rows and column not in rows[0]:
        names = ", ".join(map(str, rows[0]))
        raise InputError(f'the frame has no column "{column}" for the ids; it has {names}')
    return [_entity(row, column, position) for position, row in enumerate(rows)]


def _pandas_rows(frame: Any) -> list[dict[str, Any]]:
    import polars as pl

    return pl.from_pandas(frame).to_dicts()


def _entity(row: Mapping[str, Any], column: str, position: int) -> Entity:
    if row[column] is None:
        raise InputError(f'row {position}: expected a value for the id in "{column}", got null')
    entity = {
        str(name): value for name, item in row.items() if (value := to_value(item)) is not None
    }
    return {"_id": str(row[column])} | entity


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
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, bytes):
        return "~b" + base64.b64encode(value).decode()
    if isinstance(value, UUID):
        return f"~u{value}"
    if isinstance(value, dict):
        return {str(k): to_value(item) for k, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [to_value(item) for item in value]
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - NaN is not itself
        return None
    return value
