"""The excel_endpoint sink: cells as Excel has them, harmless text, and the limits of Excel.

What is published is read by openpyxl, which shares nothing with the library that wrote it.
"""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from sesam_node.errors import PipeError
from sesam_node.hub.checking import check_configuration
from sesam_node.pipes.excel import writer
from sesam_node.pipes.excel.writer import cell


def published(node, *entities, **options):
    node.put("a", *entities)
    node.pipe("out", source="a", sink={"type": "excel_endpoint", **options})
    return load_workbook(io.BytesIO(node.published("out", endpoint="excel")))


def rows(book):
    return [tuple(one.value for one in row) for row in book.worksheets[0].iter_rows()]


def test_values_are_cells_of_their_types(node):
    entity = {
        "_id": "1",
        "text": "Ada\nLovelace",
        "n": 7,
        "big": 1234567890123456,
        "x": 0.5,
        "exact": "~f1.10",
        "long": "~f1.0000000000000001",
        "ok": True,
        "at": "~t2024-01-31T12:00:00.5Z",
        "day": "~t2024-01-31",
        "old": "~t1066-10-14T09:00:00Z",
        "tags": ["a", 1],
        "uri": "~rhttp://x/y",
        "odd": "a\x01b_x0041_",
    }
    book = published(node, entity, columns=[*entity, "gone"])
    header, row = rows(book)
    assert header == (*entity, "gone")
    made = dict(zip(header, row, strict=True))
    assert unescape(made.pop("odd")) == entity["odd"]
    assert made == {
        "_id": "1",
        "text": "Ada\nLovelace",
        "n": 7,
        "big": "1234567890123456",
        "x": 0.5,
        "exact": 1.1,
        "long": "1.0000000000000001",
        "ok": True,
        "at": datetime.fromisoformat("2024-01-31T12:00:00.5"),
        "day": datetime.fromisoformat("2024-01-31"),
        "old": "1066-10-14T09:00:00Z",
        "tags": '["a",1]',
        "uri": "http://x/y",
        "gone": None,
    }


@pytest.mark.parametrize("text", ["=1+1", "=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)", "{=1}"])
def test_text_is_never_a_formula(memory_node, text):
    book = published(memory_node, {"_id": text, "x": f"~~{text}", "url": "http://x/"})
    sheet = book.worksheets[0]
    assert [one.data_type for one in sheet[2]] == ["s", "s", "s"]
    assert sheet["A2"].value == text
    assert sheet["C2"].hyperlink is None


def test_all_properties_are_columns_where_none_are_named(node):
    book = published(node, {"_id": "1", "b": 1, "$x": 1}, {"_id": "2", "a": 2, "b": None})
    assert rows(book) == [("_id", "b", "a"), ("1", 1, None), ("2", None, 2)]


def test_deleted_ones_are_left_out_and_so_may_be_the_header(node):
    node.put("a", {"_id": "1"})
    node.put("a", {"_id": "1", "_deleted": True})
    book = published(node, {"_id": "2"}, include_header=False, sheet="Kunder")
    assert (rows(book), book.sheetnames) == ([("2",)], ["Kunder"])


def test_no_entities_make_a_sheet_with_its_header(node):
    node.store.dataset("a")
    assert rows(published(node, columns=["x"])) == [("x",)]


@pytest.mark.parametrize(
    ("limit", "value", "entities", "said"),
    [
        ("MAX_ROWS", 3, [{"_id": "1"}, {"_id": "2"}, {"_id": "3"}], "more than 2 entities"),
        ("MAX_COLUMNS", 1, [{"_id": "1", "x": 1}], "2 columns, but a sheet holds 1"),
        ("MAX_TEXT", 4, [{"_id": "1", "x": "12345"}], 'entity "1" has 5 characters, but a cell'),
    ],
)
def test_the_limits_of_excel_are_told(memory_node, monkeypatch, limit, value, entities, said):
    monkeypatch.setattr(writer, limit, value)
    with pytest.raises(PipeError) as raised:
        published(memory_node, *entities)
    assert said in raised.value.problems[0].message


def test_the_limits_are_those_of_excel():
    assert (writer.MAX_ROWS, writer.MAX_COLUMNS, writer.MAX_TEXT) == (2**20, 2**14, 2**15 - 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("~t1900-02-28T00:00:00Z", ("1900-02-28T00:00:00Z", None)),
        ("~t1900-03-01T00:00:00Z", (61.0, writer.SECONDS)),
        (10**15 - 1, (10**15 - 1, None)),
        (-(10**15), ("-1000000000000000", None)),
        ("~f100000000000000000", (1e17, None)),
        ("~b/w==", ("/w==", None)),
    ],
)
def test_what_excel_would_not_keep_is_text(value, expected):
    assert cell(value) == expected


@pytest.mark.parametrize("name", ["", "a" * 32, "a/b", "'a"])
def test_a_name_that_no_sheet_may_have_is_told(name):
    pipe = {
        "_id": "out",
        "type": "pipe",
        "source": {"type": "empty"},
        "sink": {"type": "excel_endpoint", "sheet": name},
    }
    (problem,) = check_configuration([pipe], {}).checked.problems
    assert (problem.path, problem.code) == ("$.sink.sheet", "bad-sheet-name")
