"""What refers to an entity: by joins that lead back, and by what runs have recorded."""

from __future__ import annotations

import pytest
from api_testing import run


def pipe(name, rules=None, **more):
    found = {"_id": name, "type": "pipe", "pump": {"mode": "manual"}, **more}
    if rules is not None:
        found["transform"] = {"type": "dtl", "rules": {"default": [["copy", "*"], *rules]}}
    return found


def embedded(*entities):
    return {"type": "embedded", "entities": list(entities)}


HOPS = {"datasets": ["dept d"], "where": [["eq", "_S.dept", "d._id"]], "return": "d.title"}
PIPES = [
    pipe("dept", source=embedded({"_id": "x", "title": "X"}, {"_id": "y", "title": "Y"})),
    pipe("person", source=embedded(*({"_id": f"{n}", "dept": "xxy"[n % 3]} for n in range(9)))),
    pipe(
        "joined",
        [["add", "title", ["hops", HOPS]]],
        source={"type": "dataset", "dataset": "person"},
    ),
    pipe(
        "looked",
        [["add", "it", ["lookup-entity", "dept", ["lower", ["upper", "_S.dept"]]]]],
        source={"type": "dataset", "dataset": "person"},
    ),
    pipe("plain", [], source={"type": "dataset", "dataset": "dept"}),
]


@pytest.fixture
def joined(node):
    assert node.put("/config", json=PIPES).status_code == 200
    for one in PIPES:
        run(node, one["_id"])
    return node


def ask(node, entity_id, dataset="dept"):
    return node.get(f"/datasets/{dataset}/references", params={"entity_id": entity_id})


def test_each_pipe_that_hops_there_tells_who_looks_the_entity_up(joined):
    answer = ask(joined, "y")
    assert answer.status_code == 200, answer.text
    by_pipe = {item["pipe"]: item for item in answer.json()}
    assert list(by_pipe) == ["joined", "looked"]
    for item in by_pipe.values():
        assert (item["count"], item["ids"], item["datasets"]) == (3, ["2", "5", "8"], ["person"])
    assert not by_pipe["joined"]["recorded"]
    assert by_pipe["looked"]["recorded"]
    assert by_pipe["joined"]["joins"] == ["_id is dept of person"]


def test_an_entity_that_is_not_there_is_not_found(joined):
    assert ask(joined, "z").status_code == 404
    assert ask(joined, "1", "plain").status_code == 404
    assert ask(joined, "x", "plain").json() == []
    assert ask(joined, "x", "nothing").status_code == 404
