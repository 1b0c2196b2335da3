"""The examples of docs/systems/files.md run as they stand."""

from __future__ import annotations

import io
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook, load_workbook
from page_examples import page_components

READINGS = (
    '{"_id": "1", "at": "~t2024-01-31T12:00:00Z", "celsius": 3.5}\n'
    '{"_id": "2", "at": "~t2024-01-31T13:00:00Z", "celsius": 4.0}\n'
)


@pytest.fixture
def page(tmp_path, memory_node):
    """The components of the page, on a node whose project lies in a folder of its own."""
    found = page_components("files")
    systems = {name: one for name, one in found.items() if one["type"] != "pipe"}
    (tmp_path / "data").mkdir()
    memory_node.more = {"systems": systems, "allow_files": True, "base_folder": str(tmp_path)}
    for name, one in found.items():
        if one["type"] == "pipe":
            parts = {key: part for key, part in one.items() if key not in ("_id", "type")}
            memory_node.pipe(name, **parts)
    return tmp_path / "data"


def test_json_lines(page, memory_node):
    (page / "readings.jsonl").write_text(READINGS)
    memory_node.run("readings")
    assert memory_node.live("readings") == {
        "1": {"at": "~t2024-01-31T12:00:00Z", "celsius": 3.5},
        "2": {"at": "~t2024-01-31T13:00:00Z", "celsius": 4.0},
    }


def test_csv(page, memory_node):
    (page / "customer.csv").write_text("id;name;city\n1;Ada;\n2;Bo;Oslo\n")
    memory_node.run("customer")
    assert memory_node.live("customer") == {
        "1": {"id": "1", "name": "Ada"},
        "2": {"id": "2", "name": "Bo", "city": "Oslo"},
    }


def test_parquet(page, memory_node):
    table = pa.table({"station": ["a", "a"], "hour": [1, 2], "celsius": [3.5, None]})
    pq.write_table(table, page / "measurement.parquet")
    memory_node.run("measurement")
    entities = {
        "a:1": {"station": "a", "hour": 1, "celsius": 3.5},
        "a:2": {"station": "a", "hour": 2},
    }
    assert memory_node.live("measurement") == entities
    (page / "out").mkdir()
    memory_node.run("measurement-file")
    assert pq.read_table(page / "out" / "measurement.parquet").to_pylist() == [
        {"_id": name, "celsius": None, **entity} for name, entity in entities.items()
    ]


def test_excel(page, memory_node):
    book = Workbook()
    book.active.title = "2024"
    book.active.append(["account", "amount", "decided"])
    book.active.append([3000, 12.5, date(2024, 1, 31)])
    book.save(page / "budget.xlsx")
    memory_node.run("budget")
    entity = {"account": 3000, "amount": 12.5, "decided": "~t2024-01-31T00:00:00Z"}
    assert memory_node.live("budget") == {"3000": entity}
    published = load_workbook(io.BytesIO(memory_node.published("budget-report", endpoint="excel")))
    assert [[cell.value for cell in row] for row in published.worksheets[0]] == [
        ["account", "amount", "decided"],
        [3000, 12.5, datetime.fromisoformat("2024-01-31")],
    ]
