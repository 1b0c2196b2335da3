"""The csv source: the rows of a file behind a URL system, read as they come."""

from __future__ import annotations

import codecs
import csv
import io
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
        self.supports_since = False
        self.is_since_comparable = True
        self.is_chronological = False
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
        count = 0
        rows: list[list[str]] = []
        try:
            reader = self._reader(text)
            names = self._names(reader)
            if names is None:
                return
            entities_of = RowReader(names, self._keys, self._options)
            while True:
                rows = []
                # What was read before an error stays in the list.
                rows.extend(islice(reader, BATCH_SIZE))
                if not rows:
                    return
                kept = rows if all(rows) else [row for row in rows if row]
                if kept:
                    yield entities_of(kept)
                count += len(kept)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            row_number = count + sum(map(bool, rows))
            raise self._error(
                f"a byte 0x{byte:02x} behind row {row_number} is not {self._options['encoding']}",
                "decode-error",
                'set "encoding"',
            ) from None
        except csv.Error as error:
            row_number = count + sum(map(bool, rows))
            raise self._error(f"behind row {row_number}: {error}", "broken-csv", "") from None
        except RowError as error:
            where = "the header" if error.position is None else f"row {count + error.position + 1}"
            raise self._error(f"{where}: {error}", error.code, error.hint) from None

    def _error(self, message: str, code: str, hint: str) -> PipeError:
        url = self._options["url"]
        problem = Problem("", code, message, hint)
        return PipeError(f"the CSV file {preview(url)} cannot be read", [problem])

    def _reader(self, text: io.TextIOWrapper) -> Any:
        options = self._options
        sample = text.read(SAMPLE_CHARACTERS)
        sample += text.readline()
        lines: Iterable[str] = chain(io.StringIO(sample, newline=""), text)
        if options["escape_null_bytes"]:
            lines = (line.replace("\0", "\\0") for line in lines)
        if options["dialect"]:
            dialect = dict(DIALECTS[options["dialect"]])
        elif options["auto_dialect"]:
            dialect = sniff(sample, delimiter=options["delimiter"])
        else:
            dialect = dict(DIALECTS["excel"])
        if options["delimiter"] is not None:
            dialect["delimiter"] = options["delimiter"]
        return csv.reader(lines, **dialect)

    def _names(self, reader: Any) -> list[str] | None:
        """The names of the columns; null for an empty file."""
        header: list[str] | None = self._options["field_names"]
        if self._options["has_header"]:
            first = next((row for row in reader if row), None)
            if first is None:
                return None
            header = header or first
        return header


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
