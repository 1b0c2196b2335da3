"""Which requests may go, told as conversations; the clock is the test's."""

from __future__ import annotations

import random

import pytest

from sesam_node.pipes.shared.budget import Budget


def asking(budget, *names, rate=None):
    for name in names:
        budget.ask((name, 1), rate)


def names(tickets):
    return "".join(owner for owner, _ in tickets)


def test_without_a_rate_everybody_goes_at_once():
    budget = Budget()
    asking(budget, *"abc")
    assert names(budget.due(0.0)) == "abc"
    assert budget.wake(0.0) is None


def test_first_come_first_served_and_no_more_than_the_rate():
    budget = Budget()
    asking(budget, *"abcd", rate=2)
    assert names(budget.due(0.0)) == "ab"
    assert budget.wake(0.0) is None  # until somebody has an answer
    budget.answered(("a", 1), 0.25)
    budget.answered(("b", 1), 0.5)
    assert names(budget.due(1.0)) == ""
    assert budget.wake(1.0) == 1.25
    assert names(budget.due(1.25)) == "c"
    assert names(budget.due(1.5)) == "d"


def test_a_rate_below_one_is_one_in_several_seconds():
    budget = Budget()
    asking(budget, *"ab", rate=0.25)
    assert names(budget.due(0.0)) == "a"
    budget.answered(("a", 1), 1.0)
    assert budget.wake(1.0) == 5.0
    assert names(budget.due(5.0)) == "b"


def test_a_pause_holds_all_back_also_those_that_wait_already():
    budget = Budget()
    asking(budget, "a")
    budget.pause(10.0)
    budget.pause(5.0)
    asking(budget, "b")
    assert budget.due(9.9) == []
    assert budget.wake(9.9) == 10.0
    assert names(budget.due(10.0)) == "ab"


def test_who_is_gone_gives_his_place_back_when_his_request_may_have_arrived():
    budget = Budget()
    asking(budget, *"abab", rate=1)
    assert names(budget.due(0.0)) == "a"
    budget.leave("a", 0.5)
    assert names(budget.due(1.0)) == ""
    assert names(budget.due(1.5)) == "b"
    budget.answered(("b", 1), 1.5)
    assert names(budget.due(2.5)) == "b"


@pytest.mark.parametrize("seed", range(20))
def test_no_second_sees_more_than_the_rate_however_late_requests_arrive(seed):
    """A request arrives at any time between its turn and its answer."""
    chance = random.Random(seed)
    budget, rate = Budget(), chance.choice([1, 3, 5, 2.5])
    count, window = max(1, int(rate)), max(1, int(rate)) / rate
    now, arrivals, answers, number = 0.0, [], [], 0
    for _ in range(400):
        now += chance.random() / 5
        for _ in range(chance.randrange(4)):
            number += 1
            budget.ask(("x", number), rate)
        for answered, ticket in [item for item in answers if item[0] <= now]:
            budget.answered(ticket, now)
            answers.remove((answered, ticket))
        for ticket in budget.due(now):
            end = now + chance.random() * 2
            answers.append((end, ticket))
            arrivals.append(now + (end - now) * chance.random())
    arrivals.sort()
    assert len(arrivals) > 10
    for first, other in zip(arrivals, arrivals[count:], strict=False):
        assert other - first > window - 1e-9
