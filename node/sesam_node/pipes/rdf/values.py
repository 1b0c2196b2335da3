"""Values of entities as literals, and back.

What the types of a node can hold becomes a value: text, numbers, booleans, times, bytes. A literal
of another datatype, or with a language, becomes a dict with `@value` and `@type` or `@language` (as
in JSON-LD), which leads back to it; or its text alone where the literals are wanted plain.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING, Any

from sesam_node.model.values import (
    DATE,
    MAX_EXPONENT,
    as_string,
    datetime_text,
    decimal_text,
    kind,
    kind_of_text,
    nanos,
    text_of,
)
from sesam_node.pipes.component import Option
from sesam_node.pipes.rdf.terms import XSD, Literal, absolute_iri

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model import Value

VALUE, TYPE, LANGUAGE, LIST = "@value", "@type", "@language", "@list"

EXACT, PLAIN = "exact", "plain"
LITERALS = Option(
    "literals",
    "string",
    EXACT,
    'what no value can hold of a literal: "exact" keeps language and datatype beside the text, '
    '"plain" leaves them out',
    (EXACT, PLAIN),
)
SORT_LISTS = Option("sort_lists", "boolean", default=True, doc="are lists of values sorted?")

INTEGER = re.compile(r"[+-]?\d{1,4000}", re.ASCII).fullmatch
DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII).fullmatch
DOUBLE = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII).fullmatch
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?\d*)(Z|[+-]\d\d:\d\d)?", re.ASCII
).fullmatch
LANGUAGE_TAG = re.compile(r"([a-zA-Z]{2,8}|[xi](?=-))(-[a-zA-Z0-9]{1,8})*", re.ASCII).fullmatch
MOST_DIGITS = 100_000
"""Decimals are written without exponent: one that would fill a disk is refused."""

INTEGERS = """integer long int short byte nonNegativeInteger positiveInteger nonPositiveInteger
    negativeInteger unsignedLong unsignedInt unsignedShort unsignedByte"""


def read_literal(literal: Literal, *, exact: bool) -> Value:
    """The value of a literal."""
    text, datatype, language = literal
    if language is None:
        if datatype is None:
            return as_string(text)
        read = _READERS.get(datatype)
        value = None if read is None else read(text.strip())
        if value is not None:
            return value
    if not exact:
        return as_string(text)
    told = {LANGUAGE: language} if language is not None else {TYPE: datatype}
    return {VALUE: as_string(text), **told}


def is_literal(value: dict[str, Any]) -> bool:
    """Does a dict stand for a literal?"""
    return VALUE in value and value.keys() <= {VALUE, TYPE, LANGUAGE}


def written_literal(value: Value) -> Literal:
    """The literal of a value: no null, list, URI or other dict. Raises ValueError."""
    if type(value) is dict:
        return _told(value)
    if type(value) is bool:
        return Literal("true" if value else "false", f"{XSD}boolean")
    if type(value) is int:
        return Literal(str(value), f"{XSD}integer")
    if type(value) is float:
        return Literal(repr(value), f"{XSD}double")
    write = _WRITERS.get(kind_of_text(value))
    return Literal(text_of(value)) if write is None else write(value)


def _told(value: dict[str, Any]) -> Literal:
    text, datatype, language = value[VALUE], value.get(TYPE), value.get(LANGUAGE)
    if kind(text) != "string" or (datatype is not None and language is not None):
        raise ValueError(f'expected text in "{VALUE}" and "{TYPE}" or "{LANGUAGE}"')
    if language is not None:
        if type(language) is not str or not LANGUAGE_TAG(language):
            raise ValueError(f'expected a language in "{LANGUAGE}", as "en" or "nb-NO"')
        return Literal(text_of(text), None, language)
    if datatype is None:
        return Literal(text_of(text))
    if type(datatype) is not str:
        raise ValueError(f'expected a URI in "{TYPE}"')
    return Literal(text_of(text), absolute_iri(datatype.removeprefix("~r")))


# -- reading -----------------------------------------------------------------------------------


def _boolean(text: str) -> Value:
    return {"true": True, "1": True, "false": False, "0": False}.get(text)


def _integer(text: str) -> Value:
    return int(text) if INTEGER(text) else None


def _decimal(text: str) -> Value:
    if not DECIMAL(text) or len(text) > MOST_DIGITS:
        return None
    return decimal_text(Decimal(text))


def _double(text: str) -> Value:
    value = float(text) if DOUBLE(text) else None
    return None if value in (float("inf"), float("-inf")) else value


def _moment(text: str) -> Value:
    match = MOMENT(text)
    if match is None:
        return None
    instant = nanos(f"~t{match[1]}Z")
    if instant is None:
        return None
    zone = match[2]
    if zone and zone != "Z":
        minutes = int(zone[1:3]) * 60 + int(zone[4:])
        instant -= (minutes if zone[0] == "+" else -minutes) * 60_000_000_000
    return datetime_text(instant)


def _date(text: str) -> Value:
    value = f"~t{text}"
    return value if DATE(value) and kind_of_text(value) == "date" else None


def _bytes(text: str) -> Value:
    try:
        data = b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return f"~b{b64encode(data).decode()}"


_READERS: dict[str, Callable[[str], Value]] = {
    f"{XSD}boolean": _boolean,
    **{f"{XSD}{name}": _integer for name in INTEGERS.split()},
    f"{XSD}decimal": _decimal,
    f"{XSD}double": _double,
    f"{XSD}float": _double,
    f"{XSD}dateTime": _moment,
    f"{XSD}dateTimeStamp": _moment,
    f"{XSD}date": _date,
    f"{XSD}base64Binary": _bytes,
}


# -- writing -----------------------------------------------------------------------------------


def _written_decimal(value: str) -> Literal:
    with localcontext() as context:
        # Beyond Python's own bounds a decimal would be infinite.
        context.Emax, context.Emin = MAX_EXPONENT, -MAX_EXPONENT
        number = Decimal(value[2:])
        exponent = number.as_tuple().exponent
        if isinstance(exponent, str) or max(abs(exponent), abs(number.adjusted())) > MOST_DIGITS:
            raise ValueError("a decimal with so many digits cannot be written")
        return Literal(format(number, "f"), f"{XSD}decimal")


_WRITERS: dict[str, Callable[[str], Literal]] = {
    "decimal": _written_decimal,
    "datetime": lambda value: Literal(value[2:], f"{XSD}dateTime"),
    "date": lambda value: Literal(value[2:], f"{XSD}date"),
    "bytes": lambda value: Literal(value[2:], f"{XSD}base64Binary"),
    "uuid": lambda value: Literal(value[2:]),
}
