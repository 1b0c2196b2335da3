"""Compaction: what goes, what stays, and that nobody is disturbed by it."""

from __future__ import annotations

import random

import pytest
from store_child import Child, batch_of, commit_of
from store_helpers import facts, item, items, resolver

from sesam_node.errors import ExpiredError
from sesam_node.model import decode
from sesam_node.store import Commit, Compacted, Counts, Retention, open_store

FOREVER = 2**62


def numbers(versions):
    return [(version.entity_id, decode(version.body).get("n")) for version in versions]


@pytest.fixture
def revised(dataset):
    """Seqs: a0 b1 a2 b3 a4 c5 a6 b7(deleted)"""
    for number, entity_id in enumerate("ababaca"):
        dataset.write(items(entity_id, n=number))
    dataset.write([item("b", deleted=True, n=7)])
    return dataset


KEPT = [
    (Retention(), [3, 4, 5, 6, 7], 5),
    (Retention(3), [1, 2, 3, 4, 5, 6, 7], 3),
    (Retention(1), [5, 6, 7], 8),
    (Retention(1, floor=7), [3, 5, 6, 7], 7),
    (Retention(1, floor=6), [3, 4, 5, 6, 7], 5),
    (Retention(1, floor=0), [0, 1, 2, 3, 4, 5, 6, 7], 0),
    (Retention(1, until=0), [0, 1, 2, 3, 4, 5, 6, 7], 0),
    (Retention(9, deletes_until=FOREVER), [0, 2, 4, 5, 6], 8),
    (Retention(9, deletes_until=FOREVER, read_floor=7), [0, 1, 2, 3, 4, 5, 6, 7], 0),
    (Retention(9, deletes_until=FOREVER, floor=7), [0, 1, 2, 3, 4, 5, 6, 7], 0),
    (Retention(9, deletes_until=0), [0, 1, 2, 3, 4, 5, 6, 7], 0),
    (Retention(0, until=FOREVER), [], 8),
    (Retention(0, until=FOREVER, read_floor=7), [7], 8),
    (Retention(0), [5, 6, 7], 8),
]


@pytest.mark.parametrize(("retention", "kept", "exact_from"), KEPT, ids=str)
def test_what_is_kept(revised, retention, kept, exact_from):
    compacted = revised.compact(retention)
    assert [version.seq for version in revised.changes(history=True)] == kept
    assert revised.exact_from == exact_from
    assert compacted.versions == 8 - len(kept)
    assert compacted.done
    assert revised.head() == 8
    assert revised.compact(retention) == Compacted()
    assert [version.seq for version in revised.changes(history=True)] == kept


def test_counts_history_and_point_reads_after_a_compaction(revised):
    assert revised.compact(Retention(1)) == Compacted(5, 0)
    assert revised.counts() == Counts(3, 1, 3, 1)
    assert numbers(revised.history("a")) == [("a", 6)]
    assert revised.at(0) is None
    assert revised.get("a").previous == 4
    assert numbers(revised.changes()) == [("c", 5), ("a", 6), ("b", 7)]
    assert numbers(revised.changes(since=5)) == [("a", 6), ("b", 7)]
    assert numbers(revised.changes(since=0, limit=1)) == [("c", 5)]
    assert numbers(revised.changes(reverse=True, limit=2)) == [("b", 7), ("a", 6)]
    assert revised.write(items("a", n=8)).seqs == [8]
    assert numbers(revised.history("a")) == [("a", 8), ("a", 6)]


def test_reads_as_of_a_head_that_has_gone_say_from_where_on_they_are_possible(revised):
    revised.compact(Retention())
    assert numbers(revised.changes(as_of=5)) == [("b", 3), ("a", 4)]
    assert numbers(revised.get_many(["a", "b"], as_of=6)) == [("a", 4), ("b", 3)]
    for read in (
        lambda: revised.changes(as_of=4),
        lambda: revised.get_many(["c"], as_of=4),
        lambda: revised.changes(as_of=-1),
    ):
        with pytest.raises(ExpiredError, match="complete from head 5 on") as caught:
            read()
        assert caught.value.exact_from == 5


def test_the_head_at_a_time_is_the_lowest_possible_where_versions_have_gone(dataset, monkeypatch):
    for now in range(1, 9):
        monkeypatch.setattr("time.time_ns", lambda: now * 1000)  # noqa: B023 - until the next turn
        dataset.write(items("ab"[now % 2], n=now))
    dataset.compact(Retention(1))
    assert [dataset.head_at(ts) for ts in (0, 3, 6, 7, 8, 99)] == [0, 0, 0, 7, 8, 8]
    assert dataset.exact_from == 8


def test_an_entity_that_has_gone_can_come_again(revised):
    revised.ensure_index("n", resolver("n"))
    revised.compact(Retention(9, deletes_until=FOREVER))
    assert revised.get("b") is None
    assert revised.counts() == Counts(2, 0, 5, 0)
    assert revised.write(items("b", n=9)).new == 1
    assert revised.get("b").previous is None
    assert numbers(revised.lookup_many("n", [9])[0]) == [("b", 9)]


def test_an_index_forgets_live_entities_that_go(revised):
    revised.ensure_index("n", resolver("n"))
    assert len(revised.lookup_many("n", [5, 6])[0]) == 1
    assert revised.compact(Retention(0, until=FOREVER)) == Compacted(8, 3)
    assert revised.lookup_many("n", [5, 6, 7]) == [[], [], []]
    assert revised.live() == []
    assert revised.counts() == Counts(0, 0, 0, 0)


def test_an_entity_with_retract_loses_its_earlier_versions_and_no_other_does(dataset):
    for number in range(3):
        dataset.write(items("a", "b", "c", n=number))
    dataset.write([item("a", **{"$retract": True}), item("c", inner={"$retract": True})])
    dataset.compact(Retention(9))
    assert dataset.counts().log_exists == 11
    dataset.compact(Retention(9, retract=True))
    assert len(dataset.history("a")) == 1
    assert len(dataset.history("b")) == 3
    assert len(dataset.history("c")) == 4
    dataset.write([item("a", n=7)])
    dataset.compact(Retention(9, retract=True))
    assert len(dataset.history("a")) == 2


def test_rules_that_become_stricter_are_applied_to_all_versions(dataset):
    for number in range(6):
        dataset.write(items(*(f"e{n}" for n in range(90)), n=number))
    assert dataset.compact(Retention(5)) == Compacted(90, 0)
    assert dataset.compact(Retention(3)) == Compacted(180, 0)
    assert dataset.compact(Retention(4)) == Compacted()
    assert dataset.compact(Retention(1)) == Compacted(180, 0)
    assert dataset.counts() == Counts(90, 0, 90, 0)


def test_a_compaction_that_is_stopped_goes_on_where_it_was(dataset):
    if type(dataset).__name__ == "MemoryDataset":
        pytest.skip("in memory it is one step")
    for number in range(8):
        dataset.write(items(*(f"e{n}" for n in range(2000)), n=number))
    first = dataset.compact(Retention(1), lambda: False)
    assert first.done is False
    assert 0 < first.versions < 14_000
    rest = dataset.compact(Retention(1))
    assert first.versions + rest.versions == 14_000
    assert len(dataset.changes(history=True, limit=20_000)) == 2000


def test_state_and_the_rest_of_a_dataset_stay(revised):
    revised.write([], Commit("p", {"offset": b"7"}, None))
    revised.set_populated()
    generation = revised.generation
    revised.compact(Retention(1))
    assert revised.state("p") == {"offset": b"7"}
    assert revised.populated
    assert revised.generation == generation


# -- several processes -----------------------------------------------------------------------------


def test_two_writers_a_reader_and_a_compaction_in_processes_of_their_own(folder):
    store = open_store(f"lmdb:{folder}", index_resolver=resolver)
    dataset = store.dataset("orders")
    with Child(folder) as one, Child(folder) as two, Child(folder) as compactor:
        one.tell("own", "one", 300)
        two.tell("own", "two", 300)
        compactor.tell("compact", 1, 100_000)
        seen, since = {}, None
        while len(seen) < 601 or seen["shared"] not in ("one299", "two299"):
            for version in dataset.changes(since, 50):
                entity = decode(version.body)
                seen[version.entity_id] = entity.get("n")
                since = version.seq
        assert (one.answer(), two.answer()) == (300, 300)
        compactor.kill()
    dataset.compact(Retention(1))
    assert dataset.head() == 1200
    assert dataset.counts() == (601, 0, 601, 0)
    assert set(dataset.live(limit=1000)) == {
        (version.entity_id, version.seq, False) for version in dataset.changes(limit=1000)
    }
    store.close()


def latest(dataset):
    """All that a compaction must not change."""
    return (
        facts(dataset.changes(limit=10**6)),
        dataset.live(limit=10**6),
        dataset.head(),
        dataset.counts()[:2],
        dataset.state("p"),
        [facts(found) for found in dataset.lookup_many("k", range(5))],
    )


def kill_a_compaction(folder, kills, seed):
    chance = random.Random(seed)
    reader = open_store(f"lmdb:{folder}", index_resolver=resolver)
    reference = open_store("memory:", index_resolver=resolver)
    stored, expected = reader.dataset("orders"), reference.dataset("orders")
    for dataset in (stored, expected):
        dataset.ensure_index("k", resolver("k"))
    done = 0
    for _ in range(kills):
        for number in range(done, done + 40):
            for dataset in (stored, expected):
                dataset.write(batch_of(number), commit_of(number))
        done += 40
        child = Child(folder)
        child.tell("compact", 2, 100_000)
        for _ in range(chance.randrange(3)):
            child.answer()
        child.kill()
        assert latest(stored) == latest(expected)
    stored.compact(Retention())
    expected.compact(Retention())
    assert facts(stored.changes(history=True, limit=10**6)) == facts(
        expected.changes(history=True, limit=10**6)
    )
    assert stored.counts() == expected.counts()
    assert stored.exact_from == expected.exact_from
    reader.close()


def test_a_kill_at_any_moment_of_a_compaction_loses_nothing(folder):
    kill_a_compaction(folder, 5, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 22))
def test_many_kills_of_compactions(folder, seed):
    kill_a_compaction(folder, 20, seed)
