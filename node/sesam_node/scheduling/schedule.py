"""When a pump is due next: an interval with jitter, or a cron expression in UTC.

A cron expression has 5 or 6 fields: minute, hour, day, month, weekday and, optionally, year
(manual: cron expressions). `croniter` reads most of it; here its own extensions are refused (`#`,
`W`, hashed and random fields), the year is put where it wants it, and `6L` is translated. Weekdays
are 0-6 from Sunday; with `L` they count 1-7 from Sunday, so that `6L` is the last Friday, as in the
manual's example.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sesam_node.errors import preview

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONG_S = 3600.0
"""From this interval on a start that was missed is caught up, and signals are not followed."""

INTERNAL_S = 30.0
EXTERNAL_S = 900.0
JITTER = 0.05

_FIELDS = (
    ("minute", re.compile(r"[\d*,/-]+")),
    ("hour", re.compile(r"[\d*,/-]+")),
    ("day of month", re.compile(r"[\d*,/?L-]+")),
    ("month", re.compile(r"[\dA-Z*,/-]+")),
    ("day of week", re.compile(r"[\dA-Z*,/?-]+")),
    ("year", re.compile(r"[\d*,-]+")),
)


def check_cron(text: Any) -> str | None:
    """What is wrong with a cron expression; None when it is one."""
    if not isinstance(text, str):
        return f"expected a cron expression, got {preview(text)}"
    parts = text.upper().split()
    if len(parts) not in (5, 6):
        return (
            "expected 5 or 6 fields (minute, hour, day of month, month, day of week, year),"
            f" got {len(parts)}"
        )
    for (name, allowed), part in zip(_FIELDS, parts, strict=False):
        if "#" in part or re.search(r"\dW|^L?W$", part):
            return f'"{part}" in the field {name}: "#" and "W" are not supported'
        if not allowed.fullmatch(part):
            return f'"{part}" is not valid in the field {name}'
    from croniter import croniter

    try:
        croniter(_for_croniter(text))
    except (ValueError, KeyError) as error:
        return f"{preview(text)} is not a cron expression: {error}"
    return None


def _for_croniter(text: str) -> str:
    """The expression in croniter's notation: `15 10 ? * 6L 2016` is `15 10 ? * L5 0 2016`."""
    parts = text.upper().split()
    parts[4] = ",".join(_weekday(item) for item in parts[4].split(","))
    return " ".join([*parts[:5], "0", parts[5]] if len(parts) == 6 else parts)


def _weekday(item: str) -> str:
    match = re.fullmatch(r"([1-7])L", item)
    if match:
        return f"L{int(match[1]) - 1}"
    # The last day of a week is its Saturday.
    return "6" if item == "L" else item


def next_cron(text: str, after: float) -> float | None:
    """The first moment of the expression after `after` (Unix time); None when there is none."""
    from croniter import CroniterBadDateError, croniter

    start = datetime.fromtimestamp(after, UTC)
    try:
        return float(croniter(_for_croniter(text), start).get_next(float))
    except CroniterBadDateError:
        return None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of a pump: `cron` where it is given, else every `interval_s`, give or take."""

    interval_s: float = EXTERNAL_S
    jitter_s: float = 0.0
    cron: str = ""

    @property
    def is_long(self) -> bool:
        """Is a missed start caught up after a restart, and are signals left alone?"""
        return bool(self.cron) or self.interval_s >= LONG_S

    def due(self, after: float, random: Callable[[], float]) -> float | None:
        """The next start after a run that ended (or a node that started) at `after`."""
        if self.cron:
            return next_cron(self.cron, after)
        return after + max(0.0, self.interval_s + self.jitter_s * (2 * random() - 1))


def schedule_of(pump: Mapping[str, Any], *, internal: bool) -> Schedule:
    """The schedule of an effective pump; `internal` is a pipe from dataset to dataset."""
    cron = pump.get("cron_expression")
    if isinstance(cron, str) and cron:
        return Schedule(0.0, 0.0, cron)
    default_s = INTERNAL_S if internal else EXTERNAL_S
    given = pump.get("schedule_interval")
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        given = default_s
    # The default is written out in the effective configuration; it is the one with jitter.
    jitter_s = default_s * JITTER if given == default_s else 0.0
    return Schedule(max(0.0, float(given)), jitter_s)
