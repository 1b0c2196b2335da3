"""Entities as MessagePack.

Going out, values are those of the JSON form: datetimes and the like stay tagged text. An integer
that 64 bits do not hold is the extension 1, its decimal digits as text. Coming in, what MessagePack
clients write by themselves is understood as well: timestamps (extension -1) become datetimes,
binary data bytes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sesam_node.errors import InputError, Problem, preview
from sesam_node.model.entity import decode
from sesam_node.model.stream import check_entities
from sesam_node.model.values import EPOCH, NANOS, datetime_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.model.values import Entity

INTEGER: Final = 1
"""The extension of integers outside 64 bits: decimal digits."""

encoder = msgspec.msgpack.Encoder()
decoder = msgspec.msgpack.Decoder()
trailing = re.compile(r"trailing characters \(byte (\d+)\)").search
INT64 = range(-(2**63), 2**64)


def to_message_pack(pages: Iterable[list[bytes]]) -> Iterator[bytes]:
    """Entities, given as pages of their JSON, as one map after the other."""
    for page in pages:
        if page:
            entities = decode(b"[" + b",".join(page) + b"]")
            yield b"".join(map(packed, entities))


def packed(entity: Entity) -> bytes:
    """One entity as a map."""
    try:
        return encoder.encode(entity)
    except OverflowError:
        return encoder.encode(_with_extensions(entity))


def _with_extensions(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _with_extensions(item) for name, item in value.items()}
    if kind is list:
        return [_with_extensions(item) for item in value]
    if kind is int and value not in INT64:
        return msgspec.msgpack.Ext(INTEGER, str(value).encode())
    return value


def from_message_pack(data: bytes) -> list[Entity]:
    """The entities of maps one after the other, or of arrays of maps.

    Raises InputError with the path of each value that is none of DTL.
    """
    found: list[Any] = []
    for value in _objects(data):
        found.extend(value if type(value) is list else [value])
    problems: list[Problem] = []
    plain = [_plain(value, f"$[{at}]", problems) for at, value in enumerate(found)]
    if problems:
        raise InputError("the body holds values that an entity cannot have", problems[:100])
    return check_entities(plain)


def _objects(data: bytes) -> Iterator[Any]:
    """Each of the values that follow one another. Raises InputError where they are broken."""
    rest = memoryview(data)
    while rest:
        try:
            yield decoder.decode(rest)
        except msgspec.DecodeError as error:
            # More follows: the message says where this value ends.
            match = trailing(str(error))
            if match is None:
                raise _broken(str(error), len(data) - len(rest)) from None
            end = int(match[1])
            yield decoder.decode(rest[:end])
            rest = rest[end:]
        except (RecursionError, UnicodeDecodeError, ValueError) as error:
            raise _broken(str(error), len(data) - len(rest)) from None
        else:
            return


def _broken(reason: str, position: int) -> InputError:
    text = reason.removeprefix("MessagePack data is malformed: ")
    problem = Problem("$", "broken-msgpack", f"the value that begins at byte {position}: {text}")
    return InputError("the body is no MessagePack", [problem])


def _plain(value: Any, path: str, problems: list[Problem]) -> Any:
    """A value as DTL has it; what it cannot have is told."""
    kind = type(value)
    if kind is dict:
        for name in value:
            if type(name) is not str:
                what = f"expected text as the name of a property, got {preview(name)}"
                problems.append(Problem(path, "wrong-type", what))
                return None
        return {name: _plain(item, f"{path}.{name}", problems) for name, item in value.items()}
    if kind is list:
        return [_plain(item, f"{path}[{at}]", problems) for at, item in enumerate(value)]
    if kind is bytes:
        return "~b" + b64encode(value).decode()
    if kind is datetime:
        return datetime_text(_nanos(value))
    if kind is float and value - value != 0:
        problems.append(Problem(path, "wrong-value", f"expected a finite number, got {value}"))
        return None
    if kind is msgspec.msgpack.Ext:
        digits = bytes(value.data)
        if value.code == INTEGER and re.fullmatch(rb"-?\d{1,4300}", digits):
            return int(digits)
        what = f"the extension {value.code} is not known; integers are 1, timestamps -1"
        problems.append(Problem(path, "wrong-type", what))
        return None
    return value


def _nanos(moment: datetime) -> int:
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * NANOS + delta.microseconds * 1000
