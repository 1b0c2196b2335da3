"""What a draft would change is what a full run of it changes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from pipes_helpers import Node, hop

from sesam_node.errors import InputError
from sesam_node.pipes import diff
from sesam_node.pipes.diff import diff_sample, diff_slice, staging_name


def diff_all(node, pipe_id, seconds=60.0):
    """The result over everything, in as many slices as it takes."""
    name = staging_name("job")
    node.store.dataset(name)
    sliced = None
    while sliced is None or sliced.phase != "done":
        sliced = diff_slice(
            node.pipes[pipe_id], node.store, job="job", sliced=sliced, seconds=seconds
        )
    node.store.delete(name)
    return sliced.told


def sample(node, pipe_id, limit=1_000):
    return diff_sample(node.pipes[pipe_id], node.store, limit=limit)


@pytest.fixture
def people(node):
    node.put("a", *({"_id": str(n), "name": f"n{n}", "age": n} for n in range(5)))
    node.pipe("b", source="a", rules=[["copy", "*"]])
    node.run("b")
    return node


COUNTS = {"added": 0, "changed": 0, "deleted": 0, "unchanged": 0, "errors": 0}


@pytest.mark.parametrize("compare", [sample, diff_all])
def test_a_pipe_as_it_is_changes_nothing(people, compare):
    told = compare(people, "b")
    assert told == {
        "pipe": "b",
        "dataset": "b",
        "complete": True,
        "read": 5,
        "counts": {**COUNTS, "unchanged": 5},
        "properties": {},
        "examples": {},
    }


@pytest.mark.parametrize("compare", [sample, diff_all])
def test_a_draft_is_told_by_property_with_examples(people, compare):
    people.put("b", {"_id": "9", "name": "gone"})
    people.put("a", {"_id": "5", "name": "n5", "age": 5})
    people.pipe(
        "b",
        source="a",
        rules=[
            ["filter", ["neq", "_S.name", "n3"]],
            ["copy", ["list", "_id", "name"]],
            ["if", ["gt", "_S.age", 1], ["add", "name", ["upper", "_S.name"]]],
            ["add", "kind", "x"],
        ],
    )
    told = compare(people, "b")
    assert told == {
        "pipe": "b",
        "dataset": "b",
        "complete": True,
        "read": 6,
        "counts": {**COUNTS, "added": 1, "changed": 4, "deleted": 2},
        "properties": {
            "age": {
                "added": 0,
                "changed": 0,
                "removed": 4,
                "examples": [{"_id": str(n), "old": n} for n in (0, 1, 2)],
            },
            "kind": {
                "added": 4,
                "changed": 0,
                "removed": 0,
                "examples": [{"_id": str(n), "new": "x"} for n in (0, 1, 2)],
            },
            "name": {
                "added": 0,
                "changed": 2,
                "removed": 0,
                "examples": [{"_id": str(n), "old": f"n{n}", "new": f"N{n}"} for n in (2, 4)],
            },
        },
        "examples": {
            "added": [{"_id": "5", "name": "N5", "kind": "x"}],
            "deleted": [{"_id": "3", "name": "n3", "age": 3}, {"_id": "9", "name": "gone"}],
        },
    }


def test_a_sample_speaks_of_its_source_entities_alone(people):
    people.pipe("b", source="a", rules=[["discard", ["neq", "_S._id", "1"]], ["copy", "*"]])
    told = sample(people, "b", limit=3)
    assert (told["complete"], told["read"]) == (False, 3)
    assert told["counts"] == {**COUNTS, "unchanged": 2, "deleted": 1}


def test_a_sample_tells_of_emitted_ids_that_would_vanish(node):
    node.put("a", *({"_id": str(n), "name": f"n{n % 2}"} for n in range(4)))
    node.pipe("b", source="a", rules=[["add", "_id", "_S.name"]])
    node.run("b")
    node.pipe("b", source="a", rules=[["add", "_id", ["concat", "x-", "_S._id"]]])
    told = sample(node, "b", limit=3)
    # n0 was made by 0 and 2, which are in the sample; n1 by 3 as well, which is not.
    assert told["counts"] == {**COUNTS, "added": 3, "deleted": 1}
    assert told["examples"]["deleted"] == [{"_id": "n0"}]


def test_an_entity_that_fails_is_told_and_does_not_end_it(people):
    rules = [["copy", "*"], ["if", ["eq", "_S._id", "2"], ["fail!", "not this"]]]
    people.pipe("b", source="a", rules=rules)
    for told in (sample(people, "b"), diff_all(people, "b")):
        assert told["counts"] == {**COUNTS, "unchanged": 4, "errors": 1}
        (error,) = told["examples"]["errors"]
        assert (error["_id"], error["problems"][0]["path"]) == (
            "2",
            "$.transform.rules.default[1][2]",
        )


def test_without_deletion_tracking_nothing_vanishes(people):
    people.put("b", {"_id": "9"})
    people.pipe(
        "b", source="a", sink={"type": "dataset", "dataset": "b", "deletion_tracking": False}
    )
    for told in (sample(people, "b"), diff_all(people, "b")):
        assert told["counts"] == {**COUNTS, "unchanged": 5}


def test_nothing_is_written(people):
    people.pipe("b", source="a", rules=[["copy", "_id"]])
    before = people.log("b"), people.store.names()
    sample(people, "b")
    diff_all(people, "b")
    assert (people.log("b"), people.store.names()) == before


def test_a_job_goes_on_slice_by_slice(people, monkeypatch):
    monkeypatch.setattr(diff, "PAGE", 2)
    people.put("b", *({"_id": f"old-{n}"} for n in range(5)))
    people.pipe("b", source="a", rules=[["copy", "_id"]])
    told = diff_all(people, "b", seconds=0.0)
    assert told["counts"] == {**COUNTS, "changed": 5, "deleted": 5}
    assert told == diff_all(people, "b")


def test_a_receiver_cannot_be_compared(node):
    node.pipe("in", source={"type": "http_endpoint"})
    with pytest.raises(InputError, match="what was posted is not kept"):
        sample(node, "in")


def test_a_pipe_without_a_sink_dataset_cannot_be_compared(node):
    node.pipe("out", source="a", sink={"type": "http_endpoint"})
    with pytest.raises(InputError, match="writes to no dataset"):
        sample(node, "out")


# -- as a run does it ------------------------------------------------------------------------------

COPY = ["copy", "*"]
VALUES = st.sampled_from(["x", "y", "z", None])
ENTITIES = st.lists(
    st.fixed_dictionaries(
        {"_id": st.sampled_from("abcdef"), "k": VALUES, "n": st.integers(0, 3)},
        optional={"_deleted": st.just(value=True)},
    ),
    max_size=8,
)
CHILDREN = ["map", ["dict", "_id", ["concat", "_S._id", "-", "_."], "of", "_."], ["list", "_S.k"]]
RULES = st.sampled_from(
    [
        [COPY],
        [["copy", "_id"], ["add", "n", ["+", "_S.n", 1]]],
        [["filter", ["gt", "_S.n", 0]], COPY],
        [["filter", ["neq", "_S._deleted", True]], ["copy", "_id"], ["add", "k", "_S.k"]],
        [["discard", ["neq", "_S.k", "x"]], COPY],
        [["add", "_id", ["if-null", "_S.k", "none"]], ["add", "n", "_S.n"]],
        [["create", CHILDREN], ["copy", "_id"]],
        [COPY, ["create-child", ["dict", "_id", ["string", "_S.n"]]]],
        [COPY, ["add", "h", hop("other", ["eq", "_S.k", "h.k"], give="h.n")]],
        [COPY, ["if", ["eq", "_S.n", 3], ["add", "_deleted", True]]],
    ]
)

UNION = {"type": "union_datasets", "datasets": ["a", "other"]}
SOURCES = {
    "dataset": "a",
    "union": UNION,
    "shared": {**UNION, "prefix_ids": False},
    "merge": {
        "type": "merge",
        "version": 2,
        "datasets": ["a x", "other y"],
        "equality": [["eq", "x.k", "y.k"]],
        "identity": "first",
    },
}


def live_of(node):
    return {v.entity_id: v.body for v in node.versions("b", deleted=False)}


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)
@given(
    first=RULES,
    draft=RULES,
    before=ENTITIES,
    after=ENTITIES,
    tracking=st.booleans(),
    kind=st.sampled_from(["dataset", "union", "shared", "merge"]),
)
def test_a_diff_over_all_is_what_a_full_run_does(first, draft, before, after, tracking, kind):
    node = Node()
    source = SOURCES[kind]
    sink = {"type": "dataset", "dataset": "b", "deletion_tracking": tracking}
    node.put("other", {"_id": "o", "k": "x", "n": 7}, {"_id": "a", "k": "y", "n": 1})
    node.put("a", *before)
    node.pipe("b", source=source, rules=first, sink=sink)
    # Rules for single values fail on merged ones that have several.
    assume(node.try_run("b").success)
    node.put("a", *after)
    assume(node.try_run("b").success)
    node.pipe("b", source=source, rules=draft, sink=sink)
    told = diff_all(node, "b")
    assume("note" not in told and not told["counts"]["errors"])
    sampled = sample(node, "b")
    assert (sampled["complete"], sampled["counts"]) == (True, told["counts"])
    old = live_of(node)
    node.run("b", "full")
    new = live_of(node)
    both = old.keys() & new.keys()
    counts = told["counts"]
    assert {**counts, "unchanged": None} == {
        "added": len(new.keys() - old.keys()),
        "changed": sum(old[name] != new[name] for name in both),
        "deleted": len(old.keys() - new.keys()),
        "unchanged": None,
        "errors": 0,
    }
    # Without deletion tracking there may be more, which the pipe does not make.
    same = sum(old[name] == new[name] for name in both)
    assert counts["unchanged"] == same if tracking else counts["unchanged"] <= same
