"""Pumps: operations, events, offsets (pump-execution.rst, api.rst)."""

from __future__ import annotations

import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)$")


def two(node):
    node.receiver("a", {"_id": "1", "x": 1}, {"_id": "2", "x": 2})
    node.pipe("b", {"type": "dataset", "dataset": "a"}, transform=[["copy", "*"]])


def test_a_run_leaves_started_and_completed(node):
    two(node)
    node.run("b")
    started, completed = node.events("b")
    assert (started["_id"], started["event_type"], started["sync_type"], started["pipe"]) == (
        "pump-started",
        "pump-started",
        "full",
        "b",
    )
    assert TIME.match(started["start_time"])
    assert started["pump_definition"]
    assert "user" in started
    assert (
        completed["_id"],
        completed["event_type"],
        completed["sync_type"],
        completed["pipe"],
    ) == (
        "pump-completed",
        "pump-completed",
        "full",
        "b",
    )
    assert completed["start_time"] == started["start_time"]
    assert TIME.match(completed["end_time"])
    assert completed["pump_started_location"] == started["_updated"]
    assert completed["retry_entities_exist"] is False
    assert (completed["entities_succeeded"], completed["entities_failed"]) == (2, 0)
    assert "total_time" in completed
    assert "next_interval" in completed
    metrics = completed["metrics"]["entities"]
    assert (metrics["entities_last_run"], metrics["changes_last_run"]) == (2, 2)
    assert (metrics["read_errors_last_run"], metrics["write_errors_last_run"]) == (0, 0)
    assert {"source_time", "transform_time", "sink_time"} <= set(metrics)
    node.post("a", {"_id": "3", "x": 3})
    node.run("b")
    assert node.events("b")[-1]["sync_type"] == "incremental"
    assert node.events("b")[-1]["entities_succeeded"] == 1


def test_the_log_is_read_from_an_offset_backwards_and_latest_only(node):
    two(node)
    node.run("b")
    node.pump("b", "update-last-seen", **{"last-seen": ""})
    node.post("a", {"_id": "1", "x": 0})
    node.run("b")
    every = node.events("b")
    assert [e["_id"] for e in every] == [
        "pump-started",
        "pump-completed",
        "pump-offset-set",
        "pump-started",
        "pump-completed",
    ]
    assert [e["_updated"] for e in every] == [0, 1, 2, 3, 4]
    assert node.events("b", since=2) == every[3:]
    assert node.events("b", since=0, limit=2) == every[1:3]
    assert node.events("b", reverse="true") == every[::-1]
    assert node.events("b", reverse="true", limit=1) == every[-1:]
    latest = node.events("b", history="false")
    assert [e["_updated"] for e in latest] == [2, 3, 4]
    offset_set = every[2]
    assert (
        offset_set["is_reset"],
        offset_set["pipe_offset"],
        offset_set["original_pipe_offset"],
    ) == (
        True,
        "",
        "1",
    )
    assert offset_set["pipe"] == "b"
    assert "user" in offset_set
    assert TIME.match(offset_set["event_time"])
    assert node.http.get("/pipes/nope/log").status_code == 404
    dataset = node.entities("system:pump_execution:b")
    assert [e["_id"] for e in dataset] == [e["_id"] for e in every]


def test_last_seen_is_a_text_that_can_be_set_cleared_and_moved_to_the_end(node):
    two(node)
    assert node.runtime("b")["last-seen"] in ("", None)
    assert node.run("b")["last-seen"] == "1"
    assert node.pump("b", "update-last-seen", **{"last-seen": "0"})["last-seen"] == "0"
    # A run without effect leaves no events, but for the pump that asks for them.
    assert node.run("b")["last-seen"] == "1"
    assert node.events("b")[-1]["_id"] == "pump-offset-set"
    assert node.pump("b", "update-last-seen", **{"last-seen": ""})["last-seen"] in ("", None)
    assert node.pump("b", "set-last-seen-to-end")["last-seen"] == "1"
    node.post("a", {"_id": "3", "x": 3})
    node.run("b")
    assert node.events("b")[-1]["metrics"]["entities"]["entities_last_run"] == 1


def test_a_run_without_effect_is_logged_where_the_pump_asks_for_it(node):
    two(node)
    pump = {"mode": "manual", "log_events_noop_runs": True}
    node.pipe("b", {"type": "dataset", "dataset": "a"}, pump=pump)
    node.run("b", "b")
    assert [e["_id"] for e in node.events("b")] == ["pump-started", "pump-completed"] * 2
    assert node.events("b")[-1]["metrics"]["entities"]["entities_last_run"] == 0


def test_a_disabled_pump_keeps_its_comment_and_can_be_started_by_hand(node):
    two(node)
    assert node.pump("b", "disable", comment="spring cleaning")["is-disabled"] is True
    event = node.events("b")[-1]
    assert (event["_id"], event["comment"]) == ("pump-disabled", "spring cleaning")
    assert node.runtime("b")["next-run"] is None
    node.run("b")
    assert sorted(node.live("b")) == ["1", "2"]
    assert node.runtime("b")["is-disabled"] is True
    assert node.pump("b", "enable")["is-disabled"] is False
    assert node.events("b")[-1]["_id"] == "pump-enabled"


def test_an_unknown_operation_is_refused_in_the_words_the_client_looks_for(node):
    two(node)
    answer = node.http.post("/pipes/b/pump", data={"operation": "dance"})
    assert answer.status_code == 400
    assert "doesn't support the operation" in answer.text
    assert node.http.post("/pipes/b/pump", data={}).status_code == 400
    assert node.http.post("/pipes/nope/pump", data={"operation": "start"}).status_code == 404
    assert node.http.get("/pipes/nope/pump").status_code == 404


def test_stop_has_no_effect_on_a_pump_that_does_not_run(node):
    two(node)
    assert node.pump("b", "stop")["is-running"] is False


def test_queues_say_what_waits_in_the_source_and_behind_hops(node):
    node.receiver("city", {"_id": "c1", "name": "Oslo"})
    node.receiver("person", {"_id": "p1", "city": "c1"}, {"_id": "p2"})
    hop = ["hops", {"datasets": ["city c"], "where": ["eq", "_S.city", "c._id"]}]
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "person"},
        transform=[["copy", "_id"], ["add", "city", hop]],
    )
    assert node.runtime("out")["queues"]["source"] == 2
    node.run("out")
    queues = node.runtime("out")["queues"]
    assert queues["source"] == 0
    assert queues["dependencies"] == {"city": 0}
    node.post("city", {"_id": "c1", "name": "Bergen"})
    node.post("person", {"_id": "p3"})
    queues = node.runtime("out")["queues"]
    assert (queues["source"], queues["dependencies"]) == (1, {"city": 1})
    node.run("out")
    queues = node.runtime("out")["queues"]
    assert (queues["source"], queues["dependencies"]) == (0, {"city": 0})
    assert "city" in node.runtime("out")["dependencies"]


def test_a_rescan_writes_nothing_where_nothing_changed_and_keeps_the_offset(node):
    two(node)
    node.run("b")
    end = node.end("b")
    node.pump("b", "start-rescan")
    assert node.idle("b")["last-seen"] == "1"
    assert node.end("b") == end
    node.post("a", {"_id": "1", "x": 0})
    node.pump("b", "start-rescan")
    node.idle("b")
    assert node.events("b")[-1]["sync_type"] == "full"
    assert node.log("b", since=end) == [("1", False, {"x": 0})]


def test_a_full_run_deletes_what_the_source_no_longer_has(node):
    node.pipe("e", {"type": "embedded", "entities": [{"_id": "1"}, {"_id": "2", "x": 1}]})
    node.run("e")
    node.pipe("e", {"type": "embedded", "entities": [{"_id": "1"}]})
    node.run("e")
    assert node.log("e") == [("1", False, {}), ("2", False, {"x": 1}), ("2", True, {"x": 1})]
    node.pipe("e", {"type": "embedded", "entities": [{"_id": "1"}, {"_id": "2", "x": 1}]})
    node.run("e")
    assert sorted(node.live("e")) == ["1", "2"]


def test_the_library_starts_and_waits(node):
    import sesamclient

    two(node)
    conn = sesamclient.Connection(node.child.url, jwt_auth_token=node.child.token, timeout=60)
    pump = conn.get_pipe("b").get_pump()
    pump.start()
    pump.wait_for_pump_to_finish_running(assert_successful_run=True)
    pump.unset_last_seen()
    assert pump.last_seen in ("", None)
    pump.start()
    pump.wait_for_pump_to_finish_running(assert_successful_run=True)
    assert [e["_id"] for e in conn.get_pipe("b").get_log_entities()] == [
        "pump-started",
        "pump-completed",
        "pump-offset-set",
    ]
    pump.disable()
    assert pump.is_disabled
    pump.enable()
    conn.close()


def test_a_schedule_says_when_it_runs_next_and_runs(node):
    two(node)
    node.pipe(
        "b",
        {"type": "dataset", "dataset": "a"},
        pump={"schedule_interval": 3600, "cron_expression": "0 0 1 1 ?"},
    )
    assert re.match(r"\d{4}-01-01T00:00:00", node.runtime("b")["next-run"])
    node.pipe("b", {"type": "dataset", "dataset": "a"}, pump={"schedule_interval": 0.5})
    node.until(lambda: node.http.get("/datasets/b").status_code, lambda code: code == 200)
    node.until(lambda: node.live("b"), lambda live: sorted(live) == ["1", "2"])
    node.post("a", {"_id": "3"})
    node.until(lambda: node.live("b"), lambda live: sorted(live) == ["1", "2", "3"])
