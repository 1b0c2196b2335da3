"""Properties that are read but that no source entity has, or that nothing gives the target."""

from __future__ import annotations

import pytest

from sesam_node.dtl import RuleContext, problems_of
from sesam_node.dtl.schema import schema_of

PEOPLE = schema_of([
    {"_id": "1", "name": "Ada", "orders": [{"no": 1, "lines": [{"sku": "a"}]}],
     "address": {"city": "London"}, "nothing": None, "empty": []},
    {"_id": "2", "name": "Grace", "address": "unknown", "Phone": 5},
])  # fmt: skip
SPACED = schema_of([{"_id": "n:1", "n:name": "Ada", "m:name": "A.", "n:sub": {"n:x": 1}}])
CONTEXT = RuleContext(schema=PEOPLE)
NAMESPACED = RuleContext(
    schema=SPACED, namespaced=True, identity_namespace="n", property_namespace="n"
)


def found(rules, context=CONTEXT):
    problems = problems_of(rules, context, path=())
    assert {problem.code for problem in problems} <= {"unknown-property"}
    assert {problem.level for problem in problems} <= {"warning"}
    return [(problem.path, problem.message, problem.hint) for problem in problems]


def block(*transforms):
    return {"default": [["copy", "_id"], *transforms]}


def value(expression):
    return block(["add", "r", expression])


SEEN = "none of the 2 entities seen has the property"
SOURCE = [
    (value("_S.nam"), "[1][2]", f'{SEEN} "nam"', 'did you mean "name"?'),
    (value("_S.phone"), "[1][2]", f'{SEEN} "phone"', 'did you mean "Phone"?'),
    (value(["upper", "_S.x"]), "[1][2][1]", f'{SEEN} "x"', ""),
    (value("_S.adress.city"), "[1][2]", f'{SEEN} "adress"', 'did you mean "address"?'),
    (value("_S.address.town"), "[1][2]",
        'the one dict seen does not have the property "town" under "address"', ""),
    (value("_S.orders.lines.skuu"), "[1][2]",
        'the one dict seen does not have the property "skuu" under "orders.lines"',
        'did you mean "sku"?'),
    (value("_S.name.first"), "[1][2]",
        '"name" has no properties: in the entities seen it holds string', ""),
    (value(["map", ["concat", "_.", "_S.nam"], "_S.orders"]), "[1][2][1][2]", f'{SEEN} "nam"',
        'did you mean "name"?'),
    (value(["path", ["list", "address", "town"], "_S."]), "[1][2][1]",
        'the one dict seen does not have the property "town" under "address"', ""),
    (value("_R._S.nam"), "[1][2]", f'{SEEN} "nam"', 'did you mean "name"?'),
    (block(["copy", "nam"]), "[1][1]", f'{SEEN} "nam"', 'did you mean "name"?'),
    (block(["copy", ["list", "name", "adres"]]), "[1][1][2]", f'{SEEN} "adres"',
        'did you mean "address"?'),
    (block(["copy", ["name", "adres"]]), "[1][1][1]", f'{SEEN} "adres"',
        'did you mean "address"?'),
    (block(["copy", "*", ["list", "x*", "nam"]]), ["[1][2][1]", "[1][2][2]"], None, None),
    (block(["rename", "nam", "n"]), "[1][1]", f'{SEEN} "nam"', 'did you mean "name"?'),
    (block(["make-ni", "n", "nam"]), "[1][2]", f'{SEEN} "nam"', 'did you mean "name"?'),
    (block(["if", ["eq", "_S.x", 1], ["add", "a", "_S.y"], ["add", "b", "_S.z"]]),
        ["[1][1][1]", "[1][2][2]", "[1][3][2]"], None, None),
    (value(["hops", {"datasets": ["d o"], "where": ["eq", "_S.x", "o.x"], "return": "_S.y"}]),
        ["[1][2][1].return", "[1][2][1].where[1]"], None, None),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "path", "message", "hint"), SOURCE)
def test_a_property_that_no_entity_has(rules, path, message, hint):
    problems = found(rules)
    wanted = [path] if type(path) is str else path
    assert [place for place, _, _ in problems] == [f"$.default{one}" for one in wanted]
    if message is not None:
        assert problems[0][1:] == (message, hint)


OF_ANOTHER = {"datasets": ["d o"], "where": ["eq", "_S._id", "o.x"]}
QUIET = [
    value("_S.name"),
    value("_S."),
    value("_S._updated"),
    value("_S.$children.x"),
    value("_S.nothing.x.y"),
    value("_S.empty.x"),
    value("_S.address.city"),
    value("_S.orders.lines.sku"),
    value(["map", "_.x", "_S.orders"]),
    value(["path", ["concat", "x", "y"], "_S."]),
    value(["path", "no", "_S.orders"]),
    value("_T._id"),
    block(["copy", "*"], ["copy", "n*"], ["copy", "_deleted"]),
    block(["rename", ["concat", "x", "_S.name"], "y"]),
    {**value(["apply", "r", "_S.orders"]), "r": [["copy", "x"], ["add", "a", "_S.y"]]},
    {**block(["add", "r", ["apply", "default", "_S.orders"]], ["add", "x", "_S.no"])},
    value(["hops", {**OF_ANOTHER, "recurse": True, "where": ["eq", "_S.x", "o.x"]}]),
    value(["hops", OF_ANOTHER, {**OF_ANOTHER, "where": ["eq", "_S.x", "o.x"]}]),
    value(["hops", {**OF_ANOTHER, "subsets": {"o": ["eq", "_S.paid", True]}}]),
]


@pytest.mark.parametrize("rules", QUIET)
def test_no_warning_where_it_is_not_certain(rules):
    assert found(rules) == []


def test_an_applied_rule_knows_the_entity_that_all_began_with():
    rules = {**value(["apply", "r", "_S.orders"]), "r": [["add", "a", "_R._S.nam"]]}
    assert found(rules) == [("$.r[0][2]", f'{SEEN} "nam"', 'did you mean "name"?')]


def test_without_a_schema_nothing_is_said_of_the_source():
    assert [found(rules, RuleContext()) for rules, *_ in SOURCE] == [[]] * len(SOURCE)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        (value("_S.name"), None),
        (value("_S.n:name"), None),
        (value("_S.sub.x"), None),
        (value("_S.n:sub.n:x"), None),
        (value("_S.:name"), None),
        (value("_S.$ids"), None),
        (value("_S.sub.$ids"), None),
        (block(["copy", "nam*"]), None),
        (block(["copy", "m:*"]), None),
        (block(["rename", "name", "x"]), None),
        (value("_S.k:name"), "[1][2]"),
        (value("_S.::name"), "[1][2]"),
        (value("_S.nam"), "[1][2]"),
        (value("_S.sub.y"), "[1][2]"),
        (block(["copy", "k:*"]), "[1][1]"),
        (block(["rename", "n:nam", "x"]), "[1][1]"),
        (block(["add", "x", 1], ["add", "y", "_T.x"], ["add", "z", "_T.n:x"]), None),
        (block(["add", "x", 1], ["add", "z", "_T.m:x"]), "[2][2]"),
        (block(["copy", "name"], ["add", "z", "_T.name"]), None),
        (block(["copy", "n:*"], ["add", "z", "_T.m:name"]), "[2][2]"),
        (block(["rename", "name", "x"], ["add", "z", "_T.y"]), None),
        (block(["rename", "name", "k:x"], ["add", "z", "_T.y"]), "[2][2]"),
    ],
)
def test_namespaced_identifiers(rules, path):
    assert [place for place, _, _ in found(rules, NAMESPACED)] == (
        [f"$.default{path}"] if path else []
    )


def test_a_near_name_is_told_without_its_namespace():
    ((_, _, hint),) = found(value("_S.nmae"), NAMESPACED)
    assert hint == 'did you mean "name"?'


TARGET = [
    (block(["add", "a", 1], ["add", "b", "_T.c"]), "[2][2]", ""),
    (block(["add", "amount", 1], ["add", "b", "_T.amont"]), "[2][2]", 'did you mean "amount"?'),
    (block(["add", "b", "_T.a"], ["add", "a", 1]), "[1][2]", ""),
    (block(["if", ["eq", "_T.a", 1], ["add", "a", 1]]), "[1][1][1]", ""),
    (block(["if", "_S.x", ["add", "a", 1], ["add", "b", "_T.a"]]), "[1][3][2]", ""),
    (block(["copy", ["list", "a", "b"]], ["rename", "c", "d"], ["add", "e", "_T.c"]), "[3][2]", ""),
    (block(["filter", ["eq", "_T.a.b", 1]]), "[1][1][1]", ""),
    ({**value(["apply", "r", "_S.l"]), "r": [["add", "a", "_T.x"]]}, None, ""),
]


@pytest.mark.parametrize(("rules", "path", "hint"), TARGET)
def test_a_property_that_nothing_gives_the_target(rules, path, hint):
    ((place, message, told),) = found(rules, RuleContext())
    assert place == (f"$.default{path}" if path else "$.r[0][2]")
    assert message.startswith("nothing before this gives the target a property ")
    assert told == hint


@pytest.mark.parametrize(
    "rules",
    [
        block(["add", "a", 1], ["add", "b", "_T.a.x"]),
        block(["add", ["list", "a", "b"], 1], ["add", "c", "_T.b"]),
        block(["add-if", "a", "_S.x"], ["add", "b", "_T.a"]),
        block(["if", "_S.x", ["add", "a", 1]], ["add", "b", "_T.a"]),
        block(["case", "_S.x", [["default", "a", 1]], "_S.y", []], ["add", "b", "_T.a"]),
        block(["copy", "*"], ["add", "b", "_T.a"]),
        block(["merge", "_S.x"], ["add", "b", "_T.a"]),
        block(["merge-union", {"x": 1}], ["add", "b", "_T.a"]),
        block(["add", ["concat", "_S.x"], 1], ["add", "b", "_T.a"]),
        block(["rename", "x", ["concat", "_S.x"]], ["add", "b", "_T.a"]),
        block(
            ["rename", "x", "a"], ["make-ni", "n", "y"], ["add", "b", ["list", "_T.a", "_T.y-ni"]]
        ),
        block(["create-child", {"_id": "c"}], ["add", "b", "_T.$children"]),
        block(["add", "b", "_T._anything"], ["add", "c", "_T."]),
        {**value(["apply", "r", "_S.l"]), "r": [["add", "a", 1], ["add", "b", "_T.a"]]},
    ],
)
def test_no_warning_where_something_may_write_it(rules):
    assert found(rules, RuleContext()) == []


def test_a_schema_says_what_a_wildcard_copies():
    rules = block(["copy", "na*"], ["add", "a", "_T.name"], ["add", "b", "_T.orders"])
    assert found(rules) == [
        (
            "$.default[3][2]",
            'nothing before this gives the target a property "orders"',
            'the source has one: "_S.orders"',
        )
    ]
