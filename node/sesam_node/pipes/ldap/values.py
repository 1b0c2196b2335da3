"""Values of attributes as values of entities.

A directory sends bytes. What its schema calls a kind of octets (`objectGUID`, `jpegPhoto`,
`userPassword`) stays bytes; all else is text, as UTF-8 where it is that and in the system's charset
otherwise. Where the schema cannot be read, or does not know an attribute, bytes are what is no
UTF-8 and holds control characters. By the schema, integers, booleans and times can be had as such.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sesam_node.model.values import as_string

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sesam_node.model import Value

_OF_RFC_4517 = "1.3.6.1.4.1.1466.115.121.1."
BINARY = frozenset(
    [
        *(f"{_OF_RFC_4517}{number}" for number in (4, 5, 8, 9, 10, 23, 28, 40, 49)),
        # Security descriptors of Active Directory.
        "1.2.840.113556.1.4.907",
    ]
)
INTEGER = frozenset((f"{_OF_RFC_4517}27", "1.2.840.113556.1.4.906"))
BOOLEAN = f"{_OF_RFC_4517}7"
TIME = f"{_OF_RFC_4517}24"
KNOWN_BINARY = frozenset(
    (
        "audio",
        "cacertificate",
        "jpegphoto",
        "objectguid",
        "objectsid",
        "photo",
        "thumbnaillogo",
        "thumbnailphoto",
        "usercertificate",
        "userpkcs12",
        "usersmimecertificate",
    )
)
"""Attributes that are bytes, for directories that hide their schema."""

GENERALIZED_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:[.,](\d{1,9}))?(Z|[+-]\d\d(?:\d\d)?)", re.ASCII
).fullmatch
CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f]")
MOST_INHERITANCE = 20


def syntaxes(schema: Any) -> dict[str, str]:
    """The syntax of each attribute by its names in lower case; those without take their parent's.

    `schema` is that of ldap3; null where the server shows none.
    """
    if schema is None:
        return {}
    found: dict[str, str] = {}
    types = schema.attribute_types
    for name in types:
        attribute: Any = types[name]
        for _ in range(MOST_INHERITANCE):
            if attribute is None or attribute.syntax or not attribute.superior:
                break
            attribute = types.get(attribute.superior[0])
        if attribute is not None and attribute.syntax:
            syntax = attribute.syntax.partition("{")[0]
            for one in types[name].name or [name]:
                found[one.lower()] = syntax
    return found


class Reading:
    """Turns the values of one directory into values of entities.

    `typed` makes integers, booleans and datetimes where the schema says so; else they are text.
    """

    def __init__(self, syntax: Mapping[str, str], charset: str, *, typed: bool = False) -> None:
        self._syntax = syntax
        self._charset = charset
        self._typed = typed

    def __call__(self, name: str, values: Sequence[bytes]) -> Value:
        """One value as such, several as a list in the server's order; null for none."""
        found = [self._value(name, value) for value in values]
        if not found:
            return None
        return found[0] if len(found) == 1 else found

    def _value(self, name: str, value: bytes) -> Value:
        base, _, options = name.lower().partition(";")
        syntax = self._syntax.get(base)
        if syntax in BINARY or "binary" in options.split(";"):
            return _bytes(value)
        if syntax is None and base in KNOWN_BINARY:
            return _bytes(value)
        text = self._text(value, is_known=syntax is not None)
        if text is None:
            return _bytes(value)
        made = _typed(text, syntax) if self._typed else None
        return as_string(text) if made is None else made

    def _text(self, value: bytes, *, is_known: bool) -> str | None:
        try:
            return value.decode()
        except UnicodeDecodeError:
            if not is_known and CONTROLS.search(value):
                return None
        try:
            return value.decode(self._charset)
        except UnicodeDecodeError:
            return None

    def identities(self, name: str, values: Sequence[bytes]) -> list[str]:
        """Values as the text of an `_id`: GUIDs in their usual form, other bytes as digits."""
        found = []
        for value in values:
            made = self._value(name, value)
            if isinstance(made, str) and made[:2] == "~b":
                guid = name.lower() == "objectguid" and len(value) == 16
                found.append(str(UUID(bytes_le=value)) if guid else value.hex())
            else:
                found.append(made if isinstance(made, str) else value.decode())
        return found


def _bytes(value: bytes) -> Value:
    return f"~b{base64.b64encode(value).decode()}"


def _typed(text: str, syntax: str | None) -> Value:
    """The value that a text of this syntax stands for; null where it stays text."""
    if syntax in INTEGER:
        return int(text) if re.fullmatch(r"-?\d{1,4000}", text, re.ASCII) else None
    if syntax == BOOLEAN:
        return {"TRUE": True, "FALSE": False}.get(text)
    return moment(text) if syntax == TIME else None


def moment(text: str) -> Value:
    """A generalised time as a datetime in UTC, with all its digits; null for what is none."""
    found = GENERALIZED_TIME(text)
    if found is None:
        return None
    second, fraction, zone = found.group(6, 7, 8)
    if fraction and second is None:
        return None  # a fraction of a minute: nobody sends one
    year, month, day, hour, minute = map(int, found.group(1, 2, 3, 4, 5))
    try:
        local = datetime(year, month, day, hour, minute, int(second or 0), tzinfo=_zone(zone))
        shifted = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    digits = (fraction or "").rstrip("0")
    return f"~t{shifted.isoformat()[:19]}{f'.{digits}' if digits else ''}Z"


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    shift = timedelta(hours=int(text[1:3]), minutes=int(text[3:5] or 0))
    return timezone(-shift if text[0] == "-" else shift)
