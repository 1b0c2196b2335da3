"""The json sink: JSON push as a client, against a server that a test decides and our receiver."""

from __future__ import annotations

import json

import pytest
from pipes_helpers import Node
from test_json_source import pulling
from web_server import Reply

from sesam_node.errors import ConflictError

SINK = {"type": "json", "system": "web", "url": "in", "batch_size": 2}


def pushing(node, server, source="a", *, sink=SINK, **more):
    """A pipe `b` that pushes to the server."""
    pulling(node, server)
    node.pipe("b", source=source, sink=sink, **more)
    return node


def receiver(other):
    """A server that is the receiver of the pipe `in` of another node."""

    def answer(asked):
        try:
            return Reply(other.receive("in", asked.body, **asked.query))
        except ConflictError as error:
            return Reply({"detail": str(error)}, 409, {"Content-Type": "application/json"})

    return answer


@pytest.fixture
def other():
    other = Node()
    other.pipe("in", source={"type": "http_endpoint"})
    yield other
    other.store.close()


def asked_for(server):
    """What each request said, and the ids that it brought."""
    told = []
    for asked in server.asked:
        query = dict(asked.query)
        query.pop("sequence_id")
        told.append((query, [entity["_id"] for entity in asked.json]))
    return told


def test_a_full_run_is_one_sequence_that_ends_with_an_empty_request(node, web):
    node.put("a", *({"_id": name, "x": 1} for name in "abc"))
    server = web(lambda _: Reply({}))
    pushing(node, server).run("b")
    full = {"is_full": "true"}
    assert asked_for(server) == [
        ({**full, "request_id": "1", "is_first": "true"}, ["a", "b"]),
        ({**full, "request_id": "2", "previous_request_id": "1"}, ["c"]),
        ({**full, "request_id": "3", "previous_request_id": "2", "is_last": "true"}, []),
    ]
    assert len({asked.query["sequence_id"] for asked in server.asked}) == 1
    assert {asked.headers["content-type"] for asked in server.asked} == {"application/json"}
    assert server.asked[0].json[0] == {"_id": "a", "x": 1}


def test_a_full_run_over_nothing_is_one_request(node, web):
    server = web(lambda _: Reply({}))
    pushing(node, server, {"type": "embedded", "entities": []}).run("b")
    assert asked_for(server) == [
        ({"is_full": "true", "request_id": "1", "is_first": "true", "is_last": "true"}, [])
    ]


def test_an_incremental_run_sends_what_has_changed_and_deletes_too(node, web):
    node.put("a", {"_id": "1"}, {"_id": "2"})
    server = web(lambda _: Reply({}))
    pushing(node, server).run("b")
    first = server.asked[0].query["sequence_id"]
    server.asked.clear()
    node.run("b")
    assert server.asked == []
    node.put("a", {"_id": "2", "_deleted": True})
    node.run("b")
    assert asked_for(server) == [({"is_full": "false", "request_id": "1"}, ["2"])]
    assert server.asked[0].json == [{"_id": "2", "_deleted": True}]
    assert server.asked[0].query["sequence_id"] != first


def test_headers_may_say_another_content_type(node, web):
    node.put("a", {"_id": "1"})
    server = web(lambda _: Reply({}))
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    pushing(node, server, sink={**SINK, "headers": headers}).run("b")
    assert server.asked[0].headers["content-type"] == "application/json; charset=UTF-8"


def test_namespaces_are_taken_off(node, web):
    node.put("a", {"_id": "ns:1", "ns:x": "~:other:y"})
    server = web(lambda _: Reply({}))
    pushing(node, server, namespaced_identifiers=True).run("b")
    assert server.asked[0].json == [{"_id": "1", "x": "y"}]


def test_full_and_incremental_runs_arrive_at_a_receiver_with_their_deletes(node, web, other):
    node.put("a", {"_id": "1", "n": "~f1.50"}, {"_id": "2"}, {"_id": "3"})
    other.receive("in", [{"_id": "old"}])
    pushing(node, web(receiver(other)))
    node.run("b")
    assert other.live("in") == {"1": {"n": "~f1.50"}, "2": {}, "3": {}}
    assert other.deleted("in") == ["old"]
    node.put("a", {"_id": "2", "_deleted": True}, {"_id": "3", "x": 1})
    node.run("b")
    assert (other.live("in")["3"], other.deleted("in")) == ({"x": 1}, ["2", "old"])
    node.run("b", kind="rescan")
    assert other.log("in") == ["old", "1", "2", "3", "-old", "-2", "3"]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_request_whose_answer_is_lost_is_sent_again_in_the_next_run(node, web, other, lost):
    """The receiver has taken the request; the run fails, the next one begins a new sequence."""
    node.put("a", {"_id": "1"}, {"_id": "2"}, {"_id": "3"})
    other.receive("in", [{"_id": "old"}])
    take = receiver(other)
    count = [0]

    def answer(asked):
        count[0] += 1
        reply = take(asked)
        return Reply(closes=True) if count[0] == lost else reply

    server = web(answer)
    pump = {"batch_retries": 0, "fallback_to_single_entities_on_batch_fail": False}
    pushing(node, server, pump=pump)
    assert not node.try_run("b").success
    assert node.run("b").sync_type == "full"
    assert sorted(other.log("in")) == ["-old", "1", "2", "3", "old"]
    assert len({asked.query["sequence_id"] for asked in server.asked}) == 2


def test_a_request_whose_answer_is_lost_is_sent_again_in_the_same_run(node, web, other):
    node.put("a", {"_id": "1"}, {"_id": "2"}, {"_id": "3"})
    other.receive("in", [{"_id": "old"}])
    take = receiver(other)
    count = [0]

    def answer(asked):
        count[0] += 1
        reply = take(asked)
        return Reply(closes=True) if count[0] == 1 else reply

    server = web(answer)
    pushing(node, server)
    assert node.run("b").changed == 3
    assert sorted(other.log("in")) == ["-old", "1", "2", "3", "old"]
    assert len({asked.query["sequence_id"] for asked in server.asked}) == 1


def test_a_request_that_is_repeated_keeps_its_id(node, web, other):
    take = receiver(other)
    fails = [True]

    def answer(asked):
        reply = take(asked)
        return Reply(closes=True) if fails[0] else reply

    pushing(node, web(answer), {"type": "embedded", "entities": []})
    from sesam_node.pipes.build import build_pipe

    pipe = build_pipe(node.pipes["b"], node.store)
    pipe.sink.begin(full=True)
    for entities in ([{"_id": "1"}], [{"_id": "2"}]):
        fails[0] = True
        with pytest.raises(Exception, match="failed"):
            pipe.sink.write(entities)
        fails[0] = False
        pipe.sink.write(entities)
    pipe.sink.end()
    pipe.close()
    assert other.log("in") == ["1", "2"]


def test_a_conflict_ends_the_run_and_the_next_one_begins_again(node, web, other):
    node.put("a", *({"_id": name} for name in "abc"))
    take = receiver(other)
    between = [True]

    def answer(asked):
        reply = take(asked)
        if between[0]:
            between[0] = False
            other.receive("in", [], sequence_id="x", is_full="true", request_id="1")
        return reply

    pushing(node, web(answer))
    result = node.try_run("b")
    assert "answered 409 Conflict" in result.error
    assert "the next run begins again with a new sequence" in result.error
    assert node.run("b").sync_type == "full"
    assert sorted(other.live("in")) == ["a", "b", "c"]


def test_an_offset_does_not_pass_what_was_not_taken(node, web, other):
    node.put("a", {"_id": "1"})
    take = receiver(other)
    is_up = [True]
    server = web(lambda asked: take(asked) if is_up[0] else Reply(b"", 503))
    pushing(node, server)
    node.run("b")
    node.put("a", {"_id": "2"})
    is_up[0] = False
    result = node.try_run("b")
    assert "POST " in result.error
    assert "answered 503 Service Unavailable" in result.error
    is_up[0] = True
    node.run("b")
    assert other.log("in") == ["1", "2"]


def test_a_source_that_fails_leaves_the_sequence_open_so_that_nothing_is_deleted(node, web, other):
    other.receive("in", [{"_id": "old"}])
    entities = [{"_id": "1"}, {"_id": "bad"}]
    rules = [["if", ["eq", "_S._id", "bad"], ["fail!", "bad"]], ["copy", "*"]]
    pushing(node, web(receiver(other)), {"type": "embedded", "entities": entities}, rules=rules)
    assert not node.try_run("b").success
    assert sorted(other.live("in")) == ["1", "old"]


def test_a_post_that_is_redirected_is_not_turned_into_a_get(node, web):
    node.put("a", {"_id": "1"})
    server = web(lambda _: Reply(b"", 302, {"Location": "/elsewhere"}))
    error = pushing(node, server).try_run("b").error
    assert f"answered 302: it is to be sent to {server.url}/elsewhere" in error
    assert len(server.asked) == 1


def test_a_kept_method_follows_the_redirect_with_its_body(node, web):
    node.put("a", {"_id": "1"})

    def answer(asked):
        return Reply(b"", 307, {"Location": "/there"}) if asked.path == "/in" else Reply({})

    server = web(answer)
    pushing(node, server).run("b")
    bodies = [json.loads(asked.body) for asked in server.asked if asked.path == "/there"]
    assert bodies == [[{"_id": "1"}], []]
