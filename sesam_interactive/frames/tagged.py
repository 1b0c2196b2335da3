"""Parsed JSON columns as typed ones: what tagged text means, found and converted by column.

The rules are those of `sesam_node.model.arrow.columns`. What the quick ways here do not recognise
beyond doubt is looked at value by value there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sesam_interactive.frames.shapes import LARGE
from sesam_node.model.arrow.columns import EXACT_INTEGER, MAX_DIGITS, MAX_FIELDS, Column
from sesam_node.model.arrow.write import arrow_type, to_array
from sesam_node.model.values import DAY_S, MIN_NANOS, NANOS

if TYPE_CHECKING:
    from collections.abc import Callable

    Typed = tuple[Column, Any]

TOO_LARGE: Final = 10.0**MAX_DIGITS
"""A number from here on in a column of floats may have been an integer that makes it JSON text."""

DATE_LENGTH: Final = len("~t2024-01-31")
SECONDS_LENGTH: Final = len("~t2024-01-31T12:00:00Z")
MICROS_LENGTH: Final = len("~t2024-01-31T12:00:00.123456Z")
YEAR_1_DAYS: Final = MIN_NANOS // (DAY_S * NANOS)
YEAR_1_MICROS: Final = MIN_NANOS // 1_000
NANO_TIMES: Final = r"^~t(?:1[7-9]|2[01])\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$"
"""Times in years of which 64 bits hold all nanoseconds."""

UUIDS: Final = r"^~u[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def typed(array: Any) -> Typed | None:
    """The kind of a parsed column and its values by that; None where only values tell.

    `array` is as Arrow's JSON parser has made it.
    """
    import pyarrow as pa

    kind, types = array.type, pa.types
    if array.null_count == len(array):
        return Column(), pa.nulls(len(array))
    if types.is_string(kind):
        return _texts(array)
    if types.is_list(kind):
        return _list(array)
    if types.is_struct(kind):
        return _struct(array)
    if types.is_integer(kind) or types.is_floating(kind):
        return _numbers(array)
    return Column("boolean"), array


def _numbers(array: Any) -> Typed | None:
    import pyarrow as pa

    reach = _reach(array)
    large = reach >= EXACT_INTEGER  # 2**53 + 1 has become it, too
    if pa.types.is_integer(array.type):
        return None if reach >= LARGE else (Column("integer", digits=18, large=large), array)
    return None if reach >= TOO_LARGE else (Column("float", large=large), array)


def _reach(array: Any) -> Any:
    import pyarrow.compute as pc

    found = pc.min_max(array)
    return max(-found["min"].as_py(), found["max"].as_py())


def _list(array: Any) -> Typed | None:
    import pyarrow as pa

    values = array.values
    inner = typed(values)
    if inner is None:
        return None
    column, items = inner
    if items is not values:
        mask = array.is_null() if array.null_count else None
        array = pa.ListArray.from_arrays(array.offsets, items, mask=mask)
    return Column("list", inner=column), array


def _struct(array: Any) -> Typed | None:
    import pyarrow as pa

    columns, arrays = {}, []
    for field in array.type:
        inner = typed(array.field(field.name))
        if inner is None:
            return None
        columns[field.name] = inner[0]
        arrays.append(inner[1])
    if not columns:
        return None
    mask = array.is_null() if array.null_count else None
    made = pa.StructArray.from_arrays(arrays, names=list(columns), mask=mask)
    return Column("struct", fields=columns), made


# -- text ------------------------------------------------------------------------------------------


def _texts(array: Any) -> Typed | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    tagged = pc.sum(pc.starts_with(array, "~")).as_py()
    if not tagged:
        return Column("text"), array
    if tagged == len(array) - array.null_count:
        first = pc.index(pc.is_valid(array), True).as_py()
        quick = QUICK.get(array[first].as_py()[:2])
        try:
            found = None if quick is None else quick(array)
        except pa.ArrowInvalid:
            found = None  # the 30th of February is text
        if found is not None:
            return found
    return _one_by_one(array)


def _one_by_one(array: Any) -> Typed | None:
    values = array.to_pylist()
    column = Column()
    column.add_all(values, tagged=True)
    if column.kind == "json" or column.wide:
        return None
    return column, to_array(column, values, arrow_type(column), tagged=True)


def _all(array: Any, pattern: str) -> bool:
    import pyarrow.compute as pc

    return bool(pc.all(pc.match_substring_regex(array, pattern)).as_py())


def _all_begin(array: Any, tag: str) -> bool:
    import pyarrow.compute as pc

    return bool(pc.all(pc.starts_with(array, tag)).as_py())


def _bytes_of(array: Any) -> tuple[Any, Any]:
    """The offsets and the bytes of an array of texts, as numpy arrays."""
    import numpy as np

    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int32, len(array) + 1, array.offset * 4)
    return starts, np.frombuffer(data, np.uint8)


def _untagged(array: Any) -> Any:
    """The texts without their first two bytes, which each has."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    starts, data = _bytes_of(array)
    first, last = starts[0], starts[-1]
    keep = np.ones(last - first, np.bool_)
    if array.null_count:
        valid = pc.is_valid(array).to_numpy(zero_copy_only=False)
        tags = starts[:-1][valid] - first
        counted = np.concatenate([[0], np.cumsum(valid, dtype=np.int32)])
    else:
        tags = starts[:-1] - first
        counted = np.arange(len(array) + 1, dtype=np.int32)
    keep[tags] = False
    keep[tags + 1] = False
    offsets = (starts - first - 2 * counted).astype(np.int32)
    buffers = [_validity(array), pa.py_buffer(offsets), pa.py_buffer(data[first:last][keep])]
    return pa.Array.from_buffers(pa.string(), len(array), buffers)


def _validity(array: Any) -> Any:
    import pyarrow.compute as pc

    if not array.null_count:
        return None
    return array.buffers()[0] if not array.offset else pc.is_valid(array).buffers()[1]


def _prefixed(kind: str, tag: str) -> Callable[[Any], Typed | None]:
    def read(array: Any) -> Typed | None:
        return (Column(kind), _untagged(array)) if _all_begin(array, tag) else None

    return read


def _uuids(array: Any) -> Typed | None:
    return (Column("uuid"), _untagged(array)) if _all(array, UUIDS) else None


def _times(array: Any) -> Typed | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not _all_begin(array, "~t"):
        return None
    lengths = pc.min_max(pc.binary_length(array))
    shortest, longest = lengths["min"].as_py(), lengths["max"].as_py()
    if shortest == longest == DATE_LENGTH:
        return _dates(array)
    if shortest < SECONDS_LENGTH or not _are_times(array):
        return None
    if longest <= MICROS_LENGTH:
        # Arrow's parser checks all that is not fixed by length, the T and the Z.
        made = _untagged(array).cast(pa.timestamp("us", "UTC"))
        is_ours = pc.min(made.cast(pa.int64())).as_py() >= YEAR_1_MICROS
        return (Column("datetime", scale=6), made) if is_ours else None
    return _nanos(array)


def _dates(array: Any) -> Typed | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    made = _untagged(array).cast(pa.date32())
    is_ours = pc.min(made.cast(pa.int32())).as_py() >= YEAR_1_DAYS
    return (Column("date"), made) if is_ours else None


def _are_times(array: Any) -> bool:
    """Has each a T where one belongs, and a Z at the end?"""
    import pyarrow.compute as pc

    if not pc.all(pc.ends_with(array, "Z")).as_py():
        return False
    present = array.drop_null()
    starts, data = _bytes_of(present)
    return bool((data[starts[:-1] + 12] == ord("T")).all())


def _nanos(array: Any) -> Typed | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not _all(array, NANO_TIMES):
        return None
    made = _untagged(array).cast(pa.timestamp("ns", "UTC"))
    rough = made.cast(pa.timestamp("us", "UTC"), safe=False)
    if pc.all(pc.equal(rough.cast(made.type), made)).as_py():
        return Column("datetime", scale=6), rough
    return Column("datetime", scale=9), made


def _decimals(array: Any) -> Typed | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not _all_begin(array, "~f"):
        return None
    plain = _untagged(array)
    lengths = pc.binary_length(plain)
    point = pc.find_substring(plain, ".")
    minus = pc.starts_with(plain, "-")
    has_point = pc.greater_equal(point, 0)
    if not _are_digits(plain, points=pc.sum(has_point).as_py(), minuses=pc.sum(minus).as_py()):
        return None
    fraction = pc.subtract(pc.subtract(lengths, point), 1)
    scale = pc.max(pc.if_else(has_point, fraction, 0)).as_py()
    whole = pc.subtract(pc.if_else(has_point, point, lengths), pc.cast(minus, pa.int32()))
    digits = pc.max(whole).as_py()
    odd = pc.or_(pc.less(whole, 1), pc.equal(fraction, 0))  # ".5" and "5.", "" too
    if pc.any(odd).as_py() or digits + scale > MAX_DIGITS:
        return None
    made = plain.cast(pa.decimal128(MAX_DIGITS, scale))
    return Column("decimal", digits=digits, scale=scale), made


def _are_digits(array: Any, *, points: int, minuses: int) -> bool:
    """Are the texts digits, but for so many points and signs in all?"""
    import numpy as np

    starts, data = _bytes_of(array)
    counts = np.bincount(data[starts[0] : starts[-1]], minlength=256)
    others = counts.sum() - counts[ord("0") : ord("9") + 1].sum()
    return bool(
        others == points + minuses and counts[ord(".")] == points and counts[ord("-")] == minuses
    )


QUICK: Final[dict[str, Callable[[Any], Typed | None]]] = {
    "~:": _prefixed("ni", "~:"),
    "~r": _prefixed("uri", "~r"),
    "~u": _uuids,
    "~t": _times,
    "~f": _decimals,
}


# -- several parts of one column -------------------------------------------------------------------


def merged(one: Column, other: Column) -> Column | None:
    """The kind that holds the values of both; None where only the values tell."""
    if "null" in (one.kind, other.kind):
        return other if one.kind == "null" else one
    if {one.kind, other.kind} == {"integer", "float"}:
        return Column("float", large=one.large or other.large)
    if one.kind != other.kind:
        return None
    if one.kind == "list":
        inner = merged(one.inner or Column(), other.inner or Column())
        return None if inner is None else Column("list", inner=inner)
    if one.kind == "struct":
        return _merged_structs(one, other)
    if one.kind == "datetime" and one.scale != other.scale:
        return None  # do 64 bits hold all of them in nanoseconds?
    made = Column(
        one.kind,
        digits=max(one.digits, other.digits),
        scale=max(one.scale, other.scale),
        large=one.large or other.large,
    )
    return None if made.kind == "decimal" and made.digits + made.scale > MAX_DIGITS else made


def _merged_structs(one: Column, other: Column) -> Column | None:
    fields = dict(one.fields)
    for name, column in other.fields.items():
        inner = merged(fields.get(name, Column()), column)
        if inner is None:
            return None
        fields[name] = inner
    return None if len(fields) > MAX_FIELDS else Column("struct", fields=fields)


def plain_type(column: Column) -> Any:
    """The Arrow type of a column, without the metadata that a stream has."""
    import pyarrow as pa

    if column.kind == "list":
        return pa.list_(plain_type(column.inner or Column()))
    if column.kind == "struct":
        return pa.struct([(name, plain_type(inner)) for name, inner in column.fields.items()])
    return arrow_type(column)


def widened(array: Any, kind: Any) -> Any:
    """The array in a type that holds it too."""
    import pyarrow as pa

    types = pa.types
    if array.type.equals(kind):
        return array
    if types.is_null(array.type):
        return pa.nulls(len(array), kind)
    mask = array.is_null() if array.null_count else None
    if types.is_list(kind):
        values = widened(array.values, kind.value_type)
        return pa.ListArray.from_arrays(array.offsets, values, type=kind, mask=mask)
    if types.is_struct(kind):
        names = {field.name for field in array.type}
        arrays = [
            widened(array.field(field.name), field.type)
            if field.name in names
            else pa.nulls(len(array), field.type)
            for field in kind
        ]
        return pa.StructArray.from_arrays(arrays, fields=list(kind), mask=mask)
    # An integer that no float holds becomes the nearest one.
    return array.cast(kind, safe=not types.is_floating(kind))
