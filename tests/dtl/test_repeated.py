"""Calls that a rule repeats are evaluated once, and only where that cannot be noticed."""

from __future__ import annotations

import pytest

from sesam_node.dtl import Runtime, compile_rules, run_rules
from sesam_node.errors import DtlError

UPPER = ["upper", "_S.name"]
ADA = {"_id": "x", "name": "Ada", "n": 1}


def source_of(*transforms, **rules):
    return compile_rules({"default": [["copy", "_id"], *transforms], **rules}).source


def test_a_call_that_is_repeated_is_evaluated_once():
    rules = [["add", "a", ["concat", UPPER, "!"]], ["add", "b", ["concat", UPPER, "?"]]]
    assert source_of(*rules).count("S.get('name')") == 1
    assert run_rules({"default": [["copy", "_id"], *rules]}, [ADA]) == [
        {"_id": "x", "a": "ADA!", "b": "ADA?"}
    ]


@pytest.mark.parametrize(
    "rules",
    [
        # The first one stands under a condition: what it keeps may not be there.
        [["if", ["eq", "_S.n", 2], ["add", "a", UPPER]], ["add", "b", UPPER], ["add", "c", UPPER]],
        [["add", "a", ["if", ["eq", "_S.n", 2], UPPER]], ["add", "b", UPPER], ["add", "c", UPPER]],
        [["case", ["eq", "_S.n", 2], ["add", "a", UPPER], UPPER, ["add", "b", UPPER]]],
        [["add", "a", ["map", UPPER, ["list", 1]]], ["add", "b", UPPER], ["add", "c", UPPER]],
        # A name is evaluated after its value, whatever the order they are written in.
        [["add", UPPER, UPPER], ["add", "b", UPPER]],
        [["add", ["concat", UPPER, "2"], ["concat", "2", UPPER]]],
        [["add", "a", ["if", UPPER, UPPER, UPPER]], ["default", "b", UPPER]],
        [["add-if", "a", ["eq", UPPER, "_."], UPPER], ["add-if", "b", UPPER]],
        [["filter", ["eq", UPPER, "ADA"]], ["add", "b", UPPER]],
        [["if", ["eq", UPPER, "ADA"], [["add", "a", UPPER]], [["add", "b", UPPER]]]],
    ],
)
def test_the_result_is_that_of_each_call_alone(rules):
    """The same rules with every call a little different, so that none is repeated."""
    count = iter(range(1000))

    def varied(node):
        if node == UPPER:
            return ["upper", ["if-null", "_S.name", f"none {next(count)}"]]
        return [varied(item) for item in node] if isinstance(node, list) else node

    given = run_rules({"default": [["copy", "_id"], *rules]}, [ADA])
    assert given == run_rules({"default": [["copy", "_id"], *varied(rules)]}, [ADA])


def test_what_depends_on_the_target_or_on_chance_is_evaluated_each_time():
    rules = [
        ["add", "a", 1],
        ["add", "b", ["string", "_T.a"]],
        ["add", "a", 2],
        ["add", "c", ["string", "_T.a"]],
        ["add", "u", ["string", ["uuid"]]],
        ["add", "v", ["string", ["uuid"]]],
    ]
    numbers = iter(range(100))
    runtime = Runtime(new_uuid=lambda: f"~u00000000-0000-0000-0000-0000000000{next(numbers):02}")
    (made,) = run_rules({"default": [["copy", "_id"], *rules]}, [ADA], runtime=runtime)
    assert (made["b"], made["c"]) == ("1", "2")
    assert made["u"] != made["v"]


def test_nested_calls_deep_enough_for_functions_of_their_own():
    deep = UPPER
    for number in range(25):
        deep = ["concat", deep, str(number)]
    rules = {
        "default": [["copy", "_id"], ["add", "a", deep], ["add", "b", deep], ["add", "c", UPPER]]
    }
    (made,) = run_rules(rules, [ADA])
    assert made["a"] == made["b"] == "ADA" + "".join(map(str, range(25)))
    assert made["c"] == "ADA"


def test_an_applied_rule_keeps_values_of_its_own():
    rules = {
        "default": [["copy", "_id"], ["add", "a", UPPER], ["add", "b", ["apply", "r", "_S.list"]]],
        "r": [["add", "x", UPPER], ["add", "y", UPPER]],
    }
    (made,) = run_rules(rules, [{**ADA, "list": [{"name": "b"}, {"name": "c"}]}])
    assert made["b"] == [{"x": "B", "y": "B"}, {"x": "C", "y": "C"}]


def test_copying_all_but_some_leaves_what_was_written_before():
    rules = {"default": [["add", "n", 7], ["copy", "*", ["list", "n"]]]}
    assert run_rules(rules, [ADA]) == [{"n": 7, "_id": "x", "name": "Ada"}]
    assert run_rules({"default": [["copy", "*", "n"], ["add", "n", "_S.n"]]}, [ADA]) == [ADA]


def test_a_failure_names_the_place_that_fails_first():
    bad = ["integer", ["list", "_S.name"]]
    rules = {"default": [["copy", "_id"], ["add", "a", bad], ["fail!", "no"], ["add", "b", bad]]}
    with pytest.raises(DtlError, match=r"rules\.default\[2\]"):
        run_rules(rules, [ADA])
