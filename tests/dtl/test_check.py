"""What the checker says: every problem at once, with its path, code, message and hint."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesam_node.dtl import RuleContext, compile_rules, problems_of, run_rules
from sesam_node.dtl.registry import all_functions
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


def problem(path, code, message, hint="", level="error"):
    return Problem("$.default" + path, code, message, hint, level)


SHAPES = [
    ("a number", 5, [Problem("$", "wrong-shape", "expected an object of rules, got 5",
        'as {"default": [["copy", "*"]]}')]),
    ("no default", {"defalt": []}, [Problem("$", "missing-default", 'there is no rule "default"',
        'did you mean "defalt"?')]),
    ("a rule that is no list", {"default": 5}, [
        problem("", "wrong-shape", "expected a list of transforms, got 5")]),
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
        "it is an expression, and cannot stand here")]),
    ("a transform as an expression", value(["copy", "*"]), [problem("[0][2][0]",
        "unknown-function", 'unknown function "copy"',
        "it is a transform, and cannot stand here")]),
    ("inside a misspelt function", value(["uper", ["lowr", "_S.x"]]), [
        problem("[0][2][0]", "unknown-function", 'unknown function "uper"',
            'did you mean "upper"?'),
        problem("[0][2][1][0]", "unknown-function", 'unknown function "lowr"',
            'did you mean "lower"?')]),
    ("a branch", {"default": [["if", ["eq", 1, 2], ["add", "a", 1], 5]]}, [
        problem("[0][3]", "wrong-shape", "expected a transform, got 5", A_TRANSFORM)]),
    ("nothing in comments", {"default": [["comment", ["nope"], [], {"a": {1}}]]}, []),
    ("an unknown rule", {**value(["apply", "ordr", "_S."]), "order": []}, [problem("[0][2][1]",
        "unknown-rule", 'unknown rule "ordr"', 'did you mean "order"?')]),
    ("a rule that is no name", value(["apply", 5, "_S."]), [
        problem("[0][2][1]", "wrong-constant", "RULE must be a string, got 5")]),
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

TABLE = [*SHAPES, *NAMES, *ARGUMENTS, *JOINS]


@pytest.mark.parametrize(
    ("rules", "expected"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_problems(rules, expected):
    assert problems_of(rules, KNOWN, path=()) == expected


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


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(CALLS, st.dictionaries(st.sampled_from(["default", "r"]), CALLS, max_size=2)))
def test_rules_of_any_shape_raise_nothing_but_dtl_errors(rules):
    with contextlib.suppress(DtlError):
        run_rules(rules, [{"_id": "1", "a": [1, "x"]}], datasets={"d": [{"_id": "1", "a": 1}]})


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
