"""A dataset as a table over HTTP: pages from any place on, of one moment, filtered, in order."""

from __future__ import annotations

import pytest
from api_testing import run

ITEMS = {
    "_id": "items",
    "type": "pipe",
    "source": {
        "type": "embedded",
        "entities": [
            {"_id": f"{n}", "n": n, "name": f"Item {n % 10}", "note": ["Ærlig", {"deep": f"x{n}"}]}
            for n in range(1_200)
        ],
    },
    "pump": {"mode": "manual"},
}
EMPTY = {
    "_id": "empty",
    "type": "pipe",
    "source": {"type": "embedded", "entities": []},
    "pump": {"mode": "manual"},
}
BOX = {"_id": "box", "type": "pipe", "source": {"type": "http_endpoint"}}


@pytest.fixture
def items(node):
    answer = node.put("/config", json=[ITEMS, EMPTY, BOX])
    assert answer.status_code == 200, answer.text
    if node.get("/datasets/box").status_code == 200:
        node.delete("/datasets/box")
    run(node, "items")
    return node


def rows(node, dataset="items", **fields):
    answer = node.post(f"/datasets/{dataset}/rows", json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(node, dataset="items", **fields):
    return node.post(f"/datasets/{dataset}/rows", json=fields)


def ids(page):
    return [row["_id"] for row in page["rows"]]


def post(node, *entities):
    assert node.post("/receivers/box/entities", json=list(entities)).status_code == 200


def test_a_page_from_the_middle_has_its_rows_and_the_number_of_all(items):
    page = rows(items, start=1_100, limit=3)
    assert (ids(page), page["count"], page["start"]) == (["1100", "1101", "1102"], 1_200, 1_100)
    assert ids(rows(items, start=2, limit=2)) == ["2", "3"]
    assert ids(rows(items, start=1_200)) == []


def test_a_table_stays_as_it_was_when_entities_change_and_go(items):
    post(items, *({"_id": name, "v": 1} for name in "abcd"))
    then = rows(items, "box")["as_of"]
    post(items, {"_id": "a", "v": 2}, {"_id": "b", "_deleted": True}, {"_id": "e", "v": 1})
    before = rows(items, "box", as_of=then)
    assert (ids(before), before["count"], before["as_of"]) == (["a", "b", "c", "d"], 4, then)
    now = rows(items, "box", start=1)
    assert (ids(now), now["count"]) == (["d", "a", "e"], 4)
    assert ids(rows(items, "box", deleted=True)) == ["c", "d", "a", "b", "e"]


def test_a_condition_a_text_and_an_order_choose_and_sort_rows(items):
    page = rows(items, where=["lt", "_S.n", 25], order_by=["-name", "n"], start=1, limit=3)
    assert (ids(page), page["count"]) == (["19", "8", "18"], 25)
    assert rows(items, text="ærLIG")["count"] == 1_200
    assert ids(rows(items, text="x119")) == ["119", *(f"119{n}" for n in range(10))]
    assert rows(items, text="note")["count"] == 0, "names of properties are no values"


def test_what_does_not_fit_is_told_with_its_place(items):
    answer = refused(items, where=["gt", "_S.n"])
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["path"].startswith("$.where")
    assert refused(items, limit=5_000).json()["problems"][0]["path"] == "$.limit"
    assert refused(items, "nothing").status_code == 404
    assert refused(items, color="red").status_code == 400


def test_an_empty_dataset_has_no_rows_and_no_moment(items):
    run(items, "empty")
    page = rows(items, "empty")
    assert (page["rows"], page["count"], page["as_of"]) == ([], 0, None)


def test_what_takes_longer_than_one_waits_is_pending_and_found_later(items):
    asked = {"where": ["gt", ["count", ["range", 0, 20_000]], 1], "limit": 1}
    page = rows(items, **asked, wait_s=0)
    assert (page["pending"], page["rows"], page["count"]) == (True, [], None)
    found = rows(items, **asked, as_of=page["as_of"])
    assert (found["pending"], found["count"], found["as_of"]) == (False, 1_200, page["as_of"])
    assert not rows(items, **asked, as_of=page["as_of"], wait_s=0)["pending"]
