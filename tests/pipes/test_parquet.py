"""The parquet source: types kept, batch by batch, from files and servers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from web_server import Reply

ROWS = {
    "id": [1, 2],
    "name": ["Ada", None],
    "worth": [Decimal("1.50"), Decimal("2.00")],
    "at": [datetime(2024, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC), None],
    "day": [date(2024, 2, 29), date(2024, 3, 1)],
    "data": [b"\x00\xff", b""],
    "tags": [["a", "~f1"], []],
    "place": [{"city": "Oslo", "zip": None}, {"city": "Bergen", "zip": "5003"}],
    "good": [True, False],
    "x": [0.5, 1.5],
}


@pytest.fixture
def folder(tmp_path, memory_node):
    memory_node.more = {
        "systems": {
            "files": {"_id": "files", "type": "system:url", "url_pattern": f"{tmp_path}/%s"}
        },
        "allow_files": True,
    }
    return tmp_path


def source(**options):
    return {
        "type": "parquet",
        "system": "files",
        "url": "f.parquet",
        "primary_key": "id",
        **options,
    }


def test_rows_are_entities_with_their_types(folder, memory_node):
    pq.write_table(pa.table(ROWS), folder / "f.parquet")
    memory_node.pipe("got", source=source())
    memory_node.run("got")
    assert memory_node.live("got") == {
        "1": {
            "id": 1,
            "name": "Ada",
            "worth": "~f1.50",
            "at": "~t2024-01-31T12:00:00.5Z",
            "day": "2024-02-29",
            "data": "~bAP8=",
            "tags": ["a", "~~f1"],
            "place": {"city": "Oslo", "zip": None},
            "good": True,
            "x": 0.5,
        },
        "2": {
            "id": 2,
            "worth": "~f2.00",
            "day": "2024-03-01",
            "data": "~b",
            "tags": [],
            "place": {"city": "Bergen", "zip": "5003"},
            "good": False,
            "x": 1.5,
        },
    }


def test_columns_are_chosen_and_several_make_a_key(folder, memory_node):
    pq.write_table(pa.table({"a": [1, 1], "b": ["x", "y"], "c": [7, 8]}), folder / "f.parquet")
    memory_node.pipe("got", source=source(primary_key=["a", "b"], whitelist=["c"]))
    memory_node.run("got")
    assert memory_node.live("got") == {"1:x": {"c": 7}, "1:y": {"c": 8}}


def test_many_rows_are_read_in_batches(folder, memory_node):
    pq.write_table(pa.table({"id": range(5_000)}), folder / "f.parquet", row_group_size=700)
    memory_node.pipe("got", source=source())
    assert memory_node.run("got").changed == 5_000


def test_a_file_of_a_server_is_read_too(memory_node, web, tmp_path):
    pq.write_table(pa.table({"id": [1]}), tmp_path / "f.parquet")
    server = web(lambda asked: Reply((tmp_path / "f.parquet").read_bytes()))
    system = {"_id": "files", "type": "system:url", "url_pattern": f"{server.url}/%s"}
    memory_node.more = {"systems": {"files": system}}
    memory_node.pipe("got", source=source())
    memory_node.run("got")
    assert memory_node.live("got") == {"1": {"id": 1}}


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        ({"id": [1, None]}, {}, 'row 2: expected a value for "_id" in column "id", got null'),
        ({"id": [1], "x": [float("nan")]}, {}, 'row 1: column "x": nan is no value of an entity'),
        ({"idd": [1]}, {}, 'there is no column "id" for "_id"; did you mean "idd"?'),
    ],
)
def test_what_is_wrong_is_told(folder, memory_node, table, options, said):
    pq.write_table(pa.table(table), folder / "f.parquet")
    memory_node.pipe("got", source=source(**options))
    assert said in str(memory_node.try_run("got").error)


def test_what_is_no_parquet_is_told(folder, memory_node):
    (folder / "f.parquet").write_bytes(b"a,b\n1,2\n")
    memory_node.pipe("got", source=source())
    assert 'the Parquet file "f.parquet" cannot be read' in str(memory_node.try_run("got").error)
