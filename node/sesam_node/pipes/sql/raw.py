"""Columns of PostgreSQL as the texts that it sends: most are JSON but for what stands around.

Making a Python object of each value, to write it as text again, costs more than all else. Types
that are not here are read by their Python objects, and so is every column of a connection whose
dates or characters are not in the usual form.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sesam_node.model import encode
from sesam_node.model.values import PLAIN_EXPONENT
from sesam_node.pipes.encoded import Texts, text_column
from sesam_node.pipes.sql.values import ValueRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Executable

    from sesam_node.pipes.sql.values import Reading

    Column = Sequence[str | None]

BOOLEANS = {"t": "true", "f": "false", None: None}


class RawColumns:
    """How the columns of one connection are read; `read` by type code (the OID of the type)."""

    def __init__(self, connection: Connection, reading: Reading) -> None:
        driver: Any = connection.connection.driver_connection
        self._driver = driver
        self._reading = reading
        self.read: dict[int, Callable[[Column], Texts]] = {}
        if driver.info.encoding == "utf-8":
            self.read = dict(KINDS)
            if not (driver.info.parameter_status("DateStyle") or "").startswith("ISO"):
                self.read = {code: one for code, one in KINDS.items() if code not in DATES}
            elif reading.zone is UTC:
                self.read[TIMESTAMP] = _moments
            self.read |= {code: partial(self._nested, code) for code in _nesting(driver)}

    @contextmanager
    def streamed(
        self, connection: Connection, statement: Executable, size: int
    ) -> Iterator[tuple[Any, Iterable[Any]]]:
        """The columns of a result, and its rows with texts in them, so many at once.

        By a cursor of the driver: SQLAlchemy's rows are dearer than the texts.
        """
        from psycopg.types.string import TextLoader

        compiled: Any = statement.compile(dialect=connection.dialect)  # type: ignore[attr-defined]
        with self._driver.cursor(name="sesam_rows") as cursor:
            for code in self.read:
                cursor.adapters.register_loader(code, TextLoader)
            cursor.execute(str(compiled), dict(compiled.params))
            yield cursor.description, iter(lambda: cursor.fetchmany(size), [])

    def objects(self, code: int) -> Callable[[str], Any] | None:
        """What makes of a text the object that the driver would give; null where it is not raw."""
        return OBJECTS.get(code, str) if code in self.read else None

    def _nested(self, code: int, texts: Column) -> Texts:
        """Arrays, ranges and records: the driver reads what is in them by its own loaders."""
        from psycopg.adapt import Transformer
        from psycopg.pq import Format

        load = Transformer(self._driver).get_loader(code, Format.TEXT).load
        values = [None if text is None else load(text.encode()) for text in texts]
        return self._reading.column(values)


def _nesting(driver: Any) -> list[int]:
    """The type codes whose values hold values of other types."""
    from psycopg.types.multirange import MultirangeInfo
    from psycopg.types.range import RangeInfo

    codes = [RECORD]
    for info in driver.adapters.types:
        codes.append(info.array_oid)
        if isinstance(info, RangeInfo | MultirangeInfo):
            codes.append(info.oid)
    return [code for code in codes if code]


def _integers(texts: Column) -> Texts:
    return Texts(texts)


def _booleans(texts: Column) -> Texts:
    return Texts([BOOLEANS[text] for text in texts])


def _floats(texts: Column) -> Texts:
    """Its shortest digits are ours; another exponent, or no point, makes another text."""
    together = "".join(filter(None, texts))
    if "e" in together or "n" in together or "N" in together:
        return Texts([None if text is None else _float(text) for text in texts])
    return Texts(
        [text if text is None or "." in text else f"{text}.0" for text in texts],
    )


def _float(text: str) -> str:
    value = float(text)
    if value - value != 0:
        raise ValueRefusedError(f"{value} is no value of an entity")
    return encode(value).decode()


def _decimals(texts: Column) -> Texts:
    together = "".join(filter(None, texts))
    if "n" in together or "N" in together:
        for text in filter(None, texts):
            if not Decimal(text).is_finite():
                raise ValueRefusedError(f"{Decimal(text)} is no value of an entity")
    if max(map(len, filter(None, texts)), default=0) > PLAIN_EXPONENT:
        return Texts([None if text is None else _long_decimal(text) for text in texts], '"~f', '"')
    return Texts(texts, '"~f', '"')


def _long_decimal(text: str) -> str:
    from sesam_node.model.values import decimal_text

    return decimal_text(Decimal(text))[2:]


def _moments(texts: Column) -> Texts:
    """Timestamps without a zone, of a system whose zone is UTC."""
    _check_years(texts)
    return Texts(_replaced(texts, "\n", "\n"), '"~t', 'Z"')


def _zoned(texts: Column) -> Texts:
    """Timestamps with a zone, in that of the connection."""
    _check_years(texts)
    if "\n".join([*filter(None, texts), ""]).count("+00\n") == sum(map(bool, texts)):
        return Texts(_replaced(texts, "+00\n", "\n"), '"~t', 'Z"')
    return Texts([None if text is None else _shifted(text) for text in texts], '"~t', 'Z"')


def _replaced(texts: Column, end: str, by: str) -> Column:
    """The texts in ISO 8601, each without its end."""
    together = "\n".join(["" if text is None else text for text in texts] + [""])
    made: list[str | None] = [*together.replace(end, by).replace(" ", "T").split("\n")]
    made.pop()
    return [text or None for text in made] if None in texts else made


def _shifted(text: str) -> str:
    try:
        shifted = datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError):
        raise _no_moment(text) from None
    return shifted.rstrip("0") if "." in shifted else shifted


def _dates(texts: Column) -> Texts:
    _check_years(texts)
    return Texts(texts, '"', '"')


def _check_years(texts: Column) -> None:
    """Raises ValueRefusedError for infinities, and what lies before the year 1 or after 9999."""
    known = list(filter(None, texts))
    if set(map(itemgetter(4), known)) <= {"-"} and "C" not in "".join(known):
        return
    for text in known:
        if text[4] != "-" or text.endswith("C"):
            raise _no_moment(text)


def _no_moment(text: str) -> ValueRefusedError:
    return ValueRefusedError(f"{text} lies outside the years 1 to 9999")


def _uuids(texts: Column) -> Texts:
    return Texts(texts, '"', '"')


TIMESTAMP = 1114
RECORD = 2249
DATES = (1082, TIMESTAMP, 1184)
KINDS: Mapping[int, Callable[[Column], Texts]] = {
    16: _booleans,
    20: _integers,
    21: _integers,
    23: _integers,
    26: _integers,
    19: text_column,
    25: text_column,
    1042: text_column,
    1043: text_column,
    700: _floats,
    701: _floats,
    1700: _decimals,
    1082: _dates,
    1184: _zoned,
    2950: _uuids,
}
"""bool; int8, int2, int4, oid; name, text, bpchar, varchar; float4, float8; numeric; date,
timestamptz; uuid."""

OBJECTS: Mapping[int, Callable[[str], Any]] = {
    16: lambda text: text == "t",
    20: int,
    21: int,
    23: int,
    26: int,
    700: float,
    701: float,
    1700: Decimal,
    1082: date.fromisoformat,
    TIMESTAMP: datetime.fromisoformat,
    1184: datetime.fromisoformat,
    2950: UUID,
}
