"""Workbooks that are read: their sheets, and the rows of one with values as Excel means them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import ConfigError, suggestion
from sesam_node.pipes.excel.look import column_letters, look

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

ENDINGS: Final = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
MAX_CELLS: Final = 50_000_000
"""Cells of the rectangle that is held in memory: about a gigabyte and a half."""

EXACT: Final = 2.0**53
Merged = tuple[tuple[int, int], tuple[int, int]]


class WorkbookError(Exception):
    """A workbook or sheet that cannot be read."""

    def __init__(self, message: str, code: str = "broken-excel", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


@contextmanager
def opened(file: BinaryIO) -> Iterator[Workbook]:
    """A workbook of a file that can be moved in. Raises WorkbookError."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook, PasswordError
    except ImportError:
        hint = "pip install 'sesam-interactive[excel]'"
        raise ConfigError(f"Excel files need python-calamine: {hint}") from None
    try:
        with _quiet(), CalamineWorkbook.from_filelike(file) as book:
            yield Workbook(file, book)
    except PasswordError:
        message = "it is protected by a password"
        raise WorkbookError(message, hint="save it without one") from None
    except CalamineError as error:
        raise WorkbookError(str(error) or "it is no workbook") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """A panic of the library as an error: a broken file must not end the worker."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise WorkbookError(f"it is broken: {error}") from None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a sheet; `merged` are the ranges of cells that are shown as one, from 0."""

    name: str
    errors: Mapping[tuple[int, int], str]
    _found: Any
    merged: list[Merged] = field(default_factory=list)

    def rows(self, *, fill_merged: bool = False) -> Iterator[tuple[int, list[Any]]]:
        """The number of each row that is not empty, and its cells from column A on.

        Empty cells are null. With `fill_merged` all cells of a merged range have its value.
        """
        start = self._found.start
        if start is None:
            return
        before = [None] * start[1]
        merged = sorted(self.merged) if fill_merged else []
        open_ranges: list[tuple[Merged, Any]] = []
        for number, cells in enumerate(self._found.iter_rows()):
            row = [*before, *map(value_of, cells)]
            if merged or open_ranges:
                _fill(row, number, merged, open_ranges)
            if any(value is not None for value in row):
                yield number + 1, row


def _fill(
    row: list[Any], number: int, merged: list[Merged], opened_: list[tuple[Merged, Any]]
) -> None:
    """Puts the values of merged ranges into a row; they begin in order and end when they do."""
    opened_[:] = [one for one in opened_ if one[0][1][0] >= number]
    while merged and merged[0][0][0] <= number:
        one = merged.pop(0)
        if one[0][1] < len(row):
            opened_.append((one, row[one[0][1]]))
    for ((_, first), (_, last)), value in opened_:
        row.extend([None] * (last + 1 - len(row)))
        row[first : last + 1] = [value] * (last + 1 - first)


def value_of(cell: Any) -> Any:
    """A cell as Excel means it: whole numbers are integers, what is empty is null."""
    if type(cell) is float:
        return int(cell) if cell.is_integer() and abs(cell) < EXACT else cell
    return None if cell == "" else cell


class Workbook:
    """An open workbook."""

    def __init__(self, file: BinaryIO, book: Any) -> None:
        self._file = file
        self._book = book

    @property
    def sheets(self) -> list[str]:
        """The names of the sheets with cells, in the order of the workbook; hidden ones too."""
        return [one.name for one in self._book.sheets_metadata if "WorkSheet" in str(one.typ)]

    def sheet(self, name: str | None) -> Sheet:
        """A sheet; the first one that is not hidden where no name is given."""
        known = self.sheets
        if name is None:
            visible = [
                one.name
                for one in self._book.sheets_metadata
                if one.name in known and str(one.visible).endswith("Visible")
            ]
            name = next(iter(visible or known), None)
        if name not in known:
            hint = suggestion(name or "", known) or f"the sheets are {', '.join(known)}"
            raise WorkbookError(f'there is no sheet "{name}"', "missing-sheet", hint)
        position = self._file.tell()
        found = look(self._file, name)
        self._file.seek(position)
        if found is not None and found.rows * found.columns > MAX_CELLS:
            last = f"{column_letters(found.columns)}{found.rows}"
            raise WorkbookError(
                f'the cells of sheet "{name}" reach to {last}: that are '
                f"{found.rows * found.columns} cells, but at most {MAX_CELLS} can be read",
                "too-many-cells",
                "delete the cells outside the table, or save it as CSV",
            )
        with _quiet():
            sheet = self._book.get_sheet_by_name(name)
        return Sheet(name, found.errors if found else {}, sheet, sheet.merged_cell_ranges or [])
