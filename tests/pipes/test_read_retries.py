"""A source that cannot be read: how often it is tried, and what is told."""

from __future__ import annotations

import pytest

from sesam_node.errors import PipeError
from sesam_node.pipes import component
from sesam_node.pipes.batch import Batch


@pytest.fixture
def feed():
    """A source type `feed` with one entity a batch, which fails before those in `fails`."""

    class Feed:
        supports_since = True
        is_since_comparable = True
        is_chronological = True
        datasets = ()

        def __init__(self, options, _context):
            self.supports_since = self.is_chronological = options["goes_on"]

        def read(self, since):
            state.read.append(since)
            for number in range((since or 0) + 1, 4):
                if state.fails and state.fails[0] == number:
                    del state.fails[0]
                    raise PipeError(f"no {number}") from ConnectionResetError("gone")
                yield Batch([{"_id": str(number)}], None, number if self.supports_since else None)

    class State:
        def __init__(self):
            self.read = []
            self.fails = []

    state = State()
    component.specs()
    component.source("feed", component.Option("goes_on", "boolean", default=True, doc="?"))(Feed)
    yield state
    for registry in (component._specs, component._factories):
        registry.pop(("source", "feed"))


def read_errors(node):
    return [event for event in node.events("b") if event["event_type"] == "read-error"]


def test_reading_goes_on_behind_what_was_read(node, feed):
    feed.fails = [1, 3, 3]
    node.pipe("b", source={"type": "feed"}, pump={"max_read_retries": 3, "read_retry_delay": 0.01})
    result = node.run("b")
    assert (result.processed, list(node.live("b"))) == (3, ["1", "2", "3"])
    assert feed.read == [None, None, 2, 2]
    assert result.metrics["entities"]["read_errors_last_run"] == 3
    event = read_errors(node)[0]
    assert (event["error_code"], event["original_error_message"]) == (0, "no 1")
    assert event["_id"].startswith("read-error:")
    assert [e["event_type"] for e in node.events("b")] == [
        "pump-started",
        *["read-error"] * 3,
        "pump-completed",
    ]


def test_without_retries_the_first_error_ends_the_run_and_what_was_read_stays(node, feed):
    feed.fails = [2]
    node.pipe("b", source={"type": "feed"})
    result = node.try_run("b")
    assert (result.success, result.error, result.last_seen) == (False, "no 2", "1")
    assert (len(read_errors(node)), list(node.live("b"))) == (1, ["1"])
    assert node.run("b").processed == 2


def test_a_source_that_cannot_go_on_is_read_anew(node, feed):
    feed.fails = [3]
    node.pipe("b", source={"type": "feed", "goes_on": False}, pump={"max_read_retries": 1})
    assert node.run("b").changed == 3
    assert (feed.read, node.log("b")) == ([None, None], ["1", "2", "3"])


def test_the_wait_for_another_try_ends_when_the_run_is_stopped(node, feed):
    feed.fails = [1]
    node.pipe("b", source={"type": "feed"}, pump={"max_read_retries": 1, "read_retry_delay": 3600})
    assert node.try_run("b", cancelled=lambda: True).cancelled
