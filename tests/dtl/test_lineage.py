"""Which properties a rule set reads to write which, both ways."""

from __future__ import annotations

import pytest

from sesam_node.dtl.explain.lineage import Read, RuleLineage
from sesam_node.dtl.plan import plan_rules
from sesam_node.dtl.syntax import RuleContext


def lineage(*rules, context=None, **more):
    named = {"default": list(rules), **more}
    return RuleLineage(plan_rules(named, context or RuleContext(), ("rules",))[0])


def told(origins):
    """Origins as `dataset.property kind`, sorted, each once."""
    return sorted({f"{o.read.dataset or '_S'}.{o.read.name} {o.kind}" for o in origins})


PRICE = [
    "hops",
    {"datasets": ["product p"], "where": ["eq", "_S.pid", "p._id"], "return": "p.price"},
]
HOPPED = ["_S.pid joined", "product._id joined", "product.price joined"]


@pytest.mark.parametrize(
    ("rules", "name", "expected"),
    [
        ([["add", "x", "_S.a"]], "x", ["_S.a copied"]),
        ([["add", "x", ["upper", "_S.a"]]], "x", ["_S.a computed"]),
        ([["add", "x", "_S.a.b"]], "x", ["_S.a computed"]),
        ([["add", "x", 1]], "x", []),
        ([["add", "x", "_S."]], "x", ["_S.* computed"]),
        ([["copy", "*"]], "x", ["_S.x copied"]),
        ([["copy", "y*"]], "x", []),
        ([["copy", "*", "x"]], "x", []),
        ([["rename", "a", "x"]], "x", ["_S.a copied"]),
        ([["make-ni", "ns", "a"]], "a-ni", ["_S.a computed"]),
        ([["add", "x", ["first", PRICE]]], "x", HOPPED),
        ([["copy", "*"], ["add", "x", "_S.a"]], "x", ["_S.a copied"]),
        ([["copy", "*"], ["default", "x", "_S.a"]], "x", ["_S.a copied", "_S.x copied"]),
        ([["copy", "*"], ["remove", "x"]], "x", []),
        ([["add", "x", "_S.a"], ["remove", "x"]], "x", []),
        ([["add", "y", "_S.a"], ["add", "x", ["upper", "_T.y"]]], "x", ["_S.a computed"]),
        ([["copy", "a"], ["add", "x", ["upper", "_T.a"]]], "x", ["_S.a computed"]),
        ([["add-if", "x", ["is-null", "_S.b"], "_S.a"]], "x", ["_S.a copied", "_S.b computed"]),
        ([["if", "_S.c", ["add", "x", "_S.a"]]], "x", ["_S.a copied", "_S.c computed"]),
        (
            [["case", "_S.c", ["add", "x", "_S.a"], ["add", "x", "_S.b"]]],
            "x",
            ["_S.a copied", "_S.b copied", "_S.c computed"],
        ),
        ([["filter", "_S.f"], ["add", "x", "_S.a"]], "x", ["_S.a copied", "_S.f filtered-by"]),
        (
            [["if", "_S.f", ["discard"]], ["add", "x", "_S.a"]],
            "x",
            ["_S.a copied", "_S.f filtered-by"],
        ),
        ([["merge", ["dict", "x", "_S.a"]]], "x", ["_S.a computed"]),
        ([["create", ["dict", "x", "_S.a"]]], "x", ["_S.a computed"]),
        ([["create-child", ["dict", "_id", "_S.a"]]], "$children", ["_S.a computed"]),
        ([["add", ["concat", "p-", "_S.k"], "_S.a"]], "*", ["_S.a copied", "_S.k computed"]),
        ([["add", "x", ["map", ["upper", "_."], "_S.a"]]], "x", ["_S.a computed"]),
        ([["add", "x", ["path", "b", "_S.a"]]], "x", ["_S.a computed"]),
        (
            [["add", "x", ["path", "b", ["lookup-entity", "d", "_S.a"]]]],
            "x",
            ["_S.a computed", "d.b joined"],
        ),
    ],
)
def test_a_property_comes_from(rules, name, expected):
    assert told(lineage(*rules).upstream(name)) == expected


def test_of_items_that_are_mapped_only_what_is_read_of_them_counts():
    hop = ["hops", {"datasets": ["d h"], "where": ["eq", "_S.k", "h.k"]}]
    found = lineage(
        ["add", "all", hop],
        ["add", "n", ["max", ["map", "_.n", ["filter", ["is-not-null", "_.m"], "_T.all"]]]],
        ["add", "all", ["count", "_T.all"]],
    )
    keys = ["_S.k joined", "d.k joined"]
    assert told(found.upstream("n")) == sorted([*keys, "d.m joined", "d.n joined"])
    assert told(found.upstream("all")) == sorted([*keys, "d.* joined"])


def test_an_applied_rule_reads_what_it_is_applied_to():
    found = lineage(
        ["add", "x", ["apply", "inner", "_S.parts"]],
        inner=[["add", "y", ["concat", "_S.a", "_P._S.b"]]],
    )
    assert told(found.upstream("x")) == ["_S.b computed", "_S.parts computed"]


def test_a_rule_applied_to_hops_reads_their_dataset():
    hop = {"datasets": ["product p"], "where": ["eq", "_S.pid", "p._id"]}
    found = lineage(
        ["merge", ["apply-hops", "inner", hop]],
        inner=[["copy", "name"], ["add", "y", ["upper", "_S.price"]]],
    )
    assert told(found.upstream("y")) == ["product.price joined"]
    assert told(found.upstream("name")) == ["product.name joined"]
    assert told(found.upstream("other")) == []


def test_a_rule_that_applies_itself_ends():
    found = lineage(
        ["add", "x", ["apply", "tree", "_S.root"]],
        tree=[["add", "below", ["apply", "tree", "_S.children"]], ["add", "n", "_S.name"]],
    )
    assert told(found.upstream("x")) == ["_S.root computed"]


def test_where_a_property_goes():
    found = lineage(
        ["filter", ["neq", "_S.a", 1]],
        ["copy", "*", "b"],
        ["add", "x", ["upper", "_S.a"]],
        ["add", "y", ["first", PRICE]],
    )
    assert found.downstream(None, "a") == [
        ("x", "computed", "$.rules.default[2]"),
        ("a", "copied", "$.rules.default[1]"),
        ("*", "filtered-by", "$.rules.default[0]"),
    ]
    assert found.downstream(None, "b") == []
    assert found.downstream(None, "pid") == [
        ("y", "joined", "$.rules.default[3]"),
        ("pid", "copied", "$.rules.default[1]"),
    ]
    assert found.downstream("product", "price") == [("y", "joined", "$.rules.default[3]")]
    assert found.downstream("product", "name") == []


def test_names_without_namespace_are_read_in_every_namespace():
    context = RuleContext(pipe_id="p", namespaced=True, property_namespace="p")
    found = lineage(["copy", "crm:*"], ["add", "x", "_S.name"], context=context)
    assert [o.read for o in found.upstream("p:x")] == [Read(None, "name", anywhere=True)]
    assert found.downstream(None, "hr:name") == [("p:x", "copied", "$.rules.default[1]")]
    assert found.downstream(None, "crm:age") == [("crm:age", "copied", "$.rules.default[0]")]
