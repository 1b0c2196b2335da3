"""From emitted entities to writes: what is reserved goes, and what fails is the right entity."""

from __future__ import annotations

import pytest

from sesam_node.errors import PipeError
from sesam_node.model import content, content_hash, encode
from sesam_node.pipes.evaluate import CHUNK, append_writes, as_write, nothing_reserved
from sesam_node.store import Write

ENTITIES = [
    {"_id": "a"},
    {"_id": "a", "x": 1},
    {"_id": "a", "Name": 1},
    {"_id": "a", "$ids": ["~:a:b"], "x": "_y"},
    {"_id": "a", "_x": 1},
    {"_id": "a", "_x": 1, "x": 2},
    {"_id": "a", "Name": 1, "_z": 2},
    {"_id": "a", "_deleted": True, "x": 1},
    {"_id": "a", "_deleted": False, "x": 1},
    {"_id": "a", "_": 1, "a": {"_id": "b", "_c": 1}},
    {"_id": "a", "A": {"_id": "b", "_c": 1}},
    {"_id": 'a","_x":"', "_y": 1},
    {"_id": 'a","x":"', "x": 1},
    {"_id": "a\\", "_y": 1},
    {"_id": "æ", "_y": 1},
    {"_id": "æ\n", "y": 1},
    {"_id": "_", "_": {}},
]


def plainly(entity):
    body = encode(content(entity))
    return Write(entity["_id"], body, content_hash(body), entity.get("_deleted") is True)


@pytest.mark.parametrize("entity", ENTITIES, ids=str)
def test_reserved_properties_go_whatever_stands_around_them(entity):
    out = []
    append_writes([entity], out)
    assert out == [as_write(entity)] == [plainly(entity)]
    if nothing_reserved(encode(entity)):
        assert content(entity) is entity


def test_a_filtered_entity_is_a_delete_without_a_body():
    filtered = {"_id": "a", "_filtered": True}
    out = []
    append_writes([filtered], out)
    assert out == [as_write(filtered)] == [Write("a", b"", b"", deleted=True)]


@pytest.mark.parametrize("entity_id", [5, None, ["a"], True])
def test_an_id_that_is_no_text_is_refused(entity_id):
    with pytest.raises(PipeError, match='expected text for "_id"'):
        append_writes([{"_id": entity_id, "x": 1}], [])


def numbered(end):
    return [{"_id": f"{number:03}"} for number in range(end)]


FAILING_RULES = {
    "a rule fails": [["copy", "*"], ["if", ["eq", "_S._id", "FAILS"], ["fail!", "no"]]],
    "after it has created": [
        ["copy", "*"],
        ["create", {"_id": "made"}],
        ["if", ["eq", "_S._id", "FAILS"], ["fail!", "no"]],
    ],
    "what comes out has no usable id": [
        ["copy", "*"],
        ["if", ["eq", "_S._id", "FAILS"], ["add", "_id", 5]],
    ],
}


@pytest.mark.parametrize("position", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1])
@pytest.mark.parametrize("case", FAILING_RULES)
@pytest.mark.parametrize("filters", [False, True], ids=["all", "every second one"])
def test_what_came_before_the_failing_entity_is_written(node, case, position, filters):
    failing = f"{position:03}"
    rules = encode(FAILING_RULES[case]).decode().replace("FAILS", failing)
    transform = {"type": "dtl", "rules": {"default": None}, "id_required": False}
    import json

    transform["rules"]["default"] = json.loads(rules)
    if filters:
        odd = ["eq", ["substring", 2, "_S._id"], "1"]
        transform["rules"]["default"].insert(
            1, ["if", ["and", odd, ["neq", "_S._id", failing]], ["discard"]]
        )
    node.put("a", *numbered(3 * CHUNK))
    node.pipe("b", source="a", transform=transform)
    result = node.try_run("b")
    expected = [f"{n:03}" for n in range(position) if not (filters and n % 10 == 1)]
    written = [name for name in node.live("b") if name != "made"]
    assert (result.success, result.processed) == (False, position)
    assert (sorted(written), result.exception_entity) == (expected, {"_id": failing})
