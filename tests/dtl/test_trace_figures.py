"""Figures of traces: how often, how often null, how long, and several counters as one."""

from __future__ import annotations

import pytest
from written_traces import counters, document, function, read, rule, transform

from sesam_node.dtl.counting import count_rules
from sesam_node.dtl.trace import coverage, fold, rates, samples, signatures, timings, validate
from sesam_node.dtl.walk import Recorder, walk_rules
from sesam_node.errors import DtlError, InputError

RULES = {
    "default": [
        ["copy", "_id"],
        ["if", ["gt", "_S.age", 18], ["add", "adult", True], ["add-if", "of", "_S.parent"]],
        ["filter", ["neq", "_S.name", "Bob"]],
        ["add", "n", ["upper", "_S.name"]],
    ]
}
PEOPLE = [
    {"_id": "1", "age": 36, "name": "Ada"},
    {"_id": "2", "age": 7, "name": "Eve", "parent": "1"},
    {"_id": "3", "age": 8, "name": "Tim"},
    {"_id": "4", "age": 50, "name": "Bob"},
    {"_id": "5", "age": 51, "name": None},
]


def recorded(rules=RULES, entities=PEOPLE, clock=None):
    recorder = Recorder(rules, clock=clock) if clock else Recorder(rules)
    run = walk_rules(rules).bind(recorder=recorder)
    for entity in entities:
        try:
            run(entity, [])
        except DtlError:
            continue  # it is in the document
    return recorder.document()


def test_coverage_counts_each_node_and_names_those_that_never_ran():
    found = coverage(recorded(entities=PEOPLE[:1]))
    assert found["$.rules.default"] == {
        "kind": "rule",
        "name": "default",
        "fired": 1,
        "null": 0,
        "error": 0,
    }
    assert {path: node["fired"] for path, node in found.items()} == {
        "$.rules.default": 1,
        "$.rules.default[0]": 1,
        "$.rules.default[1]": 1,
        "$.rules.default[1][1]": 1,
        "$.rules.default[1][1][1]": 1,
        "$.rules.default[1][2]": 1,
        "$.rules.default[1][3]": 0,
        "$.rules.default[1][3][2]": 0,
        "$.rules.default[2]": 1,
        "$.rules.default[2][1]": 1,
        "$.rules.default[2][1][1]": 1,
        "$.rules.default[3]": 1,
        "$.rules.default[3][2]": 1,
        "$.rules.default[3][2][1]": 1,
    }


def test_rates_are_shares_of_the_times_that_a_node_ran():
    found = rates(recorded())
    assert found["$.rules.default[3][2]"] == {"fired": 4, "null": 0.25, "error": 0.0, "distinct": 4}
    assert found["$.rules.default[1][3][2]"] == {
        "fired": 2,
        "null": 0.5,
        "error": 0.0,
        "distinct": 2,
    }
    never = rates(recorded(entities=PEOPLE[:1]))["$.rules.default[1][3]"]
    assert never == {"fired": 0, "null": None, "error": None}


def test_errors_are_counted_where_they_were_raised():
    rules = {"default": [["copy", "_id"], ["if", ["eq", "_S.a", 1], ["fail!", "no"]]]}
    found = coverage(recorded(rules, [{"_id": "1", "a": 1}, {"_id": "2", "a": 2}]))
    assert {path: node["error"] for path, node in found.items() if node["error"]} == {
        "$.rules.default[1][2]": 1
    }


def test_coverage_of_counters_is_what_they_counted():
    given = counters(RULES, {"default[3][2]": (8, 2, 1, 400, 1)}, entities=10)
    found = coverage(given)
    assert found["$.rules.default[3][2]"] == {
        "kind": "function",
        "name": "upper",
        "fired": 8,
        "null": 2,
        "error": 1,
    }
    assert rates(given)["$.rules.default[3][2]"] == {"fired": 8, "null": 0.25, "error": 0.125}
    assert found["$.rules.default[0]"]["fired"] == 0


# -- times -----------------------------------------------------------------------------------------


def test_timings_with_and_without_what_ran_within():
    tree = rule(
        "default",
        transform(
            "default[3]",
            "add",
            function("default[3][2]", "upper", "A", read("default[3][2][1]", "_S.name", "a")),
            sets={"n": "A"},
        ),
    )
    given = document(RULES, ({"_id": "1"}, [], tree), ({"_id": "2"}, [], tree))
    assert timings(given) == {
        "$.rules.default": {"ns": 80, "self_ns": 20, "count": 2},
        "$.rules.default[3]": {"ns": 60, "self_ns": 20, "count": 2},
        "$.rules.default[3][2]": {"ns": 40, "self_ns": 20, "count": 2},
        "$.rules.default[3][2][1]": {"ns": 20, "self_ns": 20, "count": 2},
    }


def test_a_rule_that_applies_itself_is_timed_once():
    rules = {
        "default": [["add", "tree", ["apply", "node", "_S.tree"]]],
        "node": [["add", "inner", ["apply", "node", "_S.inner"]]],
    }
    ticks = iter(range(0, 1_000_000, 10))
    source = {"_id": "1", "tree": {"inner": {"inner": {}}}}
    given = recorded(rules, [source], clock=lambda: next(ticks))
    found = timings(given)
    assert found["$.rules.node"]["count"] == 3
    outermost = max(
        event["ns"]
        for event in given["entities"][0]["events"]
        if given["paths"][event["path"]] == "$.rules.node"
    )
    assert found["$.rules.node"]["ns"] == outermost
    whole = given["entities"][0]["events"][0]["ns"]
    assert sum(node["self_ns"] for node in found.values()) == whole


def test_timings_of_counters_take_arguments_and_applied_rules_away():
    rules = {
        "default": [
            ["add", "a", ["apply", "r", "_S.x"]],
            ["add", "b", ["apply", "r", ["list", "_S.y"]]],
        ],
        "r": [["copy", "*"]],
    }
    given = counters(
        rules,
        {
            "default": (64, 0, 0, 1000, 1),
            "default[0]": (64, 0, 0, 320, 1),
            "default[0][2]": (64, 0, 0, 300, 1),
            "default[1]": (64, 0, 0, 640, 1),
            "default[1][2]": (64, 0, 0, 620, 1),
            "default[1][2][2]": (64, 0, 0, 20, 1),
            "r": (128, 0, 0, 600, 2),
            "r[0]": (128, 0, 0, 500, 2),
        },
        entities=64,
        timed=1,
    )
    found = timings(given)
    assert found["$.rules.default[0][2]"] == {"ns": 300, "self_ns": 100, "count": 1}
    assert found["$.rules.default[1][2]"] == {"ns": 620, "self_ns": 200, "count": 1}
    assert found["$.rules.r"] == {"ns": 600, "self_ns": 100, "count": 2}
    assert found["$.rules.default"]["self_ns"] == 40
    assert "$.rules.default[0][2][2]" not in found


def test_what_compiled_rules_count_can_be_read_and_folded():
    counted = count_rules(RULES)
    run = counted.bind()
    for n in range(200):
        run({"_id": str(n), "age": n, "name": "Bob" if n % 2 else "Ada"}, [])
    given = counted.document()
    validate(given)
    both = fold([given, given])
    validate(both)
    assert both["entities"] == 400
    once, twice = coverage(given), coverage(both)
    assert once["$.rules.default[1][3]"]["fired"] == 19
    assert {path: node["fired"] * 2 for path, node in once.items()} == {
        path: node["fired"] for path, node in twice.items()
    }
    found = timings(both)
    assert found["$.rules.default"]["count"] == 2 * given["timed"]
    assert all(0 <= node["self_ns"] <= node["ns"] for node in found.values())


# -- fold ------------------------------------------------------------------------------------------


def test_counters_of_workers_are_summed():
    one = counters(RULES, {"default[3][2]": (8, 2, 1, 400, 1)}, entities=10, timed=1, results=7)
    two = counters(RULES, {"default[3][2]": (5, 0, 0, 90, 1)}, entities=5, timed=1, filtered=2)
    both = fold([one, two])
    figures = next(c for c in both["counters"] if c["path"] == "$.rules.default[3][2]")
    assert figures == {
        "path": "$.rules.default[3][2]",
        "kind": "function",
        "name": "upper",
        "fired": 13,
        "null": 2,
        "error": 1,
        "ns": 490,
        "timed": 2,
    }
    totals = {n: both[n] for n in ("entities", "timed", "results", "filtered", "errors")}
    assert totals == {"entities": 15, "timed": 2, "results": 7, "filtered": 2, "errors": 0}
    assert fold([one]) == one
    assert one["entities"] == 10


def test_counters_of_other_rules_are_not_folded():
    one = counters(RULES, {})
    other = counters({"default": [["copy", "*"]]}, {})
    with pytest.raises(InputError, match=r"same rules"):
        fold([one, other])
    with pytest.raises(InputError, match="no documents"):
        fold([])


# -- signatures and samples ------------------------------------------------------------------------


def test_entities_of_one_signature_took_the_same_way():
    assert signatures(recorded()) == {
        "default[1] branch 0": [0, 4],
        "default[1] branch 1; default[1][3] wrote": [1],
        "default[1] branch 1; default[1][3] wrote nothing": [2],
        "default[1] branch 0; default[2] filtered": [3],
    }


def test_rules_without_decisions_are_straight():
    assert signatures(recorded({"default": [["copy", "*"]]})) == {"straight": [0, 1, 2, 3, 4]}


def test_the_number_of_applied_values_is_no_decision():
    apply = ["add", "o", ["apply", "r", "_S.o"]]
    rules = {"default": [["copy", "_id"], apply], "r": [["copy", "*"]]}
    people = [{"_id": str(n), "o": [{"a": i} for i in range(n)]} for n in range(4)]
    assert signatures(recorded(rules, people)) == {"r ran": [1, 2, 3], "straight": [0]}


def test_samples_first_take_every_way_that_there_is():
    given = recorded()
    chosen = samples(given)
    assert sorted(sample["entity"] for sample in chosen) == [0, 1, 2, 3]
    needed = [sample for sample in chosen if sample["new"]]
    covered = {text for sample in needed for text in sample["new"]}
    ways = {text for signature in signatures(given) for text in signature.split("; ")}
    assert covered == ways
    assert chosen[0]["new"]
    assert [sample["entity"] for sample in chosen if not sample["new"]] == [0]


def test_a_failed_entity_has_a_way_of_its_own():
    rules = {"default": [["copy", "_id"], ["if", ["eq", "_S.a", 1], ["fail!", "no"]]]}
    found = signatures(recorded(rules, [{"_id": "1", "a": 1}, {"_id": "2", "a": 2}]))
    assert found == {
        "default[1] branch 0; default[1][2] raised; failed failed": [0],
        "default[1] no branch": [1],
    }
