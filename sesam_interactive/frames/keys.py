"""Values as keys of joins: what `eq` holds for equal has the same key.

Integers, floats and decimals meet by value, dates and datetimes by instant; all other types are
apart, as on the node. The elements of lists are keys each, as `eq` of a hop compares them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.frames.typed import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sesam_interactive.frames.typed import TypedColumn

GROUPS = dict.fromkeys(NUMBERS, "number") | {"date": "time", "datetime": "time"}
JOINABLE = {"integer", "float", "decimal", "string", "ni", "uri", "uuid", "date", "datetime"} | {
    "boolean",
    "json",
}


def group(kind: str) -> str:
    """What a type is equal within: all numbers are of one group."""
    return GROUPS.get(kind, kind)


def key_frame(columns: Sequence[TypedColumn], path: str) -> Any:
    """The keys of a property as a frame of `row`, `group`, `text`, of lists of each element.

    `path` is as rules have it: `lines.sku`.

    Values that cannot be keys (dicts, bytes) are left out.
    """
    import polars as pl

    parts = [
        _keys(column)
        for column in columns
        if column.path.replace("[]", "") == path and column.kind in JOINABLE
    ]
    if not parts:
        kinds: dict[str, Any] = {"row": pl.UInt32, "group": pl.String, "text": pl.String}
        return pl.DataFrame(schema=kinds)
    together = pl.concat(parts)
    # Only in lists may an entity have a key twice.
    in_lists = together["row"].n_unique() < together.height
    return together.unique(maintain_order=False) if in_lists else together


def _keys(column: TypedColumn) -> Any:
    import polars as pl

    rows = column.rows
    if rows is None:
        rows = pl.Series("row", range(column.total), dtype=pl.UInt32)
    frame = pl.DataFrame({"row": rows.cast(pl.UInt32), "value": column.values})
    if column.kind != "json":
        keyed = frame.with_columns(pl.lit(group(column.kind)).alias("group"))
        keyed = keyed.with_columns(_text(column.kind).alias("text"))
    else:
        named = {kind: group(kind) for kind in column.types}
        keyed = frame.with_columns(column.kinds.replace(named).alias("group"))
        number = pl.col("value").cast(pl.Float64, strict=False)
        text = pl.when(pl.col("group") == "number").then(_number(number)).otherwise(pl.col("value"))
        keyed = keyed.with_columns(text.alias("text"))
        keyed = keyed.filter(~pl.col("group").is_in(["list", "dict", "null", "bytes"]))
    return keyed.select("row", "group", "text").drop_nulls()


def _text(kind: str) -> Any:
    import polars as pl

    value = pl.col("value")
    if kind == "float":
        return _number(value)
    if kind == "decimal":
        text = value.cast(pl.String)
        return text.str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix(".")
    if kind in ("date", "datetime"):
        return value.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.String)
    return value.cast(pl.String)


def _number(value: Any) -> Any:
    """Floats as text, whole ones as integers are."""
    import polars as pl

    whole = (value == value.floor()) & (value.abs() < 2**53)
    return (
        pl.when(whole)
        .then(value.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(value.cast(pl.String))
    )


def composite(frames: Sequence[Any]) -> Any:
    """The keys of several properties together: entities that have all of them."""
    import polars as pl

    joined = frames[0]
    for frame in frames[1:]:
        joined = joined.join(frame, on="row", suffix="_2").select(
            "row",
            pl.concat_str("group", "group_2", separator="+").alias("group"),
            pl.concat_str("text", "text_2", separator="\x1f").alias("text"),
        )
    return joined
