"""Entities to lines of COPY a column at a time, where nothing about them needs a closer look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.pipes.sql.copy import Lines
from sesam_node.pipes.sql.copy_texts import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sesam_node.model import Entity
    from sesam_node.pipes.sql.tables import Column, Table

    Texts = Sequence[str]

PLAIN_KEYS = frozenset(("integer", "text"))
"""Kinds of keys that are equal where their texts are."""


class ColumnWriter:
    """Makes lines of entities for a table.

    `column_of` gives the column of a property (null: it is not written), `keys` the properties of
    the columns that identify a row, and `defaults` the values of columns that an entity need not
    have. Times are in UTC.
    """

    def __init__(
        self,
        table: Table,
        keys: Mapping[str, str],
        column_of: Callable[[str], Column | None],
        defaults: Mapping[str, Any],
    ) -> None:
        self._column_of = column_of
        self._keys = {name: table.column(column) for name, column in keys.items()}
        self._defaults = {name: (table.column(name), value) for name, value in defaults.items()}
        self.can = all(
            column is not None and column.kind in PLAIN_KEYS and not column.padded
            for column in self._keys.values()
        )
        self._columns: dict[str, Column | None] = {}

    def lines(self, entities: Iterable[Entity], stamp: Mapping[str, str]) -> list[Lines] | None:
        """The lines of entities that all have keys of their own; null where that is not so.

        `stamp` has the texts of further columns.
        """
        groups: dict[tuple[str, ...], list[Entity]] = {}
        for entity in entities:
            groups.setdefault(tuple(entity), []).append(entity)
        keys: set[Any] = set()
        found, count = [], 0
        for names, group in groups.items():
            made = self._group(names, group, keys, stamp)
            count += len(group)
            if made is None or len(keys) != count:
                return None
            found.append(made)
        return found

    def _group(
        self, names: tuple[str, ...], group: list[Entity], keys: set[Any], stamp: Mapping[str, str]
    ) -> Lines | None:
        """The lines of entities that have the same properties; adds their keys."""
        if not self._keys.keys() <= set(names):
            return None
        values = dict(zip(names, zip(*map(dict.values, group), strict=True), strict=True))
        parts = [values[name] for name in self._keys]
        if any(None in part for part in parts):
            return None
        keys.update(parts[0] if len(parts) == 1 else zip(*parts, strict=True))
        written: dict[str, Texts] = {}
        for name, column in self._written(names):
            texts = texts_of(column.kind, values[name])
            if texts is None or column.name in written:
                return None
            written[column.name] = texts
        for name, (filled, value) in self._defaults.items():
            if name not in written:
                texts = None if filled is None else texts_of(filled.kind, [value])
                if texts is None:
                    return None
                written[name] = list(texts) * len(group)
        for name, text in stamp.items():
            written[name] = [text] * len(group)
        rows = map("\t".join, zip(*written.values(), strict=True))
        return Lines(tuple(written), "\n".join([*rows, ""]).encode())

    def _written(self, names: Iterable[str]) -> Iterable[tuple[str, Column]]:
        for name in names:
            if name not in self._columns:
                self._columns[name] = self._keys.get(name) or self._column_of(name)
            column = self._columns[name]
            if column is not None:
                yield name, column
