"""Rules over samples of a pipe's source: bounds, versions, and traces that agree with runs."""

from __future__ import annotations

import pytest
from pipes_helpers import hop

from sesam_node.dtl.trace import validate
from sesam_node.errors import DtlError, InputError
from sesam_node.pipes import dtl as pipes_dtl
from sesam_node.pipes.batch import Context
from sesam_node.pipes.dtl import check_rules, complete_rules, preview_rules, trace_rules
from sesam_node.pipes.lookup import StoreLookup
from sesam_node.pipes.samples import Wanted

RULES = [
    ["copy", "*"],
    ["add", "orders", hop("order", ["eq", "_S._id", "h.by"], give="h.amount")],
    ["if", ["eq", "_S._id", "c"], ["filter"]],
    ["if", ["eq", "_S._id", "d"], ["add", "_id", None]],
]


@pytest.fixture
def people(node):
    """A node with a pipe over four people and their orders."""
    node.put("person", *({"_id": name, "n": number} for number, name in enumerate("abcd")))
    node.put("order", {"_id": "1", "by": "a", "amount": 7}, {"_id": "2", "by": "a", "amount": 8})
    node.pipe("shown", source="person", rules=RULES)
    return node


def trace(node, pipe_id="shown", strength="full", position=None, rules=None, **wanted):
    return trace_rules(
        node.pipes[pipe_id],
        node.store,
        rules=rules,
        wanted=Wanted(**wanted),
        strength=strength,
        position=position,
    )


def preview(node, pipe_id="shown", rules=None, **wanted):
    return preview_rules(node.pipes[pipe_id], node.store, rules=rules, wanted=Wanted(**wanted))


def results(answer):
    document = answer["trace"]
    values = document["values"]
    return [[values[number] for number in entity["results"]] for entity in document["entities"]]


def test_a_trace_tells_of_the_same_results_as_a_preview(people):
    shown = preview(people)["results"]
    traced = results(trace(people))
    assert [[e for e in out if "_filtered" not in e] for out in traced] == [
        result["emitted"] for result in shown
    ]
    assert [any("_filtered" in e for e in out) for out in traced] == [r["filtered"] for r in shown]
    errors = [entity["error"] for entity in trace(people)["trace"]["entities"]]
    assert [error is not None for error in errors] == [r["error"] is not None for r in shown]
    assert errors[3]["path"] == shown[3]["error"]["problems"][0]["path"]


def test_counters_agree(people):
    document = trace(people, strength="counters")["trace"]
    validate(document)
    counted = {name: document[name] for name in ("entities", "results", "filtered", "errors")}
    assert counted == {"entities": 4, "results": 2, "filtered": 1, "errors": 1}


def test_versions_are_those_of_the_log(people):
    people.put("person", {"_id": "a", "n": 100})
    people.put("order", {"_id": "1", "by": "a", "amount": 9})
    document = trace(people, ids=("a",))["trace"]
    (entity,) = document["entities"]
    assert entity["version"] == 4
    rows = [row["h"] for event in entity["events"] for row in event.get("rows", ())]
    assert sorted((row["id"], row["version"]) for row in rows) == [("1", 2), ("2", 1)]


def test_the_version_of_what_is_not_there_is_not_known(people):
    people.put("order", {"_id": "1", "_deleted": True})
    lookup = StoreLookup(Context(people.pipes["shown"], people.store))
    assert lookup.version("order", "2") == 1
    assert [lookup.version(*what) for what in (("order", "1"), ("order", "9"), ("x", "1"))] == [
        None,
        None,
        None,
    ]


def test_a_sample_ends_where_time_is_up(people):
    answer = preview(people, limit=4, seconds=0.0)
    assert (len(answer["results"]), answer["stopped"]) == (1, "time")
    answer = trace(people, limit=4, seconds=0.0)
    assert (len(answer["trace"]["entities"]), answer["stopped"]) == (1, "time")


def test_a_trace_ends_where_it_is_large(people, monkeypatch):
    monkeypatch.setattr(pipes_dtl, "EVENTS", 12)
    answer = trace(people)
    assert answer["stopped"] == "events"
    assert sum(len(entity["events"]) for entity in answer["trace"]["entities"]) == 12
    # There is nothing behind the one entity, so nothing is left out but its own events.
    assert "stopped" not in trace(people, limit=1)


def test_a_limit_of_none_is_no_entity(people):
    assert preview(people, limit=0) == {"results": []}
    assert trace(people, limit=0)["trace"]["entities"] == []


def test_entities_that_pass_a_trigger_are_not_recorded(people):
    transform = {
        "type": "dtl",
        "rules": {"default": [["copy", "*"]]},
        "trigger_on": {"key": "_id", "value": "b"},
    }
    people.pipe("some", source="person", transform=transform)
    document = trace(people, "some")["trace"]
    sources = [document["values"][entity["source"]]["_id"] for entity in document["entities"]]
    assert sources == ["b"]
    assert len(preview(people, "some")["results"]) == 4


def test_rules_that_name_the_header_see_it(people):
    rules = {"default": [["copy", "_id"], ["add", "at", "_S._updated"]]}
    emitted = [result["emitted"][0]["at"] for result in preview(people, rules=rules)["results"]]
    assert emitted == [0, 1, 2, 3]
    assert [out[0]["at"] for out in results(trace(people, rules=rules))] == emitted


def test_rules_see_the_version_before(people):
    people.put("person", {"_id": "a", "n": 5}, {"_id": "b", "n": 1, "m": 2})
    rules = {"default": [["copy", "_id"], ["add", "new", ["is-changed", "_.n"]]]}
    emitted = [out[0]["new"] for out in results(trace(people, rules=rules, ids=("a", "b")))]
    assert emitted == [True, False]


def test_namespaces_of_the_pipe_are_there_before_the_rules(people):
    people.pipe(
        "named",
        source={"type": "embedded", "entities": [{"_id": "1", "n": 1}]},
        namespaced_identifiers=True,
        rules=[["copy", "*"]],
    )
    document = trace(people, "named")["trace"]
    (entity,) = document["entities"]
    assert document["values"][entity["source"]] == {"_id": "named:1", "named:n": 1}
    text = '[["add", "x", "_S."]]'
    found = complete_rules(
        people.pipes["named"], people.store, text=text, offset=18, datasets=("order",)
    )
    assert "named:n" in [item["label"] for item in found["items"]]


def test_problems_have_the_paths_of_the_request(people):
    with pytest.raises(DtlError) as raised:
        preview(people, rules={"default": [["uper"]]})
    assert [problem.path for problem in raised.value.problems] == ["$.rules.default[0][0]"]
    found = check_rules(people.pipes["shown"], people.store, rules={"default": [["uper"]]})
    assert [problem.path for problem, _ in found["problems"]] == ["$.rules.default[0][0]"]


def test_a_pipe_without_rules_cannot_be_traced(people):
    people.pipe("plain", source="person")
    with pytest.raises(InputError, match='the pipe "plain" has no dtl transform'):
        trace(people, "plain")
    assert len(preview(people, "plain")["results"]) == 4


def test_a_preview_of_rules_that_decrypt_tells_the_same_but_for_secrets(people):
    rules = {
        "default": [*RULES, ["add", "x", ["decrypt", "word", "_S.x"]], ["add", "shown", "text"]]
    }
    plain = preview(
        people, rules={"default": [*RULES, ["add", "x", None], ["add", "shown", "text"]]}
    )
    assert preview(people, rules=rules) == plain
    wrong = {"default": [["add", "x", ["decrypt", "word", "~bAAEC"]]]}
    (result,) = preview(people, rules=wrong, limit=1)["results"]
    assert result["error"]["message"].startswith('the entity "a" failed at $.rules.default[0][2]: ')


def test_rules_that_decrypt_are_not_previewed_behind_others(people):
    rules = {"default": [["add", "x", ["decrypt", "word", "_S.x"]]]}
    transforms = [{"type": "dtl", "rules": {"default": [["copy", "*"]]}}] * 2
    people.pipe("open", source="person", transform=[*transforms, {"type": "dtl", "rules": rules}])
    with pytest.raises(InputError, match="only one transform can be previewed"):
        preview(people, "open")


def test_a_dataset_that_is_not_there_gives_nothing(people):
    people.pipe("early", source="later", rules=RULES)
    assert preview(people, "early", ids=("a",)) == {"results": [], "missing": ["a"]}
    assert preview(people, "early") == {"results": []}


def test_a_preview_ends_where_its_results_are_too_large(people, monkeypatch):
    monkeypatch.setattr("sesam_node.pipes.dtl.PREVIEW_BYTES", 2_000)
    large = preview(people, rules={"default": [["copy", "_id"], ["add", "x", ["range", 0, 1_000]]]})
    assert [result["source"]["_id"] for result in large["results"]] == ["a"]
    assert large["stopped"] == "size"
    assert len(large["results"][0]["emitted"][0]["x"]) == 1_000
    small = preview(people, rules={"default": [["copy", "_id"]]})
    assert len(small["results"]) == 4
    assert "stopped" not in small
