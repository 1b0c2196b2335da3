"""Conditionals are decided, and the outcome knows where each part was written."""

from __future__ import annotations

import pytest

from sesam_node.config.conditions import resolve_other, resolve_pipe

DTL = {"type": "dtl", "rules": {}}


def choice(condition, **alternatives):
    return {"type": "conditional", "condition": condition, "alternatives": alternatives}


def block(condition, **alternatives):
    return {"$conditional_properties": {"condition": condition, "alternatives": alternatives}}


@pytest.mark.parametrize(
    ("pipe", "outcome"),
    [
        (
            {"source": choice("$ENV(e)", test={"type": "a"}, prod={"type": "b", "x": "$ENV(no)"})},
            {"source": {"type": "a"}},
        ),
        ({"sink": choice("$ENV(n)", **{"1": {"type": "a"}})}, {"sink": {"type": "a"}}),
        ({"sink": choice("$ENV(on)", true={"type": "a"})}, {"sink": {"type": "a"}}),
        (
            {"source": choice("x", x=choice("$ENV(e)", test={"type": "a", "u": "$ENV(n)"}))},
            {"source": {"type": "a", "u": 1}},
        ),
        ({"transform": choice("x", x=DTL)}, {"transform": DTL}),
        (
            {"transform": [DTL, choice("x", x=[{"type": "a"}, {"type": "b"}]), {"type": "c"}]},
            {"transform": [DTL, {"type": "a"}, {"type": "b"}, {"type": "c"}]},
        ),
        (
            {"transform": choice("x", x=[DTL, {"type": "b"}])},
            {"transform": [DTL, {"type": "b"}]},
        ),
        (
            {"batch_size": 5, "x": 1, **block("$ENV(e)", test={"batch_size": 1}, prod={})},
            {"batch_size": 1, "x": 1},
        ),
        (
            {"pump": {"mode": "off", **block("a", a={"n": 2, **block("b", b={"mode": "on"})})}},
            {"pump": {"mode": "on", "n": 2}},
        ),
        (
            {"source": {"type": "a", **block("$ENV(e)", test={"url": "$ENV(n)"})}},
            {"source": {"type": "a", "url": 1}},
        ),
        (
            {"source": {"type": "embedded", "entities": [block("a", a={})]}},
            {"source": {"type": "embedded", "entities": [block("a", a={})]}},
        ),
    ],
)
def test_what_is_chosen_takes_the_place_of_the_conditional(pipe, outcome):
    resolved = resolve_pipe(pipe, {"e": "test", "n": 1, "on": True})
    assert resolved.component == outcome
    assert resolved.problems == []


def test_parts_in_force_know_where_they_were_written():
    pipe = {
        "batch_size": 1,
        **block("a", a={"batch_size": 2}),
        "source": choice("x", x={"type": "a", "url": 1, **block("b", b={"url": 2})}),
        "transform": [DTL, choice("x", x=[DTL, DTL])],
    }
    resolved = resolve_pipe(pipe, {})
    assert [
        resolved.at(path)
        for path in [
            ("batch_size",),
            ("source",),
            ("source", "type"),
            ("source", "url", 0),
            ("transform", 0, "rules"),
            ("transform", 2, "rules", "default"),
            ("sink",),
        ]
    ] == [
        "$.$conditional_properties.alternatives.a.batch_size",
        "$.source.alternatives.x",
        "$.source.alternatives.x.type",
        "$.source.alternatives.x.$conditional_properties.alternatives.b.url[0]",
        "$.transform[0].rules",
        "$.transform[1].alternatives.x[1].rules.default",
        "$.sink",
    ]


@pytest.mark.parametrize(
    ("pipe", "lines"),
    [
        (
            {"source": choice("$ENV(gone)", a={"type": "a"})},
            ['error $.source.condition: the environment variable "gone" is not set [missing-env]'],
        ),
        (
            {"source": choice("tset", test={"type": "a"}, prod={"type": "a"})},
            [
                (
                    'error $.source.condition: there is no alternative "tset", only "test", '
                    '"prod"; did you mean "test"? [no-alternative]'
                )
            ],
        ),
        (
            {"source": {"type": "conditional", "alternatives": {}}},
            ['error $.source: "condition" is missing in the conditional [missing-option]'],
        ),
        (
            {"source": {"type": "conditional", "condition": "a", "alternatives": []}},
            [
                (
                    "error $.source.alternatives: expected an object of alternatives, got [] "
                    "[wrong-type]"
                )
            ],
        ),
        (
            block("b", a={"batch_size": 2}),
            [
                (
                    "warning $.$conditional_properties.condition: there is no alternative "
                    '"b", only "a" [no-alternative]'
                )
            ],
        ),
        (
            block("a", a=5),
            [
                (
                    "error $.$conditional_properties.alternatives.a: expected an object of "
                    "properties, got 5 [wrong-type]"
                )
            ],
        ),
        (
            {"_id": "x", **block("a", a={"_id": "y", "type": "z"})},
            [
                (
                    "error $.$conditional_properties.alternatives.a._id: "
                    '"_id" of a component cannot be conditional [bad-conditional]'
                ),
                (
                    "error $.$conditional_properties.alternatives.a.type: "
                    '"type" of a component cannot be conditional [bad-conditional]'
                ),
            ],
        ),
        (
            {"$conditional_properties": 5},
            [
                (
                    "error $.$conditional_properties: expected an object with "
                    '"condition" and "alternatives", got 5 [wrong-type]'
                )
            ],
        ),
        (
            {"transform": {"type": "dtl", **block("a", a={})}},
            [
                (
                    "error $.transform.$conditional_properties: a transform cannot have "
                    "conditional properties; "
                    'use a transform of type "conditional" [bad-conditional]'
                )
            ],
        ),
        (
            {"source": {"type": "a", **block("a", a={"url": "$ENV(gone)"}, b={"u": "$ENV(g)"})}},
            [
                (
                    "error $.source.$conditional_properties.alternatives.a.url: "
                    'the environment variable "gone" is not set [missing-env]'
                )
            ],
        ),
    ],
)
def test_what_cannot_be_decided_is_a_problem(pipe, lines):
    found = resolve_pipe(pipe, {}).problems
    assert [f"{problem.level} {problem}" for problem in found] == lines


def test_systems_and_metadata_have_conditional_properties_at_any_depth():
    system = {
        "_id": "s",
        "url_pattern": "http://$ENV(host)/%s",
        "headers": {"x": 1, **block("$ENV(host)", h={"x": 2})},
        "operations": {"get": block("a", a={"url": "u"})},
    }
    resolved = resolve_other(system, {"host": "h"})
    assert resolved.component == {
        "_id": "s",
        "url_pattern": "http://h/%s",
        "headers": {"x": 2},
        "operations": {"get": {"url": "u"}},
    }
    assert resolved.problems == []


def test_an_option_can_keep_its_text():
    pipe = {"source": {"type": "a", "x": "$ENV(gone)", "y": "$ENV(n)"}}
    resolved = resolve_pipe(pipe, {"n": 1}, lambda kind, type_: frozenset({"x"}))
    assert resolved.component == {"source": {"type": "a", "y": 1, "x": "$ENV(gone)"}}
    assert resolved.problems == []


def test_the_original_stays_as_it_is():
    pipe = {"source": {"type": "a", "list": ["$ENV(n)"]}, "metadata": {"a": [1]}}
    resolved = resolve_pipe(pipe, {"n": 1})
    resolved.component["source"]["list"].append(2)
    resolved.component["metadata"]["a"].append(2)
    assert pipe == {"source": {"type": "a", "list": ["$ENV(n)"]}, "metadata": {"a": [1]}}
