"""Reads columns of a dataset from the node, types told: all, or those of some properties."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sesam_interactive.client.connection import segment
from sesam_interactive.client.errors import ClientError
from sesam_interactive.client.lines import open_lines
from sesam_interactive.display.progress import Progress, in_notebook
from sesam_node.errors import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sesam_interactive.client.connection import Connection
    from sesam_interactive.frames.typed import TypedTable

EXACT_MOST = 100_000
"""Of so many entities all is told of types; of more what can be told quickly."""


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
    dataset: Place,
    properties: list[str] | None = None,
    limit: int | None = None,
    *,
    exact: bool = False,
    missing_ok: bool = False,
) -> TypedTable:
    """The columns of a dataset's live entities; below each property those of what is in it.

    `properties` are names, or paths such as `address.city`; elements of lists as `lines.sku` or
    `lines[].sku`. With `exact` integers among floats, and null from absent, are told of up to
    100,000 entities. Raises ClientError for a property that no entity has, unless `missing_ok`.
    """
    from sesam_interactive.frames.typed import TypedTable, typed_lines, typed_table

    if limit is not None and limit < 1:
        raise ClientError(f"expected a limit of at least 1, got {limit}")
    names = None if properties is None else [plain_path(path) for path in properties]
    asked: dict[str, Any] = {"history": False, "deleted": False, "reserved": False}
    asked |= {"limit": limit, "as_of": dataset.moment}
    if names is not None:
        # A path begins with a property, unless the whole of it is the name of one.
        tops = dict.fromkeys(top for name in names for top in (name, name.partition(".")[0]))
        asked["properties"] = json.dumps(list(tops), ensure_ascii=False)
    path, total = f"{dataset.path}/entities", _count(dataset)
    total = total if limit is None else min(limit, total)
    data = dataset.connection.table(path, **asked) if exact and total <= EXACT_MOST else None
    if data is not None:
        table = typed_table(data)
    else:
        with _progress(dataset, total) as progress:
            with open_lines(dataset.connection, path, **asked) as lines:
                table = typed_lines(_told(lines, progress, total))
            progress.close(f"{dataset}: {table.rows:,} entities read")
    if names is None:
        return table
    kept = [column for column in table.columns if _is_asked(column.path, names)]
    found = {plain_path(column.path) for column in kept if column.filled}
    missing = [name for name in names if name not in found]
    if missing and table.rows and not missing_ok:
        raise ClientError(_unknown(dataset, missing[0]))
    return TypedTable(table.rows, kept)


def _progress(dataset: Place, total: int) -> Progress:
    """A line for somebody who waits for many entities; none in logs and files."""
    watched = in_notebook() or sys.stdout.isatty()
    return Progress(f"{dataset}: reading", shown=watched and total > EXACT_MOST)


def _told(lines: Iterable[bytes], progress: Progress, total: int) -> Iterator[bytes]:
    done = 0
    for chunk in lines:
        done += chunk.count(b"\n")
        progress.update(done, total)
        yield chunk


def plain_path(path: str) -> str:
    """A path as rules have it: without marks for the elements of lists."""
    return path.replace("[]", "")


def _is_asked(path: str, names: list[str]) -> bool:
    """Is it one of these, or in one of these?"""
    plain = plain_path(path)
    return any(plain == name or plain.startswith(f"{name}.") for name in names)


def _count(dataset: Place) -> int:
    runtime = dataset.connection.get(dataset.path)["runtime"]
    return int(runtime["count-index-exists"]) - int(runtime["count-index-deleted"])


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
