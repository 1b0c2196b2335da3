"""Incremental is equal: after any history the sink holds what a full run from scratch makes."""

from __future__ import annotations

import json
import random
import re
from multiprocessing import get_context

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pipes_helpers import hop

from histories.children import Children
from histories.history import History, histories, make_history
from histories.play import play_in_memory
from histories.reach import Reach
from histories.volume import CHUNK, play_all, run_chunk, smaller, told
from sesam_node.pipes import recorded, tracking
from sesam_node.pipes.emitted import EmittedIds


def check(count, seed):
    """Play histories of a seed; fails with those that differ, or where too little was reached."""
    reach, different = play_all(histories(count, seed))
    if different:
        pytest.fail("\n".join(different))
    assert reach.missing() == [], reach.text()


@pytest.mark.timeout(600)
def test_incremental_runs_leave_what_full_runs_leave():
    check(200, "suite")


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_two_thousand_histories():
    reach = Reach()
    different = []
    chunks = [("long", first, CHUNK) for first in range(0, 2_000, CHUNK)]
    with get_context("spawn").Pool(2) as pool:
        for found_reach, found in pool.imap_unordered(run_chunk, chunks):
            reach.add(found_reach)
            different += found
    if different:
        pytest.fail("\n".join(different))
    assert reach.missing() == [], reach.text()


@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.randoms(use_true_random=False))
def test_hypothesis_finds_no_difference(chance):
    """As above with histories that hypothesis steers, and shrinks where it finds one."""
    assert play_in_memory(make_history(chance)).difference == ""


def test_the_same_seed_makes_the_same_history():
    assert list(histories(20, 3)) == list(histories(20, 3))
    assert list(histories(5, 3)) != list(histories(5, 4))
    made = make_history(random.Random("x.1"), "x.1")
    assert History(**json.loads(json.dumps(made.__dict__))) == made


def test_kills_over_lmdb_are_real():
    """The child that a history names is killed, and the next one goes on where it was."""
    put = ["put", "a", [{"_id": str(n), "v": n} for n in range(5)]]
    config = {
        "source": {"type": "dataset", "dataset": "a"},
        "transform": [{"type": "dtl", "rules": {"default": [["copy", "*"]]}}],
    }
    kills = [["kill", n, after] for n in range(1, 8) for after in (False, True)]
    with Children() as children:
        played = children.play(History("", "lmdb", 2, config, [put, *kills, ["check"]]))
    assert (played.difference, played.kills, played.checks) == ("", 14, 1)


# -- the test can fail: planted faults are found, and shown by a small history --------------------


def found(count, seed, fits=lambda _history: True):
    """The first history that differs."""
    for history in histories(count, seed):
        if fits(history) and play_in_memory(history).difference:
            return history
    pytest.fail("the fault was not found")
    return None


def test_tracking_that_forgets_the_old_version_is_found(monkeypatch):
    def states(dataset, offset, head):
        versions = dataset.changes(offset - 1, 10_000, until=head)
        return (tracking.decode(version.body) for version in versions if not version.deleted)

    monkeypatch.setattr(tracking, "_states", states)
    small = smaller(found(100, "old"))
    text = told(small, play_in_memory(small))
    assert len(small.steps) <= 8
    assert re.search(r"incremental .*, full ", text)


def test_tracking_that_walks_the_latest_versions_only_is_found(monkeypatch):
    """The one before and the latest are not enough: a look-up may have met what was between."""
    rules = {"default": [["copy", "*"], ["add", "h", hop("h", ["eq", "_S.k", "h.k"], give="h.v")]]}
    config = {
        "source": {"type": "dataset", "dataset": "a"},
        "transform": [{"type": "dtl", "rules": rules}],
    }

    def moved(key):
        return ["put", "h", [{"_id": "x", "k": key, "v": 1}]]

    between = History(
        "",
        "memory",
        1,
        config,
        [
            ["put", "a", [{"_id": "1", "k": "p"}, {"_id": "2", "k": "q"}]],
            moved("p"),
            ["run", "auto", [moved("q")]],
            moved("r"),
            ["check"],
        ],
    )
    assert play_in_memory(between).difference == ""

    def states(dataset, offset, head):
        for version in dataset.changes(offset - 1, 10_000, until=head):
            before = dataset.version_before(version.entity_id, offset) if offset else None
            for one in (version, before):
                if one is not None and not one.deleted:
                    yield tracking.decode(one.body)

    monkeypatch.setattr(tracking, "_states", states)
    assert '2: incremental {"h":[1],"k":"q"}' in play_in_memory(between).difference


def test_emitted_ids_that_are_not_deleted_are_found(monkeypatch):
    settle = EmittedIds._settle

    def without_deletes(*args, **more):
        writes, missing = settle(*args, **more)
        return [write for write in writes if not write.deleted], missing

    monkeypatch.setattr(EmittedIds, "_settle", without_deletes)
    found(200, "emitted")


def test_look_ups_that_found_nothing_and_are_not_recorded_are_found(monkeypatch):
    find = recorded.RecordingLookup.find

    def only_hits(self, dataset, index, keys):
        before = {place: set(taken) for place, taken in self._taken.items()}
        rows = find(self, dataset, index, keys)
        if not rows:
            self._taken = before
        return rows

    monkeypatch.setattr(recorded.RecordingLookup, "find", only_hits)
    found(300, "misses")
