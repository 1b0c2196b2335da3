"""The http transform: entities go to a service, and what it gives goes on."""

from __future__ import annotations

import pytest
from test_json_source import pulling
from web_server import Reply

from sesam_node.errors import InputError

HTTP = {"type": "http", "system": "web", "url": "transform"}


def transformed(node, server, *, source="a", **options):
    pulling(node, server)
    node.pipe("b", source=source, transform={**HTTP, **options})
    return node


def twice(asked):
    """Each entity comes back with `x` doubled, and another one beside it; odd ones do not."""
    out = []
    for entity in asked.json:
        if entity.get("x", 0) % 2 == 0:
            out += [{**entity, "x": entity.get("x", 0) * 2}, {"_id": f"{entity['_id']}-copy"}]
    return Reply(out)


def test_what_comes_back_goes_on(node, web):
    node.put("a", {"_id": "1", "x": 1}, {"_id": "2", "x": 2})
    server = web(twice)
    transformed(node, server, headers={"X-Key": "k"}).run("b")
    assert node.live("b") == {"2": {"x": 4}, "2-copy": {}}
    assert [asked.json for asked in server.asked] == [
        [{"_id": "1", "x": 1}],
        [{"_id": "2", "x": 2}],
    ]
    (asked, _) = server.asked
    assert (asked.method, asked.path, asked.headers["x-key"]) == ("POST", "/transform", "k")
    assert asked.headers["content-type"] == "application/json"


def test_an_entity_that_no_longer_comes_back_is_deleted(node, web):
    node.put("a", {"_id": "2", "x": 2})
    transformed(node, web(twice)).run("b")
    node.put("a", {"_id": "2", "x": 3})
    assert node.run("b").sync_type == "incremental"
    assert (node.live("b"), node.deleted("b")) == ({}, ["2", "2-copy"])


def test_only_what_triggers_it_is_sent(memory_node, web):
    memory_node.put("a", {"_id": "1", "x": 2, "k": "yes"}, {"_id": "2", "x": 2})
    server = web(twice)
    transformed(memory_node, server, trigger_on={"key": "k", "value": "y*"}).run("b")
    assert len(server.asked) == 1
    assert memory_node.live("b")["2"] == {"x": 2}


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b"", 500), "POST {url}/transform answered 500"),
        (Reply({"_id": "1"}), "{url}/transform: it is no JSON array of entities"),
        (Reply([{"x": 1}]), "{url}/transform: the body holds values that are no entities"),
    ],
)
def test_a_service_that_fails_fails_the_entity(memory_node, web, reply, message):
    memory_node.put("a", {"_id": "1"})
    server = web(lambda _: reply)
    error = transformed(memory_node, server).try_run("b").error
    assert 'the entity "1" failed: ' in error
    assert message.format(url=server.url) in error


def test_a_preview_asks_only_services_without_side_effects(memory_node, web):
    memory_node.put("a", {"_id": "2", "x": 2})
    server = web(twice)
    with pytest.raises(InputError, match="a transform with side effects cannot be previewed"):
        transformed(memory_node, server).preview("b")
    assert server.asked == []
    transformed(memory_node, server, side_effects=False)
    (result,) = memory_node.preview("b")
    assert [entity["_id"] for entity in result["emitted"]] == ["2", "2-copy"]


def test_a_preview_skips_what_has_side_effects_or_runs_it_where_that_is_wanted(memory_node, web):
    memory_node.put("a", {"_id": "2", "x": 2})
    server = web(twice)
    transformed(memory_node, server)
    (result,) = memory_node.preview("b", side_effects="skip")
    assert [entity["_id"] for entity in result["emitted"]] == ["2"]
    assert server.asked == []
    (result,) = memory_node.preview("b", side_effects="run")
    assert [entity["_id"] for entity in result["emitted"]] == ["2", "2-copy"]
