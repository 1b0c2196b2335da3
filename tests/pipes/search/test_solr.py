"""The solr sink, against an engine of the tests' own."""

from __future__ import annotations

import pytest
from page_examples import page_components

from sesam_node.pipes.introspection import offer, offers, prototypes, system_status

KEEPS = {"max_write_errors_in_retry_dataset": 100, "max_consecutive_write_errors": 100}


def test_entities_are_flat_documents(search):
    node = search("solr")
    node.put(
        "data",
        {"_id": "1", "id": "own", "tags": ["a", "b"], "$x": 1, "at": "~t2024-01-31T12:00:00Z"},
        {"_id": "2", "nothing": None, "f": [1, 2.5]},
    )
    node.share()
    node.run("out")
    assert node.engine.seen == {
        "1": {"id": "1", "tags": ["a", "b"], "at": "2024-01-31T12:00:00Z"},
        "2": {"id": "2", "f": [1, 2.5]},
    }


def test_the_last_of_several_counts_and_deletes_delete(search):
    node = search("solr")
    node.put("data", {"_id": "1", "n": 1}, {"_id": "2", "n": 2})
    node.share()
    node.run("out")
    node.put("data", {"_id": "1", "_deleted": True, "n": 1}, {"_id": "2", "n": 3})
    node.run("out")
    assert node.engine.seen == {"2": {"id": "2", "n": 3}}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (
            {"a": 1},
            '$.x: expected a single value or a list of them, got {"a":1}; flatten it in DTL',
        ),
        ([["a"]], '$.x: expected a list of single values, got [["a"]]'),
        (["a", 1], '$.x: expected values of one type, got ["a",1]'),
    ],
)
def test_what_is_not_flat_is_refused_before_anything_is_sent(search, value, told):
    node = search("solr")
    node.put("data", {"_id": "0"}, {"_id": "1", "x": value})
    node.share({"fallback_to_single_entities_on_batch_fail": False, "batch_retries": 0})
    assert told in node.try_run("out").error.replace('": ', '":').replace('", ', '",')
    assert node.engine.documents == {}


def test_a_document_that_is_refused_fails_alone(search):
    node = search("solr")
    node.put("data", *({"_id": f"{i}", "n": "x" if i == 3 else i} for i in range(6)))
    node.share(KEEPS)
    result = node.run("out")
    assert (result.failed, result.retries_waiting) == (1, 1)
    assert sorted(node.engine.seen) == ["0", "1", "2", "4", "5"]
    (event,) = [one for one in node.events("out") if one["event_type"] == "write-error"]
    assert 'entity "3": system "search": POST update answered 400: ERROR: [doc=3]' in str(
        event["original_error_message"]
    )


def test_commits(search):
    node = search("solr")
    node.put("data", {"_id": "1", "n": 1})
    node.share(commit_at_end=False, commit_within=5)
    node.run("out")
    assert (node.engine.commits, list(node.engine.documents)) == (0, ["1"])
    assert node.web.asked[-1].query["commitWithin"] == "5000"
    node.share()
    node.run("out")
    # What an earlier run left is shown, too.
    assert (node.engine.commits, list(node.engine.seen)) == (1, ["1"])


def test_a_busy_server_and_a_cut_connection(search, pauses):
    node = search("solr")
    node.put("data", {"_id": "1", "n": 1}, {"_id": "2", "n": 2})
    node.share()
    node.engine.faults = [503, "close"]
    node.run("out")
    assert sorted(node.engine.seen) == ["1", "2"]
    assert pauses == [1.0]


def test_a_url_that_is_no_core(search):
    node = search("solr")
    node.more["systems"]["search"]["url"] = f"{node.web.url}/solr/"
    node.put("data", {"_id": "1"})
    node.share(collection="no such")
    assert "POST no%20such/update answered 404" in node.try_run("out").error
    node.share(collection="notes")
    node.run("out", "rescan")
    assert list(node.engine.seen) == ["1"]


def test_a_system_tells_its_cores(search):
    node = search("solr")
    node.share()
    definition = node.pipes["out"]
    assert system_status(definition, "search")["message"] == "Solr 9.4.0"
    (own,) = offers(definition, "search", sinks=True)["offers"]
    assert (own["id"], own["columns"]) == ("notes", [{"name": "n", "type": "pint"}])
    node.more["systems"]["search"]["url"] = f"{node.web.url}/solr"
    names = [one["id"] for one in offers(definition, "search", sinks=True)["offers"]]
    assert names == ["notes", "users"]
    assert offer(definition, "search", "notes")["columns"] == [{"name": "n", "type": "pint"}]
    (pipe,) = prototypes(definition, "search", "users", sinks=True)
    assert pipe["sink"] == {"type": "solr", "system": "search", "collection": "users"}
    node.more["systems"]["search"]["url"] = f"{node.web.url}/nothing"
    status = system_status(definition, "search")
    assert status["status"] == "failed"
    assert f"there is no Solr at {node.web.url}/nothing/" in status["message"]


def test_the_examples_of_the_page(search):
    found = page_components("search-engines")
    node = search("solr")
    node.more["systems"]["notes"] = found["notes"] | {"url": f"{node.web.url}/solr/notes"}
    pipe = found["note-solr"]
    node.put("note", {"_id": "1", "text": "hello", "by": {"name": "Ada"}})
    node.pipe("note-solr", **{key: pipe[key] for key in pipe if key not in ("_id", "type")})
    node.run("note-solr")
    assert node.engine.seen == {"1": {"id": "1", "text": "hello", "by": "Ada"}}
