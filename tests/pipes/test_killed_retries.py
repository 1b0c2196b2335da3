"""A kill in the middle of a run with failing entities: nothing is lost, nothing told twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from killed_run import COUNT, EVERY, begin

BAD = [f"{i:05}" for i in range(0, COUNT, EVERY)]


def told(node):
    return sorted(
        (event["entity"]["_id"], event["retry_attempts"], event["dead"])
        for event in node.events("b")
        if event["event_type"] == "write-error"
    )


def kill_at(url, place, number):
    """Run the pipe in a process that kills itself there."""
    script = Path(__file__).with_name("killed_run.py")
    done = subprocess.run([sys.executable, script, url, place, str(number)], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("place", "number"), [("processed", 1), ("processed", 2_000), ("told", 1), ("told", 4)]
)
def test_after_a_kill_every_entity_is_there_and_every_error_was_told_once(tmp_path, place, number):
    url = f"lmdb:{tmp_path / 'store'}"
    kill_at(url, place, number)
    node = begin(url)
    result = node.run("b")
    assert len(node.live("b")) == COUNT - len(BAD)
    assert result.retries_waiting == len(BAD)
    first = [(name, attempts) for name, attempts, _ in told(node)]
    assert len(set(first)) == len(first)
    assert {name for name, _ in first} == set(BAD)
    while node.run("b").retries_waiting:
        pass
    assert sorted(node.live("letters")) == BAD
    assert told(node) == sorted(
        (name, attempts, attempts == 3) for name in BAD for attempts in range(4)
    )
    assert node.run("b").processed == 0
    node.store.close()
