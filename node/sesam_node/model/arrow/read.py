"""Arrow streams and files to entities: those that `write.py` made, exactly, and anybody's tables.

A field without metadata of ours is read by its type: timestamps become datetimes (without a zone
they are UTC), decimals and dates such values, binary data bytes. Nulls of a row are absent.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_node.errors import InputError, Problem, json_path
from sesam_node.model.arrow.write import METADATA
from sesam_node.model.entity import decode
from sesam_node.model.stream import check_entities
from sesam_node.model.transit import normalise
from sesam_node.model.values import as_string, datetime_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sesam_node.model.values import Entity

    Convert = Callable[[Any], Any]

FILE_MAGIC = b"ARROW1"
NO_VALUES = (OSError, EOFError, ValueError, ArithmeticError, msgspec.DecodeError)
"""What bytes raise that are no Arrow, no decimals, no text, or no JSON where it should be."""

NANOS_OF = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


def from_arrow(data: bytes) -> list[Entity]:
    """The entities of an Arrow IPC stream (or file), a row each.

    Raises InputError where it is none, has a type that no DTL value has, or a row without `_id`.
    """
    import pyarrow as pa

    entities: list[Any] = []
    try:
        schema, batches = _opened(data)
        read = batch_reader(schema)
        for batch, metadata in batches:
            batch.validate(full=True)
            entities.extend(read(batch, metadata))
    except (pa.ArrowException, *NO_VALUES) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        problem = Problem("$", "broken-arrow", reason)
        raise InputError("the body is no Arrow stream", [problem]) from None
    return check_entities(entities, tagged=False)


def batch_reader(schema: Any) -> Callable[[Any, Any], list[Entity]]:
    """What makes entities of the record batches of a schema, given the metadata of each (or null).

    Raises InputError where the schema has a type that no DTL value has, or a name twice.
    """
    for name in schema.names:
        if schema.names.count(name) > 1:
            raise _wrong(name, "two columns have this name")
    converters = [_of_field(field, field.name) for field in schema]
    return lambda batch, metadata: _rows(batch, converters, metadata)


def _opened(data: bytes) -> tuple[Any, Iterator[tuple[Any, Any]]]:
    import pyarrow as pa

    if data[:6] == FILE_MAGIC:
        file = pa.ipc.open_file(data)
        whole = range(file.num_record_batches)
        return file.schema, (file.get_batch_with_custom_metadata(number) for number in whole)
    stream = pa.ipc.open_stream(data)
    return stream.schema, stream.iter_batches_with_custom_metadata()


def _rows(batch: Any, converters: list[Any], metadata: Any) -> list[Entity]:
    names = batch.schema.names
    always = {field.name for field in batch.schema if _of(field).get("always")}
    columns = [
        _values(column, convert) for column, convert in zip(batch.columns, converters, strict=True)
    ]
    entities = [
        {
            name: value
            for name, value in zip(names, row, strict=True)
            if value is not None or name in always
        }
        for row in zip(*columns, strict=True)
    ]
    told = metadata.get(METADATA) if metadata is not None else None
    if told is not None:
        for row, values in _told(told).items():
            if row.isdigit() and int(row) < len(entities) and type(values) is dict:
                entities[int(row)].update(normalise(values))
    return entities


def _told(data: bytes) -> dict[str, Any]:
    try:
        value = decode(data)
    except Exception:  # noqa: BLE001 - metadata of somebody else: not ours, then
        return {}
    return value if type(value) is dict else {}


def _values(column: Any, convert: Convert | None) -> list[Any]:
    values: list[Any] = _plain(column).to_pylist()
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]


def _plain(column: Any) -> Any:
    """The column with whole numbers for timestamps, of which Python knows no nanoseconds."""
    kind = _without_timestamps(column.type)
    return column if kind == column.type else column.cast(kind)


def _without_timestamps(kind: Any) -> Any:
    import pyarrow as pa

    types = pa.types
    if types.is_timestamp(kind):
        return pa.int64()
    if types.is_list(kind) or types.is_fixed_size_list(kind):
        return pa.list_(_without_timestamps(kind.value_type))
    if types.is_large_list(kind):
        return pa.large_list(_without_timestamps(kind.value_type))
    if types.is_struct(kind):
        return pa.struct([(field.name, _without_timestamps(field.type)) for field in kind])
    return kind


# -- by field --------------------------------------------------------------------------------------


def _of_field(field: Any, *path: str) -> Convert | None:
    """What makes a DTL value of one of a field (not null); null where it is one already."""
    return _of_type(field.type, _of(field), path)


def _of(field: Any) -> dict[str, Any]:
    """What our metadata tell of a field."""
    return _told((field.metadata or {}).get(METADATA, b"{}"))


def _of_type(kind: Any, told: dict[str, Any], path: tuple[str, ...]) -> Convert | None:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind) and not types.is_timestamp(kind.value_type):
        return _of_type(kind.value_type, told, path)
    if types.is_null(kind) or types.is_boolean(kind) or types.is_integer(kind):
        return None
    if types.is_floating(kind):
        return _number if told.get("mixed") else _finite(path)
    if types.is_decimal(kind):
        return _decimals(told)
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return TEXTS.get(str(told.get("kind")), as_string)
    if types.is_timestamp(kind):
        return _datetimes(kind.unit, path)
    if types.is_date(kind):
        return lambda value: f"~t{value.isoformat()}"
    if types.is_time(kind):
        return lambda value: as_string(value.isoformat())
    if (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    ):
        return lambda value: "~b" + b64encode(value).decode()
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _lists(_of_field(kind.value_field, *path, "[]"), single=bool(told.get("single")))
    if types.is_struct(kind):
        fields = {field.name: _of_field(field, *path, field.name) for field in kind}
        return _structs(fields)
    raise _wrong(path[0], f"values of the Arrow type {kind} are none of DTL", path)


def _wrong(name: str, what: str, path: tuple[str, ...] = ()) -> InputError:
    hint = "cast the column, for instance to text"
    problem = Problem(json_path(path or (name,)), "wrong-type", what, hint)
    return InputError(f'the column "{name}" cannot be read', [problem])


def _finite(path: tuple[str, ...]) -> Convert:
    def read(value: float) -> float | None:
        if value - value == 0:
            return value
        if value != value:  # noqa: PLR0124 - not a number: how frames say that there is none
            return None
        raise _wrong(path[0], f"expected a finite number, got {value}", path)

    return read


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _decimals(told: dict[str, Any]) -> Convert:
    if told.get("kind") == "integer":
        return int
    if told.get("fixed"):
        return lambda value: f"~f{value:f}"

    mixed = bool(told.get("mixed"))

    def read(value: Any) -> Any:
        text = f"{value:f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return int(text) if mixed and "." not in text else f"~f{text}"

    # The digits of somebody else's decimals are those of their type.
    return read if told else lambda value: f"~f{value:f}"


def _datetimes(unit: str, path: tuple[str, ...]) -> Convert:
    """Of whole numbers, which timestamps are read as."""
    factor = NANOS_OF[unit]

    def read(value: int) -> str:
        text = datetime_text(value * factor)
        if text is None:
            raise _wrong(
                path[0], f"expected a time of the years 1 to 9999, got {value} {unit}", path
            )
        return text

    return read


def _lists(convert: Convert | None, *, single: bool) -> Convert:
    def read(value: Any) -> Any:
        items = value
        if convert is not None:
            items = [None if item is None else convert(item) for item in value]
        return items[0] if single and len(items) == 1 else items

    return read


def _structs(converters: dict[str, Convert | None]) -> Convert:
    def read(value: Any) -> Any:
        return {
            name: item if (convert := converters[name]) is None else convert(item)
            for name, item in value.items()
            if item is not None
        }

    return read


def _json(text: str) -> Any:
    return normalise(decode(text))


TEXTS: dict[str, Convert] = {
    "uri": lambda text: f"~r{text}",
    "uuid": lambda text: f"~u{text.lower()}",
    "ni": lambda text: f"~:{text}",
    "json": _json,
    "struct": _json,
}
