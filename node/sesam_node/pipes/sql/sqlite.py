"""Values of SQLite, which has numbers, text and bytes only: other types are what a column declares.

Times are written as text in ISO 8601, decimals as text where a float would lose digits.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sesam_node.model.values import as_string, from_number
from sesam_node.pipes.sql.values import Reading, Writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from sesam_node.model import Value


class SqliteWriting(Writing):
    """As `Writing`, in the few types that SQLite takes."""

    def __call__(self, value: Value, kind: str) -> Any:
        return _bound(super().__call__(value, kind))

    def converter(self, kind: str) -> Callable[[Value], Any]:
        convert = super().converter(kind)
        return lambda value: _bound(convert(value))


def _bound(made: Any) -> Any:
    if isinstance(made, datetime):
        return made.isoformat(" ")
    if isinstance(made, date | time):
        return made.isoformat()
    if isinstance(made, Decimal):
        return float(made) if Decimal(repr(float(made))) == made else str(made)
    if isinstance(made, UUID):
        return str(made)
    return json.dumps(made) if isinstance(made, list | dict) else made


def declared(kind: str, reading: Reading) -> Callable[[Any], Value] | None:
    """How values of a column of this declared kind are read; null: as they are."""

    def moment(value: Any) -> Value:
        try:
            return reading.moment(datetime.fromisoformat(value))
        except (TypeError, ValueError):
            return reading(value)

    def decimal(value: Any) -> Value:
        try:
            return from_number(Decimal(repr(value) if isinstance(value, float) else value))
        except (ArithmeticError, TypeError, ValueError):
            return reading(value)

    def boolean(value: Any) -> Value:
        return bool(value) if value in (0, 1) else reading(value)

    def parsed(value: Any) -> Value:
        try:
            return reading(json.loads(value))
        except (TypeError, ValueError):
            return as_string(value) if isinstance(value, str) else reading(value)

    return {
        "datetime": moment,
        "moment": moment,
        "decimal": decimal,
        "boolean": boolean,
        "json": parsed,
    }.get(kind)
