"""Intervals and cron expressions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sesam_node.scheduling.schedule import Schedule, check_cron, next_cron, schedule_of

NOW = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)

NEXT = [
    ("0 12 * * ?", "2026-01-02 12:00"),
    ("15 10 ? * *", "2026-01-02 10:15"),
    ("15 10 * * ? *", "2026-01-02 10:15"),
    ("15 10 * * ? 2028", "2028-01-01 10:15"),
    ("15 10 * * ? 2016", None),
    ("* 14 * * ?", "2026-01-01 14:00"),
    ("0/5 14,18 * * ?", "2026-01-01 14:00"),
    ("*/10 * * * ?", "2026-01-01 12:10"),
    ("10,44 14 ? 3 WED", "2026-03-04 14:10"),
    ("15 10 ? * MON-FRI", "2026-01-02 10:15"),
    ("15 10 15 * ?", "2026-01-15 10:15"),
    ("15 10 L * ?", "2026-01-31 10:15"),
    ("15 10 ? * 6L", "2026-01-30 10:15"),
    ("15 10 ? * 1L", "2026-01-25 10:15"),
    ("15 10 ? * 0", "2026-01-04 10:15"),
    ("15 10 ? * sun", "2026-01-04 10:15"),
    ("0 12 1/5 * ?", "2026-01-06 12:00"),
    ("11 11 11 11 ?", "2026-11-11 11:11"),
    ("15 10 ? * 6L 2027-2028", "2027-01-29 10:15"),
]


@pytest.mark.parametrize(("cron", "expected"), NEXT)
def test_the_examples_of_the_manual_are_due_when_they_say(cron, expected):
    found = next_cron(cron, NOW.timestamp())

    shown = None if found is None else datetime.fromtimestamp(found, UTC)
    assert (shown and shown.strftime("%Y-%m-%d %H:%M")) == expected
    assert check_cron(cron) is None


WRONG = [
    ("15 10 ? * 6#3", '"6#3" in the field day of week: "#" and "W" are not supported'),
    ("0 0 15W * *", '"15W" in the field day of month: "#" and "W" are not supported'),
    (
        "* * * *",
        "expected 5 or 6 fields (minute, hour, day of month, month, day of week, year), got 4",
    ),
    ("@daily", "expected 5 or 6 fields (minute, hour, day of month, month, day of week, year),"),
    ("R * * * *", '"R" is not valid in the field minute'),
    ("61 * * * *", '"61 * * * *" is not a cron expression: '),
    (5, "expected a cron expression, got 5"),
]


@pytest.mark.parametrize(("cron", "message"), WRONG)
def test_what_is_no_cron_expression_is_refused_by_name(cron, message):
    assert (check_cron(cron) or "").startswith(message)


def test_internal_pipes_run_every_30_seconds_and_others_every_15_minutes_give_or_take():
    internal = schedule_of({"schedule_interval": 30}, internal=True)
    external = schedule_of({}, internal=False)

    assert (internal.interval_s, internal.jitter_s) == (30, 1.5)
    assert (external.interval_s, external.jitter_s) == (900, 45)
    assert [internal.due(100.0, lambda value=value: value) for value in (0, 0.5, 1)] == [
        128.5,
        130.0,
        131.5,
    ]


def test_an_interval_that_is_given_has_no_jitter():
    assert schedule_of({"schedule_interval": 10}, internal=True) == Schedule(10.0)


def test_cron_wins_over_an_interval():
    pump = {"schedule_interval": 10, "cron_expression": "0 12 * * ?"}
    schedule = schedule_of(pump, internal=True)

    assert schedule.is_long
    assert schedule.due(NOW.timestamp(), lambda: 0.5) == next_cron("0 12 * * ?", NOW.timestamp())
