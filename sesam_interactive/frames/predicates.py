"""Conditions of polars as conditions of DTL that let through at least as much.

A node that is asked for a part sends less; polars applies its own condition to what comes. So a
translation need not be equal, but must never lose a row: `whatever makes it true` and `whatever
makes it false` are translated apart, as null is neither. What has no translation lets all through.
"""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sesam_interactive.frames.from_frame import to_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sesam_node.model.arrow.columns import Column

Condition = Any
"""A DTL expression over `_S`."""

MOST_ITEMS: Final = 1_000
PLAIN_NAME = re.compile(r"[A-Za-z_][\w:-]*", re.ASCII).fullmatch
"""Names that a path of DTL takes as they are."""

OPERATORS: Final = {
    "Eq": ("eq", "neq"),
    "NotEq": ("neq", "eq"),
    "Lt": ("lt", "gte"),
    "LtEq": ("lte", "gt"),
    "Gt": ("gt", "lte"),
    "GtEq": ("gte", "lt"),
}
"""By the name in polars: what is so where it is true, and where it is false."""

MIRRORED: Final = {
    "Lt": "Gt",
    "LtEq": "GtEq",
    "Gt": "Lt",
    "GtEq": "LtEq",
    "Eq": "Eq",
    "NotEq": "NotEq",
}
TAGS: Final = {"uri": "~r", "ni": "~:", "uuid": "~u"}
EXACT_FLOAT: Final = 2**53


def condition(predicate: Any, columns: Mapping[str, Column]) -> Condition | None:
    """A DTL condition that holds wherever a polars expression is true; None: nothing to ask.

    `columns` are those whose values are known well enough to compare them on the node.
    """
    try:
        tree = json.loads(predicate.meta.serialize(format="json"))
    except Exception:  # noqa: BLE001 - polars has expressions that cannot be written down
        return None
    return Translator(columns).true(tree)


@dataclass(frozen=True)
class Translator:
    """Trees of expressions as polars writes them."""

    columns: Mapping[str, Column]

    def true(self, tree: Any) -> Condition | None:
        """What holds at least where the expression is true."""
        return self._told(tree, wanted=True)

    def _told(self, tree: Any, *, wanted: bool) -> Condition | None:
        match tree:
            case {"BinaryExpr": {"left": left, "op": "And" | "LogicalAnd", "right": right}}:
                return self._joined(left, right, all_of=wanted, wanted=wanted)
            case {"BinaryExpr": {"left": left, "op": "Or" | "LogicalOr", "right": right}}:
                return self._joined(left, right, all_of=not wanted, wanted=wanted)
            case {"BinaryExpr": {"left": {"Column": name}, "op": sign, "right": right}}:
                return self._compared(name, sign, right, wanted=wanted)
            case {"BinaryExpr": {"left": left, "op": sign, "right": {"Column": name}}}:
                return self._compared(name, MIRRORED.get(sign, ""), left, wanted=wanted)
            case {"Function": {"input": [inner, *rest], "function": {"Boolean": kind}}}:
                return self._function(kind, inner, rest, wanted=wanted)
            case {"Column": str(name)}:
                return self._compared(name, "Eq", True, wanted=wanted)  # noqa: FBT003 - the value
        return None

    def _joined(self, left: Any, right: Any, *, all_of: bool, wanted: bool) -> Condition | None:
        parts = [self._told(left, wanted=wanted), self._told(right, wanted=wanted)]
        found = [part for part in parts if part is not None]
        if not found or (not all_of and len(found) < 2):
            return None
        if len(found) == 1:
            return found[0]
        word = "and" if all_of else "or"
        flat: list[Any] = []
        for part in found:
            flat += part[1:] if part[0] == word else [part]
        return [word, *flat]

    def _function(self, kind: Any, inner: Any, rest: Any, *, wanted: bool) -> Condition | None:
        match kind, inner:
            case "Not", _:
                return self._told(inner, wanted=not wanted)
            case (("IsNull" | "IsNotNull"), {"Column": str(name)}):
                path = self._path(name)
                is_null = (kind == "IsNull") == wanted
                return path and ["eq" if is_null else "neq", path, None]
            case {"IsIn": {"nulls_equal": False}}, {"Column": str(name)}:
                return self._among(name, rest[0]) if wanted else None
            case {"IsBetween": {"closed": closed}}, {"Column": str(name)}:
                signs = (
                    "GtEq" if closed in ("Both", "Left") else "Gt",
                    "LtEq" if closed in ("Both", "Right") else "Lt",
                )
                parts = [
                    self._compared(name, sign, bound, wanted=wanted)
                    for sign, bound in zip(signs, rest, strict=True)
                ]
                found = [part for part in parts if part is not None]
                if wanted:
                    return ["and", *found] if len(found) == 2 else (found or [None])[0]
                return ["or", *found] if len(found) == 2 else None
        return None

    def _compared(self, name: str, sign: str, other: Any, *, wanted: bool) -> Condition | None:
        path, column = self._path(name), self.columns.get(name)
        if path is None or column is None or sign not in OPERATORS:
            return None
        literal = _literal(column, _value(other))
        if literal is None or (column.kind in TAGS and sign not in ("Eq", "NotEq")):
            return None
        return [OPERATORS[sign][0 if wanted else 1], path, literal]

    def _among(self, name: str, other: Any) -> Condition | None:
        path, column = self._path(name), self.columns.get(name)
        values = _value(other)
        if path is None or column is None or not isinstance(values, list):
            return None
        literals = [_literal(column, value) for value in values if value is not None]
        if None in literals or not 0 < len(literals) <= MOST_ITEMS:
            return None
        return ["in", path, ["list", *literals]]

    def _path(self, name: str) -> str | None:
        return f"_S.{name}" if PLAIN_NAME(name) else None


def _value(tree: Any) -> Any:
    """The value of an expression without columns; None where there is none to be had."""
    import polars as pl

    if tree is True:
        return True
    if '"Column"' in json.dumps(tree):
        return None
    try:
        found = pl.select(pl.Expr.deserialize(io.StringIO(json.dumps(tree)), format="json"))
        value = found.to_series().item()
    except (pl.exceptions.PolarsError, ValueError, TypeError):
        return None
    return value.to_list() if isinstance(value, pl.Series) else value


def _literal(column: Column, value: Any) -> Any:
    """A value as a constant of DTL that compares with the column as polars would.

    None where it does not surely do that.
    """
    kind = column.kind
    if kind == "boolean":
        return value if type(value) is bool else None
    if kind == "text" or kind in TAGS:
        if type(value) is not str or value[:1] in ("_", "~"):
            return None  # a path, or perhaps a tag
        return TAGS.get(kind, "") + value
    if kind == "integer":
        return value if type(value) is int else None
    if kind == "float":
        fits = type(value) in (int, float) and -EXACT_FLOAT <= value <= EXACT_FLOAT
        return value if fits and not column.large else None
    if kind == "decimal":
        plain = type(value) in (int, Decimal)
        return to_value(Decimal(value)) if plain else None
    if kind == "date":
        return to_value(value) if type(value) is date else None
    if kind == "datetime":
        # Python's datetimes have no nanoseconds.
        has_all = isinstance(value, datetime) and value.tzinfo is not None and column.scale < 9
        return to_value(value) if has_all else None
    return None
