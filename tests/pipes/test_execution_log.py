"""What a run tells in the execution log."""

from __future__ import annotations


def test_a_run_tells_of_its_start_and_its_end(node):
    node.put("a", {"_id": "1"}, {"_id": "2"})
    node.pipe("b", source="a")
    node.run("b", user="kari", next_interval=30.0, run_id="r-1")
    started, completed = node.events("b")
    assert started == {
        "_id": "pump-started",
        "event_type": "pump-started",
        "pipe": "b",
        "pump_definition": "pump:b",
        "reason": "manual",
        "run_id": "r-1",
        "start_time": completed["start_time"],
        "sync_type": "full",
        "user": {"user_id": "kari"},
    }
    assert completed["metrics"]["entities"]["changes_last_run"] == 2
    for name in ("end_time", "total_time", "metrics", "start_time"):
        del completed[name]
    assert completed == {
        "_id": "pump-completed",
        "cancelled": False,
        "entities_failed": 0,
        "entities_succeeded": 2,
        "event_type": "pump-completed",
        "next_interval": 30.0,
        "pipe": "b",
        "pump_definition": "pump:b",
        "pump_started_location": 0,
        "reason": "manual",
        "retry_entities_exist": False,
        "run_id": "r-1",
        "sync_type": "full",
        "user": {"user_id": "kari"},
    }


def test_a_run_without_effect_leaves_no_events_unless_asked_for(node):
    node.put("a", {"_id": "1"})
    node.pipe("b", source="a")
    node.run("b")
    node.run("b")
    node.run("b", "full")
    assert len(node.events("b")) == 2
    node.pipe("b", source="a", pump={"log_events_noop_runs_changes_only": False})
    node.run("b", "full")
    assert len(node.events("b")) == 4
    node.run("b")
    assert len(node.events("b")) == 4
    node.pipe("b", source="a", pump={"log_events_noop_runs": True})
    node.run("b")
    assert len(node.events("b")) == 6


def test_a_run_that_is_told_twice_adds_nothing(node):
    node.put("a", {"_id": "1"})
    node.pipe("b", source="a")
    node.run("b", run_id="once")
    node.run("b", "full", run_id="once")
    assert len(node.events("b")) == 2


def test_the_result_holds_the_events(node):
    node.put("a", {"_id": "1"})
    node.pipe("b", source="a")
    result = node.run("b")
    assert result.events == node.events("b")
