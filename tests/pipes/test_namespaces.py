"""Namespaces on the way in and out: the cases of the manual's page on namespaces."""

from __future__ import annotations

import pytest
from test_json_source import pulling
from web_server import Reply

from sesam_node.model.namespaces import remove_namespaces
from sesam_node.pipes.component import specs

NAMESPACED = {"metadata": {"_id": "node", "type": "metadata", "namespaced_identifiers": True}}
PERSON = {"type": "embedded", "entities": [{"_id": "1", "name": "Ada"}]}


def test_the_sources_that_add_and_the_sinks_that_remove_are_those_of_the_manual():
    found = {"source": set(), "sink": set()}
    for (kind, name), spec in specs().items():
        if spec.namespaces:
            found[kind].add(name)
    # Beyond the manual, as csv.
    found["source"] -= {"excel", "parquet"}
    found["sink"] -= {"excel_endpoint", "parquet"}
    assert found == {
        "source": {"csv", "kafka", "ldap", "sql", "embedded", "http_endpoint", "json"},
        "sink": {
            "csv_endpoint",
            "elasticsearch",
            "http_endpoint",
            "json",
            "kafka",
            "mail",
            "rest",
            "sms",
            "solr",
            "sql",
        },
    }


@pytest.mark.parametrize(
    ("pipe_id", "name", "stored"),
    [
        ("hubspot-person", "name", "hubspot-person:name"),
        ("visma-company", "company_name", "visma-company:company_name"),
    ],
)
def test_what_comes_in_gets_the_name_of_the_pipe(memory_node, pipe_id, name, stored):
    memory_node.more = NAMESPACED
    memory_node.pipe(pipe_id, source={"type": "embedded", "entities": [{"_id": "1", name: "x"}]})
    memory_node.run(pipe_id)
    assert memory_node.live(pipe_id) == {f"{pipe_id}:1": {stored: "x"}}


@pytest.mark.parametrize(
    ("node_flag", "pipe", "expected"),
    [
        (False, {}, {"1": {"name": "Ada"}}),
        (True, {}, {"p:1": {"p:name": "Ada"}}),
        (True, {"namespaced_identifiers": False}, {"1": {"name": "Ada"}}),
        (False, {"namespaced_identifiers": True}, {"p:1": {"p:name": "Ada"}}),
        (True, {"add_namespaces": False}, {"1": {"name": "Ada"}}),
        (False, {"add_namespaces": True}, {"p:1": {"p:name": "Ada"}}),
        (True, {"namespaces": {"identity": "i"}}, {"i:1": {"p:name": "Ada"}}),
        (True, {"namespaces": {"property": "q"}}, {"p:1": {"q:name": "Ada"}}),
    ],
)
def test_the_flags_decide_whether_and_which(memory_node, node_flag, pipe, expected):
    memory_node.more = {"metadata": {"namespaced_identifiers": node_flag}}
    memory_node.pipe("p", source=PERSON, **pipe)
    memory_node.run("p")
    assert memory_node.live("p") == expected


def test_only_names_at_the_root_that_have_none_get_one(memory_node):
    entity = {"_id": "x:1", "a": {"b": 1}, "y:c": 2, "$ids": ["~:x:1"], "_d": 3}
    memory_node.more = NAMESPACED
    memory_node.pipe("p", source={"type": "embedded", "entities": [entity]})
    memory_node.run("p")
    assert memory_node.live("p") == {"x:1": {"p:a": {"b": 1}, "y:c": 2, "$ids": ["~:x:1"]}}


def test_receivers_and_json_sources_add_them_too(memory_node, web):
    pulling(memory_node, web(lambda _: Reply([{"_id": "1", "a": 1}])))
    memory_node.more |= NAMESPACED
    memory_node.pipe("b", source={"type": "json", "system": "web", "url": "x"})
    memory_node.pipe("in", source={"type": "http_endpoint"})
    memory_node.run("b")
    memory_node.receive("in", [{"_id": "1", "a": 1}, {"_id": "2"}, {"_id": "2", "_deleted": True}])
    assert memory_node.live("b") == {"b:1": {"b:a": 1}}
    assert (memory_node.live("in"), memory_node.deleted("in")) == ({"in:1": {"in:a": 1}}, ["in:2"])


def test_pipes_between_datasets_leave_names_as_they_are(memory_node):
    memory_node.put("a", {"_id": "1", "x:b": 1, "c": 2})
    memory_node.more = NAMESPACED
    memory_node.pipe("p", source="a")
    memory_node.run("p")
    assert memory_node.live("p") == {"1": {"x:b": 1, "c": 2}}


def test_they_are_added_before_the_first_transform_and_removed_after_the_last(memory_node):
    memory_node.more = NAMESPACED
    rules = [["copy", "*"], ["add", "seen", ["keys", "_S."]], ["add", "id", "_S._id"]]
    memory_node.pipe("p", source=PERSON, rules=rules, sink={"type": "http_endpoint"})
    (entity,) = memory_node.entities("p")
    assert (entity["_id"], entity["name"], entity["id"]) == ("1", "Ada", "p:1")
    assert sorted(entity["seen"]) == ["_id", "p:name"]


@pytest.mark.parametrize(
    ("sink", "removed"),
    [
        ({"type": "http_endpoint"}, True),
        ({"type": "csv_endpoint", "columns": ["x"]}, True),
        ({"type": "xml_endpoint"}, False),
        ({"type": "null"}, False),
    ],
)
def test_sinks_that_leave_the_hub_remove_them(memory_node, sink, removed):
    memory_node.put("a", {"_id": "n:1", "n:x": "~:m:y"})
    memory_node.more = NAMESPACED
    memory_node.pipe("p", source="a", sink=sink)
    (entity,) = memory_node.entities("p")
    expected = {"_id": "1", "x": "y"} if removed else {"_id": "n:1", "n:x": "~:m:y"}
    assert expected.items() <= entity.items()


def test_removing_reaches_everywhere(memory_node):
    entity = {
        "_id": "n:1",
        "_deleted": True,
        "n:a": [{"m:b": "~:x:y:z"}, "~rhttp://example.org/a", "p:q"],
        "$ids": ["~:n:1", "~:m:2"],
        "n:<t:tag>": 1,
        "~x": "~~:a:b",
    }
    assert remove_namespaces(entity) == {
        "_id": "1",
        "_deleted": True,
        "a": [{"b": "z"}, "~rhttp://example.org/a", "p:q"],
        "$ids": ["1", "2"],
        "<t:tag>": 1,
        "~x": "~~:a:b",
    }


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("bar", "foo:bar"),
        (":bar", "foo:bar"),
        ("::bar", "bar"),
        ("x:bar", "x:bar"),
        ("::x:bar", "x:bar"),
    ],
)
def test_escapes_say_which_namespace_a_new_property_gets(memory_node, name, stored):
    memory_node.put("a", {"_id": "1"})
    memory_node.more = NAMESPACED
    rules = [["copy", "_id"], ["add", name, 1]]
    memory_node.pipe("p", source="a", rules=rules, namespaces={"property": "foo"})
    memory_node.run("p")
    assert memory_node.live("p") == {"1": {stored: 1}}


def test_a_name_without_namespace_means_all_of_them(memory_node):
    memory_node.put("a", {"_id": "1", "x:a": 1, "y:a": 2, "b": 3})
    memory_node.more = NAMESPACED
    rules = [["copy", ["list", "_id", "a"]], ["add", "::all", ["sorted", "_S.a"]]]
    memory_node.pipe("p", source="a", rules=rules)
    memory_node.run("p")
    assert memory_node.live("p") == {"1": {"x:a": 1, "y:a": 2, "all": [1, 2]}}
