"""From rules to a running function: what comes out, what fails and how it says so."""

from __future__ import annotations

import pytest

from sesam_node.dtl import (
    RuleContext,
    Runtime,
    compile_index,
    compile_rules,
    functions,
    run_rules,
)
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.errors import DtlError, StoreError


def default(*transforms, **more):
    return {"default": [["copy", "_id"], *transforms], **more}


def failure(rules, entity, **options):
    with pytest.raises(DtlError) as caught:
        run_rules(rules, [entity], **options)
    return caught.value


def test_the_generated_source_is_readable():
    rules = default(["add", "n", ["count", "_S.tags"]], ["filter", ["eq", "_S.kind", "a"]])
    assert (
        compile_rules(rules).source
        == """\
def bind(runtime):
    lookup = runtime.lookup
    entity, find = lookup.entity, lookup.find
    B = runtime.parameters
    def run(S, out):
        budget.value = 10000000
        T = {}
        try:
            if '_id' in S:
                T['_id'] = S['_id']
            T['n'] = (
                f_count(S.get('tags')))
            if not (((t1 := S.get('kind')) == 'a' or t1 == ['a'])):
                out.append({"_id": S.get("_id"), "_filtered": True})
                return None
            if type(i := T.get("_id")) is not str or not i:
                raise missing_id(i)
            out.append(T)
        except infrastructure:
            raise
        except Exception as error:
            raise failure(error, S) from error
    return run
"""
    )


def test_each_line_knows_its_json_path():
    compiled = compile_rules(default(["add", "a", ["integer", ["hex", "_S.x"]]]), path=("t", 0))
    calls = {
        compiled.lines[number]: line.strip()
        for number, line in enumerate(compiled.source.splitlines(), start=1)
        if line.strip().startswith("f_")
    }
    assert calls == {
        "$.t[0].default[1][2]": "f_integer(ABSENT, (",
        "$.t[0].default[1][2][1]": "f_hex(S.get('x')))))",
    }


def test_created_entities_come_before_the_target():
    rules = default(["create", {"_id": "a"}], ["create", ["list", {"_id": "b"}]])
    assert run_rules(rules, [{"_id": "x"}]) == [{"_id": "a"}, {"_id": "b"}, {"_id": "x"}]


def test_a_filtered_entity_is_marked_and_a_discarded_one_is_nothing():
    rules = default(["case-eq", "_S.n", 1, ["filter"], 2, ["discard"]])
    out = run_rules(rules, [{"_id": "a", "n": 1}, {"_id": "b", "n": 2}, {"_id": "c"}])
    assert out == [{"_id": "a", "_filtered": True}, {"_id": "c"}]


def test_filter_in_an_applied_rule_drops_the_value():
    rules = default(
        ["add", "r", ["apply", "r", "_S.n"]], r=[["filter", "_S."], ["add", "v", "_S."]]
    )
    out = run_rules(rules, [{"_id": "a", "n": [1, False, 2]}, {"_id": "b", "n": False}])
    assert out == [{"_id": "a", "r": [{"v": 1}, {"v": 2}]}, {"_id": "b", "r": None}]


def test_create_in_an_applied_rule_emits():
    rules = default(["add", "r", ["apply", "r", "_S.n"]], r=[["create", "_S."], ["discard"]])
    out = run_rules(rules, [{"_id": "a", "n": [{"_id": "b"}]}])
    assert out == [{"_id": "b"}, {"_id": "a", "r": []}]


def test_the_source_is_left_as_it_was():
    source = {"_id": "a", "tags": ["x"], "$children": [{"_id": "c"}]}
    rules = default(
        ["copy", "*"],
        ["create-child", {"_id": "d"}],
        ["merge-union", {"tags": "y"}],
        ["remove", "tags"],
    )
    run_rules(rules, [source])
    assert source == {"_id": "a", "tags": ["x"], "$children": [{"_id": "c"}]}


def test_a_failure_names_entity_path_and_cause():
    rules = default(["if", "_S.bad", ["add", "a", ["upper", ["decrypt", "k", "_S.bad"]]]])
    error = failure(rules, {"_id": "p1", "bad": "~bYWJj"})
    (problem,) = error.problems
    assert problem.path == "$.rules.default[1][2][2][1]"
    assert error.message.startswith(f'the entity "p1" failed at {problem.path}: ')
    assert error.__cause__ is not None


@pytest.mark.parametrize(
    ("rules", "path", "code", "reason"),
    [
        (default(["fail!", "no name"]), "$.rules.default[1]", "failed", "no name"),
        (default(["trip!", "too many"]), "$.rules.default[1]", "trip", "too many"),
        (
            default(["add", "_id", 5]),
            "$.rules.default",
            "failed",
            'the target needs a string "_id", got 5',
        ),
        (
            default(["add", "r", ["map", ["apply", "r", "_."], ["list", 1]]], r=[["fail!", "no"]]),
            "$.rules.r[0]",
            "failed",
            "no",
        ),
        (
            default(["add", "r", ["apply", "r", "_S."]], r=[["add", "r", ["apply", "r", "_S."]]]),
            None,
            "failed",
            "the rules call each other too deeply",
        ),
    ],
)
def test_what_a_failure_says(rules, path, code, reason):
    error = failure(rules, {"_id": "p1"})
    (problem,) = error.problems
    assert (problem.code, problem.message) == (code, reason)
    assert path is None or problem.path == path


def test_an_entity_that_fails_leaves_nothing_behind():
    run = compile_rules(default(["create", {"_id": "a"}], ["fail!", "no"])).bind()
    out = [{"_id": "before"}]
    with pytest.raises(DtlError):
        run({"_id": "x"}, out)
    assert out == [{"_id": "before"}]


def test_without_id_required_what_has_no_id_is_ignored():
    context = RuleContext(id_required=False)
    values = ["list", {"n": 1}, {"_id": 5}, {"_id": "c"}, "c"]
    rules = {"default": [["copy", "*"], ["create", values], ["create-child", values]]}
    sources = [{"n": 1}, {"_id": 5}, {"_id": ""}, {"_id": "x"}]
    assert run_rules(rules, sources, context=context) == [
        *([{"_id": "c"}] * 4),
        {"_id": "x", "$children": [{"_id": "c"}]},
    ]


def test_text_that_reads_like_python_names_is_only_text():
    words = ["P", "R", "out", "memo", "S", "'P", '"R', "\\'P"]
    pairs = [part for word in words for part in (["eq", "_S.w", word], ["concat", word, "_S.w"])]
    rules = default(
        ["add", "a", ["case", *pairs]],
        ["add", "b", ["apply", "r", ["list", 1]]],
        r=[["add", "c", ["case", *pairs]], ["add", "d", ["case", *pairs, "_R._S.w"]]],
    )
    out = run_rules(rules, [{"_id": "1", "w": "out"}])
    assert out == [{"_id": "1", "a": "outout", "b": [{"c": None, "d": "out"}]}]


def test_an_error_of_the_store_is_no_failure_of_the_entity():
    class Broken(MemoryLookup):
        def entity(self, dataset, entity_id):
            raise StoreError("the disk is full")

    hops = ["hops", {"datasets": ["d d"], "where": ["eq", "_S._id", "d._id"]}]
    run = compile_rules(default(["add", "a", hops])).bind(Runtime(Broken({}, compile_index)))
    with pytest.raises(StoreError, match="the disk is full"):
        run({"_id": "1"}, [])


def test_parameters_time_and_chance_come_from_the_runtime():
    rules = default(["add", "a", "_B.q"], ["add", "b", ["now"]], ["add", "c", ["uuid"]])
    runtime = Runtime(now=lambda: "~tNOW", new_uuid=lambda: "~uNEW", parameters={"q": "x"})
    out = run_rules(rules, [{"_id": "1"}], runtime=runtime)
    assert out == [{"_id": "1", "a": "x", "b": "~tNOW", "c": "~uNEW"}]


def test_contexts_are_seen_from_rules_within_rules():
    rules = default(
        ["add", "k", 1],
        ["add", "r", ["apply", "one", "_S.a"]],
        one=[["add", "n", "_S.n"], ["add", "r", ["apply", "two", "_S.b"]]],
        two=[
            ["add", "up", "_P._S.n"],
            ["add", "upper", "_P._P._S._id"],
            ["add", "target", "_P._T.n"],
            ["add", "root", ["list", "_R._S._id", "_R._T.k"]],
            ["add", "none", "_P._P._P._S._id"],
        ],
    )
    (out,) = run_rules(rules, [{"_id": "x", "a": {"n": 2, "b": {}}}])
    assert out["r"]["r"] == {
        "up": 2,
        "upper": "x",
        "target": 2,
        "root": ["x", 1],
        "none": None,
    }


def test_a_context_as_a_value_is_a_dict_of_its_variables():
    rules = default(
        ["add", "root", ["keys", "_R."]],
        ["add", "name", ["path", ["list", "_S", "name"], "_R."]],
        ["add", "caller", "_P."],
        ["add", "r", ["apply", "one", "_S.a"]],
        one=[["add", "p", "_P."], ["add", "r", ["apply", "two", "_S.b"]]],
        two=[
            ["add", "keys", ["keys", "_P."]],
            ["add", "outer", ["path", ["list", "_P", "_S", "name"], "_P."]],
            ["add", "same", ["eq", "_P._P.", None]],
            ["add", "grand", ["keys", "_P._P"]],
            ["add", "great", "_P._P._P"],
            ["add", "root", ["path", ["list", "_T", "name"], "_R."]],
        ],
    )
    (out,) = run_rules(rules, [{"_id": "x", "name": "Ada", "a": {"b": {}}}])
    target = {"_id": "x", "root": ["_S", "_T"], "name": "Ada", "caller": None}
    assert out == {
        **target,
        "r": {
            "p": {"_S": {"_id": "x", "name": "Ada", "a": {"b": {}}}, "_T": target},
            "r": {
                "keys": ["_S", "_T", "_P"],
                "outer": "Ada",
                "same": True,
                "grand": ["_S", "_T"],
                "great": None,
                "root": "Ada",
            },
        },
    }


def test_the_target_as_a_value_is_what_it_holds_then():
    rules = default(
        ["create", "_T."],
        ["add", "self", "_T."],
        ["add", "root", "_R._T"],
        ["add", "r", ["apply", "one", ["list", "_T."]]],
        ["add", "end", True],
        one=[
            ["add", "source", ["keys", "_S."]],
            ["add", "caller", "_P._T"],
            ["add", "root", "_R._T"],
            ["add", "r", ["apply", "two", 1]],
        ],
        two=[["add", "grand", "_P._P._T"], ["add", "contexts", ["list", "_P.", "_R."]]],
    )
    one = {"_id": "x"}
    two = {**one, "self": one}
    three = {**two, "root": two}
    rule = {"source": ["_id", "self", "root"], "caller": three, "root": three}
    caller = {"_S": one, "_T": three}
    contexts = [{"_S": three, "_T": rule, "_P": caller}, caller]
    result = {**rule, "r": {"grand": three, "contexts": contexts}}
    assert run_rules(rules, [one]) == [one, {**three, "r": [result], "end": True}]


def test_the_inner_value_hides_the_outer_one():
    rules = default(["add", "r", ["map", ["map", ["list", "_.", "_S.k"], "_.b"], "_S.a"]])
    (out,) = run_rules(rules, [{"_id": "x", "k": 9, "a": [{"b": [1, 2]}, {"b": [3]}]}])
    assert out["r"] == [[[1, 9], [2, 9]], [[3, 9]]]


def test_constants_are_folded():
    compiled = compile_rules(default(["add", "a", ["upper", ["concat", "x", "y"]]]))
    assert "            T['a'] = 'XY'\n" in compiled.source


def test_a_constant_that_fails_when_folded_fails_when_it_is_evaluated():
    rules = default(["if", "_S.x", ["add", "a", ["range", 0, 10**20]]])
    assert run_rules(rules, [{"_id": "1"}]) == [{"_id": "1"}]


def test_an_index_is_a_function_from_entity_to_keys():
    assert compile_index('"_S.tags"')({"_id": "1", "tags": ["a", None, "b"]}) == ["a", "b"]
    assert compile_index('"_S.tags"')({"_id": "1"}) == []
    assert compile_index('["lower", "_S.a"]')({"_id": "1", "a": "X"}) == ["x"]
    assert compile_index('["map", ["lower", "_."], "_S.a"]')({"_id": "1", "a": ["X"]}) == ["x"]


def test_an_index_knows_its_namespaces():
    context = RuleContext(namespaced=True, property_namespace="n", identity_namespace="i")
    join = ["eq", "_S.key", ["list", "o.a", "o.n:b", "o.$ids"]]
    hops = ["hops", {"datasets": ["orders o"], "where": [join]}]
    ((_, index),) = compile_rules(default(["add", "r", hops]), context).indexes
    entity = {"_id": "1", "x:a": "A", "n:b": "B"}
    assert compile_index(index)(entity) == ["A", "B", ["~:i:1"]]


@pytest.mark.parametrize("index", ["", "{", '["nope", 1]', "5}", "[]"])
def test_what_is_no_index_is_refused(index):
    with pytest.raises(DtlError, match="not an index"):
        compile_index(index)


def test_the_reference_lists_every_function_with_its_doc():
    found = {(entry["name"], entry["kind"]): entry for entry in functions()}
    assert found["eq", "expression"] == {
        "name": "eq",
        "kind": "expression",
        "group": "comparisons",
        "signature": "LEFT(value-expression{1}), RIGHT(value-expression{1})",
        "doc": found["eq", "expression"]["doc"],
        "examples": found["eq", "expression"]["examples"],
    }
    assert ("if", "expression") in found
    assert ("if", "transform") in found
