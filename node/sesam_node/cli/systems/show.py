"""What systems offer, on a terminal."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from sesam_node.cli.tables import plain, text_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

COLUMNS_SHOWN = 6
ENTITY_CHARACTERS = 500


def rows(found: Sequence[Mapping[str, Any]], *columns: str) -> None:
    """A table: with colours and folded cells in a terminal, else one line a row."""
    shown = [name for name in columns if any(row.get(name) for row in found)]
    if not sys.stdout.isatty():
        print("\n".join(text_table(found, shown)))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in shown:
        table.add_column(name, overflow="fold")
    for row in found:
        cells = [plain(row.get(name)) for name in shown]
        table.add_row(*(Text(cell, COLOURS.get(cell, "")) for cell in cells))
    Console(highlight=False).print(table)


COLOURS = {"ok": "green", "failed": "red", "unknown": "yellow"}


def offer_row(told: Mapping[str, Any]) -> dict[str, Any]:
    """One line of the table of what a system offers."""
    columns = [column["name"] for column in told["columns"]]
    more = f" … {len(columns)}" if len(columns) > COLUMNS_SHOWN else ""
    return {
        "offer": told["id"],
        "kind": told["kind"],
        "key": ", ".join(keys(told)),
        "columns": ", ".join(columns[:COLUMNS_SHOWN]) + more,
        "note": told.get("problem") or "",
    }


def keys(told: Mapping[str, Any]) -> list[str]:
    """The columns that identify a row."""
    return [column["name"] for column in told["columns"] if column.get("primary_key")]


def one_offer(system: str, told: Mapping[str, Any]) -> None:
    """An offer: its columns, and its first entities one a line."""
    print(f'{told["kind"]} "{plain(told["id"])}" of the system "{system}"')
    if told.get("problem"):
        print(f"note: {plain(told['problem'])}")
    if told["columns"]:
        print()
        named = [
            {
                "column": column["name"],
                "type": column.get("type"),
                "key": "key" if column.get("primary_key") else "",
                "null": "never" if column.get("nullable") is False else "",
            }
            for column in told["columns"]
        ]
        rows(named, "column", "type", "key", "null")
    names = [column["name"] for column in told["columns"]]
    lines = list(entity_lines(told.get("samples") or [], names))
    if lines:
        print()
        print("\n".join(lines))


def entity_lines(
    entities: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()
) -> Iterator[str]:
    """Entities as JSON, one a line, in the order of columns; what is long is cut."""
    for entity in entities:
        first = {name: entity[name] for name in ("_id", *columns) if name in entity}
        text = plain(json.dumps({**first, **entity}, ensure_ascii=False))
        cut = len(text) > ENTITY_CHARACTERS
        yield f"{text[:ENTITY_CHARACTERS]}…" if cut else text
