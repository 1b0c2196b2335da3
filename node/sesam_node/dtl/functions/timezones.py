"""Time zones of the IANA database: names, and offsets at an instant or for a wall clock.

All in whole seconds since 1970, so that nothing is lost of an instant in nanoseconds. A wall-clock
time that does not exist or exists twice has the standard-time offset, which is the smaller one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from sesam_node.errors import preview, suggestion

START = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock; its zone is the caller's


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Every name of the database, older and link names included."""
    try:
        return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())
    except ModuleNotFoundError:
        return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of that name; None for UTC itself. Raises ZoneInfoNotFoundError."""
    if name in {"UTC", "Zulu", "Etc/UTC"}:
        return None
    if name not in zone_names():
        raise ZoneInfoNotFoundError(name)
    return ZoneInfo(name)


def check_zone(name: object) -> str | None:
    """Why a constant names no time zone, else null."""
    if isinstance(name, str) and name in zone_names():
        return None
    message = f"expected the name of a time zone (Europe/Oslo, UTC), got {preview(name)}"
    hint = suggestion(str(name), zone_names())
    return f"{message}; {hint}" if hint else message


def wall_clock(zone: ZoneInfo | None, seconds: int) -> datetime:
    """What clocks in the zone show at an instant. Raises OverflowError beyond years 1 to 9999."""
    utc = START + timedelta(seconds=seconds)
    return utc if zone is None else zone.fromutc(utc.replace(tzinfo=zone))


def offset_at(zone: ZoneInfo | None, seconds: int) -> int:
    """Seconds that the zone's clocks are ahead of UTC at an instant."""
    return 0 if zone is None else _seconds(wall_clock(zone, seconds).utcoffset())


def offset_of_wall_clock(zone: ZoneInfo | None, shown: datetime) -> int:
    """Seconds that the zone's clocks are ahead of UTC when they show `shown` (without a zone)."""
    if zone is None:
        return 0
    return min(_seconds(zone.utcoffset(shown)), _seconds(zone.utcoffset(shown.replace(fold=1))))


def _seconds(offset: timedelta | None) -> int:
    # Every zone of the database has an offset at any time; the type does not know.
    return 0 if offset is None else offset.days * 86_400 + offset.seconds
