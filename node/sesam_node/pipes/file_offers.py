"""The files of a folder or bucket as offers: their columns, and what identifies a row, guessed."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sesam_node.errors import PipeError, SesamError
from sesam_node.model.json_lines import line_elements
from sesam_node.model.json_stream import array_elements
from sesam_node.model.values import kind
from sesam_node.pipes.dialect import sniff
from sesam_node.pipes.excel.workbook import ENDINGS as EXCEL_ENDINGS
from sesam_node.pipes.excel.workbook import WorkbookError, opened
from sesam_node.pipes.introspection import Offer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    Open = Callable[[], BinaryIO]
    Look = Callable[[str, BinaryIO], Offer]

SAMPLE_BYTES = 64 * 1024
SAMPLE_ENTITIES = 100
LINE_NAMES = (".jsonl", ".ndjson")
JSON_NAMES = (".json", *LINE_NAMES)
SAMPLE_ROWS = 200
MAX_WORKBOOK_BYTES = 20 * 1024 * 1024
"""A workbook is held in memory for the first of its rows."""

EXCEL_TYPES = {int: "integer", float: "float", bool: "boolean"} | dict.fromkeys(
    (datetime, date), "datetime"
)
RDF_FORMATS = {".nt": "nt", ".ttl": "ttl", ".rdf": "xml"}
SEPARATED = (".csv", ".tsv", ".txt")
ENCODINGS = ("utf-8", "cp1252")


def of_file(name: str, size: int, open_: Open) -> Offer | None:
    """A file as an offer; null for one of a kind that no source reads.

    `open_` opens it; what cannot be read is an offer with its problem.
    """
    path = PurePosixPath(name)
    ending = path.suffix.lower()
    if ending in SEPARATED:
        look: Look = _separated
    elif ending == ".parquet":
        look = _parquet
    elif ending in EXCEL_ENDINGS and not path.name.startswith("~$"):
        look = _excel
    elif ending in JSON_NAMES:
        look = _json
    elif ending in RDF_FORMATS:
        look = _rdf
    else:
        return None
    facts = {"size_bytes": size}
    if look is _excel and size > MAX_WORKBOOK_BYTES:
        problem = "it is too large to look into: write the source by hand"
        return Offer(name, "file", problem=problem, facts=facts)
    try:
        with open_() as file:
            found = look(name, file)
    except (SesamError, WorkbookError) as error:
        return Offer(name, "file", problem=f"it cannot be read: {error}", facts=facts)
    return replace(found, facts={**found.facts, **facts})


def _json(name: str, file: BinaryIO) -> Offer:
    lines = name.lower().endswith(LINE_NAMES) or _begins_with_entity(file)
    found = (line_elements if lines else array_elements)(file)
    sample = [entity for _, entity, _ in islice(found, SAMPLE_ENTITIES)]
    columns = {
        key: {"name": key, "type": kind(value)} | ({"primary_key": True} if key == "_id" else {})
        for entity in reversed(sample)
        for key, value in entity.items()
        if value is not None
    }
    source = {"type": "json", "url": name}
    if lines and not name.lower().endswith(LINE_NAMES):
        source["format"] = "lines"
    named = all("_id" in entity for entity in sample)
    problem = "" if named else "its entities have no _id: give them one in a transform"
    return Offer(name, "file", tuple(columns.values()), source, None, problem)


def _rdf(name: str, _file: BinaryIO) -> Offer:
    # What properties there are is known only when all is read.
    format_ = RDF_FORMATS[PurePosixPath(name).suffix.lower()]
    source = {"type": "rdf", "url": name, **({"format": format_} if format_ != "nt" else {})}
    return Offer(name, "file", (), source)


def _excel(name: str, file: BinaryIO) -> Offer:
    with opened(file) as book:
        sheets = book.sheets
        sheet = book.sheet(None)
        rows = [cells for _, cells in islice(sheet.rows(), SAMPLE_ROWS)]
    facts = {"sheets": sheets, "sheet": sheet.name}
    if not rows:
        return Offer(name, "file", problem=f'the sheet "{sheet.name}" is empty', facts=facts)
    header = ["" if cell is None else str(cell).strip() for cell in rows[0]]
    named = [place for place, column in enumerate(header) if column]
    body = [
        [str(row[p]) if p < len(row) and row[p] is not None else "" for p in named]
        for row in rows[1:]
    ]
    names = [header[place] for place in named]
    key, problem = _key(names, body, is_whole=len(rows) < SAMPLE_ROWS)
    source = {"type": "excel", "url": name, "sheet": sheet.name, "primary_key": key}
    columns = tuple(
        {"name": header[p], "type": _types(rows[1:], p)}
        | ({"primary_key": True} if header[p] in key else {})
        for p in named
    )
    return Offer(name, "file", columns, source, None, problem, facts)


def _types(rows: list[list[Any]], place: int) -> str:
    found = {
        EXCEL_TYPES.get(type(row[place]), "text")
        for row in rows
        if place < len(row) and row[place] is not None
    }
    return " or ".join(sorted(found)) or "text"


def _begins_with_entity(file: BinaryIO) -> bool:
    start = file.read(1_024)
    file.seek(0)
    return start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def _parquet(name: str, file: BinaryIO) -> Offer:
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(file) as table:
            schema, rows = table.schema_arrow, table.metadata.num_rows
    except ArrowException as error:
        raise PipeError(str(error)) from None
    names = sorted(schema.names, key=_unlikely)
    columns = tuple(
        {"name": field.name, "type": str(field.type)}
        | ({"primary_key": True} if field.name == names[0] else {})
        for field in schema
    )
    source = {"type": "parquet", "url": name, "primary_key": names[:1]}
    guess = "" if names[:1] == ["_id"] else "the key is a guess"
    sink = {"type": "parquet", "url": name}
    return Offer(name, "file", columns, source, sink, guess, {"rows": rows})


def _separated(name: str, file: BinaryIO) -> Offer:
    data = file.read(SAMPLE_BYTES)
    text, encoding = _decoded(data)
    if len(data) == SAMPLE_BYTES:
        text = text[: text.rfind("\n") + 1] or text
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), **sniff(text)) if row]
    if not rows:
        return Offer(name, "file", problem="it is empty")
    header, body = rows[0], rows[1:]
    key, problem = _key(header, body, is_whole=len(data) < SAMPLE_BYTES)
    source: dict[str, Any] = {"type": "csv", "url": name, "primary_key": key}
    if encoding != "utf-8":
        source["encoding"] = encoding
    columns = tuple(
        {"name": column, "type": "text"} | ({"primary_key": True} if column in key else {})
        for column in header
    )
    facts = {"delimiter": sniff(text)["delimiter"], "encoding": encoding}
    return Offer(name, "file", columns, source, None, problem, facts)


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "ignore"), "utf-16"
    zeros = data[: 2 * SAMPLE_ROWS]
    for encoding, start in (("utf-16-le", 1), ("utf-16-be", 0)):
        # Most of what people write has a zero in every other byte then.
        if zeros[start::2].count(0) > len(zeros) // 4 and not zeros[1 - start :: 2].count(0):
            return data.decode(encoding, "ignore"), encoding
    # A character that is cut off at the end of the sample is no sign of another encoding.
    for encoding in ENCODINGS:
        for cut in range(4 if len(data) == SAMPLE_BYTES else 1):
            try:
                return data[: len(data) - cut].decode(encoding).removeprefix("\ufeff"), encoding
            except UnicodeDecodeError:
                continue
    return data.decode("latin-1"), "latin-1"


def _key(header: list[str], body: list[list[str]], *, is_whole: bool) -> tuple[list[str], str]:
    """The columns that identify a row of the sample: one of them, two, or all.

    What is unique in a part of the rows may not be so in all: then one row would hide another.
    """

    def unique(*positions: int) -> bool:
        values = [
            tuple(row[p] for p in positions) for row in body if len(row) > max(positions, default=0)
        ]
        return len(values) == len(set(values)) and all(all(value) for value in values)

    likely = sorted(range(len(header)), key=lambda p: (_unlikely(header[p]), p))
    for position in likely:
        if unique(position):
            if not body:
                return [header[position]], "there are no rows: the key is a guess"
            is_named = not _unlikely(header[position])
            seen = f"the key is a guess: only the first {len(body):,} rows were looked at"
            return [header[position]], "" if is_whole or is_named else seen
    for first in range(min(len(header), 8)):
        for second in range(first + 1, min(len(header), 8)):
            if unique(first, second):
                return [header[first], header[second]], "the key is a guess"
    return list(header), "no column identifies a row: the key is all of them"


def _unlikely(name: str) -> int:
    lower = name.lower()
    if lower in ("id", "_id", "uuid", "key"):
        return 0
    return 1 if lower.endswith(("id", "key", "code", "no", "number")) else 2
