"""Rows to entities, a column at a time: what values need is decided once a batch, not for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, suggestion
from sesam_node.model.values import as_string, plain_text
from sesam_node.pipes.sql.values import ValueRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.sql.values import Reading


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
        special: Sequence[Callable[[Any], Any] | None],
        keys: list[str],
        options: dict[str, Any],
    ) -> None:
        self._reading = reading
        self._names = names
        self._special = special
        self._keys = [self._key_position(name) for name in keys]
        self._nulls: bool = options["preserve_null_values"]
        self.in_order = False
        wanted = options["whitelist"]
        refused = frozenset(options["blacklist"] or ())
        self._kept = [
            (position, name)
            for position, name in enumerate(names)
            if (wanted is None or name in wanted) and name not in refused
        ]

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

    def entities(self, rows: Sequence[Any]) -> list[Entity]:
        """The entities of some rows, in order. Raises RowError for the first that makes none."""
        return self.entities_of(list(zip(*rows, strict=True)))

    def entities_of(self, columns: Sequence[Sequence[Any]]) -> list[Entity]:
        """The entities of the rows that these columns make. As `entities`."""
        names = [name for _, name in self._kept]
        values = [self._column(columns[position], position) for position, _ in self._kept]
        names.append("_id")
        values.append(self._ids(columns))
        made = zip(*values, strict=True)
        if self._nulls or not any(None in column for column in values):
            return [dict(zip(names, row, strict=True)) for row in made]
        return [
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in made
        ]

    def _column(self, values: Sequence[Any], position: int) -> Sequence[Any]:
        special = self._special[position]
        try:
            if special is not None:
                return [None if value is None else special(value) for value in values]
            return self._reading.column(values)
        except ValueRefusedError:
            # Which one it was is looked for only now.
            for number, value in enumerate(values):
                try:
                    self._reading(value)
                except ValueRefusedError as error:
                    text = f'column "{self._names[position]}": {error}'
                    raise RowError(number, text, "refused-value") from None
            raise

    def _ids(self, columns: Sequence[Sequence[Any]]) -> list[str]:
        parts = [self._key_texts(columns[position], position) for position in self._keys]
        if len(parts) == 1:
            return [as_string(text) for text in parts[0]]
        return [as_string(":".join(texts)) for texts in zip(*parts, strict=True)]

    def _key_texts(self, values: Sequence[Any], position: int) -> list[str]:
        if None in values:
            name = self._names[position]
            message = f'expected a value for "_id" in column "{name}", got null'
            hint = 'name other columns in "primary_key"'
            raise RowError(list(values).index(None), message, "missing-id", hint)
        read = self._reading
        return [
            str(value)
            if type(value) is int
            else plain_text(text)
            if type(text := read(value)) is str
            else str(text)
            for value in values
        ]
