"""The demo project `customers`: its data, what it makes of them, and what a change runs again."""

import csv
import subprocess
import sys

import pytest
from demo_project import CUSTOMERS, ROOT, customers_copy

import sesam_interactive
from sesam_node.cli.main import main

FILES = ["crm/companies.csv", "crm/contacts.csv", "support/requesters.csv", "support/tickets.csv"]
FILES += ["webshop/accounts.json", "webshop/orders.json"]


@pytest.fixture
def folder(tmp_path):
    return customers_copy(tmp_path)


@pytest.fixture
def hub(tmp_path, folder):
    """The project on a node of its own, everything run."""
    connected = sesam_interactive.connect(data=tmp_path / "node", project=folder)
    connected.pipes.run_all()
    yield connected
    connected.close()


def change_row(file, delimiter, key, **cells):
    """Change cells of the row of a CSV file whose first cell is `key`."""
    with file.open(newline="") as source:
        rows = list(csv.DictReader(source, delimiter=delimiter))
    for row in rows:
        if next(iter(row.values())) == key:
            row.update(cells)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def run(hub, *names):
    return {name: hub.pipes[name].run(progress=False).changed for name in names}


def test_the_committed_data_are_what_the_script_makes(tmp_path):
    script = ROOT / "demo" / "make_customers.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, timeout=60)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (CUSTOMERS / "data" / name).read_bytes(), name


def test_the_project_passes_its_own_tests(folder, capsys):
    assert main(["test", str(folder)]) == 0
    assert "2 passed, 0 failed" in capsys.readouterr().out


@pytest.mark.long
def test_the_project_passes_on_a_node_that_is_thrown_away(hub, folder):
    assert hub.project(folder).test(fresh=True, progress=False).ok


def test_customers_are_merged_by_mail_and_mobile_and_not_by_switchboard(hub):
    customers = {entity["_id"]: entity for entity in hub.datasets["customer"]}
    members = [one for entity in customers.values() for one in entity["$ids"]]
    assert len(members) == len(set(members)) == 484 + 552 + 338
    assert max(len(entity["$ids"]) for entity in customers.values()) == 4
    twice = customers["crm:10044"]
    assert twice["$ids"] == ["crm:10044", "crm:10376", "shop:W-32381", "desk:7224"]
    assert twice["systems"] == ["crm", "support", "webshop"]


def test_a_changed_ticket_changes_exactly_its_customer(hub, folder):
    case = next(e for e in hub.datasets["customer-360"] if e["open_cases"])
    ticket = case["open_cases"][0]["ticket"]
    change_row(folder / "data/support/tickets.csv", ",", ticket, priority="high", topic="refund")
    before = max(entity["_updated"] for entity in hub.datasets["customer-360"])
    assert run(hub, "support-ticket", "ticket", "customer", "customer-360") == {
        "support-ticket": 1,
        "ticket": 1,
        "customer": 0,
        "customer-360": 1,
    }
    (change,) = hub.datasets["customer-360"].diff(before)
    assert change["_id"] == case["_id"]
    assert [part["name"] for part in change["properties"]] == ["open_cases"]


@pytest.mark.long
def test_a_customer_splits_where_its_keys_differ_and_comes_together_again(hub, folder):
    names = ("crm-contact", "crm-person", "customer", "customer-360")
    file = folder / "data/crm/contacts.csv"
    original = file.read_text()
    before = hub.datasets["customer"].entity("crm:10078")
    assert before["$ids"] == ["crm:10078", "shop:W-30890", "desk:7083"]
    change_row(file, ";", "10078", email="somebody@else.example", phone="")
    assert run(hub, *names)["customer"] == 2
    assert hub.datasets["customer"].entity("crm:10078")["$ids"] == ["crm:10078"]
    rest = hub.datasets["customer-360"].entity("shop:W-30890")
    assert rest["$ids"] == ["shop:W-30890", "desk:7083"]
    file.write_text(original)
    run(hub, *names)
    after = hub.datasets["customer"].entity("crm:10078")
    assert after["_hash"] == before["_hash"]
    assert hub.datasets["customer"].entity("shop:W-30890")["_deleted"] is True
