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
    # The service makes other ids: the batch is asked for again, one by one.
    assert [asked.json for asked in server.asked] == [
        [{"_id": "1", "x": 1}, {"_id": "2", "x": 2}],
        [{"_id": "1", "x": 1}],
        [{"_id": "2", "x": 2}],
    ]
    asked = server.asked[0]
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


# ---- batches -------------------------------------------------------------------------------------


def ids(server):
    """What each request held."""
    return ["".join(entity["_id"] for entity in asked.json) for asked in server.asked]


def enriched(asked):
    """Those with an even `x`, backwards, with a `y`; `z` twice."""
    out = [{**entity, "y": entity["x"] + 1} for entity in asked.json if entity["x"] % 2 == 0]
    return Reply([*reversed(out), *({"_id": e["_id"], "z": 1} for e in out if e.get("twice"))])


def numbers(*names):
    return [{"_id": name, "x": number} for number, name in enumerate(names)]


def test_entities_go_in_batches_and_come_out_in_their_order(node, web):
    node.put("a", *numbers(*"abcdefg"))
    server = web(enriched)
    transformed(node, server, batch_size=3).run("b")
    assert ids(server) == ["abc", "def", "g"]
    assert node.log("b") == ["a", "c", "e", "g"]
    assert node.live("b")["c"] == {"x": 2, "y": 3}


def test_what_no_longer_comes_back_of_a_batch_is_deleted(node, web):
    node.put("a", *numbers(*"abcd"))
    transformed(node, web(enriched)).run("b")
    node.put("a", {"_id": "a", "x": 1}, {"_id": "b", "x": 4})
    node.run("b")
    assert (sorted(node.live("b")), node.deleted("b")) == (["b", "c"], ["a"])


def test_rules_before_and_behind_see_each_entity_alone(node, web):
    """Also where rules look up, make several of one, filter, and where only some are sent."""
    node.put("names", {"_id": "b", "name": "Bo"}, {"_id": "c", "name": "Ce"})
    node.put("a", *numbers(*"abcdef"))
    server = web(enriched)
    pulling(node, server)
    named = [
        "hops",
        {"datasets": ["names n"], "where": ["eq", "_S._id", "n._id"], "return": "n.name"},
    ]
    before = [
        ["copy", "*"],
        ["filter", ["neq", "_S._id", "f"]],
        ["add", "k", ["if", ["eq", "_S._id", "d"], "no", "yes"]],
        ["create", ["dict", "_id", ["concat", "_S._id", "2"], "x", 10, "k", "yes"]],
    ]
    after = [["copy", "*"], ["add", "name", ["first", named]]]
    config = {
        "source": "a",
        "transform": [
            {"type": "dtl", "rules": {"default": before}},
            {**HTTP, "batch_size": 4, "trigger_on": {"key": "k", "value": "yes"}},
            {"type": "dtl", "rules": {"default": after}},
        ],
    }
    node.pipe("b", **config)
    node.run("b")
    incremental = node.live("b")
    assert incremental["c"] == {"k": "yes", "name": "Ce", "x": 2, "y": 3}
    assert incremental["d"] == {"k": "no", "x": 3, "name": None}
    assert "a2" in incremental
    assert len(server.asked) < 6
    node.put("names", {"_id": "c", "name": "Cé"}, {"_id": "e", "name": "E"})
    node.put("a", {"_id": "a", "x": 3}, {"_id": "d", "_deleted": True})
    node.run("b")
    changed = node.live("b")
    assert (changed["c"]["name"], changed["e"]["name"]) == ("Cé", "E")
    node.pipe("whole", **{**config, "sink": {"type": "dataset", "dataset": "whole"}})
    node.run("whole")
    assert node.live("whole") == changed


def test_a_batch_that_fails_is_asked_for_one_by_one(node, web):
    def answer(asked):
        bad = any(entity["_id"] == "c" for entity in asked.json)
        return Reply({"error": "no c"}, 500) if bad else Reply(asked.json)

    node.put("a", *numbers(*"abcde"))
    server = web(answer)
    keep = {"max_write_errors_in_retry_dataset": 10, "max_consecutive_write_errors": 3}
    transformed(node, server, batch_size=10)
    node.pipe("b", source="a", transform={**HTTP, "batch_size": 10}, pump=keep)
    result = node.run("b")
    assert sorted(node.live("b")) == ["a", "b", "d", "e"]
    assert (result.processed, result.kept) == (5, 1)
    assert ids(server) == ["abcde", "a", "b", "c", "de"]


def test_an_entity_that_fails_ends_the_run_behind_those_before_it(node, web):
    server = web(lambda asked: Reply(b"", 500) if "c" in str(asked.json) else Reply(asked.json))
    node.put("a", *numbers(*"abcd"))
    result = transformed(node, server).try_run("b")
    assert 'the entity "c" failed' in result.error
    assert sorted(node.live("b")) == ["a", "b"]


def test_an_id_is_in_a_batch_once(memory_node, web):
    """Of a source that gives versions each is asked for, and the last one stands."""
    for x in (2, 4, 6):
        memory_node.put("a", {"_id": "a", "x": x}, {"_id": f"b{x}", "x": x})
    server = web(enriched)
    source = {"type": "dataset", "dataset": "a", "include_previous_versions": True}
    transformed(memory_node, server, source=source).run("b")
    assert ids(server) == ["ab2", "ab4", "ab6"]
    assert memory_node.live("b")["a"] == {"x": 6, "y": 7}


def test_a_service_that_makes_other_ids_is_asked_one_by_one_from_then_on(memory_node, web):
    memory_node.put("a", *numbers(*"abcdef"))
    server = web(lambda asked: Reply([{"_id": "n" + entity["_id"]} for entity in asked.json]))
    transformed(memory_node, server, batch_size=3).run("b")
    assert ids(server) == ["abc", *"abcdef"]
    assert sorted(memory_node.live("b")) == ["na", "nb", "nc", "nd", "ne", "nf"]
