"""Partial runs, populated input, checkpoints, and limits of time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sesam_node.pipes.offsets import moved_back

PARTIAL = {"partial_rescan_run_count": 2, "partial_rescan_delta": 2}


def numbered(*numbers, **more):
    return [{"_id": str(number), **more} for number in numbers]


@pytest.mark.parametrize(
    ("offset", "delta", "moved"),
    [
        (12637, 100, 12537),
        (5, 100, -1),
        (5.5, 2, 3.5),
        (None, 100, None),
        (7, 0, 7),
        ({"a": 10, "b": 1}, 5, {"a": 5, "b": -1}),
        ({"a": 10, "$to": {"a": 12}, "$at": ["x"]}, 5, {"a": 5}),
        ("~t2018-04-27T15:46:40Z", 3600, "~t2018-04-27T14:46:40Z"),
        ("2018-04-27T15:46:40Z", 3600, "2018-04-27T14:46:40Z"),
        ("2018-04-27", 3600, "2018-04-26T23:00:00"),
        ("page-7", 3600, "page-7"),
        ("0001-01-01T00:00:00Z", 3600, "0001-01-01T00:00:00Z"),
    ],
)
def test_a_partial_run_begins_a_number_or_seconds_before(offset, delta, moved):
    assert moved_back(offset, delta) == moved


def test_a_partial_run_reads_some_entities_again_and_leaves_the_offset_at_the_end(node):
    node.put("a", *numbered(1, 2, 3, 4))
    node.pipe("b", source="a", pump=PARTIAL)
    node.run("b")
    node.put("a", *numbered(5))
    result = node.run("b", "partial")
    assert (result.sync_type, result.processed, result.changed, result.last_seen) == (
        "partial",
        3,
        1,
        "4",
    )


def test_a_partial_run_of_a_pipe_that_never_ran_is_a_full_one(node):
    node.put("a", *numbered(1, 2))
    node.pipe("b", source="a", pump=PARTIAL)
    assert node.run("b", "partial").sync_type == "full"


def test_a_pipe_waits_for_the_datasets_it_is_to_wait_for(node):
    node.put("a", *numbered(1))
    node.pipes["b"] = replace(node.pipe("b", source="a"), awaited=frozenset(["h"]))
    assert (node.run("b").waiting_for, node.live("b")) == (["h"], {})
    node.put("h")
    assert node.run("b").waiting_for == ["h"]
    node.store.dataset("h").set_populated()
    assert (node.run("b").waiting_for, list(node.live("b"))) == ([], ["1"])


def test_a_pipe_that_waits_leaves_no_events(node):
    node.pipe("b", source={"type": "dataset", "dataset": "a", "require_populated_input": True})
    assert (node.run("b").waiting_for, node.events("b")) == (["a"], [])


@pytest.mark.parametrize("of_node", [False, True])
def test_input_that_must_be_populated_is_waited_for(node, of_node):
    node.put("a", *numbered(1))
    option = {"require_populated_input": True}
    if of_node:
        node.more["metadata"] = {"global_defaults": option}
    node.pipe("b", source={"type": "dataset", "dataset": "a", **({} if of_node else option)})
    assert node.run("b").waiting_for == ["a"]
    node.store.dataset("a").set_populated()
    result = node.run("b")
    assert (result.processed, result.populated) == (1, True)


def test_the_run_that_populates_a_dataset_says_so_once(node):
    node.pipe("b", source={"type": "empty"})
    first, second = node.run("b"), node.run("b")
    assert (first.populated, first.changed_datasets) == (True, ["b"])
    assert (second.populated, second.changed_datasets) == (False, [])


@pytest.mark.parametrize(
    ("when", "populated"),
    [
        ("if-source-populated", False),
        ("never", False),
        ("always", True),
        ("initially", True),
        ("onload", True),
    ],
)
def test_when_a_sink_counts_as_populated(node, when, populated):
    node.put("a", *numbered(1))
    node.pipe("b", source="a", sink={"type": "dataset", "set_initial_offset": when})
    node.run("b")
    assert node.store.dataset("b").populated is populated


def test_a_run_that_fails_populates_only_what_is_populated_initially(node):
    rules = [["fail!", "no"]]
    node.put("a", *numbered(1))
    for when in ("always", "initially"):
        node.pipe(
            when, source="a", rules=rules, sink={"type": "dataset", "set_initial_offset": when}
        )
        assert not node.try_run(when).success
    found = [node.store.dataset(name).populated for name in ("always", "initially")]
    assert found == [False, True]


def test_the_offset_is_saved_after_as_many_batches_as_asked(node):
    node.put("a", *numbered(*range(10)))
    node.pipe("b", source="a", batch_size=2, checkpoint_interval=2)
    seen = []

    def stop():
        seen.append(node.state("b", "offset"))
        return len(seen) == 2

    result = node.try_run("b", cancelled=stop)
    assert (result.cancelled, result.last_seen, result.processed) == (True, "7", 8)


def test_a_batch_that_takes_too_long_fails_the_run_and_names_its_first_entity(node):
    node.put("a", *numbered(1, 2))
    node.pipe("b", source="a", rules=[["copy", "*"]], pump={"max_seconds_per_entity": 1e-9})
    result = node.try_run("b")
    assert (result.success, result.exception_entity, result.last_seen) == (
        False,
        {"_id": "1"},
        "",
    )
    assert '"max_seconds_per_entity"' in result.error


def test_quick_enough_is_no_failure(node):
    node.put("a", *numbered(1, 2))
    node.pipe("b", source="a", rules=[["copy", "*"]], pump={"max_seconds_per_entity": 60})
    assert node.run("b").changed == 2


def test_metrics_tell_what_look_ups_found(node):
    found = ["hops", {"datasets": ["h h"], "where": ["eq", "_S.k", "h.k"]}]
    node.put("a", {"_id": "1", "k": "x"}, {"_id": "2", "k": "y"}, {"_id": "3", "k": "z"})
    node.put("h", *numbered(1, 2, k="x"), *numbered(3, k="y"))
    node.pipe("b", source="a", rules=[["copy", "_id"], ["add", "h", found]])
    metrics = node.run("b").metrics
    assert metrics["hops"] == {
        "max-cardinality": 2,
        "max-cardinality-last-run": 2,
        "total-rows-last-run": 3,
    }
    written = sum(len(version.body) for version in node.versions("b"))
    assert metrics["memory"]["batch-max-mem-size"] == written
    assert metrics["memory"]["total-peak"] > 0
