"""Keys and values of messages: bytes on one side, values of entities on the other.

`json` is JSON as other programs write it; `json-transit` (beyond the manual) keeps the types of
values between two nodes. `confluent_schema_json` and `schema_registry_avro` begin with a zero byte
and the number of a schema, which the schema registry of the system knows.
"""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import InputError, preview
from sesam_node.model import encode
from sesam_node.model.stream import check_depth, read_json
from sesam_node.model.transit import normalise
from sesam_node.model.values import as_string, kind_of_text, plain_text
from sesam_node.pipes.plain import as_values, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model import Value
    from sesam_node.pipes.kafka.registry import Registry

    Read = Callable[[bytes], Value]
    Write = Callable[[Value], bytes | None]

DESERIALIZERS: Final = (
    "bytes",
    "string",
    "json",
    "json-transit",
    "confluent_schema_json",
    "schema_registry_avro",
)
SERIALIZERS: Final = ("bytes", "string", "json", "json-transit", "confluent_schema_json")
WITH_REGISTRY: Final = ("confluent_schema_json", "schema_registry_avro")
HEADER: Final = struct.Struct(">bI")


class UnreadableError(ValueError):
    """Bytes that the deserializer cannot read, or a value that the serializer cannot write."""


def reader(name: str, registry: Registry | None) -> Read:
    """The deserializer of that name. It raises UnreadableError."""
    if name == "schema_registry_avro":
        if registry is None:
            raise UnreadableError("needs a schema registry")
        return lambda data: read_avro(data, registry)
    return {
        "bytes": bytes_value,
        "string": _read_string,
        "json": _read_json,
        "json-transit": _read_transit,
        "confluent_schema_json": lambda data: _read_json(split(data)[1]),
    }[name]


def writer(name: str, schema_number: Callable[[], int]) -> Write:
    """The serializer of that name; null stays null. It raises UnreadableError.

    `schema_number` gives the number of the schema that messages are written with.
    """

    def with_number(value: Value) -> bytes:
        return HEADER.pack(0, schema_number()) + _write_json(value)

    write: Callable[[Value], bytes] = {
        "bytes": _write_bytes,
        "string": _write_string,
        "json": _write_json,
        "json-transit": encode,
        "confluent_schema_json": with_number,
    }[name]
    return lambda value: None if value is None else write(value)


def bytes_value(data: bytes) -> Value:
    return f"~b{base64.b64encode(data).decode()}"


def text_or_bytes(data: bytes | str) -> Value:
    """Text where it is UTF-8, else bytes."""
    try:
        return as_string(data if isinstance(data, str) else data.decode())
    except UnicodeDecodeError:
        return bytes_value(bytes(data))  # type: ignore[arg-type]  # text does not come here


def raw_bytes(value: Value) -> bytes:
    """The bytes that a value stands for: those it holds, or its text in UTF-8."""
    if type(value) is not str:
        raise UnreadableError(f"expected text or bytes, got {preview(value)}")
    if kind_of_text(value) == "bytes":
        return base64.b64decode(value[2:])
    return plain_text(value).encode()


def split(data: bytes) -> tuple[int, bytes]:
    """The number of the schema that a message begins with, and the rest."""
    if len(data) < HEADER.size or data[0] != 0:
        raise UnreadableError("it does not begin with a zero byte and the number of a schema")
    return HEADER.unpack_from(data)[1], data[HEADER.size :]


def read_avro(data: bytes, registry: Registry) -> Value:
    import io

    number, rest = split(data)
    read = registry.avro(number)
    try:
        return read(io.BytesIO(rest))
    except (EOFError, ValueError, IndexError, TypeError, KeyError) as error:
        text = str(error) or type(error).__name__
        raise UnreadableError(f"it does not fit schema {number}: {text}") from None


def _read_string(data: bytes) -> Value:
    try:
        return as_string(data.decode())
    except UnicodeDecodeError as error:
        raise UnreadableError(f"byte {error.start} is not UTF-8") from None


def _read_json(data: bytes) -> Value:
    return as_values(_parsed(data)) if b"~" in data else _parsed(data)


def _read_transit(data: bytes) -> Value:
    value = _parsed(data)
    # It changes what it is given, which a value alone cannot be.
    holder = {"value": value}
    normalise(holder)
    return holder["value"]


def _parsed(data: bytes) -> Any:
    try:
        value = read_json(data, "message")
        check_depth(value)
    except InputError as error:
        problem = error.problems[0] if error.problems else None
        raise UnreadableError(problem.message if problem else error.message) from None
    return value


def _write_bytes(value: Value) -> bytes:
    if type(value) is str and kind_of_text(value) == "bytes":
        return base64.b64decode(value[2:])
    raise UnreadableError(f"expected bytes, got {preview(value)}")


def _write_string(value: Value) -> bytes:
    if isinstance(value, dict | list):
        raise UnreadableError(f"expected a string, got {preview(value)}")
    if type(value) is str:
        return plain_text(value).encode()
    return encode(value)


def _write_json(value: Value) -> bytes:
    return encode(plain(value))
