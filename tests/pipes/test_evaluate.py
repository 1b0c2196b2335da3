"""From emitted entities to writes: what is reserved goes, and what fails is the right entity."""

from __future__ import annotations

import pytest
from pipes_helpers import hop

from sesam_node.dtl import Runtime
from sesam_node.errors import PipeError
from sesam_node.model import content, content_hash, encode
from sesam_node.pipes.batch import Batch
from sesam_node.pipes.build import build_pipe
from sesam_node.pipes.evaluate import (
    CHUNK,
    EntityError,
    Evaluator,
    append_writes,
    as_write,
    nothing_reserved,
)
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.store import Write

ENTITIES = [
    {"_id": "a"},
    {"_id": "a", "x": 1},
    {"_id": "a", "Name": 1},
    {"_id": "a", "$ids": ["~:a:b"], "x": "_y"},
    {"_id": "a", "_x": 1},
    {"_id": "a", "_x": 1, "x": 2},
    {"_id": "a", "Name": 1, "_z": 2},
    {"_id": "a", "_deleted": True, "x": 1},
    {"_id": "a", "_deleted": False, "x": 1},
    {"_id": "a", "_": 1, "a": {"_id": "b", "_c": 1}},
    {"_id": "a", "A": {"_id": "b", "_c": 1}},
    {"_id": 'a","_x":"', "_y": 1},
    {"_id": 'a","x":"', "x": 1},
    {"_id": "a\\", "_y": 1},
    {"_id": "æ", "_y": 1},
    {"_id": "æ\n", "y": 1},
    {"_id": "_", "_": {}},
]


def plainly(entity):
    body = encode(content(entity))
    return Write(entity["_id"], body, content_hash(body), entity.get("_deleted") is True)


@pytest.mark.parametrize("entity", ENTITIES, ids=str)
def test_reserved_properties_go_whatever_stands_around_them(entity):
    out = []
    append_writes([entity], out)
    assert out == [as_write(entity)] == [plainly(entity)]
    if nothing_reserved(encode(entity)):
        assert content(entity) is entity


def test_a_filtered_entity_is_a_delete_without_a_body():
    filtered = {"_id": "a", "_filtered": True}
    out = []
    append_writes([filtered], out)
    assert out == [as_write(filtered)] == [Write("a", b"", b"", deleted=True)]


@pytest.mark.parametrize("entity_id", [5, None, ["a"], True])
def test_an_id_that_is_no_text_is_refused(entity_id):
    with pytest.raises(PipeError, match='expected text for "_id"'):
        append_writes([{"_id": entity_id, "x": 1}], [])


def numbered(end):
    return [{"_id": f"{number:03}"} for number in range(end)]


def rules_that_fail(case, entity_id):
    """Rules that fail on one entity."""
    here = ["eq", "_S._id", entity_id]
    return [
        ["copy", "*"],
        *([["create", {"_id": "made"}]] if "created" in case else []),
        ["if", here, ["fail!", "no"]],
    ]


@pytest.mark.parametrize("position", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1])
@pytest.mark.parametrize("case", ["a rule fails", "after it has created"])
@pytest.mark.parametrize("discards", [False, True], ids=["all", "some discarded"])
def test_what_came_before_the_failing_entity_is_written(node, case, position, discards):
    failing = f"{position:03}"
    rules = rules_that_fail(case, failing)
    if discards:
        some = ["and", ["eq", ["substring", 2, "_S._id"], "1"], ["neq", "_S._id", failing]]
        rules.insert(1, ["if", some, ["discard"]])
    node.put("a", *numbered(3 * CHUNK))
    node.pipe("b", source="a", rules=rules)
    result = node.try_run("b")
    expected = [f"{n:03}" for n in range(position) if not (discards and n % 10 == 1)]
    written = [name for name in node.live("b") if name != "made"]
    assert (result.success, result.processed) == (False, position)
    assert (written, result.exception_entity) == (expected, {"_id": failing})


def outcome(node, run, count):
    """What is written of numbered entities, and where it failed, with a transform of its own."""
    node.put("a", *numbered(count))
    pipe = build_pipe(node.pipe("b", source="a"), node.store)
    evaluator = Evaluator(pipe, StoreLookup(pipe.context), Runtime())
    evaluator.run = run
    out = []
    with pytest.raises(EntityError) as caught:
        evaluator.writes(Batch(None, node.store.dataset("a").changes(), 2), out)
    return [write.entity_id for write in out], caught.value.position, caught.value.entity


def test_what_a_transform_gave_before_it_failed_is_not_written(node):
    def run(entity, out):
        out.append(entity)
        if entity["_id"] == "001":
            raise ValueError("no")

    assert outcome(node, run, 3) == (["000"], 1, {"_id": "001"})


@pytest.mark.parametrize("position", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_what_cannot_be_encoded_fails_at_its_entity(node, position):
    def run(entity, out):
        number = int(entity["_id"])
        fails = number == position
        made = {"_id": entity["_id"], "x": object() if fails else number}
        out.extend([made] * (1 if fails else number % 3))
        if number == position + 2:
            raise ValueError("too late")

    names = [f"{n:03}" for n in range(position) for _ in range(n % 3)]
    failing = f"{position:03}"
    assert outcome(node, run, 2 * CHUNK) == (names, position, {"_id": failing})


def test_look_ups_of_many_entities_see_what_the_pipe_wrote_before_them(node):
    """A hop into the own sink: each entity sees those before it, within a batch too."""
    node.put("a", *[{"_id": str(n), "of": str(n - 1)} for n in range(3 * CHUNK)])
    before = hop("b", ["eq", "_S.of", "h._id"], give="h._id")
    node.pipe("b", source="a", rules=[["copy", "_id"], ["add", "before", before]])
    node.run("b")
    assert [entity["before"] for entity in node.live("b").values()] == [
        [] if n == 0 else [str(n - 1)] for n in range(3 * CHUNK)
    ]


@pytest.mark.parametrize(
    ("names", "expression"),
    [
        ({"add_namespaces": True}, ["path", "n:x", "_."]),
        ({}, ["list", "_.x", ["count", ["keys", "_."]]]),
    ],
)
def test_the_previous_version_is_seen_as_the_current_one_is(memory_node, names, expression):
    """With namespaces, and with the reserved properties where rules name them."""
    node = memory_node
    rules = [
        ["copy", "_id"],
        ["add", "changed", ["is-changed", expression]],
        ["add", "seen", ["is-not-null", "_S._updated"]],
    ]
    node.put("in", {"_id": "a", "x": 1, "y": 1}, {"_id": "b", "x": 1, "y": 1})
    node.pipe(
        "out",
        source={"type": "dataset", "dataset": "in"},
        transform={"type": "dtl", "rules": {"default": rules}},
        namespaces={"property": "n", "identity": "n"},
        **names,
        remove_namespaces=True,
    )
    node.run("out")
    node.put("in", {"_id": "a", "x": 1, "y": 2}, {"_id": "b", "x": 2, "y": 1})
    node.run("out")
    assert {key: value["changed"] for key, value in node.live("out").items()} == {
        "a": False,
        "b": True,
    }
