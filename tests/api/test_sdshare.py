"""SDShare between two real nodes: feeds that are read, fragments that are pushed, deletes."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import httpx
import pytest
from two_nodes import pipe, post, receiver, run

NAMES = {"a": "http://www.w3.org/2005/Atom", "s": "http://www.sdshare.org/2012/core/"}
PEOPLE = {"x": "http://x.org/", "people": "http://people.org/"}


@pytest.fixture
def named(node):
    """The first node knows the namespaces of the people."""
    metadata = {"_id": "node", "type": "metadata", "namespaces": {"default": PEOPLE}}
    assert node.put("/metadata", json=metadata).status_code == 200
    receiver(node, "people")
    return node


def state(client, dataset):
    entities = client.get(f"/datasets/{dataset}/entities", params={"history": "false"}).json()
    return {
        item["_id"]: None
        if item["_deleted"]
        else {name: value for name, value in item.items() if name[:1] != "_"}
        for item in entities
    }


def feed(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/atom+xml"
    return ET.fromstring(answer.content)


def entries(answer):
    """Resource and updated of each entry."""
    return [
        (entry.find("s:resource", NAMES).text, entry.find("a:updated", NAMES).text)
        for entry in feed(answer).findall("a:entry", NAMES)
    ]


# -- the feeds -------------------------------------------------------------------------------------


def test_a_collection_leads_to_fragments_and_these_to_statements(named):
    post(
        named, "people", {"_id": "x:1", "x:name": "Ada <&>", "x:kid": {"x:n": 1}}, {"_id": "x:å/b"}
    )
    place = f"{named.base_url}datasets/people/sdshare-collection"
    for rel in ("fragmentsfeed", "fragment"):
        answer = named.get(place)
        link = feed(answer).find(f".//a:link[@rel='{NAMES['s']}{rel}']", NAMES)
        place = str(httpx.URL(place).join(link.attrib["href"]))
    answer = named.get(place)
    assert answer.headers["Content-Type"] == "application/n-triples"
    assert sorted(answer.text.splitlines()) == [
        "<http://x.org/1> <http://x.org/kid> _:x1 .",
        '<http://x.org/1> <http://x.org/name> "Ada <&>" .',
        '_:x1 <http://x.org/n> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .',
    ]
    assert named.get("/datasets/people/sdshare-fragments/x:å%2Fb").text == ""
    assert named.get("/datasets/people/sdshare-fragments/none").status_code == 404


def test_a_feed_begins_at_an_offset_or_a_time_and_goes_on_page_by_page(named):
    for number in range(5):
        post(named, "people", {"_id": f"x:{number}"})
    path = "/datasets/people/sdshare-fragments"
    everything = entries(named.get(path))
    assert [uri[-1] for uri, _ in everything] == list("01234")
    assert entries(named.get(path, params={"since": 2})) == everything[3:]
    # A time is inclusive: others may have been written at the same.
    assert entries(named.get(path, params={"since": everything[3][1]})) == everything[3:]
    assert entries(named.get(path, params={"since": "2100-01-01T00:00:00Z"})) == []
    page = feed(named.get(path, params={"limit": 2}))
    (link,) = [item for item in page.findall("a:link", NAMES) if item.attrib["rel"] == "next"]
    assert link.attrib["href"] == "sdshare-fragments?since=1&limit=2"
    assert entries(named.get(path, params={"since": 3, "limit": 2})) == everything[4:]
    for wrong in ("yesterday", "-1"):
        assert named.get(path, params={"since": wrong}).status_code == 400
    assert named.get("/datasets/none/sdshare-fragments").status_code == 404
    assert named.get("/datasets/none/sdshare-collection").status_code == 404


def test_a_publisher_has_feeds_of_what_its_rules_make(named):
    post(named, "people", {"_id": "x:1", "x:n": 1}, {"_id": "x:2", "x:n": 2})
    rules = [
        ["copy", "*"],
        ["add", "x:more", ["plus", 1, "_S.x:n"]],
        ["filter", ["neq", "_S.x:n", ["integer", "_B.not"]]],
    ]
    pipe(
        named,
        "share",
        source={"type": "dataset", "dataset": "people"},
        transform={"type": "dtl", "rules": {"default": rules}},
        sink={"type": "http_endpoint"},
        pump={},
    )
    answer = named.get("/publishers/share/sdshare-fragments", params={"not": "1"})
    assert [uri for uri, _ in entries(answer)] == ["http://x.org/2"]
    assert named.get("/publishers/share/sdshare-collection").status_code == 200
    ((_, updated),) = entries(answer)
    assert entries(
        named.get("/publishers/share/sdshare-fragments", params={"not": "1", "since": updated})
    )
    page = feed(named.get("/publishers/share/sdshare-fragments", params={"not": "3", "limit": 1}))
    (link,) = [item for item in page.findall("a:link", NAMES) if item.attrib["rel"] == "next"]
    assert link.attrib["href"] == "sdshare-fragments?not=3&since=0&limit=1"
    assert named.get("/publishers/people/sdshare-fragments").status_code == 404


def test_an_entity_that_is_no_rdf_is_named_in_the_error(named):
    post(named, "people", {"_id": "x:1", "x:bad": "~rno uri"})
    answer = named.get(
        "/datasets/people/sdshare-fragments", headers={"Prefer": "return=representation"}
    )
    assert answer.status_code == 400
    assert '"no uri" is no absolute URI' in answer.json()["problems"][0]["message"]


# -- node to node ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "datasets/people/sdshare-fragments",
        "datasets/people/sdshare-collection",
        "publishers/share/sdshare-fragments",
    ],
)
def test_one_node_reads_the_feed_of_another_as_it_changes(named, other, url):
    if url.startswith("publishers"):
        pipe(
            named,
            "share",
            source={"type": "dataset", "dataset": "people"},
            sink={"type": "http_endpoint"},
            pump={},
        )
    metadata = {"_id": "node", "type": "metadata", "namespaces": {"default": PEOPLE}}
    assert other.put("/metadata", json=metadata).status_code == 200
    entities = [
        {"_id": f"x:{number}", "x:n": number, "x:kid": {"x:tags": ["a", "b"]}}
        for number in range(2_500)
    ]
    post(named, "people", *entities)
    pipe(
        other,
        "copy",
        namespaced_identifiers=True,
        source={"type": "sdshare", "system": "a", "url": url},
    )
    run(other, "copy")
    assert state(other, "copy") == state(named, "people")
    post(named, "people", {"_id": "x:3", "x:n": "~f1.50"}, {"_id": "x:4", "_deleted": True})
    post(named, "people", {"_id": "x:new", "x:at": "~t2024-01-31T12:00:00Z"})
    assert run(other, "copy")["progress"]["processed"] == 4
    found = state(other, "copy")
    assert found == state(named, "people")
    assert found["x:4"] is None
    run(other, "copy")
    assert state(other, "copy") == found


def test_one_node_pushes_to_another_as_it_changes(named, other):
    metadata = {"_id": "node", "type": "metadata", "namespaces": {"default": PEOPLE}}
    assert other.put("/metadata", json=metadata).status_code == 200
    pipe(other, "inbox", namespaced_identifiers=True, source={"type": "http_endpoint"}, pump={})
    token = other.headers["Authorization"].removeprefix("Bearer ")
    system = {
        "_id": "b",
        "type": "system:url",
        "url_pattern": f"{str(other.base_url).rstrip('/')}/%s",
        "authentication": "jwt",
        "jwt_token": "$SECRET(b-token)",
    }
    assert named.post("/secrets", json={"b-token": token}).status_code == 200
    assert named.post("/systems", json=[system]).status_code == 201
    pipe(
        named,
        "push",
        source={"type": "dataset", "dataset": "people"},
        sink={
            "type": "sdshare",
            "system": "b",
            "url": "receivers/inbox/sdshare-push-receiver",
            "graph": "http://x.org/people",
        },
    )
    post(named, "people", *({"_id": f"x:{n}", "x:kid": {"x:n": n}} for n in range(250)))
    run(named, "push")
    assert state(other, "inbox") == state(named, "people")
    post(named, "people", {"_id": "x:1", "x:n": 1}, {"_id": "x:2", "_deleted": True})
    run(named, "push")
    assert state(other, "inbox") == state(named, "people")


# -- the receiver ----------------------------------------------------------------------------------


def push(client, text, *resources, kind="application/n-triples", pipe_id="people"):
    return client.post(
        f"/receivers/{pipe_id}/sdshare-push-receiver",
        params=[("resource", uri) for uri in resources],
        content=text,
        headers={"Content-Type": kind},
    )


def test_fragments_are_all_there_is_to_say_of_their_resources(named):
    text = '<x:1> <x:p> "a" .\n<x:2> <x:p> _:b .\n_:b <x:q> "c" .\n<x:other> <x:p> "left out" .\n'
    assert push(named, text, "x:1", "x:2", "x:3").json() == {}
    assert state(named, "people") == {
        "<x:1>": {"<x:p>": "a"},
        "<x:2>": {"<x:p>": {"<x:q>": "c"}},
    }
    assert push(named, '<x:1> <x:q> "b" .', "x:1", "x:2", kind="text/plain").status_code == 200
    assert state(named, "people") == {"<x:1>": {"<x:q>": "b"}, "<x:2>": None}


@pytest.mark.parametrize(
    ("text", "resources", "kind", "message"),
    [
        ("", [], "text/plain", 'at least one "resource" is needed'),
        ("", ["no uri"], "text/plain", '"no uri" is no absolute URI'),
        ("<x:1> <x:p> .", ["x:1"], "text/plain", "line 1"),
        ("<x/>", ["x:1"], "application/rdf+xml", "expected application/n-triples"),
        ("_:a <x:p> _:a .\n<x:1> <x:p> _:a .", ["x:1"], "text/plain", "leads back to itself"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(named, text, resources, kind, message):
    answer = push(named, text, *resources, kind=kind)
    assert answer.status_code == 400
    assert message in json.dumps(answer.json(), ensure_ascii=False).replace('\\"', '"')
    assert state(named, "people") == {}


def test_only_receivers_take_fragments(named):
    pipe(named, "no-receiver", source={"type": "empty"})
    assert push(named, "", "x:1", pipe_id="no-receiver").status_code == 404
