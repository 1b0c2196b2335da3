"""Random operations: LMDB gives what the reference store gives."""

from __future__ import annotations

import random

import pytest
from store_helpers import facts, item, resolver

from sesam_node.errors import SesamError
from sesam_node.store import Commit, Fence, Retention, open_store

NAMES = ("orders", "customers", "system:log:orders", "system:log:customers")
IDS = [f"e{number}" for number in range(25)] + ["long" * 200, "long" * 201, "é"]
PIPES = ("p", "q")


class Pair:
    """The same operations on two stores, whose answers are compared."""

    def __init__(self, chance, folder):
        self.chance = chance
        self.folder = folder
        self.stores = [open_store("memory:", index_resolver=resolver), self.open()]

    def open(self):
        return open_store(f"lmdb:{self.folder}", index_resolver=resolver)

    def both(self, work):
        answers = []
        for store in self.stores:
            try:
                answers.append(work(store))
            except SesamError as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]
        return answers[0]

    def on_dataset(self, name, work):
        return self.both(lambda store: work(store.dataset(name, create=False)))

    # -- operations --------------------------------------------------------------------------------

    def batch(self):
        chance = self.chance
        return [
            item(
                chance.choice(IDS),
                deleted=chance.random() < 0.2,
                k=chance.choice([0, 1, 1.0, "~f1", "1", [1, 2], None, "x" * 600]),
                m=chance.randrange(3),
                **({"$retract": True} if chance.random() < 0.1 else {}),
            )
            for _ in range(chance.choice([0, 1, 3, 10, 40]))
        ]

    def commit(self):
        chance = self.chance
        if chance.random() < 0.4:
            return None
        values = [None, b"", b"1", b"2"]
        state = {key: chance.choice(values) for key in chance.sample(["a", "b", "c" * 400], 2)}
        expect = {"a": chance.choice(values)} if chance.random() < 0.3 else {}
        fence = self.fence() if chance.random() < 0.3 else None
        return Commit(fence.pipe if fence else chance.choice(PIPES), state, fence, expect)

    def fence(self):
        chance = self.chance
        return Fence(
            chance.randrange(2), chance.randrange(2), chance.choice(PIPES), chance.choice("rs")
        )

    def write(self, name):
        batch, commit = self.batch(), self.commit()
        self.on_dataset(name, lambda dataset: dataset.write(batch, commit))

    def replicate(self, name):
        """Now and then a batch that begins before the head: it mostly does not fit."""
        batch, commit, chance = self.batch(), self.commit(), self.chance
        head = self.on_dataset(name, lambda dataset: dataset.head())
        seq = (head if type(head) is int else 0) - (chance.random() < 0.2)
        seqs = []
        for _ in batch:
            seq += chance.choice([0, 1, 1, 1, 5])
            seqs.append(max(seq, 0))
            seq += chance.random() < 0.97
        force = chance.random() < 0.2
        self.on_dataset(name, lambda dataset: dataset.replicate(batch, seqs, commit, force=force))

    def claim(self, name):
        fence = self.fence()
        self.on_dataset(name, lambda dataset: dataset.claim(fence))

    def index(self, name):
        key = self.chance.choice("km")
        if self.chance.random() < 0.3:
            self.on_dataset(name, lambda dataset: dataset.drop_index(key))
        else:
            self.on_dataset(name, lambda dataset: dataset.ensure_index(key, resolver(key)))

    def make(self, name):
        self.both(lambda store: store.dataset(name).head())

    def delete(self, name):
        self.both(lambda store: store.delete(name))

    def populate(self, name):
        value = self.chance.random() < 0.5
        self.on_dataset(name, lambda dataset: dataset.set_populated(value=value))

    def compact(self, name):
        chance = self.chance
        heads = [None, *range(0, 150, 10)]
        retention = Retention(
            chance.choice([1, 2, 2, 3, 5]),
            retract=chance.random() < 0.3,
            floor=chance.choice(heads),
            read_floor=chance.choice(heads),
            until=chance.choice([None, None, 0]),
            deletes_until=chance.choice([None, 2**62]),
        )
        if chance.random() < 0.1:
            retention = retention._replace(keep_versions=0, until=2**62)
        self.on_dataset(name, lambda dataset: dataset.compact(retention))

    def reopen(self, _):
        self.stores[1].close()
        self.stores[1] = self.open()

    # -- comparisons -------------------------------------------------------------------------------

    def compare(self, name):
        chance = self.chance
        positions = [None, *range(-1, 120, 7)]
        options = {
            "since": chance.choice(positions),
            "until": chance.choice(positions),
            "limit": chance.choice([0, 1, 5, 1000]),
            "history": chance.random() < 0.5,
            "deleted": chance.random() < 0.5,
            "reverse": chance.random() < 0.5,
            "as_of": chance.choice([None, None, *positions]),
        }
        ids = chance.sample(IDS, 5)
        seq, after = chance.randrange(100), chance.choice([None, ids[3]])
        keys = [1, 1.0, "~f1.0", "1", 2, 0, "x" * 600, "x" * 601, None]
        for read in (
            lambda dataset: facts(dataset.changes(**options)),
            lambda dataset: facts(dataset.get_many(ids)),
            lambda dataset: facts([dataset.get(ids[0]), dataset.at(seq)]),
            lambda dataset: facts([dataset.version_before(ids[1], seq)]),
            lambda dataset: facts(dataset.history(ids[2])),
            lambda dataset: (dataset.live(after, 7), dataset.live()),
            lambda dataset: (dataset.counts(), dataset.head(), dataset.populated),
            lambda dataset: (dataset.state("p"), dataset.state("q")),
            lambda dataset: dataset.indexes(),
            lambda dataset: dataset.exact_from,
            lambda dataset: facts(dataset.get_many(ids, as_of=options["as_of"])),
            lambda dataset: [facts(found) for found in dataset.lookup_many("k", keys)],
            lambda dataset: [facts(found) for found in dataset.lookup_many("m", [0, 1, 2, 3])],
        ):
            self.on_dataset(name, read)

    def turn(self):
        chance = self.chance
        name = chance.choice(NAMES)
        operations = [self.write, self.claim, self.index, self.make, self.populate]
        operations += [self.delete, self.reopen, self.compact, self.replicate]
        chance.choices(operations, [20, 2, 3, 3, 1, 1, 0.5, 4, 6])[0](name)
        self.both(lambda store: store.names())
        self.compare(name)

    def close(self):
        for store in self.stores:
            store.close()


def run(folder, seed, turns):
    pair = Pair(random.Random(seed), folder)
    for name in NAMES:
        pair.make(name)
    for _ in range(turns):
        pair.turn()
    pair.close()


@pytest.mark.parametrize("seed", range(6))
def test_lmdb_agrees_with_memory(folder, seed):
    run(folder, seed, 150)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 160))
def test_lmdb_agrees_with_memory_for_long(folder, seed):
    run(folder, seed, 1500)
