"""What a system offers, from the notebook: look, collect, run."""

import sqlite3

import pytest

from sesam_interactive import ClientError


@pytest.fixture
def crm(hub, tmp_path):
    database = sqlite3.connect(tmp_path / "crm.db")
    database.executescript(
        """CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
           INSERT INTO customer VALUES (1, 'Ada'), (2, 'Bo');
           CREATE TABLE note (customer_id INTEGER, text TEXT);"""
    )
    database.close()
    system = {"_id": "crm", "type": "system:sqlite", "database": str(tmp_path / "crm.db")}
    hub.connection.json("POST", "/systems", json=[system])
    return hub.systems["crm"]


def test_a_table_is_found_looked_at_and_collected(hub, crm):
    assert crm.status()["status"] == "ok"
    assert repr(crm.browse()) == (
        'the system "crm" offers 2\n'
        "  customer  table  id, name\n"
        "  note      table  customer_id, text"
    )
    assert repr(crm.browse("customer")) == (
        'table "customer" of the system "crm"\n'
        "  id: INTEGER  key\n"
        "  name: TEXT\n"
        '  {"_id": "1", "id": 1, "name": "Ada"}\n'
        '  {"_id": "2", "id": 2, "name": "Bo"}'
    )
    assert "<th style='text-align:left'>columns</th>" in crm.browse()._repr_html_()
    pipe = crm.collect("customer")
    assert pipe.name == "crm-customer"
    assert [one["name"] for one in hub.datasets["crm-customer"]] == ["Ada", "Bo"]


def test_what_is_there_already_is_not_written_over(crm):
    crm.collect("customer", "customers", run=False)
    with pytest.raises(ClientError, match="customers"):
        crm.collect("customer", "customers")


def test_a_name_that_is_nearly_right_gets_a_suggestion(crm):
    with pytest.raises(ClientError, match='did you mean "customer"'):
        crm.browse("custommer")
