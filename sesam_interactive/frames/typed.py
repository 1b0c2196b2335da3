"""Columns of entities with the types that the values have on the node.

A frame alone does not tell all. Here a column for each property, those of dicts and of the elements
of lists too, comes with the types of its values. There are two ways to get them: Arrow streams of
the node tell all in their metadata (`sesam_node.model.arrow`); lines of JSON come three times
as fast, and do not tell integers among floats, and null from absent.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_interactive.frames.lines import read_lines
from sesam_node.model.arrow.columns import Column
from sesam_node.model.arrow.write import METADATA
from sesam_node.model.values import kind as kind_of
from sesam_node.model.values import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

WORDS = {"text": "string", "struct": "dict"}
NUMBERS = ("integer", "float", "decimal")
decode = msgspec.json.Decoder().decode


@dataclass
class TypedColumn:
    """The values of one property.

    `path` is `name`, `address.city` in a dict, `lines[].sku` in the elements of a list. `kind` is
    the type of the DTL that all values have, "json" where they have several. `values` has nulls
    where the property is absent; below a list it has a value for each element, and `rows` says
    which entity has it (null: row by row). `kinds` are the types of single values where they
    differ. `types` counts them; `null` among them is one that is there and null.
    """

    path: str
    kind: str
    values: Any
    rows: Any = None
    kinds: Any = None
    types: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many entities there are, or elements, for what is in lists."""
        return len(self.values)

    @property
    def filled(self) -> int:
        return self.total - int(self.values.null_count())


@dataclass
class TypedTable:
    """All columns of a stream, parents before what is in them, `_id` first."""

    rows: int
    columns: list[TypedColumn]


def typed_table(data: bytes, leave_out: Sequence[str] = ()) -> TypedTable:
    """The columns of an Arrow stream of a node, but those to `leave_out`."""
    import polars as pl
    import pyarrow as pa

    stream = pa.ipc.open_stream(io.BytesIO(data))
    batches: list[Any] = []
    told: dict[int, dict[str, Any]] = {}
    rows = 0
    for batch, metadata in stream.iter_batches_with_custom_metadata():
        batches.append(batch)
        if metadata is not None and METADATA in metadata:
            found = decode(metadata[METADATA])
            told |= {rows + int(row): values for row, values in found.items()}
        rows += batch.num_rows
    frame = pl.from_arrow(pa.Table.from_batches(batches, stream.schema))
    columns: list[TypedColumn] = []
    for arrow in stream.schema:
        if arrow.name in leave_out:
            continue
        exceptions = [values[arrow.name] for values in told.values() if arrow.name in values]
        columns += _columns(arrow.name, _Field.of(arrow), frame[arrow.name], None, exceptions)
    return TypedTable(rows, columns)


def typed_lines(chunks: Iterable[bytes]) -> TypedTable:
    """The columns of entities that come as lines of JSON, cut anywhere."""
    frame, kinds = read_lines(chunks)
    columns: list[TypedColumn] = []
    for name in frame.columns:
        column = kinds.get(name) or Column()
        columns += _columns(name, _Field.of_column(column), frame[name], None, ())
    return TypedTable(frame.height, columns)


@dataclass
class _Field:
    """What metadata and type say of a field, and those in it."""

    kind: str
    flags: dict[str, Any]
    inner: dict[str, _Field]

    @classmethod
    def of(cls, arrow: Any) -> _Field:
        flags = decode((arrow.metadata or {}).get(METADATA, b"{}"))
        kind = str(flags.get("kind", "json"))
        inner: dict[str, _Field] = {}
        if kind == "list":
            inner = {"[]": cls.of(arrow.type.value_field)}
        elif kind == "struct":
            # A dict without properties is JSON text.
            fields = getattr(arrow.type, "num_fields", 0)
            inner = {f.name: cls.of(f) for f in (arrow.type.field(n) for n in range(fields))}
            kind = kind if inner else "json"
        return cls(kind, flags, inner)

    @classmethod
    def of_column(cls, column: Column) -> _Field:
        inner = {name: cls.of_column(found) for name, found in column.fields.items()}
        if column.kind == "list":
            inner = {"[]": cls.of_column(column.inner or Column())}
        kind = "json" if column.kind == "struct" and not inner else column.kind
        return cls(kind, {"mixed": column.mixed, "single": column.single}, inner)


def _columns(
    path: str, told: _Field, values: Any, rows: Any, exceptions: Sequence[Any]
) -> Iterator[TypedColumn]:
    kind = WORDS.get(told.kind, told.kind)
    column = TypedColumn(path, kind, values, rows)
    nulls = exceptions.count(None)
    if told.flags.get("always"):
        nulls = int(values.null_count())
    if kind == "json":
        _take_apart(column)
    elif kind != "null" and column.filled:
        column.types = _types(column, told, [item for item in exceptions if item is not None])
    if nulls:
        column.types["null"] = nulls
    yield column
    if kind == "list":
        yield from _elements(column, told.inner["[]"])
    elif kind == "dict":
        for name, inner in told.inner.items():
            yield from _columns(f"{path}.{name}", inner, values.struct.field(name), rows, ())


def _types(column: TypedColumn, told: _Field, exceptions: list[Any]) -> dict[str, int]:
    """How many values have which type, where the type of the column is wider than some of them."""
    filled = column.filled
    if told.flags.get("mixed") and column.kind in ("float", "decimal"):
        whole = int((column.values == column.values.floor()).sum() or 0)
        whole -= sum(type(item) is not int for item in exceptions)
        return {name: n for name, n in (("integer", whole), (column.kind, filled - whole)) if n}
    if told.flags.get("single") and column.kind == "list":
        inner = WORDS.get(told.inner["[]"].kind, told.inner["[]"].kind)
        single = int((column.values.list.len() == 1).sum() or 0)
        single -= sum(type(item) is list for item in exceptions)
        return {name: n for name, n in (("list", filled - single), (inner, single)) if n}
    return {column.kind: filled}


def _take_apart(column: TypedColumn) -> None:
    """Values of several types stand as JSON: the type of each, and texts without quotes."""
    import polars as pl

    kinds: list[str | None] = []
    texts: list[str | None] = []
    for text in column.values.cast(pl.String).to_list():
        value = None if text is None else decode(text)
        kinds.append(None if text is None else kind_of(value))
        texts.append(plain_text(value) if isinstance(value, str) else text)
    column.kinds = pl.Series(column.path, kinds, dtype=pl.String)
    column.values = pl.Series(column.path, texts, dtype=pl.String)
    counted = column.kinds.drop_nulls().value_counts(sort=True)
    column.types = dict(counted.iter_rows())


def _elements(column: TypedColumn, inner: _Field) -> Iterator[TypedColumn]:
    """The elements of the lists, with the row of each."""
    import polars as pl

    rows = column.rows if column.rows is not None else pl.Series("row", range(column.total))
    frame = pl.DataFrame({"row": rows.cast(pl.UInt32), "item": column.values})
    frame = frame.filter(pl.col("item").list.len() > 0).explode("item")
    yield from _columns(f"{column.path}[]", inner, frame["item"], frame["row"], ())
