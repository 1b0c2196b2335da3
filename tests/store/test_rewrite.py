"""Giving disk space back: a dataset moves to new files, and nobody is disturbed by it."""

from __future__ import annotations

import random
from pathlib import Path

import lmdb
import pytest
from store_child import Child, batch_of, commit_of
from store_helpers import facts, item, items, resolver

from sesam_node.errors import StoreError
from sesam_node.store import Retention, open_store
from sesam_node.store.lmdb import rewrite
from sesam_node.store.verify import verify


@pytest.fixture
def store(folder):
    store = open_store(f"lmdb:{folder}", index_resolver=resolver)
    yield store
    store.close()


def filled(store, name="orders", batches=60):
    dataset = store.dataset(name)
    dataset.ensure_index("k", resolver("k"))
    for number in range(batches):
        dataset.write(batch_of(number), commit_of(number))
    return dataset


def everything(dataset):
    return (
        facts(dataset.changes(history=True, limit=10**6)),
        facts(dataset.changes(limit=10**6)),
        dataset.live(limit=10**6),
        dataset.head(),
        dataset.counts(),
        dataset.generation,
        dataset.exact_from,
        dataset.state("p"),
        [facts(found) for found in dataset.lookup_many("k", range(5))],
    )


def folders(folder):
    return sorted(path.name for path in Path(folder, "datasets").iterdir())


def test_all_is_as_it_was_and_the_file_is_smaller(store, folder):
    dataset = filled(store)
    for number in range(40):
        dataset.write([item(f"e{n}", n=number, text="x" * 20_000) for n in range(50)])
    dataset.compact(Retention(1))
    dataset.set_populated()
    before, old = everything(dataset), folders(folder)
    assert dataset.reclaim() == 0  # not yet worth it
    assert dataset.reclaim(always=True) > 20_000_000
    assert everything(dataset) == before
    assert dataset.populated
    assert list(verify(dataset, resolver)) == []
    assert len(folders(folder)) == 1
    assert folders(folder) != old
    assert dataset.write(items("new")).seqs == [before[3]]
    store.close()
    again = open_store(f"lmdb:{folder}", index_resolver=resolver)
    again.lock_node()
    assert again.dataset("orders").head() == before[3] + 1
    again.close()


def test_it_is_worth_it_where_most_of_a_large_file_is_free(store, monkeypatch):
    monkeypatch.setattr(rewrite, "WORTH_BYTES", 1_000_000)
    dataset = store.dataset("orders")
    for number in range(40):
        dataset.write([item(f"e{n}", n=number, text="x" * 2_000) for n in range(50)])
    assert dataset.reclaim() == 0
    dataset.compact(Retention(1))
    assert dataset.reclaim() > 1_000_000
    assert dataset.reclaim() == 0


def test_system_datasets_stay_where_they_are(store):
    dataset = filled(store, "system:orders")
    before = everything(dataset)
    assert dataset.reclaim(always=True) == 0
    assert everything(dataset) == before


def test_what_is_written_meanwhile_comes_along(store, monkeypatch):
    dataset = filled(store)
    copied = rewrite._follow

    def follow(*arguments):
        if dataset.head() < 3000:
            dataset.write([item(f"e{n}", k=n % 3, late=dataset.head()) for n in range(300)])
            dataset.write([item("e5", deleted=True), item("brand new", k=1)])
        return copied(*arguments)

    monkeypatch.setattr(rewrite, "TAIL", 100)
    monkeypatch.setattr(rewrite, "_follow", follow)
    monkeypatch.setattr(rewrite, "_log_from", limited(rewrite._log_from, 100))
    dataset.reclaim(always=True)
    assert list(verify(dataset, resolver)) == []
    assert dataset.head() > 3000
    assert dataset.get("brand new") is not None


def limited(function, most):
    def read(snapshot, since, limit=most):
        return function(snapshot, since, limit)

    return read


@pytest.mark.parametrize("change", ["compaction", "index"])
def test_a_dataset_that_is_changed_otherwise_meanwhile_stays(store, folder, monkeypatch, change):
    dataset = filled(store)
    old, follow = folders(folder), rewrite._follow

    def interrupt(*arguments):
        monkeypatch.setattr(rewrite, "_follow", follow)
        if change == "compaction":
            dataset.compact(Retention(1))
        else:
            dataset.ensure_index("n", resolver("n"))
        return follow(*arguments)

    monkeypatch.setattr(rewrite, "_follow", interrupt)
    assert dataset.reclaim(always=True) == 0
    assert folders(folder) == old
    assert list(verify(dataset, resolver)) == []


def test_two_writers_and_a_reader_follow_to_the_new_files(store, folder):
    dataset = store.dataset("orders")
    with Child(folder) as one, Child(folder) as two, Child(folder) as mover:
        one.tell("own", "one", 300)
        two.tell("own", "two", 300)
        mover.tell("reclaim", 15)
        seen, since = {}, None
        while len(seen) < 601:
            for version in dataset.changes(since, 50):
                seen[version.entity_id] = since = version.seq
        assert (one.answer(), two.answer()) == (300, 300)
        mover.answer()
    assert dataset.head() == 1200
    assert list(verify(dataset, resolver)) == []


def test_files_that_go_while_they_are_opened_are_gone(store, folder, monkeypatch):
    """So the dataset is looked for where it has moved to, as it is when they have gone before."""
    filled(store)
    store.close()
    opened = lmdb.open

    def goes(path, **options):
        handle = opened(path, **options)
        Path(path, "data.mdb").unlink()
        return handle

    again = open_store(f"lmdb:{folder}", index_resolver=resolver)
    monkeypatch.setattr(lmdb, "open", goes)
    with pytest.raises(StoreError, match="gone"):
        again.dataset("orders").changes(limit=10)
    again.close()


def test_a_dataset_can_be_deleted_while_it_moves(store, monkeypatch):
    dataset = filled(store)
    follow = rewrite._follow

    def delete(*arguments):
        monkeypatch.setattr(rewrite, "_follow", follow)
        store.delete("orders")
        return follow(*arguments)

    monkeypatch.setattr(rewrite, "_follow", delete)
    assert dataset.reclaim(always=True) == 0
    assert not store.exists("orders")


class KilledError(BaseException):
    """Stands for a kill: nothing is tidied up after it."""


STEPS = ["copy", "follow", "before the sign", "before the catalog", "before the folder goes"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("then", ["read", "write", "delete", "start"])
def test_a_kill_at_each_step_loses_nothing(store, folder, monkeypatch, step, then):
    dataset = filled(store)
    before = everything(dataset)

    def die(*_, **__):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(rewrite.shutil, "rmtree", lambda *_, **__: None)
        if step == "copy":
            patch.setattr(rewrite.REGISTRY, "create", die)
        elif step == "follow":
            patch.setattr(rewrite, "_follow", die)
        elif step == "before the sign":
            patch.setattr(rewrite, "_move", die)
        elif step == "before the catalog":
            patch.setattr(dataset._catalog, "moved", die)
        else:
            patch.setattr(dataset._catalog, "_remove", die)
        with pytest.raises(KilledError):
            dataset.reclaim(always=True)
    store.close()
    again = open_store(f"lmdb:{folder}", index_resolver=resolver)
    if then == "start":
        again.lock_node()
        assert len(folders(folder)) == 1
    stored = again.dataset("orders")
    if then == "write":
        assert stored.write(items("new")).seqs == [before[3]]
    elif then == "delete":
        again.delete("orders")
        assert again.names() == []
        assert again.dataset("orders").head() == 0
    else:
        assert everything(stored) == before
        assert list(verify(stored, resolver)) == []
    again.close()


def kill_moves(folder, kills, seed):
    chance = random.Random(seed)
    reader = open_store(f"lmdb:{folder}", index_resolver=resolver)
    stored = filled(reader)
    for number in range(kills):
        before = everything(stored)
        child = Child(folder)
        child.tell("reclaim", 100_000)
        for _ in range(chance.randrange(4)):
            child.answer()
        child.kill()
        assert everything(stored) == before
        stored.write(items(f"after-{number}"))
    reader.lock_node()
    assert len(folders(folder)) == 1
    assert list(verify(stored, resolver)) == []
    reader.close()


def test_a_kill_at_any_moment_of_a_move_loses_nothing(folder):
    kill_moves(folder, 6, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 22))
def test_many_kills_of_moves(folder, seed):
    kill_moves(folder, 20, seed)
