"""Trackers lead from a changed entity to every source entity whose output it can change."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.dtl import RuleContext, Runtime, compile_index, compile_rules
from sesam_node.dtl.lookup import MemoryLookup

AB = ["a a", "b b"]
FROM_PEOPLE = RuleContext(source_dataset="people")


def add_hops(*specs, **options):
    return ["add", options.get("name", "r"), ["hops", *specs]]


def spec(datasets, *where, **options):
    return {"datasets": datasets, "where": list(where), **options}


def tracked(rules, context=FROM_PEOPLE):
    """Dataset -> how its changes are traced; None where they concern every source entity."""
    compiled = compile_rules({"default": [["copy", "_id"], *rules]}, context)
    return {t.dataset: t.explain() if t.exact else None for t in compiled.trackers}


BY_ID = spec(["orders o"], ["eq", "_S._id", "o.person"])
BY_KEY = spec(["cities c"], ["eq", "_S.city", "c._id"])

TABLE = {
    "a key that is the source's _id needs no index": (
        [add_hops(BY_ID)],
        {"orders": ['"_S.person" -> _id of the source']},
    ),
    "a property of the source is sought in an index": (
        [add_hops(BY_KEY)],
        {"cities": ['"_S._id" -> "_S.city" of the source']},
    ),
    "a pure function of the source is an index too": (
        [add_hops(spec(["c c"], ["eq", ["lower", "_S.city"], ["lower", "c.name"]]))],
        {"c": ['["lower", "_S.name"] -> ["lower", "_S.city"] of the source']},
    ),
    "a chain is followed join by join": (
        [add_hops(spec(["a a", "b b"], ["eq", "_S.x", "a.x"], ["eq", "a.y", "b._id"]))],
        {
            "a": ['"_S.x" -> "_S.x" of the source'],
            "b": ['"_S._id" -> "_S.y" of dataset \'a\'', '"_S.x" -> "_S.x" of the source'],
        },
    ),
    "a second specification goes back through the first": (
        [add_hops(BY_ID, spec(["lines l"], ["eq", "_S._id", "l.order"]))],
        {
            "orders": ['"_S.person" -> _id of the source'],
            "lines": [
                '"_S.order" -> _id of dataset \'orders\'',
                '"_S.person" -> _id of the source',
            ],
        },
    ),
    "recursion goes back through itself": (
        [add_hops(spec(["people p"], ["eq", "_S.children", "p._id"], recurse=True))],
        {
            "people": [
                '"_S._id" -> "_S.children" of the source',
                '"_S._id" -> "_S.children" of dataset \'people\'',
            ]
        },
    ),
    "a key that depends on the target has no inverse": (
        [add_hops(spec(["a a"], ["eq", ["concat", "_S.x", "_T.y"], "a.x"]))],
        {"a": None},
    ),
    "nor has one that depends on time": (
        [add_hops(spec(["a a"], ["eq", ["list", "_S.x", ["now"]], "a.x"]))],
        {"a": None},
    ),
    "behind a join without inverse nothing has one": (
        [add_hops(spec(AB, ["eq", ["list", "_S.x", "_T.x"], "a.x"], ["eq", "a.y", "b.y"]))],
        {"a": None, "b": None},
    ),
    "another join may lead back": (
        [
            add_hops(
                spec(
                    ["a a", "b b"],
                    ["eq", "_S.x", "a.x"],
                    ["eq", ["list", "a.y", "_T.y"], "b.y"],
                    ["eq", "_S.z", "b.z"],
                )
            )
        ],
        {"a": ['"_S.x" -> "_S.x" of the source'], "b": ['"_S.z" -> "_S.z" of the source']},
    ),
    "track-dependencies false is not tracked": (
        [add_hops({**BY_ID, "track-dependencies": False})],
        {},
    ),
    "lookup-entity is not tracked": ([["add", "a", ["lookup-entity", "a", "_S.x"]]], {}),
}  # fmt: skip


@pytest.mark.parametrize(("rules", "expected"), TABLE.values(), ids=TABLE)
def test_the_way_back(rules, expected):
    assert {k: v and sorted(v) for k, v in tracked(rules).items()} == {
        k: v and sorted(v) for k, v in expected.items()
    }


def test_without_a_source_dataset_only_the_id_leads_back():
    assert tracked([add_hops(BY_ID), add_hops(BY_KEY)], RuleContext()) == {
        "orders": ['"_S.person" -> _id of the source'],
        "cities": None,
    }


def test_a_rule_applied_to_hops_starts_from_what_they_found():
    rules = {
        "default": [["copy", "_id"], ["add", "r", ["apply-hops", "order", BY_ID]]],
        "order": [["copy", "_id"], add_hops(spec(["lines l"], ["eq", "_S.no", "l.order"]))],
    }
    compiled = compile_rules(rules, FROM_PEOPLE)
    assert {t.dataset: (t.exact, t.explain()) for t in compiled.trackers} == {
        "orders": (True, ['"_S.person" -> _id of the source']),
        "lines": (
            True,
            ['"_S.order" -> "_S.no" of dataset \'orders\'', '"_S.person" -> _id of the source'],
        ),
    }
    assert compiled.indexes == (
        ("lines", '"_S.order"'),
        ("orders", '"_S.no"'),
        ("orders", '"_S.person"'),
    )


def test_a_rule_applied_to_computed_values_has_no_way_back():
    returned = {**BY_ID, "return": ["dict", "no", "o.no"]}
    rules = {
        "default": [["copy", "_id"], ["add", "r", ["apply-hops", "order", returned]]],
        "order": [add_hops(spec(["lines l"], ["eq", "_S.no", "l.order"]))],
    }
    exact = {t.dataset: t.exact for t in compile_rules(rules, FROM_PEOPLE).trackers}
    assert exact == {"orders": True, "lines": False}


def test_the_indexes_hold_what_hops_and_trackers_ask_for():
    compiled = compile_rules({"default": [add_hops(BY_ID), add_hops(BY_KEY)]}, FROM_PEOPLE)
    assert compiled.datasets == {"orders", "cities"}
    assert compiled.indexes == (("orders", '"_S.person"'), ("people", '"_S.city"'))


RULE_SETS = [
    [add_hops(spec(["a a"], ["eq", "_S._id", "a.k"], **{"return": "a.v"}))],
    [add_hops(spec(["a a"], ["eq", "_S.k", "a._id"], ["neq", "a.v", 1]))],
    [add_hops(spec(AB, ["eq", "_S.k", "a.k"], ["eq", "a.v", "b.v"]))],
    [add_hops(spec(AB, ["eq", "_S.k", "b.k"], ["eq", "a.v", "b.v"], **{"return": "a"}))],
    [add_hops(spec(AB, ["eq", "_S.k", "a.k"], ["eq", "a.v", "b.v"], ["eq", "b.k", "_S.v"]))],
    [add_hops(spec(["a a"], ["eq", "_S.k", "a.k"]), spec(["b b"], ["eq", "_S.v", "b._id"]))],
    [add_hops(spec(["a a"], ["eq", "_S.k", "a.v"], recurse=True, max_depth=3))],
    [
        add_hops(
            spec(["a a"], ["eq", "_S.k", "a.v"], recurse=True, max_depth=None),
            spec(["b b"], ["eq", "_S.k", "b.k"], **{"return": "b.v"}),
        )
    ],
    [add_hops(spec(["a a"], ["eq", ["tuples", "_S.k", "_S.v"], ["tuples", "a.k", "a.v"]]))],
    [add_hops(spec(["a a"], ["eq", "_S.k", "a.k"], subsets={"a": ["eq", "_S.v", 1]}))],
    [["add", "r", ["map", ["hops", spec(["a a"], ["eq", "_S.k", "a.k"])], "_S.v"]]],
    [["add", "r", ["hops", spec(["a a"], ["eq", "_S.k", "a.k"], ["any", ["hops", spec(
        ["b b"], ["eq", "_S.v", "b.v"])]])]]],
    [["add", "r", ["apply-hops", "again", spec(["a a"], ["eq", "_S.k", "a.k"])]]],
    [["add", "r", ["apply-hops", "ring", spec(["a a"], ["eq", "_S.k", "a.v"])]]],
]  # fmt: skip
MORE_RULES = {
    "again": [["copy", "*"], add_hops(spec(["b b"], ["eq", "_S.v", "b.v"]))],
    "ring": [
        ["copy", "*"],
        ["if", ["lt", ["count", "_P._P._P._S.k"], 1],
            ["add", "r", ["apply-hops", "ring", spec(["b b"], ["eq", "_S.k", "b.v"])]]],
    ],
}  # fmt: skip

IDS = st.sampled_from(["1", "2", "3", "4"])
KEYS = st.one_of(
    st.sampled_from(["1", "2", 1, 2, None]), st.lists(st.sampled_from(["1", 1]), max_size=2)
)
PROPERTIES = st.fixed_dictionaries({}, optional={"k": KEYS, "v": KEYS})
DATASET = st.dictionaries(IDS, PROPERTIES, max_size=4)


def entities(dataset):
    return [{"_id": entity_id, **rest} for entity_id, rest in dataset.items()]


def outputs(compiled, people, datasets):
    run = compiled.bind(Runtime(lookup=MemoryLookup(datasets, compile_index)))
    out = []
    for entity in people:
        run(entity, out)
    return {entity["_id"]: entity for entity in out}


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(RULE_SETS), DATASET, DATASET, DATASET, st.sampled_from("ab"), IDS, PROPERTIES
)
def test_no_source_entity_whose_output_changes_is_missed(
    rules, people, a, b, changed, entity_id, properties
):
    compiled = compile_rules({"default": [["copy", "_id"], *rules], **MORE_RULES}, FROM_PEOPLE)
    sources = entities(people)
    before = {"people": sources, "a": entities(a), "b": entities(b)}
    new = {"_id": entity_id, **properties}
    old = [e for e in before[changed] if e["_id"] == entity_id]
    after = {**before, changed: [e for e in before[changed] if e["_id"] != entity_id] + [new]}
    first, second = outputs(compiled, sources, before), outputs(compiled, sources, after)
    differing = {i for i in first if ordered(first[i]) != ordered(second[i])}
    trackers = {t.dataset: t for t in compiled.trackers}
    found = set()
    if changed in trackers:
        assert trackers[changed].exact
        concerned = trackers[changed].bind(MemoryLookup(after, compile_index))
        found.update(concerned([*old, new]))
    assert differing <= found


def ordered(entity):
    """An output with its hops in an order that does not depend on the dataset's."""
    return str({k: sorted(map(str, v)) if type(v) is list else v for k, v in entity.items()})


def test_a_deleted_version_still_leads_to_the_source():
    compiled = compile_rules({"default": [add_hops(BY_ID)]}, FROM_PEOPLE)
    concerned = compiled.trackers[0].bind(MemoryLookup({}, compile_index))
    assert concerned([{"_id": "o1", "person": ["p1", "p2", 5], "_deleted": True}]) == ["p1", "p2"]


def test_an_inexact_tracker_cannot_be_bound():
    compiled = compile_rules({"default": [add_hops(BY_KEY)]})
    with pytest.raises(ValueError, match="no exact tracker"):
        compiled.trackers[0].bind(MemoryLookup({}, compile_index))


OWN_ID = [
    ([["copy", "*"]], True),
    ([["copy", "_id"], ["add", "a", 1], ["filter", "_S.x"]], True),
    ([["add", "_id", "_S._id"]], True),
    ([["add", "_id", ["concat", "x", "_S._id"]]], False),
    ([["copy", "*"], ["add", "_S.name", 1]], False),
    ([["copy", "*"], ["if", "_S.x", ["add", "_id", "y"]]], False),
    ([["copy", "*"], ["create", "_S.lines"]], False),
    ([["copy", "*"], ["create-child", "_S.lines"]], True),
    ([["copy", "*"], ["rename", "a", "_id"]], False),
    ([["copy", "*"], ["rename", "a", "b"], ["make-ni", "n", "a"]], True),
    ([["copy", "*"], ["make-ni", "n", "a", "_id"]], False),
    ([["copy", "*"], ["default", "_id", "y"]], False),
    ([["copy", "*"], ["merge", "_S.x"], ["remove", "_id"]], True),
]


@pytest.mark.parametrize(("rules", "expected"), OWN_ID, ids=[str(row[0]) for row in OWN_ID])
def test_emits_own_id_says_whether_the_id_is_that_of_the_source(rules, expected):
    assert compile_rules({"default": rules}).emits_own_id is expected


KEEPS = [
    ([["copy", "*"]], True),
    ([["copy", "*"], ["add", "a", 1], ["filter", "_S.x"], ["remove", "b"]], True),
    ([["copy", "*"], ["if", "_S.x", ["add", "a", 1], ["discard"]], ["create-child", "_S.c"]], True),
    ([["copy", "*"], ["rename", "a", "b"], ["make-ni", "n", "a"]], True),
    ([["copy", "_id"], ["add", "a", 1]], False),
    ([["add", "a", 1], ["copy", "*"]], False),
    ([["copy", "*"], ["create", "_S.lines"]], False),
    ([["copy", "*"], ["add", "_deleted", False]], False),
    ([["copy", "*"], ["add", ["concat", "_del", "eted"], False]], False),
    ([["copy", "*"], ["if", "_S.x", ["remove", "_deleted"]]], False),
    ([["copy", "*"], ["remove", "*d"]], False),
    ([["copy", "*"], ["rename", "_deleted", "gone"]], False),
    ([["copy", "*"], ["merge", "_S.x"]], False),
]


@pytest.mark.parametrize(("rules", "expected"), KEEPS, ids=[str(row[0]) for row in KEEPS])
def test_keeps_deletes_says_whether_deletes_alone_come_of_a_deleted_entity(rules, expected):
    assert compile_rules({"default": rules}).keeps_deletes is expected
