"""The examples of docs/systems/rest.md run as they stand, against a service as they describe."""

from __future__ import annotations

import pytest
from page_examples import page_components
from rest_service import reply
from web_server import Reply


class Crm:
    """Contacts by number, in pages of two, changed since a moment; with tokens."""

    def __init__(self):
        self.contacts = {
            number: {"id": number, "name": f"n{number}", "changed": f"2024-01-0{number}"}
            for number in (1, 2, 3)
        }
        self.writes = []

    def __call__(self, asked):
        if asked.path == "/token":
            assert asked.json == {"key": "hush"}
            return reply({"access_token": "t0ken", "expires_in": 3600})
        assert asked.headers["authorization"] == "Bearer t0ken"
        number = int(asked.path.removeprefix("/contacts").strip("/") or 0)
        if asked.method == "GET":
            return self.page(asked.query) if not number else self.one(number)
        self.writes.append((asked.method, number, asked.json))
        number = number or max(self.contacts) + 1
        self.contacts[number] = {"id": number, **self.contacts.get(number, {}), **asked.json}
        return reply(self.contacts[number])

    def one(self, number):
        found = self.contacts.get(number)
        return Reply(b"", 404) if found is None else reply(found)

    def page(self, query):
        since, start = query.get("changedAfter", ""), int(query.get("start", 0))
        found = [c for _, c in sorted(self.contacts.items()) if c.get("changed", "9") > since]
        links = {"next": f"/contacts?start={start + 2}"} if found[start + 2 :] else {}
        return reply({"data": {"items": found[start : start + 2]}, "links": links})


@pytest.fixture
def crm():
    return Crm()


@pytest.fixture
def page(service, crm):
    """A node with the components of the page; only the address of the service is another."""
    found = page_components("rest")
    api = service(crm, {}, secrets={"crm-key": "hush"})
    system = {**found["crm"], "url_pattern": f"{api.server.url}/%s"}
    api.node.more["systems"] = {"crm": system}
    for name, one in found.items():
        if one["type"] == "pipe":
            api.node.pipe(name, **{k: v for k, v in one.items() if k not in ("_id", "type")})
    return api.node


def test_contacts_are_read_page_by_page_and_then_what_has_changed(page, crm):
    page.run("crm-contact")
    assert sorted(page.live("crm-contact")) == ["1", "2", "3"]
    crm.contacts[4] = {"id": 4, "name": "new", "changed": "2024-01-04"}
    assert page.run("crm-contact").processed == 1


def test_details_are_asked_for_and_written_back(page, crm):
    page.run("crm-contact")
    page.run("contact-share")
    assert crm.writes == [("PUT", n, {"name": f"N{n}"}) for n in (1, 2, 3)]


def test_two_way_sync(page, crm):
    page.put("crm-person-transform", {"_id": "erp:7", "name": "Ada", "$ids": ["~:erp:7"]})
    page.run("crm-person-share")
    page.run("crm-person-all")
    page.run("crm-person-collect")
    assert page.live("crm-person-collect")["4"]["$origin"] == ["~:erp:7"]
    page.put(
        "crm-person-transform",
        {"_id": "crm:4", "id": 4, "name": "Ada L", "$based_on": {"name": "Ada"}},
    )
    page.run("crm-person-share")
    assert crm.writes == [("POST", 0, {"name": "Ada"}), ("PUT", 4, {"name": "Ada L"})]
