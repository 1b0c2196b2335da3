"""Observed schemas: right under updates and deletes, and of what a pipe reads and writes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pipes_helpers import Node

from sesam_node.dtl.schema import schema_of
from sesam_node.errors import NotFoundError
from sesam_node.model import decode
from sesam_node.pipes import observing
from sesam_node.pipes.entity_types import dataset_type, pipe_type
from sesam_node.pipes.observing import OWNER, discard, observe
from sesam_node.store.retention import Retention


def timeless(told):
    if type(told) is list:
        return [timeless(item) for item in told]
    if type(told) is not dict:
        return told
    seen = ("x-first-seen", "x-last-seen")
    return {name: timeless(item) for name, item in told.items() if name not in seen}


def test_a_schema_says_types_counts_and_examples(node):
    node.put(
        "a",
        {
            "_id": "1",
            "n": 1,
            "born": "~t2020-01-01T00:00:00Z",
            "tags": ["x", 2],
            "at": {"zip": "1"},
        },
        {"_id": "2", "n": "~f2.5", "tags": [{"k": None}], "at": {"zip": "2"}},
    )
    told = dataset_type(node.store, dataset="a")
    assert timeless(told) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "dataset:a",
        "type": "object",
        "properties": {
            "_id": {"type": "string", "x-count": 2, "examples": ["1", "2"]},
            "at": {
                "type": "object",
                "properties": {"zip": {"type": "string", "x-count": 2, "examples": ["1", "2"]}},
                "required": ["zip"],
                "x-count": 2,
            },
            "born": {
                "type": "string",
                "pattern": "^~t",
                "x-type": "datetime",
                "x-count": 1,
                "examples": ["2020-01-01T00:00:00Z"],
            },
            "n": {
                "anyOf": [
                    {"type": "string", "pattern": "^~f", "x-type": "decimal"},
                    {"type": "integer"},
                ],
                "x-count": 2,
                "examples": [1, "2.5"],
            },
            "tags": {
                "type": "array",
                "items": {
                    "anyOf": [
                        {
                            "type": "object",
                            "properties": {"k": {"type": "null", "x-count": 1}},
                            "required": ["k"],
                        },
                        {"type": "integer"},
                        {"type": "string"},
                    ]
                },
                "x-count": 2,
                "examples": ["x", 2],
            },
        },
        "required": ["_id", "at", "n", "tags"],
        "x-entities": 2,
        "x-complete": True,
    }
    Draft202012Validator.check_schema(told)


def test_what_was_replaced_or_deleted_is_not_counted(node):
    node.put("a", {"_id": "1", "x": 1}, {"_id": "2", "y": 1})
    observe(node.store, "a")
    node.put("a", {"_id": "1", "z": 1}, {"_id": "2", "_deleted": True, "y": 1})
    told = dataset_type(node.store, dataset="a")
    assert (list(told["properties"]), told["x-entities"]) == (["_id", "z"], 1)


def test_a_property_says_when_it_was_first_and_last_written(node):
    node.put("a", {"_id": "1", "x": 1}, {"_id": "2", "y": 1})
    node.put("a", {"_id": "3", "x": 1})
    found = dataset_type(node.store, dataset="a")["properties"]
    assert found["x"]["x-first-seen"] < found["x"]["x-last-seen"]
    assert found["y"]["x-first-seen"] == found["y"]["x-last-seen"]


def test_a_look_counts_only_what_has_changed_since_the_last(node, monkeypatch):
    node.put("a", *({"_id": str(n), "x": n} for n in range(50)))
    observe(node.store, "a")
    node.put("a", {"_id": "7", "x": "seven"})
    counted = []
    add = observing.add
    monkeypatch.setattr(observing, "add", lambda *a: (counted.append(a[1]["_id"]), add(*a)))
    assert dict(observe(node.store, "a").schema.root.by_name["x"].types) == {
        "integer": 49,
        "string": 1,
    }
    assert counted == ["7"]


def test_what_time_does_not_suffice_for_is_told_and_goes_on_later(node, monkeypatch):
    monkeypatch.setattr(observing, "PAGE", 10)
    node.put("a", *({"_id": str(n), "x": n} for n in range(25)))
    steps = [observe(node.store, "a", seconds=0.0) for _ in range(3)]
    assert [(one.is_complete, one.counts["seen"]) for one in steps] == [
        (False, 10),
        (False, 20),
        (True, 25),
    ]


def test_of_a_large_dataset_the_same_share_is_counted_through_all_changes(node, monkeypatch):
    monkeypatch.setattr(observing, "WHOLE", 100)
    node.put("a", *({"_id": str(n), "x": n} for n in range(800)))
    told = dataset_type(node.store, dataset="a")
    assert told["x-sampled"] == "1 of 8"
    assert 50 < told["x-entities"] < 150
    node.put("a", *({"_id": str(n), "y": n} for n in range(800)))
    after = dataset_type(node.store, dataset="a")
    assert (list(after["properties"]), after["x-entities"]) == (["_id", "y"], told["x-entities"])


def test_counting_begins_anew_where_compaction_has_dropped_what_was_counted(node):
    node.put("a", {"_id": "1", "x": 1})
    observe(node.store, "a")
    for n in range(4):
        node.put("a", {"_id": "1", "y": n})
    node.store.dataset("a").compact(Retention(keep_versions=1))
    told = dataset_type(node.store, dataset="a")
    assert (list(told["properties"]), told["x-entities"]) == (["_id", "y"], 1)


def test_a_discarded_schema_is_counted_again(node):
    node.put("a", {"_id": "1", "x": 1})
    observe(node.store, "a")
    discard(node.store, "a")
    assert node.store.dataset("a").state(OWNER) == {}
    assert dataset_type(node.store, dataset="a")["x-entities"] == 1
    discard(node.store, "none")


def test_a_dataset_that_is_made_again_is_counted_again(node):
    node.put("a", {"_id": "1", "x": 1})
    observe(node.store, "a")
    node.store.delete("a")
    node.put("a", {"_id": "1", "y": 1})
    assert list(dataset_type(node.store, dataset="a")["properties"]) == ["_id", "y"]


# -- of pipes --------------------------------------------------------------------------------------


def side(node, pipe_id, which):
    return pipe_type(node.pipes[pipe_id], node.store, side=which)


def test_source_and_sink_of_a_pipe_are_those_of_its_datasets(node):
    node.put("a", {"_id": "1", "x": 1})
    node.put("c", {"_id": "1", "z": 1})
    node.pipe("b", source="a", rules=[["copy", "_id"], ["add", "y", "_S.x"]])
    node.run("b")
    assert list(side(node, "b", "source")["properties"]) == ["_id", "x"]
    assert list(side(node, "b", "sink")["properties"]) == ["_id", "y"]
    node.pipe("u", source={"type": "union_datasets", "datasets": ["a", "c"]})
    told = side(node, "u", "source")
    assert (told["$id"], list(told["properties"])) == ("pipe:u:source", ["_id", "x", "z"])
    assert told["required"] == ["_id"]


def test_the_source_of_embedded_entities_is_known_before_a_run(node):
    node.pipe("b", source={"type": "embedded", "entities": [{"_id": "1", "x": 1}]})
    assert list(side(node, "b", "source")["properties"]) == ["_id", "x"]
    with pytest.raises(NotFoundError, match="it has not run yet"):
        side(node, "b", "sink")


def test_the_source_of_a_receiver_is_what_it_keeps(node):
    node.pipe("in", source={"type": "http_endpoint"})
    node.receive("in", [{"_id": "1", "x": 1}])
    assert list(side(node, "in", "source")["properties"]) == ["_id", "x"]
    node.pipe("in", source={"type": "http_endpoint"}, rules=[["copy", "_id"]])
    with pytest.raises(NotFoundError, match="transformed on the way"):
        side(node, "in", "source")


# -- against a plain count -------------------------------------------------------------------------

LEAVES = st.sampled_from(
    [None, True, 1, 2.5, "x", "~f1", "~t2020-01-01", "~ra:b", [], [1, ["y", {"k": 1}]], {}]
)
VALUES = st.one_of(LEAVES, st.dictionaries(st.sampled_from("kl"), LEAVES, max_size=2))
ENTITY = st.builds(
    lambda id_, values, deleted: {"_id": id_, **values, **({"_deleted": True} if deleted else {})},
    st.sampled_from("abcd"),
    st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=3),
    st.booleans(),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.lists(ENTITY, max_size=5), max_size=5))
def test_it_is_what_a_count_of_the_live_entities_gives(steps):
    node = Node()
    node.put("a")
    for entities in steps:
        node.put("a", *entities)
        observed = observe(node.store, "a")
    live = [decode(v.body) for v in node.versions("a", deleted=False)]
    observed = observe(node.store, "a")
    assert shown(observed.schema) == shown(schema_of(live))
    validator = Draft202012Validator(dataset_type(node.store, dataset="a"))
    for entity in live:
        validator.validate(entity)


def shown(schema):
    """A schema without its examples, which may be of entities that are gone."""

    def plain(document):
        if type(document) is not dict:
            return document
        return {k: plain(v) for k, v in document.items() if k != "examples"}

    return plain(schema.to_json())
