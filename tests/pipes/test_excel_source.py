"""The excel source: types kept, sheets and headers found, and what is wrong told by its cell.

The workbooks are written by openpyxl and XlsxWriter, and read by another library.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

import pytest
import xlsxwriter
from openpyxl import Workbook
from web_server import Reply

CENTURY = datetime.fromisoformat("1999-12-31")
MOMENT = datetime.fromisoformat("2024-01-31T12:00:00.5")


@pytest.fixture
def folder(tmp_path, memory_node):
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{tmp_path}/%s"}
    memory_node.more = {"systems": {"there": system}, "allow_files": True}
    return tmp_path


def made(folder, *rows, **cells):
    """A workbook with rows from A1 on, and further cells."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Orders"
    for row in rows:
        sheet.append(row)
    for place, value in cells.items():
        sheet[place] = value
    book.save(folder / "f.xlsx")
    return book


def got(node, **options):
    tried(node, **options)
    return node.live("got")


def tried(node, **options):
    source = {"type": "excel", "system": "there", "url": "f.xlsx", "primary_key": "id", **options}
    node.pipe("got", source=source)
    return node.run("got")


def error(node, **options):
    source = {"type": "excel", "system": "there", "url": "f.xlsx", "primary_key": "id", **options}
    node.pipe("got", source=source)
    return node.try_run("got").error


def test_values_keep_their_types(folder, memory_node):
    made(
        folder,
        ["id", "text", "whole", "part", "ok", "at", "day", "clock", "long", "tag", "none"],
        [1, " Ada ", 7, 1.25, True, MOMENT, date(2024, 2, 29), time(12, 5), 30.5, "~f1", None],
        ["x:1", "=", 10**15, -0.5, False, CENTURY, None, None, 2.0, "~x", None],
    )
    assert got(memory_node) == {
        "1": {
            "id": 1,
            "text": " Ada ",
            "whole": 7,
            "part": 1.25,
            "ok": True,
            "at": "~t2024-01-31T12:00:00.5Z",
            "day": "~t2024-02-29T00:00:00Z",
            "clock": "12:05:00",
            "long": 30.5,
            "tag": "~~f1",
        },
        "x:1": {
            "id": "x:1",
            "text": "=",
            "whole": 10**15,
            "part": -0.5,
            "ok": False,
            "at": "~t1999-12-31T00:00:00Z",
            "long": 2,
            "tag": "~x",
        },
    }


def test_durations_are_text(folder, memory_node):
    made(folder, ["id", "long"], [1, timedelta(hours=30, seconds=1)])
    assert got(memory_node) == {"1": {"id": 1, "long": "30:00:01"}}


def test_of_a_formula_the_saved_value_counts(folder, memory_node):
    with xlsxwriter.Workbook(folder / "f.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "sum", "text", "unknown"])
        sheet.write_row(1, 0, [1])
        sheet.write_formula(1, 1, "=1+1", None, 2)
        sheet.write_formula(1, 2, '="a"&"b"', None, "ab")
    assert got(memory_node) == {"1": {"id": 1, "sum": 2, "text": "ab"}}


def test_a_table_may_stand_anywhere(folder, memory_node):
    made(folder, B2="Orders of January", C4=" id ", D4="name", C5=1, D5="Ada", C7=2, E7="a note")
    assert got(memory_node, header_row=4) == {"1": {"id": 1, "name": "Ada"}, "2": {"id": 2}}


def test_sheets_are_named(folder, memory_node):
    book = made(folder, ["hidden"])
    book["Orders"].sheet_state = "hidden"
    for name, number in (("Now", 1), ("Før & <etter>", 2)):
        sheet = book.create_sheet(name)
        sheet.append(["id"])
        sheet.append([number])
    book.save(folder / "f.xlsx")
    assert got(memory_node) == {"1": {"id": 1}}
    assert got(memory_node, sheet="Før & <etter>") == {"2": {"id": 2}}
    assert 'there is no sheet "Nov"; did you mean "Now"?' in error(memory_node, sheet="Nov")


def test_columns_may_be_named_and_chosen(folder, memory_node):
    made(folder, ["x", "x", "y"], [1, 2, 3])
    names = {"field_names": ["id", "a", "b"], "blacklist": ["b"]}
    assert got(memory_node, **names) == {"1": {"id": 1, "a": 2}}
    made(folder, [1, 2], [3, 4])
    assert got(memory_node, has_header=False, field_names=["id", "a"]) == {
        "1": {"id": 1, "a": 2},
        "3": {"id": 3, "a": 4},
    }


def test_merged_cells_have_one_value_or_the_same(folder, memory_node):
    book = made(
        folder,
        ["country", "id", "a", "b"],
        ["Norway", 1, "both", None],
        [None, 2, "x", "y"],
        ["Chile", 3],
    )
    book["Orders"].merge_cells("A2:A3")
    book["Orders"].merge_cells("C2:D2")
    book.save(folder / "f.xlsx")
    plain = {
        "1": {"country": "Norway", "id": 1, "a": "both"},
        "2": {"id": 2, "a": "x", "b": "y"},
        "3": {"country": "Chile", "id": 3},
    }
    assert got(memory_node) == plain
    plain["1"]["b"] = "both"
    plain["2"]["country"] = "Norway"
    assert got(memory_node, fill_merged_cells=True) == plain


def test_a_cell_with_an_error_fails_the_run_unless_it_is_left_out(folder, memory_node):
    made(folder, ["id", "price", "note"], [1, 5, "ok"], [2, "#N/A", "ok"])
    said = 'cell B3 (column "price") holds the error #N/A'
    assert said in error(memory_node)
    assert said in error(memory_node, whitelist=["price"])
    whole = {"1": {"id": 1, "price": 5, "note": "ok"}, "2": {"id": 2, "note": "ok"}}
    assert got(memory_node, error_cells="omit") == whole
    # What is not read may hold what it likes.
    assert set(got(memory_node, whitelist=["note"])) == {"1", "2"}


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ([["id"], [1], [None, "x"]], {}, "row 3: expected a value for"),
        ([["idd"], [1]], {}, 'there is no column "id"; did you mean "idd"?'),
        ([["id", "a", "a"], [1]], {}, 'the column "a" comes twice'),
        ([["id"], [1]], {"header_row": 9}, "the header row 9 is empty"),
    ],
)
def test_what_is_wrong_is_told(folder, memory_node, rows, options, said):
    made(folder, *rows)
    assert said in error(memory_node, **options)


def test_a_sheet_without_rows_has_no_entities(folder, memory_node):
    made(folder)
    assert got(memory_node) == {}
    made(folder, ["id"])
    assert got(memory_node) == {}


def test_a_stray_cell_in_the_last_corner_is_refused_before_it_is_read(folder, memory_node):
    made(folder, ["id"], [1], XFD1048576="here")
    assert "reach to XFD1048576: that are 17179869184 cells" in error(memory_node)


@pytest.mark.parametrize("data", [b"", b"id,a\n1,2\n", b"PK\x03\x04 and no more"])
def test_what_is_no_workbook_is_told(folder, memory_node, data):
    (folder / "f.xlsx").write_bytes(data)
    assert 'the Excel file "f.xlsx" cannot be read' in error(memory_node)


def test_broken_workbooks_end_the_run_and_nothing_else(folder, memory_node):
    made(folder, ["id", "a"], *([number, f"text {number}"] for number in range(50)))
    sound = (folder / "f.xlsx").read_bytes()
    rng = random.Random(1)
    for _ in range(60):
        data = bytearray(sound)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        cut = rng.randrange(len(data)) if rng.random() < 0.3 else len(data)
        (folder / "f.xlsx").write_bytes(bytes(data[:cut]))
        said = error(memory_node)
        assert said is None or "cannot be read" in said


def test_many_rows_come_in_batches_from_a_server_too(memory_node, web, tmp_path):
    with xlsxwriter.Workbook(tmp_path / "f.xlsx", {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "a"])
        for number in range(1, 2_501):
            sheet.write_row(number, 0, [number, f"text {number}"])
    server = web(lambda _: Reply((tmp_path / "f.xlsx").read_bytes()))
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{server.url}/%s"}
    memory_node.more = {"systems": {"there": system}}
    assert tried(memory_node).changed == 2_500
    assert memory_node.live("got")["2500"] == {"id": 2500, "a": "text 2500"}


def test_a_header_is_needed_or_names(memory_node, folder):
    made(folder, ["id"])
    assert 'needs "field_names"' in error(memory_node, has_header=False)
