"""Several processes on one data folder: kills, fences, deletes, growth, locks."""

from __future__ import annotations

import os
import random
from itertools import islice

import pytest
from store_child import BATCH, Child, batch_of, commit_of
from store_helpers import facts, item, items, resolver

from sesam_node.errors import FenceError, NotFoundError, StoreError
from sesam_node.store import Commit, Fence, open_store


@pytest.fixture
def store(folder):
    store = open_store(f"lmdb:{folder}", index_resolver=resolver)
    yield store
    store.close()


def everything(dataset):
    """All that a dataset holds, but for the clock."""
    return (
        facts(dataset.changes(history=True, limit=10**6)),
        facts(dataset.changes(limit=10**6)),
        dataset.live(limit=10**6),
        dataset.counts(),
        dataset.state("p"),
        [facts(found) for found in dataset.lookup_many("k", range(5))],
    )


def numbers(child):
    """What a child acknowledges. An error is none: it would be waited for in vain after it."""
    while True:
        answer = child.answer()
        assert type(answer) is int, answer
        yield answer


def kill_again_and_again(folder, kills, seed):
    chance = random.Random(seed)
    reader = open_store(f"lmdb:{folder}", index_resolver=resolver)
    reference = open_store("memory:", index_resolver=resolver)
    stored, expected = reader.dataset("orders"), reference.dataset("orders")
    for dataset in (stored, expected):
        dataset.ensure_index("k", resolver("k"))
    done = -1
    for _ in range(kills):
        child = Child(folder)
        child.tell("batches", done + 1, done + 10_000)
        acknowledged = list(islice(numbers(child), chance.randrange(1, 60)))
        acknowledged += child.kill()
        assert acknowledged == list(range(done + 1, done + 1 + len(acknowledged)))
        # What was on its way to the disk may show only to who writes next: a run that takes over
        # claims, and then reads how far the one before it came.
        stored.claim(Fence(1, 1, "takes-over", "r"))
        offset = int(stored.state("p")["offset"])
        assert offset in (acknowledged[-1], acknowledged[-1] + 1)
        for number in range(done + 1, offset + 1):
            expected.write(batch_of(number), commit_of(number))
        assert everything(stored) == everything(expected)
        done = offset
    reader.close()


def test_a_kill_loses_nothing_acknowledged_and_tears_nothing(folder):
    kill_again_and_again(folder, 10, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 52))
def test_a_thousand_kills(folder, seed):
    kill_again_and_again(folder, 20, seed)


def test_processes_that_write_one_dataset_take_turns(store, folder):
    dataset = store.dataset("orders")
    with Child(folder) as one, Child(folder) as two:
        one.tell("own", "one", 100)
        two.tell("own", "two", 100)
        for number in range(100):
            dataset.write(items(f"here-{number}"))
        assert (one.answer(), two.answer()) == (100, 100)
    versions = dataset.changes(history=True, limit=10_000)
    assert [version.seq for version in versions] == list(range(500))
    assert dataset.counts() == (301, 0, 500, 0)
    names = [version.entity_id for version in versions]
    for name in ("one", "two", "here"):
        own = [f"{name}-{number}" for number in range(100)]
        assert [entity_id for entity_id in names if entity_id.startswith(name)] == own
    assert [version.ts for version in versions] == sorted(version.ts for version in versions)


def test_an_orphan_of_an_older_epoch_cannot_commit(store, folder):
    old, new = (1, 3, "p", "r1"), (2, 1, "p", "r2")
    refusal = (
        'pipe "p", dataset "orders": run r1 (epoch 1, revision 3) has been superseded by run r2 '
        "(epoch 2, revision 1)"
    )
    with Child(folder) as orphan:
        assert orphan.ask("claim", old) == "claimed"
        assert orphan.ask("write_as", old, "a") == "written"
        dataset = store.dataset("orders")
        dataset.claim(Fence(*new))
        assert orphan.ask("write_as", old, "b") == {
            "error": "FenceError",
            "message": refusal,
        }
        assert orphan.ask("claim", old)["error"] == "FenceError"
        dataset.write(items("c"), Commit("p", {"offset": b"1"}, Fence(*new)))
    assert [version.entity_id for version in dataset.changes()] == ["a", "c"]


def test_a_run_that_is_taken_over_cannot_commit(store, folder):
    first, second = (1, 1, "p", "r1"), (1, 1, "p", "r2")
    dataset = store.dataset("orders")
    dataset.claim(Fence(*first))
    with Child(folder) as child:
        child.ask("claim", second)
        with pytest.raises(FenceError, match="superseded by run r2"):
            dataset.write(items("a"), Commit("p", {}, Fence(*first)))
        assert child.ask("write_as", second, "b") == "written"


@pytest.mark.parametrize("name", ["orders", "system:orders"])
def test_a_delete_is_noticed_by_all_processes(store, folder, name):
    dataset = store.dataset(name)
    dataset.ensure_index("k", resolver("k"))
    with Child(folder) as child:
        head, generation = child.ask("write", name, "a", {"k": 1})
        assert (head, generation) == (1, dataset.generation)
        store.delete(name)
        assert child.ask("head", name) == {
            "error": "NotFoundError",
            "message": f'there is no dataset "{name}"',
        }
        store.dataset(name)
        head, again = child.ask("write", name, "b", {"k": 1})
        assert head == 1
        assert again == dataset.generation != generation
        assert child.ask("delete", name) == "deleted"
        with pytest.raises(NotFoundError):
            dataset.changes()
        child.ask("write", name, "c", {})
        assert [version.entity_id for version in dataset.changes()] == ["c"]
        assert dataset.indexes() == []


def test_an_index_is_kept_up_by_other_processes(store, folder):
    dataset = store.dataset("orders")
    with Child(folder) as child:
        child.ask("write", "orders", "a", {"k": 1})
        dataset.ensure_index("k", resolver("k"))
        child.ask("write", "orders", "b", {"k": 1})
        child.ask("write", "orders", "a", {"k": 2})
        dataset.drop_index("k")
        dataset.ensure_index("m", resolver("m"))
        child.ask("write", "orders", "c", {"k": 1, "m": 1})
        dataset.ensure_index("k", resolver("k"))
        child.ask("write", "orders", "d", {"k": 2})
    found = dataset.lookup_many("k", [1, 2])
    assert [[version.entity_id for version in versions] for versions in found] == [
        ["b", "c"],
        ["a", "d"],
    ]


def test_a_process_without_the_key_function_cannot_write_past_the_index(store, folder):
    store.dataset("orders").ensure_index("k", resolver("k"))
    store.close()
    other = open_store(f"lmdb:{folder}")
    with pytest.raises(StoreError, match="no key function is known here for the index k"):
        other.dataset("orders").write([item("a", k=1)])
    other.close()


def test_files_that_another_process_has_grown_are_read(folder):
    from sesam_node.store.lmdb import LmdbStore

    store = LmdbStore(str(folder), map_bytes=1 << 20)
    dataset = store.dataset("orders")
    dataset.write(items("a"))
    with Child(folder) as child:
        assert child.ask("large", "orders", 60) == 61
        assert dataset.get("large-59").seq == 60
        dataset.write([item(f"more-{number}", text="y" * 100_000) for number in range(60)])
        assert child.ask("head", "orders") == 121
    store.close()


def test_one_node_at_a_time_has_the_data_folder(store, folder):
    assert store.lock_node() == 1
    with Child(folder) as child:
        message = f"the data folder {folder} is in use by process {os.getpid()}"
        assert child.ask("lock") == {"error": "StoreError", "message": message}
        store.close()
        assert child.ask("lock") == 2
        other = open_store(f"lmdb:{folder}")
        with pytest.raises(StoreError, match=f"in use by process {child.process.pid}$"):
            other.lock_node()
        child.kill()
        assert other.lock_node() == 3
        other.close()


def test_a_forked_child_is_refused(folder):
    with Child(folder) as child:
        message = child.ask("fork")
    assert "was forked from process" in message
    assert "start processes with the method spawn" in message


def test_batches_of_the_kill_test_have_changes_and_deletes():
    batches = [batch_of(number) for number in range(30)]
    assert {len(batch) for batch in batches} == {BATCH}
    assert any(written.deleted for batch in batches for written in batch)
