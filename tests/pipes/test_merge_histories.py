"""After any history, the sink of a pipe that merges holds what a full run from scratch makes.

And that is what comparing every entity with every other gives. Histories have runs that are stopped
on the way, and changes that happen while a run reads.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipes_helpers import Node, hop, without_id

from sesam_node.model import decode

IDS = ["1", "2", "3"]
DATASETS = ["a", "b", "c"]
ALIASES = ["a a", "b b", "c c"]

CHAIN = {"equality_sets": [["a.x", "b.x", "c.y"]]}
LOOSE = {"equality": [["eq", "a.x", "b.y"], ["eq", "b.x", ["lower", "c.y"]], ["eq", "a.y", "c.x"]]}
BY_ID = {"equality": [["eq", "a._id", "b._id"], ["eq", "b._id", "c._id"], ["eq", "a._id", "c._id"]]}
REFERENCE = {"equality": [["eq", "a.x", "b._id"], ["eq", "b.y", "c.x"]]}
LATEST = {"type": "merge_datasets", "datasets": DATASETS}
UNION = {"type": "union_datasets", "datasets": DATASETS, "prefix_ids": False}
KEYED = [["copy", "*"], ["add", "_id", ["concat", "k-", ["string", ["first", "_S.x"]]]]]
CREATED = [
    ["create", ["apply", "made", ["sorted", ["list", "_S.x", "_S.y"]]]],
    ["copy", "_id"],
]
MADE = [["add", "_id", ["concat", "m-", ["string", "_S."]]]]
HOP = [["copy", "*"], ["add", "h", ["sorted", hop("h", ["eq", "_S.x", "h.x"], give="h.y")]]]
LOOKED_UP = [["copy", "*"], ["add", "h", ["lookup-entity", "h", ["string", ["first", "_S.x"]]]]]
LATER_HOP = [
    {"type": "dtl", "rules": {"default": [["copy", "*"], ["add", "z", ["list", "_S.x", "_S.y"]]]}},
    {
        "type": "dtl",
        "rules": {
            "default": [
                ["copy", "*"],
                ["add", "_id", ["concat", "_S._id", "-", ["count", "_S.z"]]],
                ["add", "h", ["sorted", hop("h", ["eq", "_S.z", "h.x"], give="h.y")]],
            ]
        },
    },
]
ALIVE = [["copy", "*"], ["add", "_deleted", False]]

PIPES = {
    "chain": {"source": CHAIN},
    "loose": {"source": LOOSE},
    "first": {"source": {**CHAIN, "identity": "first"}},
    "by-id": {"source": {**BY_ID, "identity": "first"}},
    "reference": {"source": {**REFERENCE, "identity": "first", "strategy": "compact"}},
    "nothing": {"source": {"identity": "first"}},
    "listed": {"source": {**LOOSE, "strategy": "list"}},
    "keyed": {"source": CHAIN, "rules": {"default": KEYED}},
    "keyed-first": {"source": {**LOOSE, "identity": "first"}, "rules": {"default": KEYED}},
    "created": {"source": LOOSE, "rules": {"default": CREATED, "made": MADE}},
    "hopping": {"source": {**CHAIN, "identity": "first"}, "rules": {"default": HOP}},
    "looked-up": {"source": LOOSE, "rules": {"default": LOOKED_UP}},
    "later-hop": {"source": CHAIN, "transform": LATER_HOP},
    "alive": {"source": CHAIN, "rules": {"default": ALIVE}},
    "one": {"source": {"datasets": ["a a"]}},
    "latest": {"source": LATEST},
    "latest-keyed": {"source": LATEST, "rules": {"default": KEYED}},
    "latest-hopping": {"source": LATEST, "rules": {"default": HOP}},
    "all": {"source": {**LATEST, "strategy": "all"}},
    "union": {"source": UNION},
    "union-keyed": {"source": UNION, "rules": {"default": KEYED}},
    "union-hopping": {"source": UNION, "rules": {"default": HOP}},
}

values = st.one_of(
    st.none(),
    st.sampled_from(["p", "q", "P", ""]),
    st.lists(st.sampled_from(["p", "q", "r"]), max_size=2),
    st.sampled_from([1, 1.0, "~f1"]),
)
entities = st.fixed_dictionaries(
    {"_id": st.sampled_from(IDS)},
    optional={"x": values, "y": values, "_deleted": st.just(True)},  # noqa: FBT003 - a value
)
step = st.tuples(st.sampled_from([*DATASETS, "h"]), entities)
round_ = st.fixed_dictionaries(
    {"before": st.lists(step, max_size=5), "during": st.lists(step, max_size=3)},
    optional={"stop": st.integers(0, 3)},
)
rounds = st.lists(round_, min_size=2, max_size=4)


def configure(node, name, pipe_id):
    config = dict(PIPES[name])
    if "type" not in config["source"]:
        config["source"] = {"type": "merge", "version": 2, "datasets": ALIASES, **config["source"]}
    node.pipe(pipe_id, **config)


def run(node, round_):
    """A run in small batches, with changes while it reads, that may be stopped."""
    during, told = list(round_["during"]), []

    def report(_progress):
        told.append(1)
        if during:
            dataset, entity = during.pop(0)
            node.put(dataset, entity)

    stop = round_.get("stop")
    node.try_run("m", report=report, cancelled=lambda: stop is not None and len(told) >= stop)
    for dataset, entity in during:
        node.put(dataset, entity)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr("sesam_node.pipes.sources.merge.CHANGED_BATCH", 1)
    monkeypatch.setattr("sesam_node.pipes.sources.merge.BATCH_SIZE", 2)
    monkeypatch.setattr("sesam_node.pipes.log_reader.FIRST_BATCH", 1)
    monkeypatch.setattr("sesam_node.pipes.log_reader.BATCH_SIZE", 1)
    monkeypatch.setattr("sesam_node.pipes.sources.merge_datasets.BATCH_SIZE", 1)


def check(name, history):
    node = Node()
    configure(node, name, "m")
    for round_ in history:
        for dataset, entity in round_["before"]:
            node.put(dataset, entity)
        run(node, round_)
    node.run("m")
    live = node.live("m")
    configure(node, name, "fresh")
    node.run("fresh")
    assert live == node.live("fresh")
    if name in EXPECTED:
        assert live == EXPECTED[name](node)
    assert node.run("m").changed == 0
    node.run("m", "full")
    assert node.live("m") == live


@pytest.mark.parametrize("name", PIPES)
@settings(max_examples=40, deadline=None)
@given(history=rounds)
def test_any_history_leaves_what_a_full_run_leaves(name, history):
    check(name, history)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("name", PIPES)
def test_so_it_is_with_runs_that_are_stopped_between_small_batches(name):
    @settings(max_examples=40, deadline=None)
    @given(history=rounds)
    def in_small_batches(history):
        check(name, history)

    in_small_batches()


@pytest.mark.long
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("name", PIPES)
def test_so_it_is_in_many_more_cases(name):
    @settings(max_examples=200, deadline=None)
    @given(history=rounds)
    def in_small_batches(history):
        check(name, history)

    in_small_batches()


# ---- merging by comparing every entity with every other ------------------------------------------


def by_comparing(node, links, first):
    """The live merged entities, found in the plainest way; `links` give two values to compare."""
    live = {}
    for position, dataset in enumerate(DATASETS):
        for entity_id, entity in node.live(dataset).items():
            live[position, entity_id] = {"_id": entity_id, **entity}
    groups = {member: {member} for member in live}
    for one, two in product(live, live):
        link = links.get((one[0], two[0]))
        if link is not None and overlap(*link(live[one], live[two])):
            joined = groups[one] | groups[two]
            for member in joined:
                groups[member] = joined
    found = {}
    for group in sorted(map(sorted, {id(group): group for group in groups.values()}.values())):
        entity_id = group[0][1] if first else "|".join(f"{p}|{i}" for p, i in group)
        found[entity_id] = united([live[member] for member in group])
    return found


def overlap(one, two):
    return any(same(left, right) for left, right in product(listed(one), listed(two)))


def same(left, right):
    numbers = {1: 1, "~f1": 1}
    return numbers.get(left, left) == numbers.get(right, right)


def listed(value):
    values = value if isinstance(value, list) else [value]
    return [item for item in values if item is not None]


def united(entities):
    found = {"$ids": list(dict.fromkeys(entity["_id"] for entity in entities))}
    for name in ("x", "y"):
        having = [entity[name] for entity in entities if name in entity]
        if len(having) == 1:
            found[name] = having[0]
        elif having:
            found[name] = [
                item for value in having for item in (value if isinstance(value, list) else [value])
            ]
    return found


def lowered(value):
    return [item.lower() for item in listed(value) if isinstance(item, str) and item[:1] != "~"]


def of_each(node):
    """The latest versions of each id by position of the dataset, deleted ones too."""
    found = {}
    for position, dataset in enumerate(DATASETS):
        for version in node.versions(dataset):
            found.setdefault(version.entity_id, {})[position] = version
    return found


def last_of_each(node, order):
    winners = [
        max(found.items(), key=lambda item: order(*item))[1] for found in of_each(node).values()
    ]
    return {
        version.entity_id: without_id(version.body) for version in winners if not version.deleted
    }


def last_live_of_each(node):
    """Of each id the one of the last dataset where it is live: a delete owns no id."""
    found = {}
    for versions in of_each(node).values():
        for _, version in sorted(versions.items()):
            if not version.deleted:
                found[version.entity_id] = without_id(version.body)
    return found


def all_of_each(node):
    return {
        entity_id: {DATASETS[place]: decode(version.body) for place, version in found.items()}
        for entity_id, found in of_each(node).items()
        if not all(version.deleted for version in found.values())
    }


CHAIN_LINKS = {
    (0, 1): lambda a, b: (a.get("x"), b.get("x")),
    (1, 2): lambda b, c: (b.get("x"), c.get("y")),
}
LOOSE_LINKS = {
    (0, 1): lambda a, b: (a.get("x"), b.get("y")),
    (1, 2): lambda b, c: (b.get("x"), lowered(c.get("y"))),
    (0, 2): lambda a, c: (a.get("y"), c.get("x")),
}
ID_LINKS = {(0, 1): lambda a, b: (a["_id"], b["_id"]), (1, 2): lambda b, c: (b["_id"], c["_id"])}
ID_LINKS[0, 2] = ID_LINKS[0, 1]

EXPECTED = {
    "chain": lambda node: by_comparing(node, CHAIN_LINKS, first=False),
    "loose": lambda node: by_comparing(node, LOOSE_LINKS, first=False),
    "by-id": lambda node: by_comparing(node, ID_LINKS, first=True),
    "nothing": lambda node: by_comparing(node, {}, first=True),
    "latest": lambda node: last_of_each(node, lambda place, version: (version.ts, place)),
    "union": last_live_of_each,
    "all": all_of_each,
}
