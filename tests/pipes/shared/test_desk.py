"""The desk: one token for all, one of them fetches it, and nobody waits for who is gone."""

from __future__ import annotations

from queue import SimpleQueue

import pytest

from sesam_node.errors import PipeError, StoreError
from sesam_node.pipes.shared import line
from sesam_node.pipes.shared.desk import Desk
from sesam_node.pipes.shared.questions import (
    Answered,
    Done,
    Failed,
    Keep,
    Pause,
    Token,
    Turn,
    Wanted,
    renewal,
)

KEY = "k"


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Talk:
    """A desk, and what each owner was answered."""

    def __init__(self, safe=None):
        self.clock = Clock()
        self.desk = Desk(safe, steady=self.clock, wall=self.clock)
        self.said = {}
        self.numbers = 0

    def ask(self, owner, question):
        self.numbers += 1
        self.desk.ask(owner, self.numbers, question, self.said.setdefault(owner, []).append)
        return self.numbers

    def tell(self, owner, question):
        self.desk.ask(owner, 0, question, None)

    def take(self, owner):
        said = self.said.get(owner, [])
        return said.pop(0) if said else None


def data(renew, word="x"):
    return {"renew": renew, "access": word}


def test_one_fetches_and_the_others_get_what_he_fetched():
    talk = Talk()
    for owner in "abc":
        talk.ask(owner, Wanted(KEY, "s"))
    first = talk.take("a")
    assert (first.data, first.fresh) == (None, False)
    assert talk.take("b") is talk.take("c") is None
    talk.ask("a", Keep(KEY, data(2000.0)))
    serial = talk.take("a")
    assert talk.take("b") is None
    talk.tell("a", Done(KEY))
    assert talk.take("b") == talk.take("c") == Token(serial, data(2000.0), fresh=True)


def test_a_token_that_another_one_has_replaced_is_not_fetched_again():
    talk = Talk()
    talk.ask("a", Wanted(KEY, "s"))
    old = talk.take("a").serial
    talk.ask("a", Keep(KEY, data(2000.0)))
    talk.tell("a", Done(KEY))
    serial = talk.take("a")
    talk.ask("b", Wanted(KEY, "s", refused=old))
    assert talk.take("b") == Token(serial, data(2000.0), fresh=True)
    talk.ask("b", Wanted(KEY, "s", refused=serial))
    assert talk.take("b") == Token(serial, data(2000.0), fresh=False)


def test_a_token_that_ends_is_fetched_by_one():
    talk = Talk()
    talk.ask("a", Wanted(KEY, "s"))
    talk.ask("a", Keep(KEY, data(1500.0)))
    talk.tell("a", Done(KEY))
    talk.clock.now = 1500.0
    talk.said.clear()
    talk.ask("b", Wanted(KEY, "s"))
    talk.ask("c", Wanted(KEY, "s"))
    assert talk.take("b").fresh is False
    assert talk.take("c") is None


def test_who_dies_while_he_fetches_leaves_it_to_the_next():
    talk = Talk()
    talk.ask("a", Wanted(KEY, "s"))
    talk.ask("b", Wanted(KEY, "s"))
    talk.ask("c", Wanted(KEY, "s"))
    talk.desk.leave("b")
    talk.desk.leave("a")
    assert talk.take("b") is None
    assert talk.take("c").fresh is False


def test_a_done_of_somebody_else_changes_nothing():
    talk = Talk()
    talk.ask("a", Wanted(KEY, "s"))
    talk.ask("b", Wanted(KEY, "s"))
    talk.tell("x", Done(KEY))
    assert talk.take("b") is None


class Full:
    def load(self, key):
        return None

    def save(self, key, system, data):
        raise StoreError("the disk is full")


def test_a_token_that_cannot_be_kept_is_an_error_and_not_given_out():
    talk = Talk(Full())
    talk.ask("a", Wanted(KEY, "s"))
    talk.ask("b", Wanted(KEY, "s"))
    talk.take("a")
    talk.ask("a", Keep(KEY, data(2000.0)))
    assert talk.take("a") == Failed("the disk is full")
    talk.tell("a", Done(KEY))
    assert talk.take("b").data is None
    with line.using(line.LocalLine(Desk(Full()))), pytest.raises(PipeError, match="disk is full"):
        line.ask(Keep(KEY, data(2000.0)))


def test_no_token_is_in_the_text_of_questions_and_answers():
    held = Token(1, {"access": "s3cret"}, fresh=True)
    assert "s3cret" not in repr(held) + repr(Keep(KEY, {"access": "s3cret"}))


def test_turns_come_when_their_time_comes():
    """The real clock: the thread of the desk answers."""
    desk, said = Desk(), SimpleQueue()
    for number in (1, 2, 3):
        desk.ask("a", number, Turn("s", 50.0), said.put)
        desk.ask("a", 0, Answered("s", number), None)
    assert [said.get(timeout=30) for _ in range(3)] == [1, 2, 3]
    desk.ask("a", 0, Pause("s", 0.05), None)
    desk.ask("b", 4, Turn("s"), said.put)
    assert said.get(timeout=30) == 4


def test_a_pause_of_one_system_holds_no_other():
    talk = Talk()
    talk.tell("a", Pause("s", 60.0))
    turn = talk.ask("a", Turn("other"))
    assert talk.take("a") == turn


def test_it_is_told_until_when_a_system_is_paused_and_how_many_wait():
    talk = Talk()
    assert talk.desk.held("s") == (None, 0)
    talk.tell("a", Pause("s", 60.0))
    for owner in ("a", "b"):
        talk.ask(owner, Turn("s"))
    assert talk.desk.held("s") == (1060.0, 2)
    talk.desk.leave("a")
    assert talk.desk.held("s") == (1060.0, 1)
    talk.clock.now = 1060.0
    talk.ask("c", Turn("s"))
    assert talk.desk.held("s") == (None, 0)


@pytest.mark.parametrize(
    ("ends", "expected"), [(1100.0, 1070.0), (1020.0, 1010.0), (1000.0, 1000.0), (900.0, 900.0)]
)
def test_a_token_is_renewed_before_its_end_but_not_in_the_first_half_of_its_life(ends, expected):
    assert renewal(ends, 30.0, 1000.0) == expected
