"""Which type a column has, when the values under one property differ.

A first pass over the entities widens a `Column` for each property. Rules: one kind keeps its type;
integers beside floats or decimals become such; a single value beside lists is a list of one; any
other mix, numbers past 38 digits, dicts with more than 200 properties and values nested deeper than
16 levels are JSON text. Each column also notes what its type does not tell of its values (see
`Column.is_exact`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from sesam_node.errors import InputError, Problem
from sesam_node.model.values import kind_of_text, nanos, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sesam_node.model.values import Entity

MAX_COLUMNS: Final = 2_000
MAX_FIELDS: Final = 200
MAX_DIGITS: Final = 38
MAX_LEVELS: Final = 16
EXACT_INTEGER: Final = 2**53
NANOS_RANGE: Final = range(-(2**63), 2**63)
FIRST_IN_NANOS: Final = "~t1678"
FIRST_BEYOND_NANOS: Final = "~t2262"
"""64 bits of nanoseconds hold all datetimes of the years in between."""

PREFIXES: Final = {"~:": "ni", "~r": "uri"}
"""Tags that alone make a value of a kind, whatever follows."""

TEXT_KINDS: Final = {"string": "text", "uri": "uri", "uuid": "uuid", "ni": "ni"}
WIDER: Final = {
    ("integer", "float"): "float",
    ("float", "integer"): "float",
    ("integer", "decimal"): "decimal",
    ("decimal", "integer"): "decimal",
}
WITH_DIGITS: Final = frozenset({"integer", "decimal", "float"})
NO_TYPE: Final = type(None)
INTEGERS_AND_TEXTS: Final = {int, str}
INTEGERS_AND_FLOATS: Final = {int, float}

DAY = r"(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31"
micros_only = re.compile(
    rf"(?:~t(?!0000)\d{{4}}-(?:{DAY})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{{0,5}}[1-9])?Z\n)+",
    re.ASCII,
).fullmatch
"""Are these lines all datetimes in normal form that microseconds hold? (Leap days: perhaps.)"""

plain_decimal = re.compile(r"~f-?(0|[1-9][0-9]*)(?:\.([0-9]+))?").fullmatch


decimals_only = re.compile(
    r"(?:~f(?:-(?!0(?:\.0*)?\n))?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,22})?\n)+"
).fullmatch
"""Are these lines all decimals in normal form, and not too long?"""

whole_decimal = re.compile(r"\.0+\n").search
trailing_zero = re.compile(r"\.[0-9]*0\n").search


@dataclass(slots=True)
class Column:
    """The type of a column, or of a value inside one.

    `kind`: null, boolean, integer, float, decimal, text, uri, uuid, ni, date, datetime, bytes,
    list, struct or json. `digits` are those before the point of integers and decimals, `scale`
    those after it (`least` is the smallest such number); of datetimes `scale` is 9 where
    microseconds do not hold every value, and `wide` says that 64 bits of nanoseconds do not.

    What was seen that the type does not tell: `mixed` (integers among the floats or decimals), with
    `whole` (others that are whole numbers, too) and `large` (integers that floats do not hold);
    `single` values beside lists, and `ones`, lists of one; `nulls`, properties that are null and
    not absent (no matter where they are `always` there); `odd` values, not in normal form; decimals
    with `trailing` zeros.
    """

    kind: str = "null"
    digits: int = 0
    scale: int = 0
    least: int = MAX_DIGITS
    wide: bool = False
    mixed: bool = False
    whole: bool = False
    large: bool = False
    single: bool = False
    ones: bool = False
    nulls: bool = False
    always: bool = False
    odd: bool = False
    trailing: bool = False
    inner: Column | None = None
    fields: dict[str, Column] = field(default_factory=dict)

    # -- the first pass ----------------------------------------------------------------------------

    def add_all(self, values: Sequence[Any], *, tagged: bool, level: int = 0) -> None:
        """Widen the type by values, nulls among them; `tagged` is false where no text has a tag."""
        kinds = set(map(type, values))
        kinds.discard(NO_TYPE)
        if not kinds or self.kind == "json":
            return
        if len(kinds) == 1:
            kind = next(iter(kinds))
            present = [item for item in values if item is not None] if None in values else values
            if kind is str and self._add_texts(present, tagged=tagged):
                return
            if self._add_alike(kind, present, tagged=tagged, level=level):
                return
        elif kinds in (INTEGERS_AND_TEXTS, INTEGERS_AND_FLOATS):
            for kind in kinds:
                some = [item for item in values if type(item) is kind]
                self.add_all(some, tagged=tagged, level=level)
            return
        for value in values:
            if value is not None:
                self.add(value, level)

    def _add_alike(self, kind: type, values: Sequence[Any], *, tagged: bool, level: int) -> bool:
        """The quick way for values of one Python type; false where there is none."""
        if kind is int and self.kind in ("null", "integer", "decimal", "float"):
            self.add(min(values))
            self.add(max(values))
        elif kind is bool and self.kind in ("null", "boolean"):
            self.kind = "boolean"
        elif kind is float and self.kind in ("null", "float", "integer"):
            self.add(values[0])
            self.whole = self.whole or any(value.is_integer() for value in values)
        elif kind is list and self.kind in ("null", "list") and level < MAX_LEVELS:
            self.kind = "list"
            self.inner = self.inner or Column()
            self.ones = self.ones or 1 in set(map(len, values))
            self.inner.add_all(list(chain.from_iterable(values)), tagged=tagged, level=level + 1)
        elif kind is dict and self.kind in ("null", "struct") and level < MAX_LEVELS:
            self._add_structs(values, tagged=tagged, level=level)
        else:
            return False
        return True

    def _add_texts(self, values: Sequence[str], *, tagged: bool) -> bool:
        """The quick way for texts that are all of one kind; false where that is not seen."""
        if self.kind in ("null", "text") and not (tagged and any_tilde(values)):
            self.kind = "text"
            return True
        tag = values[0][:2]
        kind = PREFIXES.get(tag)
        if kind is not None and self.kind in ("null", kind):
            if any(value[:2] != tag for value in values):
                return False
            self.kind = kind
            return True
        if tag == "~t" and self.kind in ("null", "datetime"):
            if micros_only("\n".join(values) + "\n") is None:
                return False
            if min(values) < FIRST_IN_NANOS or max(values) >= FIRST_BEYOND_NANOS:
                return False  # which of them nanoseconds do not hold is seen one by one
            self.kind, self.scale = "datetime", max(self.scale, 6)
            return True
        if tag == "~f" and self.kind in ("null", "decimal", "integer"):
            return self._add_decimals(values)
        return False

    def _add_decimals(self, values: Sequence[str]) -> bool:
        """The quick way for decimals in normal form."""
        lines = "\n".join(values) + "\n"
        if decimals_only(lines) is None:
            return False
        if self.kind != "decimal":
            self._add_scalar(values[0])
        parts = [value.partition(".") for value in values]
        lengths = {len(fraction) for _, _, fraction in parts}
        whole = max(parts, key=lambda part: len(part[0]) - ("-" in part[0]))[0]
        self.digits = max(self.digits, len(whole.strip("~f-")))
        self.scale, self.least = max(self.scale, *lengths, 0), min(self.least, *lengths, MAX_DIGITS)
        self.whole = self.whole or 0 in lengths or whole_decimal(lines) is not None
        self.trailing = self.trailing or trailing_zero(lines) is not None
        if self.digits + self.scale > MAX_DIGITS:
            self.become_json()
        return True

    def _add_structs(self, values: Sequence[Any], *, tagged: bool, level: int) -> None:
        self.kind = "struct"
        for name in dict.fromkeys(chain.from_iterable(values)):
            column = self.fields.get(name)
            if column is None:
                column = self.fields[name] = Column()
            items = [value.get(name) for value in values]
            if not column.nulls and None in items:
                column.nulls = any(
                    item is None and name in value
                    for item, value in zip(items, values, strict=True)
                )
            column.add_all(items, tagged=tagged, level=level + 1)
        if len(self.fields) > MAX_FIELDS:
            self.become_json()

    def add(self, value: Any, level: int = 0) -> None:
        """Widen the type so that it holds `value` too."""
        if value is None or self.kind == "json":
            return
        kind = type(value)
        if kind is list or self.kind == "list":
            self._add_list(value, level)
        elif kind is dict:
            self._add_struct(value, level)
        else:
            self._add_scalar(value)

    def _add_list(self, value: Any, level: int) -> None:
        if level >= MAX_LEVELS:
            self.become_json()
            return
        if self.kind != "list":
            before = replace(self)
            self.reset("list")
            self.single = before.kind != "null"
            self.inner = before
        inner = self.inner or Column()
        if type(value) is not list:
            self.single = True
            inner.add(value, level + 1)
            return
        self.ones = self.ones or len(value) == 1
        for item in value:
            inner.add(item, level + 1)

    def _add_struct(self, value: Mapping[str, Any], level: int) -> None:
        if self.kind not in ("null", "struct") or level >= MAX_LEVELS:
            self.become_json()
            return
        self.kind = "struct"
        for name, item in value.items():
            column = self.fields.get(name)
            if column is None:
                column = self.fields[name] = Column()
            if item is None:
                column.nulls = True
            else:
                column.add(item, level + 1)
        if len(self.fields) > MAX_FIELDS:
            self.become_json()

    def _add_scalar(self, value: Any) -> None:
        kind = self._note(value)
        if self.kind == "null":
            self.kind = kind
        elif self.kind != kind:
            widened = WIDER.get((self.kind, kind))
            if widened is None:
                self.become_json()
                return
            self.kind = widened
            self.mixed = True
        if self.kind in WITH_DIGITS and self.digits + self.scale > MAX_DIGITS:
            self.become_json()

    def _note(self, value: Any) -> str:
        """The kind of a single value; what its type will not tell is noted."""
        if type(value) is bool:
            return "boolean"
        if type(value) is int:
            small = -(10**18) < value < 10**18
            self.digits = max(self.digits, 18 if small else len(str(abs(value))))
            self.large = self.large or not -EXACT_INTEGER <= value <= EXACT_INTEGER
            return "integer"
        if type(value) is float:
            self.whole = self.whole or value.is_integer()
            return "float"
        if value[:1] != "~":
            return "text"
        kind = kind_of_text(value)
        if kind == "decimal":
            self._note_decimal(value)
        elif kind == "datetime":
            instant = nanos(value) or 0
            self.scale = max(self.scale, 9 if instant % 1000 else 6)
            self.wide = self.wide or instant not in NANOS_RANGE
            self.odd = self.odd or (value[-2] == "0" and "." in value)
        elif kind == "bytes":
            self.odd = self.odd or not is_normal_base64(value)
        return TEXT_KINDS.get(kind, kind)

    def _note_decimal(self, value: str) -> None:
        match = plain_decimal(value)
        if match is not None:
            digits, fraction = len(match[1]), len(match[2] or "")
            self.whole = self.whole or not (match[2] or "").strip("0")
            self.trailing = self.trailing or (match[2] or "").endswith("0")
            self.odd = self.odd or (value[2] == "-" and not value.strip("~f-0."))
        else:
            exact: Any = number(value)
            exponent = int(exact.as_tuple().exponent)
            # What is too long to be written out is too long for a column as well.
            digits = max(len(exact.as_tuple().digits) + exponent, 1)
            fraction = max(-exponent, 0)
            self.odd = True
        self.digits = max(self.digits, digits)
        self.scale, self.least = max(self.scale, fraction), min(self.least, fraction)

    def become_json(self) -> None:
        self.reset("json")

    def reset(self, kind: str) -> None:
        """Become a kind, with nothing seen of it but nulls."""
        nulls = self.nulls
        for name, value in EMPTY:
            setattr(self, name, value)
        self.kind, self.nulls, self.inner, self.fields = kind, nulls, None, {}

    # -- what follows from it ----------------------------------------------------------------------

    @property
    def in_nanos(self) -> bool:
        """Does a datetime need nanoseconds, and do 64 bits hold all of them?"""
        return self.scale == 9 and not self.wide

    @property
    def fixed(self) -> bool:
        """Have all decimals the same number of digits after the point?"""
        return self.kind == "decimal" and not self.mixed and self.least == self.scale

    def told(self) -> tuple[Any, ...]:
        """All that type, metadata and exceptions of a column depend on."""
        return (
            self.kind,
            self.kind == "integer" and self.digits > 18,
            self.scale if self.kind == "decimal" else self.in_nanos,
            self.fixed,
            self.is_exact,
            self.mixed,
            self.single,
            self.nulls,
            self.always,
            self.odd,
            self.inner and self.inner.told(),
            tuple([(name, column.told()) for name, column in self.fields.items()]),
        )

    @property
    def is_exact(self) -> bool:
        """Do type and metadata tell all there is to know of each value that is not null?"""
        if self.kind == "float":
            return not self.mixed or not (self.whole or self.large)
        if self.kind == "decimal":
            if self.odd or (self.mixed and self.whole):
                return False
            return self.fixed or not self.trailing
        if self.kind == "datetime":
            return not self.odd and (self.scale < 9 or not self.wide)
        if self.kind == "bytes":
            return not self.odd
        if self.kind == "list":
            return not (self.single and self.ones) and (self.inner is None or self.inner.is_exact)
        if self.kind == "struct":
            return not any(item.nulls or not item.is_exact for item in self.fields.values())
        return True


EMPTY: Final = tuple(
    (name, getattr(Column(), name))
    for name in Column.__slots__
    if name not in ("kind", "nulls", "inner", "fields")
)


def any_tilde(values: Iterable[str | None]) -> bool:
    """May a text among the values begin with a tilde? Asked in one go, which is quicker."""
    return "\n~" in "\n" + "\n".join(filter(None, values))


def is_normal_base64(value: str) -> bool:
    """Are the unused bits of the last character zero, as they come back?"""
    from base64 import b64decode, b64encode

    return b64encode(b64decode(value[2:])).decode() == value[2:]


class Columns:
    """The columns of many entities, in the order in which they appear; `_id` is the first."""

    def __init__(self) -> None:
        self.by_name: dict[str, Column] = {"_id": Column()}
        self._present: dict[str, int] = {}
        self._rows = 0

    def add(self, entities: Sequence[Entity], *, tagged: bool) -> dict[str, Sequence[Any]]:
        """Widen the columns by entities; `tagged` may be false where no text begins with a tilde.

        Gives the values of each property that they have. Raises InputError for more than 2,000
        properties.
        """
        self._rows += len(entities)
        shapes = set(map(tuple, entities))
        if len(shapes) == 1:
            return self._add_alike(shapes.pop(), entities, tagged=tagged)
        found: dict[str, Sequence[Any]] = {}
        for name in dict.fromkeys(chain.from_iterable(entities)):
            column = self.by_name.get(name)
            if column is None:
                column = self.by_name[name] = Column()
            values = [entity.get(name) for entity in entities]
            present = len(values)
            if None in values:
                absent = sum(name not in entity for entity in entities)
                column.nulls = column.nulls or values.count(None) > absent
                present -= absent
            self._present[name] = self._present.get(name, 0) + present
            column.add_all(values, tagged=tagged)
            found[name] = values
        if len(self.by_name) > MAX_COLUMNS:
            raise too_many_columns()
        return found

    def _add_alike(
        self, names: tuple[str, ...], entities: Sequence[Entity], *, tagged: bool
    ) -> dict[str, Sequence[Any]]:
        """The quick way for entities that have the same properties in the same order."""
        columns = zip(*map(dict.values, entities), strict=True)
        found: dict[str, Sequence[Any]] = dict(zip(names, columns, strict=True))
        for name, values in found.items():
            column = self.by_name.get(name)
            if column is None:
                column = self.by_name[name] = Column()
            column.nulls = column.nulls or None in values
            self._present[name] = self._present.get(name, 0) + len(values)
            column.add_all(values, tagged=tagged)
        if len(self.by_name) > MAX_COLUMNS:
            raise too_many_columns()
        return found

    def told(self) -> tuple[Any, ...]:
        """All that the conversion of entities depends on, as of now."""
        columns = self.found()
        return tuple([(name, column.told()) for name, column in columns.items()])

    def found(self) -> dict[str, Column]:
        """The columns of what is in; those that no entity lacks know that."""
        if not self._rows:
            self.by_name["_id"].kind = "text"
        for name, column in self.by_name.items():
            column.always = self._present.get(name, 0) == self._rows
        return self.by_name


def too_many_columns() -> InputError:
    message = f"the entities have more than {MAX_COLUMNS:,} properties between them"
    hint = "a table of so many columns is of no use; read them as JSON or MessagePack"
    return InputError(message, [Problem("$", "too-many-columns", message, hint)])
