"""Queries of one dataset: conditions, selections, order, pages, indexes, the past."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesam_node.dtl import compile_index
from sesam_node.errors import DtlError, InputError
from sesam_node.model import content_hash, decode, encode
from sesam_node.model.formats import JSON
from sesam_node.model.moment import Moment
from sesam_node.model.values import sort_key
from sesam_node.pipes import query as querying
from sesam_node.pipes.ordering import order_key
from sesam_node.pipes.query import Query, Search, count, equalities, query
from sesam_node.pipes.sink_indexes import index_id
from sesam_node.store import Write, open_store

PEOPLE = [
    {"_id": "a", "name": "Ada", "age": 36, "town": "Oslo"},
    {"_id": "b", "name": "bo", "age": 7.5, "town": ["Oslo", "Bergen"]},
    {"_id": "c", "name": "Cy", "town": "Bergen"},
    {"_id": "d", "name": "Di", "age": 36, "town": "Hamar"},
    {"_id": "e", "name": "Ed", "age": 1, "_deleted": True},
    {"_id": "d", "name": "Di", "age": 37, "town": "Oslo"},
]


@pytest.fixture
def store():
    made = open_store("memory:", index_resolver=compile_index)
    for entity in [{"_id": "e", "name": "Ed"}, *PEOPLE]:
        body = encode(entity)
        write = Write(entity["_id"], body, content_hash(body), entity.get("_deleted") is True)
        made.dataset("people").write([write])
    yield made
    made.close()


def ask(store, where=None, **more):
    asked = Query(where, **more)
    return decode(b"".join(query(store, dataset="people", asked=asked, form=JSON)))


def ids(store, where=None, **more):
    return "".join(entity["_id"] for entity in ask(store, where, **more))


def test_a_condition_chooses_entities_in_the_order_of_the_log(store):
    assert ids(store) == "abcd"
    assert ids(store, ["gt", "_S.age", 10]) == "ad"
    assert ids(store, ["and", ["gt", "_S.age", 1], ["is-list", "_S.town"]]) == "b"
    assert ids(store, ["eq", "_S.name", "nobody"]) == ""
    assert ids(store, deleted=True) == "abced"
    assert ids(store, ["eq", "_S._deleted", True], deleted=True) == "e"
    assert ids(store, history=True) == "eabcded"


def test_entities_come_whole_or_as_selected(store):
    whole = ask(store, ["eq", "_S._id", "a"])[0]
    assert (whole["town"], whole["_updated"], whole["_previous"]) == ("Oslo", 1, None)
    assert ask(store, ["eq", "_S._id", "c"], select=["name", "age", "_ts"])[0].keys() == {
        "_id", "name", "_ts", "_updated", "_deleted",
    }  # fmt: skip
    assert ask(store, ["eq", "_S._id", "d"], select={"loud": ["upper", "_S.name"]}) == [
        {"_id": "d", "loud": "DI", "_updated": 6, "_deleted": False}
    ]


def test_an_order_is_that_of_mixed_values_and_ties_follow_the_log(store):
    assert ids(store, order_by=("age",)) == "cbad"
    assert ids(store, order_by=("-age",)) == "dabc"
    assert ids(store, order_by=({"by": ["lower", "_S.name"]},)) == "abcd"
    assert ids(store, order_by=({"by": ["lower", "_S.name"], "descending": True},)) == "dcba"
    assert ids(store, order_by=("missing",)) == "abcd"
    assert ids(store, order_by=("town", "-name")) == "cdab"


def test_pages_of_an_answer_follow_one_another(store):
    assert ids(store, limit=2) == "ab"
    assert ids(store, limit=2, offset=1) == "bc"
    assert ids(store, limit=0) == ""
    assert ids(store, after=ask(store, limit=2)[-1]["_updated"]) == "cd"
    assert ids(store, order_by=("-name",), limit=2, offset=1) == "dc"


def test_it_counts_whatever_the_page(store):
    asked = Query(["eq", "_S.age", 36], limit=0)
    assert count(store, dataset="people", asked=asked) == 1
    assert count(store, dataset="people", asked=Query()) == 4


def test_it_asks_a_dataset_as_it_was(store):
    assert ids(store, ["eq", "_S.age", 36], as_of=Moment(offset=4)) == "ad"
    assert ids(store, as_of=Moment(offset=1)) == "ea"


INDEXED = [
    ["eq", "_S.town", "Oslo"],
    ["eq", "Bergen", "_S.town"],
    ["and", ["gt", "_S.age", 1], ["eq", "_S.town", "Oslo"]],
    ["eq", "_S._id", "c"],
]


@pytest.mark.parametrize("where", INDEXED)
@pytest.mark.parametrize("options", [{}, {"after": 2}, {"as_of": Moment(offset=4)}, {"limit": 1}])
def test_an_index_gives_what_a_scan_gives(store, monkeypatch, where, options):
    scanned = ask(store, where, **options)
    index = index_id("_S.town")
    store.dataset("people").ensure_index(index, compile_index(index))
    monkeypatch.setattr(querying, "versions_of", None)  # a scan would fail
    assert ask(store, where, **options) == scanned


def test_a_lost_equality_is_no_reason_to_ask_an_index():
    assert list(equalities(["or", ["eq", "_S.a", 1], ["eq", "_S.b", 2]])) == []
    assert list(equalities(["not", ["eq", "_S.a", 1]])) == []
    assert list(equalities(["eq", "_S.a", "_S.b"])) == []
    assert list(equalities(["eq", "_S.a", ["list", 1]])) == []
    assert list(equalities(["eq", "_S.a", None])) == []


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"where": ["and", True, ["uper", "_S.name"]]}, "$.where[2]"),
        ({"where": ["gt", "_S.age"]}, "$.where"),
        ({"select": {"x": ["add", 1]}}, "$.select.x"),
        ({"select": "name"}, "$.select"),
        ({"select": [1]}, "$.select[0]"),
        ({"order_by": ("name", 7)}, "$.order_by[1]"),
        ({"order_by": ({"by": ["lowr", "_S.name"]},)}, "$.order_by[0].by"),
        ({"order_by": ("name",), "after": 1}, "$.after"),
        ({"order_by": ("name",), "limit": 10**9}, "$.limit"),
        (
            {"where": ["is-not-empty", ["hops", {
                "datasets": ["people p"], "where": ["eq", "_S.name", "p.name"]}]]},
            "$.where",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_in_the_query(store, options, path):
    with pytest.raises((InputError, DtlError)) as caught:
        ask(store, **options)
    assert caught.value.problems[0].path.startswith(path)


def test_more_than_can_be_sorted_is_refused(store, monkeypatch):
    monkeypatch.setattr(querying, "SORTED_MOST", 3)
    assert ids(store, order_by=("name",), limit=3) == "acd"[:1] + "cd"
    with pytest.raises(InputError) as caught:
        ask(store, order_by=("name",))
    assert caught.value.problems[0].hint


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.none() | st.integers(-3, 3) | st.sampled_from(["a", 1.5, True, [1]])),
    limit=st.integers(0, 5),
    offset=st.integers(0, 3),
)
def test_a_bounded_sort_is_a_page_of_the_whole_one(values, limit, offset):
    store = open_store("memory:", index_resolver=compile_index)
    batch = []
    for n, value in enumerate(values):
        body = encode({"_id": str(n), "v": value})
        batch.append(Write(str(n), body, content_hash(body)))
    store.dataset("people").write(batch)
    expected = sorted(range(len(values)), key=lambda n: sort_key(values[n]))
    asked = Query(order_by=("v",), limit=limit, offset=offset)
    found = [int(row.version.entity_id) for row in Search(store, "people", asked).rows()]
    assert found == expected[offset : offset + limit]


def found_in_order(store, **asked):
    numbers = array("Q")
    numbers.frombytes(querying.offsets(store, dataset="people", asked=Query(**asked)))
    return [decode(store.dataset("people").at(seq).body)["_id"] for seq in numbers]


def test_offsets_come_in_the_order_that_a_sorted_query_has(store):
    for order in (["age"], ["-age", "name"], ["-town"], [{"by": ["lower", "_S.name"]}]):
        asked = Query(order_by=tuple(order))
        answer = b"".join(query(store, dataset="people", asked=asked, form=JSON))
        wanted = [entity["_id"] for entity in decode(answer)]
        assert found_in_order(store, order_by=tuple(order)) == wanted


def test_a_text_is_found_in_values_at_any_depth_whatever_its_case(store):
    assert found_in_order(store, text="BERG") == ["b", "c"]
    assert found_in_order(store, text="7.5") == ["b"]
    assert found_in_order(store, text="town") == []
    assert found_in_order(store, text="o", where=["gt", "_S.age", 10]) == ["a", "d"]


TEXTS = ["", "a", "~~t", "~f1.50", "~f2", "~t2024-01-01", "~t2024-01-01T00:00:00Z", "~:a:b"]
TEXTS += ["~rhttp://x", "~u00000000-0000-0000-0000-000000000001", "~bYQ=="]
SCALARS = st.sampled_from([None, True, 1, -0.5, *TEXTS])


@given(st.lists(SCALARS | st.lists(SCALARS, max_size=2) | st.just({"a": 1}), max_size=8))
def test_keys_of_an_order_sort_as_values_compare(values):
    assert sorted(values, key=order_key) == sorted(values, key=sort_key)
