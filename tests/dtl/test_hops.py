"""Hops: joins, filters, what is returned, recursion, and how few look-ups they need."""

from __future__ import annotations

import pytest

from sesam_node.dtl import RuleContext, Runtime, compile_index, compile_rules, run_rules
from sesam_node.dtl.lookup import MemoryLookup

PEOPLE = [
    {"_id": "ann", "children": ["bob", "cid"], "town": "oslo"},
    {"_id": "bob", "children": ["dan"], "town": "rome"},
    {"_id": "cid", "children": ["ann"], "town": "oslo"},
    {"_id": "dan", "town": ["rome", "oslo"]},
]
TOWNS = [
    {"_id": "oslo", "name": "Oslo", "country": "no"},
    {"_id": "rome", "name": "Roma", "country": "it"},
]
DATASETS = {"people": PEOPLE, "towns": TOWNS}
CHILDREN = {"datasets": ["people p"], "where": ["eq", "_S.children", "p._id"]}


def hops(*specs, source=PEOPLE[0], context=None, datasets=None):
    rules = {"default": [["copy", "_id"], ["add", "r", ["hops", *specs]]]}
    (out,) = run_rules(
        rules, [source], datasets=datasets or DATASETS, context=context or RuleContext()
    )
    return out["r"]


def ids(*specs, **options):
    return [entity["_id"] for entity in hops(*specs, **options)]


def test_entities_come_in_the_order_of_the_keys():
    assert ids(CHILDREN) == ["bob", "cid"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"recurse": True}, ["ann", "bob", "cid", "dan"]),
        ({"recurse": True, "exclude_root": True}, ["bob", "cid", "dan"]),
        ({"recurse": True, "max_depth": 1}, ["ann", "bob", "cid"]),
        ({"recurse": True, "max_depth": 0}, ["ann"]),
        ({"recurse": True, "max_depth": None, "exclude_root": True}, ["bob", "cid", "dan"]),
    ],
)
def test_recursion_visits_each_entity_once(options, expected):
    assert ids({**CHILDREN, **options}) == expected


def test_a_source_of_the_same_name_elsewhere_is_not_the_root():
    source = {"_id": "ann", "children": ["cid"], "other": True}
    spec = {**CHILDREN, "recurse": True, "exclude_root": True}
    assert ids(spec, source=source) == ["cid", "ann", "bob", "dan"]
    context = RuleContext(source_dataset="people")
    assert ids(spec, source=source, context=context) == ["cid"]


def test_the_next_specification_starts_from_what_was_found():
    towns = {"datasets": ["towns t"], "where": ["eq", "_S.town", "t._id"], "return": "t.name"}
    assert hops(CHILDREN, towns) == ["Roma", "Oslo"]
    assert hops({**CHILDREN, "recurse": True}, {**towns, "return": "t"}) == TOWNS


def test_an_alias_is_returned_once_and_an_expression_for_each_row():
    spec = {
        "datasets": ["people p", "towns t"],
        "where": [["eq", "_S.all", "p._id"], ["eq", "p.town", "t._id"]],
    }
    source = {"_id": "x", "all": ["ann", "cid", "dan"]}
    assert ids(spec, source=source) == ["oslo", "rome"]
    assert ids({**spec, "return": "p, t"}, source=source) == ["ann", "oslo", "cid", "dan", "rome"]
    named = {**spec, "return": "t.name"}
    assert hops(named, source=source) == ["Oslo", "Oslo", "Oslo", "Roma"]


def test_a_dict_to_return_is_a_template_of_each_row():
    returned = {
        "id": "p._id",
        "n": {"x": ["upper", "t.name"], "from": "_S._id", "none": {}},
        "l": "text",
        "k": 1,
        "~tag": ["literal", {"raw": "p._id"}],
        "raw": ["list", {"as": "p._id"}],
    }
    spec = {
        "datasets": ["people p", "towns t"],
        "where": [["eq", "_S.children", "p._id"], ["eq", "p.town", "t._id"]],
        "return": returned,
    }
    assert hops(spec) == [
        {
            "id": person,
            "n": {"x": town, "from": "ann", "none": {}},
            "l": "text",
            "k": 1,
            "~tag": {"raw": "p._id"},
            "raw": [{"as": "p._id"}],
        }
        for person, town in [("bob", "ROMA"), ("cid", "OSLO")]
    ]


def test_hops_in_a_template_are_read_and_tracked():
    towns = {"datasets": ["towns t"], "where": ["eq", "_S.town", "t._id"], "return": "t.name"}
    spec = {**CHILDREN, "return": {"id": "p._id", "in": {"towns": ["hops", towns]}}}
    rules = {"default": [["copy", "_id"], ["add", "r", ["hops", spec]]]}
    compiled = compile_rules(rules, RuleContext(source_dataset="people"))
    assert compiled.datasets == {"people", "towns"}
    assert [tracker.dataset for tracker in compiled.trackers] == ["people", "towns"]
    assert hops(spec) == [
        {"id": "bob", "in": {"towns": ["Oslo"]}},
        {"id": "cid", "in": {"towns": ["Oslo"]}},
    ]


def test_a_join_may_be_a_function_expression():
    datasets = {"o": [{"_id": "a", "n": ["X", "Y"]}, {"_id": "b", "n": "Z"}]}
    for key in (["map", ["lower", "_."], "o.n"], ["filter", ["eq", ["lower", "_."], "x"], "o.n"]):
        spec = {"datasets": ["o o"], "where": ["eq", "_S.k", key]}
        assert ids(spec, source={"_id": "x", "k": ["x", "X"]}, datasets=datasets) == ["a"]


def test_a_third_join_tests_the_rows():
    spec = {
        "datasets": ["people p", "towns t"],
        "where": [
            ["eq", "_S.all", "p._id"],
            ["eq", "p.town", "t._id"],
            ["eq", "_S.country", "t.country"],
        ],
        "return": "p",
    }
    source = {"_id": "x", "all": ["ann", "bob", "dan"], "country": ["it", "se"]}
    assert ids(spec, source=source) == ["bob", "dan"]


def test_aliases_may_be_named_in_any_order():
    spec = {
        "datasets": ["towns t", "people p"],
        "where": [["eq", "t._id", "p.town"], ["eq", "p._id", "_S.all"]],
        "return": "t",
    }
    assert ids(spec, source={"_id": "x", "all": "bob"}) == ["rome"]


def test_a_join_that_no_index_can_hold_reads_the_dataset():
    spec = {"datasets": ["people p"], "where": ["eq", "_S.k", ["concat", "p._id", "_T._id"]]}
    assert ids(spec, source={"_id": "x", "k": "bobx"}) == ["bob"]


def test_filters_see_source_target_and_all_aliases():
    spec = {
        **CHILDREN,
        "where": [CHILDREN["where"], ["eq", "p.town", "_S.town"], ["is-list", "p.children"]],
    }
    assert ids(spec) == ["cid"]


def test_a_filter_that_needs_no_alias_is_asked_once():
    lookup = Counting(DATASETS)
    spec = {**CHILDREN, "where": [CHILDREN["where"], ["eq", "_S.town", "rome"]]}
    rules = {"default": [["copy", "_id"], ["add", "r", ["hops", spec]]]}
    assert counted(rules, lookup) == [{"_id": "ann", "r": []}]
    assert lookup.asked == []


def test_hops_within_hops_see_the_outer_aliases():
    towns = {
        "datasets": ["towns t"],
        "where": [["eq", "_S.wanted", "t._id"], ["eq", "t._id", "p.town"]],
    }
    spec = {
        "datasets": ["people p"],
        "where": [["eq", "_S.all", "p._id"], ["any", ["hops", towns]]],
    }
    source = {"_id": "x", "all": ["ann", "bob"], "wanted": ["oslo", "rome"]}
    assert ids(spec, source=source) == ["ann", "bob"]
    assert ids(spec, source={**source, "wanted": "oslo"}) == ["ann"]


def test_hops_in_a_function_expression_see_its_value():
    spec = {"datasets": ["people p"], "where": [["eq", "_S.all", "p._id"], ["eq", "p.town", "_."]]}
    rules = {
        "default": [
            ["copy", "_id"],
            ["add", "r", ["map", ["count", ["hops", spec]], ["list", "oslo", "rome"]]],
        ]
    }
    source = {"_id": "x", "all": ["ann", "bob", "cid"]}
    assert run_rules(rules, [source], datasets=DATASETS) == [{"_id": "x", "r": [2, 1]}]


def test_a_subset_limits_the_dataset():
    spec = {**CHILDREN, "subsets": {"p": ["eq", "_S.town", "oslo"]}}
    assert ids(spec) == ["cid"]


def test_numbers_join_by_value_and_nothing_joins_null():
    datasets = {"n": [{"_id": "a", "k": 1.0}, {"_id": "b", "k": "~f1.00"}, {"_id": "c", "k": None}]}
    spec = {"datasets": ["n n"], "where": ["eq", "_S.k", "n.k"]}
    assert ids(spec, source={"_id": "x", "k": [1, None]}, datasets=datasets) == ["a", "b"]


class Counting(MemoryLookup):
    """A look-up that writes down what it is asked."""

    def __init__(self, datasets):
        super().__init__(datasets, compile_index)
        self.asked = []

    def entity(self, dataset, entity_id):
        self.asked.append((dataset, entity_id))
        return super().entity(dataset, entity_id)

    def find(self, dataset, index, keys):
        self.asked.append((dataset, index, tuple(keys)))
        return super().find(dataset, index, keys)


def counted(rules, lookup, source=PEOPLE[0]):
    out = []
    compile_rules(rules).bind(Runtime(lookup=lookup))(source, out)
    return out


def test_equal_look_ups_of_one_entity_are_shared():
    where = ["eq", "_S._id", "p.children"]
    rules = {
        "default": [
            ["copy", "_id"],
            ["add", "a", ["hops", {"datasets": ["people p"], "where": where, "return": "p._id"}]],
            ["add", "b", ["hops", {"datasets": ["people q"], "return": "q.town",
                                   "where": ["eq", "q.children", "_S._id"]}]],
        ]
    }  # fmt: skip
    lookup = Counting(DATASETS)
    assert counted(rules, lookup) == [{"_id": "ann", "a": ["cid"], "b": ["oslo"]}]
    assert lookup.asked == [("people", '"_S.children"', ("ann",))]


def test_null_keys_ask_for_nothing():
    lookup = Counting(DATASETS)
    spec = {"datasets": ["people p"], "where": ["eq", "_S.k", "p.town"]}
    rules = {"default": [["copy", "_id"], ["add", "r", ["hops", spec]]]}
    assert counted(rules, lookup, {"_id": "x", "k": [None]}) == [{"_id": "x", "r": []}]
    assert lookup.asked == []


def test_apply_hops_may_lead_to_rules_that_hop():
    rules = {
        "default": [["copy", "_id"], ["add", "r", ["apply-hops", "child", CHILDREN]]],
        "child": [["copy", "_id"], ["add", "r", ["apply-hops", "grandchild", CHILDREN]]],
        "grandchild": [["copy", "_id"], ["add", "of", "_P._P._S._id"]],
    }
    assert run_rules(rules, PEOPLE[:1], datasets=DATASETS) == [
        {
            "_id": "ann",
            "r": [
                {"_id": "bob", "r": [{"_id": "dan", "of": "ann"}]},
                {"_id": "cid", "r": [{"_id": "ann", "of": "ann"}]},
            ],
        }
    ]


def test_deleted_and_older_versions_are_not_seen():
    datasets = {
        "people": [
            {"_id": "bob", "n": 1},
            {"_id": "bob", "n": 2, "_updated": 7},
            {"_id": "cid", "n": 1},
            {"_id": "cid", "_deleted": True},
        ]
    }
    assert hops(CHILDREN, datasets=datasets) == [{"_id": "bob", "n": 2}]
