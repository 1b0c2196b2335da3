"""The csv source: the rows of a file behind a URL system, read as they come."""

from __future__ import annotations

import codecs
import csv
import io
import re
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NoReturn

from sesam_node.errors import ConfigError, PipeError, Problem, preview, suggestion
from sesam_node.pipes.batch import BATCH_SIZE, Batch
from sesam_node.pipes.common_options import STRINGS, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.dialect import sniff
from sesam_node.pipes.encoded import Assembly, text_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.encoded import Encoded, Texts

SAMPLE_CHARACTERS = 64 * 1024
MAX_CELL = 100 * 1024 * 1024
END = "\ufdd0\ufdd1\ufdd0"
"""A line behind the last one, of characters that no text may have: within a quoted cell, the quote
was never closed."""

SEPARATOR = re.compile(r"sep=([^\r\n])(?:\r\n|\r|\n)", re.IGNORECASE)
DIALECTS: dict[str, dict[str, Any]] = {
    "excel": {"delimiter": ","},
    "excel_tab": {"delimiter": "\t"},
    "unix_dialect": {"delimiter": ","},
}


@source(
    "csv",
    SYSTEM_ID,
    URL,
    Option(
        "primary_key", STRINGS, doc="the column, or columns, that make _id; joined with a colon"
    ),
    Option("has_header", "boolean", default=True, doc="does the first row name the columns?"),
    Option("field_names", "string-list", None, "the names of the columns; wins over the header"),
    Option("auto_dialect", "boolean", default=True, doc="guess the dialect, unless it is given?"),
    Option("dialect", "string", None, "the dialect of the file", tuple(DIALECTS)),
    Option("delimiter", "string", None, "the character between cells; guessed, or a comma"),
    Option("encoding", "string", "UTF-8", "the character set"),
    Option(
        "decode_error_strategy",
        "string",
        "strict",
        "does a broken character fail the run, or is it replaced?",
        ("strict", "replace"),
    ),
    Option("whitelist", "string-list", None, "the columns that are kept"),
    Option("blacklist", "string-list", None, "columns that are left out"),
    Option("preserve_empty_strings", "boolean", default=False, doc="are empty cells kept?"),
    Option("escape_null_bytes", "boolean", default=False, doc="is a null byte written as \\0?"),
    is_since_comparable=True,
    fetches=True,
    namespaces=True,
    system_types=URL_SYSTEMS,
)
class CsvSource:
    """The rows of a CSV file, values as strings."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = options
        self._context = context
        keys = options["primary_key"]
        self._keys: list[str] = [keys] if type(keys) is str else list(keys)
        if not self._keys:
            raise ConfigError('"primary_key" names no column')
        if options["delimiter"] is not None and len(options["delimiter"]) != 1:
            given = preview(options["delimiter"])
            raise ConfigError(f'"delimiter" must be one character, got {given}')
        if not (options["has_header"] or options["field_names"]):
            raise ConfigError('a CSV file without header needs "field_names"')
        try:
            encoding = codecs.lookup(options["encoding"]).name
        except LookupError:
            message = f"unknown character set {preview(options['encoding'])}"
            raise ConfigError(message) from None
        self._encoding = "utf-8-sig" if encoding == "utf-8" else encoding

    def read(self, since: Offset) -> Iterator[Batch]:  # noqa: ARG002 - a file has no offsets
        csv.field_size_limit(MAX_CELL)
        system = self._context.system(self._options["system"])
        with system.open(self._options["url"]) as raw:
            text = io.TextIOWrapper(
                raw,
                self._encoding,
                errors=self._options["decode_error_strategy"],
                newline="",
            )
            for entities in self._entities(text):
                yield Batch(entities, None, None)

    def _entities(self, text: io.TextIOWrapper) -> Iterator[Encoded]:
        count, line = 0, 0
        rows: list[list[str]] = []
        try:
            reader = self._reader(text)
            names = self._names(reader)
            if names is None:
                return
            entities_of = RowReader(names, self._keys, self._options)
            while True:
                rows, line = [], reader.line_num
                # What was read before an error stays in the list.
                rows.extend(islice(reader, BATCH_SIZE))
                if rows and rows[-1] and rows[-1][-1].endswith(END):
                    self._refuse_open_quote(rows.pop(), count + sum(map(bool, rows)))
                if not rows:
                    return
                kept = rows if all(rows) else [row for row in rows if row]
                if kept:
                    yield entities_of(kept)
                count += len(kept)
        except UnicodeDecodeError as error:
            raise self._broken_character(error, text, count + sum(map(bool, rows))) from None
        except csv.Error as error:
            row_number = count + sum(map(bool, rows))
            raise self._error(f"behind row {row_number}: {error}", "broken-csv", "") from None
        except RowError as error:
            if error.position is None:
                where = "the header"
            else:
                where = f"row {count + error.position + 1}"
                at = line + line_of(rows, error.position)
                # Where nothing but the header stands before, the row tells the line.
                where += "" if at == count + error.position + 2 else f" (line {at})"
            raise self._error(f"{where}: {error}", error.code, error.hint) from None

    def _refuse_open_quote(self, row: list[str], number: int) -> None:
        """Raises PipeError where a row goes on to the end of the file."""
        if row != [END]:
            start = preview(row[-1].removesuffix(END), 60)
            hint = "is the quote character right?"
            where = f"row {number + 1}" if number >= 0 else "the header"
            message = f"{where}: the quote before {start} is never closed"
            raise self._error(message, "broken-csv", hint)

    def _broken_character(
        self, error: UnicodeDecodeError, text: io.TextIOWrapper, row_number: int
    ) -> PipeError:
        encoding = self._options["encoding"]
        where, hint = f"behind row {row_number}", 'set "encoding"'
        file: Any = text.buffer
        if file.seekable():
            file.seek(0)
            start = file.read(2)
            if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                hint = 'it begins as UTF-16: set "encoding" to "UTF-16"'
            file.seek(0)
            where = broken_place(file, self._encoding) or where
        byte = error.object[error.start]
        return self._error(f"{where}: a byte 0x{byte:02x} is not {encoding}", "decode-error", hint)

    def _error(self, message: str, code: str, hint: str) -> PipeError:
        url = self._options["url"]
        problem = Problem("", code, message, hint)
        return PipeError(f"the CSV file {preview(url)} cannot be read", [problem])

    def _reader(self, text: io.TextIOWrapper) -> Any:
        options = self._options
        sample = text.read(SAMPLE_CHARACTERS)
        sample += text.readline()
        marked = SEPARATOR.match(sample) if options["auto_dialect"] else None
        if marked and not (options["dialect"] or options["delimiter"]):
            # Excel's way to tell the delimiter in the file.
            lines: Iterable[str] = chain(
                io.StringIO(sample[marked.end() :], newline=""), text, [END]
            )
            return csv.reader(lines, delimiter=marked[1])
        lines = chain(io.StringIO(sample, newline=""), text, [END])
        if options["escape_null_bytes"]:
            lines = (line.replace("\0", "\\0") for line in lines)
        if options["dialect"]:
            dialect = dict(DIALECTS[options["dialect"]])
        elif options["auto_dialect"]:
            dialect = sniff(sample, delimiter=marked[1] if marked else options["delimiter"])
        else:
            dialect = dict(DIALECTS["excel"])
        if options["delimiter"] is not None:
            dialect["delimiter"] = options["delimiter"]
        return csv.reader(lines, **dialect)

    def _names(self, reader: Any) -> list[str] | None:
        """The names of the columns; null for an empty file."""
        header: list[str] | None = self._options["field_names"]
        if self._options["has_header"]:
            first = next((row for row in reader if row), [END])
            if first[-1].endswith(END):
                self._refuse_open_quote(first, -1)
                return None
            header = header or first
        return header


def line_of(rows: list[list[str]], position: int) -> int:
    """The line of a row that has cells, among the lines of these rows; the first is 1."""
    line = 1
    for row in rows:
        if row:
            if not position:
                break
            position -= 1
        # Quoted cells go over lines of their own; a blank one is a row without cells.
        line += 1 + sum(len(LINE_END.findall(cell)) for cell in row if "\n" in cell or "\r" in cell)
    return line


LINE_END = re.compile(r"\r\n|\r|\n")


def broken_place(file: Any, encoding: str) -> str:
    """Line and column of the first byte that is none of the encoding; empty where all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, column = 1, 1
    while True:
        data = file.read(SAMPLE_CHARACTERS)
        try:
            text, broken = decoder.decode(data, final=not data), False
        except UnicodeDecodeError as error:
            text = error.object[: error.start].decode(encoding, "replace")
            broken = True
        if lines := text.count("\n"):
            line, column = line + lines, 1
        column += len(text) - (text.rfind("\n") + 1)
        if broken:
            return f"line {line}, column {column}"
        if not data:
            return ""


class RowError(Exception):
    """A row that makes no entity, or a header; `position` counts from 0 in its batch."""

    def __init__(
        self, message: str, code: str, hint: str = "", position: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.position = position


class RowReader:
    """Makes entities of rows, given the names of the columns."""

    def __init__(self, names: list[str], keys: list[str], options: dict[str, Any]) -> None:
        for name in names:
            if name and names.count(name) > 1:
                message = f'the column "{name}" comes twice'
                raise RowError(message, "duplicate-column", 'name the columns in "field_names"')
        for key in keys:
            if key not in names:
                hint = suggestion(key, names) or f"the columns are {preview(names, 200)}"
                if any("\0" in name for name in names):
                    hint = 'it looks like UTF-16: set "encoding" to "UTF-16LE" or "UTF-16BE"'
                raise RowError(f'there is no column "{key}"', "missing-column", hint)
        self._names = names
        self._keys = [(names.index(key), key) for key in keys]
        wanted = options["whitelist"]
        refused = frozenset(options["blacklist"] or ())
        kept = [
            (position, name)
            for position, name in enumerate(names)
            if name and name not in refused and (wanted is None or name in wanted)
        ]
        self._kept = [position for position, _ in kept]
        self._assembled = Assembly([name for _, name in kept])
        self._empty: bool = options["preserve_empty_strings"]

    def __call__(self, rows: list[list[str]]) -> Encoded:
        """The entities of rows that have a cell at least. Raises RowError for the first bad one."""
        width = len(self._names)
        # A short row ends early: what is not there is no empty cell.
        cells: Sequence[Sequence[str | None]] = rows
        if set(map(len, rows)) != {width}:
            cells = [(*row[:width], *[None] * (width - len(row))) for row in rows]
            if any(any(row[width:]) for row in rows):
                self._refuse(rows)
        columns = list(zip(*cells, strict=True))
        parts: list[Any] = [columns[position] for position, _ in self._keys]
        if any(not all(part) for part in parts):
            self._refuse(rows)
        ids = parts[0] if len(parts) == 1 else list(map(":".join, zip(*parts, strict=True)))
        kept = [self._column(columns[position]) for position in self._kept]
        return self._assembled(kept, ids)

    def _column(self, cells: Sequence[str | None]) -> Texts:
        if not self._empty and "" in cells:
            cells = [cell or None for cell in cells]
        return text_column(cells)

    def _refuse(self, rows: list[list[str]]) -> NoReturn:
        """Raises RowError for the first row that makes no entity; there is one."""
        for number, row in enumerate(rows):
            width = len(row)
            if any(row[len(self._names) :]):
                message = f"{width} cells, but there are {len(self._names)} columns"
                raise RowError(message, "too-many-cells", "is the delimiter right?", number)
            for position, name in self._keys:
                if position >= width or not row[position]:
                    message = f'expected a value for "_id" in column "{name}", got null'
                    raise RowError(message, "missing-id", position=number)
        raise AssertionError("every row makes an entity")
