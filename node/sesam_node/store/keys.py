"""Bytes that values, ids and names are filed under.

Index keys are typed and keep order: values that are equal in DTL (1, 1.0 and `~f1.0`; a date and
its midnight) have the same bytes, others differ, and within a type bytes compare as values do
(`model.values.compare`). LMDB takes 511 bytes: what is longer than 480 becomes its first 480 bytes
and a hash, which an exact key, being shorter, can never equal.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import TYPE_CHECKING

from sesam_node.errors import InputError, preview
from sesam_node.model.values import as_decimal, kind_of_text, nanos, text_of

if TYPE_CHECKING:
    from sesam_node.model.values import Value

KEY_BYTES = 480
DIGEST_BYTES = 24
EXPONENT_BIAS = 1 << 62
INSTANT_BIAS = 1 << 95
DIGITS_QUICK = 4000  # Python refuses str(int) beyond 4,300 digits

NULL, BOOLEAN, NUMBER, INSTANT, UUID, NI, URI, STRING, DICT, LIST, TUPLE, BYTES = (
    bytes([tag]) for tag in range(1, 13)
)
TEXT_TAGS = {"uuid": UUID, "ni": NI, "uri": URI, "bytes": BYTES}
COMPLEMENT = bytes(255 - byte for byte in range(256))
END = b"\x00\x00"


def short_key(key: bytes) -> bytes:
    """The key itself, or its first 480 bytes and a hash of it all where it is longer."""
    if len(key) <= KEY_BYTES:
        return key
    return key[:KEY_BYTES] + blake2b(key, digest_size=DIGEST_BYTES).digest()


def is_shortened(key: bytes) -> bool:
    """Does it stand for more than one value, in principle?"""
    return len(key) > KEY_BYTES


def text_key(text: str) -> bytes:
    """The key of an id or a name. Raises InputError where it is empty or no valid text."""
    try:
        key = text.encode()
    except UnicodeEncodeError:
        raise InputError(f"no valid text: {preview(text)}") from None
    if not key:
        raise InputError("expected an id of at least one character, got none")
    return short_key(key)


def index_key(value: Value) -> bytes:
    """The key of a value in a secondary index."""
    return short_key(value_key(value))


def value_key(value: Value) -> bytes:
    """Typed bytes of a value, of any length; equal exactly when the values are."""
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind is int:
        return NUMBER + _integer(value)
    if kind is float:
        return NUMBER + (_integer(int(value)) if value.is_integer() else _number(as_decimal(value)))
    if value is None:
        return NULL
    if kind is bool:
        return BOOLEAN + (b"\x01" if value else b"\x00")
    if kind is list or kind is tuple:
        tag = LIST if kind is list else TUPLE
        return tag + b"".join(_part(value_key(item)) for item in value) + END
    parts = []
    for key in sorted(value):
        parts += [_part(STRING + key.encode()), _part(value_key(value[key]))]
    return DICT + b"".join(parts) + END


def _text(value: str) -> bytes:
    if value[:1] != "~":
        return STRING + value.encode()
    kind = kind_of_text(value)
    if kind == "string":
        return STRING + text_of(value).encode()
    if kind == "decimal":
        try:
            return NUMBER + _number(Decimal(value[2:]))
        except InvalidOperation:  # an exponent beyond 10**18
            return STRING + value.encode()
    if kind in ("date", "datetime"):
        return INSTANT + ((nanos(value) or 0) + INSTANT_BIAS).to_bytes(12, "big")
    return TEXT_TAGS[kind] + value[2:].encode()


def _part(key: bytes) -> bytes:
    """One item of a list, ended so that a shorter one comes first."""
    return key.replace(b"\x00", b"\x00\xff") + b"\x00\x01"


def _integer(value: int) -> bytes:
    if -(10**DIGITS_QUICK) < value < 10**DIGITS_QUICK:
        digits = str(abs(value))
        return _digits(value, len(digits) - 1, digits.rstrip("0"))
    return _number(Decimal(value))


def _number(value: Decimal) -> bytes:
    """Sign, exponent, digits: order-preserving, one form for each number whatever its notation."""
    if not value:
        return b"\x01"
    digits = "".join(map(str, value.as_tuple().digits)).lstrip("0")
    return _digits(value, value.adjusted(), digits.rstrip("0"))


def _digits(value: int | Decimal, exponent: int, digits: str) -> bytes:
    if not digits:
        return b"\x01"
    key = (exponent + EXPONENT_BIAS).to_bytes(8, "big") + digits.encode() + b"\x00"
    return b"\x02" + key if value > 0 else b"\x00" + key.translate(COMPLEMENT)
