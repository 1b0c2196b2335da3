"""What a system has to offer, as a notebook shows it, and the pipe that collects it.

hub.systems["crm"].browse()                 everything, as a table
hub.systems["crm"].browse("customer")       one: columns and the first entities
hub.systems["crm"].collect("customer")      the pipe that reads it, saved and run
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.pipes import Pipe
from sesam_interactive.display.html import properties_table, table
from sesam_interactive.display.json_text import content, pretty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_interactive.client.connection import Connection
    from sesam_node.model import Entity

SHOWN = 40
COLUMNS_SHOWN = 8


class Offer:
    """One table, view or file: `columns`, `samples` (first entities), `pipe` (to collect it)."""

    def __init__(self, system: str, told: dict[str, Any]) -> None:
        self.system = system
        self.id: str = told["id"]
        self.kind: str = told["kind"]
        self.columns: list[dict[str, Any]] = told["columns"]
        self.samples: list[Entity] = told.get("samples", [])
        self.pipe: dict[str, Any] | None = told.get("pipe")
        self.problem: str = told.get("problem", "")

    def row(self) -> dict[str, Any]:
        """One line of the table of all."""
        names = [column["name"] for column in self.columns]
        more = f", … ({len(names)})" if len(names) > COLUMNS_SHOWN else ""
        keys = [column["name"] for column in self.columns if column.get("primary_key")]
        return {
            "offer": self.id,
            "kind": self.kind,
            "key": ", ".join(keys),
            "columns": ", ".join(names[:COLUMNS_SHOWN]) + more,
            "note": self.problem,
        }

    def __repr__(self) -> str:
        lines = [f'{self.kind} "{self.id}" of the system "{self.system}"']
        for column in self.columns:
            key = "  key" if column.get("primary_key") else ""
            lines.append(f"  {column['name']}: {column['type']}{key}")
        if self.problem:
            lines.append(f"  note: {self.problem}")
        lines += [f"  {pretty(content(entity), indent='  ')}" for entity in self.samples]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        facts = {"kind": self.kind, "key": self.row()["key"], "note": self.problem}
        title = f"{self.id} of {self.system}"
        shown = properties_table(title, {k: v for k, v in facts.items() if v})
        shown += table(self.columns)
        if self.samples:
            names = dict.fromkeys(name for entity in self.samples for name in content(entity))
            shown += table({name: one.get(name) for name in names} for one in self.samples)
        return shown


class Offers:
    """All that a system offers, by id."""

    def __init__(self, connection: Connection, system: str, search: str, *, sinks: bool) -> None:
        path = f"/systems/{segment(system)}/{'targets' if sinks else 'providers'}"
        told = connection.get(path, search=search or None)
        self._connection = connection
        self.system = system
        self.more: bool = told["more"]
        self._listed = [Offer(system, one) for one in told["offers"]]

    def __iter__(self) -> Iterator[Offer]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def __getitem__(self, offer_id: str) -> Offer:
        """One with its samples. Raises ClientError (status 404) with a suggestion."""
        return offer(self._connection, self.system, offer_id)

    def _ipython_key_completions_(self) -> list[str]:
        return [one.id for one in self._listed]

    def _title(self) -> str:
        count = f"{len(self)}{' and more' if self.more else ''}"
        return f'the system "{self.system}" offers {count}'

    def __repr__(self) -> str:
        rows = [one.row() for one in self._listed[:SHOWN]]
        width = max((len(row["offer"]) for row in rows), default=0)
        lines = [f"  {row['offer']:{width}}  {row['kind']:5}  {row['columns']}" for row in rows]
        left = len(self) - len(rows)
        return "\n".join([self._title(), *lines, *([f"  … {left} more"] if left > 0 else [])])

    def _repr_html_(self) -> str:
        left = len(self) - SHOWN
        shown = f"<p>… {left} more</p>" if left > 0 else ""
        return f"<b>{self._title()}</b>{table(one.row() for one in self._listed[:SHOWN])}{shown}"


def offer(connection: Connection, system: str, offer_id: str, limit: int | None = None) -> Offer:
    """One offer with its samples, so many at most."""
    path = f"/systems/{segment(system)}/providers/{segment(offer_id)}"
    return Offer(system, connection.get(path, limit=limit))


def collect(
    connection: Connection, system: str, offer_id: str, name: str | None, *, run: bool
) -> Pipe:
    """Save the pipe that collects an offer, and run it.

    Raises ClientError where a pipe of that name is there already, or the run fails.
    """
    made = connection.get(f"/systems/{segment(system)}/source-prototypes", provider=offer_id)
    if not made:
        raise ClientError(f'"{offer_id}" of the system "{system}" cannot be read')
    config = made[0] | ({} if name is None else {"_id": name})
    connection.json("POST", "/pipes", json=[config])
    pipe = Pipe(connection, config["_id"])
    if run:
        pipe.run()
    return pipe
