"""Replicas: entities under the seqs that they have elsewhere, over every store."""

import pytest
from store_helpers import item

from sesam_node.errors import ConflictError, FenceError
from sesam_node.store import Commit, Retention
from sesam_node.store.verify import verify


def told(dataset):
    """(seq, id or -id, previous) of every version."""
    found = dataset.changes(limit=10_000, history=True)
    return [(v.seq, ("-" if v.deleted else "") + v.entity_id, v.previous) for v in found]


def whole(dataset):
    return list(verify(dataset, lambda _index: lambda _entity: []))


def test_versions_keep_their_seqs_and_gaps_stay(dataset):
    written = dataset.replicate([item("a"), item("b"), item("a", n=2)], [3, 4, 9])
    assert written == (3, 2, 0, [9, 4, 9])
    assert told(dataset) == [(3, "a", None), (4, "b", None), (9, "a", 3)]
    assert dataset.head() == 10
    assert [v.seq for v in dataset.changes(3)] == [4, 9]
    assert dataset.counts() == (2, 0, 3, 0)
    assert whole(dataset) == []


def test_the_same_batch_may_come_again(dataset):
    batch = [item("a"), item("b"), item("a", n=2)]
    dataset.replicate(batch, [3, 4, 9])
    assert dataset.replicate([*batch, item("c")], [3, 4, 9, 12]).changed == 1
    assert [seq for seq, *_ in told(dataset)] == [3, 4, 9, 12]


def test_what_is_unchanged_is_left_out_unless_forced(dataset):
    dataset.replicate([item("a")], [0])
    assert dataset.replicate([item("a"), item("b")], [1, 2]).changed == 1
    assert dataset.replicate([item("a")], [1]).changed == 0
    assert dataset.replicate([item("a")], [5], force=True).changed == 1
    assert told(dataset) == [(0, "a", None), (2, "b", None), (5, "a", 0)]
    assert whole(dataset) == []


def test_a_delete_of_what_is_not_there_is_kept(dataset):
    """Who read the source before it was deleted there must hear of it here."""
    dataset.replicate([item("a", deleted=True)], [7])
    assert told(dataset) == [(7, "-a", None)]
    assert dataset.counts() == (1, 1, 1, 1)
    dataset.replicate([item("a")], [8])
    assert dataset.counts() == (1, 0, 2, 1)
    assert whole(dataset) == []


@pytest.mark.parametrize("other", [item("a", n=3), item("c"), item("a", deleted=True)])
def test_something_else_under_a_seq_is_refused(dataset, other):
    dataset.replicate([item("a"), item("b")], [0, 5])
    before = told(dataset)
    commit = Commit("p", {"offset": b"1"}, None)
    with pytest.raises(ConflictError, match="holds something else under 0 than entity"):
        dataset.replicate([other, item("d")], [0, 9], commit)
    assert (told(dataset), dataset.state("p")) == (before, {})


def test_what_compaction_has_dropped_may_come_again(dataset):
    batch = [item("a", n=n) for n in range(4)]
    dataset.replicate(batch, [0, 2, 4, 6])
    dataset.compact(Retention(keep_versions=1))
    assert dataset.replicate(batch, [0, 2, 4, 6]).changed == 0


def test_seqs_that_do_not_rise_are_refused(dataset):
    with pytest.raises(ConflictError, match="gets 3 behind 3"):
        dataset.replicate([item("a"), item("b")], [3, 3])
    assert told(dataset) == []


def test_state_commits_with_it_and_fences_hold(dataset):
    dataset.replicate([item("a")], [4], Commit("p", {"offset": b"4"}, None))
    assert dataset.state("p") == {"offset": b"4"}
    with pytest.raises(FenceError):
        dataset.replicate([item("b")], [5], Commit("p", {}, None, {"offset": b"3"}))
    assert dataset.head() == 5


def test_an_ordinary_write_goes_on_behind_it(dataset):
    dataset.replicate([item("a")], [4])
    dataset.write([item("b")])
    assert told(dataset) == [(4, "a", None), (5, "b", None)]
