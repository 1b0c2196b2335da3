"""What random histories have found, each as the smallest history that showed it."""

from __future__ import annotations

from typing import Any

import pytest

from histories.history import History
from histories.play import play_in_memory

MADE = [["add", "_id", ["concat", "h-", "_S._id"]]]


def hop(dataset: str, where: list[Any], **more: Any) -> list[Any]:
    return ["hops", {"datasets": [f"{dataset} h"], "where": [where], **more}]


def pipe(*steps: Any, source: Any = None, **more: Any) -> dict[str, Any]:
    """A pipe from dataset a that copies everything, and these steps."""
    named = more.pop("named", {})
    rules = {"default": [["copy", "*"], *steps], **named}
    return {
        "source": source or {"type": "dataset", "dataset": "a"},
        "transform": [{"type": "dtl", "rules": rules}],
        **more,
    }


def put(name: str, *entities: dict[str, Any]) -> list[Any]:
    return ["put", name, list(entities)]


UNION = {"type": "union_datasets", "datasets": ["a", "b"], "prefix_ids": False}
MERGE = {"type": "merge", "version": 2, "datasets": ["a x", "b y"]}
RUN, CHECK = ["run", "auto"], ["check"]

FOUND = {
    "datasets of a union that share an id": (
        pipe(source=UNION),
        [put("b", {"_id": "2"}), RUN, put("a", {"_id": "2", "v": 1}), CHECK],
    ),
    "look-ups of entities that share an id": (
        pipe(["add", "x", ["lookup-entity", "h", "_S.ref"]], source=UNION),
        [
            put("a", {"_id": "2", "ref": "1"}),
            put("b", {"_id": "2", "ref": "2"}),
            RUN,
            put("b", {"_id": "2", "_deleted": True}),
            RUN,
            put("h", {"_id": "1"}),
            CHECK,
        ],
    ),
    "ids that are one without their namespaces": (
        pipe(
            source={**UNION, "prefix_ids": True},
            add_namespaces=True,
            remove_namespaces=True,
            namespaces={"identity": "n", "property": "n"},
        ),
        [put("b", {"_id": "4"}), RUN, put("a", {"_id": "4", "v": 1}), CHECK],
    ),
    "a dataset that is both hopped to and looked up": (
        pipe(
            ["add", "x", hop("g", ["eq", "_S.k", "h.k"])],
            ["add", "y", ["lookup-entity", "g", ["concat", "_S.ref"]]],
        ),
        [put("a", {"_id": "1", "ref": "5"}), RUN, put("g", {"_id": "5"}), CHECK],
    ),
    "a deleted source entity that creates what is not deleted": (
        pipe(["create", ["apply", "made", hop("h", ["eq", "_S.k", "h.k"])]], named={"made": MADE}),
        [
            put("a", {"_id": "2"}),
            put("a", {"_id": "2", "k": "q", "_deleted": True}),
            RUN,
            put("h", {"_id": "2", "k": "q"}),
            CHECK,
        ],
    ),
    "a child that a deleted parent shares with one that lives": (
        {
            "source": {"type": "dataset", "dataset": "a"},
            "transform": [
                {
                    "type": "dtl",
                    "rules": {
                        "default": [
                            ["copy", "*"],
                            [
                                "create-child",
                                ["apply", "made", hop("h", ["eq", "_S.k", "h.k"])],
                            ],
                        ],
                        "made": MADE,
                    },
                },
                {"type": "emit_children"},
            ],
        },
        [
            put("a", {"_id": "3", "k": "q"}, {"_id": "2"}),
            put("a", {"_id": "2", "k": "q", "_deleted": True}),
            RUN,
            put("h", {"_id": "2", "k": "q"}),
            CHECK,
        ],
    ),
    "a look-up by an empty id": (
        pipe(["add", "x", ["lookup-entity", "h", ["concat", "_S.ref"]]]),
        [put("a", {"_id": "1", "ref": ""}, {"_id": "2"}), put("h", {"_id": "1"}), RUN, CHECK],
    ),
    "a dataset that comes while the pipe runs": (
        pipe(["add", "x", hop("g", ["eq", "_S.k", "h.k"])]),
        [
            put("a", {"_id": "1", "k": "q"}, {"_id": "2", "k": "q"}, {"_id": "3", "k": "q"}),
            ["run", "auto", [put("g", {"_id": "5", "k": "q"})]],
            CHECK,
        ],
    ),
    "an id that goes from a deleted owner to one with a lower place than another's": (
        {
            "source": {
                **MERGE,
                "equality": [["eq", "x.ks", "y.ks"]],
                "identity": "composite",
                "strategy": "list",
            },
            "transform": [
                {"type": "dtl", "rules": {"default": [["copy", "*"], ["add", "_id", "same"]]}}
            ],
        },
        [
            put("b", {"_id": "4"}, {"_id": "1"}),
            RUN,
            put("b", {"_id": "1", "_deleted": True}),
            put("a", {"_id": "5"}),
            CHECK,
        ],
    ),
    "a deleted entity that lived on by the rules and is merged when it comes back": (
        {
            "source": {**MERGE, "equality": [["eq", "x.k", "y.k"]], "identity": "composite"},
            "transform": [{"type": "dtl", "rules": {"default": [["copy", "_id"]]}}],
        },
        [
            put("b", {"_id": "4"}),
            put("a", {"_id": "1", "k": "p"}),
            put("b", {"_id": "4", "_deleted": True}),
            RUN,
            put("b", {"_id": "4", "k": "p"}),
            CHECK,
        ],
    ),
}


@pytest.mark.parametrize("name", FOUND)
@pytest.mark.parametrize("batch", [1, 1000])
def test_what_histories_have_found(name, batch):
    config, steps = FOUND[name]
    played = play_in_memory(History("", "memory", batch, config, steps))
    assert (played.difference, played.checks > 0) == ("", True)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 12))
def test_a_full_run_that_is_killed_at_any_write_and_has_forgotten_its_records(at, after):
    """Nothing goes on incrementally without them, nor as the full run that was open before."""
    looking = pipe(["add", "x", ["lookup-entity", "h", "_S.ref"]])
    steps = [
        put("a", {"_id": "1", "ref": "1"}, {"_id": "2", "ref": "2"}, {"_id": "3", "ref": "3"}),
        RUN,
        ["kill", at, after, "full"],
        put("h", {"_id": "2", "v": 1}, {"_id": "3", "v": 1}),
        CHECK,
    ]
    assert play_in_memory(History("", "memory", 1, looking, steps)).difference == ""
