"""A store in which some entities are others: as if they had been written, and nothing is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipes_helpers import hop

from sesam_node.dtl import compile_index
from sesam_node.errors import InputError, NotFoundError, StoreError
from sesam_node.model import content_hash, decode, encode
from sesam_node.pipes.dtl import preview_rules, trace_rules
from sesam_node.pipes.overlay import OverlaidDataset, World, read_overlay
from sesam_node.pipes.samples import Wanted
from sesam_node.pipes.sink_indexes import index_id
from sesam_node.store import Write, open_store

INDEX = index_id("_S.n")


def write(dataset, entities):
    for entity in entities:
        body = encode(entity)
        dataset.write(
            [Write(entity["_id"], body, content_hash(body), entity.get("_deleted") is True)]
        )


def as_data(version):
    return version and (version.entity_id, decode(version.body).get("n"), version.deleted)


def contents(dataset, ids):
    """All that can be seen of a dataset, but for places in the log of what is overlaid."""
    pages, since = [], None
    while page := dataset.changes(since, 2):
        pages += page
        since = page[-1].seq
    live, after = [], None
    while rows := dataset.live(after, 2):
        live += rows
        after = rows[-1][0]
    backwards = dataset.changes(None, 100, reverse=True)
    assert backwards == pages[::-1]
    assert [v for v in pages if not v.deleted] == dataset.changes(None, 100, deleted=False)
    assert all(dataset.at(v.seq) == v for v in pages)
    assert dataset.head() == (pages[-1].seq + 1 if pages else 0)
    return {
        "changes": {as_data(version) for version in pages},
        "live": [(entity_id, deleted) for entity_id, _, deleted in live],
        "many": [as_data(version) for version in dataset.get_many(ids)],
        "found": [
            sorted(map(as_data, row)) for row in dataset.lookup_many(INDEX, [0, 1, 2, None, "x"])
        ],
    }


ids = st.sampled_from("abcde")
entities = st.builds(
    lambda i, n, gone: {"_id": i, "n": n, **({"_deleted": True} if gone else {})},
    ids,
    st.integers(0, 2),
    st.booleans(),
)
laid = st.dictionaries(ids, st.none() | st.integers(0, 2).map(lambda n: {"n": n}), max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.lists(entities, max_size=8), laid)
def test_an_overlay_is_as_if_it_had_been_written(stored, overlay):
    store = open_store("memory:", index_resolver=compile_index)
    under, written = store.dataset("under"), store.dataset("written")
    for dataset in (under, written):
        write(dataset, stored)
    overlaid = OverlaidDataset(under, read_overlay({"under": overlay}, store)["under"])
    for entity_id, entity in overlay.items():
        known = written.get(entity_id)
        if entity is not None:
            write(written, [{"_id": entity_id, **entity}])
        elif known is not None:
            write(written, [{"_id": entity_id, "n": decode(known.body)["n"], "_deleted": True}])
    for dataset in (under, written):
        dataset.ensure_index(INDEX, compile_index(INDEX))
    before = [as_data(version) for version in under.changes(None, 100, history=True)]
    expected = contents(written, list("abcdef"))
    found = contents(overlaid, list("abcdef"))
    assert {k: found[k] for k in ("live", "many", "found", "changes")} == expected
    assert [as_data(version) for version in under.changes(None, 100, history=True)] == before
    store.close()


@pytest.fixture
def people(node):
    node.put("order", {"_id": "1", "by": "a", "amount": 7}, {"_id": "2", "by": "b", "amount": 8})
    node.put("person", {"_id": "a", "n": 1}, {"_id": "b", "n": 2})
    rules = [
        ["copy", "*"],
        ["add", "amounts", hop("order", ["eq", "_S._id", "h.by"], give="h.amount")],
    ]
    node.pipe("shown", source="person", rules=rules)
    node.run("shown")
    return node


def made(node, overlay, as_of=None, **wanted):
    world = World(overlay, as_of)
    definition = node.pipes["shown"]
    answer = preview_rules(definition, node.store, wanted=Wanted(**wanted), world=world)
    assert [result["emitted"] for result in answer["results"]] == results(
        trace_rules(definition, node.store, wanted=Wanted(**wanted), strength="full", world=world)
    )
    return {e["_id"]: (e["n"], e["amounts"]) for r in answer["results"] for e in r["emitted"]}


def results(answer):
    values = answer["trace"]["values"]
    found = [[values[n] for n in e["results"]] for e in answer["trace"]["entities"]]
    return [[e for e in out if "_filtered" not in e] for out in found]


def logs(node):
    return {
        name: [tuple(v) for v in node.store.dataset(name).changes(None, 1000, history=True)]
        for name in node.store.names()
    }


def test_rules_see_what_is_overlaid_in_source_and_hops_and_nothing_is_written(people):
    before = logs(people)
    assert made(people, {}) == {"a": (1, [7]), "b": (2, [8])}
    assert made(people, {"person": {"a": {"n": 9}}}) == {"a": (9, [7]), "b": (2, [8])}
    assert made(people, {"order": {"1": None}}) == {"a": (1, []), "b": (2, [8])}
    moved = {"order": {"1": {"by": "b", "amount": 5}, "3": {"by": "a", "amount": 1}}}
    assert made(people, moved) == {"a": (1, [1]), "b": (2, [5, 8])}
    assert made(people, {"person": {"c": {"n": 3}}}, ids=("c",)) == {"c": (3, [])}
    assert logs(people) == before


def test_an_overlay_lies_over_the_past_too(people):
    people.put("person", {"_id": "a", "n": 100})
    assert made(people, {}, ids=("a",)) == {"a": (100, [7])}
    assert made(people, {}, as_of="1", ids=("a",)) == {"a": (1, [7])}
    then = made(people, {"order": {"1": {"by": "a", "amount": 0}}}, as_of="1", ids=("a",))
    assert then == {"a": (1, [0])}


def test_what_is_no_overlay_is_refused_with_its_path(people):
    for overlay, error, path in [
        ([], InputError, None),
        ({"person": ["a"]}, InputError, "$.overlay"),
        ({"nobody": {"a": None}}, NotFoundError, "$.overlay.nobody"),
        ({"person": {"a": 7}}, InputError, "$.overlay.person.a"),
        ({"person": {"a": {"_id": "b"}}}, InputError, "$.overlay.person.a._id"),
        ({"person": {str(n): None for n in range(1001)}}, InputError, "$.overlay"),
    ]:
        if path is None:
            continue
        with pytest.raises(error) as raised:
            made(people, overlay)
        assert [problem.path for problem in raised.value.problems] == [path]


def test_an_overlaid_dataset_cannot_be_written(people):
    dataset = OverlaidDataset(people.store.dataset("person"), {"a": {"_id": "a"}})
    with pytest.raises(StoreError, match="cannot be written"):
        dataset.write([])
