"""After any changes, an incremental run leaves the sink as a full run from scratch would."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipes_helpers import Node, hop

IDS = ["1", "2", "3"]
KEYS = ["p", "q"]

HOP_BY_KEY = ["add", "h", ["sorted", hop("h", ["eq", "_S.k", "h.k"], give="h.v")]]
HOP_BY_ID = ["add", "i", hop("h", ["eq", "_S.ref", "h._id"], give="h.v")]
HOP_BACK = ["add", "back", ["sorted", hop("h", ["eq", "_S._id", "h.of"], give="h.v")]]
CHAIN = [
    "add",
    "g",
    [
        "sorted",
        [
            "hops",
            {
                "datasets": ["h h", "g g"],
                "where": [["eq", "_S.k", "h.k"], ["eq", "h.ref", "g._id"]],
                "return": "g.v",
            },
        ],
    ],
]

PIPES = {
    "by-key": {"rules": [["copy", "*"], HOP_BY_KEY]},
    "by-id": {"rules": [["copy", ["list", "_id", "k"]], HOP_BY_ID, HOP_BACK]},
    "chain": {"rules": [["copy", "*"], CHAIN, HOP_BY_KEY]},
    "filtered": {
        "rules": [["copy", "*"], HOP_BY_ID, ["filter", ["neq", ["first", "_T.i"], 2]]],
    },
    "keyed": {"rules": [["copy", "*"], ["add", "_id", ["concat", "k-", "_S.k"]], HOP_BY_ID]},
    "created": {
        "rules": [
            ["create", ["apply", "made", hop("h", ["eq", "_S.k", "h.k"])]],
            ["copy", "_id"],
        ],
        "named": {
            "made": [["copy", ["list", "_id", "v"]], ["add", "_id", ["concat", "h-", "_S._id"]]]
        },
    },
    "two-steps": {
        "transform": [
            {
                "type": "dtl",
                "rules": {"default": [["copy", "*"], ["add", "k", ["concat", "_S.k"]]]},
            },
            {"type": "dtl", "rules": {"default": [["copy", "*"], HOP_BY_KEY, HOP_BACK]}},
        ]
    },
    "namespaced": {
        "rules": [
            ["copy", "*"],
            ["add", "x::h", hop("h", ["eq", "_S.namespaced:k", "h.k"], give="h.v")],
        ],
        "add_namespaces": True,
    },
    "union": {
        "source": {"type": "union_datasets", "datasets": ["a", "g"]},
        "rules": [["copy", "*"], HOP_BY_ID],
    },
    "union-keyed": {
        "source": {"type": "union_datasets", "datasets": ["a", "g"]},
        "rules": [["copy", "*"], ["add", "_id", ["concat", "k-", "_S.k"]]],
    },
    "looked-up": {"rules": [["copy", "*"], ["add", "l", ["lookup-entity", "h", "_S.ref"]]]},
    "own-source": {
        "rules": [
            ["copy", "*"],
            ["add", "s", ["sorted", hop("a", ["eq", "_S.k", "h.ref"], give="h.v")]],
        ],
    },
}


def configure(node, name, pipe_id):
    config = dict(PIPES[name])
    named = config.pop("named", {})
    if "rules" in config:
        config["rules"] = {"default": config["rules"], **named}
    config.setdefault("source", "a")
    namespaces = {"identity": "namespaced", "property": "namespaced"}
    node.pipe(pipe_id, namespaces=namespaces, **config)


entities = st.fixed_dictionaries(
    {"_id": st.sampled_from(IDS), "k": st.sampled_from(KEYS), "v": st.integers(1, 3)},
    optional={
        "ref": st.sampled_from(IDS),
        "of": st.sampled_from(IDS),
        "_deleted": st.just(True),  # noqa: FBT003 - a value
    },
)
steps = st.lists(st.tuples(st.sampled_from(["a", "h", "g"]), entities), min_size=1, max_size=5)
rounds = st.lists(steps, min_size=2, max_size=4)


def check(name, steps_by_round):
    node = Node()
    configure(node, name, "b")
    for steps in steps_by_round:
        for dataset, entity in steps:
            node.put(dataset, entity)
        node.run("b")
    configure(node, name, "fresh")
    node.run("fresh")
    live = node.live("b")
    assert live == node.live("fresh")
    node.run("b", "full")
    assert node.live("b") == live
    assert node.run("b").changed == 0


@pytest.mark.parametrize("name", PIPES)
@settings(max_examples=25, deadline=None)
@given(rounds=rounds)
def test_incremental_runs_leave_what_a_full_run_leaves(name, rounds):
    check(name, rounds)


@pytest.mark.long
@pytest.mark.parametrize("name", PIPES)
@settings(max_examples=1000, deadline=None)
@given(rounds=rounds)
def test_incremental_runs_leave_what_a_full_run_leaves_in_many_more_cases(name, rounds):
    check(name, rounds)
