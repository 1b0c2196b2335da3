"""A workbook of one sheet, written row by row: memory does not grow with it.

Text is written as text, so that one that begins with `=` is never a formula. Dates and times are
cells of Excel; what Excel cannot hold exactly (numbers of more than 15 digits, times before March
1900) is text. The limits of Excel end the writing with an error that names them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import ConfigError, PipeError, Problem, preview
from sesam_node.model import encode
from sesam_node.model.values import kind_of_text, nanos, number, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

    from sesam_node.model import Entity, Value

MAX_ROWS: Final = 1_048_576
MAX_COLUMNS: Final = 16_384
MAX_TEXT: Final = 32_767
MAX_WIDTH: Final = 60
EXACT_DIGITS: Final = 15
EPOCH_SERIAL: Final = 25_569
FIRST_SERIAL: Final = 61
"""1 March 1900: before it, Excel counts a day that never was."""

DAY_NANOS: Final = 86_400_000_000_000
DATE, SECONDS, FRACTION = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd hh:mm:ss.000"
FORMATS: Final = (DATE, SECONDS, FRACTION)


def write_workbook(
    file: BinaryIO, sheet: str, columns: list[str], entities: Iterable[Entity], *, header: bool
) -> None:
    """Writes these properties of the entities, a row each.

    Raises PipeError where a limit of Excel is met, ConfigError where the library is missing.
    """
    try:
        from xlsxwriter import Workbook
    except ImportError:
        hint = "pip install 'sesam-interactive[excel]'"
        raise ConfigError(f"Excel files need xlsxwriter: {hint}") from None
    if len(columns) > MAX_COLUMNS:
        message = f"{len(columns)} columns, but a sheet holds {MAX_COLUMNS}"
        raise _limit("", message, 'name fewer in "columns"')
    book = Workbook(file, {"constant_memory": True})
    try:
        formats = {text: book.add_format({"num_format": text}) for text in FORMATS}
        page = book.add_worksheet(sheet)
        row = 0
        if header:
            bold = book.add_format({"bold": True})
            for place, name in enumerate(columns):
                page.set_column(place, place, min(MAX_WIDTH, max(10, len(name) + 2)))
                page.write_string(0, place, name, bold)
            page.freeze_panes(1, 0)
            row = 1
        for entity in entities:
            if row == MAX_ROWS:
                message = f"more than {MAX_ROWS - header} entities, but a sheet holds no more"
                raise _limit("", message, 'ask for fewer with "limit", or publish CSV')
            for place, name in enumerate(columns):
                value = entity.get(name)
                if value is not None:
                    _write(page, row, place, value, formats, entity, name)
            row += 1
    finally:
        book.close()


def _write(
    page: Any,
    row: int,
    place: int,
    value: Value,
    formats: dict[str, Any],
    entity: Entity,
    name: str,
) -> None:
    made, form = cell(value)
    if form is not None:
        page.write_number(row, place, made, formats[form])
    elif type(made) is bool:
        page.write_boolean(row, place, made)
    elif type(made) is str:
        if len(made) > MAX_TEXT:
            raise _limit(
                f"$.{name}",
                f"the text of the entity {preview(entity.get('_id'))} has {len(made)} characters, "
                f"but a cell holds {MAX_TEXT}",
                'cut it with "substring", or leave it out',
            )
        page.write_string(row, place, made)
    else:
        page.write_number(row, place, made)


def cell(value: Value) -> tuple[str | float | bool, str | None]:
    """What stands in a cell, and the format of a time; text where Excel would not keep the value.

    The value is not null.
    """
    kind = type(value)
    if kind is str:
        if value[:1] != "~":
            return value, None
        return _tagged(value)
    if kind is bool:
        return value, None
    if kind is int:
        return (value if len(str(abs(value))) <= EXACT_DIGITS else str(value)), None
    if kind is float:
        return value, None
    return encode(value).decode(), None


def _tagged(value: str) -> tuple[str | float | bool, str | None]:
    text = plain_text(value)
    if value[1] == "t":
        moment = nanos(value)
        if moment is None:
            return text, None
        serial = moment / DAY_NANOS + EPOCH_SERIAL
        if serial < FIRST_SERIAL:
            return text, None
        if kind_of_text(value) == "date":
            return serial, DATE
        return serial, FRACTION if moment % 1_000_000_000 else SECONDS
    if value[1] == "f":
        amount = number(value)
        if isinstance(amount, Decimal | int | float):
            exact = len(Decimal(amount).normalize().as_tuple().digits) <= EXACT_DIGITS
            return (float(amount) if exact else text), None
    return text, None


def _limit(path: str, message: str, hint: str) -> PipeError:
    problem = Problem(path, "excel-limit", message, hint)
    return PipeError("the entities cannot be published as an Excel workbook", [problem])
