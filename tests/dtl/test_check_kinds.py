"""What the checker says of kinds holds when the functions are run with values of every kind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.dtl import problems_of, run_rules
from sesam_node.dtl.check.kinds import (
    ALIKE,
    EVERY,
    GIVES,
    TAKES,
    USED_BY_TRANSFORMS,
    comparison,
    kinds_of,
    never_equal,
)
from sesam_node.dtl.check.reachability import truth_of
from sesam_node.dtl.parse import parse_node
from sesam_node.dtl.registry import EXPRESSIONS
from sesam_node.dtl.syntax import VARIABLES
from sesam_node.model.values import kind, truth

PROBES = {
    "boolean": [True, False],
    "integer": [5, -1, 0, 22123456],
    "float": [2.5, -0.5],
    "decimal": ["~f1.50", "~f-3"],
    "string": ["abc", "5", "true", "2024-01-31", "2024-01-31T12:00:00Z", "YWJj", "a:b", "",
               '{"a": 1}', "9a3f1c52-55cb-4a5f-8f0e-6d3a2d0c1b11", "+47 22 12 34 56"],
    "date": ["~t2024-01-31"],
    "datetime": ["~t2024-01-31T12:00:00Z"],
    "uri": ["~rhttp://example.org/a", "~rtel:+47-22-12-34-56"],
    "ni": ["~:n:a"],
    "uuid": ["~u9a3f1c52-55cb-4a5f-8f0e-6d3a2d0c1b11"],
    "bytes": ["~bYWJj"],
    "dict": [{"a": 1}, {"b": "x", "_id": "1"}],
}  # fmt: skip
V = "_S.v"
CALLS = {
    **{name: [[name, V]] for name in {*TAKES, *GIVES} - {"now", "hops", "apply-hops"}},
    **{name: [[name, 4, V]] for name in ("plus", "minus", "multiply", "divide", "mod", "pow")},
    **{name: [[name, V, 1], [name, 1, V]] for name in ("+", "-", "*", "/", "%", "^")},
    **{name: [[name, 5, ".", V]] for name in ("ljust", "rjust")},
    **{name: [[name, V, ["list", "a"]]] for name in ("union", "intersection", "difference")},
    "replace": [["replace", "a", "b", V], ["replace", {"a": "b"}, V]],
    "join": [["join", "-", V]],
    "split": [["split", "-", V], ["split", V]],
    "substring": [["substring", 0, 2, V]],
    "matches": [["matches", "*", V]],
    "datetime-parse": [["datetime-parse", "%Y-%m-%d", V]],
    "datetime-format": [["datetime-format", "%Y", V]],
    "datetime-plus": [["datetime-plus", "day", 1, V]],
    "datetime-shift": [["datetime-shift", "UTC", "Europe/Oslo", V]],
    "datetime-diff": [
        ["datetime-diff", "day", V, "~t2024-01-01T00:00:00Z"],
        ["datetime-diff", "day", "~t2024-01-01T00:00:00Z", V],
    ],
    "hash128": [["hash128", "murmur3", V]],
    "ni": [["ni", "n", V], ["ni", V]],
    "phonenumber-parse": [["phonenumber-parse", "NO", V]],
    "phonenumber-format": [["phonenumber-format", "e164", V]],
    "encrypt": [["encrypt", "key", V]],
    "decrypt": [["decrypt", "key", ["encrypt", "key", V]]],
    "map-dict": [["map-dict", "_.", "_.", V]],
    "map-values": [["map-values", "_.", V]],
    "map": [["map", "_.", V]],
    "filter": [["filter", "_.", V]],
    "group": [["group", "_.", "_.", V]],
    "group-by": [["group-by", "_.", V]],
    "dict": [["dict"], ["dict", V], ["dict", "a", V]],
    "now": [["now"]],
    "lookup-entity": [["lookup-entity", "people", V]],
    "completeness": [["completeness", "people", "people"]],
    "hops": [["hops", {"datasets": ["people p"], "where": ["eq", "_S.v", "p._id"]}]],
}
NEEDS_KEYS = {"encrypt-pki", "decrypt-pki", "encrypt-pgp", "decrypt-pgp", "apply-hops"}
NOTHING = (None, [], "", 0, False, {})
NAMES = sorted(CALLS.keys() - NEEDS_KEYS)


def results(expression, values):
    """What an expression gives for each of these values as `_S.v`."""
    rules = {"default": [["copy", "_id"], ["add", "r", expression]]}
    entities = [{"_id": "1", "v": value} for value in values]
    out = run_rules(rules, entities, datasets={"people": [{"_id": "abc"}]})
    return [entity["r"] for entity in out]


def with_constant(expression, value):
    constant = ["literal", value] if type(value) is list else value
    return [constant if part == V else part for part in expression]


def kind_problems(expression):
    rules = {"default": [["copy", "_id"], ["add", "r", expression]]}
    return [problem for problem in problems_of(rules) if problem.code == "wrong-kind"]


def test_every_function_of_the_tables_is_registered_and_tried():
    assert set(TAKES) | set(GIVES) <= set(EXPRESSIONS)
    assert set(TAKES) | set(GIVES) <= set(CALLS) | NEEDS_KEYS
    assert set(PROBES) | {"null", "list", "tuple"} == EVERY


@pytest.mark.parametrize("name", sorted(TAKES.keys() - NEEDS_KEYS - {"decrypt"}))
def test_what_a_function_cannot_use_is_left_out_and_told(name):
    for expression in CALLS[name]:
        for given_kind, singles in PROBES.items():
            values = [*singles, *([value] for value in singles)]
            useless = given_kind not in TAKES[name]
            if useless:
                assert [r for r in results(expression, values) if r not in NOTHING] == []
            told = [bool(kind_problems(with_constant(expression, value))) for value in values]
            assert told == [useless] * len(values), (expression, given_kind)


@pytest.mark.parametrize("name", sorted(TAKES.keys() - NEEDS_KEYS - {"decrypt"}))
def test_what_a_function_can_use_makes_something_of_it(name):
    for given_kind in TAKES[name]:
        made = [r for call in CALLS[name] for r in results(call, PROBES[given_kind])]
        assert any(result not in NOTHING for result in made), given_kind


@pytest.mark.parametrize("name", sorted(GIVES.keys() - NEEDS_KEYS))
def test_what_a_function_gives(name):
    shape, kinds = GIVES[name]
    singles = [None, *(value for values in PROBES.values() for value in values)]
    lists = [[], [None], singles, [["a"], [5]]]
    for expression in CALLS[name]:
        values = [*singles, *lists]
        for value, result in zip(values, results(expression, values), strict=True):
            if type(result) is list:
                assert shape == "list" or (shape == "each" and type(value) is list)
                assert {kind(item) for item in result} <= kinds, (expression, value, result)
            else:
                assert shape != "list", (expression, value, result)
                possible = kinds if shape == "sure" else kinds | {"null"}
                assert kind(result) in possible, (expression, value, result)


@pytest.mark.parametrize("name", sorted(USED_BY_TRANSFORMS))
def test_transforms_of_dicts_do_nothing_with_other_values(name):
    for given_kind, values in PROBES.items():
        if given_kind == "dict":
            continue
        rules = {"default": [["copy", "_id"], [name, values[0]]]}
        (found,) = problems_of(rules)
        assert (found.code, found.path) == ("wrong-kind", "$.rules.default[1][1]")
        if name.startswith("merge"):
            assert run_rules(rules, [{"_id": "1"}]) == [{"_id": "1"}]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (["upper", 5], '"upper" takes strings for VALUES; 5 is an integer'),
        (["upper", ["list", 1, {}]],
            '"upper" takes strings for VALUES; "list" gives a dict or an integer'),
        (["datetime-format", "%Y", "2024-01-31"],
            '"datetime-format" takes datetimes for VALUES; "2024-01-31" is text'),
        (["plus", ["string", "_S.n"], "_S.m"],
            '"plus" takes numbers for INCREMENT; "string" gives a string'),
        (["nth", "1", "_S.l"], '"nth" takes integers for INDEX; "1" is text'),
        (["ljust", 5, "ab", "_S.a"],
            'FILL_CHARACTER takes one character, got "ab"; the result is null'),
        (["concat", "a", ["if", "_S.b", 1, 2.5]],
            '"concat" takes strings for VALUES; "if" gives a number'),
        (["eq", ["count", "_S.l"], "5"],
            '"eq" compares an integer with a string: always false'),
        (["neq", ["count", "_S.l"], "5"],
            '"neq" compares an integer with a string: always true'),
        (["gt", "_S.a", None], '"gt" with null is never true'),
        (["lt", ["datetime", "_S.a"], "2024-01-31"],
            '"lt" compares a datetime with a string: always false'),
        (["and", ["count", "_S.l"], "_S.a"],
            '"count" gives an integer, which always counts as true'),
        (["filter", "_", "_S.l"], '"_" is text, which always counts as true'),
        (["map", "upper", "_S.l"], '"upper" is text, the same for every value'),
        (["if", ["not", "S.name"], 1], '"S.name" is text, which always counts as true'),
    ],
)  # fmt: skip
def test_messages(expression, message):
    assert [problem.message for problem in kind_problems(expression)] == [message]


@pytest.mark.parametrize(
    "expression",
    [
        ["upper", "_S.a"],
        ["upper", None],
        ["upper", ["list"]],
        ["upper", ["list", 1, "a"]],
        ["upper", ["coalesce-args", "_S.a", 5]],
        ["integer", "_.", True],
        ["plus", 1, ["integer", "_S.a"]],
        ["nth", ["if", "_S.a", 1], "_S.l"],
        ["eq", ["upper", "_S.a"], None],
        ["eq", ["split", ",", "_S.a"], ["range", 0, 0]],
        ["eq", 1, ["decimal", "_S.a"]],
        ["gt", ["datetime", "_S.a"], "~t2024-01-31"],
        ["if", ["eq", 1, 1], "a", "b"],
        ["if", True, "a"],
        ["if", ["list", "a"], "a"],
        ["filter", ["eq", "_.a", 1], "_S.l"],
        ["map", "x", "_S.l"],
        ["map", ["concat", "_", "_."], "_S.l"],
        ["ljust", 5, "~", "_S.a"],
    ],
)
def test_no_warning_where_a_value_may_fit(expression):
    assert kind_problems(expression) == []


LEAVES = st.sampled_from(
    [None, True, False, 0, 1, 2.5, "a", "5", "", "~f1.5", "~t2024-01-31T12:00:00Z", "~bYWJj",
     "~:n:a", "~rhttp://example.org/a", {"a": 1}, "_S.v", "_S.missing"]
)  # fmt: skip


def calls(inner):
    one = [
        "upper",
        "length",
        "string",
        "count",
        "sum",
        "abs",
        "integer",
        "keys",
        "is-null",
        "datetime",
        "bytes",
        "first",
        "not",
        "base64-encode",
        "boolean",
        "hex",
        "uri",
        "ni-id",
    ]
    two = ["eq", "neq", "gt", "lte", "+", "plus", "concat", "union", "if-null", "coalesce-args",
           "and", "or", "if", "list", "in"]  # fmt: skip
    return st.one_of(
        st.tuples(st.sampled_from(one), inner),
        st.tuples(st.sampled_from(two), inner, inner),
        st.tuples(st.sampled_from(["if", "list", "coalesce-args"]), inner, inner, inner),
        st.tuples(st.just("case"), inner, inner, inner, inner),
        st.tuples(st.just("case-eq"), inner, inner, inner, inner),
        st.just(("list",)),
    ).map(list)


EXPRESSION = st.recursive(LEAVES, calls, max_leaves=8)
VALUES = [None, [], "abc", 7, ["a", None, 2], {"a": [1]}]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(EXPRESSION, EXPRESSION)
def test_kinds_truth_and_equality_hold_for_every_value(left, right):
    nodes = [parse_node(expression, ()) for expression in (left, right)]
    kinds = [kinds_of(node, VARIABLES) for node in nodes]
    apart = comparison(parse_node(["gt", left, right], ()), VARIABLES)
    both = ["list", left, right, ["eq", left, right], ["gt", left, right]]
    for *sides, equal, greater in results(both, VALUES):
        for result, known, node in zip(sides, kinds, nodes, strict=True):
            if known is not None and type(result) is list:
                assert known.items is not None
                assert {kind(item) for item in result} <= known.items
            elif known is not None:
                assert kind(result) in known.single
            assert truth_of(node, VARIABLES) in (None, truth(result))
        assert not (equal and never_equal(*kinds))
        assert not (greater and apart is not None)


def test_all_alike_arguments_are_looked_at():
    for name in ALIKE - {"datetime-diff"}:
        wrong = True
        assert len(kind_problems([name, wrong, wrong])) == 2
