"""Format strings of `datetime-parse` and `datetime-format`: compiled once, both ways.

Own and strict: the tokens of the manual and no others, each with exactly the digits it stands for,
whatever the locale. A format compiles to a regular expression for reading and a template for
writing.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from sesam_node.dtl.functions.timezones import offset_of_wall_clock, wall_clock
from sesam_node.errors import preview
from sesam_node.model.values import DAY_S, EPOCH_DAY, NANOS, datetime_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

TOKENS = {
    "d": "0[1-9]|[12][0-9]|3[01]",
    "e": "3[01]|[12][0-9]|0?[1-9]",
    "H": "[01][0-9]|2[0-3]",
    "I": "0[1-9]|1[0-2]",
    "m": "0[1-9]|1[0-2]",
    "M": "[0-5][0-9]",
    "p": "[aApP][mM]",
    "S": "[0-5][0-9]",
    "f": "[0-9]{1,9}",
    "y": "[0-9]{2}",
    "Y": "[0-9]{4}",
    "z": "[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]",
}
"""What each token reads."""

WRITTEN: dict[str, Callable[[datetime, int], str]] = {
    "d": lambda at, _: f"{at.day:02}",
    "e": lambda at, _: str(at.day),
    "H": lambda at, _: f"{at.hour:02}",
    "I": lambda at, _: f"{(at.hour + 11) % 12 + 1:02}",
    "m": lambda at, _: f"{at.month:02}",
    "M": lambda at, _: f"{at.minute:02}",
    "p": lambda at, _: "AM" if at.hour < 12 else "PM",
    "S": lambda at, _: f"{at.second:02}",
    "f": lambda _, nanoseconds: f"{nanoseconds // 1000:06}",
    "y": lambda at, _: f"{at.year % 100:02}",
    "Y": lambda at, _: f"{at.year:04}",
    "z": lambda at, _: _offset_text(at),
}
"""What each token writes: of a wall clock, and the nanoseconds of its second."""


def _offset_text(at: datetime) -> str:
    offset = at.utcoffset()
    seconds = 0 if offset is None else offset.days * DAY_S + offset.seconds
    minutes = abs(seconds) // 60  # the local mean times of old have seconds, which are cut
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}{minutes % 60:02}"


class FormatError(ValueError):
    """A format string with an unknown token, or `%z` before its end."""


def pieces(text: str) -> list[tuple[str, str]]:
    """A format as (token, "") and ("", literal text). Raises FormatError."""
    found: list[tuple[str, str]] = []
    literal = ""
    position = 0
    while position < len(text):
        if text[position] != "%":
            literal += text[position]
            position += 1
            continue
        name = text[position + 1 : position + 2]
        position += 2
        if name == "%":
            literal += "%"
            continue
        if name not in TOKENS:
            known = " ".join(f"%{one}" for one in TOKENS)
            raise FormatError(f'unknown token "%{name}" in {preview(text)}; known: {known} %%')
        if name == "z" and position != len(text):
            raise FormatError(f'"%z" must end the format string, got {preview(text)}')
        found += [("", literal), (name, "")] if literal else [(name, "")]
        literal = ""
    return [*found, ("", literal)] if literal else found


def check_format(text: object) -> str | None:
    """Why a constant is no format string, else null."""
    if not isinstance(text, str):
        return f"expected a format string, got {preview(text)}"
    try:
        pieces(text)
    except FormatError as error:
        return str(error)
    return None


@lru_cache(maxsize=1024)
def writer(text: str, zone: ZoneInfo | None) -> Callable[[int], str]:
    """The function that writes an instant (in nanoseconds) in a format, as seen in a zone.

    It raises OverflowError where the zone's clock leaves the years 1 to 9999.
    """
    parts = pieces(text)
    template = "".join("%s" if token else literal.replace("%", "%%") for token, literal in parts)
    write = tuple(WRITTEN[token] for token, _ in parts if token)

    def written(nanoseconds: int) -> str:
        seconds, fraction = divmod(nanoseconds, NANOS)
        at = wall_clock(zone, seconds)
        return template % tuple([one(at, fraction) for one in write])

    return written


@lru_cache(maxsize=1024)
def reader(text: str, zone: ZoneInfo | None) -> Callable[[str], int | None]:
    """The function that reads text in a format, local in a zone, as an instant in nanoseconds.

    It gives null where the whole text does not fit or names no real date. What the format leaves
    out is that of 1900-01-01 00:00:00; a token that comes twice must read the same text twice.
    """
    pattern = ""
    places: dict[str, int] = {}
    for token, literal in pieces(text):
        if not token:
            pattern += re.escape(literal)
        elif token in places:
            pattern += f"(?P={token})"
        else:
            places[token] = len(places)
            pattern += f"(?P<{token}>{TOKENS[token]})"
    match_text = re.compile(pattern).fullmatch
    year, hour = _year(places), _hour(places)
    month, day = places.get("m"), places.get("d", places.get("e"))
    minute, second = places.get("M"), places.get("S")
    fraction, offset = places.get("f"), places.get("z")

    def read(characters: str) -> int | None:
        match = match_text(characters)
        if match is None:
            return None
        found = match.groups()
        try:
            at = date(
                year(found),
                1 if month is None else int(found[month]),
                1 if day is None else int(found[day]),
            )
        except ValueError:
            return None
        of_day = hour(found) * 3600
        if minute is not None:
            of_day += int(found[minute]) * 60
        if second is not None:
            of_day += int(found[second])
        seconds = (at.toordinal() - EPOCH_DAY) * DAY_S + of_day
        if offset is not None:
            seconds -= _read_offset(found[offset])
        elif zone is not None:
            seconds -= offset_of_wall_clock(zone, wall_clock(None, seconds))
        return seconds * NANOS + (0 if fraction is None else int(found[fraction].ljust(9, "0")))

    return read


QUICK = "YmdHMS"
"""Tokens that stand in a datetime's text as they are."""

LEFT_OUT = dict(zip(QUICK, ("1900", "01", "01", "00", "00", "00"), strict=True))
COMMON = {**TOKENS, "Y": "(?!0000)[0-9]{4}", "d": "0[1-9]|1[0-9]|2[0-8]"}
"""As `TOKENS`, but dates that the calendar need not be asked about: those of any month."""

COMMON_DATETIME = re.compile(
    "~t({Y})-({m})-({d})T({H}):({M}):({S})(?:[.][0-9]{{1,9}})?Z".format(**COMMON)
).fullmatch


def _is_quick(text: str, zone: ZoneInfo | None) -> bool:
    return zone is None and {token for token, _ in pieces(text)} <= {"", *QUICK}


@lru_cache(maxsize=1024)
def text_reader(text: str, zone: ZoneInfo | None) -> Callable[[str], str | None]:
    """As `reader`, but the instant is the text of a datetime.

    Of a format whose parts stand in that text as they are, they are put in place as text.
    """
    read = reader(text, zone)

    def read_slowly(characters: str) -> str | None:
        at = read(characters)
        return None if at is None else datetime_text(at)

    if not _is_quick(text, zone):
        return read_slowly
    names = [token for token, _ in pieces(text) if token]
    if len(names) < 2 or len(set(names)) < len(names):
        return read_slowly
    match_text = re.compile(
        "".join(f"({COMMON[token]})" if token else re.escape(one) for token, one in pieces(text))
    ).fullmatch
    order = [names.index(name) + 1 for name in QUICK if name in names]
    part = {name: "%s" if name in names else LEFT_OUT[name] for name in QUICK}
    template = "~t{Y}-{m}-{d}T{H}:{M}:{S}Z".format(**part)

    def read_text(characters: str) -> str | None:
        match = match_text(characters)
        if match is None:
            return read_slowly(characters)
        found: str = template % match.group(*order)
        return found

    return read_text


@lru_cache(maxsize=1024)
def text_writer(text: str, zone: ZoneInfo | None) -> Callable[[str], str | None] | None:
    """The function that writes the text of a datetime in a format; null where there is none.

    There is one for formats whose parts stand in that text as they are. It gives null for what
    `writer` has to look at: other values, dates that the calendar has to be asked about.
    """
    if not _is_quick(text, zone) or text[:1] == "~":
        return None
    template = "".join(
        "%s" if token else literal.replace("%", "%%") for token, literal in pieces(text)
    )
    order = [QUICK.index(token) + 1 for token, _ in pieces(text) if token]
    if not order:
        return None

    def write_text(value: str) -> str | None:
        match = COMMON_DATETIME(value)
        if match is None:
            return None
        written: str = template % match.group(*order)
        return written

    return write_text


Found = tuple[str, ...]


def _year(places: dict[str, int]) -> Callable[[Found], int]:
    if "Y" in places:
        place = places["Y"]
        return lambda found: int(found[place])
    if "y" in places:
        place = places["y"]
        return lambda found: (int(found[place]) + 31) % 100 + 1969
    return lambda _: 1900


def _hour(places: dict[str, int]) -> Callable[[Found], int]:
    if "H" in places:
        place = places["H"]
        return lambda found: int(found[place])
    if "I" not in places:
        return lambda _: 0
    place = places["I"]
    if "p" not in places:
        return lambda found: int(found[place]) % 12
    marker = places["p"]
    return lambda found: int(found[place]) % 12 + 12 * (found[marker] in _AFTERNOON)


_AFTERNOON = ("pm", "PM", "pM", "Pm")


def _read_offset(text: str) -> int:
    seconds = int(text[1:3]) * 3600 + int(text[-2:]) * 60
    return -seconds if text[0] == "-" else seconds
