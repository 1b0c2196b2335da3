"""Every promise of store/api.py, for every store."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from store_helpers import MEET, facts, item, items, resolver

from sesam_node.errors import FenceError, InputError, NotFoundError, StoreError
from sesam_node.model import decode
from sesam_node.store import Commit, Counts, Fence, IndexInfo, Version, Write, Written, open_store


def ids(versions):
    return [version.entity_id for version in versions]


def seqs(versions):
    return [version.seq for version in versions]


def version_of(seq, written, previous):
    return Version(seq, written.entity_id, written.body, previous, written.deleted, written.hash, 0)


# -- writing ---------------------------------------------------------------------------------------


def test_a_new_dataset_is_empty(dataset):
    assert dataset.head() == 0
    assert dataset.changes() == []
    assert dataset.counts() == Counts(0, 0, 0, 0)
    assert dataset.live() == []
    assert not dataset.populated
    assert dataset.get("a") is None
    assert dataset.at(0) is None
    assert dataset.state("p") == {}
    assert dataset.indexes() == []


def test_an_empty_batch_writes_nothing(dataset):
    assert dataset.write([]) == Written(0, 0, 0, [])
    assert dataset.head() == 0


def test_versions_are_numbered_from_zero_and_point_to_the_one_before(dataset):
    one, two, again = item("a", x=1), item("b"), item("a", x=2)
    assert dataset.write([one, two]) == Written(2, 2, 0, [0, 1])
    assert dataset.write([again]) == Written(1, 0, 0, [2])
    assert facts(dataset.changes(history=True)) == [
        version_of(0, one, None),
        version_of(1, two, None),
        version_of(2, again, 0),
    ]


def test_what_is_unchanged_is_dropped(dataset):
    dataset.write(items("a", "b"))
    assert dataset.write(items("b", "a", "c")) == Written(1, 1, 0, [1, 0, 2])
    assert dataset.write(items("c", "b", "a")) == Written(0, 0, 0, [2, 1, 0])
    assert dataset.head() == 3


def test_a_forced_write_makes_a_version_of_what_is_unchanged(dataset):
    dataset.write(items("a", "b"))
    assert dataset.write([item("b"), item("b")], force=True) == Written(2, 0, 0, [3, 3])
    assert dataset.write([item("c", deleted=True)], force=True) == Written(0, 0, 0, [-1])
    assert facts(dataset.changes()) == [version_of(0, item("a"), None), version_of(3, item("b"), 2)]
    assert dataset.counts() == Counts(2, 0, 4, 0)


def test_a_delete_is_a_version_and_a_second_one_is_dropped(dataset):
    dataset.write(items("a", "b"))
    gone = item("a", deleted=True)
    assert dataset.write([gone]) == Written(1, 0, 1, [2])
    assert dataset.write([gone]) == Written(0, 0, 0, [2])
    assert facts([dataset.get("a")]) == [version_of(2, gone, 0)]


def test_the_same_content_comes_back_after_a_delete(dataset):
    dataset.write(items("a"))
    dataset.write([item("a", deleted=True)])
    assert dataset.write(items("a")) == Written(1, 0, 0, [2])
    assert dataset.counts() == Counts(1, 0, 3, 1)


def test_the_deleted_flag_alone_makes_a_version(dataset):
    plain = item("a")
    dataset.write([plain])
    assert dataset.write([plain._replace(deleted=True)]) == Written(1, 0, 1, [1])


def test_a_delete_of_something_unknown_writes_nothing(dataset):
    assert dataset.write([item("a", deleted=True), item("b")]) == Written(1, 1, 0, [-1, 0])
    assert dataset.counts() == Counts(1, 0, 1, 0)


def test_an_id_that_comes_twice_in_a_batch_is_handled_in_order(dataset):
    batch = [
        item("a", deleted=True),
        item("a", x=1),
        item("b", x=1),
        item("a", x=1),
        item("a", x=2),
        item("a", deleted=True),
        item("a", x=3),
    ]
    assert dataset.write(batch) == Written(5, 2, 1, [4, 4, 1, 4, 4, 4, 4])
    assert [(v.seq, v.entity_id, v.previous) for v in dataset.changes(history=True)] == [
        (0, "a", None),
        (1, "b", None),
        (2, "a", 0),
        (3, "a", 2),
        (4, "a", 3),
    ]
    assert dataset.counts() == Counts(2, 0, 5, 1)
    assert seqs(dataset.changes()) == [1, 4]


def test_known_ids_that_come_twice_and_change_back_and_forth(dataset):
    dataset.write(items("a", "b", x=0))
    batch = [item("a", x=1), item("b", x=0), item("a", x=0), item("b", x=1), item("a", x=0)]
    assert dataset.write(batch) == Written(3, 0, 0, [3, 4, 3, 4, 3])
    assert seqs(dataset.history("a")) == [3, 2, 0]
    assert seqs(dataset.history("b")) == [4, 1]


def test_counts_tell_ids_versions_and_deletes(dataset):
    dataset.write(items("a", "b", "c"))
    dataset.write([item("a", deleted=True), item("b", x=1)])
    assert dataset.counts() == Counts(3, 1, 5, 1)
    dataset.write([item("a", x=5), item("a", deleted=True), item("c", deleted=True)])
    assert dataset.counts() == Counts(3, 2, 8, 3)


def test_times_never_go_back(dataset, monkeypatch):
    times = iter([5_000_000_000, 3_000_000_000, 9_000_000_000])
    monkeypatch.setattr("time.time_ns", lambda: next(times))
    for entity_id in "abc":
        dataset.write(items(entity_id))
    assert [version.ts for version in dataset.changes()] == [5_000_000, 5_000_000, 9_000_000]


@pytest.mark.parametrize("entity_id", ["", "bad \ud800"])
def test_an_id_that_is_no_text_is_refused_and_nothing_written(dataset, entity_id):
    with pytest.raises(InputError):
        dataset.write([item("a"), Write(entity_id, b"{}", bytes(16))])
    assert dataset.head() == 0


@pytest.mark.parametrize(
    "entity_id", ["x" * 480, "x" * 481, "é" * 3000, "a\x00b", "\x00", "\U0010ffff", "ns:1/2 3"]
)
def test_ids_of_any_length_and_character(dataset, entity_id):
    others = [entity_id + "y", entity_id + "z", "a"]
    dataset.write(items(entity_id, *others))
    dataset.write([item(entity_id, x=1)])
    assert dataset.get(entity_id).seq == 4
    assert ids(dataset.get_many([*others, entity_id])) == [*others, entity_id]
    assert ids(dataset.history(entity_id)) == [entity_id, entity_id]
    assert {entry[0] for entry in dataset.live()} == {entity_id, *others}
    assert dataset.counts().index_exists == 4


def test_large_and_empty_bodies(dataset):
    large = item("large", text="x" * 3_000_000)
    dataset.write([large, item("small")])
    assert dataset.get("large").body == large.body


def test_writes_from_many_threads_are_all_there_once(dataset):
    def work(number):
        for turn in range(10):
            written = dataset.write(items(f"{number}-{turn}", "shared", turn=f"{number}-{turn}"))
            assert dataset.at(written.seqs[0]).entity_id == f"{number}-{turn}"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seqs(dataset.changes(history=True)) == list(range(160))
    assert dataset.counts() == Counts(81, 0, 160, 0)
    assert len(dataset.history("shared")) == 80


# -- state, claims ---------------------------------------------------------------------------------


def test_state_commits_with_the_batch(dataset):
    dataset.write(items("a"), Commit("p", {"offset": b"1", "hops": b"{}"}, None))
    dataset.write([], Commit("p", {"offset": b"2", "hops": None, "never": None}, None))
    dataset.write([], Commit("q", {"offset": b"7"}, None))
    assert dataset.state("p") == {"offset": b"2"}
    assert dataset.state("q") == {"offset": b"7"}
    assert dataset.head() == 1


def test_state_of_pipes_with_odd_names_is_apart(dataset):
    pipes = ["p", "p\x00", "pp", "p" * 120, "p" * 121, "p" * 5000, "", "é"]
    keys = ["k", "", "k" * 350, "k" * 351, "k" * 4000, "é\x00"]
    for pipe in pipes:
        state = {key: f"{pipe}/{key}".encode() for key in keys}
        dataset.write([], Commit(pipe, state, None))
    for pipe in pipes:
        assert dataset.state(pipe) == {key: f"{pipe}/{key}".encode() for key in sorted(keys)}
        assert list(dataset.state(pipe)) == sorted(keys)


def test_large_state(dataset):
    dataset.write([], Commit("p", {"bits": bytes(2_000_000), "empty": b""}, None))
    assert dataset.state("p") == {"bits": bytes(2_000_000), "empty": b""}


def test_a_commit_is_refused_when_the_state_is_not_as_expected(dataset):
    dataset.write([], Commit("p", {"offset": b"1"}, None, {"offset": None}))
    with pytest.raises(FenceError, match='"offset" has been changed by another run'):
        dataset.write(items("a"), Commit("p", {"offset": b"2"}, None, {"offset": None}))
    with pytest.raises(FenceError, match='"other"'):
        dataset.write(items("a"), Commit("p", {}, None, {"offset": b"1", "other": b"x"}))
    assert dataset.head() == 0
    assert dataset.state("p") == {"offset": b"1"}
    dataset.write(items("a"), Commit("p", {"offset": b"2"}, None, {"offset": b"1", "no": None}))
    assert (dataset.head(), dataset.state("p")) == (1, {"offset": b"2"})


OLDER = [
    (Fence(1, 5, "p", "r1"), Fence(2, 1, "p", "r2"), "epoch 1, revision 5"),
    (Fence(2, 4, "p", "r1"), Fence(2, 5, "p", "r2"), "epoch 2, revision 4"),
]


@pytest.mark.parametrize(("old", "new", "message"), OLDER)
def test_an_older_epoch_or_revision_cannot_commit_or_claim(dataset, old, new, message):
    dataset.claim(old)
    dataset.write(items("a"), Commit("p", {"offset": b"1"}, old))
    dataset.claim(new)
    with pytest.raises(FenceError, match=message):
        dataset.write(items("b"), Commit("p", {"offset": b"2"}, old))
    with pytest.raises(FenceError, match=message):
        dataset.claim(old)
    assert (dataset.head(), dataset.state("p")) == (1, {"offset": b"1"})
    dataset.write(items("b"), Commit("p", {"offset": b"2"}, new))
    assert dataset.head() == 2


def test_of_two_runs_of_one_revision_the_last_to_claim_commits(dataset):
    first, second = Fence(1, 1, "p", "r1"), Fence(1, 1, "p", "r2")
    dataset.claim(first)
    dataset.claim(second)
    with pytest.raises(FenceError, match=r"run r1 .* has been superseded by run r2"):
        dataset.write(items("a"), Commit("p", {}, first))
    dataset.write(items("a"), Commit("p", {}, second))
    dataset.claim(second)
    assert dataset.head() == 1


def test_claims_of_pipes_are_apart_and_a_commit_needs_one(dataset):
    dataset.claim(Fence(9, 9, "q", "r"))
    with pytest.raises(FenceError, match="run r has no claim here"):
        dataset.write(items("a"), Commit("p", {}, Fence(1, 1, "p", "r")))
    dataset.claim(Fence(1, 1, "p", "r"))
    assert dataset.write(items("a"), Commit("p", {}, Fence(1, 1, "p", "r"))).changed == 1
    assert dataset.state("p") == {}


# -- reading ---------------------------------------------------------------------------------------


@pytest.fixture
def eight(dataset):
    """Seqs: a b c d, a' (4), b deleted (5), e (6), c' (7)"""
    dataset.write(items("a", "b", "c", "d"))
    dataset.write([item("a", x=1), item("b", deleted=True), item("e"), item("c", x=1)])
    return dataset


CHANGES = [
    ({}, [3, 4, 5, 6, 7]),
    ({"history": True}, [0, 1, 2, 3, 4, 5, 6, 7]),
    ({"deleted": False}, [3, 4, 6, 7]),
    ({"history": True, "deleted": False}, [0, 1, 2, 3, 4, 6, 7]),
    ({"limit": 2}, [3, 4]),
    ({"limit": 0}, []),
    ({"since": 0}, [3, 4, 5, 6, 7]),
    ({"since": -5, "limit": 1}, [3]),
    ({"since": 3, "limit": 2}, [4, 5]),
    ({"since": 7}, []),
    ({"since": 100}, []),
    ({"until": 5}, [3, 4]),
    ({"until": 0}, []),
    ({"until": 99, "since": 5}, [6, 7]),
    ({"since": 5, "until": 3}, []),
    ({"reverse": True}, [7, 6, 5, 4, 3]),
    ({"reverse": True, "limit": 2}, [7, 6]),
    ({"reverse": True, "since": 5}, [4, 3]),
    ({"reverse": True, "since": 5, "history": True, "limit": 3}, [4, 3, 2]),
    ({"reverse": True, "since": 7, "until": 5}, [4, 3]),
    ({"reverse": True, "since": 3, "until": 99, "history": True}, [2, 1, 0]),
    ({"reverse": True, "since": 0}, []),
    ({"reverse": True, "deleted": False, "limit": 3}, [7, 6, 4]),
]


@pytest.mark.parametrize(("options", "expected"), CHANGES, ids=str)
def test_changes(eight, options, expected):
    assert seqs(eight.changes(**options)) == expected


AS_OF = [
    ({"as_of": 8}, [3, 4, 5, 6, 7]),
    ({"as_of": 99}, [3, 4, 5, 6, 7]),
    ({"as_of": 7}, [2, 3, 4, 5, 6]),
    ({"as_of": 7, "deleted": False}, [2, 3, 4, 6]),
    ({"as_of": 5}, [1, 2, 3, 4]),
    ({"as_of": 4}, [0, 1, 2, 3]),
    ({"as_of": 4, "since": 0, "limit": 2}, [1, 2]),
    ({"as_of": 4, "until": 2}, [0, 1]),
    ({"as_of": 1}, [0]),
    ({"as_of": 0}, []),
    ({"as_of": 6, "history": True}, [0, 1, 2, 3, 4, 5]),
    ({"as_of": 6, "reverse": True}, [5, 4, 3, 2]),
    ({"as_of": 6, "reverse": True, "since": 4, "limit": 1}, [3]),
]


@pytest.mark.parametrize(("options", "expected"), AS_OF, ids=str)
def test_changes_as_of_an_earlier_head(eight, options, expected):
    assert seqs(eight.changes(**options)) == expected


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_a_dataset_is_read_as_it_was_at_each_head(dataset, limit):
    chance = random.Random(7)
    known, before = {}, {}
    for number in range(120):
        entity_id = chance.choice("abcdefgh")
        gone = entity_id in known and not known[entity_id][1] and chance.random() < 0.3
        dataset.write([item(entity_id, deleted=gone, n=number)])
        known[entity_id] = (number, gone)
        before[dataset.head()] = dict(known)
    assert dataset.head() > 100
    for head, latest in before.items():
        got = []
        while part := dataset.changes(got[-1].seq if got else None, limit, as_of=head):
            got += part
        assert [version.seq for version in got] == sorted(version.seq for version in got)
        found = {version.entity_id: (decode(version.body)["n"], version.deleted) for version in got}
        assert found == latest
        many = dataset.get_many([*latest, "zz"], as_of=head)
        assert many.pop() is None
        assert {v.entity_id: (decode(v.body)["n"], v.deleted) for v in many} == latest


def test_the_head_at_a_time(dataset, monkeypatch):
    heads = {}
    for now in range(100, 1000, 100):
        monkeypatch.setattr("time.time_ns", lambda: now * 1000)  # noqa: B023 - until the next turn
        dataset.write(items("a", "b", n=now))
        heads[now] = dataset.head()
    for ts, head in heads.items():
        assert dataset.head_at(ts) == dataset.head_at(ts + 99) == head
        assert dataset.head_at(ts - 1) == head - 2
    assert [dataset.head_at(0), dataset.head_at(10**9)] == [0, 18]
    assert dataset.exact_from == 0


def test_changes_of_a_dataset_that_is_mostly_superseded(dataset):
    names = [f"e{number}" for number in range(50)]
    for revision in range(6):
        dataset.write(items(*names, x=revision))
    dataset.write([item(name, x=9) for name in names[::10]])
    expected = [n for n in range(250, 300) if n % 10] + list(range(300, 305))
    for limit in (1, 7, 1000):
        got, back = [], []
        while part := dataset.changes(got[-1] if got else None, limit):
            got += seqs(part)
        while part := dataset.changes(back[-1] if back else None, limit, reverse=True):
            back += seqs(part)
        assert got == expected
        assert back == expected[::-1]
    assert seqs(dataset.changes(until=257)) == [251, 252, 253, 254, 255, 256]
    assert seqs(dataset.changes(since=250, until=254, limit=2)) == [251, 252]


def test_fewer_than_the_limit_means_that_there_are_no_more(dataset):
    names = [f"e{number}" for number in range(30_000)]
    for revision in range(2):
        dataset.write(items(*names, x=revision))
    dataset.write(items("last"))
    dataset.write([item(name, deleted=True) for name in names])
    assert ids(dataset.changes(deleted=False)) == ["last"]
    assert ids(dataset.changes(deleted=False, reverse=True)) == ["last"]
    assert len(dataset.changes(limit=100_000)) == 30_001


def test_point_reads(eight):
    assert seqs([eight.get("a"), eight.get("b"), eight.get("d")]) == [4, 5, 3]
    assert eight.get("zz") is None
    found = eight.get_many(["e", "zz", "a", "e", "b"])
    assert [version and version.seq for version in found] == [6, None, 4, 6, 5]
    assert eight.get_many([]) == []
    assert eight.at(0).entity_id == "a"
    assert [eight.at(-1), eight.at(8)] == [None, None]


def test_many_ids_are_read_in_the_order_asked_for(dataset):
    names = [f"e{number}" for number in range(2500)]
    dataset.write(items(*names))
    assert ids(dataset.get_many(names[::-1])) == names[::-1]


def test_history_is_newest_first(eight):
    assert seqs(eight.history("a")) == [4, 0]
    assert seqs(eight.history("d")) == [3]
    assert eight.history("zz") == []


def test_the_version_before_a_seq(eight):
    found = [eight.version_before("a", seq) for seq in (0, 1, 4, 5, 99)]
    assert [version and version.seq for version in found] == [None, 0, 0, 4, 4]
    assert eight.version_before("zz", 99) is None


def test_live_gives_ids_in_order(eight):
    everything = [
        ("a", 4, False),
        ("b", 5, True),
        ("c", 7, False),
        ("d", 3, False),
        ("e", 6, False),
    ]
    assert eight.live() == everything
    assert eight.live(limit=2) == everything[:2]
    assert eight.live("b", 2) == everything[2:4]
    assert eight.live("bb", 1) == everything[2:3]
    assert eight.live("e") == []
    assert eight.live(limit=0) == []


def test_live_walks_long_ids_once_each(dataset):
    names = [letter * 600 + str(n) for letter in "ab" for n in range(20)] + ["a", "b" * 480, "c"]
    dataset.write(items(*names))
    seen, after = [], None
    while part := dataset.live(after, 3):
        seen += [entry[0] for entry in part]
        after = seen[-1]
    assert sorted(seen) == sorted(names)


def test_populated_stays_until_it_is_taken_back(dataset):
    dataset.set_populated()
    dataset.set_populated()
    dataset.write(items("a"))
    assert dataset.populated
    dataset.set_populated(value=False)
    assert not dataset.populated


# -- secondary indexes -----------------------------------------------------------------------------


def look(dataset, index, *keys):
    return [ids(found) for found in dataset.lookup_many(index, keys)]


def test_an_index_has_what_was_there_and_what_comes(dataset):
    dataset.write([item("a", k=1), item("b", k=[1, 2, 2]), item("c")])
    dataset.ensure_index("k", resolver("k"))
    assert look(dataset, "k", 1, 2, 3) == [["a", "b"], ["b"], []]
    dataset.write([item("d", k=[2, 3]), item("c", k=1)])
    assert look(dataset, "k", 3, 1, 1, 2) == [["d"], ["a", "b", "c"], ["a", "b", "c"], ["b", "d"]]
    assert dataset.lookup_many("k", []) == []


def test_a_look_up_finds_live_entities_only_in_log_order(dataset):
    dataset.ensure_index("k", resolver("k"))
    dataset.write([item("a", k=1), item("b", k=1), item("c", k=1)])
    dataset.write([item("a", k=1, more=True), item("b", k=1, deleted=True), item("c", k=2)])
    assert look(dataset, "k", 1, 2) == [["a"], ["c"]]
    dataset.write([item("b", k=1), item("a", k=[1, 2])])
    assert look(dataset, "k", 1, 2) == [["b", "a"], ["c", "a"]]
    dataset.write([item("b", k=7), item("b", k=8), item("b", k=1, deleted=True), item("b", k=9)])
    assert look(dataset, "k", 1, 7, 8, 9) == [["a"], [], [], ["b"]]


def test_equal_values_meet_in_an_index_and_others_do_not(dataset):
    plain = [group for group in MEET if type(group[0]) is not tuple]
    dataset.ensure_index("value", lambda entity: [entity["k"]])
    dataset.write([item(str(number), k=group[0]) for number, group in enumerate(plain)])
    for number, group in enumerate(plain):
        assert look(dataset, "value", *group) == [[str(number)]] * len(group)


def test_tuples_are_keys(dataset):
    dataset.ensure_index("pair", lambda entity: [(entity["a"], entity["b"])])
    dataset.write([item("x", a=1, b="2"), item("y", a="1", b="2"), item("z", a=1, b="23")])
    assert look(dataset, "pair", (1.0, "2"), ("1", "2"), (1, 2), (1,), [1, "2"]) == [
        ["x"],
        ["y"],
        [],
        [],
        [],
    ]


def test_long_keys_that_share_their_hash_are_told_apart(dataset, monkeypatch):
    import sesam_node.store.keys as module

    class SameHash:
        def __init__(self, *_, **__):
            pass

        def digest(self):
            return bytes(24)

    monkeypatch.setattr(module, "blake2b", SameHash)
    dataset.ensure_index("k", resolver("k"))
    dataset.write([item("a", k="x" * 600 + "a"), item("b", k=["x" * 600 + "b", "x" * 600 + "a"])])
    assert look(dataset, "k", "x" * 600 + "a", "x" * 600 + "b", "x" * 600) == [
        ["a", "b"],
        ["b"],
        [],
    ]


def test_a_look_up_of_many_keys(dataset):
    dataset.ensure_index("k", resolver("k"))
    dataset.write([item(f"e{n}", k=n % 1500) for n in range(3000)])
    found = look(dataset, "k", *range(1500))
    assert found == [[f"e{n}", f"e{n + 1500}"] for n in range(1500)]


def test_indexes_are_listed_and_dropped(dataset):
    dataset.write([item("a", k=1, m=2)])
    for name in ("k", "m", "k"):
        dataset.ensure_index(name, resolver(name))
    dataset.write([item("b", k=1, m=2)])
    assert dataset.indexes() == [IndexInfo("k", 2, 2), IndexInfo("m", 2, 2)]
    assert dataset.indexes()[0].complete
    dataset.drop_index("k")
    assert dataset.indexes() == [IndexInfo("m", 2, 2)]
    for work in (lambda: dataset.lookup_many("k", [1]), lambda: dataset.drop_index("k")):
        with pytest.raises(NotFoundError, match="has no index k"):
            work()
    dataset.write([item("c", k=1, m=2)])
    dataset.ensure_index("k", resolver("k"))
    assert look(dataset, "k", 1) == [["a", "b", "c"]]
    assert look(dataset, "m", 2) == [["a", "b", "c"]]


def test_a_new_index_takes_the_place_of_a_dropped_one(dataset):
    dataset.ensure_index("k", resolver("k"))
    dataset.write([item("a", k=1, m=2)])
    dataset.drop_index("k")
    dataset.ensure_index("m", resolver("m"))
    assert look(dataset, "m", 1, 2) == [[], ["a"]]


def test_an_index_is_built_over_many_versions(dataset):
    names = [f"e{n}" for n in range(5000)]
    for revision in range(2):
        dataset.write([item(name, k=revision) for name in names])
    dataset.write([item(name, k=1, deleted=True) for name in names[::2]])
    dataset.ensure_index("k", resolver("k"))
    assert look(dataset, "k", 0, 1) == [[], names[1::2]]


def test_a_key_function_that_fails_is_named_and_nothing_is_written(dataset):
    dataset.ensure_index("bad", lambda entity: [1 // entity.get("n", 0)])
    with pytest.raises(StoreError, match=r'the index bad fails on entity "b": .*zero'):
        dataset.write([item("a", n=1), item("b")], Commit("p", {"offset": b"1"}, None))
    assert (dataset.head(), dataset.state("p")) == (0, {})
    assert dataset.write([item("a", n=1)]).changed == 1


# -- the store -------------------------------------------------------------------------------------


def test_datasets_are_apart_and_listed(store):
    store.dataset("b").write(items("x"))
    store.dataset("system:log:a").write(items("y", "z"))
    store.dataset("a")
    assert store.names() == ["a", "b", "system:log:a"]
    assert [store.exists(name) for name in ("a", "system:log:a", "c", "A")] == [
        True,
        True,
        False,
        False,
    ]
    assert [store.dataset(name).head() for name in store.names()] == [0, 1, 2]


def test_a_dataset_that_is_not_there(store):
    with pytest.raises(NotFoundError, match='there is no dataset "a"'):
        store.dataset("a", create=False)
    with pytest.raises(NotFoundError, match='there is no dataset "a"'):
        store.delete("a")
    assert store.names() == []
    store.dataset("a").write(items("x"))
    assert store.dataset("a", create=False).head() == 1


HOSTILE = [
    "..",
    ".",
    "/",
    "/etc/passwd",
    "../../x",
    "a/b",
    "a\\b",
    "a\x00b",
    "%2e%2e",
    "a",
    "A",
    "ab",
    "aB",
    "CON",
    "con",
    "x" * 4096,
    "x" * 4095 + "y",
    "é",
    "e\u0301",
    "\u202eabc",
    "umber",
    "number",
    "head",
    "system:",
    "system:..",
    "System:a",
    " ",
    "ß" * 2000,
]


def test_names_that_are_hostile_to_files_are_just_names(store, tmp_path):
    before = sorted(path.name for path in Path(tmp_path).parent.iterdir())
    for number, name in enumerate(HOSTILE):
        store.dataset(name).write(items("x", number=number))
    assert store.names() == sorted(HOSTILE)
    for number, name in enumerate(HOSTILE):
        assert store.dataset(name, create=False).get("x").body == item("x", number=number).body
    for name in HOSTILE[::2]:
        store.delete(name)
    assert store.names() == sorted(HOSTILE[1::2])
    for number, name in enumerate(HOSTILE):
        if number % 2:
            assert store.dataset(name).get("x").body == item("x", number=number).body
    assert sorted(path.name for path in Path(tmp_path).parent.iterdir()) == before


@pytest.mark.parametrize("name", ["", "\ud800"])
def test_names_that_are_no_text_are_refused(store, name):
    with pytest.raises(InputError):
        store.dataset(name)


@pytest.mark.parametrize("name", ["orders", "system:orders"])
def test_a_dataset_that_is_deleted_and_made_again_is_empty_and_another(store, name):
    dataset = store.dataset(name)
    generation = dataset.generation
    dataset.ensure_index("k", resolver("k"))
    dataset.claim(Fence(5, 5, "p", "r"))
    dataset.write([item("x", k=1)], Commit("p", {"offset": b"1"}, None))
    dataset.set_populated()
    store.delete(name)
    for work in (dataset.head, dataset.changes, lambda: dataset.write(items("y"))):
        with pytest.raises(NotFoundError, match="there is no dataset"):
            work()
    assert not store.exists(name)
    again = store.dataset(name)
    for handle in (again, dataset):
        assert handle.generation == again.generation != generation
        assert handle.counts() == Counts(0, 0, 0, 0)
        assert (handle.state("p"), handle.indexes(), handle.populated) == ({}, [], False)
        assert handle.live() == []
    with pytest.raises(FenceError, match="has no claim here"):
        dataset.write(items("y"), Commit("p", {}, Fence(5, 5, "p", "r")))
    dataset.claim(Fence(1, 1, "p", "r"))
    assert dataset.write([item("x", k=1)]) == Written(1, 1, 0, [0])
    assert again.head() == 1


def test_settings_are_written_all_or_none(store):
    settings = store.settings
    assert settings.get("a") is None
    settings.write({"a": b"1", "b/1": b"2", "b/2": b"", "long" * 500: b"3"})
    assert settings.items("b/") == {"b/1": b"2", "b/2": b""}
    assert settings.get("long" * 500) == b"3"
    assert settings.items("long" * 200) == {"long" * 500: b"3"}
    with pytest.raises(FenceError, match='the setting "a" has been changed meanwhile'):
        settings.write({"b/1": b"9", "c": b"9"}, {"b/1": b"2", "a": None})
    assert list(settings.items()) == ["a", "b/1", "b/2", "long" * 500]
    settings.write({"a": None, "c": b"4", "never": None}, {"a": b"1", "c": None})
    assert settings.items() == {"b/1": b"2", "b/2": b"", "c": b"4", "long" * 500: b"3"}


# -- many reads in a row ---------------------------------------------------------------------------


def test_reads_in_a_row_are_those_one_by_one(store, dataset):
    dataset.ensure_index("k", resolver("k"))
    dataset.write(
        [item("a", k=1), item("b", k=[1, "x"]), item("c", k="x"), item("long", k="y" * 600)]
    )
    dataset.write([item("a", k=2), item("c", deleted=True)])
    keys = [1, 1.0, 2, "x", "y" * 600, "none", None]

    def read():
        return (
            [dataset.get(name) for name in ("a", "b", "c", "none")],
            [dataset.lookup_many("k", [key]) for key in keys],
            dataset.lookup_many("k", keys),
            dataset.get_many(["a", "none"]),
            dataset.version_before("a", 4),
            [dataset.at(seq) for seq in (0, 4, 9)],
            dataset.changes(),
            dataset.head(),
        )

    plain = read()
    with store.reading():
        assert read() == read() == plain
        with store.reading():
            assert read() == plain
        assert read() == plain
    assert read() == plain
    assert plain[1] == [[found] for found in plain[2]]


def test_reads_in_a_row_see_what_the_thread_itself_does_meanwhile(store, dataset):
    with store.reading():
        assert dataset.get("a") is None
        dataset.write(items("a", k=1))
        assert dataset.get("a").seq == 0
        dataset.ensure_index("k", resolver("k"))
        assert ids(dataset.lookup_many("k", [1])[0]) == ["a"]
        dataset.drop_index("k")
        with pytest.raises(NotFoundError):
            dataset.lookup_many("k", [1])
        other = store.dataset("other")
        other.write(items("b"))
        assert other.get("b").seq == 0
        store.delete(dataset.name)
        with pytest.raises(NotFoundError):
            dataset.get("a")
        store.dataset(dataset.name).write(items("c"))
        assert (dataset.get("a"), dataset.get("c").seq) == (None, 0)
    assert ids(dataset.changes()) == ["c"]


def test_a_row_of_reads_ends_with_an_error_too(store, dataset):
    with suppress(NotFoundError), store.reading():
        dataset.lookup_many("none", [1])
    dataset.write(items("a"))
    assert dataset.get("a").seq == 0


def test_a_row_of_reads_holds_up_no_writer_of_another_thread(store, dataset):
    with store.reading():
        assert dataset.get("a") is None
        writer = threading.Thread(target=dataset.write, args=(items("a"),))
        writer.start()
        writer.join()
    assert dataset.get("a").seq == 0


def test_a_closed_store_refuses(store):
    dataset, settings = store.dataset("a"), store.settings
    store.close()
    store.close()
    for work in (
        lambda: store.dataset("a"),
        store.names,
        lambda: store.exists("a"),
        store.lock_node,
        dataset.head,
        lambda: settings.get("a"),
        lambda: settings.write({}),
    ):
        with pytest.raises(StoreError, match="closed"):
            work()


def test_the_node_lock_is_the_same_when_asked_again(store):
    assert store.lock_node() == store.lock_node() == 1


def test_an_unknown_kind_of_store_is_refused():
    with pytest.raises(StoreError, match='expected "memory:" or "lmdb:FOLDER", got "sqlite:x"'):
        open_store("sqlite:x")
    with pytest.raises(StoreError, match="expected a folder"):
        open_store("lmdb:")
