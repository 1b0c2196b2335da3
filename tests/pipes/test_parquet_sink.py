"""The parquet sink: the live state as one file, exact on the way back, replaced in one step."""

from __future__ import annotations

import random

import pyarrow.parquet as pq
import pytest

from sesam_node.model import encode
from sesam_node.pipes import parquet_file
from sesam_node.pipes.parquet_file import write_parquet

VALUES = [
    None,
    True,
    7,
    2**70,
    -1,
    0.5,
    1.0,
    "text",
    "",
    "~~f1",
    "~t2024-01-31T12:00:00.123456789Z",
    "~t2024-01-31",
    "~f1.10",
    "~f123456789012345678901234567890.5",
    "~rhttp://x/y",
    "~:ns:a",
    "~ud1f2c7f0-7d3a-4a57-8f6e-0a9e4c1b2d3e",
    "~bAP8=",
    [],
    ["a", "b"],
    [1, None, "x"],
    {},
    {"a": 1, "b": {"c": [1.5]}},
    [{"a": 1}, {"b": 2}],
]


@pytest.fixture
def folder(tmp_path, node):
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{tmp_path}/out/%s"}
    (tmp_path / "out").mkdir()
    node.more = {"systems": {"there": system}, "allow_files": True}
    node.pipe("out", source="a", sink=SINK)
    return tmp_path / "out"


SINK = {"type": "parquet", "system": "there", "url": "a.parquet"}
SOURCE = {"type": "parquet", "system": "there", "url": "a.parquet", "primary_key": "_id"}


def rows(folder):
    return {row.pop("_id"): row for row in pq.read_table(folder / "a.parquet").to_pylist()}


def read_back(node):
    node.pipe("back", source=SOURCE)
    node.run("back")
    return node.live("back")


def test_each_run_with_news_writes_what_is_live(folder, node):
    node.put("a", {"_id": "1", "x": 1}, {"_id": "2", "x": 2})
    assert node.run("out").sync_type == "full"
    assert rows(folder) == {"1": {"x": 1}, "2": {"x": 2}}
    node.put("a", {"_id": "2", "_deleted": True}, {"_id": "3", "y": "~f1.5"})
    assert node.run("out").sync_type == "full"
    assert {name: one["x"] for name, one in rows(folder).items()} == {"1": 1, "3": None}
    assert read_back(node) == {"1": {"x": 1}, "3": {"y": "~f1.5"}}


def test_a_run_without_news_leaves_the_file_alone(folder, node):
    node.put("a", {"_id": "1"})
    node.run("out")
    made = (folder / "a.parquet").stat()
    assert node.run("out").sync_type == "incremental"
    assert (folder / "a.parquet").stat().st_ino == made.st_ino
    (folder / "a.parquet").unlink()
    assert node.run("out").sync_type == "full"
    node.pipe("out", source="a", sink={**SINK, "compression": "none"})
    assert node.run("out").sync_type == "full"


def test_what_changes_behind_a_hop_is_news(folder, node):
    node.put("b", {"_id": "1", "name": "Ada"})
    node.put("a", {"_id": "1", "b": "1"})
    where = ["eq", "_S.b", "h._id"]
    hop = ["hops", {"datasets": ["b h"], "where": [where], "return": "h.name"}]
    node.pipe(
        "out", source="a", rules=[["copy", "_id"], ["add", "name", ["first", hop]]], sink=SINK
    )
    node.run("out")
    node.put("b", {"_id": "1", "name": "Bo"})
    node.run("out")
    assert rows(folder) == {"1": {"name": "Bo"}}


def test_all_values_come_back_as_they_were(folder, node):
    rng = random.Random(7)
    entities = {}
    for number in range(400):
        # Some properties have one kind of value, others any.
        entity = {f"p{place}": value for place, value in enumerate(VALUES) if rng.random() < 0.7}
        entity |= {f"any{place}": rng.choice(VALUES) for place in range(3)}
        entities[str(number)] = entity
    node.put("a", *({"_id": name, **entity} for name, entity in entities.items()))
    node.run("out")
    assert read_back(node) == entities
    assert pq.read_table(folder / "a.parquet").num_rows == 400


def test_types_are_those_of_parquet(folder, node):
    node.put("a", {"_id": "1", "n": 1, "x": 0.5, "at": "~t2024-01-31T12:00:00Z", "d": "~f1.50"})
    node.run("out")
    schema = pq.read_schema(folder / "a.parquet")
    assert {name: str(schema.field(name).type) for name in schema.names} == {
        "_id": "string",
        "n": "int64",
        "x": "double",
        "at": "timestamp[us, tz=UTC]",
        "d": "decimal128(38, 2)",
    }


def test_the_columns_and_the_key_may_be_chosen(folder, node):
    node.put("a", {"_id": "1", "nr": 5, "n": [1], "m": "~t2024-01-31"}, {"_id": "2", "n": [2]})
    node.run("out")
    node.pipe("some", source={**SOURCE, "whitelist": ["m"]})
    node.run("some")
    assert node.live("some") == {"1": {"m": "~t2024-01-31"}, "2": {}}
    node.pipe("some", source={**SOURCE, "primary_key": ["nr", "m"], "blacklist": ["m"]})
    said = node.try_run("some").error
    assert 'row 2: expected a value for "_id" in column "nr", got null' in said
    node.put("a", {"_id": "2", "_deleted": True})
    node.run("out")
    node.run("some")
    assert node.live("some") == {"5:2024-01-31": {"nr": 5, "n": [1]}}


def test_the_last_of_several_entities_with_one_id_is_kept(folder, node):
    rules = [["create", ["dict", "_id", "same", "n", "_S.n"]], ["filter", False]]
    node.put("a", *({"_id": str(number), "n": number} for number in range(5)))
    node.pipe("out", source="a", rules=rules, sink=SINK)
    node.run("out")
    assert rows(folder) == {"same": {"n": 4}}


def test_what_belongs_to_the_node_is_no_column(folder, node):
    node.pipe(
        "out",
        source={"type": "embedded", "entities": [{"_id": "1", "$x": 1, "_y": 2, "z": 3}]},
        sink=SINK,
    )
    node.run("out")
    assert rows(folder) == {"1": {"z": 3}}


def test_nothing_at_all_is_a_file_without_rows(folder, node):
    node.store.dataset("a")
    node.run("out")
    assert rows(folder) == {}
    assert read_back(node) == {}


def test_a_run_that_fails_leaves_the_file_of_the_last_one(folder, node):
    node.put("a", {"_id": "1", "x": 1})
    node.run("out")
    before = (folder / "a.parquet").read_bytes()
    node.put("a", {"_id": "2", "x": 2})
    node.pipe("out", source="a", rules=[["copy", "*"], ["add", "y", ["fail!", "no"]]], sink=SINK)
    assert not node.try_run("out").success
    assert (folder / "a.parquet").read_bytes() == before
    node.pipe("out", source="a", sink=SINK)
    node.run("out")
    assert set(rows(folder)) == {"1", "2"}


def test_writing_that_fails_leaves_the_file_of_the_last_one(folder, node, monkeypatch):
    node.put("a", {"_id": "1"})
    node.run("out")
    before = (folder / "a.parquet").read_bytes()
    node.put("a", {"_id": "2"})

    def full_disk(file, *_, **__):
        file.write(b"PAR1 and then")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sesam_node.pipes.sinks.parquet.write_parquet", full_disk)
    assert "No space left on device" in node.try_run("out").error
    assert [path.name for path in folder.iterdir()] == ["a.parquet"]
    assert (folder / "a.parquet").read_bytes() == before
    monkeypatch.undo()
    assert node.run("out").sync_type == "full"
    assert set(rows(folder)) == {"1", "2"}


def test_a_file_that_is_no_parquet_is_not_written_over(folder, node):
    (folder / "a.parquet").write_text("dear diary")
    node.put("a", {"_id": "1"})
    assert "is there and no Parquet file" in node.try_run("out").error
    assert (folder / "a.parquet").read_text() == "dear diary"


def test_a_folder_that_is_not_there_is_told(folder, node):
    node.put("a", {"_id": "1"})
    node.pipe("out", source="a", sink={**SINK, "url": "no/a.parquet"})
    assert "No such file or directory" in node.try_run("out").error


def test_a_server_takes_no_files(folder, node, web):
    server = web(lambda _: None)
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{server.url}/%s"}
    node.more["systems"] = {"there": system}
    node.put("a", {"_id": "1"})
    node.pipe("out", source="a", sink=SINK)
    assert "files are written to folders and storage only" in node.try_run("out").error


def test_long_files_have_row_groups_of_a_sensible_size(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_file, "GROUP_ROWS", 5_000)
    pages = (
        [encode({"_id": f"{n:06}", "n": n}) for n in range(p, p + 1_000)]
        for p in range(0, 20_000, 1_000)
    )
    with (tmp_path / "f.parquet").open("wb") as file:
        write_parquet(file, pages, compression="ZSTD")
    table = pq.ParquetFile(tmp_path / "f.parquet")
    assert table.metadata.num_rows == 20_000
    assert 3 <= table.num_row_groups <= 4
