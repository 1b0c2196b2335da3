"""DTL values: which type a value has, truth, equality and order across types.

A value is plain JSON data. Datetimes, decimals, URIs, UUIDs, namespaced identifiers and bytes stay
transit text in a `str` (`"~t2024-01-31T12:00:00Z"`), normalised at the border, and are parsed where
a function touches them. Text that would read as such a tag is stored with one more tilde in front;
`text_of` takes it off, `as_string` puts it on. Types and their order: entity data model page and
`sorted` in the manual.
"""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cmp_to_key
from typing import Any

Value = Any
Entity = dict[str, Any]

DATETIME = re.compile(
    r"~t(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII
).fullmatch
DATE = re.compile(r"~t(\d{4})-(\d\d)-(\d\d)", re.ASCII).fullmatch
# An exponent of more than nine digits is no number that could be computed with: text, then.
DECIMAL = re.compile(r"~f[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?0*\d{1,9})?", re.ASCII).fullmatch
UUID = re.compile(r"~u[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII).fullmatch
BYTES = re.compile(r"~b(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?").fullmatch
PLAIN_EXPONENT = 400
MAX_EXPONENT = 999_999_999
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
NANOS = 1_000_000_000
DAY_S = 86_400
MIN_NANOS = (date(1, 1, 1).toordinal() - EPOCH_DAY) * DAY_S * NANOS
MAX_NANOS = (date(9999, 12, 31).toordinal() - EPOCH_DAY + 1) * DAY_S * NANOS - 1


def _valid_date(text: str) -> bool:
    try:
        date(int(text[2:6]), int(text[7:9]), int(text[10:12]))
    except ValueError:
        return False
    return True


def _valid_datetime(text: str) -> bool:
    if not _valid_date(text):
        return False
    return text[13:15] <= "23" and text[16:18] <= "59" and text[19:21] <= "59"


def kind_of_text(text: str) -> str:
    """The type of a value that is a `str`: "string" or what its tag says."""
    if text[:1] != "~":
        return "string"
    tag = text[1:2]
    if tag == ":":
        return "ni"
    if tag == "r":
        return "uri"
    if tag == "t":
        if DATETIME(text) and _valid_datetime(text):
            return "datetime"
        return "date" if DATE(text) and _valid_date(text) else "string"
    if tag == "f":
        return "decimal" if DECIMAL(text) else "string"
    if tag == "u":
        return "uuid" if UUID(text) else "string"
    if tag == "b":
        return "bytes" if BYTES(text) else "string"
    return "string"


KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "float",
    list: "list",
    dict: "dict",
    tuple: "tuple",
}


def kind(value: Value) -> str:
    """The DTL type of a value.

    One of null, boolean, integer, float, decimal, string, date, datetime, uri, ni, uuid, bytes,
    list, dict, tuple.
    """
    if type(value) is str:
        return kind_of_text(value)
    return KINDS[type(value)]


def is_text(value: Value) -> bool:
    """Is it a DTL string (and not a URI, datetime, ...)?"""
    return type(value) is str and (value[:1] != "~" or kind_of_text(value) == "string")


def text_of(text: str) -> str:
    """The characters of a DTL string: its escape is taken off."""
    if text[:2] == "~~" and (
        kind_of_text(text[1:]) != "string" or (text[1:2] == "~" and text_of(text[1:]) != text[1:])
    ):
        return text[1:]
    return text


def as_string(text: str) -> str:
    """The value that has these characters: escaped where they would read as a tag."""
    if text[:1] != "~":
        return text
    if kind_of_text(text) != "string" or text_of(text) != text:
        return "~" + text
    return text


def plain_text(value: str) -> str:
    """The text of a string, URI, UUID, NI, datetime or decimal, without tag or escape."""
    return text_of(value) if kind_of_text(value) == "string" else value[2:]


def truth(value: Value) -> bool:
    """Does it count as true? False, null and `[]` do not; `0`, `""` and `{}` do."""
    return not (value is None or value is False or (type(value) is list and not value))


# -- numbers ---------------------------------------------------------------------------------------


def number(value: Value) -> int | float | Decimal | None:
    """A DTL number as a Python number; null for anything else, booleans too."""
    kind_ = type(value)
    if kind_ is int or kind_ is float:
        return value  # type: ignore[no-any-return]
    if kind_ is str and value[:2] == "~f" and DECIMAL(value):
        return Decimal(value[2:])
    return None


def decimal_text(value: Decimal) -> str:
    """A decimal as transit text: `~f1.50`, with an exponent only where its magnitude is extreme."""
    return "~f" + (format(value, "f") if abs(value.adjusted()) < PLAIN_EXPONENT else str(value))


def from_number(value: float | Decimal) -> Value:
    """A Python number as a DTL value; NaN and infinities become null."""
    if type(value) is Decimal:
        return decimal_text(value) if value.is_finite() else None
    if type(value) is float and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124 - NaN is not itself
        return None
    return value


def as_decimal(value: float | Decimal) -> Decimal:
    """Exact decimal; a float goes through its shortest text, so 2.2 is 2.2."""
    if type(value) is float:
        return Decimal(repr(value))
    return Decimal(value)


def parse_decimal(text: str) -> Decimal | None:
    """Decimal notation, exponent allowed; null where it is none (NaN, or beyond all measure)."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= MAX_EXPONENT else None


# -- datetimes -------------------------------------------------------------------------------------


def nanos(value: Value) -> int | None:
    """Nanoseconds since 1970 of a datetime (or of a date's midnight); null for anything else."""
    if type(value) is not str or value[:2] != "~t":
        return None
    match = DATETIME(value)
    if match is None:
        if not DATE(value) or not _valid_date(value):
            return None
        days = date(int(value[2:6]), int(value[7:9]), int(value[10:12])).toordinal() - EPOCH_DAY
        return days * DAY_S * NANOS
    year, month, day, hour, minute, second, fraction = match.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - EPOCH_DAY
    except ValueError:
        return None
    if hour > "23" or minute > "59" or second > "59":
        return None
    seconds = days * DAY_S + int(hour) * 3600 + int(minute) * 60 + int(second)
    return seconds * NANOS + (int(fraction.ljust(9, "0")) if fraction else 0)


def datetime_text(nanoseconds: int) -> str | None:
    """`~t...Z` of an instant; null outside the years 1 to 9999. No trailing zeros are written."""
    if not MIN_NANOS <= nanoseconds <= MAX_NANOS:
        return None
    seconds, fraction = divmod(nanoseconds, NANOS)
    days, rest = divmod(seconds, DAY_S)
    day = date.fromordinal(days + EPOCH_DAY)
    hour, rest = divmod(rest, 3600)
    minute, second = divmod(rest, 60)
    text = f"~t{day.isoformat()}T{hour:02}:{minute:02}:{second:02}"
    if fraction:
        text += f".{fraction:09}".rstrip("0")
    return text + "Z"


# -- equality and order ----------------------------------------------------------------------------


def equal(left: Value, right: Value) -> bool:
    """Same type and content; integers, floats and decimals meet by value. No list coercion."""
    left_type, right_type = type(left), type(right)
    if left_type is str and right_type is str:
        if left == right:
            return True
        if left[:2] == "~f" and right[:2] == "~f":
            a, b = number(left), number(right)
            return a is not None and b is not None and a == b
        if left[:2] == "~t" and right[:2] == "~t":
            return nanos(left) is not None and nanos(left) == nanos(right)
        return False
    if left_type is list or left_type is tuple:
        return left_type is right_type and len(left) == len(right) and all(map(equal, left, right))
    if left_type is dict:
        return (
            right_type is dict
            and left.keys() == right.keys()
            and all(equal(value, right[key]) for key, value in left.items())
        )
    if left_type is right_type:
        return bool(left == right)
    a, b = number(left), number(right)
    if a is None or b is None:
        return False
    return _compare_numbers(a, b) == 0


def _compare_numbers(a: float | Decimal, b: float | Decimal) -> int:
    if (type(a) is float) != (type(b) is float) and Decimal in (type(a), type(b)):
        a, b = as_decimal(a), as_decimal(b)
    return (a > b) - (a < b)


def identity(value: Value) -> Any:
    """A hashable stand-in: equal values (by `equal`) have equal stand-ins, others do not."""
    kind_ = type(value)
    if kind_ is str:
        if value[:2] == "~f" and DECIMAL(value):
            return _number_identity(Decimal(value[2:]))
        if value[:2] == "~t":
            instant = nanos(value)
            return value if instant is None else ("~t", instant)
        return value
    if value is None or kind_ is bool:
        return (kind_, value)
    if kind_ is int or kind_ is float:
        return _number_identity(value)
    if kind_ is list or kind_ is tuple:
        return (kind_, *map(identity, value))
    return ("dict", frozenset((key, identity(item)) for key, item in value.items()))


def _number_identity(value: float | Decimal) -> Any:
    if type(value) is int:
        return value
    if type(value) is float:
        if value.is_integer():
            return int(value)
        return as_decimal(value)
    return value


RANKS = {
    "null": 0,
    "boolean": 1,
    "integer": 2,
    "float": 2,
    "decimal": 2,
    "date": 3,
    "datetime": 3,
    "uuid": 4,
    "ni": 5,
    "uri": 6,
    "string": 7,
    "dict": 8,
    "list": 9,
    "tuple": 9,
    "bytes": 10,
}


def compare(left: Value, right: Value) -> int:
    """Order across types: -1, 0 or 1. Different groups compare by group only."""
    left_kind, right_kind = kind(left), kind(right)
    rank, other = RANKS[left_kind], RANKS[right_kind]
    if rank != other:
        return -1 if rank < other else 1
    if rank == 2:
        return _compare_numbers(number(left) or 0, number(right) or 0)
    if rank == 3:
        left, right = nanos(left), nanos(right)
    elif left_kind == "dict":
        left_keys, right_keys = sorted(left), sorted(right)
        for a, b in zip(left_keys, right_keys, strict=False):
            if a != b:
                return -1 if a < b else 1
            result = compare(left[a], right[b])
            if result:
                return result
        left, right = len(left_keys), len(right_keys)
    elif rank == 9:
        for a, b in zip(left, right, strict=False):
            result = compare(a, b)
            if result:
                return result
        left, right = len(left), len(right)
    elif left_kind == "string":
        left, right = text_of(left), text_of(right)
    elif left_kind == "bytes":
        left, right = b64decode(left[2:]), b64decode(right[2:])
    elif left_kind == "null":
        return 0
    return int(left > right) - int(left < right)


sort_key = cmp_to_key(compare)
"""`sorted(values, key=sort_key)` is the manual's mixed order."""
