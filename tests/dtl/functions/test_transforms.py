"""The transforms, case by case: what the target holds afterwards, or what is refused.

The examples beside the transforms show their use; here are odd values, names and namespaces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sesam_node.dtl import RuleContext, compile_rules, run_rules
from sesam_node.dtl.functions.transforms.emitting import LONGEST_SLEEP
from sesam_node.errors import DtlError
from sesam_node.model.entity import encode

if TYPE_CHECKING:
    from sesam_node.model.values import Entity

Row = tuple[Any, "Entity", "Entity"]

PLAIN = RuleContext(pipe_id="p")
LENIENT = RuleContext(pipe_id="p", id_required=False)
NAMESPACED = RuleContext(
    pipe_id="p", namespaced=True, identity_namespace="foo", property_namespace="bar"
)


def rules_of(transforms: Any) -> dict[str, Any]:
    block = transforms if type(transforms[0]) is list else [transforms]
    return {"default": [["copy", "_id"], *block]}


def target_of(transforms: Any, source: Entity, context: RuleContext) -> Entity:
    """The target without its `_id`."""
    out = run_rules(rules_of(transforms), [{"_id": "x", **source}], context=context)
    return {name: value for name, value in out[-1].items() if name != "_id"}


WRITING: list[Row] = [
    (["add", ["list"], 1], {}, {}),
    (["add", ["list", 1, None, "b", ""], 1], {}, {"b": 1}),
    (["add", "_S.no", 1], {}, {}),
    (["add", "_S.name", 1], {"name": ["a", "b"]}, {"a": 1, "b": 1}),
    (["add", "_S.name", 1], {"name": "~~:a"}, {"~:a": 1}),
    (["add", "a.b", 1], {}, {"a.b": 1}),
    (["add", "a", "_S.no"], {}, {"a": None}),
    (["add", "$a", {"_b": 1}], {}, {"$a": {"_b": 1}}),
    (["add-if", "a", ["list", None]], {}, {"a": [None]}),
    (["add-if", "a", False], {}, {"a": False}),
    (["add-if", "a", ["gte", "_.", 18], ["list", None]], {}, {}),
    (["add-if", "a", ["gte", "_.", 18], ["list", 123, 1]], {}, {"a": [123, 1]}),
    (["add-if", "a", "_S.yes", 1], {"yes": []}, {}),
    (["add-if", ["list", "a", "b"], ["is-list", "_."], ["list"]], {}, {"a": [], "b": []}),
    ([["add", "a", 1], ["add-if", "a", None]], {}, {"a": 1}),
    ([["add", "a", None], ["default", "a", 1]], {}, {"a": None}),
    (["default", "_id", "y"], {}, {}),
    (["default", "_S.name", 1], {"name": "~~:a"}, {"~:a": 1}),
    (["default", "_S.name", 1], {"name": ["a", "~~:a", 5]}, {"a": 1, "~:a": 1}),
    ([["add", "a", 0], ["default", ["list", "a", "b"], 1]], {}, {"a": 0, "b": 1}),
    ([["add", "a", 0], ["default", "a", ["range", 0, 1, "_S.zero"]]], {"zero": 0}, {"a": 0}),
]  # fmt: skip

COPYING: list[Row] = [
    (["copy", "a"], {"a": None, "b": 1}, {"a": None}),
    (["copy", "a.c"], {"a.c": 1, "abc": 2}, {"a.c": 1}),
    (["copy", "[ab]"], {"a": 1, "[ab]": 2}, {"[ab]": 2}),
    (["copy", "A*"], {"a": 1, "Ab": 2}, {"Ab": 2}),
    (["copy", "a*", "ab*"], {"a": 1, "ab": 2, "ac": 3, "abc": 4}, {"a": 1, "ac": 3}),
    (["copy", ["list"]], {"a": 1}, {}),
    (["copy", "*", "*"], {"a": 1}, {}),
    (["copy", "a", ["list"]], {"a": 1}, {"a": 1}),
    ([["add", "a", 0], ["copy", "*", "a"]], {"a": 1, "b": 2}, {"a": 0, "b": 2}),
    ([["add", "a", 0], ["copy", "a"]], {"a": 1}, {"a": 1}),
    ([["copy", "*"], ["remove", "temp_*"]], {"temp_": 1, "temp_a": 2, "temp": 3}, {"temp": 3}),
    ([["copy", "*"], ["remove", ["list", "a", "b?"]]], {"a": 1, "b": 2, "b1": 3}, {"b": 2}),
    (["rename", "a*", "b"], {"a*": 1, "ab": 2}, {"b": 1}),
    (["rename", "a", "b"], {"a": None}, {"b": None}),
    (["rename", "a", "b"], {"a": []}, {"b": []}),
    (["rename", "_S.k", ["concat", "out-", "_S.k"]], {"k": "a", "a": 1}, {"out-a": 1}),
    (["rename", "_S.k", "b"], {"k": ["a", "c"], "a": 1, "c": 2}, {"b": 1}),
    (["rename", "a", "_S.no"], {"a": 1}, {}),
    (["make-ni", "s", "a"], {"a": ["b", 1, "a", None]}, {"a-ni": ["~:s:a", "~:s:b"]}),
    (["make-ni", "s", "a"], {"a": ["z"]}, {"a-ni": ["~:s:z"]}),
    (["make-ni", "s", "a"], {"a": ["~ru:x", 1, "~:a:b"]}, {}),
    (["make-ni", "s", "a"], {"a": []}, {}),
    (["make-ni", "s", "a", "b"], {"a": "~~:c"}, {"b": "~:s:~:c"}),
]  # fmt: skip

MERGING: list[Row] = [
    (["merge", "_S."], {"a": 1}, {"a": 1}),
    (["merge", "_S.o"], {"o": [{"_id": "q", "$c": 3, "n": {"_k": 1}}, 2, None]},
     {"$c": 3, "n": {"_k": 1}}),
    (["merge", ["list", ["list", {"a": 1}]]], {}, {}),
    (["merge-union", ["list", {"a": [1, 2]}, {"a": [3]}, {"a": 4}]], {}, {"a": [1, 2, 3, 4]}),
    (["merge-union", ["list", {"a": 1}, {"a": 1}]], {}, {"a": 1}),
    (["merge-union", ["list", {"a": [[1]]}, {"a": [[2]]}]], {}, {"a": [[1], [2]]}),
    (["merge-union", ["list", {"a": {"b": 1}}, {"a": {"b": 1}}, {"a": {"c": 1}}]], {},
     {"a": [{"b": 1}, {"c": 1}]}),
    ([["add", "a", 1], ["merge-union", {"a": None, "_b": 2}]], {}, {"a": 1}),
    ([["add", "a", ["list"]], ["merge-union", {"a": 1}]], {}, {"a": [1]}),
]  # fmt: skip

BRANCHES: list[Row] = [
    (["if", 0, ["add", "a", 1], ["add", "a", 2]], {}, {"a": 1}),
    (["if", ["list"], ["add", "a", 1], ["add", "a", 2]], {}, {"a": 2}),
    (["if", True, []], {}, {}),
    (["case", "_S.no", ["add", "a", 1], "", ["add", "a", 2], ["add", "a", 3]], {}, {"a": 2}),
    (["case-eq", ["list", 1], 1, ["add", "a", 1], ["add", "a", 2]], {}, {"a": 1}),
    (["case-eq", 2, 2.0, ["add", "a", 1], 2, ["add", "a", 2]], {}, {"a": 1}),
    (["case-eq", "_S.no", "x", ["add", "a", 1]], {}, {}),
    (["comment", ["filter"], {"a": []}, [[]]], {}, {}),
]


@pytest.mark.parametrize(
    ("transforms", "source", "expect"),
    [*WRITING, *COPYING, *MERGING, *BRANCHES],
    ids=lambda value: str(value)[:60],
)
def test_a_transform_makes_the_target_of_its_row(
    transforms: Any, source: Entity, expect: Entity
) -> None:
    got = target_of(transforms, source, PLAIN)
    assert encode(got) == encode(expect), got


REFEREES: Entity = {"r": "john", "x:r": ["jim", 5, "ada"], "y:r": 5}
AGES: Entity = {"age": 36, "x:age": 37, "xyz:age": 38}
LETTERS: Entity = {"a": 1, "x:a": [2], "xyz:a": 3}

UNDER_NAMESPACES: list[Row] = [
    (["add", "age", 26], {}, {"bar:age": 26}),
    (["add", ":age", 26], {}, {"bar:age": 26}),
    (["add", "::age", 26], {}, {"age": 26}),
    (["add", "::x:age", 26], {}, {"x:age": 26}),
    (["add", "x:y:age", 26], {}, {"x:y:age": 26}),
    (["add", ["list", "age", "$age", "::_age"], 1], {}, {"bar:age": 1, "$age": 1, "_age": 1}),
    ([["add", "::age", 1], ["default", "age", 2]], {}, {"age": 1, "bar:age": 2}),
    ([["add", "age", 1], ["default", ["list", "age", "::age"], 2]], {}, {"bar:age": 1, "age": 2}),
    (["copy", "age"], AGES, AGES),
    (["copy", "::age"], AGES, {"age": 36}),
    (["copy", "x*:*e", "*y*:*e"], AGES, {"x:age": 37}),
    (["copy", ["list", "*", "nothing"], "x:age"], AGES, {"age": 36, "xyz:age": 38}),
    (["copy", "::*"], AGES, {"age": 36}),
    (["copy", ":a*"], {**AGES, "bar:age": 1, "bar:b": 2}, {"bar:age": 1}),
    ([["copy", "*", "_id"], ["remove", "age"]], {**AGES, "a": 1}, {"a": 1}),
    ([["copy", "*"], ["remove", "x*:age"]], AGES, {"age": 36}),
    ([["copy", "*"], ["remove", "::age"]], AGES, {"x:age": 37, "xyz:age": 38}),
    (["rename", "a", "b"], LETTERS, {"b": 1, "x:b": [2], "xyz:b": 3}),
    (["rename", "a", "z:b"], LETTERS, {"z:b": [1, 2, 3]}),
    (["rename", "a", "::b"], LETTERS, {"b": [1, 2, 3]}),
    (["rename", "a", ":b"], {"x:a": [1], "a": None}, {"bar:b": 1}),
    (["rename", "x:a", "z:b"], LETTERS, {"z:b": [2]}),
    (["rename", "x:a", "b"], LETTERS, {"x:b": [2]}),
    (["rename", "::a", "b"], LETTERS, {"b": 1}),
    (["make-ni", "s", "r"], REFEREES, {"r-ni": "~:s:john", "x:r-ni": ["~:s:ada", "~:s:jim"]}),
    (["make-ni", "s", "r", "ref"], REFEREES, {"ref": "~:s:john", "x:ref": ["~:s:ada", "~:s:jim"]}),
    (["make-ni", "s", "x:r"], REFEREES, {"x:r-ni": ["~:s:ada", "~:s:jim"]}),
    (["make-ni", "s", "x:r", "y:ref"], REFEREES, {"y:ref": ["~:s:ada", "~:s:jim"]}),
    (["make-ni", "s", "::r"], REFEREES, {"r-ni": "~:s:john"}),
    (["make-ni", "s", "r", "z:r"], REFEREES, {"z:r": ["~:s:ada", "~:s:jim", "~:s:john"]}),
    (["make-ni", "s", "r", ":r"], {"r": "a", "x:r": "b"}, {"bar:r": ["~:s:a", "~:s:b"]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("transforms", "source", "expect"), UNDER_NAMESPACES, ids=lambda value: str(value)[:60]
)
def test_names_are_read_and_written_by_namespace(
    transforms: Any, source: Entity, expect: Entity
) -> None:
    assert target_of(transforms, source, NAMESPACED) == expect


CREATED: list[tuple[Any, list[Entity]]] = [
    (["create", ["list", {"_id": "2"}, {"_id": "1"}]], [{"_id": "2"}, {"_id": "1"}]),
    ([["create", {"_id": "1"}], ["filter"]], [{"_id": "1"}]),
    (["create", None], []),
    (["create", "_T."], [{"_id": "x"}]),
]  # fmt: skip


@pytest.mark.parametrize(("transforms", "expect"), CREATED)
def test_entities_are_created_before_the_target(transforms: Any, expect: list[Entity]) -> None:
    *created, _ = run_rules(rules_of(transforms), [{"_id": "x"}])
    assert created == expect


@pytest.mark.parametrize("name", ["create", "create-child"])
@pytest.mark.parametrize("value", [5, "_S._id", {"a": 1}, {"_id": 5}, {"_id": ""}, ["list", None]])
def test_only_entities_with_an_id_can_be_created(name: str, value: Any) -> None:
    rules = rules_of([name, value])
    with pytest.raises(DtlError, match=r'expected an entity with a string "_id"'):
        run_rules(rules, [{"_id": "x"}])
    (out,) = run_rules(rules, [{"_id": "x"}], context=LENIENT)
    assert out == ({"_id": "x"} if name == "create" else {"_id": "x", "$children": []})


def test_a_failure_takes_back_what_its_entity_created() -> None:
    rules = {
        "default": [["create", {"_id": "1"}], ["if", "_S.bad", ["fail!", "no"]], ["copy", "*"]]
    }
    run = compile_rules(rules).bind()
    out: list[Entity] = []
    run({"_id": "good"}, out)
    with pytest.raises(DtlError, match="no"):
        run({"_id": "worse", "bad": True}, out)
    assert out == [{"_id": "1"}, {"_id": "good"}]


REFUSED = [
    *(["add"], ["add", "a"], ["add", "a", 1, 2], ["add", 5, 1], ["add", None, 1], ["add", "", 1]),
    *(["add", "~:a", 1], ["add-if", "a"], ["add-if", "a", 1, 2, 3], ["default", "a"]),
    *(["copy"], ["copy", "a", "b", "c"], ["copy", 5], ["copy", []], ["copy", ["list", 5]]),
    *(["copy", ["upper", "a"]], ["remove"], ["remove", "a", "b"], ["remove", ["concat", "a"]]),
    *(["rename", "a"], ["rename", "a", "b", "c"], ["rename", 5, "b"], ["make-ni", "s"]),
    *(["make-ni", ["concat", "s"], "a"], ["make-ni", "s", "_S.a"], ["make-ni", 5, "a"]),
    *(["merge"], ["merge", 1, 2], ["merge-union"], ["create"], ["create-child", 1, 2]),
    *(["filter", 1, 2], ["discard", 1, 2], ["if", True], ["if", True, None], ["if", True, [[]]]),
    *(["if", True, ["upper", "x"]], ["case", True], ["case-eq", 1, 1], ["fail!"], ["fail!", 5]),
    *(["trip!"], ["trip!", ["concat", "a"]], ["sleep!"], ["sleep!", "1"], ["sleep!", -1]),
    *(["sleep!", True], ["sleep!", LONGEST_SLEEP + 1], ["sleep!", 10**400]),
    ["sleep!", ["+", 1, 1]],
]  # fmt: skip


@pytest.mark.parametrize("transform", REFUSED, ids=lambda value: str(value)[:60])
def test_transforms_that_cannot_be_right_are_refused(transform: Any) -> None:
    with pytest.raises(DtlError, match="the rules have problems"):
        compile_rules(rules_of(transform))
