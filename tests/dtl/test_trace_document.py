"""Trace documents: what is one, and what a reader is told about what is none."""

from __future__ import annotations

import contextlib
import copy
import json
import random

import pytest
from written_traces import counters, document, function, read, rule, transform

from sesam_node.dtl import Runtime, compile_index
from sesam_node.dtl.lookup import MemoryLookup
from sesam_node.dtl.trace import (
    coverage,
    fold,
    rates,
    samples,
    signatures,
    state,
    timings,
    validate,
    why,
    why_not,
    why_not_text,
    why_text,
)
from sesam_node.dtl.trace.places import matches, parts_of
from sesam_node.dtl.walk import Recorder, walk_rules
from sesam_node.errors import InputError

RULES = {"default": [["copy", "_id"], ["add", "n", ["upper", "_S.name"]]]}


def made():
    tree = rule(
        "default",
        transform("default[0]", "copy", sets={"_id": "a"}),
        transform(
            "default[1]",
            "add",
            function(
                "default[1][2]",
                "upper",
                "ADA",
                read("default[1][2][1]", "_S.name", "Ada"),
                inputs=["Ada"],
            ),
            sets={"n": "ADA"},
        ),
        output={"_id": "a", "n": "ADA"},
    )
    return document(RULES, ({"_id": "a", "name": "Ada"}, [{"_id": "a", "n": "ADA"}], tree))


def problems(given):
    with pytest.raises(InputError) as caught:
        validate(given)
    return [(problem.path, problem.code) for problem in caught.value.problems]


def changed(path, value):
    """The document with one place replaced."""
    given = copy.deepcopy(made())
    *way, last = parts_of(path)
    holder = given
    for part in way:
        holder = holder[part]
    holder[last] = value
    return given


def test_documents_of_both_strengths_are_valid():
    validate(made())
    validate(counters(RULES, {"default": (3, 0, 0, 90, 1)}, entities=3))


def test_unknown_keys_are_let_through():
    validate({**made(), "made": {"by": "someone"}})
    validate(changed("entities[0].events[1].memory", 12))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "wrong-type"),
        ([], "wrong-type"),
        ({}, "wrong-format"),
        ({"format": "sesam-dtl-trace"}, "wrong-version"),
        ({"format": "sesam-dtl-trace", "version": 2}, "wrong-version"),
        ({"format": "sesam-dtl-trace", "version": True}, "wrong-version"),
        ({"format": "sesam-dtl-trace", "version": 1}, "wrong-strength"),
        ({"format": "sesam-dtl-trace", "version": 1, "strength": []}, "wrong-strength"),
    ],
)
def test_what_is_no_document_is_refused(given, code):
    assert [found for _, found in problems(given)] == [code]


def test_another_version_is_refused_with_a_hint():
    with pytest.raises(InputError, match=r"expected version 1, got 7.*record it again"):
        validate({**made(), "version": 7})


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("rules", [], "$.rules"),
        ("pipe", None, "$.pipe"),
        ("nodes[0].kind", "thing", "$.nodes[0].kind"),
        ("nodes[0].kind", ["rule"], "$.nodes[0].kind"),
        ("nodes[1]", "copy", "$.nodes[1]"),
        ("paths", {}, "$.paths"),
        ("paths[0]", 3, "$.paths[0]"),
        ("values", None, "$.values"),
        ("entities[0].source", 99, "$.entities[0].source"),
        ("entities[0].source", -1, "$.entities[0].source"),
        ("entities[0].version", "4", "$.entities[0].version"),
        ("entities[0].results", [0, "0"], "$.entities[0].results"),
        ("entities[0].error", {"path": "$"}, "$.entities[0].error"),
        ("entities[0].truncated", 0, "$.entities[0].truncated"),
        ("entities[0].ns", -4, "$.entities[0].ns"),
        ("entities[0].frames[0].parent", 0, "$.entities[0].frames[0].parent"),
        ("entities[0].frames[0].event", 12, "$.entities[0].frames[0].event"),
        ("entities[0].events[1].parent", 1, "$.entities[0].events[1].parent"),
        ("entities[0].events[1].parent", 2, "$.entities[0].events[1].parent"),
        ("entities[0].events[1].frame", 1, "$.entities[0].events[1].frame"),
        ("entities[0].events[1].path", 77, "$.entities[0].events[1].path"),
        ("entities[0].events[1].output", None, "$.entities[0].events[1].output"),
        ("entities[0].events[1].sets", {"a": 99}, "$.entities[0].events[1].sets"),
        ("entities[0].events[1].sets", ["a"], "$.entities[0].events[1].sets"),
        ("entities[0].events[1].removes", ["a", 1], "$.entities[0].events[1].removes"),
        ("entities[0].events[1].ends", "stopped", "$.entities[0].events[1].ends"),
        ("entities[0].events[1].branch", -2, "$.entities[0].events[1].branch"),
        ("entities[0].events[1].branch", True, "$.entities[0].events[1].branch"),
        ("entities[0].events[1].rows", [3], "$.entities[0].events[1].rows[0]"),
        ("entities[0].events[1].rows", [{"o": {}}], "$.entities[0].events[1].rows[0].o"),
        (
            "entities[0].events[1].lookups",
            [{"dataset": "orders", "index": None, "found": 1, "keys": 99}],
            "$.entities[0].events[1].lookups[0].keys",
        ),
    ],
)
def test_each_wrong_place_is_named(path, value, where):
    assert where in [found for found, _ in problems(changed(path, value))]


def test_events_without_a_frame_are_refused():
    assert ("$.entities[0].frames", "missing") in problems(changed("entities[0].frames", []))


def test_a_document_full_of_faults_gives_a_bounded_list():
    found = problems(changed("entities", [{}] * 1000))
    assert len(found) == 21
    assert ("$", "more") in found


def test_what_needs_events_refuses_counters():
    given = counters(RULES, {})
    for ask in (signatures, state, why, why_not):
        with pytest.raises(InputError, match="no events"):
            ask(given)


def test_an_entity_that_is_not_there_is_refused():
    for entity in (1, -1, "0", None):
        with pytest.raises(InputError, match="no such entity"):
            why(made(), entity)


def test_only_counters_can_be_folded():
    with pytest.raises(InputError, match="only documents of counters"):
        fold([made()])


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("$", []),
        ("name", ["name"]),
        ("$.orders[1].no", ["orders", 1, "no"]),
        ('$["odd.name"][0]', ["odd.name", 0]),
        ("$['odd.name']", ["odd.name"]),
        ("[2]", [2]),
        ("sesam:name", ["sesam:name"]),
        ("$.$children[0]._id", ["$children", 0, "_id"]),
        ('$["a]b\\"c"]', ['a]b"c']),
    ],
)
def test_paths_are_read(path, parts):
    assert parts_of(path) == parts


@pytest.mark.parametrize("path", ["", "$.", "a..b", "a[", "a[x]", "a[-1]", '["open', "$name]"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(InputError, match="not a JSON path"):
        parts_of(path)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "", True),
        ("a*", "abc", True),
        ("a*c", "abc", True),
        ("a*c", "abd", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*b*b*", "abcb", True),
        ("*b*b*", "abc", False),
        ("a.c", "abc", False),
        ("", "a", False),
    ],
)
def test_patterns_match_the_whole_name(pattern, name, expected):
    assert matches(pattern, name) is expected


def test_a_pattern_of_many_stars_ends_soon():
    assert matches("*a" * 40 + "b", "a" * 4000) is False


# -- hostile documents -----------------------------------------------------------------------------


def read_all(given):
    """Ask all that can be asked of a valid document."""
    for ask in (coverage, rates, timings, signatures, samples):
        ask(given)
    for entity in range(len(given["entities"])):
        for path in ("$", "orders[1].no", "orders", "n", "paid[0].sum", "x", "mail"):
            for ask, told in ((why, why_text), (why_not, why_not_text)):
                with contextlib.suppress(InputError):
                    told(ask(given, entity, path=path))
        for event in (0, 5, 12):
            with contextlib.suppress(InputError):
                state(given, entity, event, after=True)


RECORDED = {
    "default": [
        ["copy", "_id"],
        ["add", "n", ["path", "no", ["sorted", "_.no", "_S.orders"]]],
        ["if", ["gt", "_S.age", 18], [["add-if", "mail", "_S.mail"]], [["add", "x", 1]]],
        ["add", "orders", ["apply", "order", "_S.orders"]],
        [
            "add",
            "paid",
            ["apply-hops", "pay", {"datasets": ["p p"], "where": ["eq", "_S._id", "p.c"]}],
        ],
        ["create", ["list", ["dict", "_id", "x", "n", ["map", ["upper", "_.no"], "_S.orders"]]]],
        ["add", "one", ["lookup-entity", "p", "p1"]],
        [
            "merge",
            ["hops", {"datasets": ["p p"], "where": ["eq", "_S._id", "p.c"], "return": "p.s"}],
        ],
        ["remove", "x*"],
    ],
    "order": [["add", "no", "_P._S.age"], ["filter", ["neq", "_S.no", 3]], ["copy", "no"]],
    "pay": [["add", "sum", ["plus", "_S.s", 1]]],
}


def recorded():
    recorder = Recorder(RECORDED)
    lookup = MemoryLookup({"p": [{"_id": "p1", "c": "a", "s": 4}]}, compile_index)
    run = walk_rules(RECORDED).bind(Runtime(lookup), recorder)
    run({"_id": "a", "age": 36, "orders": [{"no": 2}, {"no": 3}, {"no": 1}]}, [])
    return json.loads(json.dumps(recorder.document()))


def all_places(value, way=()):
    yield way
    if isinstance(value, dict | list):
        members = list(value.items() if isinstance(value, dict) else enumerate(value))
    else:
        members = []
    for part, item in members:
        yield from all_places(item, (*way, part))


def broken(given, chance):
    """A copy with some places taken away, or filled with something else."""
    made = copy.deepcopy(given)
    keys = ("entities", "values", "paths", "nodes", "rules")
    places = [way for way in all_places(given) if way and way[0] in keys]
    odd = [0, 1, 5, None, "x", [], {}, -1, True, "$.rules.default[3]"]
    for _ in range(chance.randint(1, 3)):
        *way, last = chance.choice(places)
        holder = made
        with contextlib.suppress(LookupError, TypeError):
            for part in way:
                holder = holder[part]
            if chance.random() < 0.3:
                del holder[last]
            elif chance.random() < 0.5:
                holder[last] = chance.choice(odd)
            else:
                holder[last] = copy.deepcopy(parts_at(given, chance.choice(places)))
    return made


def parts_at(value, way):
    for part in way:
        value = value[part]
    return value


def test_whatever_is_valid_can_be_read():
    chance = random.Random(20)  # the same each time
    given = recorded()
    read_all(given)
    valid = 0
    for _ in range(600):
        made = broken(given, chance)
        try:
            validate(made)
        except InputError:
            continue
        valid += 1
        read_all(made)
    assert valid > 50


def test_frames_and_events_nested_deeply_can_be_read():
    depth = 3000
    event = {"path": 0, "kind": "rule", "name": "default", "at": 0, "ns": 1, "output": 0}
    given = made()
    given["entities"][0]["frames"] = [
        {
            "rule": "default",
            "parent": n - 1 if n else None,
            "event": n - 1 if n else None,
            "source": 0,
        }
        for n in range(depth)
    ]
    given["entities"][0]["events"] = [
        {**event, "parent": n - 1 if n else None, "frame": n} for n in range(depth)
    ]
    validate(given)
    read_all(given)
    assert state(given, 0, depth - 1)["rule"] == "default"
