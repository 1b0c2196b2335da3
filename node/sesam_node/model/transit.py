"""Transit tags at the border: one normal form for each typed value.

Inside, two equal datetimes are the same text, so that equality and content hash are those of the
text. Values behind a known tag that are malformed are ordinary strings, as are unknown tags
(manual: entity data model, transit encoding).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesam_node.model.values import DATETIME, _valid_datetime, kind_of_text

if TYPE_CHECKING:
    from sesam_node.model.values import Value


def normalise_text(text: str) -> Value:
    """The normal form of one JSON string: no trailing zeros in a fraction, lower-case UUIDs.

    `~d1.5`, which the official client library sends for floats, is read as a float.
    """
    tag = text[1:2]
    if tag == "t":
        match = DATETIME(text)
        if match and match[7] and match[7][-1] == "0" and _valid_datetime(text):
            fraction = match[7].rstrip("0")
            return f"{text[:21]}.{fraction}Z" if fraction else f"{text[:21]}Z"
    elif tag == "u":
        return text.lower() if kind_of_text(text) == "uuid" else text
    elif tag == "f" and kind_of_text(text) == "decimal":
        return _plain_decimal(text)
    elif tag == "d":
        try:
            value = float(text[2:])
        except ValueError:
            return text
        return value if value - value == 0 else text
    return text


def _plain_decimal(text: str) -> str:
    if "e" not in text and "E" not in text and text[2] != "+":
        return text
    from decimal import Decimal

    value = Decimal(text[2:])
    # An exponent of a million would become a megabyte of digits; such a value keeps its notation.
    return "~f" + (format(value, "f") if abs(value.adjusted()) < 400 else str(value))


def normalise(value: Value) -> Value:
    """The same value with every tagged text in normal form; changes dicts and lists in place."""
    kind = type(value)
    if kind is str:
        return normalise_text(value) if value[:1] == "~" else value
    if kind is dict:
        for key, item in value.items():
            item_kind = type(item)
            if item_kind is str:
                if item[:1] == "~":
                    value[key] = normalise_text(item)
            elif item_kind is dict or item_kind is list:
                normalise(item)
    elif kind is list:
        for position, item in enumerate(value):
            item_kind = type(item)
            if item_kind is str:
                if item[:1] == "~":
                    value[position] = normalise_text(item)
            elif item_kind is dict or item_kind is list:
                normalise(item)
    return value
