"""Names under namespaced identifiers: where they write and what they read."""

from __future__ import annotations

import pytest

from sesam_node.dtl import RuleContext, run_rules
from sesam_node.dtl.names import read_name, written_name
from sesam_node.dtl.parse import path_names
from sesam_node.dtl.wildcards import wildcard

NI = RuleContext(namespaced=True, property_namespace="ns", identity_namespace="ids")
SOURCE = {"_id": "1", "a": 1, "x:a": [2, 3], "y:a": None, "x:b": {"c": 4, "z:c": 5}, "$d": 6}


def ni(*transforms, source=SOURCE, context=NI):
    (out,) = run_rules({"default": [["copy", "_id"], *transforms]}, [source], context=context)
    del out["_id"]
    return out


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("a", "ns:a", None),
        (":a", "ns:a", "ns:a"),
        ("::a", "a", "a"),
        ("x:a", "x:a", "x:a"),
        ("::x:a", "x:a", "x:a"),
        ("_id", "_id", "_id"),
        ("$ids", "$ids", "$ids"),
        ("x:y:a", "x:y:a", "x:y:a"),
    ],
)
def test_how_a_name_writes_and_reads(name, written, read):
    assert written_name(name, NI) == written
    assert read_name(name, NI) == read
    assert written_name(name, RuleContext()) == name
    assert read_name(name, RuleContext()) == name


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("_S.a", [1, 2, 3]),
        ("_S.::a", 1),
        ("_S.x:a", [2, 3]),
        ("_S.b.c", [4, 5]),
        ("_S.b.z:c", 5),
        ("_S.:a", None),
        ("_S.$d", 6),
        ("_S.nothing", None),
        ("_S.$ids", ["~:ids:1"]),
    ],
)
def test_an_unqualified_path_reads_every_namespace(path, expected):
    assert ni(["add", "::r", path]) == {"r": expected}


def test_stored_ids_are_read_as_they_are():
    assert ni(["add", "::r", "_S.$ids"], source={"_id": "1", "$ids": "~:a:b"}) == {"r": "~:a:b"}


def test_a_qualified_id_keeps_its_namespace_in_ids():
    rules = {"default": [["copy", "_id"], ["add", "::r", "_S.$ids"]]}
    (out,) = run_rules(rules, [{"_id": "other:1"}], context=NI)
    assert out == {"_id": "other:1", "r": ["~:other:1"]}


@pytest.mark.parametrize(
    ("transforms", "expected"),
    [
        ([["add", "_id", "7"]], "ids:7"),
        ([["add", "_id", "x:7"]], "x:7"),
        ([["add", ["concat", "_", "id"], ["concat", "_S.x", "7"]]], "ids:7"),
    ],
)
def test_a_string_for_the_id_gets_the_identity_namespace(transforms, expected):
    (out,) = run_rules({"default": transforms}, [{"_id": "1"}], context=NI)
    assert out == {"_id": expected}


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (["rename", "a", "n"], {"n": 1, "x:n": [2, 3], "y:n": None}),
        (["rename", "a", "q:n"], {"q:n": [1, 2, 3]}),
        (["rename", "x:a", "n"], {"x:n": [2, 3]}),
        (["rename", "x:a", "q:n"], {"q:n": [2, 3]}),
        (["rename", "::a", ":n"], {"ns:n": 1}),
        (["copy", "a"], {"a": 1, "x:a": [2, 3], "y:a": None}),
        (["copy", "::a"], {"a": 1}),
        (["copy", "x:?"], {"x:a": [2, 3], "x:b": {"c": 4, "z:c": 5}}),
        (["copy", "*", ["list", "a", "x:*"]], {"$d": 6}),
        (["add", ["list", "a", "::b", "q:c"], 1], {"ns:a": 1, "b": 1, "q:c": 1}),
    ],
)
def test_transforms_under_namespaced_identifiers(transform, expected):
    out = ni(transform)
    assert out == expected


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("", [""], ["a"]),
        ("*", ["", "a", "a\nb"], []),
        ("a?c", ["abc", "a\nc", "a?c"], ["ac", "abbc"]),
        ("a*b*c", ["abc", "a.b.b.c.c"], ["acb", "xabc", "abcx"]),
        ("*ab*ab", ["abab", "ababab"], ["ab", "aab"]),
        ("a.*", ["a.", "a.b"], ["ab"]),
        ("**a**", ["a", "xax"], ["x"]),
    ],
)
def test_a_wildcard_matches_whole_names(pattern, matching, others):
    matches = wildcard(pattern)
    assert [name for name in matching + others if matches(name)] == matching


@pytest.mark.parametrize("context", [RuleContext(), NI])
def test_a_wildcard_that_nearly_matches_a_long_name_is_no_burden(context):
    source = {"_id": "1", "a" * 3000: 1, "a" * 3000 + "b": 2}
    pattern = "*a*a*a*a*a*a*b"
    assert ni(["copy", pattern], source=source, context=context) == {"a" * 3000 + "b": 2}


@pytest.mark.parametrize("patterns", [["alpha_*", "beta_?"], ["list", "alpha_*", "beta_?"]])
def test_patterns_come_with_list_or_without(patterns):
    source = {"_id": "1", "alpha_1": 1, "beta_1": 2, "beta_12": 3, "gamma": 4}
    results = [
        ni(*transforms, source=source, context=RuleContext())
        for transforms in (
            [["copy", patterns]],
            [["copy", "*", patterns]],
            [["copy", "*"], ["remove", patterns]],
        )
    ]
    rest = {"beta_12": 3, "gamma": 4}
    assert results == [{"alpha_1": 1, "beta_1": 2}, rest, rest]


def test_default_looks_for_the_name_it_would_write():
    out = ni(["copy", "a"], ["default", "a", 9], ["default", "::a", 8])
    assert out == {"a": 1, "x:a": [2, 3], "y:a": None, "ns:a": 9}


def test_remove_without_a_namespace_removes_it_everywhere():
    assert ni(["copy", "*"], ["remove", "a"]) == {"x:b": {"c": 4, "z:c": 5}, "$d": 6}
    assert ni(["copy", "*"], ["remove", "::a"]) == {
        "x:a": [2, 3],
        "y:a": None,
        "x:b": {"c": 4, "z:c": 5},
        "$d": 6,
    }


def test_make_ni_keeps_the_namespace_of_each_source_property():
    source = {"_id": "1", "r": "b", "x:r": ["d", 5, "c"], "y:r": 5}
    assert ni(["make-ni", "p", "r"], source=source) == {
        "r-ni": "~:p:b",
        "x:r-ni": ["~:p:c", "~:p:d"],
    }


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ("a",)),
        ("a.b", ("a", "b")),
        ("'a.b'.c", ("a.b", "c")),
        ("a.'it''s'", ("a", "it's")),
        ("'a", None),
        ("'a'b", None),
    ],
)
def test_names_of_a_path(text, names):
    assert path_names(text) == names
