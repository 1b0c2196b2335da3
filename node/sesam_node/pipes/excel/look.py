"""A look into the XML of a workbook: how far a sheet reaches, and which cells hold errors.

The library that reads workbooks fills a rectangle that holds all cells, so that one stray cell in
the last corner of a sheet would ask for half a terabyte, and it gives cells with an error as empty.
Both are told here before it reads. Only xlsx and xlsm files can be looked into; other formats do
not get as large, and their errors are not told.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import unescape

if TYPE_CHECKING:
    from typing import BinaryIO

BROKEN: Final = (zipfile.BadZipFile, zlib.error, ValueError)
READ_BYTES: Final = 1 << 20
OVERLAP_BYTES: Final = 4_096
MAX_PART_BYTES: Final = 16 << 20
MAX_ERRORS: Final = 10_000

COLUMN: Final = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3})')
ROW: Final = re.compile(rb'<(?:\w+:)?row [^>]*?r="(\d{1,9})"')
ERROR: Final = re.compile(
    rb'<(?:\w+:)?c r="([A-Z]{1,3})(\d{1,9})"[^>]*? t="e"[^>]*>.{0,3000}?<(?:\w+:)?v>([^<]{1,40})<',
    re.DOTALL,
)
SHEET: Final = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
RELATION: Final = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
ATTRIBUTE: Final = re.compile(r'([\w:]+)\s*=\s*"([^"]*)"')


@dataclass(slots=True)
class Look:
    """What a sheet has: `rows` and `columns` to its last cell, `errors` by (row, column) from 1."""

    rows: int = 0
    columns: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)


def look(file: BinaryIO, sheet: str) -> Look | None:
    """The sheet of an xlsx file; null where it cannot be looked into. The file goes back to 0."""
    try:
        with zipfile.ZipFile(file) as archive:
            part = _part(archive, sheet)
            return None if part is None else _looked(archive, part)
    except (*BROKEN, KeyError, OSError, EOFError, NotImplementedError, RuntimeError):
        return None
    finally:
        file.seek(0)


def _looked(archive: zipfile.ZipFile, part: str) -> Look:
    found = Look()
    columns: set[bytes] = set()
    with archive.open(part) as xml:
        tail = b""
        while chunk := xml.read(READ_BYTES):
            text = tail + chunk
            columns.update(COLUMN.findall(text))
            if rows := ROW.findall(text):
                found.rows = max(found.rows, *map(int, rows[-2:]))
            if b' t="e"' in text and len(found.errors) < MAX_ERRORS:
                for column, row, error in ERROR.findall(text):
                    found.errors[int(row), column_number(column.decode())] = error.decode()
            tail = text[-OVERLAP_BYTES:]
    found.columns = max((column_number(name.decode()) for name in columns), default=0)
    return found


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Where in the archive the XML of a sheet is."""
    book = _text(archive, "xl/workbook.xml")
    relations = {
        one.get("Id", ""): one.get("Target", "")
        for one in map(_attributes, RELATION.findall(_text(archive, "xl/_rels/workbook.xml.rels")))
    }
    for one in map(_attributes, SHEET.findall(book)):
        if one.get("name") == sheet:
            key = next((value for name, value in one.items() if name.endswith(":id")), "")
            target = relations.get(key, "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return part if part in archive.namelist() else None
    return None


def _text(archive: zipfile.ZipFile, part: str) -> str:
    with archive.open(part) as file:
        return file.read(MAX_PART_BYTES).decode("utf-8", "replace")


def _attributes(tag: str) -> dict[str, str]:
    escapes = {"&quot;": '"', "&apos;": "'"}
    return {name: unescape(value, escapes) for name, value in ATTRIBUTE.findall(tag)}


def column_number(letters: str) -> int:
    """`A` is 1, `AA` is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 is `A`, 27 is `AA`."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
