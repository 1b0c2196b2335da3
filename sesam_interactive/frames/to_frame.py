"""Entities to polars and pandas frames, types kept.

`~t` becomes a UTC timestamp (µs, or ns where digits need it and all fit), `~f` a decimal, nested
values structs and lists. What has no common type is JSON text. The types are those of Arrow streams
(`sesam_node.model.arrow.columns`), so that both ways give the same columns.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.model.arrow.columns import Column, any_tilde
from sesam_node.model.values import as_decimal, nanos, number, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sesam_node.model import Entity

RESERVED = frozenset({"_updated", "_previous", "_ts", "_hash", "_deleted"})
to_json = msgspec.json.Encoder(order="deterministic").encode


def to_polars(
    entities: Iterable[Entity], *, schema: Mapping[str, Any] | None = None, reserved: bool = False
) -> Any:
    """A polars frame: one row an entity, in order; one column a property, `_id` first.

    `schema` (name to polars type) overrides the type of a column, by a cast. With `reserved` the
    node's own properties (`_updated`, `_ts`, `_hash`, ...) are columns too.
    """
    import polars as pl

    listed = list(entities)
    series = {}
    for name in _names(listed, reserved=reserved):
        values = [entity.get(name) for entity in listed]
        column = Column()
        column.add_all(values, tagged=True)
        made = series_of(name, column, values)
        if schema and name in schema:
            made = made.cast(schema[name])
        series[name] = made
    return pl.DataFrame(series)


def series_of(name: str, column: Column, values: Sequence[Any]) -> Any:
    """The polars series of the values of a column."""
    import polars as pl

    as_they_are = column.kind == "text" and not any_tilde(values)
    convert = None if as_they_are else converter(column)
    converted = values if convert is None else [convert(value) for value in values]
    return pl.Series(name, converted, dtype=polars_type(column), strict=False)


def _names(entities: Sequence[Entity], *, reserved: bool) -> list[str]:
    """The properties in the order of first appearance, `_id` first."""
    names: dict[str, None] = {"_id": None} if any("_id" in entity for entity in entities) else {}
    for entity in entities:
        names.update(dict.fromkeys(entity))
    return [name for name in names if reserved or name not in RESERVED]


def from_arrow(
    data: bytes, *, schema: Mapping[str, Any] | None = None, reserved: bool = False
) -> Any:
    """The frame of an Arrow stream that a node has made: the columns are those of `to_polars`."""
    import io

    import polars as pl

    frame = pl.read_ipc_stream(io.BytesIO(data))
    if not reserved:
        frame = frame.drop(RESERVED.intersection(frame.columns))
    casts: Any = {name: kind for name, kind in (schema or {}).items() if name in frame.columns}
    return frame.cast(casts) if casts else frame


def to_pandas(
    entities: Iterable[Entity], *, schema: Mapping[str, Any] | None = None, reserved: bool = False
) -> Any:
    """A pandas frame with the same columns as `to_polars`; integers with gaps stay integers."""
    return as_pandas(to_polars(entities, reserved=reserved), schema=schema)


def as_pandas(frame: Any, *, schema: Mapping[str, Any] | None = None) -> Any:
    """The pandas frame of a polars one."""
    import pandas as pd

    made = frame.to_pandas(types_mapper=_pandas_types(), use_pyarrow_extension_array=False)
    return made.astype(dict(schema)) if schema else pd.DataFrame(made)


def _pandas_types() -> Callable[[Any], Any]:
    import pandas as pd
    import pyarrow as pa

    # Null in a column of integers or booleans would turn it into floats or objects.
    plain = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}

    def mapped(arrow: Any) -> Any:
        if arrow in plain:
            return plain[arrow]
        nested = (
            pa.types.is_list(arrow) or pa.types.is_large_list(arrow) or pa.types.is_struct(arrow)
        )
        # Of dates pandas would make times.
        kept = nested or pa.types.is_decimal(arrow) or pa.types.is_date(arrow)
        return pd.ArrowDtype(arrow) if kept else None

    return mapped


def polars_type(column: Column) -> Any:
    """The polars type that holds every value of a column."""
    import polars as pl

    if column.kind == "list":
        return pl.List(polars_type(column.inner or Column()))
    if column.kind == "struct" and column.fields:
        return pl.Struct({name: polars_type(inner) for name, inner in column.fields.items()})
    if column.kind == "integer":
        return pl.Int64() if column.digits <= 18 else pl.Decimal(38, 0)
    if column.kind == "decimal":
        return pl.Decimal(38, column.scale)
    if column.kind == "datetime":
        return pl.Datetime("ns" if column.in_nanos else "us", "UTC")
    plain = {"boolean": pl.Boolean, "float": pl.Float64, "date": pl.Date, "bytes": pl.Binary}
    return plain.get(column.kind, pl.Null if column.kind == "null" else pl.String)()


def converter(column: Column) -> Callable[[Any], Any] | None:
    """What turns a value into what polars takes for this column; None where nothing is to do."""
    kind = column.kind
    if kind in ("null", "boolean"):
        return None
    if kind == "integer":
        return None if column.digits <= 18 else _to_decimal
    if kind == "list":
        return _list_converter(column.inner or Column())
    if kind == "struct":
        return _struct_converter(column) if column.fields else _to_json
    if kind == "datetime":
        return nanos if column.in_nanos else _to_micros
    return SCALARS[kind]


def _to_micros(value: Any) -> Any:
    return None if value is None else (nanos(value) or 0) // 1_000


def _to_decimal(value: Any) -> Any:
    return None if value is None else as_decimal(number(value) or 0)


def _to_text(value: Any) -> Any:
    return value if value is None or value[:1] != "~" else plain_text(value)


def _to_date(value: Any) -> Any:
    from datetime import date

    return None if value is None else date.fromisoformat(value[2:])


def _to_bytes(value: Any) -> Any:
    return None if value is None else base64.b64decode(value[2:])


def _to_json(value: Any) -> Any:
    return None if value is None else to_json(value).decode()


SCALARS: dict[str, Callable[[Any], Any]] = {
    "float": lambda value: None if value is None else float(value),
    "decimal": _to_decimal,
    "text": _to_text,
    "uri": _to_text,
    "uuid": _to_text,
    "ni": _to_text,
    "date": _to_date,
    "bytes": _to_bytes,
    "json": _to_json,
}


def _list_converter(inner: Column) -> Callable[[Any], Any]:
    convert = converter(inner)

    def to_list(value: Any) -> Any:
        if value is None:
            return None
        items = value if type(value) is list else [value]
        return items if convert is None else [convert(item) for item in items]

    return to_list


def _struct_converter(column: Column) -> Callable[[Any], Any]:
    converters = {name: converter(inner) for name, inner in column.fields.items()}

    def to_struct(value: Any) -> Any:
        if value is None:
            return None
        return {
            name: value.get(name) if convert is None else convert(value.get(name))
            for name, convert in converters.items()
        }

    return to_struct
