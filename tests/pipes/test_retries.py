"""Entities that fail: those behind them go on, later runs try again, some become dead letters."""

from __future__ import annotations

import pytest

from sesam_node.errors import PipeError
from sesam_node.pipes import component
from sesam_node.pipes.retries import Retries

RETRIES = {"max_write_errors_in_retry_dataset": 10, "max_consecutive_write_errors": 10}
FAIL_ON_BAD = [["copy", "*"], ["if", ["eq", "_S.bad", True], ["fail!", "it is bad"]]]


def numbered(*numbers, **more):
    return [{"_id": str(number), **more} for number in numbers]


def errors(node, pipe="b"):
    """The `write-error` events: (id, attempts, retryable, resolved, dead)."""
    return [
        (
            event["_id"].removeprefix("write-error:"),
            event["retry_attempts"],
            event["retryable"],
            event["resolved"],
            event["dead"],
        )
        for event in node.events(pipe)
        if event["event_type"] == "write-error"
    ]


@pytest.fixture
def target():
    """A sink type `target` that is no dataset, and fails as it is told."""

    class Target:
        dataset = None
        is_endpoint = False

        def __init__(self, _options, _context):
            pass

        def write(self, entities):
            ids = [entity["_id"] for entity in entities]
            state.calls.append(ids)
            if state.broken > 0:
                state.broken -= 1
                raise ConnectionRefusedError("nobody there")
            for entity in entities:
                if entity["_id"] in state.refused:
                    raise PipeError(f"no {entity['_id']} here")
            state.taken += [(entity["_id"], entity.get("v")) for entity in entities]
            return len(entities)

    class State:
        def __init__(self):
            self.calls, self.taken = [], []
            self.refused = set()
            self.broken = 0

    state = State()
    component.specs()
    component.sink("target")(Target)
    yield state
    for registry in (component._specs, component._factories):
        registry.pop(("sink", "target"))


# -- the decider ---------------------------------------------------------------------------------


def retries(state=None, run="run", dead=None, **pump):
    options = {"max_write_errors_in_retry_dataset": 2, "max_retries_per_entity": 2, **pump}
    return Retries(options, state or {}, run, (dead or {}).get, lambda: "now")


def after(decider, state):
    """The state after the changes that a decider wants."""
    changed = {**state, **decider.changes()}
    return {key: value for key, value in changed.items() if value is not None}


def told(decider):
    return [item.get("event", item) for item in decider.outbox]


def test_a_failed_entity_waits_until_its_tries_are_used_up():
    state, seen = {}, []
    for number in range(4):
        decider = retries(state, f"run {number}")
        decider.outbox.clear()
        decider.failed("1", {"_id": "1"}, PipeError("no"), "text")
        event = told(decider)[0]
        seen.append((event["retry_attempts"], event["retryable"], event["dead"]))
        state = after(decider, state)
    assert seen == [(0, True, False), (1, True, False), (2, False, True), (0, True, False)]


def test_another_version_begins_anew_and_the_same_run_counts_once():
    decider = retries()
    for value in (1, 1, 2):
        decider.failed("1", {"_id": "1", "v": value}, PipeError("no"), "")
    assert [event["retry_attempts"] for event in told(decider)] == [0, 0, 0]
    later = retries(after(decider, {}), "later")
    later.outbox.clear()
    later.failed("1", {"_id": "1", "v": 2}, PipeError("no"), "")
    assert told(later)[0]["retry_attempts"] == 1


def test_no_more_are_kept_than_allowed():
    decider = retries()
    decider.failed("1", {"_id": "1"}, PipeError("no"), "")
    decider.failed("2", {"_id": "2"}, PipeError("no"), "")
    with pytest.raises(PipeError, match="max_write_errors_in_retry_dataset"):
        decider.failed("3", {"_id": "3"}, PipeError("no"), "")
    assert (list(decider.waiting), decider.kept) == (["1", "2"], 2)


def test_a_newer_version_that_succeeds_resolves_the_error():
    decider = retries()
    decider.failed("1", {"_id": "1", "v": 1}, PipeError("no"), "")
    decider.succeeded("1", {"_id": "1", "v": 2})
    event = told(decider)[-1]
    assert (event["resolved"], event["retryable"], event["entity"], event["resolved_entity"]) == (
        True,
        False,
        {"_id": "1", "v": 1},
        {"_id": "1", "v": 2},
    )
    assert after(decider, {}).keys() == {"outbox"}


def test_an_entity_that_was_given_up_is_not_tried_again_until_it_changes():
    decider = retries(dead={"1": {"_id": "1"}})
    decider.failed("1", {"_id": "1"}, PipeError("no"), "")
    assert (told(decider), decider.waiting, decider.kept) == ([], {}, 1)
    decider.failed("1", {"_id": "1", "v": 2}, PipeError("no"), "")
    assert list(decider.waiting) == ["1"]


def test_the_outbox_is_cleared_once_it_is_told():
    decider = retries()
    decider.failed("1", {"_id": "1"}, PipeError("no"), "")
    state = after(decider, {})
    decider.outbox.clear()
    assert "outbox" not in after(decider, state)


# -- runs ----------------------------------------------------------------------------------------


def test_a_run_goes_on_behind_an_entity_that_fails_and_later_ones_try_it_again(node):
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=RETRIES)
    node.put("a", *numbered(1), *numbered(2, bad=True), *numbered(3))
    result = node.run("b")
    assert (list(node.live("b")), result.last_seen) == (["1", "3"], "2")
    assert (result.processed, result.failed, result.retries_waiting) == (3, 1, 1)
    completed = node.events("b")[-1]
    assert (completed["entities_succeeded"], completed["entities_failed"]) == (2, 1)
    assert completed["retry_entities_exist"] is True
    assert completed["metrics"]["entities"]["write_errors_last_run"] == 1
    node.run("b")
    node.pipe("b", source="a", pump=RETRIES)
    last = node.run("b")
    assert (list(node.live("b")), last.retries_waiting) == (["1", "3", "2"], 0)
    assert errors(node) == [
        ("2", 0, True, False, False),
        ("2", 1, True, False, False),
        ("2", 2, False, True, False),
    ]
    assert node.run("b").processed == 0


def test_the_event_of_an_error_tells_what_and_why(node):
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=RETRIES)
    node.put("a", *numbered(2, bad=True))
    node.run("b")
    event = next(e for e in node.events("b") if e["event_type"] == "write-error")
    assert (event["_id"], event["entity"], event["pipe"], event["error_code"]) == (
        "write-error:2",
        {"_id": "2", "bad": True},
        "b",
        1,
    )
    assert "it is bad" in event["original_error_message"]
    assert "Traceback" in event["traceback"]


def test_a_newer_version_that_works_ends_the_retries(node):
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=RETRIES)
    node.put("a", *numbered(2, bad=True))
    node.run("b")
    node.put("a", *numbered(2, v=2))
    result = node.run("b")
    assert (result.processed, node.live("b")) == (1, {"2": {"v": 2}})
    assert errors(node)[-1] == ("2", 0, False, True, False)
    event = [e for e in node.events("b") if e["event_type"] == "write-error"][-1]
    assert (event["entity"], event["resolved_entity"]) == (
        {"_id": "2", "bad": True},
        {"_id": "2", "v": 2},
    )


def test_an_entity_without_success_becomes_a_dead_letter(node):
    pump = {**RETRIES, "max_retries_per_entity": 2, "dead_letter_dataset": "letters"}
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=pump)
    node.put("a", *numbered(2, bad=True))
    for _ in range(4):
        node.run("b")
    assert errors(node) == [
        ("2", 0, True, False, False),
        ("2", 1, True, False, False),
        ("2", 2, False, False, True),
    ]
    assert node.live("letters") == {"2": {"bad": True}}
    assert node.run("b").retries_waiting == 0


def test_dead_letters_of_old_configurations_go_to_a_dataset_of_the_system(node):
    pump = {**RETRIES, "max_retries_per_entity": 0, "use_dead_letter_dataset": True}
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=pump)
    node.put("a", *numbered(2, bad=True))
    node.run("b")
    assert list(node.live("system:dead-letter:b")) == ["2"]


@pytest.mark.parametrize("track", [False, True])
def test_a_later_success_deletes_a_dead_letter_where_that_is_tracked(node, track):
    pump = {
        **RETRIES,
        "max_retries_per_entity": 0,
        "dead_letter_dataset": "letters",
        "track_dead_letters": track,
    }
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=pump)
    node.put("a", *numbered(1, 2, bad=True))
    node.run("b")
    node.put("a", *numbered(2, v=2))
    node.run("b")
    assert list(node.live("letters")) == (["1"] if track else ["1", "2"])


def test_too_many_errors_in_a_row_end_the_run_and_the_next_one_goes_on_behind_them(node):
    pump = {**RETRIES, "max_consecutive_write_errors": 2}
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=pump)
    node.put("a", *numbered(1), *numbered(2, 3, 4, bad=True), *numbered(5))
    result = node.try_run("b")
    assert (result.success, result.last_seen, result.retries_waiting) == (False, "2", 2)
    assert result.exception_entity == {"_id": "3", "bad": True}
    result = node.run("b")
    assert (list(node.live("b")), result.retries_waiting) == (["1", "5"], 3)


def test_when_no_more_may_be_kept_the_run_fails_before_the_entity(node):
    pump = {**RETRIES, "max_write_errors_in_retry_dataset": 1}
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=pump)
    node.put("a", *numbered(1, 2, bad=True), *numbered(3))
    result = node.try_run("b")
    assert (result.success, result.last_seen) == (False, "0")
    assert "max_write_errors_in_retry_dataset" in result.error
    node.pipe("b", source="a", pump=pump)
    assert sorted(node.run("b") and node.live("b")) == ["1", "2", "3"]


def test_without_retries_a_run_ends_at_the_first_error(node):
    node.pipe("b", source="a", rules=FAIL_ON_BAD)
    node.put("a", *numbered(1), *numbered(2, bad=True), *numbered(3))
    assert (node.try_run("b").success, errors(node), list(node.live("b"))) == (False, [], ["1"])


def test_a_full_run_does_not_delete_what_the_sink_has_of_a_failing_entity(node):
    node.put("a", *numbered(1, 2, v=1))
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=RETRIES)
    node.run("b")
    node.put("a", *numbered(2, bad=True))
    node.run("b", "full")
    assert node.live("b") == {"1": {"v": 1}, "2": {"v": 1}}
    assert errors(node) == [("2", 0, True, False, False)]


def test_where_ids_are_computed_a_full_run_with_errors_deletes_nothing(node):
    rules = [["add", "_id", ["concat", "x", "_S._id"]], *FAIL_ON_BAD[1:]]
    node.put("a", *numbered(1, 2))
    node.pipe("b", source="a", rules=rules, pump=RETRIES)
    node.run("b")
    node.put("a", *numbered(2, bad=True))
    node.run("b", "full")
    assert list(node.live("b")) == ["x1", "x2"]


def test_a_full_run_forgets_failed_entities_that_are_gone(node):
    source = {"type": "embedded", "entities": numbered(1, bad=True)}
    node.pipe("b", source=source, rules=FAIL_ON_BAD, pump=RETRIES)
    assert node.run("b").retries_waiting == 1
    node.pipe("b", source={**source, "entities": []}, rules=FAIL_ON_BAD, pump=RETRIES)
    assert (node.run("b").retries_waiting, errors(node)[-1]) == (0, ("1", 0, False, False, False))


def test_a_source_that_is_read_anew_each_time_counts_the_tries_of_an_entity(node):
    pump = {**RETRIES, "max_retries_per_entity": 1, "dead_letter_dataset": "letters"}
    source = {"type": "embedded", "entities": [*numbered(1, bad=True), *numbered(2)]}
    node.pipe("b", source=source, rules=FAIL_ON_BAD, pump=pump)
    for _ in range(4):
        assert node.run("b").success
    assert errors(node) == [("1", 0, True, False, False), ("1", 1, False, False, True)]
    assert (list(node.live("letters")), list(node.live("b"))) == (["1"], ["2"])


def test_the_sink_dataset_too_may_refuse_single_entities(node):
    sink = {"type": "dataset", "max_entity_bytes_size": 30}
    node.pipe("b", source="a", sink=sink, pump=RETRIES)
    node.put("a", *numbered(1), *numbered(2, x="long" * 20), *numbered(3))
    result = node.run("b")
    assert (list(node.live("b")), result.failed) == (["1", "3"], 1)
    node.put("a", *numbered(2))
    node.run("b")
    assert list(node.live("b")) == ["1", "3", "2"]


def test_what_hops_run_again_may_fail_and_is_tried_later(node):
    rules = [
        ["copy", "_id"],
        ["add", "v", ["hops", {"datasets": ["h h"], "where": ["eq", "_S._id", "h._id"]}]],
        ["if", ["eq", ["first", "_T.v.bad"], True], ["fail!", "bad"]],
    ]
    node.put("a", *numbered(1, 2))
    node.put("h", *numbered(1, 2))
    node.pipe("b", source="a", rules=rules, pump=RETRIES)
    node.run("b")
    node.put("h", *numbered(1, bad=True), *numbered(2, x=1))
    result = node.run("b")
    assert (result.failed, node.live("b")["2"]["v"]) == (1, [{"_id": "2", "x": 1}])
    node.put("h", *numbered(1, bad=False))
    node.run("b")
    assert node.live("b")["1"]["v"] == [{"_id": "1", "bad": False}]
    assert node.run("b").retries_waiting == 0


# -- sinks that are no dataset -------------------------------------------------------------------


def test_a_sink_gets_batches_of_the_size_that_the_pipe_asks_for(node, target):
    node.put("a", *numbered(*range(5)))
    node.pipe("b", source="a", sink={"type": "target"}, batch_size=2)
    node.run("b")
    assert target.calls == [["0", "1"], ["2", "3"], ["4"]]


def test_a_batch_that_fails_is_tried_again(node, target):
    target.broken = 3
    node.put("a", *numbered(1, 2))
    node.pipe("b", source="a", sink={"type": "target"})
    assert node.run("b").changed == 2
    assert target.calls == [["1", "2"]] * 4


def test_then_its_entities_are_written_one_by_one(node, target):
    target.refused = {"2"}
    node.put("a", *numbered(1, 2, 3))
    pump = {**RETRIES, "batch_retries": 0}
    node.pipe("b", source="a", sink={"type": "target"}, pump=pump)
    result = node.run("b")
    assert [name for name, _ in target.taken] == ["1", "3"]
    assert target.calls == [["1", "2", "3"], ["1"], ["2"], ["3"]]
    assert (result.failed, result.changed) == (1, 2)
    target.refused.clear()
    node.run("b")
    assert [name for name, _ in target.taken] == ["1", "3", "2"]
    assert [item[3] for item in errors(node)] == [False, True]


def test_unless_that_is_forbidden(node, target):
    target.refused = {"2"}
    pump = {"batch_retries": 1, "fallback_to_single_entities_on_batch_fail": False}
    node.put("a", *numbered(1, 2, 3))
    node.pipe("b", source="a", sink={"type": "target"}, pump=pump)
    result = node.try_run("b")
    assert (target.calls, target.taken) == ([["1", "2", "3"]] * 2, [])
    assert result.error == "a batch of 3 entities failed: no 2 here"
    target.refused.clear()
    assert node.run("b").changed == 3


def test_a_failing_entity_is_tried_as_often_as_errors_in_a_row_are_allowed(node, target):
    target.broken = 2
    node.put("a", *numbered(1))
    pump = {"max_consecutive_write_errors": 3, "write_retry_delay": 0.01}
    node.pipe("b", source="a", sink={"type": "target"}, pump=pump)
    assert (node.run("b").changed, len(target.calls)) == (1, 3)
    target.broken = 3
    node.put("a", *numbered(2))
    result = node.try_run("b")
    assert (result.success, result.last_seen) == (False, "0")
    assert "nobody there" in result.error


def test_an_error_without_contact_has_its_own_code(node, target):
    target.broken = 1
    node.put("a", *numbered(1))
    node.pipe("b", source="a", sink={"type": "target"}, pump=RETRIES)
    node.run("b")
    codes = [e["error_code"] for e in node.events("b") if e["event_type"] == "write-error"]
    assert codes == [0]


def test_retries_come_first_and_do_not_hold_back_what_is_new(node, target):
    target.refused = {"1"}
    node.put("a", *numbered(1, v=1))
    pump = {**RETRIES, "max_consecutive_write_errors": 1, "max_retries_per_entity": 9}
    node.pipe("b", source="a", sink={"type": "target"}, pump=pump)
    assert not node.try_run("b").success
    node.put("a", *numbered(2))
    assert node.run("b").changed == 1
    target.refused.clear()
    node.put("a", *numbered(3))
    node.run("b")
    assert [name for name, _ in target.taken] == ["2", "1", "3"]


def test_a_stop_ends_the_wait_for_another_try(node, target):
    target.broken = 99
    node.put("a", *numbered(1))
    pump = {"max_consecutive_write_errors": 9, "write_retry_delay": 3600}
    node.pipe("b", source="a", sink={"type": "target"}, pump=pump)
    assert node.try_run("b", cancelled=lambda: True).cancelled


# -- interruptions -------------------------------------------------------------------------------


def test_events_and_dead_letters_that_were_not_told_are_told_by_the_next_run_once(
    node, monkeypatch
):
    from sesam_node.pipes.execution_log import RunLog

    class KilledError(BaseException):
        pass

    def killed(*_, **__):
        raise KilledError

    pump = {**RETRIES, "max_retries_per_entity": 0, "dead_letter_dataset": "letters"}
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=pump)
    node.put("a", *numbered(1, bad=True), *numbered(2))
    with monkeypatch.context() as patched:
        patched.setattr(RunLog, "deliver", killed)
        with pytest.raises(KilledError):
            node.run("b")
    assert (errors(node), node.live("letters")) == ([], {})
    for _ in range(2):
        node.run("b")
    assert errors(node) == [("1", 0, False, False, True)]
    assert (node.log("letters"), list(node.live("b"))) == (["1"], ["2"])


def test_events_that_were_told_before_the_end_came_are_not_told_twice(node, monkeypatch):
    from sesam_node.pipes.execution_log import RunLog

    class KilledError(BaseException):
        pass

    deliver = RunLog.deliver

    def killed_after(self, outbox, *, again):
        deliver(self, outbox, again=again)
        raise KilledError

    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=RETRIES)
    node.put("a", *numbered(1, bad=True))
    with monkeypatch.context() as patched:
        patched.setattr(RunLog, "deliver", killed_after)
        with pytest.raises(KilledError):
            node.run("b")
    assert len(errors(node)) == 1
    node.put("a", *numbered(1))
    node.run("b")
    assert errors(node) == [("1", 0, True, False, False), ("1", 0, False, True, False)]


def test_nothing_is_left_in_the_state_when_all_is_resolved(node):
    node.pipe("b", source="a", rules=FAIL_ON_BAD, pump=RETRIES)
    node.put("a", *numbered(1, bad=True))
    node.run("b")
    node.put("a", *numbered(1))
    node.run("b")
    node.run("b")
    state = node.store.dataset("b").state("b")
    assert [key for key in state if key.startswith(("retry", "outbox"))] == []
