"""What is told of a rule set before it is deployed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sesam_node.dtl import RuleContext
from sesam_node.dtl.explain import explain, explain_text
from sesam_node.dtl.registry import all_functions
from sesam_node.errors import DtlError

ROOT = Path(__file__).parents[2]
PROJECTS = ROOT / "tests" / "conformance" / "projects"
FROM_PEOPLE = RuleContext(source_dataset="people")
BY_ID = {"datasets": ["orders o"], "where": ["eq", "_S._id", "o.person"]}


def told(*transforms, context=FROM_PEOPLE, **rules):
    found = explain({"default": [["copy", "_id"], *transforms], **rules}, context)
    assert json.loads(json.dumps(found)) == found
    assert max(map(len, explain_text(found).splitlines())) <= 100
    return found


def texts(*transforms, **options):
    """The text of each transform after `copy _id`."""
    return [entry["text"] for entry in told(*transforms, **options)["rules"][0]["transforms"][1:]]


def of_pipe(path):
    pipe = json.loads(path.read_text())
    context = RuleContext(pipe_id=pipe["_id"], source_dataset=pipe["source"].get("dataset"))
    return explain_text(explain(pipe["transform"]["rules"], context))


# -- whole texts -----------------------------------------------------------------------------------


def test_an_enriched_order():
    assert of_pipe(PROJECTS / "webshop-orders" / "pipes" / "order-enriched.conf.json") == (
        """\
pipe order-enriched: from order, with customer and product
  a source entity gives one entity at most, under its own _id
  it has _id, status, placed, customer, product and amount

Rule default
  [0]  only where and(neq(_S._deleted, true), neq(_S.status, "cancelled")); else filtered
  [1]  copy _id, status
  [2]  placed \u2190 datetime-parse("%Y-%m-%d", _S.placed)
  [3]  customer \u2190 if-null(first(hops(customer c: c.name)), "unknown")
  [4]  product \u2190 first(hops(product p: p.name))
  [5]  amount \u2190 _S.quantity * first(hops(product p: p.price))

Hops
  default[3][2][1][1]
    customer c: _id = _S.customer_id  (primary key)
    gives c.name
  default[4][2][1]
    product p: _id = _S.product_id  (primary key)
    gives p.name
  default[5][2][2][1]
    product p: _id = _S.product_id  (primary key)
    gives p.price
  looked up once for an entity: default[4][2][1] and default[5][2][2][1]

What runs again
  a changed customer entity re-runs the order entities whose customer_id is its _id
    each version of a changed entity takes 1 look-up
  a changed product entity re-runs the order entities whose product_id is its _id
    each version of a changed entity takes 1 look-up

Indexes
  order by customer_id  (to find what runs again)
  order by product_id  (to find what runs again)
"""
    )


def test_delays_of_a_day():
    assert of_pipe(ROOT / "demo" / "flights" / "pipes" / "daily-delay.conf.json") == (
        """\
pipe daily-delay: from airport-day, with flight-enriched
  a source entity gives one entity at most, under its own _id
  it has all of the source, flights, cancelled, late, worst_delay and mean_delay

Rule default
  [0]        copy *
  [1]        flights \u2190 hops(flight-enriched f)
  [2]        delays \u2190 map(_.dep_delay, filter(is-not-null(_.dep_delay), _T.flights))
  [3]        cancelled \u2190 count(filter(_.cancelled, _T.flights))
  [4]        late \u2190 count(filter(gt(_, 15), _T.delays))
  [5]        flights \u2190 count(_T.flights)  (over [1])
             if is-not-empty(_T.delays):
  [6][2][0]    worst_delay \u2190 max(_T.delays)
  [6][2][1]    mean_delay \u2190 round(1, (sum(_T.delays) / count(_T.delays)))
  [7]        remove delays

Hops
  default[1][2]
    flight-enriched f: airport_day = _S._id  (index)

What runs again
  a changed flight-enriched entity re-runs the airport-day entities whose _id is in its airport_day
    the changed entity names the ids: no look-up

Indexes
  flight-enriched by airport_day
"""
    )


def test_loans_of_a_member():
    text = of_pipe(PROJECTS / "library-loans" / "pipes" / "member-loans.conf.json")
    assert "  [1]  loans \u2190 sorted(_.copy, combine(apply-hops(loan, loan-item l)))\n" in text
    assert "\nRule loan\n  [0]  copy _id, copy, title, due\n" in text
    assert (
        "  default[1][2][2][1]  to apply loan\n    loan-item l: member = _S._id  (index)\n" in text
    )
    assert "re-runs the member entities whose _id is in its member\n" in text


PIPES = [
    path
    for folder in (PROJECTS, ROOT / "demo")
    for path in sorted(folder.glob("**/pipes/*.conf.json"))
    if '"dtl"' in path.read_text()
]


@pytest.mark.parametrize("path", PIPES, ids=lambda path: path.name)
def test_every_pipe_of_the_projects_can_be_explained(path):
    pipe = json.loads(path.read_text())
    chain = pipe["transform"] if type(pipe["transform"]) is list else [pipe["transform"]]
    for transform in chain:
        if transform["type"] == "dtl":
            found = explain(transform["rules"], RuleContext(namespaced=True))
            assert json.loads(json.dumps(found)) == found
            assert max(map(len, explain_text(found).splitlines())) <= 100


def test_every_example_of_the_reference_can_be_explained():
    for entry in all_functions():
        for example in entry.examples:
            given = example.expression
            if entry.kind != "transform":
                given = ["add", "value", given]
            block = given if type(given[0]) is list else [given]
            rules = {"default": [["copy", "_id"], *block], **example.rules}
            found = explain(rules, RuleContext(**example.context))
            assert max(map(len, explain_text(found).splitlines())) <= 100
            assert len(found["rules"][0]["transforms"]) >= (1 if entry.name == "comment" else 2)


# -- transforms ------------------------------------------------------------------------------------

ENTRIES = [
    (["add", "a", "_S.b"], "a \u2190 _S.b"),
    (["add", "a", "x.y"], 'a \u2190 "x.y"'),
    (["add", "a", ["concat", "_S.b", "_", "c"]], 'a \u2190 concat(_S.b, "_", "c")'),
    (["add", "a", ["-", ["*", 2, "_S.b"], 1]], "a \u2190 (2 * _S.b) - 1"),
    (["add", "a", {"k": [1]}], 'a \u2190 {"k": [1]}'),
    (["add", ["list", "a", "b"], 1], "a, b \u2190 1"),
    (["add", ["concat", "a", "b"], 1], "ab \u2190 1"),
    (["add", ["concat", "a", "_S.b"], 1], 'the property named concat("a", _S.b) \u2190 1'),
    (["add-if", "a", "_S.b"], "a \u2190 _S.b, unless it is null"),
    (["add-if", "a", ["gt", "_.", 1], "_S.b"], "a \u2190 _S.b, where gt(_, 1)"),
    (["default", "a", 1], "a \u2190 1, where it is not there yet"),
    (["copy", "*", ["list", "a", "b*"]], "copy * but not a, b*"),
    (["remove", "a*"], "remove a*"),
    (["rename", "a", "b"], "b \u2190 _S.a"),
    (["rename", ["lower", "_S.x"], "b"], "b \u2190 the property named lower(_S.x)"),
    (["make-ni", "people", "boss"], "boss-ni \u2190 identifiers ~:people: of _S.boss"),
    (["merge", "_S.all"], "all properties \u2190 _S.all"),
    (["merge-union", "_S.all"], "all properties, values united \u2190 _S.all"),
    (["create", "_S.items"], "emit _S.items"),
    (["create-child", "_S.items"], "$children \u2190 further _S.items"),
    (["filter"], "end here: filtered"),
    (["discard", ["eq", "_S.a", 1]], "only where eq(_S.a, 1); else discarded"),
    (["fail!", "no name"], 'fail: "no name"'),
    (["trip!", "too many"], 'fail, and trip the circuit breaker: "too many"'),
    (["sleep!", 0.5], "pause for 0.5 s"),
    (["add", "a", ["apply", "r", "_S.b"]], "a \u2190 apply(r, _S.b)"),
]


@pytest.mark.parametrize(("transform", "expected"), ENTRIES, ids=[text for _, text in ENTRIES])
def test_a_transform_in_words(transform, expected):
    assert texts(transform, r=[["copy", "x"]]) == [expected]


def test_every_transform_has_words_of_its_own():
    names = {entry.name for entry in all_functions() if entry.kind == "transform"}
    tried = {transform[0] for transform, _ in ENTRIES}
    assert names - tried == {"if", "case", "case-eq", "comment"}


def test_names_are_written_as_they_will_be():
    context = RuleContext(namespaced=True, property_namespace="crm")
    assert texts(["add", "a", 1], ["add", "::b", 1], context=context) == [
        "crm:a \u2190 1",
        "b \u2190 1",
    ]


def test_a_property_with_what_it_depends_on():
    returned = {**BY_ID, "return": "o.amount"}
    (_, entry) = told(["add", "a", ["sum", ["list", "_S.b", "_T.c", ["hops", returned]]]])["rules"][
        0
    ]["transforms"]
    assert entry == {
        "path": "$.rules.default[1]",
        "transform": "add",
        "properties": ["a"],
        "text": "a \u2190 sum(list(_S.b, _T.c, hops(orders o: o.amount)))",
        "reads": {
            "paths": ["_S.b", "_T.c", "_S._id"],
            "properties": ["orders.person", "orders.amount"],
            "datasets": ["orders"],
            "hops": ["$.rules.default[1][2][1][3]"],
        },
    }


def test_rules_time_and_chance_are_dependencies_too():
    found = told(
        ["add", "a", ["apply", "r", "_S.b"]],
        ["add", "b", ["list", ["now"], ["uuid"]]],
        ["add", "c", ["lookup-entity", "cfg", "_S.d"]],
        r=[["copy", "x"]],
    )
    assert [entry.get("reads") for entry in found["rules"][0]["transforms"][1:]] == [
        {"paths": ["_S.b"], "rules": ["r"]},
        {"other": ["now", "uuid"]},
        {"paths": ["_S.d"], "datasets": ["cfg"]},
    ]


def test_branches_say_what_they_stand_under():
    found = told(
        ["if", ["gt", "_S.a", 1], ["add", "b", 1], [["add", "b", 2], ["add", "c", 3]]],
        ["case", "_S.d", ["add", "e", 1], "_S.f", ["if", "_S.g", ["add", "e", 2]], ["add", "e", 3]],
        ["case-eq", "_S.h", "x", ["add", "i", 1], ["add", "i", 2]],
    )
    entries = found["rules"][0]["transforms"][1:]
    assert [(entry["properties"], entry["under"]) for entry in entries] == [
        (["b"], ["gt(_S.a, 1)"]),
        (["b"], ["not gt(_S.a, 1)"]),
        (["c"], ["not gt(_S.a, 1)"]),
        (["e"], ["_S.d"]),
        (["e"], ["_S.f, and nothing above", "_S.g"]),
        (["e"], ["none of the conditions above"]),
        (["i"], ['_S.h is "x"']),
        (["i"], ["none of the conditions above"]),
    ]


def test_what_is_set_again_says_over_what():
    found = told(["add", "a", 1], ["add", "b", 1], ["add-if", "a", "_S.a"])
    entries = found["rules"][0]["transforms"]
    assert [entry.get("overwrites") for entry in entries] == [
        None,
        None,
        None,
        ["$.rules.default[1]"],
    ]
    assert found["rules"][0]["properties"]["a"] == ["$.rules.default[1]", "$.rules.default[3]"]


def test_the_result_is_what_is_left():
    found = told(
        ["copy", "*"],
        ["add", "a", 1],
        ["add", "b", 1],
        ["add", "c", 1],
        ["remove", "a"],
        ["if", "_S.x", ["remove", "b"]],
        ["merge", "_S.y"],
    )
    assert found["rules"][0]["result"] == ["_id", "*", "b", "c", "those of merge"]


# -- hops ------------------------------------------------------------------------------------------


def steps(*specs):
    found = told(["add", "r", ["hops", *specs]])["hops"][0]
    return [step for spec in found["specifications"] for step in spec["steps"]]


def test_the_join_order_with_what_finds_each_alias():
    where = [
        ["eq", "_S.x", "a.x"],
        ["eq", ["lower", "a.y"], ["lower", "b.y"]],
        ["eq", "b.c", "c._id"],
        ["eq", "a.q", "c.q"],
        ["neq", "b.type", "gone"],
        ["eq", "_S.kind", "A"],
    ]
    spec = {
        "datasets": ["d1 a", "d2 b", "d3 c"],
        "where": where,
        "return": "b,c",
        "subsets": {"b": ["eq", "_S.kind", "k"]},
    }
    found = told(["add", "r", ["hops", spec]])["hops"]
    assert found == [
        {
            "path": "$.rules.default[1][2]",
            "rule": "default",
            "call": "hops",
            "specifications": [
                {
                    "path": "$.rules.default[1][2][1]",
                    "first": ['eq(_S.kind, "A")'],
                    "steps": [
                        {
                            "alias": "a",
                            "dataset": "d1",
                            "find": "index",
                            "index": '"_S.x"',
                            "text": "d1 a: x = _S.x  (index)",
                            "key": "_S.x",
                            "own": "a.x",
                        },
                        {
                            "alias": "b",
                            "dataset": "d2",
                            "find": "index",
                            "index": '["lower", "_S.y"]',
                            "text": "d2 b: lower(y) = lower(a.y)  (index)",
                            "key": "lower(a.y)",
                            "own": "lower(b.y)",
                            "subset": 'kind = "k"',
                            "filters": ['neq(b.type, "gone")'],
                        },
                        {
                            "alias": "c",
                            "dataset": "d3",
                            "find": "primary key",
                            "text": "d3 c: _id = b.c  (primary key)",
                            "key": "b.c",
                            "own": "c._id",
                            "tests": ["a.q = c.q"],
                        },
                    ],
                    "returns": ["b", "c"],
                    "tracked": True,
                }
            ],
        }
    ]


def test_a_scan_says_why_it_is_one():
    (step,) = steps({"datasets": ["d a"], "where": ["eq", "_S.x", ["list", "a.x", "_T.y"]]})
    assert (step["find"], step["tests"]) == ("scan", ["_S.x = list(a.x, _T.y)"])
    assert step["why"] == "list(a.x, _T.y) depends on _T too: no index can hold that"
    (step,) = steps({"datasets": ["d a"], "where": ["eq", "_S.x", ["list", "a.x", ["now"]]]})
    assert step["why"] == "list(a.x, now()) is not the same at all times: no index can hold that"


def test_scans_and_what_is_not_followed_are_cautions():
    found = told(
        [
            "add",
            "a",
            ["hops", {"datasets": ["d a"], "where": ["eq", "_S.x", ["list", "a.x", "_T.y"]]}],
        ],
        ["add", "b", ["hops", {**BY_ID, "track-dependencies": False}]],
        ["add", "c", ["lookup-entity", "cfg", "_S.d"]],
    )
    assert found["cautions"] == [
        {
            "path": "$.rules.default[1][2]",
            "text": "every entity of d is read, each time this is evaluated",
        },
        {
            "path": "$.rules.default[2][2]",
            "text": "changes in orders are not followed: track-dependencies is false",
        },
        {"path": "", "text": "what is looked up in d is recorded for each source entity"},
        {"path": "", "text": "what is looked up in cfg is recorded for each source entity"},
    ]


def test_recursion_and_further_specifications_are_told():
    again = {"datasets": ["people p"], "where": ["eq", "_S.kids", "p._id"], "recurse": True}
    text = explain_text(told(["add", "r", ["hops", again]]))
    assert "    again from what was found, at most 10 times\n" in text
    text = explain_text(
        told(["add", "r", ["hops", {**again, "max_depth": None, "exclude_root": True}]])
    )
    assert "    again from what was found, until nothing new is found, without the first\n" in text
    lines = {"datasets": ["lines l"], "where": ["eq", "_S._id", "l.order"]}
    text = explain_text(told(["add", "r", ["hops", BY_ID, lines]]))
    assert (
        """\
    first
      orders o: person = _S._id  (index)
    then, from what was found
      lines l: order = _S._id  (index)
"""
        in text
    )


def test_only_look_ups_that_are_made_once_are_said_to_be():
    one = ["add", "a", ["hops", BY_ID]]
    two = ["add", "b", ["hops", BY_ID, {"datasets": ["l l"], "where": ["eq", "_S._id", "l.o"]}]]
    assert told(one, two)["shared"] == []
    three = ["add", "c", ["count", ["hops", BY_ID]]]
    (shared,) = told(one, two, three)["shared"]
    assert shared["places"] == ["$.rules.default[1][2]", "$.rules.default[3][2][1]"]


# -- changes ---------------------------------------------------------------------------------------


def says(*transforms, context=FROM_PEOPLE, **rules):
    found = told(*transforms, context=context, **rules)["changes"]
    return {change["dataset"]: (change["exact"], change["says"]) for change in found}


def test_a_key_of_the_source_itself():
    sentence = "a changed orders entity re-runs the people entities whose _id is in its person"
    assert says(["add", "a", ["hops", BY_ID]]) == {"orders": (True, [sentence])}


def test_a_chain_of_joins_is_followed_in_sentences():
    spec = {"datasets": ["a a", "b b"], "where": [["eq", "_S.x", "a.x"], ["eq", "a.y", "b._id"]]}
    assert says(["add", "r", ["hops", spec]]) == {
        "a": (True, ["a changed a entity re-runs the people entities whose x is in its x"]),
        "b": (
            True,
            [
                "a changed b entity leads to the a entities whose y is its _id",
                "each such a entity re-runs the people entities whose x is in its x",
            ],
        ),
    }


def test_functions_in_joins_are_in_words():
    spec = {"datasets": ["c c"], "where": ["eq", ["lower", "_S.city"], ["lower", "c.name"]]}
    (sentence,) = says(["add", "r", ["hops", spec]])["c"][1]
    assert sentence == (
        "a changed c entity re-runs the people entities whose lower(city) is in its lower(name)"
    )


INEXACT = [
    (
        {"datasets": ["a a"], "where": ["eq", ["list", "_S.x", "_T.y"], "a.x"]},
        "$.rules.default[1][2][1]: list(_S.x, _T.y) depends on more than the source entity",
    ),
    (
        {"datasets": ["a a"], "where": ["eq", "_S.x", ["list", "a.x", ["now"]]]},
        "$.rules.default[1][2][1]: list(a.x, now()) depends on more than a",
    ),
]


KEPT = "each people entity keeps a record of what it looks for in a"


@pytest.mark.parametrize(("spec", "reason"), INEXACT)
def test_why_look_ups_are_recorded_and_what_that_costs(spec, reason):
    (change,) = told(["add", "r", ["hops", spec]])["changes"]
    scans = "now" in str(spec)
    assert change == {
        "dataset": "a",
        "exact": False,
        "way": "records",
        "says": [
            "any change in a re-runs the people entities that read all of it"
            if scans
            else "a changed a entity re-runs the people entities that looked for it"
        ],
        "because": [reason],
        "costs": [
            f"{KEPT}: about 90 bytes for each key",
            "each version of a changed entity takes 1 look-up in the records",
        ],
    }


def test_look_ups_by_lookup_entity_are_recorded():
    (change,) = told(["add", "c", ["lookup-entity", "cfg", "_S.d"]])["changes"]
    assert (change["dataset"], change["way"]) == ("cfg", "records")
    assert change["because"] == ["lookup-entity goes one way only"]


def test_hops_behind_a_transform_that_gives_other_ids_are_recorded():
    rules = {"default": [["copy", "_id"], ["add", "o", ["hops", BY_ID]]]}
    (change,) = explain(rules, RuleContext(), own_ids=False)["changes"]
    assert (change["exact"], change["way"]) == (False, "records")
    assert change["because"] == ["an earlier transform may give entities other ids"]
    (change,) = explain(rules, RuleContext())["changes"]
    assert (change["exact"], change["way"]) == (True, "primary key")


def test_the_cost_of_a_chain_names_the_look_ups_on_the_way():
    hops = {
        "datasets": ["a a", "b b"],
        "where": [["eq", "_S.x", "a.x"], ["eq", "a.y", "b.y"]],
    }
    changes = {item["dataset"]: item for item in told(["add", "r", ["hops", hops]])["changes"]}
    assert changes["a"]["way"] == changes["b"]["way"] == "index"
    assert changes["a"]["costs"] == ["each version of a changed entity takes 1 look-up"]
    assert changes["b"]["costs"] == [
        "each version of a changed entity takes 1 look-up, and each entity on the way 1 more"
    ]


def test_a_source_that_is_no_dataset_has_no_index():
    spec = {"datasets": ["c c"], "where": ["eq", "_S.city", "c._id"]}
    (change,) = told(["add", "r", ["hops", spec]], context=RuleContext())["changes"]
    assert change["says"] == ["a changed c entity re-runs the source entities that looked for it"]
    (reason,) = change["because"]
    assert reason == (
        "$.rules.default[1][2][1] is joined by _S.city, "
        "and the source is no single dataset that has an index of it"
    )


def test_computed_values_have_no_way_back():
    found = told(
        ["add", "r", ["apply-hops", "order", {**BY_ID, "return": ["dict", "no", "o.no"]}]],
        order=[["add", "l", ["hops", {"datasets": ["lines l"], "where": ["eq", "_S.no", "l.o"]}]]],
    )
    (lines,) = [change for change in found["changes"] if change["dataset"] == "lines"]
    (reason,) = lines["because"]
    assert reason == (
        "$.rules.order[0][2][1] starts from values that were computed, "
        "not from entities of a dataset"
    )


def test_what_hangs_on_a_lost_join_names_that_join():
    spec = {
        "datasets": ["a a", "b b"],
        "where": [["eq", ["list", "_S.x", "_T.x"], "a.x"], ["eq", "a.y", "b.y"]],
    }
    changes = {c["dataset"]: c["because"] for c in told(["add", "r", ["hops", spec]])["changes"]}
    lost = "$.rules.default[1][2][1]: list(_S.x, _T.x) depends on more than the source entity"
    assert changes["a"] == [lost]
    assert changes["b"] == ["$.rules.default[1][2][1]: b hangs on an alias that has no way back"]


# -- indexes, constants, warnings, source ----------------------------------------------------------


def test_indexes_and_what_they_are_for():
    city = {"datasets": ["cities c"], "where": ["eq", "_S.city", "c._id"]}
    found = told(["add", "a", ["hops", BY_ID]], ["add", "b", ["hops", city]])["indexes"]
    assert found == [
        {"dataset": "orders", "index": '"_S.person"', "expression": "person", "for": "hops"},
        {"dataset": "people", "index": '"_S.city"', "expression": "city", "for": "changes"},
    ]


def test_the_outermost_constant_calls_are_folded():
    found = told(
        ["add", "a", ["upper", ["concat", "x", "y"]]],
        ["add", "b", ["concat", "_S.b", ["lower", "X"]]],
        ["add", "c", ["map", ["concat", "_.", ["lower", "Y"]], "_S.c"]],
        ["add", "d", ["now"]],
    )["folded"]
    assert found == [
        {"path": "$.rules.default[1][2]", "text": 'upper(concat("x", "y"))', "value": "XY"},
        {"path": "$.rules.default[2][2][2]", "text": 'lower("X")', "value": "x"},
        {"path": "$.rules.default[3][2][1][2]", "text": 'lower("Y")', "value": "y"},
    ]


def test_aliases_of_hops_are_no_constants():
    spec = {**BY_ID, "where": [BY_ID["where"], ["eq", ["lower", "o.type"], "x"]]}
    assert told(["add", "a", ["hops", spec]])["folded"] == []


def test_warnings_of_the_checker_are_there():
    found = told(["add", "a", "_X.b"], never=[["copy", "*"]])
    assert [(w["path"], w["code"]) for w in found["warnings"]] == [
        ("$.rules.default[1][2]", "unknown-variable"),
        ("$.rules.never", "unused-rule"),
    ]
    text = explain_text(found)
    assert "\nWarnings\n  default[1][2]  " in text
    assert "  never applied: never\n" in text


def test_the_source_has_the_paths_beside_it():
    found = told(["add", "a", "_S.b"])
    assert "T['a'] = S.get('b')" in found["source"]
    (line,) = [line for line in found["source"].splitlines() if "T['a']" in line]
    assert line.endswith("  # $.rules.default[1]")
    compile(found["source"], "explained", "exec")
    assert explain_text(found, source=True).endswith(found["source"])
    assert "def bind" not in explain_text(found)


def test_what_comes_out_is_said_at_the_top():
    assert "under its own _id" in explain_text(told())
    assert "its _id may be another" in explain_text(told(["add", "_id", ["concat", "x", "_S.b"]]))
    assert "several entities" in explain_text(told(["create", "_S.items"]))


def test_paths_lie_below_the_path_that_is_given():
    found = explain({"default": [["copy", "*"]]}, path=("transform", 1, "rules"))
    assert found["base"] == "$.transform[1].rules"
    assert found["rules"][0]["transforms"][0]["path"] == "$.transform[1].rules.default[0]"
    assert "Rule default\n  [0]  copy *\n" in explain_text(found)


def test_rules_with_problems_are_refused_with_all_of_them():
    with pytest.raises(DtlError) as caught:
        explain({"default": [["cpy", "*"], ["add", "a"]]})
    assert [problem.code for problem in caught.value.problems] == ["unknown-function", "arity"]


def test_long_expressions_are_cut_and_wrapped():
    long = ["concat", *(f"_S.property_{n}" for n in range(200))]
    found = told(["add", "a", long])
    assert len(found["rules"][0]["transforms"][1]["text"]) < 420


@pytest.mark.parametrize(
    ("transforms", "warned"),
    [
        ([], True),
        ([["add", "x", 1]], True),
        ([["copy", "*", "_*"]], True),
        ([["filter", ["eq", "_S.a", 1]], ["rename", "a", "b"]], True),
        ([["create", "_S.items"]], True),
        ([["create", "_S.items"], ["discard", False]], False),
        ([["copy", "_i?"]], False),
        ([["add", "_id", "_S.key"]], False),
        ([["add", "_S.name", 1]], False),
        ([["merge", "_S.all"]], False),
        ([["if", ["eq", "_S.a", 1], ["copy", "*"]]], False),
    ],
)
def test_a_rule_that_never_sets_the_id_is_a_caution(transforms, warned):
    found = explain({"default": transforms})
    assert ["_id" in caution["text"] for caution in found["cautions"]] == [True] * warned
    unneeded = explain({"default": transforms}, RuleContext(id_required=False))
    assert unneeded["cautions"] == []
