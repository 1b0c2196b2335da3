"""The excel source: the rows of a sheet of a workbook, values with their types.

Beyond the manual. Reads xlsx, xlsm, xlsb, xls and ods files. Whole numbers are integers; dates are
datetimes in UTC, as Excel knows no zones; of a formula the value that was saved with it counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sesam_node.errors import ConfigError, PipeError, Problem, preview, suggestion
from sesam_node.pipes.batch import BATCH_SIZE, Batch
from sesam_node.pipes.common_options import STRINGS, SYSTEM_ID, URL, URL_SYSTEMS
from sesam_node.pipes.component import Option, source
from sesam_node.pipes.excel.look import column_letters
from sesam_node.pipes.excel.workbook import WorkbookError, opened
from sesam_node.pipes.seekable import seekable
from sesam_node.pipes.sql.row_reader import RowError, RowReader
from sesam_node.pipes.sql.values import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sesam_node.pipes.batch import Context, Offset
    from sesam_node.pipes.encoded import Encoded
    from sesam_node.pipes.excel.workbook import Sheet

Row = tuple[int, list[Any]]


@source(
    "excel",
    SYSTEM_ID,
    URL,
    Option("primary_key", STRINGS, doc="the columns that make _id; joined with a colon"),
    Option("sheet", "string", None, "the name of the sheet; the first visible one if null"),
    Option("has_header", "boolean", default=True, doc="does a row name the columns?"),
    Option(
        "header_row", "integer", None, "the row that names them, from 1; else the first", least=1
    ),
    Option(
        "field_names", "string-list", None, "the names of the columns from A; win over a header"
    ),
    Option(
        "fill_merged_cells",
        "boolean",
        default=False,
        doc="has each cell of a merged range its value?",
    ),
    Option(
        "error_cells",
        "string",
        "fail",
        "does a cell with an error, such as #N/A, fail the run, or is it left out?",
        ("fail", "omit"),
    ),
    Option("whitelist", "string-list", None, "the columns to read"),
    Option("blacklist", "string-list", None, "columns left out"),
    is_since_comparable=True,
    fetches=True,
    namespaces=True,
    system_types=URL_SYSTEMS,
)
class ExcelSource:
    """The rows of a sheet of an Excel workbook, types kept."""

    datasets: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], context: Context) -> None:
        self._options = {**options, "preserve_null_values": False}
        self._context = context
        keys = options["primary_key"]
        self._keys: list[str] = [keys] if isinstance(keys, str) else list(keys)
        if not self._keys:
            raise ConfigError('"primary_key" names no column')
        if not (options["has_header"] or options["field_names"]):
            raise ConfigError('a sheet without header needs "field_names"')

    def read(self, since: Offset) -> Iterator[Batch]:  # noqa: ARG002 - a file has no offsets
        options = self._options
        system = self._context.system(options["system"])
        try:
            with seekable(system, options["url"]) as file, opened(file) as book:
                sheet = book.sheet(options["sheet"])
                rows = sheet.rows(fill_merged=options["fill_merged_cells"])
                names = self._names(rows)
                if names is not None:
                    yield from self._batches(rows, _Columns(names, sheet, self._keys, options))
        except WorkbookError as error:
            problem = Problem("", error.code, str(error), error.hint)
            text = f"the Excel file {preview(options['url'])} cannot be read"
            raise PipeError(text, [problem]) from None

    def _batches(self, rows: Iterator[Row], columns: _Columns) -> Iterator[Batch]:
        batch: list[Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH_SIZE:
                yield Batch(columns.entities(batch), None, None)
                batch = []
        if batch:
            yield Batch(columns.entities(batch), None, None)

    def _names(self, rows: Iterator[Row]) -> list[str] | None:
        """The names of the columns from A on; null for an empty sheet."""
        options = self._options
        given: list[str] | None = options["field_names"]
        if not options["has_header"]:
            return given
        wanted = options["header_row"]
        for number, cells in rows:
            if wanted is None or number == wanted:
                return given or [_name(cell) for cell in cells]
            if number > wanted:
                break
        if wanted is None:
            return None
        raise WorkbookError(f"the header row {wanted} is empty", "missing-header")


class _Columns:
    """Makes entities of rows, given the names of the columns."""

    def __init__(
        self, names: list[str], sheet: Sheet, keys: list[str], options: dict[str, Any]
    ) -> None:
        for name in names:
            if name and names.count(name) > 1:
                hint = 'name the columns in "field_names"'
                raise WorkbookError(f'the column "{name}" comes twice', "duplicate-column", hint)
        for key in keys:
            if key not in names:
                hint = suggestion(key, names) or f"the columns are {preview(names, 200)}"
                raise WorkbookError(f'there is no column "{key}"', "missing-column", hint)
        # Columns without a name are no part of the table.
        self._places = [place for place, name in enumerate(names) if name]
        named = [names[place] for place in self._places]
        reading = Reading(dates_are_times=True)
        self._read = RowReader(reading, named, [None] * len(named), keys, options)
        self._names = names
        self._errors = sheet.errors if options["error_cells"] == "fail" else {}
        wanted, refused = options["whitelist"], options["blacklist"] or ()
        self._used = [
            place
            for place in self._places
            if names[place] in keys
            or (names[place] not in refused and (wanted is None or names[place] in wanted))
        ]

    def entities(self, rows: list[Row]) -> Encoded:
        if self._errors:
            self._refuse_errors(rows)
        table = [
            [cells[place] if place < len(cells) else None for _, cells in rows]
            for place in self._places
        ]
        try:
            return self._read.entities_of(table)
        except RowError as error:
            text = f"row {rows[error.position][0]}: {error}"
            raise WorkbookError(text, error.code, error.hint) from None

    def _refuse_errors(self, rows: list[Row]) -> None:
        for number, _ in rows:
            for place in self._used:
                error = self._errors.get((number, place + 1))
                if error is not None:
                    cell = f"{column_letters(place + 1)}{number}"
                    raise WorkbookError(
                        f'cell {cell} (column "{self._names[place]}") holds the error {error}',
                        "error-cell",
                        'correct it, or set "error_cells" to "omit"',
                    )


def _name(cell: Any) -> str:
    return "" if cell is None else str(cell).strip()
