"""Values of columns as values of entities, and back.

What becomes of the types of each database is told by the manual (source datatype mappings):
decimals and times keep all their digits, times are shifted to UTC, bytes stay bytes. Beyond it,
JSON columns and arrays are dicts and lists.
"""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sesam_node.model.values import (
    as_string,
    decimal_text,
    from_number,
    kind_of_text,
    nanos,
    number,
    plain_text,
)
from sesam_node.pipes.encoded import text_column, values_column
from sesam_node.pipes.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sesam_node.model import Value
    from sesam_node.pipes.encoded import Texts

PLAIN = frozenset((int, bool))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ValueRefusedError(ValueError):
    """A value that has no form on the other side; the message says why."""


class Reading:
    """Turns values of a driver into values of entities.

    `zone` is that of times without one, `dates_are_times` makes midnights of dates, as the manual
    has it for MySQL and SQL Server; `uuids` keeps UUIDs as such.
    """

    def __init__(
        self, zone: tzinfo = UTC, *, dates_are_times: bool = False, uuids: bool = False
    ) -> None:
        self.zone = zone
        self._plain_utc = zone is UTC
        self._kinds: dict[type, Callable[[Any], Value]] = {
            int: _same,
            bool: _same,
            str: as_string,
            float: _float,
            Decimal: _decimal,
            datetime: self.moment,
            date: _midnight if dates_are_times else date.isoformat,
            time: time.isoformat,
            timedelta: _duration,
            bytes: _bytes,
            bytearray: _bytes,
            memoryview: _bytes,
            UUID: (lambda value: f"~u{value}") if uuids else str,
            list: self._list,
            tuple: self._list,
            dict: self._dict,
            type(None): _same,
        }

    def __call__(self, value: Any) -> Value:
        """Raises ValueRefusedError for what no entity can hold (NaN, infinities)."""
        found = self._kinds.get(type(value))
        return as_string(str(value)) if found is None else found(value)

    def column(self, values: Sequence[Any]) -> Texts:
        """The values of a column in canonical form. Raises ValueRefusedError."""
        types = set(map(type, values))
        types.discard(NoneType)
        if types <= PLAIN:
            return values_column(values)
        if types == {str}:
            return text_column(values)
        convert = self._kinds.get(types.pop(), self) if len(types) == 1 else self
        return values_column([None if value is None else convert(value) for value in values])

    def moment(self, value: datetime) -> Value:
        if value.tzinfo is None:
            shifted = value if self._plain_utc else _shifted(value, self.zone)
        else:
            shifted = value.astimezone(UTC)
        text = shifted.isoformat()[:26].partition("+")[0]
        return f"~t{text.rstrip('0') if shifted.microsecond else text}Z"

    def _list(self, value: Any) -> Value:
        return [self(item) for item in value]

    def _dict(self, value: dict[str, Any]) -> Value:
        return {str(name): self(item) for name, item in value.items()}


def _same(value: Any) -> Value:
    return value


def _shifted(value: datetime, zone: tzinfo) -> datetime:
    return value.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def _float(value: float) -> Value:
    if not math.isfinite(value):
        raise ValueRefusedError(f"{value} is no value of an entity")
    return value


def _decimal(value: Decimal) -> Value:
    if not value.is_finite():
        raise ValueRefusedError(f"{value} is no value of an entity")
    return decimal_text(value)


def _midnight(value: date) -> Value:
    return f"~t{value.isoformat()}T00:00:00Z"


def _duration(value: timedelta) -> Value:
    """`hh:mm:ss[.ffffff]`, of any number of hours."""
    if value.days < 0:
        return f"-{_duration(-value)}"
    seconds, fraction = value.days * 86_400 + value.seconds, value.microseconds
    text = f"{seconds // 3_600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:06d}" if fraction else text


def _bytes(value: bytes) -> Value:
    return "~b" + base64.b64encode(value).decode()


def exact_decimal(value: Any) -> Value:
    """A float of the driver as a decimal."""
    return None if value is None else from_number(Decimal(repr(value)))


def bits(value: Any) -> Value:
    """A BIT column as an integer."""
    return int.from_bytes(value, "big") if isinstance(value, bytes) else value


# -- back --------------------------------------------------------------------------------------


class Writing:
    """Turns values of entities into what a column of a kind takes; `zone` as for reading."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self._zone = zone
        self._kinds: Mapping[str, Callable[[Value], Any]] = {
            "text": _to_text,
            "integer": _to_integer,
            "decimal": _to_decimal,
            "float": _to_float,
            "boolean": _to_boolean,
            "datetime": lambda value: self._to_moment(value).replace(tzinfo=None),
            "moment": self._to_moment,
            "date": self._to_date,
            "time": self._to_time,
            "bytes": _to_bytes,
            "uuid": _to_uuid,
            "json": lambda value: json.dumps(plain(value), ensure_ascii=False),
            "list": _to_list,
        }

    def __call__(self, value: Value, kind: str) -> Any:
        """Raises ValueRefusedError where the column cannot hold the value."""
        if value is None:
            return None
        convert = self._kinds.get(kind, plain)
        try:
            return convert(value)
        except ValueRefusedError:
            raise
        except (ValueError, TypeError, ArithmeticError) as error:
            raise ValueRefusedError(str(error)) from None

    def converter(self, kind: str) -> Callable[[Value], Any]:
        """What a column of this kind needs; raises ValueError and its kin for what cannot be."""
        return self._kinds.get(kind, plain)

    def _to_moment(self, value: Value) -> datetime:
        """In the zone of the system, which it keeps."""
        count = nanos(value)
        if count is None:
            text = plain_text(value) if type(value) is str else ""
            found = datetime.fromisoformat(text)
            return found if found.tzinfo else found.replace(tzinfo=self._zone)
        moment = EPOCH + timedelta(microseconds=count // 1_000)
        return moment if self._zone is UTC else moment.astimezone(self._zone)

    def _to_date(self, value: Value) -> date:
        if type(value) is str and kind_of_text(value) in ("string", "date"):
            return date.fromisoformat(plain_text(value)[:10])
        return self._to_moment(value).date()

    def _to_time(self, value: Value) -> time:
        if type(value) is str and kind_of_text(value) == "string":
            return time.fromisoformat(plain_text(value))
        return self._to_moment(value).time()


def _to_text(value: Value) -> str:
    if type(value) is str:
        return value if value[:1] != "~" else plain_text(value)
    if isinstance(value, bool | list | dict):
        return json.dumps(plain(value), ensure_ascii=False)
    return str(value)


def _number(value: Value) -> Any:
    if isinstance(value, bool):
        return int(value)
    found = number(value)
    if found is None and type(value) is str and kind_of_text(value) == "string":
        found = Decimal(plain_text(value).strip())
    if found is None:
        raise ValueRefusedError("it is no number")
    return found


def _to_integer(value: Value) -> int:
    if type(value) is int:
        return value
    found = _number(value)
    if found != int(found):
        raise ValueRefusedError("it is no whole number")
    return int(found)


def _to_decimal(value: Value) -> Decimal:
    if type(value) is str and value[:2] == "~f":
        return Decimal(value[2:])
    found = _number(value)
    return Decimal(repr(found)) if isinstance(found, float) else Decimal(found)


def _to_float(value: Value) -> float:
    if type(value) is float:
        return value
    return float(_number(value))


def _to_boolean(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in ("true", "1", "false", "0"):
        return text in ("true", "1")
    raise ValueRefusedError("it is neither true nor false")


def _to_bytes(value: Value) -> bytes:
    if type(value) is str and kind_of_text(value) == "bytes":
        return base64.b64decode(value[2:])
    return _to_text(value).encode()


def _to_uuid(value: Value) -> UUID:
    return UUID(plain_text(value))


def _to_list(value: Value) -> list[Any]:
    made: list[Any] = plain(value if isinstance(value, list) else [value])
    return made
