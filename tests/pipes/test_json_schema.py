"""The json_schema transform: verdicts, errors, typed values, drafts, and broken schemas."""

from __future__ import annotations

import pytest
from web_server import Reply

from sesam_node.errors import ConfigError
from sesam_node.pipes.build import build_pipe

MEN = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "string"}},
    "required": ["name", "born"],
}


def checked(node, *entities, **options):
    transform = {"type": "json_schema", **options}
    node.pipe("b", source={"type": "embedded", "entities": list(entities)}, transform=transform)
    node.run("b")
    return node.live("b")


def errors(node, value, schema):
    entity = checked(node, {"_id": "1", "v": value}, schema={"properties": {"v": schema}})["1"]
    return entity.get("errors", [])


def test_the_manuals_example(node):
    jim, bob = {"_id": "3", "name": "Jim"}, {"_id": "5", "name": "Bob", "born": "1972-03-12"}
    assert checked(node, jim, bob, schema=MEN) == {
        "3": {"name": "Jim", "valid": False, "errors": ["'born' is a required property"]},
        "5": {"name": "Bob", "born": "1972-03-12", "valid": True},
    }


def test_keys_can_be_named_and_old_errors_go(memory_node):
    entity = {"_id": "1", "e": ["old"], "name": "x", "born": "y"}
    found = checked(memory_node, entity, schema=MEN, key_valid="ok", key_errors="e")
    assert found == {"1": {"name": "x", "born": "y", "ok": True}}


def test_only_what_triggers_it_is_checked(memory_node):
    trigger = {"key": "kind", "value": "m*"}
    found = checked(
        memory_node, {"_id": "1", "kind": "man"}, {"_id": "2"}, schema=False, trigger_on=trigger
    )
    assert found == {
        "1": {
            "kind": "man",
            "valid": False,
            "errors": ["False schema does not allow {'_id': '1', 'kind': 'man'}"],
        },
        "2": {},
    }


def test_the_content_is_checked_without_what_belongs_to_the_node(memory_node):
    memory_node.put("a", {"_id": "1", "x": 1})
    schema = {"properties": {"_id": {}, "x": {}}, "additionalProperties": False}
    rules = {"type": "dtl", "rules": {"default": [["copy", "*"], ["add", "_tmp", "_S._updated"]]}}
    memory_node.pipe("b", source="a", transform=[rules, {"type": "json_schema", "schema": schema}])
    memory_node.run("b")
    assert memory_node.live("b") == {"1": {"x": 1, "valid": True}}


@pytest.mark.parametrize(
    ("value", "schema", "found"),
    [
        ("~f1.50", {"type": "number", "multipleOf": 0.5, "maximum": 1.5}, []),
        ("~f2.00", {"type": "integer"}, []),
        ("~f1.5", {"type": "integer"}, ["1.5 is not of type 'integer'"]),
        ("~f1e500", {"type": "number"}, []),
        ("~t2024-01-31T12:00:00Z", {"type": "string", "pattern": "^2024-01"}, []),
        (
            "~t2024-01-31T12:00:00Z",
            {"type": "number"},
            ["'2024-01-31T12:00:00Z' is not of type 'number'"],
        ),
        ("~:ns:x", {"const": "ns:x"}, []),
        ("~~:x", {"const": "~:x"}, []),
        (["~f1.0", {"d": "~f1.5"}], {"items": [{"type": "integer"}]}, None),
        (True, {"type": "integer"}, ["True is not of type 'integer'"]),
    ],
)
def test_typed_values_are_checked_as_people_write_them(memory_node, value, schema, found):
    if found is None:
        schema, found = {"prefixItems": [{"type": "integer"}], "minItems": 2}, []
    assert errors(memory_node, value, schema) == found


def test_the_draft_is_what_the_schema_says(memory_node):
    # A list of schemas in "items" is a tuple in draft 7, and broken in 2020-12.
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"v": {"items": [{"type": "integer"}]}},
    }
    assert checked(memory_node, {"_id": "1", "v": ["x"]}, schema=schema)["1"]["errors"] == [
        "'x' is not of type 'integer'"
    ]


def test_references_within_the_schema_are_followed(memory_node):
    schema = {
        "properties": {"v": {"$ref": "#/$defs/v"}, "w": {"$ref": "#w"}},
        "$defs": {"v": {"type": "integer"}, "w": {"$anchor": "w", "type": "string"}},
    }
    assert checked(memory_node, {"_id": "1", "v": "x", "w": 1}, schema=schema)["1"]["errors"] == [
        "'x' is not of type 'integer'",
        "1 is not of type 'string'",
    ]


@pytest.mark.parametrize(
    ("schema", "path", "message"),
    [
        ({"type": "objekt"}, "$.transform.schema.type", "is not valid under any of the given"),
        ({"properties": {"a": {"minimum": "x"}}}, "$.transform.schema.properties.a.minimum", "'x'"),
        ({"properties": {"a": {"$ref": "#/x"}}}, '$.transform.schema.properties.a["$ref"]', "#/x"),
        ({"$ref": "http://127.0.0.1:9/x.json"}, '$.transform.schema["$ref"]', "leads nowhere"),
    ],
)
def test_a_broken_schema_is_a_configuration_error_with_its_path(memory_node, schema, path, message):
    memory_node.pipe("b", source="a", transform={"type": "json_schema", "schema": schema})
    with pytest.raises(ConfigError) as caught:
        build_pipe(memory_node.pipes["b"], memory_node.store)
    (problem,) = caught.value.problems
    path = path.replace('["$ref"]', ".$ref")
    assert (problem.path, message in problem.message) == (path, True)


def test_a_reference_in_data_is_data(memory_node):
    assert errors(memory_node, {"$ref": "#/x"}, {"enum": [{"$ref": "#/x"}]}) == []


# ---- fetched schemas -----------------------------------------------------------------------------


def fetching(node, server):
    node.more = {
        "systems": {"web": {"_id": "web", "type": "system:url", "url_pattern": f"{server.url}/%s"}}
    }
    transform = {"type": "json_schema", "schema_url": "men.json", "system": "web"}
    entities = [{"_id": "1", "name": "x", "born": "y"}, {"_id": "2"}]
    node.pipe("b", source={"type": "embedded", "entities": entities}, transform=transform)
    return node


def test_a_schema_is_fetched_once_a_run(node, web):
    server = web(lambda _: Reply(MEN))
    fetching(node, server).run("b")
    assert {name: item["valid"] for name, item in node.live("b").items()} == {"1": True, "2": False}
    assert [asked.path for asked in server.asked] == ["/men.json"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b"", 404), "GET {url}/men.json answered 404"),
        (Reply(b"{"), "{url}/men.json: the schema is no JSON"),
        (Reply({"type": "objekt"}), "{url}/men.json: the JSON schema is broken\n  $.type: "),
    ],
)
def test_a_schema_that_cannot_be_fetched_is_told(memory_node, web, reply, message):
    server = web(lambda _: reply)
    error = fetching(memory_node, server).try_run("b").error
    assert message.format(url=server.url) in error
