"""The driver's clock, which the computer's clock does not make jump."""

from __future__ import annotations

from sesam_node.scheduling.driver import Clock


class Time:
    """Two clocks that the test moves."""

    def __init__(self):
        self.wall = 1_000_000.0
        self.steady = 50.0

    def go(self, seconds):
        self.wall += seconds
        self.steady += seconds


def make():
    time = Time()
    return time, Clock(lambda: time.wall, lambda: time.steady)


def test_time_goes_by():
    time, clock = make()
    time.go(12.5)

    assert (clock.now(), clock.jump()) == (1_000_012.5, 0.0)


def test_a_clock_that_is_set_back_is_followed_when_it_is_noticed_and_told_once():
    time, clock = make()
    time.go(10)
    time.wall -= 3600

    assert clock.now() == 1_000_010.0
    assert clock.jump() == -3600.0
    assert (clock.now(), clock.jump()) == (996_410.0, 0.0)


def test_small_corrections_of_the_clock_are_nobodys_business():
    time, clock = make()
    time.wall += 0.5

    assert (clock.jump(), clock.now()) == (0.0, 1_000_000.0)
