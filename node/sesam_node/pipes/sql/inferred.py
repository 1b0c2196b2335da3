"""The columns of a table that is made without a definition: of what the pipe makes.

Sizes and ranges are those of a sample, and what comes later may not fit: columns take any text,
integers of 64 bits, and decimals with as many digits as the database keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_node.pipes.batch import Context

SAMPLE = 100_000
SIZES = ("min_size", "max_size", "min_value", "max_value", "precision", "scale")
SCALE = 10
"""Digits behind the point, at least, where the database wants to know how many."""


def inferred_columns(context: Context, keys: Sequence[str]) -> list[dict[str, Any]] | None:
    """The definition of the columns; null where the pipe has made no entity yet.

    `keys` are the properties that identify a row; `_id` where there are none. Raises PipeError for
    a key that no entity has.
    """
    if context.columns is None:
        return None
    found = context.columns(SAMPLE)
    written = [column for column in found if column["name"][:1] not in "_$"]
    if not written:
        return None
    if not keys:
        written = [column for column in found if column["name"] == "_id"] + written
        keys = ["_id"]
    names = [column["name"] for column in written]
    for key in keys:
        if key not in names:
            hint = suggestion(key, names) or f"they have {', '.join(names[:20])}"
            raise PipeError(f'no entity has the property "{key}" of "primary_key"; {hint}')
    return [_column(column, is_key=column["name"] in keys) for column in written]


def _column(told: dict[str, Any], *, is_key: bool) -> dict[str, Any]:
    column = {name: value for name, value in told.items() if name not in SIZES}
    if told["type"] == "decimal":
        column["scale"] = max(told.get("scale") or 0, SCALE)
        column["any_scale"] = True
    return {**column, "primary_key": is_key, "allow_null": not is_key}
