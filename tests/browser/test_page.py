"""The node's own page, in a browser, on a node of its own: nothing of Jupyter is there."""

from __future__ import annotations

import re
import time

import httpx
import pytest
from demo_project import ROOT
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
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
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
    {
        "_id": "salaries",
        "type": "pipe",
        "source": {"type": "embedded", "entities": [{"_id": "1", "salary": 7}]},
        "permissions": [["allow", ["hr"], ["read_config", "read_data", "run_pump_operation"]]],
        **MANUAL,
    },
]


@pytest.fixture(scope="module")
def people_node(tmp_path_factory):
    """A node with people, a pipe that names them, and one that fails."""
    folder = tmp_path_factory.mktemp("page-node")
    (folder / "drop").mkdir()
    (folder / "drop" / "towns.csv").write_text("nr,name\n1,Oslo\n2,Bergen\n")
    drop = {"_id": "drop", "type": "system:url", "url_pattern": f"{folder / 'drop'}/%s"}
    with ChildNode(folder / "data", folder=folder) as child:
        headers = {"Authorization": f"Bearer {child.token}"}
        with httpx.Client(base_url=child.url, headers=headers, trust_env=False) as client:
            assert (
                client.put("/config", params={"force": "true"}, json=[*PIPES, drop]).status_code
                == 200
            )
        child.page = child.url.removesuffix("api")
        yield child


class Api:
    """The node's API, for what a test has done before the page is opened."""

    def __init__(self, client):
        self.client = client

    def run(self, pipe):
        """Run a pipe to its end."""
        path = f"/pipes/{pipe}/pump"
        assert self.client.post(path, data={"operation": "start"}).status_code == 200
        while self.client.get(path).json()["runtime"]["is-running"]:
            time.sleep(0.02)


@pytest.fixture
def api(people_node):
    headers = {"Authorization": f"Bearer {people_node.token}"}
    with httpx.Client(
        base_url=people_node.url, headers=headers, trust_env=False, timeout=60
    ) as client:
        yield Api(client)


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


def write(page, text):
    """Write another text into the editor of rules."""
    page.locator(".cm-content").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_pipe_is_run_and_what_it_wrote_is_browsed(node_page, people_node):
    page = node_page
    enter(page, people_node, "#/pipes")
    row = page.get_by_role("row").filter(has=page.locator("a[href='#/pipes/person']"))
    row.get_by_role("button", name='run "person"').click()
    expect(row).to_contain_text("ok", timeout=30_000)
    page.goto(f"{people_node.page}#/pipes/person-named")
    expect(page).to_have_title("person-named · Sesam node")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("table").get_by_text("full")).to_be_visible(timeout=30_000)
    shot(page, "page-pipe")
    # What throws work away is asked first.
    page.get_by_role("button", name="Full run").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("link", name="Preview").click()
    expect(page.get_by_text('"PERSON 0"', exact=True)).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="person-named", exact=True).click()
    expect(page.get_by_text("250 entities")).to_be_visible(timeout=30_000)
    page.get_by_label("find text").fill("PERSON 24")
    page.keyboard.press("Enter")
    expect(page.get_by_text("11 matches")).to_be_visible(timeout=30_000)
    # One of them, and why it is as it is.
    page.get_by_role("gridcell", name="PERSON 241").dblclick()
    page.get_by_role("button", name="Why is it so?").click()
    expect(page.get_by_label("why it is so")).to_contain_text(
        'from name of person "241"', timeout=30_000
    )
    shot(page, "page-dataset")
    # What a pipe that fails says is at hand.
    page.goto(f"{people_node.page}#/pipes/person-broken")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("banner").get_by_text("1 needs a look")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("no age is that high").first).to_be_visible()
    assert page.errors == []


def test_what_a_system_offers_is_collected_and_stands_in_the_flow(node_page, people_node):
    page = node_page
    enter(page, people_node, "#/systems")
    page.get_by_role("link", name="drop").click()
    page.get_by_role("option", name=re.compile("towns")).click()
    expect(page.get_by_text('"Oslo"')).to_be_visible(timeout=30_000)
    page.get_by_label("name of the pipe").fill("towns")
    page.get_by_role("button", name="Create pipe and run it").click()
    page.get_by_role("button", name="Show its runs").click()
    expect(page.get_by_role("heading", name="towns")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("table").get_by_text("full")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Flow").click()
    page.get_by_label("find a pipe, dataset or system").fill("towns")
    page.keyboard.press("Enter")
    details = page.get_by_role("complementary", name="pipe towns")
    expect(details.get_by_text("→ dataset")).to_be_visible(timeout=30_000)
    shot(page, "page-flow")
    details.get_by_role("link", name="towns").click()
    expect(page.get_by_role("heading", name="towns")).to_be_visible()
    assert page.errors == []


def test_rules_are_tried_traced_and_saved(node_page, people_node, api):
    page = node_page
    api.run("person")
    enter(page, people_node, "#/try")
    page.get_by_label("over").select_option("dataset/person")
    write(page, '[["copy", "_id"], ["add", "old", ["gt", "_S.age", 5]] /* é😀 */, ["add", "x", ')
    expect(page.get_by_role("list", name="problems")).to_be_visible(timeout=30_000)
    page.keyboard.insert_text('["concat", "a-", "_S.name"]]]')
    expect(page.get_by_text('"a-Person 0"').first).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="next entity").click()
    expect(page.get_by_text('"a-Person 1"').first).to_be_visible(timeout=30_000)
    shot(page, "page-try")
    page.get_by_role("button", name="Trace", exact=True).click()
    trace = page.get_by_role("group", name="trace of person")
    trace.get_by_role("tab", name="output").click()
    trace.get_by_role("button", name="old").first.click()
    expect(trace.get_by_text("age of the source entity")).to_be_visible(timeout=30_000)
    shot(page, "page-trace")
    page.goto(f"{people_node.page}#/pipes/person-named/rules")
    expect(page.get_by_text('"PERSON 0"', exact=True).first).to_be_visible(timeout=30_000)
    write(page, '[["copy", "_id"], ["add", "name", ["lower", "_S.name"]], // quietly\n]')
    expect(page.get_by_text('"person 0"', exact=True).first).to_be_visible(timeout=30_000)
    # It is kept while one looks elsewhere.
    page.get_by_role("link", name="Overview").click()
    page.go_back()
    page.get_by_role("button", name="Save…").click()
    dialog = page.get_by_role("dialog", name="save the rules")
    expect(dialog.get_by_text("Over 250 source entities")).to_be_visible(timeout=30_000)
    shot(page, "page-save")
    dialog.get_by_role("button", name="Save to person-named").click()
    expect(page.get_by_text("Saved.")).to_be_visible(timeout=30_000)
    saved = api.client.get("/pipes/person-named/config").json()["transform"]["rules"]
    assert saved == {"default": [["copy", "_id"], ["add", "name", ["lower", "_S.name"]]]}
    assert page.errors == []


VIEWS = {
    "": ".sesam-cards",
    "pipes": ".sesam-list",
    "pipes/person-named": ".sesam-log",
    "pipes/person-named/rules": ".sesam-sides",
    "datasets": ".sesam-list",
    "datasets/person": ".sesam-row",
    "systems/drop": ".sesam-offers [role=option]",
    "flow": ".sesam-node",
    "try/dataset/person": ".sesam-sides",
}
# A node of the graph draws its name and figures in lines; read as one word they are in no name.
VIOLATIONS = """async () => {
  const rules = { "label-content-name-mismatch": { enabled: false } };
  const { violations } = await axe.run({ rules });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((one) => [id, one.html, one.failureSummary]));
}"""


def test_no_view_keeps_anybody_out(node_page, people_node, api):
    """In both schemes of colours, and not wider than a phone where it is read on one."""
    page = node_page
    for name in ("person", "person-named"):
        api.run(name)
    enter(page, people_node)
    # What a page may not load, somebody with its console may.
    page.evaluate(AXE.read_text("utf-8"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for view, ready in VIEWS.items():
            page.goto(f"{people_node.page}#/{view}")
            page.locator(ready).first.wait_for(timeout=30_000)
            shot(page, f"page-{view.replace('/', '-')}-{scheme}")
            assert (view, scheme, page.evaluate(VIOLATIONS)) == (view, scheme, [])
    page.set_viewport_size({"width": 390, "height": 780})
    for view in ("", "pipes", "pipes/person-named"):
        page.goto(f"{people_node.page}#/{view}")
        page.locator(VIEWS[view]).first.wait_for(timeout=30_000)
        too_wide = "() => document.getElementById('main').scrollWidth - innerWidth"
        assert page.evaluate(too_wide) <= 0, view
    assert page.errors == []


def test_a_user_who_may_see_less_is_told_so(node_page, people_node, api):
    page = node_page
    api.run("salaries")
    ada = {"email": "ada@example.com", "password": "correct horse battery"}
    api.client.post("/users", json={**ada, "roles": ["group:Developer"]})
    page.goto(people_node.page)
    page.get_by_role("button", name="With email and password").click()
    page.get_by_label("Email").fill(ada["email"])
    page.get_by_label("Password").fill("something else")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("wrong", timeout=30_000)
    page.errors = [one for one in page.errors if "401" not in one]  # noted by the browser itself
    page.get_by_label("Password").fill(ada["password"])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible(timeout=30_000)
    page.goto(f"{people_node.page}#/pipes")
    expect(page.locator("a[href='#/pipes/person']")).to_be_visible()
    expect(page.locator("a[href='#/pipes/salaries']")).to_have_count(0)
    page.goto(f"{people_node.page}#/datasets/salaries")
    expect(page.get_by_text("You have no permission to see this.")).to_be_visible()
    # A token that has ended leads back to the form, with the reason.
    api.client.put("/users/ada@example.com", json={"password": "another password"})
    page.goto(f"{people_node.page}#/pipes/person")
    expect(page.get_by_role("alert")).to_contain_text("revoked", timeout=30_000)
    expect(page.get_by_label("Token")).to_be_focused()
    page.errors = [one for one in page.errors if not re.search("401|403", one)]
    assert page.errors == []
