"""Checking a dataset: a whole one has nothing to tell, a damaged one says what is wrong."""

from __future__ import annotations

import random

import pytest
from store_helpers import item, items, resolver

from sesam_node.store import Retention
from sesam_node.store.lmdb.environment import REGISTRY
from sesam_node.store.lmdb.layout import HEAD_KEY, Head
from sesam_node.store.records import pack_seq
from sesam_node.store.verify import verify


def problems(dataset):
    return list(verify(dataset, resolver))


@pytest.fixture
def filled(dataset):
    """A dataset with all there can be: updates, deletes, indexes with many and long keys."""
    chance = random.Random(3)
    dataset.ensure_index("k", resolver("k"))
    for number in range(40):
        dataset.write(
            [
                item(
                    f"e{chance.randrange(60)}",
                    deleted=chance.random() < 0.2,
                    k=chance.choice([1, "a", [1, 2], None, "x" * 600]),
                    n=number,
                )
                for _ in range(50)
            ]
        )
    dataset.ensure_index("n", resolver("n"))
    return dataset


def test_a_whole_dataset_has_nothing_wrong(filled):
    assert problems(filled) == []
    filled.compact(Retention(deletes_until=2**62, floor=1000))
    assert problems(filled) == []
    filled.compact(Retention(1, deletes_until=2**62))
    assert problems(filled) == []
    filled.write(items("e1", "new", k=5))
    assert problems(filled) == []


def test_all_entries_of_an_index_are_listed_in_pages(filled):
    everything = filled.index_entries("k", limit=10_000)
    assert everything == sorted(everything)
    for size in (1, 7):
        found, after = [], None
        while page := filled.index_entries("k", after, size):
            found += page
            after = page[-1]
        assert found == everything


@pytest.fixture
def damage(filled):
    """`damage(work)` changes the files behind the store's back: `work(txn, databases, prefix)`."""
    if type(filled).__name__ != "LmdbDataset":
        pytest.skip("there are no files")
    place = filled._catalog.find(filled.name)

    def change(work):
        REGISTRY.write(place.path, "test", lambda txn, env: work(txn, env.databases, place.prefix))
        return problems(filled)

    return change


def test_a_changed_body_is_found(damage, filled):
    seq = filled.changes(deleted=False)[0].seq

    def work(txn, databases, prefix):
        key = prefix + pack_seq(seq)
        record = txn.get(key, db=databases[b"log"])
        txn.put(key, record.replace(b'"n":', b'"m":'), db=databases[b"log"])

    found = damage(work)
    assert any(f"version {seq} (entity" in text and "has changed" in text for text in found)


def test_a_lost_version_is_found(damage, filled):
    version = filled.changes(deleted=False)[0]

    def work(txn, databases, prefix):
        txn.delete(prefix + pack_seq(version.seq), db=databases[b"log"])

    found = damage(work)
    name = version.entity_id
    assert f'entity "{name}": its latest version, {version.seq}, is not there' in found
    assert any("versions are counted" in text for text in found)


def test_a_lost_id_and_wrong_counters_are_found(damage, filled):
    version = filled.changes(deleted=False)[0]

    def work(txn, databases, prefix):
        txn.delete(prefix + version.entity_id.encode(), db=databases[b"latest"])
        head = Head(txn.get(prefix + HEAD_KEY, db=databases[b"meta"]))
        head.log_deleted += 1
        txn.put(prefix + HEAD_KEY, head.record(), db=databases[b"meta"])

    found = damage(work)
    assert any("is the latest in the log, none by its id" in text for text in found)
    assert any("deletes are counted" in text for text in found)


def test_a_wrong_index_is_found(filled):
    filled.ensure_index("m", lambda entity: [entity["n"]])
    assert any("the index m has" in text for text in verify(filled, resolver))


def test_a_damaged_index_is_found(damage, filled):
    # Takes a version away without telling the index of it.
    seq = filled.index_entries("k", limit=1)[0][1]

    def work(txn, databases, prefix):
        txn.delete(prefix + pack_seq(seq), db=databases[b"log"])

    assert f"the index k names version {seq}, which is not live" in damage(work)
