"""The sparql sink against a triple store over HTTP."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipes_helpers import Node
from sparql_server import GRAPH, triple_store
from web_server import Reply

from sesam_node.errors import PipeError
from sesam_node.pipes.batch import Context
from sesam_node.pipes.component import build, spec
from sesam_node.pipes.rdf.sparql import DEEPEST

RETRIES = {"max_write_errors_in_retry_dataset": 10, "max_consecutive_write_errors": 10}


def sink(**options):
    return {
        "type": "sparql",
        "system": "store",
        "url": "query",
        "update_url": "update",
        "graph": GRAPH,
        **options,
    }


@pytest.fixture(params=[False, True], ids=["whole", "diff"])
def share(request, memory_node, store):
    """`share(*entities)` brings entities to the store."""
    memory_node.pipe("out", source="in", sink=sink(do_diff=request.param))

    def put(*entities):
        memory_node.put("in", *entities)
        memory_node.run("out")

    return put


def test_entities_are_written_changed_and_deleted(share, store):
    store.put('x:other x:name "kept" ; x:kid [ x:name "kept" ] .')
    kept = store.lines()
    share({"_id": "x:1", "x:name": "Ada", "x:n": [1, 2]}, {"_id": "x:2", "x:name": "Bo"})
    assert store.lines() == sorted(
        [
            *kept,
            '<http://x.org/1> <http://x.org/n> "1"^^<http://www.w3.org/2001/XMLSchema#integer>',
            '<http://x.org/1> <http://x.org/n> "2"^^<http://www.w3.org/2001/XMLSchema#integer>',
            '<http://x.org/1> <http://x.org/name> "Ada"',
            '<http://x.org/2> <http://x.org/name> "Bo"',
        ]
    )
    share({"_id": "x:1", "x:name": "Ada L"}, {"_id": "x:2", "_deleted": True})
    assert store.lines() == sorted([*kept, '<http://x.org/1> <http://x.org/name> "Ada L"'])
    share({"_id": "x:1", "_deleted": True})
    assert store.lines(but="nothing") == kept


def nested(depth):
    return {"x:in": nested(depth - 1), "x:n": depth} if depth else {"x:n": 0}


def test_blank_nodes_go_with_their_subject_and_those_of_others_stay(share, store):
    store.put('x:other x:kid [ x:name "kept" ; x:list (1 2) ] .')
    kept = store.lines()
    deepest = nested(DEEPEST - 1)
    items = list(range(300))
    share(
        {"_id": "x:1", "x:kids": [{"x:name": "a"}, {"x:name": "b"}], "x:knows": "~:x:other"},
        {"_id": "x:2", "x:list": {"@list": [*items, {"x:name": "c"}]}},
        {"_id": "x:3", "x:deep": deepest},
    )
    assert len(store.lines()) > 600
    share(
        {"_id": "x:1", "_deleted": True},
        {"_id": "x:2", "x:list": {"@list": [1]}},
        {"_id": "x:3", "_deleted": True},
    )
    share({"_id": "x:2", "_deleted": True})
    assert store.lines(but="nothing") == kept


def test_what_is_nested_too_deeply_is_refused(memory_node, store):
    memory_node.pipe("out", source="in", sink=sink())
    memory_node.put("in", {"_id": "x:1", "x:deep": nested(DEEPEST)})
    assert "nested more than 8 levels deep" in memory_node.try_run("out").error
    assert len(store) == 0


def test_the_time_of_the_update_is_one_and_only_where_it_is_wanted(memory_node, store):
    memory_node.put("in", {"_id": "x:1", "x:n": 1})
    memory_node.pipe("out", source="in", sink=sink())
    memory_node.run("out")
    memory_node.run("out", "full")
    assert len(store.lines(but="nothing")) == 2
    memory_node.pipe("out", source="in", sink=sink(write_sdshare_updated=False))
    memory_node.run("out", "full")
    assert len(store.lines(but="nothing")) == 1


def test_a_difference_sends_no_more_than_it_must(memory_node, store):
    memory_node.put("in", {"_id": "x:1", "x:n": [1, 2], "x:kid": {"x:n": [{}, {}]}}, {"_id": "x:2"})
    memory_node.pipe("out", source="in", sink=sink(do_diff=True))
    memory_node.run("out")
    assert len(store.log) == 1
    memory_node.run("out", "full")
    assert len(store.log) == 1
    memory_node.put("in", {"_id": "x:3", "x:a": "old", "x:b": "same"})
    memory_node.run("out")
    memory_node.put("in", {"_id": "x:3", "x:a": "new", "x:b": "same"})
    memory_node.run("out")
    assert "same" not in store.log[-1]
    assert '"old"' in store.log[-1]
    assert len([line for line in store.lines(but="nothing") if "org/3>" in line]) == 3


def test_one_entity_that_is_refused_does_not_hold_up_the_others(memory_node, store):
    memory_node.put(
        "in", {"_id": "x:1", "x:n": 1}, {"_id": "x:2", "x:n": "~rbad"}, {"_id": "x:3", "x:n": 3}
    )
    memory_node.pipe("out", source="in", sink=sink(), pump=RETRIES)
    memory_node.run("out")
    assert len(store.lines()) == 2
    assert [e["_id"] for e in memory_node.events("out") if e["event_type"] == "write-error"]


def test_a_store_that_fails_is_told_and_asked_again(memory_node, store):
    memory_node.put("in", {"_id": "x:1", "x:n": 1})
    memory_node.pipe("out", source="in", sink=sink())
    store.fails = Reply(b"out of memory", 503, {"Content-Type": "text/plain"})
    result = memory_node.try_run("out")
    assert "POST" in result.error
    assert "/update answered 503 Service Unavailable: out of memory" in result.error
    store.fails = None
    memory_node.run("out")
    assert len(store.lines()) == 1


def test_a_graph_that_is_no_uri_is_a_problem_of_the_configuration():
    problems = spec("sink", "sparql").check(sink(graph="x> } ; DROP ALL"), ("sink",))
    assert [(problem.path, problem.code) for problem in problems] == [("$.sink.graph", "wrong-uri")]


# -- nothing breaks out ----------------------------------------------------------------------------

EVIL = st.lists(
    st.sampled_from([*"\"'\\<>{}#;. \n\r\tuU022a^@_:|`$", "\\u0022", '"""', "} } ; DROP ALL ; #"]),
    max_size=10,
).map("".join)


@pytest.fixture(scope="module")
def evil():
    """A store, and a sink that writes to it."""
    with triple_store() as store:
        node = Node()
        system = {"_id": "store", "type": "system:url", "url_pattern": f"{store.url}/%s"}
        node.more = {"systems": {"store": system}}
        context = Context(node.pipe("out", source={"type": "empty"}))
        yield store, build("sink", sink(write_sdshare_updated=False), context)
        context.close()
        node.store.close()


@settings(max_examples=60, deadline=None)
@given(name=EVIL, value=EVIL, uri=EVIL)
def test_no_name_or_value_is_taken_for_a_part_of_the_update(evil, name, value, uri):
    store, written = evil
    store.store.clear()
    store.put('x:other x:name "kept" .', "http://x.org/other")
    entity = {
        "_id": f"http://x.org/{uri}",
        f"p{name}": value.lstrip("~"),
        "uri": f"~rhttp://x.org/{uri}",
        "kid": {"typed": {"@value": "v", "@type": f"http://x.org/{uri}"}},
    }
    written.write([entity])
    assert value.lstrip("~") in {
        quad.object.value for quad in store.store if "kid" not in str(quad)
    }
    assert len(store.store) == 5
    assert {str(quad.graph_name) for quad in store.store} == {f"<{GRAPH}>", "<http://x.org/other>"}
    # And it is found again to be deleted.
    written.write([{"_id": entity["_id"], "_deleted": True}])
    assert len(store.store) == 1


@settings(max_examples=60, deadline=None)
@given(language=EVIL.filter(bool))
def test_a_language_that_is_none_is_refused(evil, language):
    _, written = evil
    try:
        written.write([{"_id": "x", "p": {"@value": "a", "@language": language}}])
    except PipeError as error:
        assert "expected a language" in str(error)  # noqa: PT017 - some are languages
