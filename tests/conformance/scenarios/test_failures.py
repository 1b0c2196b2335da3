"""Failing entities: retries, dead letters, flaky receivers (pump execution, pump properties)."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest


class Receiver(BaseHTTPRequestHandler):
    """A receiver of JSON pushes that refuses what it is told to."""

    def do_POST(self):
        length = self.headers.get("Content-Length")
        body = self.rfile.read(int(length)) if length else self.chunks()
        entities = json.loads(body)
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        self.server.requests.append((query, entities))
        bad = self.server.down or any(e["_id"] in self.server.refused for e in entities)
        answer = b"{}" if not bad else b'{"message": "no thanks"}'
        self.send_response(500 if bad else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if not bad:
            self.server.got.update({e["_id"]: e for e in entities})

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *args):
        pass


@pytest.fixture
def flaky():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.requests, server.refused, server.got, server.down = [], set(), {}, False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


FAIL = ["if", ["eq", "_S.x", 0], ["fail!", "no zeros"]]


def failing(node, **pump):
    node.receiver("in", {"_id": "1", "x": 1}, {"_id": "2", "x": 0}, {"_id": "3", "x": 3})
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "in"},
        transform=[["copy", "*"], FAIL],
        pump={"mode": "manual", **pump},
    )


def errors(node, pipe_id="out"):
    found = node.events(pipe_id, history="false")
    return {e["_id"]: e for e in found if e["event_type"] == "write-error"}


def test_a_failing_entity_ends_the_run_and_says_which_it_was(node):
    failing(node)
    runtime = node.run("out", success=False)
    assert "no zeros" in runtime["last-original-error-message"]
    event = node.events("out")[-1]
    assert event["_id"] == "pump-failed"
    assert event["exception_entity"]["_id"] == "2"
    assert "no zeros" in event["original_error_message"]
    for key in (
        "traceback",
        "original_traceback",
        "reason_why_stopped",
        "node_build_info",
        "end_time",
        "pump_started_location",
    ):
        assert key in event, key
    node.post("in", {"_id": "2", "x": 2})
    node.run("out")
    assert node.live("out") == {"1": {"x": 1}, "2": {"x": 2}, "3": {"x": 3}}


def test_a_failing_entity_is_kept_and_tried_again_until_a_newer_one_resolves_it(node):
    failing(node, max_write_errors_in_retry_dataset=10, max_consecutive_write_errors=5)
    node.run("out")
    assert node.live("out") == {"1": {"x": 1}, "3": {"x": 3}}
    error = errors(node)["write-error:2"]
    assert (error["retryable"], error["resolved"], error["dead"], error["retry_attempts"]) == (
        True,
        False,
        False,
        0,
    )
    assert error["entity"]["_id"] == "2"
    assert "no zeros" in error["original_error_message"]
    completed = node.events("out")[-1]
    assert (completed["_id"], completed["entities_failed"], completed["retry_entities_exist"]) == (
        "pump-completed",
        1,
        True,
    )
    node.run("out")
    assert errors(node)["write-error:2"]["retry_attempts"] == 1
    node.post("in", {"_id": "2", "x": 2})
    node.run("out")
    error = errors(node)["write-error:2"]
    assert (error["retryable"], error["resolved"]) == (False, True)
    assert node.live("out")["2"] == {"x": 2}
    attempts = error["retry_attempts"]
    node.run("out")
    assert errors(node)["write-error:2"]["retry_attempts"] == attempts


def test_an_entity_that_fails_too_often_is_dead_and_copied(node):
    failing(
        node,
        max_write_errors_in_retry_dataset=10,
        max_consecutive_write_errors=5,
        max_retries_per_entity=1,
        dead_letter_dataset="dead",
        track_dead_letters=True,
    )
    node.run("out", "out", "out")
    error = errors(node)["write-error:2"]
    assert (error["dead"], error["retryable"]) == (True, False)
    (dead,) = node.entities("dead")
    assert dead["_id"] in ("2", "out:2")
    attempts = error["retry_attempts"]
    node.run("out")
    assert errors(node)["write-error:2"]["retry_attempts"] == attempts
    node.post("in", {"_id": "2", "x": 2})
    node.run("out")
    assert node.live("out")["2"] == {"x": 2}
    assert node.entities("dead", history=False)[0]["_deleted"] is True


def test_too_many_errors_in_a_row_end_the_run(node):
    node.receiver("in", *({"_id": str(n), "x": 0} for n in range(6)))
    pump = {
        "mode": "manual",
        "max_write_errors_in_retry_dataset": 100,
        "max_consecutive_write_errors": 3,
    }
    node.pipe(
        "out", {"type": "dataset", "dataset": "in"}, transform=[["copy", "*"], FAIL], pump=pump
    )
    node.run("out", success=False)
    assert node.events("out")[-1]["_id"] == "pump-failed"


def test_more_failures_than_the_retries_hold_end_the_run(node):
    node.receiver("in", *({"_id": str(n), "x": n % 2} for n in range(10)))
    pump = {
        "mode": "manual",
        "max_write_errors_in_retry_dataset": 2,
        "max_consecutive_write_errors": 100,
    }
    node.pipe(
        "out", {"type": "dataset", "dataset": "in"}, transform=[["copy", "*"], FAIL], pump=pump
    )
    node.run("out", success=False)
    assert len(errors(node)) <= 3


def test_retries_can_be_discarded(node):
    failing(node, max_write_errors_in_retry_dataset=10, max_consecutive_write_errors=5)
    node.run("out")
    node.pump("out", "discard-retries")
    assert "pump-discard-retries" in [e["_id"] for e in node.events("out")]
    node.run("out")
    assert errors(node)["write-error:2"]["retry_attempts"] == 0


# ---- a sink that pushes -------------------------------------------------------------------------


def pushing(node, server, **pump):
    system = {
        "_id": "there",
        "type": "system:url",
        "url_pattern": f"http://127.0.0.1:{server.server_port}/%s",
    }
    assert node.http.post("/systems", json=[system]).status_code == 201
    node.receiver("in", *({"_id": str(n), "x": n} for n in range(5)))
    node.pipe(
        "out",
        {"type": "dataset", "dataset": "in"},
        transform=[["copy", "*"]],
        sink={"type": "json", "system": "there", "url": "push", "batch_size": 2},
        pump={"mode": "manual", **pump},
        batch_size=2,
    )


def test_a_full_push_is_a_sequence_and_an_incremental_one_is_not(node, flaky):
    pushing(node, flaky)
    node.run("out")
    queries = [q for q, _ in flaky.requests]
    assert {q["is_full"] for q in queries} == {"true"}
    assert len({q["sequence_id"] for q in queries}) == 1
    assert queries[0]["is_first"] == "true"
    assert [q.get("is_last") for q in queries][-1] == "true"
    assert all(q.get("is_first", "false") == "false" for q in queries[1:])
    assert all(q.get("is_last", "false") == "false" for q in queries[:-1])
    assert [q.get("previous_request_id") for q in queries[1:]] == [
        q["request_id"] for q in queries[:-1]
    ]
    assert sorted(flaky.got) == ["0", "1", "2", "3", "4"]
    assert all(len(entities) <= 2 for _, entities in flaky.requests)
    flaky.requests.clear()
    node.post("in", {"_id": "1", "_deleted": True})
    node.run("out")
    pushed = [(q["is_full"], e) for q, entities in flaky.requests for e in entities]
    assert [(full, e["_id"], e["_deleted"]) for full, e in pushed] == [("false", "1", True)]


def test_a_server_that_is_down_fails_the_run_and_nothing_is_lost(node, flaky):
    pushing(node, flaky)
    flaky.down = True
    node.run("out", success=False)
    flaky.down = False
    node.run("out")
    assert sorted(flaky.got) == ["0", "1", "2", "3", "4"]


def test_one_entity_that_is_refused_does_not_stop_the_others(node, flaky):
    pushing(
        node,
        flaky,
        max_write_errors_in_retry_dataset=10,
        max_consecutive_write_errors=5,
        batch_retries=0,
    )
    node.run("out")
    node.post("in", *({"_id": str(n), "x": n + 10} for n in range(5)))
    flaky.refused = {"2"}
    node.run("out")
    assert {i: e["x"] for i, e in flaky.got.items()} == {"0": 10, "1": 11, "2": 2, "3": 13, "4": 14}
    assert list(errors(node)) == ["write-error:2"]
    flaky.refused = set()
    node.run("out")
    assert flaky.got["2"]["x"] == 12
    error = errors(node)["write-error:2"]
    assert (error["resolved"], error["retryable"]) == (True, False)


def test_a_source_that_cannot_be_reached_is_a_read_error(node):
    system = {"_id": "there", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"}
    assert node.http.post("/systems", json=[system]).status_code == 201
    node.pipe("out", {"type": "json", "system": "there", "url": "x"})
    node.run("out", success=False)
    kinds = [e["event_type"] for e in node.events("out")]
    assert kinds[0] == "pump-started"
    assert kinds[-1] == "pump-failed"
    (error,) = [e for e in node.events("out") if e["event_type"] == "read-error"]
    assert error["error_code"] == 0
    assert error["_id"].startswith("read-error:")


def test_an_empty_source_can_be_an_error_that_deletes_nothing(node):
    source = {"type": "embedded", "if_source_empty": "fail", "entities": [{"_id": "1"}]}
    node.pipe("out", source)
    node.run("out")
    node.pipe("out", {**source, "entities": []})
    node.run("out", success=False)
    assert sorted(node.live("out")) == ["1"]
    node.pipe("out", {**source, "entities": [], "if_source_empty": "accept"})
    node.run("out")
    assert node.live("out") == {}
