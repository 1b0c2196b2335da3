"""Entities of rows as canonical bytes, made a column at a time, decoded where someone looks.

What a value needs is decided once a column of a batch, not once a value: the JSON texts of the
columns are put between the names by one join a row. Most pipes that collect tables and files have
no rules, and bytes are all that their sink wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import msgspec

from sesam_node.model import decode, encode
from sesam_node.model.values import as_string, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_node.model import Entity, Value
    from sesam_node.pipes.batch import Offset

encode_lines = msgspec.json.Encoder(order="deterministic").encode_lines
ID = "_id"


class Texts(NamedTuple):
    """The values of a column as JSON: each is `before`, its text, `after`; absent ones are null."""

    texts: Sequence[str | None]
    before: str = ""
    after: str = ""

    def keys(self) -> list[str]:
        """The values as parts of an `_id`: without tag or escape. None may be absent."""
        if self.before == '"~t':
            return [f"{text}Z" for text in self.texts]
        if self.before:
            return list(self.texts)  # type: ignore[arg-type]
        return [
            text if text.isdecimal() else _key(decode(text))
            for text in self.texts
            if text is not None
        ]


def _key(value: Value) -> str:
    return plain_text(value) if type(value) is str else str(value)


def values_column(values: Sequence[Value]) -> Texts:
    """A column of values, in their canonical form."""
    lines: list[str] = encode_lines(values).decode().split("\n")
    lines.pop()
    if None not in values:
        return Texts(lines)
    pairs = zip(values, lines, strict=True)
    return Texts([None if value is None else line for value, line in pairs])


def text_column(values: Sequence[str | None]) -> Texts:
    """A column of text from outside: what would read as a tag is escaped."""
    together = "".join(filter(None, values))
    if (
        together.isprintable()
        and '"' not in together
        and "\\" not in together
        and "~" not in together
    ):
        return Texts(values, '"', '"')
    return values_column([None if value is None else as_string(value) for value in values])


class Encoded(Sequence[Any]):
    """Entities, each made of its bytes when it is asked for.

    `reserved` says that there may be properties that the node reserves; `updated` are the values of
    `_updated`, which are not in the bytes.
    """

    __slots__ = ("bodies", "ids", "reserved", "updated")

    def __init__(
        self,
        ids: Sequence[str],
        bodies: Sequence[bytes],
        *,
        reserved: bool = False,
        updated: Sequence[Offset] | None = None,
    ) -> None:
        self.ids = ids
        self.bodies = bodies
        self.reserved = reserved
        self.updated = updated

    def __len__(self) -> int:
        return len(self.bodies)

    def __iter__(self) -> Iterator[Entity]:
        return map(self._entity, range(len(self.bodies)))

    @overload
    def __getitem__(self, position: int) -> Entity: ...
    @overload
    def __getitem__(self, position: slice) -> Encoded: ...
    def __getitem__(self, position: int | slice) -> Entity | Encoded:
        if isinstance(position, int):
            return self._entity(position)
        updated = None if self.updated is None else self.updated[position]
        return Encoded(
            self.ids[position], self.bodies[position], reserved=self.reserved, updated=updated
        )

    def _entity(self, position: int) -> Entity:
        entity: Entity = decode(self.bodies[position])
        if self.updated is not None and self.updated[position] is not None:
            entity["_updated"] = self.updated[position]
        return entity


class Assembly:
    """Puts columns of these names together, and ids; of two columns of one name the last counts.

    With `nulls` what is absent is written as null, else left out. A column `_id` is not kept: ids
    are made of keys.
    """

    def __init__(self, names: Sequence[str], *, nulls: bool = False) -> None:
        self._names = names
        self._nulls = nulls
        self._places: dict[str, list[int]] = {}
        for place, name in enumerate(names):
            if name != ID:
                self._places.setdefault(name, []).append(place)
        self.reserved = any(name[:1] == "_" for name in self._places)
        self._order = sorted(self._places)

    def __call__(self, columns: Sequence[Texts], ids: Sequence[str]) -> Encoded:
        """The entities of columns in the order of the names; `ids` are values, not yet escaped."""
        parts: list[Iterable[Any]] = [repeat("{")]
        identity: Texts | None = text_column(ids)
        for name in self._order:
            if identity is not None and name > ID:
                parts += _whole(ID, identity)
                identity = None
            column = self._column(columns, name)
            before, behind = ("", ",") if identity is not None else (",", "")
            start, texts, end = _member(name, column)
            start, end = before + start, end + behind
            if None not in texts:
                parts += repeat(start), texts, repeat(end)
                continue
            absent = f"{before}{_name(name)}:null{behind}" if self._nulls else ""
            parts.append([absent if text is None else f"{start}{text}{end}" for text in texts])
        if identity is not None:
            parts += _whole(ID, identity)
        parts.append(repeat("}"))
        rows = map("".join, zip(*parts, strict=False))
        named = ids if "~" not in "".join(ids) else [as_string(text) for text in ids]
        return Encoded(named, list(map(str.encode, rows)), reserved=self.reserved)

    def _column(self, columns: Sequence[Texts], name: str) -> Texts:
        places = self._places[name]
        column = columns[places[0]]
        for place in places[1:]:
            column = self._over(column, columns[place])
        return column

    def _over(self, first: Texts, second: Texts) -> Texts:
        if self._nulls or None not in second.texts:
            return second
        pairs = zip(_complete(first), _complete(second), strict=True)
        return Texts([under if over is None else over for under, over in pairs])


def _complete(column: Texts) -> list[str | None]:
    return [None if t is None else f"{column.before}{t}{column.after}" for t in column.texts]


def _name(name: str) -> str:
    return encode(name).decode()


def _member(name: str, column: Texts) -> tuple[str, Sequence[str | None], str]:
    """The texts of a column with what stands before and behind each."""
    return f"{_name(name)}:{column.before}", column.texts, column.after


def _whole(name: str, column: Texts) -> list[Iterable[Any]]:
    """As `_member`, for each row."""
    start, texts, end = _member(name, column)
    return [repeat(start), texts, repeat(end)]
