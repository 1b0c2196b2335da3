"""Group "bytes": bytes and their base64 text, which is also how they are kept (`~b...`)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import first_is, text
from sesam_node.dtl.registry import Example, function
from sesam_node.dtl.runtime import each
from sesam_node.model.values import BYTES

if TYPE_CHECKING:
    from sesam_node.model.values import Value


def bytes_value(data: bytes) -> str:
    """Bytes as a DTL value."""
    return "~b" + b64encode(data).decode("ascii")


def bytes_of(value: Value) -> bytes | None:
    """The bytes of a DTL bytes value; null for every other value."""
    if type(value) is str and value[:2] == "~b" and BYTES(value):
        return b64decode(value[2:])
    return None


@function(
    "base64-decode",
    "VALUES(value-expression{1})",
    Example(["base64-decode", "YWJj"], "~bYWJj", note="bytes show as base64"),
    Example(["base64-decode", ["list", 1, "YWJj", "abcde"]], ["~bYWJj"]),
    Example(["base64-decode", ["bytes", "YWJj"]], None, note="bytes are not a string"),
)
def base64_decode(values: Value) -> Value:
    """Read each string as base64 (with padding, without line breaks), as bytes.

    Null gives null, a list a list; values that are not strings or not base64 are dropped.
    """
    return each(values, _decoded)


def _decoded(value: Value) -> str | None:
    characters = text(value)
    if characters is None or not BYTES("~b" + characters):
        return None
    # Decoded and encoded again: unused bits of the last character must not make equal bytes differ.
    return bytes_value(b64decode(characters)) if characters[-1:] == "=" else "~b" + characters


@function(
    "base64-encode",
    "VALUES(value-expression{1})",
    Example(["base64-encode", ["bytes", "abc"]], "YWJj"),
    Example(["base64-encode", ["list", 1, "~bYWJj"]], ["YWJj"]),
    Example(["base64-encode", "abc"], None, note="a string is not bytes"),
)
def base64_encode(values: Value) -> Value:
    """Give the base64 text, with padding, of each bytes value.

    Null gives null, a list a list; other values are dropped, strings too: see `bytes`.
    """
    return each(values, _encoded)


def _encoded(value: Value) -> str | None:
    return value[2:] if type(value) is str and value[:2] == "~b" and BYTES(value) else None


@function(
    "bytes",
    "VALUES(value-expression{1})",
    Example(["bytes", "abc"], "~bYWJj"),
    Example(["bytes", ["list", "abc", 1]], ["~bYWJj"]),
    Example(["bytes", None], None),
)
def bytes_(values: Value) -> Value:
    """Encode each string as utf-8 bytes; `string` reads them again.

    Null gives null, a list a list; values that are not strings are dropped.
    """
    return each(values, _utf8)


def _utf8(value: Value) -> str | None:
    characters = text(value)
    return None if characters is None else bytes_value(characters.encode())


@function(
    "is-bytes",
    "VALUES(value-expression{1})",
    Example(["is-bytes", ["bytes", "abc"]], expect=True),
    Example(["is-bytes", "YWJj"], expect=False),
    Example(["is-bytes", ["list", "~bYWJj", 1]], expect=True, note="the first value counts"),
    boolean=True,
)
def is_bytes(values: Value) -> bool:
    """Is it a bytes value, or a list that begins with one? False for null and the empty list."""
    return first_is(values, "bytes")
