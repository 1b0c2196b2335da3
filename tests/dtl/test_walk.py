"""The walk gives what the examples and the shared cases say, and records how it came to it."""

from __future__ import annotations

import copy
import json
import sys
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path

import pytest

from sesam_node.dtl import RuleContext, Runtime, compile_index, compile_rules
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.dtl.registry import EXPRESSIONS
from sesam_node.dtl.registry import TRANSFORMS as REGISTERED
from sesam_node.dtl.trace import validate
from sesam_node.dtl.walk import Recorder, walk_rules
from sesam_node.dtl.walk.tables import SPECIALS, TRANSFORMS
from sesam_node.errors import DtlError, StoreError

TESTS = Path(__file__).parent.parent
COMBINED, PLANNED, RECORDED = WAYS = ["every combination", "planned", "recorded"]
ANY = RuleContext()


def module_of(path):
    """A test module of its own, whose `run_rules` can be replaced."""
    spec = spec_from_file_location(f"walked_{path.stem}", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ticking():
    """A clock that goes one nanosecond a look."""
    return count().__next__


def recorder_of(rules, context=ANY, **options):
    return Recorder(rules, context, **{"clock": ticking(), **options})


def runtime_of(datasets=None, runtime=None):
    made = runtime or Runtime()
    made.lookup = MemoryLookup(datasets or {}, compile_index)
    return made


def run_all(run, entities):
    out = []
    for entity in entities:
        run(entity, out)
    return out


def walked_rules(rules, entities, *, datasets=None, context=ANY, runtime=None, way=COMBINED):
    """`run_rules` by the walk; what is recorded must hold together."""
    recorder = recorder_of(rules, context) if way == RECORDED else None
    runtime = runtime_of(datasets, runtime)
    run = walk_rules(rules, context).bind(runtime, recorder, planned=way == PLANNED)
    try:
        return run_all(run, entities)
    finally:
        if recorder is not None:
            check_document(recorder.document())


def check_document(document):
    """A valid document of JSON; its events are of nodes of the rules and lie within each other."""
    validate(document)
    assert json.loads(json.dumps(document)) == document
    nodes = {(node["path"], node["kind"], node["name"]) for node in document["nodes"]}
    for entity in document["entities"]:
        events = entity["events"]
        for event in events:
            path = document["paths"][event["path"]]
            assert (path, event["kind"], event["name"]) in nodes
            if event["parent"] is not None:
                around = events[event["parent"]]
                assert around["at"] < event["at"]
                assert event["at"] + event["ns"] < around["at"] + around["ns"]


examples = module_of(TESTS / "dtl" / "test_examples.py")
shared = module_of(TESTS / "conformance" / "test_shared_cases.py")


def test_every_special_and_every_transform_has_a_walk():
    assert set(SPECIALS) == {name for name, e in EXPRESSIONS.items() if e.kind == "special"}
    assert set(TRANSFORMS) == set(REGISTERED)


def in_every_way(module, monkeypatch, test, *arguments):
    """Run a test of a module with each way of walking in place of `run_rules`."""
    for way in WAYS:
        monkeypatch.setattr(module, "run_rules", partial(walked_rules, way=way))
        test(*arguments)


@pytest.mark.parametrize(("entry", "example"), examples.EXAMPLES)
def test_example(entry, example, monkeypatch):
    in_every_way(examples, monkeypatch, examples.test_example, entry, example)


@pytest.mark.parametrize("case", shared.CASES, ids=[case["id"] for case in shared.CASES])
def test_shared_case(case, monkeypatch):
    in_every_way(shared, monkeypatch, shared.test_shared_case, case)


# -- failures --------------------------------------------------------------------------------------


def default(*transforms, **more):
    return {"default": [["copy", "_id"], *transforms], **more}


FAILURES = {
    "fail!": default(["if", True, [["fail!", "~~fno"]]]),
    "trip!": default(["case", False, [], ["trip!", "stop"]]),
    "no _id": {"default": [["copy", "a"]]},
    "an empty _id": {"default": [["add", "_id", ""]]},
    "no entity": default(["create", {"_id": "c"}], ["create", ["list", {"_id": "d"}, 5]]),
    "no child": default(["create-child", {"_id": 1}]),
    "in a plain function": default(["add", "r", ["count", ["range", 0, 5, "_S.zero"]]]),
    "in a special": default(["add", "r", ["upper", ["decrypt", "k", "_S.bytes"]]]),
    "no secret": default(["add", "r", ["encrypt", "$SECRET(none)", "_S._id"]]),
    "in a function of `_`": default(["add", "r", ["map", ["decrypt", "k", "_."], "_S.list"]]),
    "in an applied rule": default(["add", "r", ["apply", "r", "_S.list"]], r=[["fail!", "x"]]),
    "in return": default(
        ["add", "r", ["hops", {"datasets": ["d d"], "where": ["eq", "_S._id", "d._id"],
                               "return": ["range", 1, 2, "_S.zero"]}]]
    ),
}  # fmt: skip
ENTITY = {"_id": "x", "a": 1, "zero": 0, "bytes": "~bYWJj", "list": ["a", "~bYWJj"]}


def failure(made, out, datasets=None, recorder=None):
    recorders = [] if recorder is None else [recorder]
    run = made.bind(runtime_of(datasets), *recorders)
    with pytest.raises(DtlError) as caught:
        run(ENTITY, out)
    return caught.value


@pytest.mark.parametrize("rules", FAILURES.values(), ids=FAILURES)
def test_it_fails_as_the_compiled_rules_do(rules):
    datasets = {"d": [{"_id": "x"}]}
    wanted = failure(compile_rules(rules), [], datasets)
    recorder = recorder_of(rules)
    for recorders in ([], [recorder]):
        out = [{"_id": "before"}]
        found = failure(walk_rules(rules), out, datasets, *recorders)
        assert out == [{"_id": "before"}]
        assert found.message == wanted.message
        assert found.problems == wanted.problems
        assert type(found.__cause__) is type(wanted.__cause__)
    (entity,) = recorder.document()["entities"]
    (problem,) = wanted.problems
    assert entity["results"] == []
    assert entity["error"] == {
        "path": problem.path,
        "code": problem.code,
        "message": problem.message,
    }
    (place,) = [event for event in entity["events"] if "error" in event]
    assert place["error"] == problem.message
    assert recorder.document()["paths"][place["path"]] == problem.path


def test_rules_that_are_refused_have_the_problems_that_compiling_finds():
    rules = default(["add", "r", ["uper", "a"]], ["add"], ["add", "r", ["apply", "none", 1]])
    found = []
    for make in (compile_rules, walk_rules):
        with pytest.raises(DtlError) as caught:
            make(rules, path=("pipe", "rules"))
        found.append((caught.value.message, caught.value.problems))
    assert found[0] == found[1]
    assert len(found[0][1]) == 3


def test_rules_without_end_are_an_error_and_not_the_end():
    rules = default(["add", "r", ["apply", "r", 1]], r=[["add", "r", ["apply", "r", "_S."]]])
    limit = sys.getrecursionlimit()
    error = failure(walk_rules(rules), [])
    assert error.problems[0].message == "the rules call each other too deeply"
    assert error.problems[0].path.startswith("$.rules.r")
    recorder = recorder_of(rules, limit=200)
    assert failure(walk_rules(rules), [], recorder=recorder).problems[0].code == "failed"
    assert sys.getrecursionlimit() == limit
    check_document(recorder.document())
    assert recorder.document()["entities"][0]["truncated"] is True


@pytest.mark.parametrize("way", [None, recorder_of])
def test_entities_as_deep_as_any_may_be_are_walked(way):
    rules = default(
        ["add", "c", ["apply", "r", "_S.c"]],
        r=[["add", "c", ["map", "_.", ["apply", "r", ["sorted", "_.n", "_S.c"]]]]],
    )
    source = {"_id": "x", "n": 0}
    for depth in range(120):
        source = {"_id": "x", "n": depth, "c": [source]}
    wanted = run_all(compile_rules(rules).bind(), [source])
    assert run_all(walk_rules(rules).bind(None, way and way(rules)), [source]) == wanted


class Broken(MemoryLookup):
    def find(self, dataset, index, keys):
        raise StoreError("the disk is gone")


def test_what_the_store_raises_passes_through_and_is_recorded():
    spec = {"datasets": ["d d"], "where": ["eq", "_S._id", "d.k"]}
    rules = default(["add", "r", ["hops", spec]])
    recorder = recorder_of(rules)
    run = walk_rules(rules).bind(Runtime(Broken({}, compile_index)), recorder)
    with pytest.raises(StoreError, match="the disk is gone"):
        run({"_id": "x"}, [])
    (entity,) = recorder.document()["entities"]
    assert entity["error"]["path"] == "$.rules.default[1][2][1].where"
    assert entity["error"]["message"] == "StoreError: the disk is gone"


def test_the_source_and_the_datasets_stay_as_they_were():
    rules = default(
        ["copy", "*"],
        ["add", "$children", ["hops", {"datasets": ["d d"], "where": ["eq", "_S.k", "d._id"]}]],
        ["create-child", {"_id": "e"}],
        ["merge-union", {"list": "z"}],
        ["remove", "k"],
    )
    source = {"_id": "x", "k": ["a"], "list": ["y"]}
    datasets = {"d": [{"_id": "a", "deep": {"n": 1}}]}
    before = copy.deepcopy((source, datasets))
    (out,) = walked_rules(rules, [source], datasets=datasets, way=RECORDED)
    assert out["$children"] == [{"_id": "a", "deep": {"n": 1}}, {"_id": "e"}]
    assert (source, datasets) == before


# -- hops ------------------------------------------------------------------------------------------

PEOPLE = [
    {"_id": "ann", "children": ["bob", "cid"], "town": "oslo"},
    {"_id": "bob", "children": ["ann"], "town": "rome"},
    {"_id": "cid", "children": ["ann"], "town": "oslo"},
]
DATASETS = {"people": PEOPLE, "towns": [{"_id": "oslo"}, {"_id": "rome"}]}
FAMILY = {"datasets": ["people p"], "where": ["eq", "_S.children", "p._id"], "recurse": True}


def ids_found(*specs, source, datasets=DATASETS, context=ANY, way=COMBINED):
    rules = default(["add", "r", ["map", "_._id", ["hops", *specs]]])
    (out,) = walked_rules(rules, [source], datasets=datasets, context=context, way=way)
    return sorted(out["r"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("known", ["people", "towns", None])
def test_a_start_is_visited_where_it_is_of_the_dataset_that_is_returned(known, way):
    # The last alias is returned, and is looked up first.
    spec = {
        "datasets": ["towns t", "people p"],
        "where": [["eq", "t._id", "p.town"], ["eq", "p._id", "_S.children"]],
        "recurse": True,
        "exclude_root": True,
    }
    source = {"_id": "ann", "children": ["cid"], "other": True}
    context = RuleContext(source_dataset=known)
    wanted = ["cid"] if known == "people" else ["ann", "bob", "cid"]
    assert ids_found(spec, source=source, context=context, way=way) == wanted


@pytest.mark.parametrize("way", WAYS)
def test_hops_within_a_return_start_from_where_these_have_come_to(way):
    datasets = {**DATASETS, "pets": [{"_id": "ann", "children": "cid"}]}
    pets = {"datasets": ["pets a"], "where": ["eq", "_S.pet", "a._id"]}
    inner = ["hops", {**FAMILY, "exclude_root": True}]
    again = {"datasets": ["people q"], "where": ["eq", "_S._id", "q._id"], "return": inner}
    source, context = {"_id": "x", "pet": "ann"}, RuleContext(source_dataset="people")
    found = ids_found(pets, again, source=source, datasets=datasets, context=context, way=way)
    assert found == ["ann", "bob", "cid"]  # the pet is no person


def test_an_entity_that_its_side_of_a_join_fails_on_is_not_found():
    datasets = {"d": [{"_id": "a", "to": 3, "by": 0}, {"_id": "b", "to": 3, "by": 1}]}
    spec = {"datasets": ["d d"], "where": ["eq", "_S.n", ["range", 1, "d.to", "d.by"]]}
    for way in WAYS:
        assert ids_found(spec, source={"_id": "x", "n": 2}, datasets=datasets, way=way) == ["b"]


# -- recording -------------------------------------------------------------------------------------


class Versions(MemoryLookup):
    def version(self, dataset, entity_id):
        return {("orders", "o1"): 7}.get((dataset, entity_id))


ORDERS = {"orders": [{"_id": "o1", "customer": "c1", "n": 2}, {"_id": "o2", "customer": "c2"}]}
RULES = {
    "default": [
        ["copy", "*", "secret"],
        [
            "add",
            "orders",
            [
                "apply-hops",
                "order",
                {"datasets": ["orders o"], "where": ["eq", "o.customer", "_S._id"]},
            ],
        ],
        [
            "if",
            ["is-not-null", "_T.none"],
            ["filter"],
            [["remove", "name"], ["create", {"_id": "n"}]],
        ],
    ],
    "order": [["add", "n", ["plus", 1, "_S.n"]]],
}  # fmt: skip


def recorded(rules, *entities, datasets=None, **options):
    recorder = recorder_of(rules, **options)
    lookup = Versions(datasets or {}, compile_index)
    out = run_all(walk_rules(rules).bind(Runtime(lookup), recorder), entities)
    document = recorder.document()
    check_document(document)
    return document, out


def shown(document, entity=0):
    """The events of an entity, each within the one it began in, without numbers and times."""
    held = document["entities"][entity]
    values, made = document["values"], []
    for event in held["events"]:
        item = [event["kind"], event["name"], document["paths"][event["path"]], {}]
        for name in ("variable", "names", "branch", "removes", "ends", "error", "entity"):
            if name in event:
                item[3][name] = event[name]
        for name in ("inputs", "emits"):
            if name in event:
                item[3][name] = [values[number] for number in event[name]]
        if "output" in event:
            item[3]["output"] = values[event["output"]]
        if "sets" in event:
            item[3]["sets"] = {name: values[n] for name, n in event["sets"].items()}
        for name in ("rows", "lookups"):
            if name in event:
                item[3][name] = event[name]
        made.append(item)
        if event["parent"] is not None:
            made[event["parent"]].append(item)
    return made[0]


def test_everything_that_happens_is_recorded():
    source = {"_id": "c1", "name": "Ada", "secret": 1, "_updated": 3}
    document, out = recorded(RULES, source, datasets=ORDERS)
    values = document["values"]
    target = {"_id": "c1", "orders": [{"n": 3}], "_updated": 3}
    assert out == [{"_id": "n"}, target]
    assert {
        name: document[name] for name in ("format", "version", "strength", "rules", "pipe")
    } == {
        "format": "sesam-dtl-trace",
        "version": 1,
        "strength": "full",
        "rules": RULES,
        "pipe": "",
    }
    (entity,) = document["entities"]
    order = ORDERS["orders"][0]
    found = {"dataset": "orders", "id": "o1", "version": 7}
    assert entity["version"] == 3
    assert entity["error"] is None
    assert values[entity["source"]] == source
    assert [values[number] for number in entity["results"]] == out
    assert entity["frames"] == [
        {"rule": "default", "parent": None, "event": None, "source": entity["source"]},
        {"rule": "order", "parent": 0, "event": 3, "source": values.index(order), "entity": found},
    ]
    hops = "$.rules.default[1][2]"
    where = f"{hops}[2].where"
    branch = "$.rules.default[2]"
    plus = "$.rules.order[0][2]"
    assert shown(document) == [
        "rule", "default", "$.rules.default", {"output": target},
        ["transform", "copy", "$.rules.default[0]",
            {"sets": {"_id": "c1", "name": "Ada", "_updated": 3}}],
        ["transform", "add", "$.rules.default[1]",
            {"inputs": ["orders", [{"n": 3}]], "sets": {"orders": [{"n": 3}]}},
            ["function", "apply-hops", hops,
                {"output": [{"n": 3}],
                 "rows": [{"o": {**found, "value": values.index(order)}}],
                 "lookups": [{"dataset": "orders", "index": '"_S.customer"', "found": 1,
                              "keys": values.index(["c1"])}]},
                ["function", "eq", where, {"inputs": [["c1"], "c1"], "output": True},
                    ["path", "_S._id", f"{where}[2]",
                        {"variable": "_S", "names": ["_id"], "output": "c1"}],
                    ["path", "o.customer", f"{where}[1]",
                        {"variable": "o", "names": ["customer"], "entity": found,
                         "output": "c1"}]],
                ["rule", "order", "$.rules.order", {"output": {"n": 3}},
                    ["transform", "add", "$.rules.order[0]",
                        {"inputs": ["n", 3], "sets": {"n": 3}},
                        ["function", "plus", plus, {"inputs": [1, 2], "output": 3},
                            ["path", "_S.n", f"{plus}[2]",
                                {"variable": "_S", "names": ["n"], "output": 2}]]]]]],
        ["transform", "if", branch, {"inputs": [False], "branch": 1},
            ["function", "is-not-null", f"{branch}[1]", {"inputs": [None], "output": False},
                ["path", "_T.none", f"{branch}[1][1]",
                    {"variable": "_T", "names": ["none"], "output": None}]],
            ["transform", "remove", f"{branch}[3][0]", {"removes": ["name"]}],
            ["transform", "create", f"{branch}[3][1]",
                {"inputs": [{"_id": "n"}], "emits": [{"_id": "n"}]}]],
    ]  # fmt: skip


def test_the_same_run_gives_the_same_document():
    sources = [{"_id": "c1", "name": "Ada"}, {"_id": "c2"}]
    first, second = (recorded(RULES, *sources, datasets=ORDERS)[0] for _ in range(2))
    assert first == second


def test_times_are_those_of_the_clock():
    document, _ = recorded(default(["add", "n", ["count", 1]]), {"_id": "x"})
    (entity,) = document["entities"]
    # Each event looks at the clock when it begins and when it ends.
    assert [(event["at"], event["ns"]) for event in entity["events"]] == [
        (1, 7), (2, 1), (4, 3), (5, 1),
    ]  # fmt: skip
    assert entity["ns"] == 9


def test_a_value_is_written_once():
    rules = default(*(["add", name, ["list", "_S.big", {"a": 1}]] for name in "abc"))
    document, _ = recorded(rules, {"_id": "x", "big": list(range(50))})
    values = document["values"]
    assert values.count(list(range(50))) == 1
    assert [v for v in values if v == "a"] == ["a"]
    assert values.count({"a": 1}) == 1


def test_values_that_python_takes_for_equal_are_kept_apart():
    rules = default(["add", "r", ["list", 1, True, 1.0, 0.0, -0.0, ["list", 1], ["list", True]]])
    document, _ = recorded(rules, {"_id": "x"})
    inputs = document["entities"][0]["events"][3]["inputs"]
    found = [document["values"][number] for number in inputs]
    assert list(map(repr, found)) == ["1", "True", "1.0", "0.0", "-0.0", "[1]", "[True]"]


def test_tuples_are_lists_in_a_document():
    document, _ = recorded(default(["add", "r", ["tuples", "a", "b"]]), {"_id": "x"})
    assert [["a", "b"]] in document["values"]


def test_a_target_is_recorded_as_it_is_at_that_moment():
    rules = default(["add", "a", "_T."], ["add", "b", ["count", "_T."]], ["remove", "b"])
    document, (out,) = recorded(rules, {"_id": "x"})
    out["later"] = 1
    reads = [e for e in document["entities"][0]["events"] if e["kind"] == "path"]
    first, second = (document["values"][event["output"]] for event in reads)
    assert first == {"_id": "x"}
    assert second == {"_id": "x", "a": {"_id": "x"}}
    (result,) = document["entities"][0]["results"]
    assert document["values"][result] == {"_id": "x", "a": {"_id": "x"}}


def test_who_gets_a_result_may_change_it():
    rules = {"default": [["copy", "*"]]}
    recorder = recorder_of(rules)
    run = walk_rules(rules).bind(None, recorder)
    for number in range(2):
        out = []
        run({"_id": str(number), "list": [1]}, out)
        out[0]["_id"] = "changed"
    document = recorder.document()
    found = [document["values"][entity["results"][0]]["_id"] for entity in document["entities"]]
    assert found == ["0", "1"]


@pytest.mark.parametrize("limit", [0, 1, 4, 9])
def test_after_the_limit_of_events_it_goes_on_unrecorded(limit):
    rules = default(["add", "n", ["map", ["apply", "r", "_."], "_S.list"]], r=[["add", "v", "_S."]])
    source = {"_id": "x", "list": [1, 2, 3]}
    document, out = recorded(rules, source, {"_id": "y"}, limit=limit)
    assert out[0] == {"_id": "x", "n": [{"v": 1}, {"v": 2}, {"v": 3}]}
    whole, _ = recorded(rules, source)
    entity, other = document["entities"]
    assert len(entity["events"]) == limit
    assert entity["truncated"] is True
    kept = [(e["name"], e["parent"], e["frame"]) for e in entity["events"]]
    events = whole["entities"][0]["events"]
    assert kept == [(e["name"], e["parent"], e["frame"]) for e in events][:limit]
    assert other["truncated"] is (limit < 9)


def test_rows_and_lookups_have_the_limit_too():
    datasets = {"d": [{"_id": str(n), "k": "x"} for n in range(20)]}
    rules = default(["add", "n", ["hops", {"datasets": ["d d"], "where": ["eq", "_S._id", "d.k"]}]])
    document, (out,) = recorded(rules, {"_id": "x"}, datasets=datasets, limit=10)
    (entity,) = document["entities"]
    (hops,) = [event for event in entity["events"] if event["name"] == "hops"]
    assert (len(out["n"]), len(hops["rows"]), len(hops["lookups"])) == (20, 9, 1)
    assert entity["truncated"] is True


@pytest.mark.parametrize(
    ("expression", "branch", "inputs"),
    [
        (["if", True, "a", "b"], 0, [True, "a"]),
        (["if", False, "a", "b"], 1, [False, "b"]),
        (["if", False, "a"], -1, [False]),
        (["case", False, 1, True, 2, 3], 1, [False, True, 2]),
        (["case-eq", "x", "y", 1, 2], 1, ["x", "y", 2]),
        (["and", 1, False, 2], 1, [1, False]),
        (["and", 1, 2], -1, [1, 2]),
        (["or", None, 2, 3], 1, [None, 2]),
        (["not", 1], -1, [1]),
        (["coalesce-args", None, 5, 6], 1, [None, 5]),
        (["if-null", ["list"], 7], 1, [[], 7]),
        (["if-null", 3, 7], 0, [3]),
    ],
)
def test_what_a_lazy_form_chose_is_recorded_with_what_it_evaluated(expression, branch, inputs):
    document, _ = recorded(default(["add", "r", expression]), {"_id": "x"})
    event = document["entities"][0]["events"][3]
    assert event["branch"] == branch
    assert [document["values"][number] for number in event["inputs"]] == inputs


@pytest.mark.parametrize(("ending", "how"), [("filter", "filtered"), ("discard", "discarded")])
def test_what_ends_a_target_is_recorded(ending, how):
    rules = default(["add", "r", ["apply", "r", 1]], ["if", True, [ending]], r=[[ending, False]])
    document, out = recorded(rules, {"_id": "x"})
    (entity,) = document["entities"]
    assert [event["ends"] for event in entity["events"] if "ends" in event] == [how, how]
    assert [
        event for event in entity["events"] if event["kind"] == "rule" and "output" in event
    ] == []
    assert [document["values"][number] for number in entity["results"]] == out
    assert out == ([{"_id": "x", "_filtered": True}] if ending == "filter" else [])


def test_a_scan_has_no_keys_and_a_primary_key_an_empty_index():
    by_time = {"datasets": ["orders o"], "where": ["eq", "_S._id", ["if", ["now"], "o._id"]]}
    rules = default(
        ["add", "a", ["hops", by_time]], ["add", "b", ["lookup-entity", "orders", "o1"]]
    )
    document, _ = recorded(rules, {"_id": "o2"}, datasets=ORDERS)
    lookups = [lookup for e in document["entities"][0]["events"] for lookup in e.get("lookups", [])]
    keys = document["values"].index(["o1"])
    assert lookups == [
        {"dataset": "orders", "index": None, "found": 2},
        {"dataset": "orders", "index": "", "found": 1, "keys": keys},
    ]
    tests = [e for e in document["entities"][0]["events"] if e["name"] == "eq"]
    assert [document["values"][event["output"]] for event in tests] == [False, True]
