"""Group "date and time": instants in nanoseconds, calendars, time zones, reading and writing.

An instant is kept as text (`~t...Z`) and is computed with as whole nanoseconds since 1970
(`model.values.nanos`). What leaves the years 1 to 9999 is null. Dates without a time are not
datetimes: functions of datetimes ignore them.
"""

from __future__ import annotations

from calendar import monthrange
from functools import partial
from typing import TYPE_CHECKING

from sesam_node.dtl.functions._values import cast, first_is, prepared, text
from sesam_node.dtl.functions.date_formats import (
    check_format,
    text_reader,
    text_writer,
    writer,
)
from sesam_node.dtl.functions.timezones import (
    check_zone,
    offset_at,
    offset_of_wall_clock,
    wall_clock,
    zone_of,
)
from sesam_node.dtl.registry import Example, function, special
from sesam_node.dtl.runtime import ABSENT, OfText, each, first_value
from sesam_node.errors import preview, suggestion
from sesam_node.model.transit import normalise_text
from sesam_node.model.values import (
    DAY_S,
    NANOS,
    as_string,
    datetime_text,
    kind_of_text,
    nanos,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sesam_node.dtl.emit import Scope
    from sesam_node.dtl.syntax import Call
    from sesam_node.model.values import Value

UNITS = {
    "week": 7 * DAY_S * NANOS,
    "day": DAY_S * NANOS,
    "hour": 3600 * NANOS,
    "minute": 60 * NANOS,
    "second": NANOS,
    "millisecond": 1_000_000,
    "microsecond": 1000,
    "nanosecond": 1,
}
"""Nanoseconds of the parts with an exact duration."""

MONTHS = {"year": 12, "month": 1}
"""Months of the parts that go by the calendar."""

DATE_LENGTH = len("~t2024-01-31")


def instant(value: Value) -> int | None:
    """Nanoseconds since 1970 of a datetime; null for every other value, dates too."""
    if type(value) is str and value[:2] == "~t" and len(value) > DATE_LENGTH:
        return nanos(value)
    return None


def check_part(part: object) -> str | None:
    """Why a constant is no date part, else null."""
    known = [*MONTHS, *UNITS]
    if part in known:
        return None
    message = f"expected a date part ({', '.join(known)}), got {preview(part)}"
    hint = suggestion(part, known) if isinstance(part, str) else ""
    return f"{message}; {hint}" if hint else message


def _zone(name: Value) -> ZoneInfo | None:
    return None if name is ABSENT else zone_of(name)


@function(
    "datetime",
    "FUNCTION(function-expression{0|1}), VALUES(value-expression{1})",
    Example(["datetime", "2015-07-28T09:46:00.12345Z"], "~t2015-07-28T09:46:00.12345Z"),
    Example(["datetime", 1438076760123450000], "~t2015-07-28T09:46:00.12345Z"),
    Example(["datetime", ["list", -1, "hello"]], ["~t1969-12-31T23:59:59.999999999Z"]),
    Example(["datetime", ["string", "none"], "hello"], "none"),
)
def datetime_(default: Value, values: Value) -> Value:
    """Cast each value to a datetime: ISO strings in UTC with a `Z`, nanoseconds since 1970.

    Datetimes pass. Values that cannot be cast (other notations and dates too: see `datetime-parse`)
    become FUNCTION with `_` as the value, or are dropped without it. Null gives null, a list a list
    without its nulls.
    """
    return cast(default, values, _datetime)


def _datetime(value: Value) -> Value:
    if type(value) is int:
        return datetime_text(value)
    if type(value) is not str:
        return None
    if value[:2] == "~t":
        return value if kind_of_text(value) == "datetime" else None
    tagged = "~t" + value
    return normalise_text(tagged) if kind_of_text(tagged) == "datetime" else None


def _calendar_months(later: int, earlier: int) -> int:
    """Full months from one instant to a later one; a month ends on its last day at the latest."""
    (to, to_rest), (start, start_rest) = divmod(later, NANOS), divmod(earlier, NANOS)
    end, begin = wall_clock(None, to), wall_clock(None, start)
    months = (end.year - begin.year) * 12 + end.month - begin.month
    reached = _plus_months(begin, months)
    if reached is None or (reached, start_rest) > (end, to_rest):
        months -= 1
    return months


def _plus_months(at: datetime, months: int) -> datetime | None:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return None
    month += 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


@function(
    "datetime-diff",
    "DATEPART(string{1}), STARTDATE(value-expression{1}), ENDDATE(value-expression{1})",
    Example(["datetime-diff", "day", "~t2015-07-30T00:00:00Z", "~t2015-07-28T12:00:00Z"], 1),
    Example(["datetime-diff", "year", "~t2015-03-02T00:00:00Z", "~t2016-07-29T00:00:00Z"], -1),
    Example(["datetime-diff", "month", "~t2016-02-29T00:00:00Z", "~t2016-01-31T00:00:00Z"], 1),
    Example(["datetime-diff", "day", "~t2015-07-28T00:00:00Z", None], None),
    checks={"DATEPART": check_part},
)
def datetime_diff(part: str, a: Value, b: Value) -> Value:
    """Count the whole parts of STARTDATE minus ENDDATE: negative where STARTDATE is before.

    DATEPART is year, month, week, day, hour, minute, second, millisecond, microsecond or
    nanosecond. Years and months are full ones of the calendar, the others exact durations; what is
    left is cut off. Null where one of the two is no datetime; of a list the first value counts.
    """
    left, right = instant(first_value(a)), instant(first_value(b))
    if left is None or right is None:
        return None
    later, earlier = max(left, right), min(left, right)
    unit = UNITS.get(part)
    if unit is None:
        count = _calendar_months(later, earlier) // MONTHS[part]
    else:
        count = (later - earlier) // unit
    return count if left >= right else -count


def _write(write: Callable[[int], str], value: Value) -> str | None:
    at = instant(value)
    if at is None:
        return None
    try:
        return as_string(write(at))
    except OverflowError:
        return None


def _formatter(zone: Value, format_: str) -> Callable[[Value], Value]:
    format_ = text_of(format_)
    one = partial(_write, writer(format_, _zone(zone)))
    quick = text_writer(format_, _zone(zone))
    if quick is None:
        return lambda values: each(values, one)

    def formatted(values: Value) -> Value:
        if type(values) is str and (written := quick(values)) is not None:
            return written
        return each(values, one)

    return formatted


@function(
    "datetime-format",
    "TIMEZONE_NAME(string{0|1}), FORMATSTRING(string{1}), VALUES(value-expression{1})",
    Example(["datetime-format", "%d.%m.%Y", "~t2015-07-28T09:46:00Z"], "28.07.2015"),
    Example(
        ["datetime-format", "Europe/Oslo", "%H:%M %z", "~t2018-08-18T12:39:01Z"], "14:39 +0200"
    ),
    Example(["datetime-format", "%f", ["list", "~t2015-07-28T09:46:00.5Z", 1]], ["500000"]),
    checks={"TIMEZONE_NAME": check_zone, "FORMATSTRING": check_format},
    prepare=prepared(_formatter),
)
def datetime_format(zone: Value, format_: str, values: Value) -> Value:
    """Write each datetime in FORMATSTRING, as clocks in TIMEZONE_NAME (by default UTC) show it.

    `%d %e %H %I %m %M %p %S %f %y %Y %z %%` are known; `%f` has six digits, the rest is cut; `%e`
    has no padding, `%p` is AM or PM. Null gives null, a list a list; values that are not datetimes
    are dropped.
    """
    return _formatter(zone, format_)(values)


def _parser(zone: Value, format_: str) -> Callable[[Value], Value]:
    read = text_reader(text_of(format_), _zone(zone))

    def one(value: Value) -> str | None:
        characters = text(value)
        return None if characters is None else read(characters)

    return OfText(read, lambda values: each(values, one))


@function(
    "datetime-parse",
    "TIMEZONE_NAME(string{0|1}), FORMATSTRING(string{1}), VALUES(value-expression{1})",
    Example(["datetime-parse", "%d.%m.%Y", "28.07.2015"], "~t2015-07-28T00:00:00Z"),
    Example(
        ["datetime-parse", "Europe/Oslo", "%Y-%m-%d %H:%M", "2018-08-18 12:39"],
        "~t2018-08-18T10:39:00Z",
    ),
    Example(
        ["datetime-parse", "%Y-%m-%dT%H:%M:%S%z", "2015-07-28T09:46:00+02:00"],
        "~t2015-07-28T07:46:00Z",
    ),
    Example(["datetime-parse", "%Y-%m-%d", ["list", "2015-02-30", 1]], [], note="no real date"),
    checks={"TIMEZONE_NAME": check_zone, "FORMATSTRING": check_format},
    prepare=prepared(_parser),
)
def datetime_parse(zone: Value, format_: str, values: Value) -> Value:
    """Read each string in FORMATSTRING as local time in TIMEZONE_NAME, by default UTC.

    `%d %e %H %I %m %M %p %S %f %y %Y %z %%` are known; the whole string must fit, each token with
    all its digits (but `%e`, and `%f` with one to nine). `%z` stands last and overrides
    TIMEZONE_NAME. What the format leaves out is that of 1900-01-01 00:00:00. A local time that does
    not exist, or exists twice, is read as standard time. Null gives null, a list a list; values
    that are not strings, do not fit or name no real date are dropped.
    """
    return _parser(zone, format_)(values)


def _mover(part: str, count: int) -> Callable[[Value], Value]:
    if part in UNITS:
        one = partial(_moved, count * UNITS[part])
    else:
        one = partial(_moved_months, count * MONTHS[part])
    return lambda values: each(values, one)


def _moved(distance: int, value: Value) -> str | None:
    at = instant(value)
    return None if at is None else datetime_text(at + distance)


def _moved_months(months: int, value: Value) -> str | None:
    at = instant(value)
    if at is None:
        return None
    seconds, fraction = divmod(at, NANOS)
    before = wall_clock(None, seconds)
    after = _plus_months(before, months)
    if after is None:
        return None
    days = after.toordinal() - before.toordinal()
    return datetime_text((seconds + days * DAY_S) * NANOS + fraction)


@function(
    "datetime-plus",
    "DATEPART(string{1}), VALUE(integer{1}), VALUES(value-expression{1})",
    Example(["datetime-plus", "hour", -1, "~t2016-03-01T00:00:00Z"], "~t2016-02-29T23:00:00Z"),
    Example(["datetime-plus", "month", 1, "~t2015-01-31T12:00:00Z"], "~t2015-02-28T12:00:00Z"),
    Example(
        ["datetime-plus", "year", 1, ["list", "~t2015-01-31T12:00:00Z", 1]],
        ["~t2016-01-31T12:00:00Z"],
    ),
    Example(["datetime-plus", "year", 9000, "~t2015-01-31T12:00:00Z"], None, note="out of range"),
    checks={"DATEPART": check_part},
    prepare=prepared(_mover),
)
def datetime_plus(part: str, count: int, values: Value) -> Value:
    """Move each datetime by VALUE parts, back for a negative VALUE.

    DATEPART is year, month, week, day, hour, minute, second, millisecond, microsecond or
    nanosecond. Years and months go by the calendar (to the last day of a shorter month), the others
    are exact durations. Null gives null, a list a list; values that are not datetimes are dropped,
    and results beyond the years 1 to 9999.
    """
    return _mover(part, count)(values)


def _shifter(from_: str, to: str) -> Callable[[Value], Value]:
    one = partial(_shifted, zone_of(from_), zone_of(to))
    return lambda values: each(values, one)


@function(
    "datetime-shift",
    "FROM_TIMEZONE(string{1}), TO_TIMEZONE(string{1}), VALUES(value-expression{1})",
    Example(
        ["datetime-shift", "Europe/Oslo", "UTC", "~t2015-07-28T09:46:00Z"], "~t2015-07-28T07:46:00Z"
    ),
    Example(
        ["datetime-shift", "Europe/Oslo", "Asia/Tokyo", ["list", "~t2018-07-01T12:00:00Z", 1]],
        ["~t2018-07-01T19:00:00Z"],
    ),
    Example(["datetime-shift", "UTC", "Europe/Oslo", None], None),
    checks={"FROM_TIMEZONE": check_zone, "TO_TIMEZONE": check_zone},
    prepare=prepared(_shifter),
)
def datetime_shift(from_: str, to: str, values: Value) -> Value:
    """Read each datetime as a local time in FROM_TIMEZONE; give the local time in TO_TIMEZONE.

    Both are written as if they were UTC. Null gives null, a list a list; values that are not
    datetimes are dropped.
    """
    return _shifter(from_, to)(values)


def _shifted(from_zone: ZoneInfo | None, to_zone: ZoneInfo | None, value: Value) -> str | None:
    at = instant(value)
    if at is None:
        return None
    seconds, fraction = divmod(at, NANOS)
    try:
        seconds -= offset_of_wall_clock(from_zone, wall_clock(None, seconds))
        seconds += offset_at(to_zone, seconds)
    except OverflowError:
        return None
    return datetime_text(seconds * NANOS + fraction)


@function(
    "is-datetime",
    "VALUES(value-expression{1})",
    Example(["is-datetime", ["datetime", 0]], expect=True),
    Example(["is-datetime", "2015-07-28T09:46:00Z"], expect=False, note="a string"),
    Example(["is-datetime", "~t2015-07-28"], expect=False, note="a date"),
    boolean=True,
)
def is_datetime(values: Value) -> bool:
    """Is it a datetime, or a list that begins with one? False for null and the empty list."""
    return first_is(values, "datetime")


@special(
    "now",
    "",
    Example(["is-datetime", ["now"]], expect=True),
    Example(
        ["gt", ["now"], "_S.expires"], expect=True, source={"expires": "~t2015-07-28T00:00:00Z"}
    ),
    pure=False,
)
def now(scope: Scope, call: Call) -> str:  # noqa: ARG001 - what every special is called with
    """Give the current time as a datetime, anew at each evaluation.

    So the same entity gives another result when it is processed again.
    """
    return "runtime.now()"
