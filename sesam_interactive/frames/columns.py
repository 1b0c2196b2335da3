"""Which type a column has, when the values under one property differ.

A first pass over the entities finds a `Column` for each property; the frame is built to it. Rules:
one kind keeps its type; integers widen to floats or decimals; a single value beside lists is a list
of one; any other mix, integers past 38 digits and dicts with more than 200 properties are JSON
text. URIs, UUIDs and namespaced identifiers are their plain text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sesam_node.model.values import NANOS, kind_of_text, nanos, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_FIELDS = 200
MAX_DIGITS = 38
INT64 = 2**63
# The years that a 64-bit count of nanoseconds reaches.
NANOS_RANGE = range(-(2**63), 2**63)

TEXT_KINDS = {"string": "text", "uri": "uri", "uuid": "uuid", "ni": "ni"}


@dataclass(slots=True)
class Column:
    """The type of a column, or of a value inside one.

    `kind`: null, boolean, integer, float, decimal, text, uri, uuid, ni, date, datetime, bytes,
    list, struct or json. `digits` are the digits before the point of integers and decimals,
    `scale` those after it; for datetimes `scale` is 9 where microseconds do not hold every value,
    and `wide` says that 64 bits of nanoseconds do not. `plain` text has no tag or escape anywhere.
    """

    kind: str = "null"
    digits: int = 0
    scale: int = 0
    wide: bool = False
    plain: bool = False
    inner: Column | None = None
    fields: dict[str, Column] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        """Widen the type so that it holds `value` too."""
        if value is None or self.kind == "json":
            return
        kind = type(value)
        if self.kind == "list":
            assert self.inner is not None  # noqa: S101 - a list always has one
            for item in value if kind is list else (value,):
                self.inner.add(item)
        elif kind is list:
            self._become_list(value)
        elif kind is dict:
            self._add_struct(value)
        else:
            self._add_scalar(value)

    def _become_list(self, items: list[Any]) -> None:
        before = replace(self)
        self.kind, self.inner, self.fields = "list", before, {}
        for item in items:
            before.add(item)

    def _add_struct(self, value: Mapping[str, Any]) -> None:
        if self.kind not in ("null", "struct"):
            self._become_json()
            return
        self.kind = "struct"
        for name, item in value.items():
            column = self.fields.get(name)
            if column is None:
                column = self.fields[name] = Column()
            column.add(item)
        if len(self.fields) > MAX_FIELDS:
            self._become_json()

    def _become_json(self) -> None:
        self.kind, self.inner, self.fields = "json", None, {}

    def _add_scalar(self, value: Any) -> None:
        kind, digits, scale, wide = _scalar(value) if type(value) is not str else _text(value)
        if self.kind == "null":
            self.kind = kind
        elif self.kind != kind:
            widened = WIDER.get((self.kind, kind))
            if widened is None:
                self._become_json()
                return
            self.kind = widened
        self.digits = max(self.digits, digits)
        self.scale = max(self.scale, scale)
        self.wide = self.wide or wide
        too_long = self.digits + self.scale > MAX_DIGITS
        if too_long and self.kind in ("integer", "decimal"):
            self._become_json()


WIDER = {
    ("integer", "float"): "float",
    ("float", "integer"): "float",
    ("integer", "decimal"): "decimal",
    ("decimal", "integer"): "decimal",
}


def _scalar(value: Any) -> tuple[str, int, int, bool]:
    if type(value) is bool:
        return "boolean", 0, 0, False
    if type(value) is int:
        return "integer", 18 if -(10**18) < value < 10**18 else len(str(abs(value))), 0, False
    return "float", 0, 0, False


def _text(text: str) -> tuple[str, int, int, bool]:
    return _tagged(text) if text[:1] == "~" else ("text", 0, 0, False)


@lru_cache(maxsize=4096)
def _tagged(text: str) -> tuple[str, int, int, bool]:
    kind = kind_of_text(text)
    if kind == "decimal":
        value = number(text)
        parts = value.as_tuple()  # type: ignore[union-attr]  # a decimal, its kind says so
        exponent = int(parts.exponent)
        return kind, max(len(parts.digits) + exponent, 1), max(-exponent, 0), False
    if kind == "datetime":
        instant = nanos(text) or 0
        # A wide datetime does not fit in 64 bits of nanoseconds.
        return kind, 0, 9 if instant % 1000 else 6, instant not in NANOS_RANGE
    return TEXT_KINDS.get(kind, kind), 0, 0, False


def find_columns(
    entities: Sequence[Mapping[str, Any]], reserved: frozenset[str]
) -> dict[str, tuple[Column, list[Any]]]:
    """The type and the values of each property, in the order of first appearance, `_id` first."""
    names: dict[str, None] = {"_id": None} if any("_id" in entity for entity in entities) else {}
    for entity in entities:
        names.update(dict.fromkeys(entity))
    found = {}
    for name in names:
        if name not in reserved:
            values = [entity.get(name) for entity in entities]
            found[name] = column_of(values), values
    return found


def column_of(values: list[Any]) -> Column:
    """The type that holds all values; columns of one plain type are seen without a Python loop."""
    kinds = set(map(type, values)) - {type(None)}
    column = Column()
    if kinds == {str} and not any(value and value[0] == "~" for value in values):
        column.kind, column.plain = "text", True
    elif kinds == {int}:
        present = [value for value in values if value is not None]
        for value in (min(present), max(present)):
            column.add(value)
    elif kinds in ({float}, {bool}):
        column.kind = "float" if kinds == {float} else "boolean"
    else:
        for value in values:
            column.add(value)
    return column


def microseconds(text: str) -> int:
    """A datetime's microseconds since 1970, digits beyond them cut."""
    return (nanos(text) or 0) * 1_000_000 // NANOS
