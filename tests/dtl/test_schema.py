"""Schemas of samples, and what the checker makes of them."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.dtl import RuleContext, problems_of, run_rules
from sesam_node.dtl.schema import MAX_NAMES, Property, Schema, Shape, schema_of
from sesam_node.errors import InputError
from sesam_node.model.values import kind

PEOPLE = [
    {"_id": "1", "name": "Ada", "born": "~t1815-12-10T00:00:00Z", "orders": [
        {"no": 1, "lines": [{"sku": "a", "price": "~f1.5"}]}, {"no": 2.5, "lines": []}],
     "address": {"city": "London", "geo": {"lat": 51}}, "tags": ["x", 5, None, ["y"]]},
    {"_id": "2", "name": None, "orders": [], "address": {"city": "Paris"}, "blob": "~bYWJj"},
    {"_id": "3", "name": "Grace", "ref": "~:n:a", "uri": "~rhttp://x.org/", "ok": True,
     "uuid": "~u9a3f1c52-55cb-4a5f-8f0e-6d3a2d0c1b11", "address": None},
]  # fmt: skip
SCHEMA = schema_of(PEOPLE)


def types(*names):
    *above, last = names
    found = SCHEMA.at(above).by_name[last]
    return dict(found.types)


def test_properties_are_counted_with_their_types():
    name = SCHEMA.root.by_name["name"]
    assert name == Property("name", 3, 1.0, (("null", 1), ("string", 2)), examples=("Ada", "Grace"))
    assert SCHEMA.entities == 3
    assert [found.name for found in SCHEMA.properties] == sorted(
        {name for entity in PEOPLE for name in entity}
    )
    assert {name: types(name) for name in ("born", "blob", "ref", "uri", "uuid", "ok")} == {
        "born": {"datetime": 1}, "blob": {"bytes": 1}, "ref": {"ni": 1}, "uri": {"uri": 1},
        "uuid": {"uuid": 1}, "ok": {"boolean": 1}}  # fmt: skip
    assert SCHEMA.root.by_name["born"].share == pytest.approx(1 / 3)


def test_dicts_and_dicts_in_lists_are_described():
    orders = SCHEMA.root.by_name["orders"]
    assert orders.types == (("list", 2),)
    assert orders.items == (("dict", 2),)
    assert orders.shape.seen == 2
    assert orders.shape.by_name["no"].types == (("float", 1), ("integer", 1))
    assert types("orders", "lines", "price") == {"decimal": 1}
    assert types("address", "geo", "lat") == {"integer": 1}
    assert SCHEMA.at(["address"]).seen == 2
    assert SCHEMA.at(["name"]) is SCHEMA.at(["no", "thing"]) is None
    tags = SCHEMA.root.by_name["tags"]
    assert dict(tags.items) == {"string": 1, "integer": 1, "null": 1, "list": 1}
    assert tags.examples == ("x", 5, "y")


def test_examples_are_few_short_and_different():
    long = "x" * 100
    schema = schema_of([{"a": value} for value in ["b", "b", long, "~f1.50", "c", True]])
    assert schema.root.by_name["a"].examples == ("b", "x" * 37 + "...", "1.50")
    assert schema_of([{"a": 1}, {"a": True}, {"a": 1.0}]).properties[0].examples == (1, True, 1.0)


def test_a_table_by_key_is_open():
    wide = schema_of([{"_id": "1", "by_key": {f"k{n}": n for n in range(MAX_NAMES + 5)}}])
    assert wide.at(["by_key"]).open
    assert len(wide.at(["by_key"]).properties) == MAX_NAMES
    assert not wide.root.open


def test_deep_entities_are_read_to_a_limit():
    deep = leaf = {}
    for _ in range(10_000):
        leaf["a"] = leaf = {}
    leaf["b"] = [[[[{"c": 1}]]]]
    schema = schema_of([{"deep": deep}])
    assert Schema.from_json(schema.to_json()) == schema
    assert problems_of({"default": [["add", "x", f"_S.deep{'.a' * 40}.b"]]},
                       RuleContext(schema=schema)) == []  # fmt: skip


def test_a_list_in_lists_is_one_list():
    nested = []
    for _ in range(5000):
        nested = [nested]
    schema = schema_of([{"a": [[{"b": 1}], [[{"c": 2}]]], "deep": nested}])
    assert [found.name for found in schema.at(["a"]).properties] == ["b", "c"]


def test_no_entities_have_no_properties():
    schema = schema_of([])
    assert schema == Schema(Shape(0, ()))
    assert schema.to_json() == {"entities": 0, "properties": {}}
    assert problems_of({"default": [["add", "x", "_S.y"]]}, RuleContext(schema=schema)) == []


def test_a_schema_goes_through_json_and_pickle():
    assert Schema.from_json(json.loads(json.dumps(SCHEMA.to_json()))) == SCHEMA
    assert pickle.loads(pickle.dumps(SCHEMA)) == SCHEMA
    assert hash(SCHEMA) == hash(schema_of(PEOPLE))
    assert SCHEMA.to_json()["properties"]["address"] == {
        "count": 3, "share": 1.0, "types": {"dict": 2, "null": 1}, "dicts": 2, "properties": {
            "city": {"count": 2, "share": 1.0, "types": {"string": 2},
                     "examples": ["London", "Paris"]},
            "geo": {"count": 1, "share": 0.5, "types": {"dict": 1}, "dicts": 1, "properties": {
                "lat": {"count": 1, "share": 1.0, "types": {"integer": 1}, "examples": [51]}}}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (None, "$"),
        ([], "$"),
        ({}, "$"),
        ({"entities": -1}, "$"),
        ({"entities": True}, "$"),
        ({"entities": 1, "properties": []}, "$"),
        ({"entities": 1, "properties": {"a": 5}}, "$.properties.a"),
        ({"entities": 1, "properties": {"a": {"count": "1"}}}, "$.properties.a"),
        ({"entities": 1, "properties": {"a": {"count": 1, "types": 5}}}, "$.properties.a"),
        ({"entities": 1, "properties": {"a": {"count": 1, "examples": [[]]}}}, "$.properties.a"),
        ({"entities": 1, "properties": {"a": {"count": 1, "dicts": None}}}, "$.properties.a"),
    ],
)
def test_what_is_no_schema_is_refused(document, path):
    with pytest.raises(InputError, match="this is no schema") as caught:
        Schema.from_json(document)
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == (path, "wrong-schema")


VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "~f1", "~t2024-01-01"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=10,
)
ENTITY = st.dictionaries(st.sampled_from("abc"), VALUE)


def paths(schema):
    waiting = [((), schema.root)]
    while waiting:
        names, shape = waiting.pop()
        for found in shape.properties:
            yield (*names, found.name)
            if found.shape:
                waiting.append(((*names, found.name), found.shape))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(ENTITY, min_size=1, max_size=5))
def test_a_path_that_is_warned_of_gives_nothing_for_any_entity_of_the_sample(sample):
    schema = schema_of(sample)
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema
    tried = {(a, *rest) for a in "abcd" for rest in [(), ("a",), ("b", "c"), ("d",)]}
    for names in tried | set(paths(schema)):
        path = "_S." + ".".join(names)
        rules = {"default": [["add", "_id", "x"], ["add", "r", path]]}
        found = problems_of(rules, RuleContext(schema=schema))
        values = [entity["r"] for entity in run_rules(rules, sample)]
        if found:
            assert [value for value in values if value not in (None, [])] == []
        elif len(names) == 1:
            assert any(names[0] in entity for entity in sample)
        for found_property in schema.properties:
            kinds = {kind(entity[found_property.name]) for entity in sample
                     if found_property.name in entity}  # fmt: skip
            assert kinds == dict(found_property.types).keys()
