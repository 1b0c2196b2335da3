"""The scheduler as a conversation: what happened, and what it says to that."""

from __future__ import annotations

from sesam_node.scheduling.schedule import Schedule
from sesam_node.scheduling.scheduler import (
    Asked,
    Changed,
    ClockMoved,
    Configured,
    Disabled,
    Enabled,
    Finished,
    Held,
    Keep,
    Plan,
    Refused,
    Released,
    Run,
    Scheduler,
    Tick,
)

HOUR = 3600.0


def make(*plans, now=0.0, **options):
    scheduler = Scheduler(lambda: 0.5)
    scheduler.handle(Configured(plans, now, **options))
    return scheduler


def every(seconds, pipe="a", **options):
    return Plan(pipe, Schedule(seconds), **options)


def test_a_pipe_runs_when_its_interval_is_over_and_again_after_its_end():
    scheduler = make(every(10))

    assert scheduler.wake() == 10
    assert scheduler.handle(Tick(9.9)) == []
    assert scheduler.handle(Tick(10)) == [Run("a")]
    assert scheduler.wake() is None
    assert scheduler.handle(Tick(25)) == []
    assert scheduler.handle(Finished("a", 25)) == []
    assert scheduler.wake() == 35
    assert scheduler.handle(Tick(35)) == [Run("a")]


def test_a_change_starts_the_readers_at_once():
    scheduler = make(
        every(900, "in"),
        every(30, "b", reads=frozenset({"in"})),
        every(30, "c", reads=frozenset({"x", "in"})),
        every(30, "d", reads=frozenset({"y"})),
    )
    scheduler.handle(Asked("in"))

    assert scheduler.handle(Finished("in", 5, frozenset({"in"}))) == [
        Run("b", reason="signal"),
        Run("c", reason="signal"),
    ]


def test_a_run_without_a_change_signals_nobody():
    scheduler = make(every(900, "in"), every(30, "b", reads=frozenset({"in"})))
    scheduler.handle(Asked("in"))

    assert scheduler.handle(Finished("in", 5)) == []


def test_a_signal_during_a_run_is_remembered_and_answered_once():
    scheduler = make(every(30, "b", reads=frozenset({"in"})))
    scheduler.handle(Asked("b"))

    assert scheduler.handle(Changed(frozenset({"in"}))) == []
    assert scheduler.handle(Changed(frozenset({"in"}))) == []
    assert scheduler.handle(Finished("b", 5)) == [Run("b", reason="signal")]
    assert scheduler.handle(Finished("b", 6)) == []


def test_a_pipe_that_reads_its_own_sink_does_not_start_itself():
    scheduler = make(every(30, "b", reads=frozenset({"b"})))
    scheduler.handle(Asked("b"))

    assert scheduler.handle(Finished("b", 5, frozenset({"b"}))) == []


def test_a_failing_pipe_is_tried_again_by_its_schedule():
    scheduler = make(every(10))
    scheduler.handle(Tick(10))

    assert scheduler.handle(Finished("a", 11)) == []
    assert scheduler.next_run("a") == 21


def test_a_manual_pipe_runs_only_when_asked():
    scheduler = make(every(10, mode="manual", reads=frozenset({"in"})))

    assert scheduler.wake() is None
    assert scheduler.handle(Tick(100)) == []
    assert scheduler.handle(Changed(frozenset({"in"}))) == []
    assert scheduler.handle(Asked("a", user="ann")) == [Run("a", reason="manual", user="ann")]


def test_what_cannot_be_started_is_refused_with_the_reason():
    scheduler = make(every(10, mode="off"), every(10, "p", waits=True), every(10, "r"))
    scheduler.handle(Asked("r"))

    assert scheduler.handle(Asked("a")) == [Refused("a", 'the mode of its pump is "off"')]
    assert scheduler.handle(Asked("p")) == [
        Refused("p", "it runs when it is read or written to, and cannot be started")
    ]
    assert scheduler.handle(Asked("r")) == [Refused("r", "it is already running")]
    assert scheduler.handle(Asked("x")) == [Refused("x", 'there is no pipe "x"')]


def test_a_pipe_that_waits_to_be_asked_is_never_scheduled():
    scheduler = make(every(10, waits=True))

    assert scheduler.wake() is None
    assert scheduler.handle(Tick(1000)) == []


def test_a_disabled_pipe_does_not_start_itself_but_can_be_started():
    scheduler = make(every(10, reads=frozenset({"in"})))
    scheduler.handle(Disabled("a"))

    assert scheduler.handle(Tick(10)) == []
    assert scheduler.handle(Changed(frozenset({"in"}))) == []
    assert scheduler.next_run("a") is None
    assert scheduler.handle(Asked("a")) == [Run("a", reason="manual")]
    scheduler.handle(Finished("a", 20))
    scheduler.handle(Enabled("a", 20))
    assert scheduler.handle(Tick(30)) == [Run("a")]


def test_a_pipe_is_disabled_from_the_start_where_that_was_kept():
    scheduler = make(every(10), disabled=frozenset({"a"}))

    assert scheduler.is_disabled("a")
    assert scheduler.handle(Tick(10)) == []


def test_while_starts_are_held_off_only_what_is_asked_for_runs_and_signals_wait():
    scheduler = make(every(10), every(30, "b", reads=frozenset({"in"})))
    scheduler.handle(Held("run-all"))
    scheduler.handle(Held("reset"))

    assert scheduler.wake() is None
    assert scheduler.handle(Tick(20)) == []
    assert scheduler.handle(Changed(frozenset({"in"}))) == []
    assert scheduler.handle(Asked("a", reason="run-all")) == [Run("a", reason="run-all")]
    assert scheduler.handle(Finished("a", 21)) == []
    assert scheduler.handle(Released("run-all", 22)) == []
    assert scheduler.handle(Released("reset", 31)) == [Run("b", reason="signal"), Run("a")]


def test_run_at_startup_runs_at_startup_only():
    plan = every(HOUR, run_at_startup=True)
    started = make(plan, now=5, startup=True)
    uploaded = make(plan, now=5)

    assert started.handle(Tick(5)) == [Run("a")]
    assert uploaded.handle(Tick(5)) == []


def test_a_long_schedule_is_kept_and_a_missed_start_is_caught_up():
    first = Scheduler(lambda: 0.5)
    plan = every(2 * HOUR)

    assert first.handle(Configured((plan,), 0.0)) == [Keep("a", 2 * HOUR)]
    after = make(plan, now=5 * HOUR, startup=True, next_runs={"a": 2 * HOUR})
    assert after.handle(Tick(5 * HOUR)) == [Run("a")]
    assert after.handle(Finished("a", 5 * HOUR + 1)) == [Keep("a", 7 * HOUR + 1)]


def test_a_short_schedule_is_not_kept():
    scheduler = Scheduler(lambda: 0.5)

    assert scheduler.handle(Configured((every(30),), 0.0, next_runs={"a": -100.0})) == []
    assert scheduler.next_run("a") == 30


def test_cron_is_due_by_the_clock():
    scheduler = make(Plan("a", Schedule(cron="0 * * * *")), now=10.0)

    assert scheduler.wake() == HOUR
    assert scheduler.handle(Tick(HOUR)) == [Run("a")]
    scheduler.handle(Finished("a", HOUR + 5))
    assert scheduler.wake() == 2 * HOUR


def test_a_rescan_by_cron_takes_precedence_over_the_ordinary_run():
    scheduler = make(every(HOUR, rescan_cron="0 * * * *"))

    assert scheduler.handle(Tick(HOUR)) == [Run("a", "rescan")]
    scheduler.handle(Finished("a", HOUR + 60))
    assert scheduler.next_run("a") == 2 * HOUR


def test_an_unchanged_pipe_keeps_its_time_and_a_changed_one_begins_anew():
    scheduler = make(every(10, version="1"), every(10, "b", version="1"))
    scheduler.handle(Configured((every(10, version="1"), every(10, "b", version="2")), 6.0))

    assert (scheduler.next_run("a"), scheduler.next_run("b")) == (10, 16)


def test_a_removed_pipe_that_still_runs_holds_its_id_until_its_end():
    scheduler = make(every(10))
    scheduler.handle(Asked("a"))
    scheduler.handle(Configured((), 1.0))

    assert scheduler.is_running("a")
    assert scheduler.handle(Asked("a")) == [Refused("a", 'the mode of its pump is "off"')]
    assert scheduler.handle(Finished("a", 2.0)) == []
    assert scheduler.handle(Asked("a")) == [Refused("a", 'there is no pipe "a"')]


def test_intervals_do_not_mind_a_clock_that_is_set_back():
    scheduler = make(every(10), now=10_000.0)

    assert scheduler.handle(ClockMoved(-HOUR, 10_000.0 - HOUR)) == []
    assert scheduler.wake() == 10_010.0 - HOUR


def test_cron_follows_a_clock_that_is_set_back():
    scheduler = make(Plan("a", Schedule(cron="0 * * * *")), now=2 * HOUR + 10)
    scheduler.handle(ClockMoved(-HOUR, HOUR + 10))

    assert scheduler.wake() == 2 * HOUR


def test_the_same_events_give_the_same_commands():
    events = [
        Configured((every(10), every(30, "b", reads=frozenset({"a"}))), 0.0),
        Tick(10),
        Finished("a", 11, frozenset({"a"})),
        Asked("a"),
        Finished("b", 12),
        Tick(60),
    ]

    def play():
        scheduler = Scheduler(lambda: 0.25)
        return [scheduler.handle(event) for event in events]

    assert play() == play()
