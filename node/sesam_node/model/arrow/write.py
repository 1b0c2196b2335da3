"""Entities to an Arrow IPC stream, in constant memory.

The schema comes first, so all entities pass by before anything is sent; they wait in a temporary
file. Each block is converted at once by the types of the columns so far, and once more in the end
where those have widened since.
"""

from __future__ import annotations

import copy
from base64 import b64decode
from itertools import accumulate, chain
from struct import Struct
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sesam_node.model.arrow.columns import (
    EXACT_INTEGER,
    Column,
    Columns,
    any_tilde,
    is_normal_base64,
    plain_decimal,
)
from sesam_node.model.entity import decode, encode
from sesam_node.model.values import as_decimal, nanos, number, plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sesam_node.model.values import Entity

ROWS: Final = 2_048
BLOCK_BYTES: Final = 1 * 1024 * 1024
SPOOL_BYTES: Final = 16 * 1024 * 1024
METADATA: Final = b"sesam"
"""The key of what is kept beside a field's type (JSON), and of a batch's inexact values."""

ABSENT: Final = object()
END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
LENGTHS = Struct(">QQI?")
to_json = msgspec.json.Encoder(order="deterministic").encode


def to_arrow(pages: Iterable[list[bytes]]) -> Iterator[bytes]:
    """Entities, given as pages of their JSON, as the chunks of an Arrow IPC stream."""
    columns = Columns()
    writer = Writer({})
    told: tuple[Any, ...] = ()
    with SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
        number = 0
        for block in _blocks(pages):
            tagged = b'"~' in block
            entities = decode(block)
            values = columns.add(entities, tagged=tagged)
            now = columns.told()
            if now != told:
                told, number = now, number + 1
                writer = Writer(copy.deepcopy(columns.by_name))
            message = writer.message(entities, values, tagged=tagged)
            spool.write(LENGTHS.pack(len(block), len(message), number, tagged))
            spool.write(block)
            spool.write(message)
        spool.seek(0)
        yield writer.schema_message()
        while header := spool.read(LENGTHS.size):
            size, length, made_by, tagged = LENGTHS.unpack(header)
            block, message = spool.read(size), spool.read(length)
            if made_by != number:
                message = writer.message(decode(block), {}, tagged=tagged)
            yield message
    yield END


def _blocks(pages: Iterable[list[bytes]]) -> Iterator[bytes]:
    """JSON arrays of up to some thousand entities."""
    waiting: list[bytes] = []
    size = 0
    for page in pages:
        waiting += page
        size += sum(map(len, page))
        if len(waiting) >= ROWS or size >= BLOCK_BYTES:
            yield b"[" + b",".join(waiting) + b"]"
            waiting, size = [], 0
    if waiting:
        yield b"[" + b",".join(waiting) + b"]"


class Output:
    """What has been written and not yet taken; what pyarrow takes for a file."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


class Writer:
    """Makes the record batches of one stream."""

    def __init__(self, columns: dict[str, Column]) -> None:
        import pyarrow as pa

        self._columns = columns
        self._fields = {name: arrow_field(name, column) for name, column in columns.items()}
        self._inexact = {
            name: column
            for name, column in columns.items()
            if not column.is_exact or (column.nulls and not column.always)
        }
        self._schema = pa.schema(list(self._fields.values()))
        self._out = Output()
        self._writer = pa.ipc.new_stream(self._out, self._schema)

    def schema_message(self) -> bytes:
        """What a stream begins with."""
        message: bytes = self._schema.serialize().to_pybytes()
        return message

    def message(
        self, entities: Sequence[Entity], values: dict[str, Sequence[Any]], *, tagged: bool = True
    ) -> bytes:
        """The record batch of entities, as it stands in a stream.

        `values` are those of the properties, where they are at hand.
        """
        batch = self.batch(entities, values, tagged=tagged)
        self._writer.write_batch(batch, custom_metadata=self._exceptions(entities))
        return self._out.taken().removeprefix(self.schema_message())

    def batch(
        self, entities: Sequence[Entity], values: dict[str, Sequence[Any]], *, tagged: bool = True
    ) -> Any:
        """The record batch of entities."""
        import pyarrow as pa

        arrays = []
        for name, column in self._columns.items():
            items: Sequence[Any] | None = values.get(name)
            if items is None:
                items = [entity.get(name) for entity in entities]
            arrays.append(to_array(column, items, self._fields[name].type, tagged=tagged))
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def _exceptions(self, entities: Sequence[Entity]) -> dict[bytes, bytes] | None:
        """The values of which type and metadata of their column tell too little, by row."""
        rows: dict[str, Entity] = {}
        for name, column in self._inexact.items():
            for row, entity in enumerate(entities):
                value = entity.get(name, ABSENT)
                if value is ABSENT or (value is None and column.always):
                    continue
                if not comes_back(column, value):
                    rows.setdefault(str(row), {})[name] = value
        return {METADATA: encode(rows)} if rows else None


# -- types -----------------------------------------------------------------------------------------


def arrow_field(name: str, column: Column) -> Any:
    """The field of a column, with what its type does not tell in its metadata."""
    import pyarrow as pa

    told: dict[str, Any] = {"kind": column.kind}
    for flag in ("mixed", "single", "fixed", "always"):
        if getattr(column, flag):
            told[flag] = True
    return pa.field(name, arrow_type(column), metadata={METADATA: to_json(told)})


def arrow_type(column: Column) -> Any:
    """The Arrow type that holds every value of a column."""
    import pyarrow as pa

    kind = column.kind
    if kind == "list":
        return pa.list_(arrow_field("item", column.inner or Column()))
    if kind == "struct" and column.fields:
        return pa.struct([arrow_field(name, inner) for name, inner in column.fields.items()])
    if kind == "integer":
        return pa.int64() if column.digits <= 18 else pa.decimal128(38, 0)
    if kind == "decimal":
        return pa.decimal128(38, column.scale)
    if kind == "datetime":
        return pa.timestamp("ns" if column.in_nanos else "us", "UTC")
    plain = {
        "null": pa.null(),
        "boolean": pa.bool_(),
        "float": pa.float64(),
        "date": pa.date32(),
        "bytes": pa.binary(),
    }
    # A struct without fields is JSON text: few readers know it.
    return plain.get(kind, pa.string())


# -- values ----------------------------------------------------------------------------------------


def to_array(column: Column, values: Sequence[Any], type_: Any, *, tagged: bool) -> Any:
    """The Arrow array of the values of a column; `tagged` is false where no text has a tag."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.kind
    if kind in ("null", "boolean"):
        return pa.array(values, type_)
    if kind == "text" and not (tagged and any_tilde(values)):
        return pa.array(values, type_)
    if kind == "list":
        return _list_array(column, values, type_, tagged=tagged)
    if kind == "struct" and column.fields:
        return _struct_array(column, values, type_, tagged=tagged)
    if _is_cast(column):
        if column.mixed:
            values = [f"~f{value}" if type(value) is int else value for value in values]
        return pc.utf8_slice_codeunits(pa.array(values, pa.string()), 2).cast(type_)
    convert = converter(column)
    if convert is not None:
        values = [None if value is None else convert(value) for value in values]
    return pa.array(values, type_)


def _is_cast(column: Column) -> bool:
    """Can Arrow read the values itself, once their tags are off?"""
    match column.kind:
        case "uri" | "uuid" | "ni" | "date":
            return True
        case "datetime":
            return not column.odd and (column.in_nanos or column.scale < 9)
        case "decimal":
            return not column.odd
    return False


def _list_array(column: Column, values: Sequence[Any], type_: Any, *, tagged: bool) -> Any:
    import pyarrow as pa

    if column.single:
        values = [value if value is None or type(value) is list else [value] for value in values]
    lengths = [0 if value is None else len(value) for value in values]
    items = list(chain.from_iterable([value for value in values if value]))
    inner = to_array(column.inner or Column(), items, type_.value_type, tagged=tagged)
    offsets = pa.array(list(accumulate(lengths, initial=0)), pa.int32())
    absent = [value is None for value in values]
    mask = pa.array(absent) if any(absent) else None
    return pa.ListArray.from_arrays(offsets, inner, type=type_, mask=mask)


def _struct_array(column: Column, values: Sequence[Any], type_: Any, *, tagged: bool) -> Any:
    import pyarrow as pa

    arrays = [
        to_array(
            inner,
            [None if value is None else value.get(name) for value in values],
            type_.field(name).type,
            tagged=tagged,
        )
        for name, inner in column.fields.items()
    ]
    absent = [value is None for value in values]
    mask = pa.array(absent) if any(absent) else None
    return pa.StructArray.from_arrays(arrays, fields=list(type_), mask=mask)


def converter(column: Column) -> Callable[[Any], Any] | None:
    """What turns a single value into what pyarrow takes for this column; null: nothing."""
    kind = column.kind
    if kind == "integer":
        return None if column.digits <= 18 else as_decimal
    if kind == "datetime":
        return nanos if column.in_nanos else _micros
    return SCALARS.get(kind)


def _micros(value: str) -> int:
    return (nanos(value) or 0) // 1000


def _decimal(value: Any) -> Any:
    return as_decimal(number(value) or 0)


def _json(value: Any) -> str:
    return to_json(value).decode()


SCALARS: Final[dict[str, Callable[[Any], Any]]] = {
    "float": float,
    "decimal": _decimal,
    "text": plain_text,
    "bytes": lambda value: b64decode(value[2:]),
    "json": _json,
    "struct": _json,
}


# -- what comes back -------------------------------------------------------------------------------


def comes_back(column: Column, value: Any) -> bool:
    """Will a reader of type and metadata have this value, exactly?"""
    if value is None:
        return False  # it would be absent
    if column.is_exact:
        return True
    kind = type(value)
    match column.kind:
        case "float":
            if kind is int:
                return bool(-EXACT_INTEGER <= value <= EXACT_INTEGER)
            return not column.mixed or bool(not value.is_integer())
        case "decimal":
            return kind is int or _decimal_comes_back(column, value)
        case "datetime":
            ending = value.partition(".")[2]
            return ending[-2:-1] != "0" and (column.in_nanos or len(ending) <= 7)
        case "bytes":
            return is_normal_base64(value)
        case "list":
            return _list_comes_back(column, value)
        case "struct":
            fields = column.fields
            return all(comes_back(fields[name], item) for name, item in value.items())
    return True


def _decimal_comes_back(column: Column, value: str) -> bool:
    match = plain_decimal(value)
    if match is None or (value[2] == "-" and not value.strip("~f-0.")):
        return False
    if column.fixed:
        return True
    fraction = str(match[2] or "")
    if column.mixed and not fraction:
        return False
    return not fraction.endswith("0")


def _list_comes_back(column: Column, value: Any) -> bool:
    inner = column.inner or Column()
    if type(value) is not list:
        return comes_back(inner, value)
    if column.single and len(value) == 1:
        return False
    return all(item is None or comes_back(inner, item) for item in value)
