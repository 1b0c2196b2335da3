"""The files of a folder as offers: what they hold, and a source that reads them."""

from __future__ import annotations

from datetime import date

import pytest
from openpyxl import Workbook

from sesam_node.pipes.batch import Context
from sesam_node.pipes.introspection import offer as offered
from sesam_node.pipes.runs import PipeDefinition


@pytest.fixture
def folder(tmp_path, memory_node):
    system = {"_id": "there", "type": "system:url", "url_pattern": f"{tmp_path}/%s"}
    memory_node.more = {"systems": {"there": system}, "allow_files": True}
    return tmp_path


@pytest.fixture
def the_offer(folder, memory_node):
    """The one offer of the folder."""

    def find():
        context = Context(PipeDefinition({"_id": "x"}, **memory_node.more))
        (found,) = context.system("there").offers()
        return found

    return find


def collected(node, offer):
    """Does what the offer says really read the file?"""
    definition = node.pipe("x", source={"type": "empty"})
    told = offered(definition, "there", offer.id)
    pipe = told["pipe"]
    node.pipe(pipe["_id"], source=pipe["source"])
    node.run(pipe["_id"])
    return node.live(pipe["_id"]), told["samples"]


@pytest.mark.parametrize(
    ("name", "data", "more"),
    [
        ("a.json", b'[{"_id":"1","n":1},{"_id":"2","s":"x"}]', {}),
        ("a.jsonl", b'{"_id":"1","n":1}\n{"_id":"2","s":"x"}\n', {}),
        ("a.json", b'{"_id":"1","n":1}\n{"_id":"2","s":"x"}\n', {"format": "lines"}),
    ],
)
def test_json_files_are_looked_into(folder, memory_node, name, data, more, the_offer):
    (folder / name).write_bytes(data)
    offer = the_offer()
    assert offer.source == {"type": "json", "url": name, **more}
    assert {column["name"]: column["type"] for column in offer.columns} == {
        "_id": "string",
        "n": "integer",
        "s": "string",
    }
    live, samples = collected(memory_node, offer)
    assert live == {"1": {"n": 1}, "2": {"s": "x"}}
    assert samples == [{"_id": "1", "n": 1}, {"_id": "2", "s": "x"}]


def test_json_without_ids_is_told(folder, the_offer):
    (folder / "a.jsonl").write_bytes(b'{"n":1}\n')
    assert "no _id" in the_offer().problem


def test_a_file_that_cannot_be_read_is_an_offer_with_its_problem(folder, the_offer):
    (folder / "a.json").write_bytes(b'{\n  "settings": 1\n}\n')
    offer = the_offer()
    assert offer.source is None
    assert "line 1" in offer.problem


def test_workbooks_tell_their_sheets_and_columns(folder, memory_node, the_offer):
    book = Workbook()
    book.active.title = "Orders"
    for row in (["id", "when", "", "n"], [1, date(2024, 1, 31), "note", 0.5], [2, None, None, 3]):
        book.active.append(row)
    book.create_sheet("Other")
    book.save(folder / "a.xlsx")
    (folder / "~$a.xlsx").write_bytes(b"the lock of an open workbook")
    offer = the_offer()
    assert offer.source == {
        "type": "excel",
        "url": "a.xlsx",
        "sheet": "Orders",
        "primary_key": ["id"],
    }
    assert offer.facts["sheets"] == ["Orders", "Other"]
    assert offer.columns == (
        {"name": "id", "type": "integer", "primary_key": True},
        {"name": "when", "type": "datetime"},
        {"name": "n", "type": "float or integer"},
    )
    live, _ = collected(memory_node, offer)
    assert live == {
        "1": {"id": 1, "when": "~t2024-01-31T00:00:00Z", "n": 0.5},
        "2": {"id": 2, "n": 3},
    }


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_the_encoding_of_text_is_found(folder, memory_node, the_offer, encoding):
    (folder / "a.csv").write_bytes("id;navn\r\n1;Bjørn\r\n2;Åse\r\n".encode(encoding))
    offer = the_offer()
    assert offer.source["encoding"] == encoding
    live, _ = collected(memory_node, offer)
    assert live == {"1": {"id": "1", "navn": "Bjørn"}, "2": {"id": "2", "navn": "Åse"}}


@pytest.mark.parametrize(("name", "more"), [("a.nt", {}), ("a.ttl", {"format": "ttl"})])
def test_rdf_files_are_offered_in_their_syntax(folder, memory_node, the_offer, name, more):
    (folder / name).write_text('<http://x/1> <http://x/name> "Ada" .\n')
    offer = the_offer()
    assert offer.source == {"type": "rdf", "url": name, **more}
    live, _ = collected(memory_node, offer)
    assert len(live) == 1


def test_a_large_workbook_is_not_held_in_memory_for_a_look(folder, the_offer, monkeypatch):
    monkeypatch.setattr("sesam_node.pipes.file_offers.MAX_WORKBOOK_BYTES", 1_000)
    (folder / "a.xlsx").write_bytes(b"PK" * 1_000)
    offer = the_offer()
    assert (offer.source, offer.facts) == (None, {"size_bytes": 2_000})
    assert "too large to look into" in offer.problem


@pytest.mark.parametrize(("hours", "is_told"), [(5, False), (9_000, True)])
def test_a_key_that_only_the_first_rows_speak_for_is_a_guess(folder, the_offer, hours, is_told):
    """As in the demo's weather: all hours of one airport, then those of the next."""
    rows = "".join(f"{place},{hour}\n" for place in ("EWR", "JFK") for hour in range(hours))
    (folder / "weather.csv").write_text(f"origin,hour\n{rows}")
    offer = the_offer()
    if is_told:
        assert offer.source["primary_key"] == ["hour"]
        assert offer.problem.startswith("the key is a guess: only the first ")
    else:
        assert offer.source["primary_key"] == ["origin", "hour"]


def test_a_key_by_name_needs_no_word(folder, the_offer):
    (folder / "a.csv").write_text("n,id\n" + "".join(f"{n},{n}\n" for n in range(20_000)))
    assert the_offer().problem == ""
