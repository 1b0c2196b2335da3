"""The elasticsearch sink, against an engine of the tests' own."""

from __future__ import annotations

import json

import pytest
from page_examples import page_components
from web_server import Reply

from sesam_node.pipes.introspection import offer, offers, prototypes, system_status
from sesam_node.pipes.sinks import elasticsearch

KEEPS = {"max_write_errors_in_retry_dataset": 100, "max_consecutive_write_errors": 100}


def test_entities_are_documents_without_what_is_the_nodes_own(search):
    node = search("elasticsearch")
    node.put(
        "data",
        {
            "_id": "a/b",
            "name": "Ada",
            "$index": "people",
            "$other": 1,
            "at": "~t2024-01-31T12:00:00Z",
        },
        {"_id": "2", "price": "~f1.5", "tags": ["~:ns:x"], "in": {"_x": None}},
    )
    node.share(default_index="rest")
    node.run("out")
    assert node.engine.indexes == {
        "people": {"a/b": {"name": "Ada", "at": "2024-01-31T12:00:00Z"}},
        "rest": {"2": {"price": 1.5, "tags": ["ns:x"], "in": {"_x": None}}},
    }


def test_deletes_and_what_is_gone_already(search):
    node = search("elasticsearch")
    node.put("data", {"_id": "1", "n": 1}, {"_id": "2", "n": 2})
    node.share(default_index="i")
    node.run("out")
    del node.engine.indexes["i"]["2"]
    node.put("data", {"_id": "1", "_deleted": True, "n": 1}, {"_id": "2", "_deleted": True, "n": 2})
    node.run("out")
    assert node.engine.indexes == {"i": {}}


@pytest.mark.parametrize(
    ("engine", "options", "kind"),
    [
        ({"version": "6.8.23"}, {}, "doc"),
        ({"version": "6.8.23"}, {"default_type": "note"}, "note"),
        ({"version": "7.17.0"}, {"default_type": "note"}, None),
        ({"version": "2.19.6", "distribution": "opensearch"}, {}, None),
    ],
)
def test_documents_have_types_where_the_cluster_has_them(search, engine, options, kind):
    node = search("elasticsearch", **engine)
    node.put("data", {"_id": "1", "n": 1})
    node.share(default_index="i", index_mapping_properties={"n": {"type": "integer"}}, **options)
    node.run("out")
    assert node.engine.indexes == {"i": {"1": {"n": 1}}}
    assert node.engine.types == {"i": kind}
    assert node.engine.mappings == {"i": {"n": {"type": "integer"}}}


def test_a_document_that_is_refused_fails_alone_and_the_others_are_sent_once(search):
    node = search("elasticsearch")
    node.put("data", *({"_id": f"{i}", "n": "x" if i == 3 else i} for i in range(6)))
    node.share(KEEPS, default_index="i", index_mapping_properties={"n": {"type": "integer"}})
    result = node.run("out")
    assert (result.failed, result.retries_waiting) == (1, 1)
    assert sorted(node.engine.indexes["i"]) == ["0", "1", "2", "4", "5"]
    sent = [body.count(b'"index"') for body in node.asked()]
    assert sent == [6, 1, 1, 1, 1]
    (event,) = [one for one in node.events("out") if one["event_type"] == "write-error"]
    assert event["entity"]["_id"] == "3"
    assert event["original_error_message"] == (
        'system "search": index "i", entity "3": failed to parse field [n] of type [integer]: '
        'For input string: "x"'
    )
    node.put("data", {"_id": "3", "n": 3})
    assert node.run("out").retries_waiting == 0
    assert node.engine.indexes["i"]["3"] == {"n": 3}


def test_a_busy_cluster_is_waited_for(search, pauses):
    node = search("elasticsearch")
    node.put("data", {"_id": "1", "n": 1})
    node.share(default_index="i")
    # The first request asks for the version.
    node.engine.faults = [None, 429, Reply({}, 503, {"Retry-After": "7"}), "close"]
    result = node.try_run("out")
    assert pauses == [1.0, 7.0]
    assert "POST" in result.error
    node.engine.faults = []
    node.run("out")
    assert node.engine.indexes == {"i": {"1": {"n": 1}}}


def test_a_cluster_that_stays_busy_fails_the_run(search, pauses):
    node = search("elasticsearch")
    node.put("data", {"_id": "1", "n": 1})
    node.share(default_index="i")
    node.engine.faults = [None, *[429] * 5]
    assert 'system "search": POST _bulk answered 429: too busy' in node.try_run("out").error
    assert pauses == [1.0, 2.0, 4.0, 8.0]


def test_single_documents_are_sent_again_while_the_cluster_is_too_busy_for_them(search, pauses):
    node = search("elasticsearch")
    node.put("data", *({"_id": f"{i}", "n": i} for i in range(4)))
    node.engine.busy = {"2": 2}
    node.share(default_index="i")
    node.run("out")
    assert sorted(node.engine.indexes["i"]) == ["0", "1", "2", "3"]
    assert [body.count(b'"index"') for body in node.asked()] == [4, 1, 1]
    assert pauses == [1.0, 2.0]


def test_a_connection_that_is_cut_writes_nothing_twice_and_loses_nothing(search):
    node = search("elasticsearch")
    node.put("data", *({"_id": f"{i}", "n": i} for i in range(5)))
    node.share(default_index="i", batch_size=2)
    node.engine.faults = [None, None, "close"]
    node.run("out")
    assert node.engine.indexes["i"] == {f"{i}": {"n": i} for i in range(5)}


def test_requests_are_no_larger_than_they_may_be(search, monkeypatch):
    monkeypatch.setattr(elasticsearch, "MOST_BYTES", 500)
    node = search("elasticsearch")
    node.put("data", *({"_id": f"{i}", "text": "x" * 100} for i in range(10)))
    node.share(default_index="i")
    node.run("out")
    assert len(node.engine.indexes["i"]) == 10
    assert max(map(len, node.asked())) <= 500


def test_the_next_host_is_asked_where_one_is_gone(search):
    node = search("elasticsearch")
    hosts = ["127.0.0.1:1", *node.more["systems"]["search"]["hosts"]]
    node.more["systems"]["search"]["hosts"] = hosts
    node.put("data", {"_id": "1", "n": 1})
    node.share(default_index="i")
    node.run("out")
    assert node.engine.indexes == {"i": {"1": {"n": 1}}}


def test_what_a_query_finds_is_deleted_before_a_full_run_alone(search):
    node = search("elasticsearch")
    node.engine.indexes = {"i": {"old": {"from": "us"}, "other": {"from": "them"}}}
    node.put("data", {"_id": "1", "from": "us"})
    node.share(default_index="i", first_run_delete_query={"from": "us"})
    node.run("out")
    assert sorted(node.engine.indexes["i"]) == ["1", "other"]
    node.put("data", {"_id": "2", "from": "us"})
    node.run("out")
    assert sorted(node.engine.indexes["i"]) == ["1", "2", "other"]


@pytest.mark.parametrize(
    ("check", "document"), [("v1", {"check": "v1"}), ('{"made": "by us"}', {"made": "by us"})]
)
def test_an_index_that_was_emptied_is_filled_anew(search, check, document):
    node = search("elasticsearch")
    node.put("data", {"_id": "1", "n": 1})
    node.share(default_index="i", index_check_document=check)
    node.run("out")
    assert node.engine.indexes["i"] == {"1": {"n": 1}, "sesam-check:out": document}
    assert node.run("out").sync_type == "incremental"
    node.engine.indexes.clear()
    result = node.run("out")
    assert (result.sync_type, result.processed) == ("full", 1)
    assert sorted(node.engine.indexes["i"]) == ["1", "sesam-check:out"]
    node.engine.indexes["i"]["sesam-check:out"] = {"by": "another"}
    assert node.run("out").sync_type == "full"


def test_an_entity_without_index(search):
    node = search("elasticsearch")
    node.put("data", {"_id": "1", "n": 1})
    node.share()
    error = node.try_run("out").error
    assert '$.$index: expected the name of an index, got null; add "$index" in DTL' in error
    node.share(index_check_document="x")
    assert '"index_check_document" needs "default_index"' in node.try_run("out").error


@pytest.mark.parametrize(
    ("login", "header"),
    [
        ({"authentication": "basic", "username": "u", "password": "pw"}, "Basic dTpwdw=="),
        ({"authentication": "api_key", "api_key": "a2V5"}, "ApiKey a2V5"),
    ],
)
def test_a_login(search, login, header):
    node = search("elasticsearch", login, login=header)
    node.put("data", {"_id": "1", "n": 1})
    node.share(default_index="i")
    node.run("out")
    node.engine.login = "another"
    node.put("data", {"_id": "2", "n": 1})
    result = node.try_run("out")
    assert "answered 401: missing authentication credentials" in result.error
    told = json.dumps(result.events) + str(result.traceback)
    assert "pw" not in told
    assert "a2V5" not in told


def test_a_server_that_is_no_search_engine(search):
    node = search("elasticsearch")
    node.put("data", {"_id": "1", "n": 1})
    node.share(default_index="i")
    node.engine.faults = [Reply(b"<html>")]
    assert "the answer is no JSON object" in node.try_run("out").error


def test_a_system_tells_its_indexes(search):
    node = search("elasticsearch", version="8.11.1")
    node.engine.indexes = {"people": {}, ".kibana": {}}
    node.engine.mappings = {"people": {"name": {"type": "text"}, "at": {"properties": {}}}}
    node.share(default_index="people")
    definition = node.pipes["out"]
    status = system_status(definition, "search")
    assert (status["status"], status["message"]) == ("ok", 'elasticsearch 8.11.1, cluster "tests"')
    assert offers(definition, "search")["offers"] == []
    targets = offers(definition, "search", sinks=True)["offers"]
    assert [(one["id"], one["kind"]) for one in targets] == [("people", "index")]
    columns = [{"name": "at", "type": "object"}, {"name": "name", "type": "text"}]
    assert offer(definition, "search", "people")["columns"] == columns
    (pipe,) = prototypes(definition, "search", "people", sinks=True)
    assert pipe["sink"] == {"type": "elasticsearch", "system": "search", "default_index": "people"}


def test_the_examples_of_the_page(search):
    found = page_components("search-engines")
    node = search("elasticsearch")
    node.more["systems"]["search"] = found["search"] | {
        "hosts": node.more["systems"]["search"]["hosts"]
    }
    pipe = found["person-search"]
    node.put("person", {"_id": "1", "name": "Ada", "born": "~t1815-12-10"}, {"_id": "2"})
    node.pipe("person-search", **{key: pipe[key] for key in pipe if key not in ("_id", "type")})
    node.run("person-search")
    assert node.engine.indexes["people"]["1"] == {"name": "Ada", "born": "1815-12-10"}
    assert node.engine.mappings["people"]["born"] == {"type": "date"}
