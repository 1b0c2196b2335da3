"""From an output value back to its cause, and what is said of values that are missing."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path

import pytest
from written_traces import document, function, read, rule, transform

from sesam_node.dtl import RuleContext, Runtime, compile_index
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.dtl.registry import all_functions
from sesam_node.dtl.trace import state, validate, why, why_not, why_not_text, why_text
from sesam_node.dtl.walk import Recorder, walk_rules
from sesam_node.errors import DtlError, InputError

ADA = {
    "_id": "c1",
    "_updated": 7,
    "first": "Ada",
    "last": "Byron",
    "age": 36,
    "tags": ["b", "a"],
    "address": {"city": "London"},
    "orders": [{"no": 1, "lines": [{"sku": "x"}]}, {"no": 2, "lines": [{"sku": "y"}]}],
}
PAYMENTS = [
    {"_id": "p1", "who": "c1", "amount": 320},
    {"_id": "p2", "who": "c1", "amount": 40},
    {"_id": "p3", "who": "c2", "amount": 7},
]
OF_CUSTOMER = {"datasets": ["payments p"], "where": ["eq", "_S._id", "p.who"]}


class Versions(MemoryLookup):
    """Datasets that know the version of each entity: its place in the list."""

    def version(self, dataset, entity_id):
        return list(self.live[dataset]).index(entity_id) + 1


def record(transforms, source=ADA, context=RuleContext(), limit=100_000, **rules):  # noqa: B008 - immutable
    given = {"default": [["copy", "_id"], *transforms], **rules}
    recorder = Recorder(given, context, limit=limit)
    lookup = Versions({"payments": PAYMENTS}, compile_index)
    run = walk_rules(given, context).bind(Runtime(lookup), recorder)
    with contextlib.suppress(DtlError):  # the document has it
        run(source, [])
    made = json.loads(json.dumps(recorder.document()))
    validate(made)
    return made


def answer(transforms, path, **options):
    made = record(transforms, **options)
    return why(made, path=path, result=len(made["entities"][0]["results"]) - 1)


def leaves(nodes):
    """The ends of the tree: text and value."""
    found = []
    for node in nodes:
        if node.get("from"):
            found.extend(leaves(node["from"]))
        else:
            found.append((node["text"], node.get("value")))
    return found


def ends(transforms, path, **options):
    return leaves(answer(transforms, path, **options)["because"])


# -- why -------------------------------------------------------------------------------------------


def test_a_value_leads_through_functions_to_the_properties_that_were_read():
    found = answer([["add", "name", ["upper", ["concat", "_S.first", " ", "_S.last"]]]], "$.name")
    assert (found["value"], found["version"], found["base"]) == ("ADA BYRON", 7, "$.rules")
    assert found["because"] == [
        {
            "kind": "set",
            "text": '"name" set by add',
            "path": "$.rules.default[1]",
            "event": 2,
            "property": "name",
            "value": "ADA BYRON",
            "from": [
                {
                    "kind": "function",
                    "text": '["upper", ["concat", "_S.first", " ", "_S.last"]]',
                    "path": "$.rules.default[1][2]",
                    "event": 3,
                    "value": "ADA BYRON",
                    "from": [
                        {
                            "kind": "function",
                            "text": '["concat", "_S.first", " ", "_S.last"]',
                            "path": "$.rules.default[1][2][1]",
                            "event": 4,
                            "value": "Ada Byron",
                            "from": [
                                {
                                    "kind": "source",
                                    "text": "first of the source entity",
                                    "path": "$.rules.default[1][2][1][1]",
                                    "event": 5,
                                    "value": "Ada",
                                    "entity": {"id": "c1", "version": 7},
                                },
                                {
                                    "kind": "source",
                                    "text": "last of the source entity",
                                    "path": "$.rules.default[1][2][1][3]",
                                    "event": 6,
                                    "value": "Byron",
                                    "entity": {"id": "c1", "version": 7},
                                },
                            ],
                        }
                    ],
                }
            ],
        }
    ]


PAID = ["add", "paid", ["sorted-descending", "_.amount", ["hops", OF_CUSTOMER]]]
LOOKED_UP = [
    ("looked up in payments: 2 found, by index who", ["c1"]),
    ("_id of the source entity", "c1"),
]
CASES = [
    ("a copied property", [["copy", "*"]], "age", [("age of the source entity", 36)]),
    (
        "a place in a copied property",
        [["copy", "*"]],
        "orders[1].lines[0].sku",
        [("orders[1].lines[0].sku of the source entity", "y")],
    ),
    (
        "a renamed property",
        [["rename", "first", "given"]],
        "given",
        [("first of the source entity", "Ada")],
    ),
    (
        "a computed old name",
        [["rename", ["concat", "fir", "st"], "given"]],
        "given",
        [("first of the source entity", "Ada"), ('["concat", "fir", "st"]', "first")],
    ),
    (
        "an identifier made of a property",
        [["make-ni", "x", "first"]],
        "first-ni",
        [("first of the source entity", "Ada")],
    ),
    (
        "a constant",
        [["add", "kind", {"a": 1}]],
        "kind.a",
        [("a constant of the rules", {"a": 1})],
    ),
    (
        "a target property, read again",
        [["add", "a", "_S.age"], ["add", "b", ["plus", "_T.a", 1]]],
        "b",
        [("age of the source entity", 36)],
    ),
    (
        "a target property, before it was overwritten",
        [["add", "a", "_S.age"], ["add", "b", "_T.a"], ["add", "a", "_S.first"]],
        "b",
        [("age of the source entity", 36)],
    ),
    (
        "an item of what was sorted",
        [["add", "t", ["sorted", "_S.tags"]]],
        "t[0]",
        [("tags[1] of the source entity", "a")],
    ),
    (
        "the branch that was taken, and what decided",
        [["add", "a", ["if", ["gt", "_S.age", 40], "_S.first", "_S.last"]]],
        "a",
        [("age of the source entity", 36), ("last of the source entity", "Byron")],
    ),
    (
        "an item that map made",
        [["add", "n", ["map", ["string", "_.no"], "_S.orders"]]],
        "n[1]",
        [("orders[1].no of the source entity", 2)],
    ),
    (
        "a property of a dict",
        [["add", "d", ["dict", "a", "_S.age", "b", ["lower", "_S.last"]]]],
        "d.b",
        [("last of the source entity", "Byron")],
    ),
    (
        "a merged property",
        [["merge", ["list", {"age": 1}, ["dict", "age", "_S.age"]]]],
        "age",
        [("age of the source entity", 36)],
    ),
    (
        "a child",
        [["create-child", ["list", ["dict", "_id", "k", "of", "_S.first"]]]],
        "$.$children[0].of",
        [("first of the source entity", "Ada")],
    ),
    (
        "an entity of a hop",
        [["add", "all", ["hops", OF_CUSTOMER]]],
        "all[1].amount",
        [*LOOKED_UP, ('amount of payments "p2" version 2', 40)],
    ),
    (
        "an entity of a hop that was sorted",
        [PAID],
        "paid[0].amount",
        [*LOOKED_UP, ('amount of payments "p1" version 1', 320)],
    ),
    (
        "a path into entities of a hop",
        [PAID, ["add", "amounts", ["path", "amount", "_T.paid"]]],
        "amounts[1]",
        [*LOOKED_UP, ('amount of payments "p2" version 2', 40)],
    ),
    (
        "what a hop returned for a row",
        [["add", "r", ["hops", {**OF_CUSTOMER, "return": {"sum": ["plus", "p.amount", 1]}}]]],
        "r[1].sum",
        [*LOOKED_UP, ('amount of payments "p2" version 2', 40)],
    ),
    (
        "all rows of a hop, where no place in them is asked for",
        [["add", "total", ["sum", ["hops", {**OF_CUSTOMER, "return": "p.amount"}]]]],
        "total",
        [
            *LOOKED_UP,
            ('payments "p1" version 1', PAYMENTS[0]),
            ('payments "p2" version 2', PAYMENTS[1]),
        ],
    ),
    (
        "the one item that was picked of many",
        [
            ["add", "all", ["hops", OF_CUSTOMER]],
            ["add", "least", ["string", ["first", ["sorted", ["map", "_.amount", "_T.all"]]]]],
        ],
        "least",
        [*LOOKED_UP, ('amount of payments "p2" version 2', 40)],
    ),
    (
        "an entity by its id",
        [["add", "p", ["lookup-entity", "payments", "p3"]]],
        "p.amount",
        [("looked up in payments: 1 found, by _id", ["p3"]), ('amount of payments "p3"', 7)],
    ),
]


@pytest.mark.parametrize(
    ("transforms", "path", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_why_ends_at(transforms, path, expected):
    found = ends(transforms, path)
    assert [(text.replace(" version 3", ""), value) for text, value in found] == expected


def test_an_applied_rule_is_followed_to_the_one_value():
    rules = {
        "order": [["add", "no", "_S.no"], ["add", "of", "_P._T.name"], ["add", "top", "_R._S.age"]],
    }
    transforms = [
        ["add", "name", ["upper", "_S.first"]],
        ["add", "orders", ["apply", "order", "_S.orders"]],
        ["add", "name", "later"],
    ]
    assert ends(transforms, "orders[1].no", **rules) == [("orders[1].no of the source entity", 2)]
    assert ends(transforms, "orders[1].of", **rules) == [("first of the source entity", "Ada")]
    assert ends(transforms, "orders[0].top", **rules) == [("age of the source entity", 36)]


def test_values_that_a_rule_filtered_do_not_shift_those_after_it():
    rules = {"order": [["filter", ["gt", "_S.no", 1]], ["add", "number", "_S.no"]]}
    found = ends([["add", "orders", ["apply", "order", "_S.orders"]]], "orders[0].number", **rules)
    assert found == [("orders[1].no of the source entity", 2)]


def test_rules_within_rules_lead_to_the_source_too():
    rules = {
        "order": [["add", "lines", ["apply", "line", "_S.lines"]]],
        "line": [["add", "sku", ["upper", "_S.sku"]], ["add", "who", "_P._P._S.first"]],
    }
    transforms = [["add", "orders", ["apply", "order", "_S.orders"]]]
    path = "orders[1].lines[0].sku"
    assert ends(transforms, path, **rules) == [("orders[1].lines[0].sku of the source entity", "y")]
    path = "orders[1].lines[0].who"
    assert ends(transforms, path, **rules) == [("first of the source entity", "Ada")]


def test_apply_hops_names_the_entity_of_the_dataset():
    rules = {"pay": [["filter", ["lt", "_S.amount", 100]], ["add", "sum", "_S.amount"]]}
    transforms = [["add", "pays", ["apply-hops", "pay", OF_CUSTOMER]]]
    found = answer(transforms, "pays[0].sum", **rules)
    assert leaves(found["because"]) == [('amount of payments "p2" version 2', 40)]
    end = found["because"][0]["from"][0]["from"][0]["from"][0]["from"][0]
    assert end["entity"] == {"dataset": "payments", "id": "p2", "version": 2}


def test_a_created_entity_is_why_itself():
    created = [
        "list",
        ["dict", "_id", "x1", "n", "_S.first"],
        ["dict", "_id", "x2", "n", "_S.last"],
    ]
    made = record([["create", created]])
    assert leaves(why(made, result=1, path="n")["because"]) == [
        ("last of the source entity", "Byron")
    ]
    assert why(made, result=1, path="n")["because"][0]["kind"] == "result"
    assert leaves(why(made, result=2, path="_id")["because"]) == [
        ("_id of the source entity", "c1")
    ]


def test_what_is_created_within_a_create_comes_out_first():
    rules = {"order": [["create", ["dict", "_id", "inner", "n", "_S.no"]], ["copy", "no"]]}
    orders = ["apply", "order", ["first", "_S.orders"]]
    made = record([["create", ["dict", "_id", "outer", "o", orders]]], **rules)
    ids = [made["values"][value]["_id"] for value in made["entities"][0]["results"]]
    assert ids == ["inner", "outer", "c1"]
    inner = why(made, result=0, path="n")["because"][0]
    assert (inner["kind"], inner["path"]) == ("result", "$.rules.order[0]")
    assert why(made, result=1, path="_id")["because"][0]["path"] == "$.rules.default[1]"
    assert leaves(why(made, result=2, path="_id")["because"])[0][0] == "_id of the source entity"


def test_the_mark_of_a_filtered_entity_is_from_the_filter():
    made = record([["if", "_S.age", ["filter", ["gt", "_S.age", 40]]]])
    (node,) = why(made, path="_filtered")["because"]
    assert node["text"] == 'filtered by ["filter", ["gt", "_S.age", 40]]'
    assert node["under"][0]["text"] == "if took THEN"
    assert leaves([node]) == [("age of the source entity", 36)]


def test_why_names_the_conditions_and_what_was_there_before():
    transforms = [
        ["add", "kind", "child"],
        ["if", ["gt", "_S.age", 18], [["add", "kind", "adult"]], [["add", "other", 1]]],
    ]
    node = answer(transforms, "kind")["because"][0]
    assert [(n["text"], n["value"]) for n in node["earlier"]] == [("set by add", "child")]
    (under,) = node["under"]
    assert (under["text"], under["path"], under["branch"]) == (
        "if took THEN",
        "$.rules.default[2]",
        0,
    )
    assert [(n["text"], n["value"]) for n in under["from"]] == [('["gt", "_S.age", 18]', True)]


def test_a_property_that_was_removed_in_between_says_so():
    transforms = [["add", "a", 1], ["remove", "a"], ["add", "a", 2]]
    node = answer(transforms, "a")["because"][0]
    assert [n["text"] for n in node["earlier"]] == [
        "set by add",
        'removed by remove "a"',
    ]


def test_namespaced_names_find_their_writer():
    context = RuleContext(namespaced=True, property_namespace="crm", identity_namespace="crm")
    found = ends(
        [["add", "name", "_S.first"], ["add", "copy", "_T.name"]],
        '$["crm:copy"]',
        context=context,
    )
    assert found == [("first of the source entity", "Ada")]


def test_the_whole_result_lists_who_set_what():
    nodes = answer([["add", "a", 1], ["add", "b", 2], ["remove", "b"]], "$")["because"]
    assert [node["text"] for node in nodes] == ['"_id" set by copy', '"a" set by add']


def test_a_value_read_many_times_is_told_once():
    transforms = [["add", "x0", "_S.first"]]
    for n in range(1, 40):
        transforms.append(["add", f"x{n}", ["concat", f"_T.x{n - 1}", f"_T.x{n - 1}"]])
        transforms.append(["add", f"x{n}", ["substring", 0, 3, f"_T.x{n}"]])
    text = why_text(answer(transforms, "x39"))
    assert text.count("\n") < 400
    assert "shown above" in text


def test_many_items_are_cut_short():
    source = {"_id": "1", "many": [{"n": n} for n in range(500)]}
    rules = {"one": [["add", "n", "_S.n"]]}
    found = answer([["add", "all", ["apply", "one", "_S.many"]]], "all", source=source, **rules)
    nodes = found["because"][0]["from"][0]["from"]
    assert len(nodes) == 14
    assert nodes[-1]["text"] == "and 488 more"
    one = answer(
        [["add", "all", ["apply", "one", "_S.many"]]], "all[431].n", source=source, **rules
    )
    assert leaves(one["because"]) == [("many[431].n of the source entity", 431)]


def test_a_recording_that_was_cut_off_says_that_it_knows_no_more():
    found = answer([["add", "a", ["upper", "_S.first"]]], "a", limit=2)
    assert [node["text"] for node in found["because"]] == ['no recorded transform set "a"']


def test_why_refuses_what_is_not_there():
    made = record([["add", "a", 1]])
    with pytest.raises(InputError, match=r"nothing at \$.b .* why_not"):
        why(made, path="b")
    with pytest.raises(InputError, match="counted from 0"):
        why(made, result=1, path="a")


# -- why not ---------------------------------------------------------------------------------------

NOT_THERE = [
    ("null", [["add-if", "mail", "_S.mail"]], "mail", "default[1]"),
    ("null", [["add-if", "old", ["gt", "_.", 40], "_S.age"]], "old", "default[1]"),
    ("absent", [["rename", "mail", "email"]], "email", "default[1]"),
    ("absent", [["copy", "mail"]], "mail", "default[1]"),
    ("excluded", [["copy", "*", "a*"]], "age", "default[1]"),
    ("excluded", [["copy", "*", ["list", "x", "ag?"]]], "age", "default[1]"),
    ("not-copied", [["copy", "f*"]], "age", None),
    ("removed", [["copy", "*"], ["remove", "a*"]], "age", "default[2]"),
    ("not-taken", [["if", ["gt", "_S.age", 40], ["add", "old", True]]], "old", "default[1]"),
    (
        "not-taken",
        [["case", ["gt", "_S.age", 1], [["add", "a", 1]], [["add", "b", 1]]]],
        "b",
        "default[1]",
    ),
    (
        "not-taken",
        [["case-eq", "_S.age", 1, ["add", "a", 1], 36, ["add", "b", 1], ["copy", "x*"]]],
        "a",
        "default[1]",
    ),
    ("filtered", [["filter", ["gt", "_S.age", 40]], ["add", "a", 1]], "a", "default[1]"),
    ("discarded", [["discard", ["gt", "_S.age", 40]], ["add", "a", 1]], "a", "default[1]"),
    ("failed", [["add", "a", 1], ["fail!", "no"]], "a", "default[2]"),
    ("never-written", [["add", "name", 1]], "nam", None),
    ("not-in-value", [["copy", "*"]], "address.street", "default[1]"),
]


@pytest.mark.parametrize(("reason", "transforms", "path", "blamed"), NOT_THERE)
def test_why_not(reason, transforms, path, blamed):
    found = why_not(record(transforms), path=path)
    rule_path = found.get("rule")
    assert (found["reason"], rule_path) == (reason, blamed and f"$.rules.{blamed}")
    assert json.loads(json.dumps(found)) == found
    assert max(map(len, why_not_text(found).splitlines())) <= 100


def test_why_not_says_what_the_condition_saw():
    found = why_not(record([["filter", ["gt", "_S.age", 40]]]))
    assert leaves(found["because"]) == [("age of the source entity", 36)]
    assert found["because"][0]["value"] is False


def test_why_not_goes_into_applied_rules():
    rules = {"order": [["filter", ["gt", "_S.no", 1]], ["add-if", "x", "_S.x"], ["add", "n", 1]]}
    made = record([["add", "orders", ["apply", "order", "_S.orders"]]], **rules)
    assert why_not(made, path="orders[0].x")["rule"] == "$.rules.order[1]"
    assert why_not(made, path="orders[0].age")["reason"] == "never-written"
    elsewhere = why_not(made, path="x")
    assert (elsewhere["reason"], elsewhere["rule"]) == ("not-run", "$.rules.order[1]")


def test_why_not_goes_through_functions_that_pass_values_on():
    rules = {"pay": [["copy", "who"], ["add-if", "late", "_S.late"]]}
    made = record(
        [["add", "pays", ["sorted", "_.amount", ["combine", ["apply-hops", "pay", OF_CUSTOMER]]]]],
        **rules,
    )
    found = why_not(made, path="pays[1].late")
    assert (found["reason"], found["rule"]) == ("null", "$.rules.pay[1]")
    assert why_not(made, path="pays[1].amount")["reason"] == "not-copied"


def test_what_stands_after_the_filter_of_an_applied_rule_was_not_reached():
    rules = {"order": [["copy", "no"], ["if", True, ["filter", False]], ["add", "n", 1]]}
    made = record([["add", "o", ["apply", "order", "_S.orders"]]], **rules)
    assert why_not(made, path="n")["reason"] == "not-run"
    assert why(made, path="o")["value"] == []


def test_a_suggestion_of_a_near_name():
    assert 'did you mean "name"' in why_not(record([["add", "name", 1]]), path="nam")["text"]


def test_the_last_removal_is_to_blame_and_the_others_are_told():
    made = record([["copy", "*"], ["remove", "age"], ["add", "age", 1], ["remove", "ag*"]])
    found = why_not(made, path="age")
    assert found["rule"] == "$.rules.default[4]"
    assert [c["rule"] for c in found["candidates"]] == ["$.rules.default[4]", "$.rules.default[2]"]


def test_a_created_entity_may_lack_a_property():
    made = record([["create", ["dict", "_id", "x"]]])
    assert why_not(made, path="n", result=0)["reason"] == "not-in-value"
    assert why_not(made, path="n", result=1)["reason"] == "never-written"


def test_a_target_without_id_is_said_to_have_none():
    context = RuleContext(id_required=False)
    made = record([["remove", "_id"]], context=context)
    assert why_not(made)["reason"] == "absent"


def test_why_not_refuses_what_is_there():
    made = record([["add", "a", None], ["add", "b", 1]])
    with pytest.raises(InputError, match=r"there is null at \$.a"):
        why_not(made, path="a")
    with pytest.raises(InputError, match=r"there is a value at \$.b"):
        why_not(made, path="b")
    with pytest.raises(InputError, match="no such result"):
        why_not(made, path="c", result=4)


# -- what a recorder says and what is found without it ---------------------------------------------


def test_entities_that_the_recorder_names_are_believed():
    rules = {"default": [["add", "a", ["hops", {"datasets": ["d x"], "where": []}, {}]]]}
    held = {"dataset": "d", "id": "d1", "version": 3}
    tree = rule(
        "default",
        transform(
            "default[0]",
            "add",
            function(
                "default[0][2]",
                "count",
                1,
                read("default[0][2][1]", "_S.n", 1, entity=held),
            ),
            sets={"a": 1},
        ),
    )
    made = document(rules, ({"_id": "1"}, [{"_id": "1", "a": 1}], tree))
    validate(made)
    (found,) = why(made, path="a")["because"][0]["from"][0]["from"]
    assert (found["text"], found["entity"]) == ('n of d "d1" version 3', held)


def test_a_source_that_hops_came_through_is_not_taken_for_the_source_entity():
    second = {"datasets": ["payments q"], "where": ["eq", "_S.who", "q.who"], "return": "_S.amount"}
    made = record([["add", "a", ["hops", OF_CUSTOMER, second]]])
    found = leaves(why(made, path="a[0]")["because"])
    assert ('amount of payments "p1" version 1', 320) in found
    for event in made["entities"][0]["events"]:
        event.pop("entity", None)
    found = leaves(why(made, path="a[0]")["because"])
    assert ("amount of an entity that the hops came through", 320) in found


# -- state -----------------------------------------------------------------------------------------


def test_state_before_and_after_each_transform():
    made = record([["add", "a", 1], ["remove", "a"], ["add", "a", 2]])
    events = made["entities"][0]["events"]
    steps = [n for n, event in enumerate(events) if event["kind"] == "transform"]
    assert [state(made, 0, n)["_T"] for n in steps] == [
        {},
        {"_id": "c1"},
        {"_id": "c1", "a": 1},
        {"_id": "c1"},
    ]
    assert [state(made, 0, n, after=True)["_T"] for n in steps] == [
        {"_id": "c1"},
        {"_id": "c1", "a": 1},
        {"_id": "c1"},
        {"_id": "c1", "a": 2},
    ]
    assert state(made, 0, 0, after=True)["_T"] == made["values"][made["entities"][0]["results"][0]]


def test_a_transform_under_way_has_written_nothing():
    made = record([["add", "a", 1], ["add", "a", ["plus", "_S.age", 1]]])
    events = made["entities"][0]["events"]
    (plus,) = [n for n, event in enumerate(events) if event["name"] == "plus"]
    assert state(made, 0, plus, after=True)["_T"] == {"_id": "c1", "a": 1}


def test_state_within_an_applied_rule_knows_its_caller():
    rules = {"order": [["add", "no", "_S.no"]]}
    made = record([["add", "a", 1], ["add", "o", ["apply", "order", "_S.orders"]]], **rules)
    events = made["entities"][0]["events"]
    (add,) = [n for n, e in enumerate(events) if e["frame"] == 2 and e["kind"] == "transform"]
    assert state(made, 0, add, after=True) == {
        "rule": "order",
        "_S": ADA["orders"][1],
        "_T": {"no": 2},
        "_P": {"rule": "default", "_S": ADA, "_T": {"_id": "c1", "a": 1}, "_P": None},
    }
    with pytest.raises(InputError, match="no such event"):
        state(made, 0, len(events))


# -- text ------------------------------------------------------------------------------------------


def test_why_as_text():
    transforms = [
        ["add", "total", 0],
        [
            "if",
            ["gt", "_S.age", 18],
            ["add", "total", ["sum", ["hops", {**OF_CUSTOMER, "return": "p.amount"}]]],
        ],
    ]
    assert why_text(answer(transforms, "total")) == (
        """\
$.total = 360
  of result 0 of the source entity "c1" version 7
  "total" set by add = 360                                                             default[2][2]
    where if took THEN                                                                    default[2]
      ["gt", "_S.age", 18] = true                                                      default[2][1]
    before that set by add = 0                                                            default[1]
    ["sum", ["hops", {"datasets": ["payments p"], "where": ["eq", "_S._id... = 360  default[2][2][2]
      ["hops", {"datasets": ["payments p"], "where": ["eq", "_S.... = [320, 40]  default[2][2][2][1]
        looked up in payments: 2 found, by index who for ["c1"]
        _id of the source entity = "c1"                              default[2][2][2][1][1].where[1]
        payments "p1" version 1 = {"_id": "p1", "who": "c1", "amount": ...
        payments "p2" version 2 = {"_id": "p2", "who": "c1", "amount": 40}
"""
    )


def test_why_not_as_text():
    transforms = [["if", ["gt", "_S.age", 40], ["add", "old", True]], ["add-if", "old", "_S.old"]]
    assert why_not_text(why_not(record(transforms), path="old")) == (
        """\
$.old is not there
  for the source entity "c1" version 7
  ["add-if", "old", "_S.old"]: its value is null                                          default[2]
    old of the source entity, which has no such property = null                        default[2][2]
  also:
    ["add", "old", true] stands in another branch: no condition held                      default[1]
      ["gt", "_S.age", 40] = false                                                     default[1][1]
        age of the source entity = 36                                               default[1][1][1]
"""
    )


# -- all that rules can be -------------------------------------------------------------------------


def places(value, path="$"):
    """Every place of a value, as a JSON path."""
    yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from places(item, f"{path}[{json.dumps(name)}]")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from places(item, f"{path}[{position}]")


def recorded_example(entry, example):
    """The document of an example of the function reference."""
    given = example.expression
    if entry.kind != "transform":
        transforms = [["copy", "_id"], ["add", "value", given]]
    else:
        transforms = [["copy", "_id"], *(given if type(given[0]) is list else [given])]
    rules = {"default": transforms, **example.rules}
    context = RuleContext(**example.context)
    recorder = Recorder(rules, context)
    runtime = Runtime(MemoryLookup(example.datasets, compile_index), sleep=lambda _: None)
    with contextlib.suppress(DtlError):
        source = {"_id": "x", **copy.deepcopy(example.source or {})}
        walk_rules(rules, context).bind(runtime, recorder)(source, [])
    made = json.loads(json.dumps(recorder.document()))
    validate(made)
    return made


@pytest.mark.parametrize("entry", all_functions(), ids=lambda e: f"{e.name}-{e.kind}")
def test_each_place_of_each_example_has_a_why(entry):
    """The tree ends, fits the terminal, and leads to events that are there."""
    for example in entry.examples:
        made = recorded_example(entry, example)
        entity = made["entities"][0]
        for position, result in enumerate(entity["results"]):
            for path in places(made["values"][result]):
                found = why(made, path=path, result=position)
                assert found["because"]
                text = why_text(found)
                assert max(map(len, text.splitlines())) <= 100, text
        if not entity["results"] or entity["error"]:
            assert why_not(made)["reason"] in ("filtered", "discarded", "failed")
        assert why_not_text(why_not(made, path="no-such-property")).startswith("$.no-such-property")


def test_every_key_that_is_recorded_is_documented():
    page = (Path(__file__).parents[2] / "docs" / "trace-format.md").read_text()
    keys = set()
    for entry in all_functions():
        for example in entry.examples:
            made = recorded_example(entry, example)
            for entity in made["entities"]:
                keys.update(made, entity, *entity["frames"], *entity["events"])
    assert len(keys) > 30
    assert {key for key in keys if f"`{key}`" not in page} == set()


def test_a_rule_that_filtered_an_item_gave_nothing():
    """What is asked for is not there: the runs of the rule are shown in short."""
    source = {"_id": "1", "items": [{"q": 1}, {"q": 3}]}
    item = [["filter", ["gt", "_S.q", 2]], ["copy", "q"]]
    document = record([["add", "it", ["apply", "item", "_S.items"]]], source, item=item)
    lines = why_not_text(why_not(document, path="$.it[1]")).splitlines()
    shown = [line.strip().rpartition("  ")[0].strip() for line in lines if "the rule" in line]
    assert shown == [
        'the rule "item" for {"q": 1} gave nothing',
        'the rule "item" for {"q": 3} = {"q": 3}',
    ]
