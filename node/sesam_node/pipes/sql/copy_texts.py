"""Columns of entities as the texts that PostgreSQL's COPY reads, where that is plain to see.

Each function gives the texts of a column's values, or null where any of them needs a closer look:
then the whole batch is written value by value, which also finds the one that cannot be written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sesam_node.model import Value

    Column = Sequence[Value]
    ToTexts = Callable[[Column], Sequence[str] | None]

NULL = "\\N"
MOMENTS = re.compile(
    r"(?:~t\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z\n)*", re.ASCII
).fullmatch
DECIMALS = re.compile(r"(?:~f-?\d+(?:\.\d+)?\n)*", re.ASCII).fullmatch
DAYS = re.compile(r"(?:\d{4}-\d\d-\d\d\n)*", re.ASCII).fullmatch
UUIDS = re.compile(r"(?:(?:~u)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n)*", re.ASCII).fullmatch


def texts_of(kind: str, values: Column) -> Sequence[str] | None:
    """The texts of a column of this kind; null where they are not plain to see."""
    to_texts = KINDS.get(kind)
    if to_texts is None:
        return None
    if None not in values:
        return to_texts(values)
    found = to_texts([value for value in values if value is not None])
    if found is None:
        return None
    known = iter(found)
    return [NULL if value is None else next(known) for value in values]


def _text(values: Column) -> Sequence[str] | None:
    if not _all_of(str, values):
        return None
    together = "".join(values)
    if "~" in together or "\x00" in together:
        return None
    if together.isprintable() and "\\" not in together:
        return values
    return [escaped(value) for value in values]


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _all_of(kind: type, values: Column) -> bool:
    return set(map(type, values)) <= {kind}


def _integer(values: Column) -> Sequence[str] | None:
    return list(map(str, values)) if _all_of(int, values) else None


def _decimal(values: Column) -> Sequence[str] | None:
    if _all_of(int, values):
        return list(map(str, values))
    return _tagged(DECIMALS, values)


def _float(values: Column) -> Sequence[str] | None:
    return list(map(repr, values)) if _all_of(float, values) else None


def _boolean(values: Column) -> Sequence[str] | None:
    return ["t" if value else "f" for value in values] if _all_of(bool, values) else None


def _moment(values: Column) -> Sequence[str] | None:
    return _tagged(MOMENTS, values)


def _day(values: Column) -> Sequence[str] | None:
    return values if _match(DAYS, values) else None


def _uuid(values: Column) -> Sequence[str] | None:
    return [value.removeprefix("~u") for value in values] if _match(UUIDS, values) else None


def _tagged(pattern: Callable[[str], object], values: Column) -> Sequence[str] | None:
    return [value[2:] for value in values] if _match(pattern, values) else None


def _match(pattern: Callable[[str], object], values: Column) -> bool:
    """Are all of the values texts of a pattern, which covers lines?"""
    if not _all_of(str, values):
        return False
    return pattern("\n".join([*values, ""])) is not None


KINDS: Mapping[str, ToTexts] = {
    "text": _text,
    "integer": _integer,
    "decimal": _decimal,
    "float": _float,
    "boolean": _boolean,
    "datetime": _moment,
    "moment": _moment,
    "date": _day,
    "uuid": _uuid,
}
