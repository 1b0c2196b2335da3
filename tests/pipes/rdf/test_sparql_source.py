"""The sparql source against a triple store over HTTP."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from page_examples import page_components
from sparql_server import GRAPH
from web_server import Reply, serving

from sesam_node.pipes.component import spec

FRAGMENTS = [
    "PREFIX x: <http://x.org/>",
    "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>",
    f"SELECT ?id ?updated WHERE {{ GRAPH <{GRAPH}> {{ ?id x:changed ?updated }}",
    '  FILTER (?updated >= "${since}"^^xsd:dateTime) } ORDER BY ?updated',
]
FRAGMENT = [
    "CONSTRUCT { ?s ?p ?o . ?o ?q ?r } WHERE {",
    f"  GRAPH <{GRAPH}> {{ ?s ?p ?o FILTER (?s = <${{uri}}>) OPTIONAL {{ ?o ?q ?r }} }} }}",
]


def source(**options):
    return {
        "type": "sparql",
        "system": "store",
        "url": "query",
        "fragments_query": FRAGMENTS,
        "fragment_query": FRAGMENT,
        **options,
    }


def collect(node, **options):
    node.pipe("got", source=source(**options), namespaced_identifiers=True)
    return node.run("got")


PEOPLE = """
x:1 x:changed "2024-01-01T00:00:00Z"^^xsd:dateTime ; x:name "Ada"@en ; x:kid [ x:name "B" ] .
x:2 x:changed "2024-01-02T00:00:00Z"^^xsd:dateTime ; x:name "Bo" ; x:knows x:1 .
"""


@pytest.mark.parametrize("kind", ["application/n-triples", "text/turtle", "application/rdf+xml"])
def test_subjects_come_in_whatever_format_the_store_has(memory_node, store, kind):
    store.put(PEOPLE)
    store.speaks = (kind,)
    collect(memory_node)
    assert memory_node.live("got") == {
        "x:1": {
            "x:changed": "~t2024-01-01T00:00:00Z",
            "x:name": {"@value": "Ada", "@language": "en"},
            "x:kid": {"x:name": "B"},
        },
        "x:2": {"x:changed": "~t2024-01-02T00:00:00Z", "x:name": "Bo", "x:knows": "~:x:1"},
    }


def test_a_run_reads_what_was_updated_since_and_what_is_gone(memory_node, store):
    store.put(PEOPLE)
    assert collect(memory_node).processed == 2
    # The one at the offset is read again: another may have the same time.
    assert memory_node.run("got").processed == 1
    store.put('x:3 x:changed "2024-01-03T00:00:00Z"^^xsd:dateTime .')
    assert memory_node.run("got").processed == 2
    store.store.clear()
    store.put('x:1 x:changed "2024-01-04T00:00:00Z"^^xsd:dateTime .')
    collect(memory_node, fragment_query="CONSTRUCT { <${uri}> ?p ?o } WHERE { <${uri}> ?p ?o }")
    assert memory_node.deleted("got") == ["x:1"]
    memory_node.run("got", "full")
    assert memory_node.live("got") == {}


def test_without_since_every_run_is_full_and_what_is_gone_is_deleted(memory_node, store):
    store.put(PEOPLE)
    query = (
        f"SELECT ?id WHERE {{ GRAPH <{GRAPH}> {{ ?id <http://x.org/name> ?n FILTER isIRI(?id) }} }}"
    )
    collect(memory_node, fragments_query=query)
    assert set(memory_node.live("got")) == {"x:1", "x:2"}
    store.store.update("DELETE WHERE { GRAPH ?g { <http://x.org/1> ?p ?o } }")
    memory_node.run("got")
    assert memory_node.deleted("got") == ["x:1"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(b"down", 503, {"Content-Type": "text/plain"}), "answered 503"),
        (
            Reply(b"<html>", headers={"Content-Type": "text/html"}),
            '"text/html", which is no result',
        ),
        (Reply({"boolean": True}), "which is no result of a SELECT"),
        (Reply({"results": {"bindings": [{}]}}), 'row 1 of "fragments_query" has no id'),
        (
            Reply({"results": {"bindings": [{"id": {"type": "bnode", "value": "b"}}]}}),
            "a blank node as its id",
        ),
        (
            Reply({"results": {"bindings": [{"id": {"type": "uri", "value": "http://a"}}]}}),
            'has no "updated"',
        ),
    ],
)
def test_answers_that_are_none_fail_the_run(memory_node, store, reply, message):
    store.fails = reply
    memory_node.pipe("got", source=source())
    assert message in memory_node.try_run("got").error


def test_a_query_that_the_store_refuses_is_told_in_its_words(memory_node, store):
    memory_node.pipe("got", source=source(fragments_query="SELECT nothing"))
    error = memory_node.try_run("got").error
    assert "/query answered 400 Bad Request: error at 1:" in error


def test_a_query_for_no_subject_is_a_problem_of_the_configuration():
    (problem,) = spec("source", "sparql").check(source(fragment_query="CONSTRUCT {} WHERE {}"))
    assert (problem.path, problem.code) == ("$.fragment_query", "no-variable")


@pytest.mark.parametrize("evil", ['" } ; DROP ALL #', "\\u0022", "a\nb", "<x>"])
def test_a_time_that_is_more_than_one_is_not_put_into_a_query(memory_node, store, evil):
    memory_node.pipe("got", source=source(initial_since_value=evil))
    assert "cannot be put into a query" in memory_node.try_run("got").error
    assert store.asked == []


def test_a_uri_cannot_end_where_it_is_put(memory_node, store):
    uri = "http://x.org/1> ) } } ; #"
    row = {"id": {"type": "uri", "value": uri}, "updated": {"type": "literal", "value": "1"}}
    seen = []

    def answer(asked):
        seen.append(asked.body.decode())
        if len(seen) == 1:
            return Reply({"results": {"bindings": [row]}})
        return Reply(b"", headers={"Content-Type": "application/n-triples"})

    with serving(answer) as server:
        memory_node.more["systems"]["store"]["url_pattern"] = f"{server.url}/%s"
        memory_node.pipe("got", source=source())
        memory_node.run("got")
    asked = parse_qs(seen[1])["query"][0]
    assert "FILTER (?s = <http://x.org/1%3E%20)%20%7D%20%7D%20;%20#>)" in asked


def test_the_examples_of_the_page_run(memory_node, store):
    components = page_components("rdf")
    url = f"{store.url}/%s"
    memory_node.more["systems"] = {"products": {**components["products"], "url_pattern": url}}
    memory_node.put(
        "customer", {"_id": "customer:1", "customer:name": "Ada"}, {"_id": "customer:2"}
    )
    for name in ("customer-share", "product"):
        pipe = components[name]
        memory_node.pipe(name, **{key: pipe[key] for key in pipe if key not in ("_id", "type")})
    memory_node.run("customer-share")
    graph = components["customer-share"]["sink"]["graph"]
    assert len(store.lines(graph)) == 1
    memory_node.run("product")
    assert memory_node.live("product")
