"""Datasets as polars LazyFrames: conditions, columns and limits go to the node.

The types come from a look at all entities; it is remembered as long as the dataset is the same. A
LazyFrame is of the dataset as it was then, whatever is written later.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.lines import open_lines
from sesam_node.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.frames.known import Known

LIVE: dict[str, Any] = {"history": False, "deleted": False}
_known: dict[tuple[str, str], tuple[Any, Known]] = {}


@dataclass
class Read:
    """One reading for a LazyFrame: what the node was asked for, and what it sent."""

    dataset: str
    where: Any = None
    columns: list[str] | None = None
    limit: int | None = None
    rows: int = field(default=0)
    bytes: int = field(default=0)

    def __str__(self) -> str:
        asked = []
        if self.where is not None:
            asked.append(f"where {json.dumps(self.where, ensure_ascii=False)}")
        if self.columns is not None:
            asked.append(f"columns {', '.join(self.columns)}")
        if self.limit is not None:
            asked.append(f"limit {self.limit:,}")
        what = "; ".join(asked) or "all"
        return f"{self.dataset}: {what} \N{RIGHTWARDS ARROW} {self.rows:,} rows, {self.bytes:,} B"


def lazy(
    connection: Connection,
    name: str,
    path: str,
    moment: str | None,
    told: Callable[[Read], None] | None,
) -> Any:
    """A LazyFrame of the live entities of a dataset. See `Dataset.lazy`."""
    from polars.io.plugins import register_io_source

    known, then = _types(connection, path, moment)
    scan = Scan(connection, name, path, known, then)
    scan.told = told
    return register_io_source(scan.read, schema=known.schema, is_pure=True)


def _types(connection: Connection, path: str, moment: str | None) -> tuple[Known, str | None]:
    """The types of all columns, and the moment that they are of."""
    from sesam_interactive.frames import learn

    key, state = (connection.url, path), None
    if moment is None:
        runtime = connection.get(path)["runtime"]
        offset = int(runtime["last-offset"])
        state = runtime["generation"], offset
        moment = str(offset) if offset >= 0 else None
        if key in _known and _known[key][0] == state:
            return _known[key][1], moment
    entities = f"{path}/entities"
    # As of a moment: what is written meanwhile must not hide what it replaces.
    with open_lines(connection, entities, reserved=False, as_of=moment, **LIVE) as lines:
        known = learn(lines)
    if state is not None:
        _known[key] = state, known
    return known, moment


@dataclass
class Scan:
    """What polars asks to read."""

    connection: Connection
    name: str
    path: str
    known: Known
    moment: str | None
    told: Callable[[Read], None] | None = None

    def read(
        self,
        columns: list[str] | None,
        predicate: Any,
        limit: int | None,
        _batch: int | None,
    ) -> Iterator[Any]:
        """The frames of a reading; the predicate holds for all of their rows."""
        from sesam_interactive.frames.predicates import condition

        # How many rows are looked at for so many is known to the condition alone.
        read = Read(self.name, limit=limit if predicate is None else None)
        names = self._names(columns, predicate)
        if len(names) < len(self.known.names):
            read.columns = names
        if predicate is not None:
            read.where = condition(predicate, self.known.parsed)
        for frame in self._limited(read, names, predicate, limit):
            yield frame if columns is None else frame[columns]
        if self.told is not None:
            self.told(read)

    def _names(self, columns: list[str] | None, predicate: Any) -> list[str]:
        """The columns that are needed, in the order of the frame."""
        if columns is None:
            return self.known.names
        needed = set(columns)
        if predicate is not None:
            needed.update(predicate.meta.root_names())
        return [name for name in self.known.names if name in needed]

    def _limited(
        self, read: Read, names: list[str], predicate: Any, limit: int | None
    ) -> Iterator[Any]:
        left = limit
        for frame in self._frames(read, names):
            read.rows += frame.height
            chosen = frame if predicate is None else frame.filter(predicate)
            if left is not None:
                chosen = chosen.head(left)
                left -= chosen.height
            yield chosen
            if left == 0:
                return

    def _frames(self, read: Read, names: list[str]) -> Iterator[Any]:
        """What the node sends of a reading."""
        asked: dict[str, Any] | None = None
        parameters: dict[str, Any] = {}
        path = f"{self.path}/entities"
        if read.where is not None:
            path = f"{self.path}/query"
            asked = {"where": read.where, "as_of": self.moment, "select": read.columns}
            asked = {name: value for name, value in asked.items() if value is not None}
        else:
            properties = None if read.columns is None else json.dumps(read.columns)
            parameters = LIVE | {"reserved": False, "as_of": self.moment, "limit": read.limit}
            parameters["properties"] = properties
        try:
            with open_lines(self.connection, path, asked=asked, **parameters) as lines:
                try:
                    yield from self.known.frames(lines, names)
                finally:
                    read.bytes = lines.bytes
        except InputError as error:
            raise ClientError(error.message, tuple(error.problems)) from None
