"""The node's own page, in a browser, on a node of its own: nothing of Jupyter is there."""

from __future__ import annotations

import re

import httpx
import pytest
from notebook_page import shot
from playwright.sync_api import expect

from sesam_node.cli.child import ChildNode

PEOPLE = [
    {
        "_id": str(n),
        "name": f"Person {n}",
        "age": n % 90,
        "born": f"~t19{n % 100:02d}-03-01T12:00:00Z",
    }
    for n in range(250)
]
MANUAL = {"pump": {"mode": "manual"}}
PIPES = [
    {"_id": "person", "type": "pipe", "source": {"type": "embedded", "entities": PEOPLE}, **MANUAL},
    {
        "_id": "person-named",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {
            "type": "dtl",
            "rules": {"default": [["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]},
        },
        **MANUAL,
    },
    {
        "_id": "person-broken",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {"type": "dtl", "rules": {"default": [["fail!", "no age is that high"]]}},
        **MANUAL,
    },
    {"_id": "files", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"},
]


@pytest.fixture(scope="module")
def people_node(tmp_path_factory):
    """A node with people, a pipe that names them, and one that fails."""
    folder = tmp_path_factory.mktemp("page-node")
    with ChildNode(folder / "data", folder=folder) as child:
        headers = {"Authorization": f"Bearer {child.token}"}
        with httpx.Client(base_url=child.url, headers=headers, trust_env=False) as client:
            assert client.put("/config", params={"force": "true"}, json=PIPES).status_code == 200
        child.page = child.url.removesuffix("api")
        yield child


@pytest.fixture
def node_page(page, people_node):
    """A page on which what the policy stops, and what goes elsewhere, is an error."""
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((people_node.page, "data:"))
            else page.errors.append(f"asked elsewhere: {asked.url}")
        ),
    )
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (event) =>"
        " console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
    )
    return page


def enter(page, node, view=""):
    """Open the page by a link that holds the token, and go to a view."""
    page.goto(f"{node.page}#token={node.token}")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible(timeout=30_000)
    assert "token" not in page.url
    if view:
        page.goto(f"{node.page}{view}")


def test_a_token_opens_the_page_and_a_wrong_one_is_told(node_page, people_node):
    page = node_page
    page.goto(people_node.page)
    field = page.get_by_label("Token")
    expect(field).to_be_focused()
    shot(page, "page-login")
    field.fill("not.a.token")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert").filter(has_text="no JWT that this node can read")
    expect(alert).to_be_visible()
    # The browser itself notes the refusal in its console.
    page.errors = [one for one in page.errors if "401" not in one]
    field.fill(f"Bearer {people_node.token}\n")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Pipes"))).to_have_count(2)
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    # A page that is loaded again stays where it is; one that is left forgets.
    page.goto(f"{people_node.page}#/pipes")
    page.reload()
    expect(page.get_by_role("link", name="person-named").first).to_be_visible()
    shot(page, "page-pipes")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    assert page.errors == []
