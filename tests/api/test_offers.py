"""What systems have to offer, over HTTP: tables of a SQLite file, files of a folder."""

from __future__ import annotations

import sqlite3

import pytest


@pytest.fixture
def crm(node, tmp_path):
    """A system over a database of two tables and a view."""
    path = tmp_path / "crm.db"
    database = sqlite3.connect(path)
    database.executescript(
        """CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, balance DECIMAL(9, 2),
             updated_at TIMESTAMP NOT NULL);
           INSERT INTO customer VALUES (1, 'Ada', 12.5, '2024-01-31 12:00:00'),
             (2, 'Bo', NULL, '2024-02-01 00:00:00');
           CREATE TABLE note (customer_id INTEGER, text TEXT);
           CREATE VIEW rich AS SELECT * FROM customer WHERE balance > 10;"""
    )
    database.close()
    system = {"_id": "crm", "type": "system:sqlite", "database": str(path)}
    node.put("/config", json=[system])
    return node


@pytest.fixture
def drop(node, tmp_path):
    """A system over a folder of files."""
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "people.csv").write_text("nr;name\n1;Ada\n2;Bø\n", "cp1252")
    (folder / "pairs.csv").write_text("a,b\n1,1\n1,2\n2,1\n")
    (folder / "empty.csv").write_text("")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / ".hidden.csv").write_text("a\n1\n")
    node.put("/config", json=[{"_id": "drop", "type": "system:url", "url_pattern": f"{folder}/%s"}])
    return node


def test_tables_and_views_are_told_with_columns_and_keys(crm):
    told = crm.get("/systems/crm/providers").json()
    assert told["more"] is False
    assert [(o["id"], o["kind"], o["primary_key"]) for o in told["offers"]] == [
        ("customer", "table", ["id"]),
        ("note", "table", []),
        ("rich", "view", []),
    ]
    assert told["offers"][0]["columns"] == [
        {"name": "id", "type": "INTEGER", "nullable": True, "primary_key": True},
        {"name": "name", "type": "TEXT", "nullable": False},
        {"name": "balance", "type": "DECIMAL(9, 2)", "nullable": True},
        {"name": "updated_at", "type": "TIMESTAMP", "nullable": False},
    ]
    assert told["offers"][1]["problem"] == 'it has no primary key; "customer_id" is a guess'
    assert [o["id"] for o in crm.get("/systems/crm/targets").json()["offers"]] == [
        "customer",
        "note",
    ]
    found = crm.get("/systems/crm/providers", params={"search": "RIC"}).json()["offers"]
    assert [o["id"] for o in found] == ["rich"]


def test_one_offer_has_samples_and_the_pipe_that_collects_it(crm):
    told = crm.get("/systems/crm/providers/customer").json()

    assert told["samples"] == [
        {
            "_id": "1",
            "_updated": "2024-01-31 12:00:00",
            "id": 1,
            "name": "Ada",
            "balance": "~f12.5",
            "updated_at": "~t2024-01-31T12:00:00Z",
        },
        {
            "_id": "2",
            "_updated": "2024-02-01 00:00:00",
            "id": 2,
            "name": "Bo",
            "updated_at": "~t2024-02-01T00:00:00Z",
        },
    ]
    assert told["pipe"] == {
        "_id": "crm-customer",
        "type": "pipe",
        "source": {
            "type": "sql",
            "system": "crm",
            "table": "customer",
            "updated_column": "updated_at",
        },
    }


def test_the_pipe_runs_as_it_is(crm):
    (pipe,) = crm.get("/systems/crm/source-prototypes", params={"provider": "customer"}).json()
    assert crm.post("/pipes", json=[pipe]).status_code == 201
    crm.post("/pipes/crm-customer/pump", data={"operation": "start"}).raise_for_status()
    run = crm.post("/pipes/run-all-pipes", params={"max_run_time": "60"}).json()
    assert run["status"] == "success"
    entities = crm.get("/datasets/crm-customer/entities").json()
    assert [entity["name"] for entity in entities] == ["Ada", "Bo"]


def test_pipes_that_share_are_made_of_tables(crm):
    made = crm.get("/systems/crm/sink-prototypes").json()
    assert made[0] == {
        "_id": "customer-crm-share",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "customer"},
        "sink": {"type": "sql", "system": "crm", "table": "customer"},
    }
    assert made[1]["sink"]["primary_key"] == "customer_id"


def test_files_are_told_with_their_dialect_and_a_key(drop):
    told = drop.get("/systems/drop/providers").json()["offers"]
    assert [(o["id"], o.get("problem", "")) for o in told] == [
        ("pairs.csv", "the key is a guess"),
        ("people.csv", ""),
    ]
    assert (told[1]["delimiter"], told[1]["encoding"]) == (";", "cp1252")
    one = drop.get("/systems/drop/providers/people.csv").json()
    assert one["samples"] == [
        {"_id": "1", "nr": "1", "name": "Ada"},
        {"_id": "2", "nr": "2", "name": "Bø"},
    ]
    assert one["pipe"]["source"] == {
        "type": "csv",
        "system": "drop",
        "url": "people.csv",
        "primary_key": ["nr"],
        "encoding": "cp1252",
    }


def test_a_system_is_tested(crm, tmp_path):
    assert crm.get("/systems/crm/status").json()["status"] == "ok"
    (tmp_path / "crm.db").unlink()
    told = crm.get("/systems/crm/status").json()
    assert told["status"] == "failed"
    assert "there is no file" in told["message"]


def test_a_server_that_is_down_is_told(node):
    system = {"_id": "web", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"}
    node.put("/config", json=[system])
    told = node.get("/systems/web/status").json()
    assert (told["status"], "refused" in told["message"].lower()) == ("failed", True)
    assert node.get("/systems/web/providers").json() == {"offers": [], "more": False}


def test_what_is_not_there_is_told_with_a_suggestion(crm):
    answer = crm.get("/systems/crm/providers/custmer")
    assert answer.status_code == 404
    assert 'offers no "custmer"; did you mean "customer"?' in answer.json()["message"]
    assert crm.get("/systems/crn/providers").status_code == 404
