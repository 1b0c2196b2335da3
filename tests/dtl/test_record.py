"""Recording rules: both strengths, what is in the document, and what is kept out of it."""

from __future__ import annotations

import json

import pytest

from sesam_node.dtl import RuleContext, Runtime, compile_index, run_rules
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.dtl.masking import decrypts, masked, without_keys
from sesam_node.dtl.record import record, size_of
from sesam_node.dtl.trace import coverage, validate
from sesam_node.errors import DtlError, InputError

RULES = {
    "default": [
        ["copy", "_id"],
        ["add", "name", ["upper", "_S.name"]],
        ["if", ["eq", "_S._id", "2"], ["fail!", "not this one"]],
        ["add", "of", ["hops", {"datasets": ["orders o"], "where": ["eq", "_S._id", "o.by"]}]],
    ]
}
PEOPLE = [{"_id": "1", "name": "ada"}, {"_id": "2"}, {"_id": "3", "name": "cy"}]
ORDERS = [{"_id": "a", "by": "1", "_updated": 7}, {"_id": "b", "by": "3"}]


def results(document):
    values = document["values"]
    return [[values[number] for number in entity["results"]] for entity in document["entities"]]


@pytest.mark.parametrize("strength", ["full", "counters"])
def test_a_document_is_valid_and_json(strength):
    document = record(RULES, PEOPLE, strength=strength, datasets={"orders": ORDERS})
    validate(document)
    assert json.loads(json.dumps(document)) == document
    assert coverage(document)["$.rules.default[1][2]"]["fired"] == 3
    assert document["strength"] == strength


def test_full_holds_what_came_out_and_who_failed():
    document = record(RULES, PEOPLE, datasets={"orders": ORDERS})
    whole = [PEOPLE[0], PEOPLE[2]]
    expected = run_rules(RULES, whole, datasets={"orders": ORDERS})
    assert results(document) == [expected[:1], [], expected[1:]]
    assert [entity["error"] for entity in document["entities"]] == [
        None,
        {"path": "$.rules.default[2][2]", "code": "failed", "message": "not this one"},
        None,
    ]


def test_versions_of_hopped_and_of_source_entities():
    versions = iter([11, 12, 13])
    document = record(
        RULES, PEOPLE, datasets={"orders": ORDERS}, version_of=lambda entity: next(versions)
    )
    assert [entity["version"] for entity in document["entities"]] == [11, 12, 13]
    rows = [
        hop["version"]
        for entity in document["entities"]
        for event in entity["events"]
        for row in event.get("rows", ())
        for hop in row.values()
    ]
    assert rows == [7, None]


def test_counters_count_what_came_out():
    document = record(RULES, PEOPLE, strength="counters", datasets={"orders": ORDERS})
    counted = {name: document[name] for name in ("entities", "results", "filtered", "errors")}
    assert counted == {"entities": 3, "results": 2, "filtered": 0, "errors": 1}


def test_the_look_up_of_the_runtime_is_used_and_the_runtime_left_alone():
    lookup = MemoryLookup({"orders": ORDERS}, compile_index)
    runtime = Runtime(lookup=lookup)
    document = record(RULES, PEOPLE[:1], runtime=runtime)
    assert results(document)[0][0]["of"] == [{"_id": "a", "by": "1"}]
    document = record(RULES, PEOPLE[:1], runtime=runtime, datasets={"orders": []})
    assert results(document)[0][0]["of"] == []
    assert runtime.lookup is lookup


def test_paths_and_pipe_are_those_of_the_caller():
    path = ("transform", 1, "rules")
    document = record(RULES, [], context=RuleContext(pipe_id="p"), path=path)
    assert document["pipe"] == "p"
    assert document["nodes"][0]["path"] == "$.transform[1].rules.default"


def test_a_budget_of_events_ends_the_recording():
    read = []

    def entities():
        for entity in PEOPLE:
            read.append(entity["_id"])
            yield entity

    document = record(RULES, entities(), datasets={"orders": ORDERS}, budget=8)
    assert read == ["1", "2"]
    assert len(document["entities"]) == 1
    assert document["entities"][0]["truncated"] is True
    assert len(document["entities"][0]["events"]) == 8
    # What came out is there all the same.
    assert results(document)[0][0]["name"] == "ADA"


@pytest.mark.parametrize("strength", ["full", "counters"])
def test_rules_with_problems_are_refused_with_all_of_them(strength):
    rules = {"default": [["uper"], ["lower"]]}
    with pytest.raises(DtlError) as raised:
        record(rules, [], strength=strength)
    assert len(raised.value.problems) == 2


def test_an_unknown_strength():
    with pytest.raises(InputError, match='"full" or "counters", got "half"'):
        record(RULES, [], strength="half")


# -- secrets -----------------------------------------------------------------------------------

KEY = "open sesame"
SHUT = run_rules(
    {"default": [["copy", "_id"], ["add", "shut", ["encrypt", KEY, "_S.number"]]]},
    [{"_id": "1", "number": "4711-12"}],
)[0]
OPEN = ["decrypt", KEY, "_S.shut"]
MADE_OF_IT = {
    "the text itself": ["add", "x", OPEN],
    "a text of it": ["add", "x", ["concat", "no ", OPEN]],
    "a part of it": ["add", "x", ["substring", 0, 4, OPEN]],
    "a number of it": ["add", "x", ["integer", ["substring", 0, 4, OPEN]]],
    "in a list": ["add", "x", ["map", ["concat", "<", "_.", ">"], ["list", OPEN, "plain"]]],
    "in a dict": ["add", "x", ["dict", "inner", OPEN]],
    "as a property name": ["add", ["concat", "n-", OPEN], 1],
    "by way of the target": [["add", "x", OPEN], ["add", "y", ["upper", ["concat", "a", "_T.x"]]]],
    "by way of a rule": ["add", "x", ["apply", "inner", ["dict", "inner", OPEN]]],
    "in a message": [["add", "x", OPEN], ["create", ["dict", "nothing", "_T.x"]]],
}


@pytest.mark.parametrize("transforms", MADE_OF_IT.values(), ids=MADE_OF_IT)
def test_nothing_of_what_was_decrypted_is_in_a_trace(transforms):
    listed = transforms if type(transforms[0]) is list else [transforms]
    rules = {
        "default": [["copy", "_id"], *listed],
        "inner": [["add", "z", ["concat", "_S.inner", "!"]]],
    }
    document = record(rules, [{**SHUT, "plain": "to be seen"}])
    text = json.dumps(document)
    assert "4711" not in text
    assert KEY not in text
    assert "to be seen" in text
    validate(document)


def test_what_is_encrypted_again_can_be_seen():
    rules = {"default": [["copy", "_id"], ["add", "x", ["encrypt", KEY, OPEN]]]}
    shown = results(record(rules, [SHUT]))[0][0]["x"]
    assert shown.startswith("~b")


def test_values_of_secrets_are_hidden_where_they_turn_up():
    rules = {"default": [["copy", "*"], ["add", "x", ["encrypt", "$SECRET(key)", "_S.said"]]]}
    runtime = Runtime(secrets={"key": KEY, "none": ""})
    document = record(rules, [{"_id": "1", "said": f"it is {KEY}!"}], runtime=runtime)
    assert KEY not in json.dumps(document)
    assert "it is *****!" in document["values"]
    assert document["rules"] == rules


def test_keys_in_rules_are_hidden_and_the_rules_still_compile():
    rules = {
        "default": [
            ["add", "a", ["encrypt", "word", "_S.a"]],
            ["add", "b", ["decrypt-pgp", "-----BEGIN PGP PRIVATE KEY", "phrase", "_S.b"]],
            ["add", "c", ["decrypt", "$SECRET(name)", ["encrypt", "word", "_S.c"]]],
        ]
    }
    hidden = without_keys(rules)
    key = "$SECRET(*****)"
    assert hidden == {
        "default": [
            ["add", "a", ["encrypt", key, "_S.a"]],
            ["add", "b", ["decrypt-pgp", key, key, "_S.b"]],
            ["add", "c", ["decrypt", "$SECRET(name)", ["encrypt", key, "_S.c"]]],
        ]
    }
    counters = record(rules, [], strength="counters")
    assert counters["rules"] == hidden
    assert record(hidden, [])["rules"] == hidden


def test_documents_without_secrets_stay_as_they_are():
    document = record(RULES, PEOPLE, datasets={"orders": ORDERS})
    assert masked(document, [""]) == document


def test_decrypts():
    assert decrypts({"default": [["add", "x", ["list", ["decrypt-pki", "k", "_S.x"]]]]})
    assert not decrypts({"default": [["add", "decrypt", ["encrypt", "decrypt", "_S.x"]]]})
    assert not decrypts(None)


def test_large_values_end_a_recording_with_a_budget(monkeypatch):
    """A few events may hold very large values."""
    monkeypatch.setattr("sesam_node.dtl.record.MAX_SIZE", 2_000)
    rules = {"default": [["copy", "_id"], ["add", "x", ["range", 0, "_S.n"]]]}
    people = [{"_id": str(number), "n": 1_000} for number in range(10)]
    document = record(rules, people, budget=200_000)
    assert len(document["entities"]) == 1
    assert len(results(document)[0][0]["x"]) == 1_000
    # Small ones do not, nor is there a limit without a budget.
    small = [{**person, "n": 10} for person in people]
    assert len(record(rules, small, budget=200_000)["entities"]) == 10
    assert len(record(rules, people)["entities"]) == 10


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 1),
        (1.5, 1),
        ("short", 1),
        ("x" * 160, 11),
        ([1, [2, "a"]], 5),
        ({"a": {"b": 1}, "c": []}, 4),
    ],
)
def test_the_size_of_a_value(value, size):
    assert size_of(value, 100) == size


def test_the_size_of_a_large_value_is_not_counted_to_its_end():
    assert size_of([list(range(100)) for _ in range(100)], 10) < 500
