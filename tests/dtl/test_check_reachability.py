"""What is called unreachable never runs: not even a bomb in its place goes off."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.dtl import problems_of, run_rules

BOMB = ["range", 0, 1, ["-", 1, 1]]
"""Fails where it is evaluated: a step of zero, but not a constant one."""

IS_A = ["eq", "_S.n", "a"]
STEP = re.compile(r"\[(\d+)\]|\.(\w+)")


def found(rules, code="unreachable"):
    return [problem for problem in problems_of(rules, path=()) if problem.code == code]


def block(*transforms):
    return {"default": [["copy", "_id"], *transforms]}


def value(expression):
    return block(["add", "r", expression])


DEAD = [
    ("after filter", block(["filter"], ["add", "r", 1]), "$.default[2]",
        'never runs: ["filter"] before it ends the rule'),
    ("after discard that never holds",
        block(["discard", ["eq", 1, 2]], ["comment"], ["add", "r", 1]), "$.default[3]",
        'never runs: ["discard", ["eq", 1, 2]] before it ends the rule'),
    ("after fail!", block(["fail!", "no"], ["copy", "*"], ["add", "r", 1]), "$.default[2]",
        'never runs: ["fail!", "no"] before it ends the rule'),
    ("after both branches", block(["if", IS_A, ["filter"], [["discard"]]], ["add", "r", 1]),
        "$.default[2]", None),
    ("after case with else", block(["case", IS_A, ["filter"], ["discard"]], ["add", "r", 1]),
        "$.default[2]", None),
    ("after a branch that is always taken", block(["if", True, ["filter"]], ["add", "r", 1]),
        "$.default[2]", None),
    ("in a branch", block(["if", IS_A, [["filter"], ["add", "r", 1]]]), "$.default[1][2][1]", None),
    ("a condition that never holds", block(["if", ["eq", 1, "1"], ["add", "r", 1]]),
        "$.default[1][2]", 'never taken: ["eq", 1, "1"] never holds'),
    ("else of one that always holds", value(["if", ["eq", "_S.n", "_S.n"], 1, 2]),
        "$.default[1][2][3]", 'never taken: ["eq", "_S.n", "_S.n"] always holds before it'),
    ("a condition twice", value(["case", IS_A, 1, ["gt", "_S.n", 2], 2, IS_A, 3]),
        "$.default[1][2][6]", 'never taken: ["eq", "_S.n", "a"] stands before it already'),
    ("case after one that always holds", value(["case", IS_A, 1, ["list", 0], 2, IS_A, 3, 4]),
        ["$.default[1][2][6]", "$.default[1][2][7]"], None),
    ("a constant twice", block(["case-eq", "_S.n", "a", [["add", "r", 1]], ["list", "a"], []]),
        "$.default[1][5]", 'never taken: "_S.n" = ["list", "a"] stands before it already'),
    ("numbers of other types are the same", value(["case-eq", "_S.n", 1, "x", 1.0, "y"]),
        "$.default[1][2][5]", None),
    ("a kind that never comes", value(["case-eq", ["count", "_S.n"], "1", "x", 1, "y"]),
        "$.default[1][2][3]", 'never taken: ["count", "_S.n"] = "1" never holds'),
    ("a constant subject", value(["case-eq", "n", "a", 1, "n", 2, 3]),
        ["$.default[1][2][3]", "$.default[1][2][6]"], None),
    ("and after false", value(["and", False, "_S.n"]), "$.default[1][2][2]",
        "never evaluated: false before it decides"),
    ("or after what always counts as true", value(["or", ["count", "_S.n"], "_S.n"]),
        "$.default[1][2][2]", None),
    ("coalesce-args after a constant", value(["coalesce-args", "_S.n", "none", "_S.m", "_S.k"]),
        "$.default[1][2][3]", 'never evaluated: "none" before it decides'),
    ("if-null of text", value(["if-null", "name", "_S.n"]), "$.default[1][2][2]",
        'never evaluated: "name" before it decides'),
    ("nested conditions", value(["if", ["and", ["not", ["list"]], ["or", None, 1]], 1, 2]),
        "$.default[1][2][3]", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "paths", "message"), [row[1:] for row in DEAD], ids=[row[0] for row in DEAD]
)
def test_unreachable(rules, paths, message):
    problems = found(rules)
    assert [problem.path for problem in problems] == ([paths] if type(paths) is str else paths)
    assert {problem.level for problem in problems} == {"warning"}
    if message:
        assert problems[0].message == message


def test_a_default_of_what_has_just_been_set():
    rules = block(["add", "a", "_S.n"], ["if", IS_A, ["add", "b", 1]], ["default", "a", 2])
    (problem,) = found(rules)
    assert problem.path == "$.default[3]"
    assert problem.message == 'never sets anything: "a" has been set before it in this list'


ALIVE = [
    block(["filter", IS_A], ["add", "r", 1]),
    block(["if", IS_A, ["filter"]], ["add", "r", 1]),
    block(["case", IS_A, ["filter"]], ["add", "r", 1]),
    block(["case-eq", "_S.n", "a", ["filter"], "b", ["filter"]], ["add", "r", 1]),
    block(["if", ["list"], ["copy", "*"], ["filter"]], ["comment", "the end"]),
    block(["add", "a", 1], ["remove", "a"], ["default", "a", 2]),
    block(["add", "a", 1], ["if", IS_A, ["remove", "*"]], ["default", "a", 2]),
    block(["add-if", "a", "_S.n"], ["default", "a", 2]),
    block(["if", IS_A, ["add", "a", 1]], ["default", "a", 2]),
    block(["add", ["concat", "_S.n"], 1], ["default", "a", 2]),
    block(["filter", True], ["add", "r", 1]),
    value(["case", ["eq", ["uuid"], "_S.n"], 1, ["eq", ["uuid"], "_S.n"], 2]),
    value(["eq", ["now"], ["now"]]),
    value(["if-null", ["list"], 1]),
    value(["if-null", ["upper", "a"], 1]),
    value(["coalesce-args", None, "_S.n", "x"]),
    value(["case-eq", "_S.n", 1, "x", "1", "y", True, "z"]),
]


@pytest.mark.parametrize("rules", ALIVE[:4] + ALIVE[5:])
def test_no_warning_where_something_may_run(rules):
    assert found(rules) == []


def test_comments_may_stand_anywhere():
    assert [problem.path for problem in found(ALIVE[4])] == ["$.default[1][2]"]


def steps_of(path):
    return [int(n) if n else name for n, name in STEP.findall(path)]


def unshared(rules):
    """A copy in which no two places are one list."""
    return json.loads(json.dumps(rules))


def with_bombs(rules, paths):
    """The rules with a bomb in the place of each of these nodes."""
    armed = unshared(rules)
    for path in paths:
        if any(path.startswith((f"{other}[", f"{other}.")) for other in paths):
            continue
        *steps, last = steps_of(path)
        here, is_transform = armed, True
        for step in steps:
            here = here[step]
            is_transform = is_transform and str(here[0]) not in OF_VALUES
        here[last] = ["add", "bomb", list(BOMB)] if is_transform else list(BOMB)
    return armed


OF_VALUES = {"add", "filter", "discard", "and", "or", "not", "eq", "neq", "count", "is-null"}
SOURCES = [
    {"_id": str(n), "n": value} for n, value in enumerate(["a", "b", 1, True, None, [], [1]])
]
CONSTANT = st.sampled_from([None, True, False, 0, 1, 1.0, "a", "b", ["list"], ["list", 1], "_S.n"])
CONDITION = st.recursive(
    CONSTANT,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["eq", "neq", "and", "or"]), inner, inner).map(list),
        st.tuples(st.sampled_from(["not", "count", "is-null", "upper"]), inner).map(list),
    ),
    max_leaves=4,
)
PLAIN = st.sampled_from([["add", "x", "_S.n"], ["default", "x", 1], ["copy", "*"], ["remove", "x"]])


def transforms(inner):
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.tuples(st.sampled_from(["filter", "discard"]), CONDITION).map(list),
        st.tuples(st.just("if"), CONDITION, some).map(list),
        st.tuples(st.just("if"), CONDITION, some, some).map(list),
        st.tuples(st.just("case"), CONDITION, some, CONDITION, some, some).map(list),
        st.tuples(st.just("case-eq"), CONSTANT, CONSTANT, some, CONSTANT, some).map(list),
        st.tuples(
            st.just("add"),
            st.just("y"),
            st.tuples(
                st.sampled_from(["and", "or", "coalesce-args", "if"]), CONDITION, CONDITION
            ).map(list),
        ).map(list),
        st.tuples(
            st.just("add"),
            st.just("z"),
            st.tuples(st.just("case"), CONDITION, CONSTANT, CONDITION, CONSTANT, CONSTANT).map(
                list
            ),
        ).map(list),
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.recursive(PLAIN, transforms, max_leaves=6), min_size=1, max_size=4))
def test_a_bomb_in_the_place_of_what_is_unreachable_never_goes_off(block_):
    rules = {"default": [["copy", "_id"], *block_]}
    dead = [problem for problem in found(rules) if "never sets" not in problem.message]
    armed = with_bombs(rules, [problem.path for problem in dead])
    assert run_rules(armed, SOURCES) == run_rules(rules, SOURCES)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.recursive(PLAIN, transforms, max_leaves=6), min_size=2, max_size=5))
def test_a_default_that_never_sets_anything_can_be_left_out(block_):
    rules = {"default": [["copy", "_id"], *block_]}
    armed = unshared(rules)
    for problem in found(rules):
        if "never sets" in problem.message:
            *steps, last = steps_of(problem.path)
            here = armed
            for step in steps:
                here = here[step]
            here[last] = ["default", here[last][1], BOMB]
    assert run_rules(armed, SOURCES) == run_rules(rules, SOURCES)


# -- rules -----------------------------------------------------------------------------------------

OF_CUSTOMER = {"datasets": ["orders o"], "where": ["eq", "_S._id", "o.customer"]}


@pytest.mark.parametrize(
    ("rules", "unused"),
    [
        ({**value(1), "r": []}, ["r"]),
        ({**value(["apply", "r", "_S."]), "r": []}, []),
        ({**value(["apply", "r", "_S."]), "r": [["add", "a", ["apply", "q", "_S."]]], "q": []}, []),
        ({**value(1), "r": [["add", "a", ["apply", "r", "_S."]]]}, ["r"]),
        ({**value(1), "r": [["add", "a", ["apply", "q", "_S."]]], "q": []}, ["r", "q"]),
        ({**value(["apply-hops", "r", OF_CUSTOMER]), "r": []}, []),
        ({**value(["hops", {**OF_CUSTOMER, "return": {"a": ["apply", "r", "o."]}}]), "r": []}, []),
        ({**block(["comment", ["add", "a", ["apply", "r", "_S."]]]), "r": []}, ["r"]),
        ({**value(["uper", ["apply", "r", "_S."]]), "r": []}, []),
        ({**value(["apply", "r"]), "r": []}, []),
        ({"r": []}, []),
    ],
)
def test_rules_that_nothing_applies(rules, unused):
    assert {problem.path for problem in found(rules, "unused-rule")} == {f"$.{n}" for n in unused}


def test_an_unused_rule_is_told_of_an_unknown_one_with_a_near_name():
    rules = {**value(["apply", "ordr", "_S.orders"]), "order": [], "other": []}
    near, other = found(rules, "unused-rule")
    assert near.hint == 'there is an apply of "ordr", which is no rule'
    assert other.hint == ""
