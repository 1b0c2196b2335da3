"""What the checker says: every problem at once, with its path, code, message and hint."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesam_node.dtl import RuleContext, compile_rules, problems_of, run_rules
from sesam_node.dtl.codes import CODES
from sesam_node.dtl.registry import all_functions
from sesam_node.dtl.schema import schema_of
from sesam_node.errors import DtlError, Problem

OF_CUSTOMER = {"datasets": ["orders o"], "where": ["eq", "_S._id", "o.customer"]}
HOPS = ["add", "a", ["hops", OF_CUSTOMER]]
A_LIST = 'a constant list is written ["list", ...]'
A_TRANSFORM = 'a transform is a list such as ["copy", "*"]'
KNOWN = RuleContext(datasets=frozenset(["orders", "lines", "customers"]))


def value(expression):
    """A rule set with one expression, whose path is `$.default[0][2]`."""
    return {"default": [["add", "a", expression]]}


def hop(**options):
    """A rule set with one specification, whose path is `$.default[0][2][1]`."""
    return value(["hops", {**OF_CUSTOMER, **options}])


def problem(path, code, message, hint="", level="error", rule="default"):
    return Problem(f"$.{rule}{path}", code, message, hint, level)


def warning(path, code, message, hint=""):
    return problem(path, code, message, hint, "warning")


SHAPES = [
    ("a number", 5, [Problem("$", "wrong-shape", "expected an object of rules, got 5",
        'as {"default": [["copy", "*"]]}')]),
    ("no default", {"defalt": []}, [Problem("$", "missing-default", 'there is no rule "default"',
        'did you mean "defalt"?')]),
    ("a rule that is no list", {"default": 5}, [
        problem("", "wrong-shape", "expected a list of transforms, got 5", 'as [["copy", "*"]]')]),
    ("a rule that is one transform", {"default": ["copy", "*"]}, [problem("", "wrong-shape",
        'expected a list of transforms, got one transform ["copy", "*"]', "put it in a list")]),
    ("an empty call", {"default": [[]]}, [
        problem("[0]", "empty-list", "expected a transform, got []", A_TRANSFORM)]),
    ("constants for transforms", {"default": [None, "x"]}, [
        problem("[0]", "wrong-shape", "expected a transform, got null", A_TRANSFORM),
        problem("[1]", "wrong-shape", 'expected a transform, got "x"', A_TRANSFORM)]),
    ("a call with no name", {"default": [[5, 1]]}, [
        problem("[0]", "no-name", "expected a function name, got 5", A_LIST)]),
    ("an empty list for a value", value([]), [
        problem("[0][2]", "empty-list", "an empty list is no call", A_LIST)]),
    ("a constant list", value([1, 2]), [
        problem("[0][2]", "no-name", "expected a function name, got 1", A_LIST)]),
    ("a list of lists", value([["upper", "a"]]), [problem("[0][2]", "no-name",
        'expected a function name, got ["upper", "a"]', A_LIST)]),
    ("an open quote", value("_S.'x"), [
        problem("[0][2]", "wrong-path", "a quote in this path is not closed")]),
    ("no JSON", value({"a": {1, 2}}), [
        problem("[0][2]", "wrong-constant", "expected JSON data, got a set")]),
    ("not a number", value(float("nan")), [
        problem("[0][2]", "wrong-constant", "expected a finite number, got nan")]),
]  # fmt: skip

NAMES = [
    ("a misspelt function", value(["uper", "_S.x"]), [problem("[0][2][0]", "unknown-function",
        'unknown function "uper"', 'did you mean "upper"?')]),
    ("a misspelt transform", {"default": [["cpy", "*"]]}, [problem("[0][0]", "unknown-function",
        'unknown transform "cpy"', 'did you mean "copy"?')]),
    ("an expression as a transform", {"default": [["upper", "a"]]}, [problem("[0][0]",
        "unknown-function", 'unknown transform "upper"',
        'it is an expression, and cannot stand here; its value is set with ["add", name, ...]')]),
    ("a condition as a transform", {"default": [["eq", "_S.a", "b"]]}, [problem("[0][0]",
        "unknown-function", 'unknown transform "eq"', "it is an expression, and cannot stand here; "
        'a condition stands in ["filter", ...] or ["if", ...]')]),
    ("a transform as an expression", value(["copy", "*"]), [problem("[0][2][0]",
        "unknown-function", 'unknown function "copy"',
        "it is a transform, and cannot stand here")]),
    ("inside a misspelt function", value(["uper", ["lowr", "_S.x"]]), [
        problem("[0][2][0]", "unknown-function", 'unknown function "uper"',
            'did you mean "upper"?'),
        problem("[0][2][1][0]", "unknown-function", 'unknown function "lowr"',
            'did you mean "lower"?')]),
    ("a branch", {"default": [["if", ["eq", 1, "_S.a"], ["add", "a", 1], 5]]}, [
        problem("[0][3]", "wrong-shape", "expected a transform, got 5", A_TRANSFORM)]),
    ("nothing in comments", {"default": [["comment", ["nope"], [], {"a": {1}}]]}, []),
    ("an unknown rule", {**value(["apply", "ordr", "_S."]), "order": []}, [problem("[0][2][1]",
        "unknown-rule", 'unknown rule "ordr"', 'did you mean "order"?'),
        problem("", "unused-rule",
            'the rule "order" is never applied: nothing from "default" leads to it',
            'there is an apply of "ordr", which is no rule', "warning", rule="order")]),
    ("a rule that is no name", value(["apply", 5, "_S."]), [
        problem("[0][2][1]", "wrong-constant", "RULE must be a string, got 5",
            'the name of the rule comes first: ["apply", "rule", ...]')]),
    ("unknown datasets", {"default": [
        ["add", "a", ["hops", {**OF_CUSTOMER, "datasets": ["ordrs o"]}]],
        ["add", "b", ["lookup-entity", "cusomers", "x"]]]}, [
        problem("[0][2][1].datasets[0]", "unknown-dataset", 'unknown dataset "ordrs"',
            'did you mean "orders"?'),
        problem("[1][2][1]", "unknown-dataset", 'unknown dataset "cusomers"',
            'did you mean "customers"?')]),
    ("variables without a value", {"default": [["add", "a", "_P._S.x"], ["add", "b", "_.x"]]}, [
        problem("[0][2]", "unknown-variable", '"_P" has a value in an applied rule only',
            "here it is null", "warning"),
        problem("[1][2]", "unknown-variable", '"_" has a value in a function expression only',
            "here it is null", "warning")]),
    ("a variable in lower case", value("_s.x"), [problem("[0][2]", "unknown-variable",
        'unknown variable "_s"; "_s.x" is text', 'did you mean "_S"?', "warning")]),
    ("text that looks like a path", value("S.x"), []),
]  # fmt: skip

ARGUMENTS = [
    ("too few for a transform", {"default": [["add", "a"]]}, [problem("[0]", "arity",
        '"add" takes 2 arguments, got 1',
        "NAME(string-expression{1}), VALUE(value-expression{1})")]),
    ("too few for a function", value(["eq", 1]), [problem("[0][2]", "arity",
        '"eq" takes 2 arguments, got 1', "LEFT(value-expression{1}), RIGHT(value-expression{1})")]),
    ("none", value(["and"]), [problem("[0][2]", "arity",
        '"and" takes at least 1 argument, got 0', "CONDITION(boolean-expression{>=1})")]),
    ("an expression for a pattern", {"default": [["copy", ["concat", "a"]]]}, [
        problem("[0][1]", "wrong-constant",
            'expected a pattern or ["list", patterns...], got ["concat", "a"]')]),
    ("patterns that are none", {"default": [["copy", ["x*", 5], ["upper", "x*"]], ["remove", []]]},
        [problem(at, "wrong-constant", f'expected a pattern or ["list", patterns...], got {got}')
            for at, got in [("[0][1]", '["x*", 5]'), ("[0][2]", '["upper", "x*"]'),
                ("[1][1]", "[]")]]),
    ("patterns without list", {"default": [["copy", ["name", "x*"], ["y", "z"]]]}, []),
    ("wrong constants", {"default": [["make-ni", 5, ["list"]]]}, [
        problem("[0][1]", "wrong-constant", "NAMESPACE must be a string, got 5"),
        problem("[0][2]", "wrong-constant",
            'FROM must be a constant, got the expression ["list"]')]),
    ("a path for a constant", {"default": [["fail!", "_S.message"]]}, [problem("[0][1]",
        "wrong-constant", 'MESSAGE must be a constant, got the path "_S.message"')]),
    ("an operator in a path", {"default": [["filter", "_S.a >= 1"], ["add", "b", "_S.x - y"]]}, [
        problem("[0][1]", "wrong-path", '"_S.a >= 1" reads a property of just that name',
            'operators are calls: ["gte", "_S.a", ...]', "warning")]),
    ("text that begins like a path", {"default": [["fail!", "_S.name is missing"]]}, []),
    ("a property that has no name", {"default": [["add", 5, 1], ["rename", "a", ""]]}, [
        problem("[0][1]", "wrong-constant", "expected a property name, got 5"),
        problem("[1][2]", "wrong-constant", 'expected a property name, got ""')]),
    ("a check of the function", {"default": [["sleep!", -1]]}, [
        problem("[0][1]", "wrong-constant", "SECONDS must not be negative, got -1")]),
]  # fmt: skip

JOINS = [
    ("an alias without a join", hop(datasets=["orders o", "lines l"]), [problem(
        "[0][2][1].datasets[1]", "disconnected-join", 'no join in "where" connects "l" to "_S"',
        'add one such as ["eq", "_S.key", "l.key"]')]),
    ("a join inside or", hop(where=["or", ["eq", "_S.a", "o.a"], ["eq", "_S.b", "o.b"]]), [problem(
        "[0][2][1].datasets[0]", "disconnected-join", 'no join in "where" connects "o" to "_S"',
        'add one such as ["eq", "_S.key", "o.key"]')]),
    ("a second join of the same two", hop(where=[["eq", "_S.a", "o.a"], ["eq", "_S.b", "o.b"]]), [
        problem("[0][2][1].where[1]", "second-join",
            "a second join of the same two is a filter: it compares whole values",
            'for a composite key use ["tuples", ...] on both sides', "warning")]),
    ("an unknown option", hop(retrun="o"), [problem("[0][2][1].retrun", "unknown-option",
        'unknown option "retrun"', 'did you mean "return"?')]),
    ("a template", hop(**{"return": {"a": ["uper", "o.x"], "b": {"c": [], "d": "o.'x"},
        "e": {1: 2}}}), [
        problem("[0][2][1].return.a[0]", "unknown-function", 'unknown function "uper"',
            'did you mean "upper"?'),
        problem("[0][2][1].return.b.c", "empty-list", "an empty list is no call", A_LIST),
        problem("[0][2][1].return.b.d", "wrong-path", "a quote in this path is not closed"),
        problem("[0][2][1].return.e", "wrong-constant",
            "the keys of a constant must be strings")]),
    ("no specification", value(["hops", 5]), [
        problem("[0][2][1]", "wrong-shape", "expected a specification object, got 5")]),
    ("no dataset", hop(datasets=[]), [problem("[0][2][1].datasets", "wrong-shape",
        'expected a list of "dataset alias", got []', 'as ["orders o"]')]),
    ("strange aliases", hop(datasets=["orders", "orders o", "lines o", "lines _S"]), [
        problem("[0][2][1].datasets[0]", "wrong-shape",
            'expected "dataset alias", got "orders"', 'as ["orders o"]'),
        problem("[0][2][1].datasets[2]", "wrong-alias", 'the alias "o" is taken'),
        problem("[0][2][1].datasets[3]", "wrong-alias", 'the alias "_S" reads as a variable')]),
    ("an unknown alias in return", hop(**{"return": "o, x"}), [
        problem("[0][2][1].return", "unknown-alias", 'unknown alias "x"')]),
    ("return with recurse", hop(**{"return": "o", "recurse": True}), [problem(
        "[0][2][1].return", "wrong-return", '"return" and "recurse" exclude each other')]),
    ("return before the last", value(["hops", {**OF_CUSTOMER, "return": "o"}, OF_CUSTOMER]), [
        problem("[0][2][1].return", "wrong-return",
            'only the last specification may have a "return"')]),
    ("options of a wrong type", hop(max_depth=-1, recurse="yes"), [
        problem("[0][2][1].max_depth", "wrong-type", "expected a number of rounds or null, got -1"),
        problem("[0][2][1].recurse", "wrong-type", 'expected true or false, got "yes"')]),
    ("subsets", hop(subsets={"p": ["eq", "_S.a", 1], "o": ["gt", "_S.a", 1]}), [
        problem("[0][2][1].subsets.o", "wrong-shape",
            'expected ["eq", expression, value], got ["gt", "_S.a", 1]'),
        problem("[0][2][1].subsets.p", "unknown-alias", 'unknown alias "p"')]),
    ("a subset of more than its entity", hop(subsets={"o": ["eq", ["now"], 1]}), [problem(
        "[0][2][1].subsets.o[1]", "wrong-subset", "a subset is a function of its entity alone",
        'which is "_S" here')]),
    ("apply of a rule that hops", {**value(["apply", "r", "_S."]), "r": [HOPS]}, [problem(
        "[0][2][1]", "apply-hops-in-apply", 'the rule "r" hops, which apply does not allow',
        "use apply-hops")]),
    ("apply of a rule that applies one that hops",
        {**value(["apply", "r", "_S."]), "r": [["add", "a", ["apply", "q", "_S."]]], "q": [HOPS]}, [
        problem("[0][2][1]", "apply-hops-in-apply",
            'the rule "r" hops, which apply does not allow', "use apply-hops"),
        Problem("$.r[0][2][1]", "apply-hops-in-apply",
            'the rule "q" hops, which apply does not allow', "use apply-hops")]),
    ("apply-hops of a rule that hops",
        {**value(["apply-hops", "r", OF_CUSTOMER]), "r": [HOPS]}, []),
]  # fmt: skip

NEWCOMERS = [
    ("a list too many", {"default": [[["add", "a", 1], ["add", "b", 2]]]}, [problem("[0]",
        "wrong-shape", 'expected a transform, got [["add", "a", 1], ["add", "b", 2]]',
        "there is one list too many around it")]),
    ("another rule only", {"person": [["copy", "*"]]}, [Problem("$", "missing-default",
        'there is no rule "default"', 'the rule that runs is named "default"')]),
    ("several transforms in a branch", {"default": [["if", "_S.a", *[["add", "a", 1]] * 3]]}, [
        problem("[0]", "arity", '"if" takes 2 to 3 arguments, got 4',
            'several transforms stand in one list: ["if", condition, [transform, transform]]')]),
    ("several patterns", {"default": [["remove", "a", "b"]]}, [problem("[0]", "arity",
        '"remove" takes 1 argument, got 2',
        'several patterns stand in one list: ["remove", ["list", "a*", "b*"]]')]),
    ("several values", {"default": [["add", "a", "b", "c"]]}, [problem("[0]", "arity",
        '"add" takes 2 arguments, got 3',
        'several values stand in one list: ["add", name, ["list", ...]]')]),
    ("several conditions", {"default": [["filter", "_S.a", "_S.b"]]}, [problem("[0]", "arity",
        '"filter" takes 0 to 1 argument, got 2', 'several conditions: ["filter", ["and", ...]]')]),
    ("a path in a pattern", {"default": [["copy", "_S.name"]]}, [warning("[0][1]",
        "wrong-constant", '"_S.name" is a property name here, no path', 'did you mean "name"?')]),
    ("paths among patterns", {"default": [["copy", "*", ["list", "a", "_S.b.c"]]]}, [warning(
        "[0][2][2]", "wrong-constant", '"_S.b.c" is a property name here, no path',
        'did you mean "b.c"?')]),
    ("a list of words", value(["red", "green"]), [problem("[0][2][0]", "unknown-function",
        'unknown function "red"', A_LIST)]),
    ("a list of paths", value(["_S.a", "_S.b"]), [problem("[0][2][0]", "unknown-function",
        'unknown function "_S.a"',
        'a list is a call; a list of values is written ["list", "_S.a", ...]')]),
    ("a dict of paths", value({"x": {"y": ["upper", "_S.name"]}}), [warning("[0][2]",
        "constant-dict", 'a dict is a constant: "_S.name" in it is text',
        'to evaluate it use ["dict", key, value, ...]')]),
    ("a variable without its dot", value(["upper", "_S"]), [warning("[0][2][1]",
        "unknown-variable", '"_S" is text here', 'the variable is "_S."')]),
    ("the current value without its dot", value(["map", ["upper", "_"], "_S.l"]), [
        warning("[0][2][1][1]", "unknown-variable", '"_" is text here',
            'the current value is "_."')]),
    ("an underscore for a separator", value(["map", ["concat", "_", "_."], "_S.l"]), []),
    ("a function for a function expression", value(["map", "upper", "_S.l"]), [warning("[0][2][1]",
        "wrong-kind", '"upper" is text, the same for every value',
        'FUNCTION is an expression of the current value, as ["upper", "_."]')]),
    ("a path with a dot at its end", value("_S.a."), [warning("[0][2]", "wrong-path",
        '"_S.a." reads a property with an empty name', 'did you mean "_S.a"?')]),
    ("a quoted empty name", value("_S.''"), []),
    ("a format of another language", value(["datetime-parse", "yyyy-MM-dd", "_S.a"]), [
        warning("[0][2][1]", "wrong-constant",
            '"yyyy-MM-dd" has no part of a date: each begins with %', 'as "%Y-%m-%dT%H:%M:%S"')]),
    ("arguments of apply in the wrong order", {**value(["apply", "_S.l", "r"]), "r": []}, [
        problem("[0][2][1]", "wrong-constant", 'RULE must be a constant, got the path "_S.l"',
            'the name of the rule comes first: ["apply", "rule", ...]'),
        problem("", "unused-rule",
            'the rule "r" is never applied: nothing from "default" leads to it', "", "warning",
            rule="r")]),
    ("a path for a dataset", value(["lookup-entity", "_S.d", "x"]), [problem("[0][2][1]",
        "wrong-constant", 'DATASET must be a constant, got the path "_S.d"')]),
    ("an alias under another name", hop(**{"return": "ord.amount"}), [warning("[0][2][1].return",
        "unknown-variable", '"ord.amount" is text: "ord" is no alias here',
        'did you mean "o.amount"?')]),
    ("a dataset for an alias", hop(**{"return": {"a": ["upper", "orders.name"]}}), [
        warning("[0][2][1].return.a[1]", "unknown-variable",
            '"orders.name" is text: "orders" is no alias here', 'did you mean "o.name"?')]),
    ("text with a dot in hops", hop(**{"return": ["concat", "o.name", "file.csv", "oslo.no"]}), []),
    ("a list of paths in return", hop(**{"return": ["o.a", "o.b"]}), [problem(
        "[0][2][1].return[0]", "unknown-function", 'unknown function "o.a"',
        'a list is a call; a list of values is written ["list", "o.a", ...]')]),
    ("a filter that always holds", hop(where=[["eq", "_S._id", "o.customer"], "o"]), [
        warning("[0][2][1].where[1]", "wrong-kind", '"o" always counts as true',
            'a join is ["eq", "_S.key", "alias.key"]')]),
]  # fmt: skip

MEANT = {
    "UPPER": "upper", "isNull": "is-null", "is_null": "is-null", "toUpper": "upper",
    "datetimeParse": "datetime-parse", "ifnull": "if-null", "len": "length", "trim": "strip",
    "substr": "substring", "==": "eq", "!=": "neq", ">=": "gte", "&&": "and", "switch": "case",
    "date_format": "datetime-format", "contains": "in", "lookup_entity": "lookup-entity",
    " upper": "upper", "coalesce_args": "coalesce-args", "foreach": "map", "size": "count",
}  # fmt: skip
MEANT_TRANSFORMS = {"Copy": "copy", "delete": "remove", "set": "add", "fail": "fail!",
    "merge_union": "merge-union", "createChild": "create-child", "makeNi": "make-ni"}  # fmt: skip

TABLE = [*SHAPES, *NAMES, *ARGUMENTS, *JOINS, *NEWCOMERS]


@pytest.mark.parametrize(
    ("rules", "expected"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_problems(rules, expected):
    found = problems_of(rules, KNOWN, path=())
    assert found == expected
    assert all(problem.level in CODES[problem.code].levels for problem in found)


@pytest.mark.parametrize("name", MEANT)
def test_names_of_other_languages_and_slips(name):
    (found,) = problems_of(value([name, "_S.a", "_S.b"]))
    assert found.hint == f'did you mean "{MEANT[name]}"?'


@pytest.mark.parametrize("name", MEANT_TRANSFORMS)
def test_names_of_transforms_that_were_meant(name):
    (found,) = problems_of({"default": [[name, "a"]]})
    assert found.hint == f'did you mean "{MEANT_TRANSFORMS[name]}"?'


def test_rules_that_hold_themselves_are_refused_and_not_followed_for_ever():
    rule = [["copy", "*"]]
    rule.append(["if", "_S.a", rule])
    assert {found.code for found in problems_of({"default": rule, "r": rule})} == {
        "too-deep",
        "unused-rule",
    }


def test_a_rule_set_with_errors_is_refused_with_every_problem():
    with pytest.raises(DtlError) as caught:
        compile_rules({"default": [["cpy", "*"], ["add", "a"]]})
    assert [problem.code for problem in caught.value.problems] == ["unknown-function", "arity"]
    assert [problem.path for problem in caught.value.problems] == [
        "$.rules.default[0][0]",
        "$.rules.default[1]",
    ]


def test_warnings_do_not_keep_a_rule_set_from_running():
    rules = {"default": [["copy", "_id"], ["add", "a", "_s.x"], ["add", "b", "_.x"]]}
    assert run_rules(rules, [{"_id": "1"}]) == [{"_id": "1", "a": "_s.x", "b": None}]
    assert [problem.level for problem in compile_rules(rules).warnings] == ["warning", "warning"]


def nested(levels, leaf="_S.x"):
    for _ in range(levels):
        leaf = ["upper", leaf]
    return leaf


def test_deep_rules_are_refused_as_a_problem():
    (found,) = problems_of(value(nested(200)))
    assert (found.code, found.message) == ("too-deep", "nested deeper than 64 levels")


def test_rules_as_deep_as_allowed_run():
    rules = {"default": [["copy", "_id"], ["add", "a", nested(60)]]}
    assert run_rules(rules, [{"_id": "1", "x": "a"}]) == [{"_id": "1", "a": "A"}]


def test_transforms_as_deep_as_allowed_run():
    inner = ["add", "a", 1]
    for _ in range(30):
        inner = ["if", ["eq", 1, 1], [inner]]
    rules = {"default": [["copy", "_id"], inner]}
    assert run_rules(rules, [{"_id": "1"}]) == [{"_id": "1", "a": 1}]


@pytest.mark.parametrize("name", ["case", "case-eq"])
def test_a_thousand_branches_run(name):
    tests = [["eq", "_S.n", n] if name == "case" else n for n in range(1000)]
    start = ["case"] if name == "case" else ["case-eq", "_S.n"]
    values = [*start, *(part for n, test in enumerate(tests) for part in (test, f"v{n}"))]
    blocks = [*start, *(p for n, test in enumerate(tests) for p in (test, ["add", "b", f"v{n}"]))]
    rules = {"default": [["copy", "_id"], ["add", "a", values], blocks]}
    assert run_rules(rules, [{"_id": "1", "n": 999}]) == [{"_id": "1", "a": "v999", "b": "v999"}]


def test_a_constant_as_deep_as_a_stack_is_a_problem():
    deep = leaf = {}
    for _ in range(100_000):
        leaf["a"] = leaf = {}
    (found,) = problems_of(value(deep))
    assert found.code == "wrong-constant"


SOURCE_SEEN = RuleContext(schema=schema_of([{"_id": "1", "b": [1, {"x": "y"}]}]))
NAMES_OF_ALL = sorted({entry.name for entry in all_functions()} - {"sleep!"})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(allow_nan=True),
    st.sampled_from(
        ["_S.a", "_T.a", "_.", "_P._S.a", "o.a", "", "*", "default", "%Y", "~t", "a.b"]
    ),
    st.text(max_size=3),
)
SETTINGS = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
CALLS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(st.sampled_from(NAMES_OF_ALL), st.lists(inner, max_size=4)).map(
            lambda pair: [pair[0], *pair[1]]
        ),
        st.dictionaries(
            st.sampled_from(["datasets", "where", "return", "recurse", "subsets", "a"]),
            inner,
            max_size=4,
        ),
        inner.map(
            lambda node: {"datasets": ["d o"], "where": ["eq", "_S.a", "o.a"], "return": node}
        ),
    ),
    max_leaves=25,
)


@SETTINGS
@given(st.one_of(CALLS, st.dictionaries(st.sampled_from(["default", "r"]), CALLS, max_size=2)))
def test_rules_of_any_shape_raise_nothing_but_dtl_errors(rules):
    found = problems_of(rules, SOURCE_SEEN)
    assert {problem.code for problem in found} <= set(CODES)
    assert found == sorted(set(found))
    with contextlib.suppress(DtlError):
        run_rules(rules, [{"_id": "1", "a": [1, "x"]}], datasets={"d": [{"_id": "1", "a": 1}]})


@SETTINGS
@given(st.lists(CALLS, max_size=3), st.booleans())
def test_expressions_of_any_shape_raise_nothing_but_dtl_errors(expressions, namespaced):
    context = RuleContext(namespaced=namespaced, property_namespace="n", identity_namespace="i")
    rules = {"default": [["copy", "_id"], *(["add", "a", e] for e in expressions)], "r": []}
    with contextlib.suppress(DtlError):
        run_rules(
            rules,
            [{"_id": "1", "a": [1, "x"]}],
            datasets={"d": [{"_id": "1", "a": 1}]},
            context=context,
        )
