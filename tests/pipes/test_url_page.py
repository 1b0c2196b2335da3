"""The examples of docs/systems/url.md that talk to a server run as they stand."""

from __future__ import annotations

import json

import pytest
from page_examples import page_components
from web_server import Reply

from sesam_node.pipes.proxy import proxy

SCHEMA = {"type": "object", "required": ["name"]}


class North:
    """The other node of the page: publishes people, takes them, cleans them."""

    def __init__(self):
        self.people = [{"_id": "1", "name": "Ada", "_updated": 0}, {"_id": "2", "_updated": 1}]
        self.taken = []

    def __call__(self, asked):
        assert asked.headers["authorization"] == "Bearer n0rth"
        match asked.path:
            case "/publishers/person-share/entities":
                since, limit = int(asked.query.get("since", -1)), int(asked.query["limit"])
                return Reply([p for p in self.people if p["_updated"] > since][:limit])
            case "/receivers/person/entities":
                self.taken.append(asked.json)
                return Reply({})
            case "/clean":
                return Reply([{**entity, "clean": True} for entity in asked.json])
            case "/person.schema.json":
                return Reply(SCHEMA)
        return Reply(b"", 404)


@pytest.fixture
def north():
    return North()


@pytest.fixture
def page(memory_node, web, north):
    """A node with the components of the page; only the address of the server is another."""
    found = page_components("url")
    system = {**found["north"], "url_pattern": f"{web(north).url}/%s"}
    memory_node.more = {"systems": {"north": system}, "secrets": {"north-token": "n0rth"}}
    for name in ("person", "person-push", "person-checked"):
        parts = {k: v for k, v in found[name].items() if k not in ("_id", "type")}
        memory_node.pipe(name, **parts)
    return memory_node


def test_people_are_pulled_checked_and_pushed(page, north):
    page.run("person")
    page.run("person-checked")
    checked = page.live("person-checked")
    assert checked["1"] == {"name": "Ada", "clean": True, "valid": True}
    assert (checked["2"]["clean"], checked["2"]["valid"]) == (True, False)
    page.run("person-push")
    assert north.taken == [[{"_id": "1", "name": "Ada"}, {"_id": "2"}], []]
    north.people.append({"_id": "3", "name": "Bo", "_updated": 2})
    page.run("person")
    page.run("person-push")
    assert north.taken[2:] == [[{"_id": "3", "name": "Bo"}]]


def test_requests_are_passed_on(page):
    head, body = proxy(page.pipes["person"], "north", "GET", "person.schema.json")
    assert (json.loads(head)["status"], json.loads(body)) == (200, SCHEMA)
