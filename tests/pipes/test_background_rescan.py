"""A rescan that takes turns with incremental passes: nothing waits, nothing is overwritten."""

from __future__ import annotations

from random import Random

import pytest
from pipes_helpers import hop

from sesam_node.pipes import background_rescan, component, log_reader
from sesam_node.pipes.batch import Batch


@pytest.fixture(autouse=True)
def at_every_batch(monkeypatch):
    """A pass after each batch, and small batches."""
    monkeypatch.setattr(background_rescan, "PASS_EVERY_S", 0)
    monkeypatch.setattr(log_reader, "FIRST_BATCH", 2)
    monkeypatch.setattr(log_reader, "BATCH_SIZE", 2)


BESIDE = {"enable_background_rescan": True}


def numbered(*numbers, **more):
    return [{"_id": str(number), **more} for number in numbers]


def once(*actions):
    """A `report` that does one action after each batch, as long as there are any."""
    left = list(actions)

    def report(_progress):
        if left:
            left.pop(0)()

    return report


def test_what_is_new_comes_through_before_the_rescan_has_ended(node):
    node.put("a", *numbered(1, 2, 3, 4, 5, 6, v=1))
    node.pipe("b", source="a", **BESIDE)
    node.run("b")
    node.pipe("b", source="a", rules=[["copy", "*"], ["add", "new", True]], **BESIDE)
    seen = []
    actions = [
        lambda: node.put("a", *numbered(6, 7, v=2)),
        lambda: "the pass has read it",
        lambda: seen.append(
            (node.state("b", "offset"), sorted(node.live("b")), node.live("b")["5"])
        ),
    ]
    result = node.run("b", "rescan", report=once(*actions))
    offset, ids, later = seen[0]
    assert (offset is not None, "7" in ids, later) == (True, True, {"v": 1})
    assert (result.sync_type, result.last_seen) == ("full", "7")
    assert node.live("b") == {
        **{str(number): {"v": 1, "new": True} for number in range(1, 6)},
        **{str(number): {"v": 2, "new": True} for number in (6, 7)},
    }
    assert node.run("b").processed == 0


def test_at_its_end_it_deletes_what_nobody_met(node):
    node.put("a", *numbered(1, 2, 3, 4))
    node.pipe("b", source="a", **BESIDE)
    node.run("b")
    node.put("b", *numbered("old"))
    actions = [
        lambda: node.put("a", *numbered("late")),
        lambda: node.put("a", {"_id": "1", "_deleted": True}, *numbered(4, v=2)),
    ]
    node.run("b", "rescan", report=once(*actions))
    assert (sorted(node.live("b")), node.deleted("b")) == (["2", "3", "4", "late"], ["1", "old"])
    state = node.store.dataset("b").state("b")
    assert [key for key in state if key.startswith("background")] == []


def test_a_change_in_a_hopped_dataset_is_followed_meanwhile(node):
    rules = [["copy", "_id"], ["add", "h", hop("h", ["eq", "_S._id", "h._id"], give="h.v")]]
    node.put("a", *numbered(1, 2, 3, 4, 5, 6))
    node.put("h", *numbered(1, 6, v=1))
    node.pipe("b", source="a", rules=rules, **BESIDE)
    node.run("b")
    actions = [
        lambda: node.put("h", *numbered(1, 6, v=2)),
        lambda: node.put("h", *numbered(2, v=3)),
    ]
    node.run("b", "rescan", report=once(*actions))
    found = {name: entity["h"] for name, entity in node.live("b").items()}
    assert found == {"1": [2], "2": [3], "3": [], "4": [], "5": [], "6": [2]}
    assert node.run("b").processed == 0


def test_entities_under_computed_ids_are_deleted_too(node):
    def rules(prefix):
        return [["add", "_id", ["concat", prefix, "_S._id"]]]

    node.put("a", *numbered(1, 2, 3, 4))
    node.pipe("b", source="a", rules=rules("x"), **BESIDE)
    node.run("b")
    node.pipe("b", source="a", rules=rules("y"), **BESIDE)
    node.run("b", "rescan", report=once(lambda: node.put("a", *numbered(5))))
    assert sorted(node.live("b")) == ["y1", "y2", "y3", "y4", "y5"]


def test_one_that_was_interrupted_begins_again_with_the_next_run(node):
    node.put("a", *numbered(1, 2, 3, 4))
    node.pipe("b", source="a", **BESIDE)
    node.run("b")
    node.put("b", *numbered("old"))
    stopped = node.try_run("b", "rescan", cancelled=once_true(2))
    assert (stopped.cancelled, "old" in node.live("b"), stopped.last_seen) == (True, True, "3")
    assert (node.run("b").sync_type, node.deleted("b")) == ("full", ["old"])
    assert node.run("b").sync_type == "incremental"


def once_true(number):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) >= number

    return cancelled


def test_unless_it_is_enabled_a_rescan_is_a_full_run(node):
    node.put("a", *numbered(1, 2, 3))
    node.pipe("b", source="a")
    node.run("b")
    seen = []
    node.run("b", "rescan", report=lambda _: seen.append(node.state("b", "background-rescan")))
    assert set(seen) == {None}


@pytest.fixture
def feed():
    """A source type `feed` outside of the node: a rescan reads all as it was when it began."""

    class Feed:
        supports_since = is_since_comparable = is_chronological = True
        datasets = ()

        def __init__(self, _options, _context):
            pass

        def read(self, since):
            found = [item for item in log if since is None or item[0] > since]
            for seq, entity in found:
                yield Batch([dict(entity)], None, seq)

    log = []
    component.specs()
    component.source("feed")(Feed)
    yield log
    for registry in (component._specs, component._factories):
        registry.pop(("source", "feed"))


def test_the_rescan_of_a_source_elsewhere_does_not_overwrite_what_came_meanwhile(node, feed):
    feed[:] = [(number, {"_id": str(number), "v": 1}) for number in range(1, 5)]
    node.pipe("b", source={"type": "feed"}, **BESIDE)
    node.run("b")
    node.put("b", *numbered("old"))
    action = lambda: feed.append((9, {"_id": "4", "v": 2}))  # noqa: E731
    result = node.run("b", "rescan", report=once(action))
    assert node.live("b") == {"1": {"v": 1}, "2": {"v": 1}, "3": {"v": 1}, "4": {"v": 2}}
    assert (result.last_seen, node.log("b").count("4"), node.deleted("b")) == ("9", 2, ["old"])


RULES = [
    [["copy", "*"], ["add", "h", ["sorted", hop("h", ["eq", "_S.k", "h.k"], give="h.v")]]],
    [
        ["filter", ["neq", "_S.v", 3]],
        ["add", "_id", ["concat", "x", "_S.k"]],
        ["add", "h", ["sorted", hop("h", ["eq", "_S.k", "h.k"], give="h.v")]],
    ],
    [["copy", "*"], ["add", "h", ["path", "v", ["lookup-entity", "h", ["concat", "", "_S.k"]]]]],
]


@pytest.mark.parametrize("seed", range(30))
def test_changes_at_any_moment_leave_what_a_full_run_leaves(memory_node, seed):
    node, random = memory_node, Random(seed)
    rules = RULES[seed % len(RULES)]

    def change():
        for _ in range(random.randrange(3)):
            name = random.choice(["a", "h"])
            entity = {
                "_id": str(random.randrange(8)),
                "k": str(random.randrange(4)),
                "v": random.randrange(4),
            }
            if random.random() < 0.25:
                entity["_deleted"] = True
            node.put(name, entity)

    for _ in range(8):
        change()
    node.put("a", *numbered(1))
    node.put("h", *numbered(1))
    node.pipe("b", source="a", rules=[["copy", "*"]], **BESIDE)
    node.run("b")
    node.pipe("b", source="a", rules=rules, **BESIDE)
    node.run("b", "full" if seed % 2 else "auto")
    node.run("b", "rescan", report=lambda _: change())
    change()
    node.run("b")
    node.pipe("whole", source="a", rules=rules)
    node.run("whole")
    assert node.live("b") == node.live("whole")
