"""Counters count what a full trace of the same entities shows, at a fraction of its cost."""

from __future__ import annotations

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from sesam_node.dtl import RuleContext, Runtime, compile_index, compile_rules
from sesam_node.dtl.counting import TIMED_EVERY, count_rules
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.dtl.trace import coverage, validate
from sesam_node.dtl.walk import Recorder, walk_rules
from sesam_node.errors import DtlError
from sesam_node.model.transit import normalise

CONFORMANCE = Path(__file__).parents[1] / "conformance"
CASES = [
    case
    for file in sorted((CONFORMANCE / "dtl").glob("*.json"))
    for case in json.loads(file.read_text())
]
_spec = spec_from_file_location("run_dtl_cases", CONFORMANCE / "run_dtl_cases.py")
runner = module_from_spec(_spec)
_spec.loader.exec_module(runner)


def context_of(case):
    pipe = case.get("pipe", {})
    return RuleContext(
        pipe_id="case",
        namespaced=pipe.get("namespaced_identifiers", False),
        identity_namespace="case",
        property_namespace="case",
        id_required=pipe.get("transform", {}).get("id_required", True),
    )


def tried(run, source):
    out = []
    try:
        run(source, out)
    except DtlError:
        return None
    return out


def counted_and_traced(rules, sources, context, datasets):
    """Both documents of the same entities; what comes out is compared with the plain run's."""

    def runtime():
        return Runtime(MemoryLookup(datasets, compile_index), sleep=lambda seconds: None)

    counted = count_rules(rules, context)
    recorder = Recorder(rules, context)
    run = counted.bind(runtime())
    walk = walk_rules(rules, context).bind(runtime(), recorder)
    plain = compile_rules(rules, context).bind(runtime())
    for source in sources:
        expected = tried(plain, source)
        given = tried(run, source)
        assert (given is None) == (expected is None)
        tried(walk, source)
    return counted.document(), recorder.document()


def test_counters_of_every_shared_case_are_those_of_its_full_trace():
    compared = 0
    for case in CASES:
        rules, context = runner.rules_of(case), context_of(case)
        source = normalise(json.loads(json.dumps({"_id": "x", **case.get("source", {})})))
        datasets = normalise(json.loads(json.dumps(case.get("datasets", {}))))
        try:
            counters, full = counted_and_traced(rules, [source, source], context, datasets)
        except DtlError:
            continue  # it does not compile, as the case wants
        validate(counters)
        if counters["errors"]:
            continue  # of a failing expression some neighbours are counted too
        derived = {one["path"] for one in counters["counters"] if one.get("derived")}
        given, wanted = (
            {path: node for path, node in coverage(document).items() if path not in derived}
            for document in (counters, full)
        )
        assert given == wanted, case["id"]
        compared += len(given)
    assert compared > 5000


RULES = {
    "default": [
        ["copy", "_id"],
        ["add", "x", ["map", ["upper", "_."], "_S.names"]],
        ["filter", ["gt", "_S.n", 0]],
        ["add", "y", ["if", ["eq", "_S.n", 1], ["string", "_S.none"], ["lower", "_S.name"]]],
        ["if", ["eq", "_S.n", 3], ["fail!", "three"]],
        ["add", "z", ["apply", "r", "_S.list"]],
        ["discard", ["neq", "_S.n", 2]],
        ["add", "last", 1],
    ],
    "r": [["filter", ["is-not-null", "_S.k"]], ["add", "k", "_S.k"]],
}


def counters_of(entities):
    counted = count_rules(RULES)
    run = counted.bind()
    for n in range(entities):
        source = {"_id": str(n), "n": n % 4, "names": ["a", None], "name": "A"}
        tried(run, {**source, "list": [{"k": 1}, {"k": None}, {}]})
    document = counted.document()
    validate(document)
    return document


def test_branches_nulls_filters_and_failures_are_counted():
    document = counters_of(200)
    found = {
        path: (node["fired"], node["null"], node["error"])
        for path, node in coverage(document).items()
        if node["kind"] != "path"
    }
    assert found["$.rules.default"] == (200, 0, 0)
    assert found["$.rules.default[1][2][1]"] == (400, 200, 0)
    assert found["$.rules.default[2]"] == (200, 0, 0)
    assert found["$.rules.default[3][2]"] == (150, 50, 0)
    assert found["$.rules.default[3][2][2]"] == (50, 50, 0)
    assert found["$.rules.default[3][2][3]"] == (100, 0, 0)
    assert found["$.rules.default[4][2]"] == (50, 0, 50)
    assert found["$.rules.default[5]"] == (100, 0, 0)
    assert found["$.rules.r"] == (300, 0, 0)
    assert found["$.rules.r[1]"] == (100, 0, 0)
    assert found["$.rules.default[7]"] == (50, 0, 0)
    ends = {name: document[name] for name in ("entities", "results", "filtered", "errors")}
    assert ends == {"entities": 200, "results": 50, "filtered": 50, "errors": 50}


def test_the_time_is_taken_of_every_64th_entity():
    document = counters_of(3 * TIMED_EVERY + 1)
    assert document["timed"] == 4
    by_path = {one["path"]: one for one in document["counters"]}
    assert by_path["$.rules.default[0]"]["timed"] == 4
    assert by_path["$.rules.default[1][2]"]["ns"] > 0
    whole = by_path["$.rules.default"]
    assert whole["timed"] == 4
    assert (
        whole["ns"] >= by_path["$.rules.default[1]"]["ns"] >= by_path["$.rules.default[1][2]"]["ns"]
    )


def test_nothing_has_been_counted_before_the_first_entity():
    document = count_rules(RULES).document()
    validate(document)
    assert {one["fired"] for one in document["counters"]} == {0}
    assert document == count_rules(RULES).document()


def test_a_rule_that_is_not_reached_has_no_nodes():
    document = count_rules({"default": [["copy", "*"]], "other": [["copy", "*"]]}).document()
    assert [one["path"] for one in document["counters"]] == [
        "$.rules.default",
        "$.rules.default[0]",
    ]


def test_bad_rules_give_every_problem():
    with pytest.raises(DtlError) as caught:
        count_rules({"default": [["cop", "*"], ["add", "a", ["uper", "b"]]]})
    assert len(caught.value.problems) == 2
