"""Where the n-th entity is: by a scan, and by what was written since, in every store."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.model import content_hash, encode
from sesam_node.pipes.positions import Positions, extended, scan
from sesam_node.store import Write, open_store
from sesam_node.store.retention import Retention

IDS = [f"{number}" for number in range(40)]
STEPS = st.lists(st.tuples(st.sampled_from(IDS), st.integers(0, 3), st.booleans()), max_size=60)


@pytest.fixture(params=["memory", "lmdb"])
def store(request, tmp_path):
    made = open_store("memory:" if request.param == "memory" else f"lmdb:{tmp_path}")
    yield made
    made.close()


def write(dataset, steps):
    for entity_id, value, deleted in steps:
        body = encode({"_id": entity_id, "n": value} | ({"_deleted": True} if deleted else {}))
        dataset.write([Write(entity_id, body, content_hash(body), deleted)])


def read(dataset, *, deleted, as_of=None):
    return [v.seq for v in dataset.changes(None, 10_000, deleted=deleted, as_of=as_of)]


def found(store, *, deleted):
    head, bits = scan(store, dataset="x", deleted=deleted)
    return Positions(head, bytearray(bits))


def offsets(positions):
    return [positions.offset(row) for row in range(len(positions))]


@settings(max_examples=60, deadline=None)
@given(before=STEPS, after=STEPS, deleted=st.booleans())
def test_positions_are_what_a_reader_sees_now_and_after_more_was_written(before, after, deleted):
    store = open_store("memory:")
    dataset = store.dataset("x")
    write(dataset, before)
    known = found(store, deleted=deleted)
    assert offsets(known) == read(dataset, deleted=deleted)
    write(dataset, after)
    later = extended(dataset, known, dataset.head(), deleted=deleted)
    assert offsets(later) == read(dataset, deleted=deleted)
    assert offsets(known) == read(dataset, deleted=deleted, as_of=known.head)
    store.close()


def test_positions_reach_over_many_blocks(store):
    dataset = store.dataset("x")
    bodies = [(f"{n}", encode({"_id": f"{n}", "n": n})) for n in range(5_000)]
    dataset.write([Write(name, body, content_hash(body)) for name, body in bodies])
    write(dataset, [(f"{n}", -1, n % 2 == 0) for n in range(0, 5_000, 7)])
    positions = found(store, deleted=False)
    assert offsets(positions) == read(dataset, deleted=False)
    assert positions.offset(len(positions)) is None
    assert positions.offset(-1) is None


def test_what_compaction_dropped_meanwhile_asks_for_another_scan(store):
    dataset = store.dataset("x")
    write(dataset, [("a", 1, False), ("b", 1, False)])
    known = found(store, deleted=False)
    write(dataset, [("a", 2, False), ("a", 3, False)])
    dataset.compact(Retention(keep_versions=1))
    assert extended(dataset, known, dataset.head(), deleted=False) is None
    assert offsets(found(store, deleted=False)) == read(dataset, deleted=False)


def test_an_empty_dataset_has_no_positions(store):
    store.dataset("x")
    positions = found(store, deleted=False)
    assert (len(positions), positions.offset(0)) == (0, None)
