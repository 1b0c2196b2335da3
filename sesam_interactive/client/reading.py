"""What can be asked of a dataset: queries, differences, the life of an entity."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.framed import Framed
from sesam_interactive.client.lines import open_lines
from sesam_interactive.display.html import properties_table, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.client.lines import Lines
    from sesam_node.model import Entity

Moment = int | str | date | datetime
"""An offset as found in `_updated`, or a time; a text may be either."""

SHOWN = 10


def moment_text(moment: Moment) -> str:
    """A moment as the API takes it."""
    return moment.isoformat() if isinstance(moment, date) else str(moment)


class Query(Framed):
    """The answer of a query; each iteration asks anew."""

    def __init__(self, connection: Connection, path: str, asked: dict[str, Any]) -> None:
        self._connection = connection
        self._path = f"{path}/query"
        self._asked = asked

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities())

    def entities(self) -> list[Entity]:
        """All entities of the answer."""
        found: list[Entity] = self._connection.json("POST", self._path, json=self._asked)
        return found

    def head(self, count: int = 5) -> list[Entity]:
        """The first entities of the answer."""
        most = min(count, self._asked.get("limit", count))
        found: list[Entity] = self._connection.json(
            "POST", self._path, json=self._asked | {"limit": most}
        )
        return found

    def count(self) -> int:
        """How many entities fulfil the condition, whatever `limit` and `offset` say."""
        asked = self._asked | {"count": True}
        return int(self._connection.json("POST", self._path, json=asked)["count"])

    def _open_lines(
        self, *, columns: Sequence[str] | None, reserved: bool
    ) -> AbstractContextManager[Lines]:
        del reserved  # what is selected comes with some of them, and they are left out of frames
        asked = self._asked
        if columns is not None and "select" not in asked:
            asked = asked | {"select": list(columns)}
        return open_lines(self._connection, self._path, asked=asked)

    def __repr__(self) -> str:
        text = ", ".join(f"{name}={value!r}" for name, value in self._asked.items())
        return f"<Query {self._path} {text}>".replace(" >", ">")

    def _repr_html_(self) -> str:
        entities = self.head(SHOWN)
        names = dict.fromkeys(name for entity in entities for name in entity)
        return table({name: entity.get(name) for name in names} for entity in entities)


class Diff:
    """What became different in a dataset; iterating gives the changes, page by page.

    Each has `_id`, `change` ("added", "changed", "deleted"), `_updated`, `_previous` and
    `properties`: `name`, `change`, `old`, `new`.
    """

    def __init__(
        self, connection: Connection, path: str, start: str, end: str | None, page: int = 1_000
    ) -> None:
        self._connection = connection
        self._path = f"{path}/diff"
        self._start, self._end, self._page = start, end, page
        found = self._read(0)
        self.counts: dict[str, int] = found["counts"]

    def _read(self, limit: int, after: int | None = None) -> dict[str, Any]:
        moments = {"from": self._start, "to": self._end}
        found: dict[str, Any] = self._connection.get(
            self._path, limit=limit, after=after, **moments
        )
        return found

    def __iter__(self) -> Iterator[dict[str, Any]]:
        after = None
        while True:
            found = self._read(self._page, after)
            yield from found["changes"]
            after = found["next"]
            if after is None:
                return

    def __len__(self) -> int:
        """How many entities were added, changed or deleted."""
        return sum(self.counts.values())

    def __repr__(self) -> str:
        counts = ", ".join(f"{count:,} {change}" for change, count in self.counts.items())
        return f"<Diff {self._path} {counts}>"

    def _repr_html_(self) -> str:
        counts = {change: f"{count:,}" for change, count in self.counts.items()}
        rows = [
            {
                "_id": item["_id"],
                "change": item["change"],
                "properties": ", ".join(part["name"] for part in item["properties"]),
            }
            for item in self._read(SHOWN)["changes"]
        ]
        return properties_table("Difference", counts) + table(rows)


class History:
    """The life of one entity, newest change first.

    Each change has `_updated`, `_previous`, `time`, `change` and `properties`; `complete` says
    whether nothing has been compacted away.
    """

    def __init__(self, connection: Connection, path: str, entity_id: str) -> None:
        self.entity_id = entity_id
        self.changes: list[dict[str, Any]] = []
        self.complete = True
        before = None
        while True:
            found = connection.get(f"{path}/history", entity_id=entity_id, before=before)
            self.changes += found["changes"]
            self.complete = bool(found["complete"])
            before = found["next"]
            if before is None:
                return

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __getitem__(self, position: int) -> dict[str, Any]:
        return self.changes[position]

    def __repr__(self) -> str:
        return f"<History of {self.entity_id!r}, {len(self)} changes>"

    def _repr_html_(self) -> str:
        rows = [
            {
                "_updated": item["_updated"],
                "time": item["time"],
                "change": item["change"],
                "property": part.get("name"),
                "old": part.get("old"),
                "new": part.get("new"),
            }
            for item in self.changes
            for part in item["properties"] or [{}]
        ]
        return table(rows)
