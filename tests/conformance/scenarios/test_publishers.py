"""What comes out of a node: publishers in three forms, namespaces, node to node."""

from __future__ import annotations

import csv
import io
from xml.etree import ElementTree as ET

import pytest

from sesam_node.cli.child import ChildNode

from .conftest import Steps

FLAGS = {"supports_since": True, "is_since_comparable": True, "is_chronological": True}


def people(node):
    node.receiver(
        "people",
        {"_id": "1", "name": "Ada", "age": 36},
        {"_id": "2", "name": 'Bob "B"', "note": "a,b"},
    )


def publish(node, sink, rules=None, **more):
    node.pipe(
        "share", {"type": "dataset", "dataset": "people"}, rules or [["copy", "*"]], sink, **more
    )


def get(node, path, expect=200, **params):
    answer = node.http.get(f"/publishers/share/{path}", params=params)
    assert answer.status_code == expect, answer.text
    return answer


def test_a_publisher_gives_entities_by_since_and_limit(node):
    people(node)
    publish(node, {"type": "http_endpoint"})
    answer = get(node, "entities")
    assert [(e["_id"], e["name"], e["_updated"]) for e in answer.json()] == [
        ("1", "Ada", 0),
        ("2", 'Bob "B"', 1),
    ]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Dataset-Populated"] == "true"
    assert answer.headers["X-Dataset-Max-Updated"] == "1"
    assert [e["_id"] for e in get(node, "entities", since=0).json()] == ["2"]
    assert [e["_id"] for e in get(node, "entities", limit=1).json()] == ["1"]
    node.post("people", {"_id": "1", "_deleted": True})
    assert [(e["_id"], e["_deleted"]) for e in get(node, "entities", since=1).json()] == [
        ("1", True)
    ]
    assert node.http.get("/publishers/nope/entities").status_code == 404
    assert node.http.get("/publishers/people/entities").status_code in (400, 404)


def test_request_parameters_are_bound_in_the_rules(node):
    people(node)
    publish(
        node,
        {"type": "http_endpoint"},
        [["filter", ["eq", "_S.name", "_B.who"]], ["copy", "*"], ["add", "by", "_B.me"]],
    )
    assert [(e["_id"], e["by"]) for e in get(node, "entities", who="Ada", me="x").json()] == [
        ("1", "x")
    ]
    assert get(node, "entities", who="Eve").json() == []


def test_a_publisher_with_a_file_name_is_an_attachment(node):
    people(node)
    publish(node, {"type": "http_endpoint", "filename": "people.json"})
    assert get(node, "entities").headers["Content-Disposition"].startswith("attachment")
    assert "people.json" in get(node, "entities").headers["Content-Disposition"]
    assert len(get(node, "entities/people.json").json()) == 2


def test_csv_has_the_columns_asked_for_and_leaves_deleted_ones_out(node):
    people(node)
    node.post("people", {"_id": "3", "name": "Cid"})
    node.post("people", {"_id": "3", "name": "Cid", "_deleted": True})
    publish(node, {"type": "csv_endpoint", "columns": ["_id", "name", "note"]})
    answer = get(node, "csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text == '_id,name,note\r\n1,Ada,\r\n2,"Bob ""B""","a,b"\r\n'
    assert list(csv.reader(io.StringIO(get(node, "csv", since=0).text)))[1:] == [
        ["2", 'Bob "B"', "a,b"]
    ]
    assert len(get(node, "csv", limit=1).text.splitlines()) == 2
    publish(
        node,
        {
            "type": "csv_endpoint",
            "columns": ["_id", "name"],
            "delimiter": ";",
            "quoting": "all",
            "lineterminator": "\n",
            "include_header": False,
            "skip-deleted-entities": False,
        },
    )
    assert get(node, "csv").text == '"1";"Ada"\n"2";"Bob ""B"""\n"3";"Cid"\n'


def test_xml_of_the_manual(node):
    child = {"id": "child", "name": "Child", "<section>": [{"<from>": "0"}, {"<to>": "a & b"}]}
    node.receiver("people", {"_id": "1", "name": "Entity 1", "id": "entity-1", "<tag>": [child]})
    publish(node, {"type": "xml_endpoint", "wrapper": "baz", "root-attributes": {"zoo": "bar"}})
    answer = get(node, "xml")
    assert "xml" in answer.headers["Content-Type"]
    root = ET.fromstring(answer.text)
    (tag,) = root
    (section,) = tag
    assert (root.tag, root.attrib) == ("baz", {"zoo": "bar"})
    assert (tag.tag, tag.attrib) == ("tag", {"name": "Entity 1", "id": "entity-1"})
    assert (section.tag, section.attrib) == ("section", {"id": "child", "name": "Child"})
    assert [(e.tag, e.text) for e in section] == [("from", "0"), ("to", "a & b")]
    assert get(node, "xml/any.xml").text == answer.text


def test_namespaces_are_put_on_coming_in_and_taken_off_going_out(node):
    namespaced = {"namespaced_identifiers": True}
    node.receiver("crm", {"_id": "1", "name": "Ada", "other:x": 1, "$s": 2}, **namespaced)
    assert node.live("crm") == {"crm:1": {"crm:name": "Ada", "other:x": 1, "$s": 2}}
    node.pipe(
        "person",
        {"type": "dataset", "dataset": "crm"},
        [
            ["copy", "_id"],
            ["add", "name", "_S.crm:name"],
            ["add", "ref", ["ni", "crm", "7"]],
            ["add", "::bare", 1],
        ],
        **namespaced,
    )
    node.run("person")
    assert node.live("person") == {
        "crm:1": {"person:name": "Ada", "person:ref": "~:crm:7", "bare": 1}
    }
    node.pipe("people", {"type": "dataset", "dataset": "person"}, [["copy", "*"]], **namespaced)
    node.run("people")
    publish(node, {"type": "http_endpoint"}, **namespaced)
    (entity,) = get(node, "entities").json()
    assert {k: v for k, v in entity.items() if k[0] != "_" or k == "_id"} == {
        "_id": "1",
        "name": "Ada",
        "ref": "7",
        "bare": 1,
    }
    publish(node, {"type": "http_endpoint"}, remove_namespaces=False, **namespaced)
    (entity,) = get(node, "entities").json()
    assert (entity["_id"], entity["person:name"]) == ("crm:1", "Ada")
    node.receiver("bare", {"_id": "1", "x": 1}, add_namespaces=False, **namespaced)
    assert node.live("bare") == {"1": {"x": 1}}
    node.receiver(
        "own", {"_id": "1", "x": 1}, namespaces={"identity": "i", "property": "p"}, **namespaced
    )
    assert node.live("own") == {"i:1": {"p:x": 1}}


# ---- node to node -------------------------------------------------------------------------------


@pytest.fixture
def other(node, tmp_path):
    """Another node, which knows the first one as the system `there`."""
    with ChildNode(tmp_path / "data", folder=tmp_path) as child:
        steps = Steps(child)
        with steps.http as http:
            system = {
                "_id": "there",
                "type": "system:url",
                "url_pattern": f"{node.child.url}/%s",
                "authentication": "jwt",
                "jwt_token": "$SECRET(token)",
            }
            http.put("/secrets", json={"token": node.child.token})
            assert http.post("/systems", json=[system]).status_code == 201
            yield steps


def test_one_node_pulls_what_changed_and_pushes_what_it_made_of_it(node, other):
    people(node)
    node.receiver("back")
    source = {
        "type": "json",
        "system": "there",
        "url": "datasets/people/entities",
        "page_size": 1,
        **FLAGS,
    }
    other.pipe("people", source)
    other.pipe(
        "push",
        {"type": "dataset", "dataset": "people"},
        [["copy", "*"], ["add", "seen", True]],
        {"type": "json", "system": "there", "url": "receivers/back/entities"},
    )
    other.run("people", "push")
    assert node.live("back") == {i: {**e, "seen": True} for i, e in node.live("people").items()}
    node.post("people", {"_id": "1", "_deleted": True}, {"_id": "3"})
    end = node.end("back")
    other.run("people", "push")
    assert other.runtime("people")["last-seen"] == "3"
    assert [(i, d) for i, d, _ in node.log("back", since=end)] == [("1", True), ("3", False)]
