"""Runs that fail, are stopped, or are no longer wanted: what stays, and how it goes on."""

from __future__ import annotations

import pickle

import pytest

from sesam_node.errors import DtlError, FenceError, Problem
from sesam_node.pipes import writer
from sesam_node.pipes.evaluate import EntityError
from sesam_node.store.api import Commit, Fence

FAIL_ON_3 = [["copy", "*"], ["if", ["eq", "_S._id", "3"], ["fail!", "no three"]]]


def numbered(*numbers):
    return [{"_id": str(number)} for number in numbers]


def test_what_came_before_a_failing_entity_is_written_and_not_read_again(node):
    node.pipe("b", source="a", rules=FAIL_ON_3)
    node.put("a", *numbered(1, 2, 3, 4))
    result = node.try_run("b")
    assert (result.success, result.processed, result.last_seen) == (False, 2, "1")
    assert list(node.live("b")) == ["1", "2"]
    node.pipe("b", source="a")
    again = node.run("b")
    assert (again.processed, list(node.live("b"))) == (4, ["1", "2", "3", "4"])


def test_an_incremental_run_goes_on_behind_what_was_written(node):
    node.pipe("b", source="a", rules=FAIL_ON_3)
    node.put("a", *numbered(1))
    node.run("b")
    node.put("a", *numbered(2, 3, 4))
    assert node.try_run("b").last_seen == "1"
    node.put("a", {"_id": "3", "_deleted": True})
    node.pipe("b", source="a")
    assert node.run("b").processed == 2


def test_a_failure_names_the_entity_the_rule_and_the_reason(node):
    node.pipe("b", source="a", rules=FAIL_ON_3)
    node.put("a", {"_id": "3", "x": 1})
    result = node.try_run("b")
    assert result.exception_entity == {"_id": "3", "x": 1}
    for part in ('"3"', "$.transform.rules.default[1]", "no three"):
        assert part in result.error
    event = node.events("b")[-1]
    assert event["_id"] == event["event_type"] == "pump-failed"
    assert event["reason_why_stopped"] == result.error
    assert event["exception_entity"] == {"_id": "3", "x": 1}
    assert "no three" in event["original_error_message"]
    assert "Traceback" in event["original_traceback"]
    assert (event["entities_succeeded"], event["entities_failed"]) == (0, 1)


def test_a_pipe_that_cannot_be_built_fails_and_tells(node):
    node.pipe("b", source={"type": "csv", "system": "gone", "url": "x", "primary_key": "a"})
    result = node.try_run("b")
    assert result.error == 'the system "gone" does not exist'
    assert [event["_id"] for event in node.events("b")] == ["pump-started", "pump-failed"]


def test_a_type_that_is_not_built_is_refused_by_name(node):
    node.pipe("b", source={"type": "binary", "system": "k", "url": "t"})
    assert node.try_run("b").error == 'the source type "binary" cannot run in this version'


def test_an_option_that_is_not_built_is_refused_by_name(node):
    system = {"_id": "web", "type": "system:url", "url_pattern": "x/%s", "tripletex": {"ttl": 1}}
    node.more = {"systems": {"web": system}}
    node.pipe("b", source={"type": "json", "system": "web", "url": "x"})
    assert node.try_run("b").error == (
        'the option "tripletex" of system "web" cannot run in this version'
    )


def test_a_subset_that_is_none_is_refused_at_its_place(node):
    node.pipe("b", source={"type": "dataset", "dataset": "a", "subset": ["eq", "_S.x"]})
    error = node.try_run("b").error
    assert '$.source.subset: expected ["eq", index expression, value], got' in error


def test_a_stopped_run_keeps_what_it_wrote_and_goes_on_there(node, monkeypatch):
    node.put("a", *numbered(*range(500)))
    node.pipe("b", source="a")
    stopped = node.try_run("b", cancelled=lambda: True)
    assert (stopped.success, stopped.cancelled, stopped.processed) == (False, True, 200)
    assert (stopped.error, stopped.traceback) == ("the run was stopped", None)
    again = node.run("b")
    assert (again.sync_type, again.changed, len(node.live("b"))) == ("full", 300, 500)
    assert node.run("b").sync_type == "incremental"


def test_an_interrupted_full_run_goes_on_as_the_same_one_and_deletes_at_its_end(node, monkeypatch):
    monkeypatch.setattr(writer, "COMMIT_ENTITIES", 100)
    node.pipe("b", source="a")
    node.put("b", *numbered("old", 3, 450))
    node.put("a", *numbered(*range(500)))
    node.put("b", *numbered(1, 2))
    node.try_run("b", cancelled=lambda: True)
    assert node.state("b", "full-run")["head"] == 5
    assert "old" in node.live("b")
    resumed = node.run("b")
    assert resumed.processed < 500
    assert (sorted(node.live("b")), node.deleted("b")) == (
        sorted(map(str, range(500))),
        ["old"],
    )
    state = node.store.dataset("b").state("b")
    assert [key for key in state if key.startswith("full-run")] == []


def test_unchanged_entities_that_an_interrupted_full_run_met_are_not_deleted(node, monkeypatch):
    monkeypatch.setattr(writer, "COMMIT_ENTITIES", 100)
    node.pipe("b", source="a")
    node.put("a", *numbered(*range(500)))
    node.run("b")
    node.try_run("b", "full", cancelled=lambda: True)
    assert node.run("b").sync_type == "full"
    assert (len(node.live("b")), node.deleted("b")) == (500, [])


def test_an_interrupted_full_run_begins_anew_when_the_pipe_has_changed(node):
    node.pipe("b", source="a", rules=[["copy", "*"], ["add", "v", 1]])
    node.put("a", *numbered(*range(500)))
    node.try_run("b", cancelled=lambda: True)
    node.pipe("b", source="a", rules=[["copy", "*"], ["add", "v", 2]])
    assert node.run("b").processed == 500
    assert {item["v"] for item in node.live("b").values()} == {2}


def test_a_source_that_cannot_go_on_begins_again_after_an_interruption(node):
    entities = numbered(*range(1500))
    node.pipe("a", source={"type": "embedded", "entities": entities})
    node.try_run("a", cancelled=lambda: True)
    assert len(node.live("a")) == 1000
    assert (node.run("a").processed, len(node.live("a"))) == (1500, 1500)


def test_a_run_of_an_older_configuration_cannot_write(node):
    node.put("a", *numbered(1))
    node.pipe("b", source="a")
    node.run("b", epoch=2, revision=5)
    node.put("a", *numbered(2))
    late = node.try_run("b", epoch=2, revision=4)
    assert (late.success, list(node.live("b"))) == (False, ["1"])
    assert "superseded" in late.error
    older = node.try_run("b", epoch=1, revision=9)
    assert (older.success, list(node.live("b"))) == (False, ["1"])


def test_a_run_that_is_superseded_midway_writes_nothing_more(node, monkeypatch):
    monkeypatch.setattr(writer, "COMMIT_ENTITIES", 100)
    node.put("a", *numbered(*range(500)))
    node.pipe("b", source="a")

    def supersede(progress):
        node.store.dataset("b").claim(Fence(1, 1, "b", "newer"))

    result = node.try_run("b", report=supersede)
    assert (result.success, len(node.live("b"))) == (False, 200)


def test_an_offset_that_another_has_set_meanwhile_stops_the_run(node, monkeypatch):
    monkeypatch.setattr(writer, "COMMIT_ENTITIES", 100)
    node.put("a", *numbered(*range(500)))
    node.pipe("b", source="a", sink={"type": "dataset", "deletion_tracking": False})

    def move(progress):
        node.store.dataset("b").write([], Commit("b", {"offset": b"7"}, None))

    result = node.try_run("b", report=move)
    assert (result.success, len(node.live("b"))) == (False, 200)


def test_progress_is_told_between_batches(node):
    node.put("a", *numbered(*range(1300)))
    node.pipe("b", source="a")
    seen = []
    node.run("b", report=lambda progress: seen.append(progress.processed))
    assert seen == [200, 1200, 1300]


def test_a_claim_of_an_older_node_is_refused(node):
    node.store.dataset("b").claim(Fence(3, 0, "b", "x"))
    with pytest.raises(FenceError):
        node.store.dataset("b").claim(Fence(2, 0, "b", "y"))


def test_the_error_of_an_entity_travels_between_processes():
    cause = DtlError("no", [Problem("$.rules", "failed", "no")])
    error = pickle.loads(pickle.dumps(EntityError(3, {"_id": "1"}, cause)))
    assert (str(error), error.position, error.entity, error.problems) == (
        "no",
        3,
        {"_id": "1"},
        cause.problems,
    )
