"""Rows to entities, a column at a time: what values need is decided once a batch, not for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, suggestion
from sesam_node.pipes.encoded import Assembly, Encoded
from sesam_node.pipes.sql.values import ValueRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_node.pipes.encoded import Texts
    from sesam_node.pipes.sql.values import Reading

    ReadColumn = Callable[[Sequence[Any]], Texts]


class RowError(Exception):
    """A row that makes no entity; `position` counts from 0 in its batch."""

    def __init__(self, position: int, message: str, code: str, hint: str = "") -> None:
        super().__init__(message)
        self.position = position
        self.code = code
        self.hint = hint


class RowReader:
    """Makes entities of rows with these columns.

    `special` has for each column what reads its values, where their own type does not say it;
    `keys` are the columns that make `_id`. Raises PipeError for a key that is no column.
    """

    def __init__(
        self,
        reading: Reading,
        names: list[str],
        special: Sequence[ReadColumn | None],
        keys: list[str],
        options: dict[str, Any],
    ) -> None:
        self._names = names
        self._read = [reading.column if one is None else one for one in special]
        self._keys = [self._key_position(name) for name in keys]
        wanted = options["whitelist"]
        refused = frozenset(options["blacklist"] or ())
        kept = [
            (position, name)
            for position, name in enumerate(names)
            if (wanted is None or name in wanted) and name not in refused
        ]
        self._kept = [position for position, _ in kept]
        self._assembled = Assembly(
            [name for _, name in kept], nulls=options["preserve_null_values"]
        )

    def position(self, name: str | None) -> int | None:
        """Where the column is; null where it is not read."""
        if name is None:
            return None
        lower = [known.lower() for known in self._names]
        return lower.index(name.lower()) if name.lower() in lower else None

    def _key_position(self, name: str) -> int:
        position = self.position(name)
        if position is None:
            hint = suggestion(name, self._names) or f"the columns are {', '.join(self._names)}"
            raise PipeError(f'there is no column "{name}" for "_id"; {hint}')
        return position

    def entities_of(self, columns: Sequence[Sequence[Any]]) -> Encoded:
        """The entities of the rows that these columns make, in order.

        Raises RowError for the first row that makes none.
        """
        read: dict[int, Texts] = {}
        errors: list[RowError] = []
        for position in dict.fromkeys((*self._keys, *self._kept)):
            try:
                read[position] = self._column(columns[position], position)
            except RowError as error:
                errors.append(error)
        if not errors:
            try:
                ids = self._ids(read)
            except RowError as error:
                errors.append(error)
        if errors:
            raise min(errors, key=lambda error: error.position)
        return self._assembled([read[position] for position in self._kept], ids)

    def _column(self, values: Sequence[Any], position: int) -> Texts:
        column = self._read[position]
        try:
            return column(values)
        except ValueRefusedError:
            # Which one it was is looked for only now.
            for number, value in enumerate(values):
                try:
                    column([value])
                except ValueRefusedError as error:
                    text = f'column "{self._names[position]}": {error}'
                    raise RowError(number, text, "refused-value") from None
            raise

    def _ids(self, read: dict[int, Texts]) -> list[str]:
        parts = [self._key_texts(read[position], position) for position in self._keys]
        if len(parts) > 1:
            return list(map(":".join, zip(*parts, strict=True)))
        (ids,) = parts
        if "" in ids:
            raise self._missing(ids.index(""), self._keys[0], "an empty text")
        return ids

    def _key_texts(self, column: Texts, position: int) -> list[str]:
        if None in column.texts:
            raise self._missing(list(column.texts).index(None), position, "null")
        return column.keys()

    def _missing(self, row: int, position: int, found: str) -> RowError:
        name = self._names[position]
        message = f'expected a value for "_id" in column "{name}", got {found}'
        return RowError(row, message, "missing-id", 'name other columns in "primary_key"')
