"""What endpoint pipes publish, what pipes would make, and previews."""

from __future__ import annotations

import pytest

from sesam_node.errors import DtlError, InputError
from sesam_node.pipes.evaluate import EntityError


def csv(node, *entities, **options):
    node.put("a", *entities)
    node.pipe("out", source="a", sink={"type": "csv_endpoint", **options})
    return node.published("out", endpoint="csv")


def test_an_endpoint_publishes_stored_entities_with_their_header(node):
    node.put("a", {"_id": "1", "x": 1}, {"_id": "2"})
    node.put("a", {"_id": "2", "_deleted": True})
    node.pipe("out", source="a", sink={"type": "http_endpoint"})
    one, two = node.entities("out")
    assert set(one) == {"_id", "x", "_updated", "_previous", "_ts", "_hash", "_deleted"}
    assert [(item["_id"], item["_updated"], item["_deleted"]) for item in (one, two)] == [
        ("1", 0, False),
        ("2", 2, True),
    ]


def test_an_endpoint_runs_the_transforms_and_leaves_out_what_is_filtered(node):
    node.put(
        "a", {"_id": "1", "x": 1}, {"_id": "2", "x": 2}, {"_id": "3", "_deleted": True, "x": 3}
    )
    node.put("a", {"_id": "4", "x": 9}, {"_id": "4", "x": 9, "_deleted": True})
    rules = [["filter", ["gt", "_S.x", 1]], ["copy", "*"]]
    node.pipe("out", source="a", sink={"type": "http_endpoint"}, rules=rules)
    assert node.entities("out") == [
        {"_id": "2", "x": 2, "_deleted": False, "_updated": 1},
        {"_id": "4", "x": 9, "_deleted": True, "_updated": 3},
    ]


def test_since_and_limit_cut_what_is_published(node):
    node.put("a", *({"_id": str(number)} for number in range(1000)))
    node.pipe("out", source="a", sink={"type": "http_endpoint"})
    assert [item["_id"] for item in node.entities("out", since="996", limit=2)] == ["997", "998"]
    assert node.entities("out", limit=0) == []
    with pytest.raises(InputError, match="expected a whole number as offset"):
        node.entities("out", since="yesterday")


def test_request_parameters_are_known_to_the_rules(node):
    node.put("a", {"_id": "1"})
    rules = [["copy", "_id"], ["add", "asked", "_B.who"]]
    node.pipe("out", source="a", sink={"type": "http_endpoint"}, rules=rules)
    assert b'"asked":"kari"' in node.published("out", parameters={"who": "kari"})


def test_endpoints_take_namespaces_off(node):
    node.put("a", {"_id": "ns:1", "ns:x": "~:other:y"})
    node.pipe("out", namespaced_identifiers=True, source="a", sink={"type": "http_endpoint"})
    (item,) = node.entities("out")
    assert (item["_id"], item["x"]) == ("1", "y")


def test_stages_along_a_pipe(node):
    node.pipe(
        "b",
        source={"type": "embedded", "entities": [{"_id": "1", "x": 1}]},
        rules=[["copy", "*"], ["add", "y", 2]],
        namespaced_identifiers=True,
        remove_namespaces=True,
    )
    stages = ("source", "before-transforms", "after-transforms", "sink")
    assert [node.entities("b", stage=stage) for stage in stages] == [
        [{"_id": "1", "x": 1, "_deleted": False}],
        [{"_id": "b:1", "b:x": 1, "_deleted": False}],
        [{"_id": "b:1", "b:x": 1, "b:y": 2, "_deleted": False}],
        [{"_id": "1", "x": 1, "y": 2, "_deleted": False}],
    ]
    with pytest.raises(InputError, match='expected "stage" to be one of'):
        node.entities("b", stage="end")


def test_of_a_receiver_the_entities_are_those_it_keeps(node):
    node.pipe("in", source={"type": "http_endpoint"})
    node.receive("in", [{"_id": "1"}, {"_id": "2"}])
    assert [item["_id"] for item in node.entities("in", since="0")] == ["2"]


def test_an_entity_that_fails_is_told_before_anything_is_sent(node):
    node.put("a", {"_id": "1"})
    rules = [["copy", "_id"], ["fail!", "no"]]
    node.pipe("out", source="a", sink={"type": "http_endpoint"}, rules=rules)
    with pytest.raises(EntityError, match=r"the entity \"1\" failed at .*: no"):
        node.published("out")


def test_a_pipe_without_endpoint_publishes_nothing(node):
    node.pipe("b", source="a")
    with pytest.raises(InputError, match='pipe "b" has no endpoint; it writes to a dataset'):
        node.published("b")


@pytest.mark.parametrize(
    ("entity", "options", "expected"),
    [
        ({"x": "a,b"}, {}, b'_id,x\r\n1,"a,b"\r\n'),
        ({"x": 'say "a"'}, {}, b'_id,x\r\n1,"say ""a"""\r\n'),
        ({"x": 7}, {"quoting": "all", "delimiter": ";"}, b'"_id";"x"\r\n"1";"7"\r\n'),
        ({"x": "~f1.50"}, {"quoting": "non-numeric"}, b'"_id","x"\r\n"1",1.50\r\n'),
        ({"x": 1.5}, {"quoting": "non-numeric"}, b'"_id","x"\r\n"1",1.5\r\n'),
        ({"x": "a,b"}, {"quoting": "none"}, b"_id,x\r\n1,a\\,b\r\n"),
        ({"x": "a,b"}, {"quoting": "none", "escapechar": "^"}, b"_id,x\r\n1,a^,b\r\n"),
        ({"x": "a,b"}, {"quoting": "none", "doublequote": False}, b"_id,x\r\n1,a,b\r\n"),
        (
            {"x": 'a"'},
            {"doublequote": False, "escapechar": "\\", "quoting": "all"},
            b'"_id","x"\r\n"1","a\\""\r\n',
        ),
        ({"x": "a,b"}, {"quotechar": "'"}, b"_id,x\r\n1,'a,b'\r\n"),
        ({}, {"include_header": False, "lineterminator": "\n"}, b"1,\n"),
        ({"x": "å"}, {"byte_order_mark": True}, b"\xef\xbb\xbf_id,x\r\n1,\xc3\xa5\r\n"),
        ({"x": "åę"}, {"encoding": "latin-1"}, b"_id,x\r\n1,\xe5\\u0119\r\n"),
        (
            {"x": "ę"},
            {"encoding": "ascii", "encode_error_strategy": "xmlcharrefreplace"},
            b"_id,x\r\n1,&#281;\r\n",
        ),
        ({"x": "~t2024-01-01T00:00:00Z"}, {}, b"_id,x\r\n1,2024-01-01T00:00:00Z\r\n"),
        ({"x": True}, {}, b"_id,x\r\n1,true\r\n"),
        ({"x": ["a", {"b": 1}]}, {"delimiter": ";"}, b'_id;x\r\n1;"[""a"",{""b"":1}]"\r\n'),
        ({"x": "~~:a"}, {}, b"_id,x\r\n1,~:a\r\n"),
    ],
)
def test_the_options_of_the_csv_endpoint(memory_node, entity, options, expected):
    columns = {"columns": ["_id", "x"]}
    assert csv(memory_node, {"_id": "1", **entity}, **columns, **options) == expected


def test_deleted_entities_are_in_the_csv_file_only_if_asked_for(memory_node):
    entities = ({"_id": "1"}, {"_id": "1", "_deleted": True})
    columns = ["_id", "_deleted"]
    assert csv(memory_node, *entities, columns=columns) == b"_id,_deleted\r\n"
    shown = csv(memory_node, columns=columns, **{"skip-deleted-entities": False})
    assert shown == b"_id,_deleted\r\n1,true\r\n"


def test_a_csv_endpoint_gives_its_entities_as_json_too(memory_node):
    csv(memory_node, {"_id": "1", "x": 1}, columns=["x"])
    assert [item["x"] for item in memory_node.entities("out")] == [1]


def test_a_preview_tells_what_becomes_of_each_entity(node):
    node.put("b", {"_id": "kept"})
    rules = [
        ["if", ["eq", "_S.do", "fail"], ["fail!", "no"]],
        ["discard", ["neq", "_S.do", "discard"]],
        ["filter", ["neq", "_S.do", "filter"]],
        ["copy", "*"],
        ["add", "_hidden", 1],
    ]
    node.pipe("b", source="a", rules=rules)
    entities = [{"_id": "1", "do": word} for word in ("keep", "fail", "discard", "filter")]
    kept, failed, discarded, filtered = node.preview("b", entities=entities)
    assert kept == {
        "source": {"_id": "1", "do": "keep"},
        "emitted": [{"_id": "1", "do": "keep"}],
        "filtered": False,
        "discarded": False,
        "error": None,
    }
    assert (failed["error"]["type"], failed["error"]["problems"][0]["path"]) == (
        "dtl",
        "$.transform.rules.default[0][2]",
    )
    assert [
        (item["emitted"], item["discarded"], item["filtered"]) for item in (discarded, filtered)
    ] == [
        ([], True, False),
        ([], False, True),
    ]
    assert list(node.live("b")) == ["kept"]


def test_a_preview_of_a_draft_samples_the_source(node):
    node.put("a", *({"_id": str(number)} for number in range(300)))
    node.pipe("b", source="a")
    draft = {
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "a"},
        "transform": {"type": "dtl", "rules": {"default": [["copy", "_id"], ["add", "x", 1]]}},
    }
    results = node.preview("b", pipe=draft, limit=3)
    assert [item["emitted"] for item in results] == [[{"_id": str(i), "x": 1}] for i in range(3)]
    with pytest.raises(DtlError):
        node.preview("b", pipe={**draft, "transform": {"type": "dtl", "rules": {}}})


def test_a_preview_of_a_receiver_samples_its_dataset(node):
    node.pipe("in", source={"type": "http_endpoint"})
    node.receive("in", [{"_id": "1"}])
    assert [item["source"] for item in node.preview("in")] == [{"_id": "1"}]
