"""The columns of a table, from the entities that it is for."""

from __future__ import annotations

from sesam_node.pipes.columns import columns_of, dataset_columns, pipe_columns

KEY = {
    "source_property": "_id",
    "name": "_id",
    "type": "string",
    "min_size": 1,
    "max_size": 2,
    "allow_null": False,
    "primary_key": True,
    "index": False,
}


def column(name, type_, *, allow_null=False, **more):
    return {
        "source_property": name,
        "name": name,
        "type": type_,
        **more,
        "allow_null": allow_null,
        "primary_key": False,
        "index": False,
    }


def test_each_type_has_its_column_with_the_sizes_that_were_seen():
    entities = [
        {
            "_id": "1",
            "b": True,
            "d": "~t2020-01-01",
            "f": 1.5,
            "i": -3,
            "m": "~f10.25",
            "n": "~:a:b",
            "s": "abc",
            "t": "~t2020-01-01T00:00:00Z",
            "u": "~u00000000-0000-0000-0000-000000000000",
            "y": "~bQUJD",
        },
        {"_id": "22", "i": 300, "m": "~f0.125", "s": "", "l": [1, 2], "x": None},
        {"_id": "3", "_deleted": True, "gone": 1},
    ]
    assert columns_of(entities) == [
        KEY,
        column("b", "boolean", allow_null=True),
        column("d", "date", allow_null=True),
        column("f", "float", allow_null=True),
        column("i", "integer", min_value=-3, max_value=300),
        column("l", "string", allow_null=True, min_size=5, max_size=5),
        column("m", "decimal", precision=5, scale=3),
        column("n", "string", allow_null=True, min_size=3, max_size=3),
        column("s", "string", min_size=0, max_size=3),
        column("t", "datetime", allow_null=True),
        column("u", "uuid", allow_null=True),
        column("x", "string", allow_null=True),
        column("y", "binary", allow_null=True, min_size=3, max_size=3),
    ]


def test_mixes_of_types_have_the_column_that_takes_all():
    entities = [
        {"_id": "1", "a": 1, "b": 1, "c": "~t2020-01-01", "d": 1},
        {"_id": "2", "a": 1.5, "b": "~f1.5", "c": "~t2020-01-01T00:00:00Z", "d": "x"},
    ]
    types = {found["name"]: found["type"] for found in columns_of(entities)}
    assert types == {"_id": "string", "a": "float", "b": "decimal", "c": "datetime", "d": "string"}


def test_a_pipe_is_asked_for_what_it_makes_and_a_dataset_for_what_it_has(node):
    node.put("a", {"_id": "1", "x": 1}, {"_id": "2", "y": 1})
    rules = [["filter", ["neq", "_S._id", "2"]], ["copy", "_id"], ["add", "n", "_S.x"]]
    definition = node.pipe("b", source="a", rules=rules, sink={"type": "http_endpoint"})
    assert pipe_columns(definition, node.store, keys_only=True) == ["_id", "n"]
    assert dataset_columns(node.store, dataset="a", keys_only=True) == ["_id", "x", "y"]
    assert dataset_columns(node.store, dataset="a", sample_size=1, keys_only=True) == ["_id", "x"]
