"""What a pump says of itself, put shortly: the word for its state, and why it is in it."""

import pytest

from sesam_node.model.pumps import BAD, STATES, WORDS, rate_of, reason_of, source_queues, state_of

WELL = {
    "is-valid-config": True,
    "is-running": False,
    "circuit-breaker-tripped": False,
    "is-disabled": False,
    "waiting-for": [],
    "success": None,
    "supported-operations": ["start", "stop"],
}
INVALID = {"is-valid-config": False, "config-errors": [{"msg": "no source"}], "is-running": True}
DISABLED = {"is-disabled": True, "disabled-comment": "not now", "success": False}
FAILED = {"success": False, "last-message": "failed", "last-original-error-message": "no Bo"}
CASES = [
    ({}, "not run", ""),
    (INVALID, "invalid", "no source"),
    ({"is-running": True, "is-disabled": True}, "running", ""),
    ({"circuit-breaker-tripped": True, **DISABLED}, "tripped", "commit or roll back"),
    (DISABLED, "disabled", "not now"),
    ({"waiting-for": ["a", "b"], "success": False}, "waiting", "waits until populated: a, b"),
    (FAILED, "failed", "no Bo"),
    ({"supported-operations": ["enable"]}, "on request", "is run by who asks it"),
    ({"supported-operations": ["enable"], **FAILED}, "failed", "no Bo"),
    ({"success": True}, "ok", ""),
    ({"success": True, "retries": 1200}, "ok", "1,200 failed entities wait to be tried again"),
]


@pytest.mark.parametrize(("more", "state", "reason"), CASES)
def test_the_state_of_a_pipe_is_its_first_reason(more, state, reason):
    assert state_of(WELL | more) == state
    assert reason in reason_of(WELL | more)


def test_every_state_has_a_case_and_a_word():
    assert {state for _, state, _ in CASES} == set(STATES) == set(WORDS)
    assert set(STATES) >= BAD


def test_rates_and_queues_are_null_where_nothing_is_known():
    event = {"metrics": {"entities": {"entities_last_run": 30}}, "total_time": 1.5}
    assert (rate_of(event), rate_of({}), rate_of(event | {"total_time": 0})) == (20.0, None, None)
    of_one = {"queues": {"source": 3}}
    of_two = {"queues": {"source": {"a": 1}}}
    assert source_queues(["a"], of_one) == {"a": 3}
    assert source_queues(["a", "b"], of_two) == {"a": 1, "b": None}
