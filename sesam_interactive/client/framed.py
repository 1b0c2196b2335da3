"""What becomes frames: entities of datasets and pipes, and the answers of queries."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sesam_interactive.client.lines import Lines

ROWS = 100_000


class Framed:
    """Entities that can be read as lines, and so as frames.

    An interrupt ends the request on the node as well.
    """

    _is_cheap = False
    """May they be asked for twice?"""

    _origin: str | None = None
    """The dataset that they are all live entities of; null where they are not."""

    def _open_lines(
        self, *, columns: Sequence[str] | None, reserved: bool
    ) -> AbstractContextManager[Lines]:
        raise NotImplementedError

    def to_polars(
        self,
        schema: Mapping[str, Any] | None = None,
        *,
        columns: Sequence[str] | str | None = None,
        reserved: bool = False,
    ) -> Any:
        """A polars frame: a row an entity, a column a property, types kept.

        `columns` names those that are wanted, in their order; others are not sent. `schema` (name
        to polars type) casts columns, `reserved` adds the node's own (`_updated`, `_ts`, ...).
        """
        columns, reserved = _wanted(columns, reserved=reserved)
        return self._frame(schema, columns=columns, reserved=reserved)

    def _frame(
        self, schema: Mapping[str, Any] | None, *, columns: Sequence[str] | None, reserved: bool
    ) -> Any:
        from sesam_interactive.frames import NotKept

        if self._is_cheap:
            # Where it is of no use, that shows mostly in the first lines.
            with suppress(NotKept):
                return self._read(schema, columns=columns, reserved=reserved, keep=False)
        return self._read(schema, columns=columns, reserved=reserved)

    def _read(
        self,
        schema: Mapping[str, Any] | None,
        *,
        columns: Sequence[str] | None,
        reserved: bool,
        keep: bool = True,
    ) -> Any:
        from polars.exceptions import PolarsError

        from sesam_interactive.frames import cast, read_lines
        from sesam_interactive.frames.origins import Origin, remember

        with self._open_lines(columns=columns, reserved=reserved) as lines:
            frame, kinds = read_lines(lines, reserved=reserved, keep=keep)
            try:
                frame = cast(frame, schema)
            except PolarsError as error:
                raise ClientError(
                    f"the schema does not fit: {str(error).partition(chr(10))[0]}"
                ) from None
            frame = frame if columns is None else chosen(frame, columns)
            if self._origin is not None:
                whole = kinds if not (schema or columns or reserved) else None
                remember(frame, Origin(self._origin, lines.offset, lines.generation, whole))
        return frame

    def to_pandas(
        self,
        schema: Mapping[str, Any] | None = None,
        *,
        columns: Sequence[str] | str | None = None,
        reserved: bool = False,
    ) -> Any:
        """A pandas frame with the same columns as `to_polars`; `schema` has pandas types."""
        from sesam_interactive.frames import as_pandas
        from sesam_interactive.frames.origins import attach, origin_of

        frame = self.to_polars(columns=columns, reserved=reserved)
        made, origin = as_pandas(frame, schema=schema), origin_of(frame)
        if origin is not None:
            attach(made, origin)
        return made

    def iter_frames(
        self,
        size: int = ROWS,
        *,
        schema: Mapping[str, Any] | None = None,
        columns: Sequence[str] | str | None = None,
        reserved: bool = False,
    ) -> Iterator[Any]:
        """The polars frame of `to_polars` in parts of `size` rows, all with the same types.

        Memory does not grow with the number of entities: they wait in a temporary file, since the
        types are known when all have been looked at.
        """
        from sesam_interactive.frames import frames_of_lines

        if size < 1:
            raise ClientError(f"expected a number of rows of at least 1, got {size}")
        columns, reserved = _wanted(columns, reserved=reserved)
        with self._open_lines(columns=columns, reserved=reserved) as lines:
            for frame in frames_of_lines(lines, size, schema=schema, reserved=reserved):
                yield frame if columns is None else chosen(frame, columns)

    def arrow_batches(
        self,
        size: int = ROWS,
        *,
        columns: Sequence[str] | str | None = None,
        reserved: bool = False,
    ) -> Iterator[Any]:
        """The same parts as pyarrow record batches of one schema."""
        import polars as pl

        old = pl.CompatLevel.oldest()
        for frame in self.iter_frames(size, columns=columns, reserved=reserved):
            yield from frame.rechunk().to_arrow(compat_level=old).to_batches()


def _wanted(
    columns: Sequence[str] | str | None, *, reserved: bool
) -> tuple[Sequence[str] | None, bool]:
    """The columns as a list, and are some of them the node's own?"""
    from sesam_interactive.frames import RESERVED

    names = [columns] if isinstance(columns, str) else columns
    return names, reserved or not RESERVED.isdisjoint(names or ())


def chosen(frame: Any, columns: Sequence[str]) -> Any:
    """These columns of a frame; of what no entity has, nulls."""
    import polars as pl

    there = set(frame.columns)
    return pl.DataFrame(
        {
            name: frame.get_column(name) if name in there else pl.Series([None] * frame.height)
            for name in columns
        }
    )
