"""Reads columns of a dataset from the node, types told: all, or those of some properties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import ARROW, JSON, segment
from sesam_interactive.client.errors import ClientError
from sesam_node.errors import suggestion

if TYPE_CHECKING:
    from sesam_interactive.client.connection import Connection
    from sesam_interactive.frames.typed import TypedTable

KEPT_BY_NODE = ("_updated", "_previous", "_ts", "_hash", "_deleted")
WIDE = "the entities have too many properties for a table; name those you want to look at"


@dataclass(frozen=True)
class Place:
    """A dataset of a node, now or as it was at a moment."""

    connection: Connection
    name: str
    moment: str | None = None

    @property
    def path(self) -> str:
        return f"/datasets/{segment(self.name)}"

    def __str__(self) -> str:
        return self.name if self.moment is None else f"{self.name} as of {self.moment}"


def read_columns(
    dataset: Place, properties: list[str] | None = None, limit: int | None = None
) -> TypedTable:
    """The columns of a dataset's live entities; below each property those of what is in it.

    `properties` are names, or paths such as `address.city`; elements of lists as `lines.sku` or
    `lines[].sku`. Raises ClientError for one that no entity has.
    """
    from sesam_interactive.frames.typed import TypedTable, typed_table

    if properties is None:
        data = dataset.connection.table(
            f"{dataset.path}/entities",
            history=False,
            deleted=False,
            limit=limit,
            as_of=dataset.moment,
        )
        if data is None:
            raise ClientError(f'dataset "{dataset.name}": {WIDE}')
        return typed_table(data, KEPT_BY_NODE)
    names = [path.replace("[]", "") for path in properties]
    asked: dict[str, Any] = {"select": {name: f"_S.{name}" for name in names}}
    if limit is not None:
        asked["limit"] = limit
    if dataset.moment is not None:
        asked["as_of"] = dataset.moment
    headers = {"Accept": f"{ARROW}, {JSON};q=0.1"}
    answer = dataset.connection.request(
        "POST", f"{dataset.path}/query", json=asked, headers=headers
    )
    table = typed_table(answer.content, [n for n in (*KEPT_BY_NODE, "_id") if n not in names])
    missing = [name for name in names if not _has(table, name)]
    if missing and table.rows:
        raise ClientError(_unknown(dataset, missing[0]))
    return TypedTable(table.rows, [c for c in table.columns if c.filled or c.path in names])


def _has(table: TypedTable, name: str) -> bool:
    return any(column.path == name and column.filled for column in table.columns)


def _unknown(dataset: Place, name: str) -> str:
    known = properties_of(dataset)
    hint = suggestion(name, known)
    text = f'no entity of dataset "{dataset.name}" has a property "{name}"'
    return f"{text}; {hint}" if hint else f"{text}; it has {', '.join(known[:12])}"


def properties_of(dataset: Place) -> list[str]:
    """The paths of the properties that the node has seen in a dataset."""
    from sesam_interactive.client.schema import EntityType

    schema = EntityType(dataset.connection.get(f"{dataset.path}/schema"))
    return [row["property"] for row in schema.rows()]
