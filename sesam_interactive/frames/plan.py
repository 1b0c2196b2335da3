"""How blocks of lines are parsed into typed columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from sesam_interactive.frames.blocks import raw_lines
from sesam_interactive.frames.tagged import typed, widened

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from sesam_interactive.frames.tagged import Typed

    Lines = bytes | memoryview

encode_lines = msgspec.json.Encoder().encode_lines


class DoesNotFit(Exception):  # noqa: N818 - no error for people
    """A block has values that the schema does not hold."""


@dataclass(frozen=True)
class Part:
    """The typed columns of a block; None where only the values tell."""

    rows: int
    columns: dict[str, Typed | None]

    def array(self, name: str, kind: Any) -> Any:
        """A column in a type that holds it; nulls where the block has none."""
        import pyarrow as pa

        found = self.columns.get(name)
        return pa.nulls(self.rows, kind) if found is None else widened(found[1], kind)


@dataclass(frozen=True)
class Plan:
    """How blocks are parsed: by this schema.

    `left_out` are the columns that are made at the end, `dropped` those that no one asked for.
    """

    schema: dict[str, Any]
    left_out: frozenset[str]
    dropped: frozenset[str]

    def parse(self, block: Lines, wanted: Container[str] | None = None) -> Part:
        """The columns of a block, all or those that are wanted. Raises DoesNotFit."""
        import pyarrow as pa
        import pyarrow.json as arrow_json

        if self.left_out:
            block = self._without(block)
        try:
            table = arrow_json.read_json(
                pa.BufferReader(block),
                # One block: the array of a column is in one piece.
                read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1),
                parse_options=arrow_json.ParseOptions(
                    explicit_schema=pa.schema(list(self.schema.items())),
                    unexpected_field_behavior="error",
                ),
            )
        except pa.ArrowInvalid as error:
            raise DoesNotFit from error
        return Part(
            table.num_rows,
            {
                name: typed(column.chunk(0))
                for name, column in zip(table.column_names, table.columns, strict=True)
                if name not in self.dropped and (wanted is None or name in wanted)
            },
        )

    def _without(self, block: Lines) -> bytes:
        """The lines without what is left out."""
        rows = raw_lines(block)
        for name in self.left_out:
            for row in rows:
                row.pop(name, None)
        return encode_lines(rows)


def series_from_arrow(arrays: dict[str, Any]) -> dict[str, Any]:
    """The polars series of Arrow arrays."""
    import polars as pl
    import pyarrow as pa

    if not arrays:
        return {}
    # Polars has other names for columns without one.
    numbered = {str(number): array for number, array in enumerate(arrays.values())}
    frame: Any = pl.from_arrow(pa.table(numbered), rechunk=False)
    return {
        name: series.alias(name) for name, series in zip(arrays, frame.get_columns(), strict=True)
    }


def framed(names: Iterable[str], series: dict[str, Any]) -> Any:
    """The frame of some series, in the order of their names."""
    import polars as pl

    return pl.DataFrame({name: series[name] for name in names})
