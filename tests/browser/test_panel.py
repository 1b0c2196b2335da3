"""The panel of JupyterLab: the node and what it has, live, and what is done from there."""

import re

import pytest
from notebook_page import shot

import sesam_interactive
from sesam_interactive.client.managed import wait_for_node

pytestmark = pytest.mark.browser

MANUAL = {"mode": "manual"}
COUNTED = {
    "_id": "counted",
    "type": "pipe",
    "pump": MANUAL,
    "source": {"type": "embedded", "entities": [{"_id": n} for n in "abc"]},
}
FAILING = {
    "_id": "failing",
    "type": "pipe",
    "pump": MANUAL,
    "source": {"type": "dataset", "dataset": "person"},
    "transform": {"type": "dtl", "rules": {"default": [["fail!", "not today"]]}},
}


@pytest.fixture
def node(people_lab):
    """A client of the lab's node; what a test adds is gone after it."""
    hub = sesam_interactive.connect(*wait_for_node(people_lab.folder / "node"), default=False)
    before = hub.config()
    yield hub
    hub.close()
    # A test may have started it anew.
    with sesam_interactive.connect(
        *wait_for_node(people_lab.folder / "node"), default=False
    ) as hub:
        hub.config.replace(before)


@pytest.fixture
def panel(people_lab, node, page):
    """JupyterLab with the panel open."""
    page.goto(f"{people_lab.url}/lab/workspaces/panel?reset&token={people_lab.token}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate("() => window.jupyterapp.restored")
    page.evaluate("() => window.jupyterapp.shell.activateById('sesam-interactive-panel')")
    found = page.locator(".sesam-side-panel")
    row(found, "pipe", "person").wait_for(timeout=30_000)
    return found


def row(panel, kind, name):
    return panel.locator(f'[data-sesam-kind="{kind}"][data-sesam-name="{name}"]')


def menu(page, found, item):
    """Choose an item of the context menu of a row."""
    found.click(button="right")
    page.locator(".lm-Menu").get_by_text(item, exact=True).click()


def main_view(page, name):
    """The view of the main area with this label in its tab."""
    page.locator(".lm-DockPanel-tabBar").get_by_text(name, exact=True).wait_for()
    return page.locator(".sesam-main-view:visible")


def test_the_panel_lists_what_the_node_has(panel, page):
    shot(page, "panel")
    assert row(panel, "dataset", "person").inner_text().split() == ["person", "250"]
    found = panel.get_by_role("listbox", name="Pipes").get_by_role("option")
    assert [one.get_attribute("data-sesam-name") for one in found.all()] == [
        "dept",
        "person",
        "person-enriched",
    ]
    panel.get_by_placeholder("find").fill("ENRICH")
    row(panel, "pipe", "person").wait_for(state="detached")
    assert panel.get_by_role("option").count() == 2
    assert page.errors == []


def test_a_pipe_is_run_from_its_menu_and_the_panel_follows_it(panel, node, page):
    node.pipes.add(COUNTED)
    pipe = row(panel, "pipe", "counted")
    pipe.wait_for()
    assert pipe.get_attribute("data-sesam-state") == "not run"
    menu(page, pipe, "Run")
    panel.locator('[data-sesam-name="counted"][data-sesam-state="ok"]').wait_for()
    row(panel, "dataset", "counted").get_by_text("3", exact=True).wait_for()
    more = COUNTED["source"]["entities"] + [{"_id": "d"}]
    node.pipes["counted"].save(COUNTED | {"source": {"type": "embedded", "entities": more}})
    node.pipes["counted"].run(progress=False)
    row(panel, "dataset", "counted").get_by_text("4", exact=True).wait_for()
    assert page.errors == []


@pytest.mark.long
def test_a_pipe_that_fails_is_told_of_and_its_log_opens(panel, node, page):
    node.pipes.add(FAILING)
    pipe = row(panel, "pipe", "failing")
    pipe.wait_for()
    menu(page, pipe, "Run")
    toast = page.locator(".Toastify__toast", has_text="not today")
    toast.wait_for()
    panel.get_by_role("button", name="1 pipe needs a look").wait_for()
    shot(page, "panel-failed")
    toast.get_by_role("button", name="Open log").click()
    view = main_view(page, "failing: runs")
    view.get_by_role("table").get_by_text("not today").first.wait_for()
    shot(page, "panel-log")
    panel.get_by_role("button", name="1 pipe needs a look").click()
    row(panel, "pipe", "person").wait_for(state="detached")
    assert page.errors == []


def test_a_dataset_is_browsed_in_the_main_area(panel, page):
    row(panel, "dataset", "person").dblclick()
    grid = main_view(page, "person").get_by_role("grid")
    grid.get_by_text("Person 1", exact=True).wait_for()
    box = grid.bounding_box()
    assert box["height"] > 600, "it fills its place"
    grid.get_by_text("Person 1", exact=True).click()
    page.keyboard.press("Enter")
    page.locator(".sesam-main-view").get_by_role("button", name="What references this?").wait_for()
    shot(page, "panel-grid")
    assert page.errors == []


def test_an_entity_is_debugged_from_the_grid_without_a_kernel(panel, page):
    row(panel, "dataset", "person").dblclick()
    grid = main_view(page, "person").get_by_role("grid")
    grid.get_by_text("Person 1", exact=True).click()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Open in debugger").click()
    trace = main_view(page, "person-enriched: debugger").locator(".sesam-trace")
    trace.focus()
    for key in ("n", "n", "n"):
        page.keyboard.press(key)
    trace.locator("tr.is-added", has_text="adult").wait_for()
    trace.get_by_role("button", name="department").click()
    trace.locator(".sesam-causes").first.get_by_text("dept d1").first.wait_for()
    shot(page, "panel-debug")
    trace.get_by_role("button", name="edit age").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("99")
    page.keyboard.press("Enter")
    trace.get_by_text("What if _S.age were 99").wait_for()
    trace.locator(".sesam-output tr.is-changed", has_text="discount").wait_for()
    trace.get_by_role("button", name="Back", exact=True).click()
    trace.locator(".sesam-output tr.is-same", has_text="discount").wait_for()
    assert page.errors == []


@pytest.mark.long
def test_a_pipe_is_debugged_with_an_entity_of_each_way_and_is_there_after_a_reload(panel, page):
    menu(page, row(panel, "pipe", "person-enriched"), "Debug…")
    trace = main_view(page, "person-enriched: debugger").locator(".sesam-trace")
    trace.get_by_role("tab", name="entities (").click()
    shot(page, "panel-debug-samples")
    with page.expect_response(lambda r: "/api/workspaces/" in r.url and r.request.method == "PUT"):
        row(panel, "dataset", "person").dblclick()
    page.reload()
    page.locator(".lm-DockPanel-tabBar").get_by_text("person-enriched: debugger").click()
    trace.wait_for(timeout=60_000)
    assert page.errors == []


@pytest.mark.long
def test_the_flow_opens_and_is_there_again_after_a_reload(panel, page):
    panel.get_by_role("button", name="Flow").click()
    view = main_view(page, "Flow")
    view.get_by_text("3 pipes").wait_for()
    view.locator("svg").get_by_text("person-enriched", exact=True).click()
    view.get_by_role("complementary").get_by_role("button", name="Run").wait_for()
    shot(page, "panel-flow")
    with page.expect_response(lambda r: "/api/workspaces/" in r.url and r.request.method == "PUT"):
        row(panel, "dataset", "person").dblclick()
    page.reload()
    main_view(page, "Flow")
    assert page.errors == []


@pytest.mark.long
def test_rules_are_edited_with_values_beside_them(panel, page):
    menu(page, row(panel, "pipe", "person-enriched"), "Edit rules")
    view = main_view(page, "person-enriched: rules")
    view.locator(".cm-content").get_by_text("department").first.wait_for()
    view.get_by_text("20 emitted").first.wait_for()
    shot(page, "panel-editor")
    assert page.errors == []


@pytest.mark.long
def test_a_preview_shows_source_and_target(panel, page):
    menu(page, row(panel, "pipe", "person-enriched"), "Preview")
    view = main_view(page, "person-enriched: preview")
    view.get_by_role("heading", name="target").first.wait_for()
    shot(page, "panel-preview")
    assert page.errors == []


def test_a_delete_is_asked_for_and_names_what_goes_with_it(panel, node, page):
    node.pipes.add(COUNTED)
    node.pipes["counted"].run(progress=False)
    row(panel, "dataset", "counted").wait_for()
    pipe = row(panel, "pipe", "counted")
    menu(page, pipe, "Delete…")
    question = page.get_by_role("dialog")
    question.get_by_text('Its dataset "counted" goes with it: 3 entities.').wait_for()
    shot(page, "panel-delete")
    question.get_by_role("button", name="Cancel").click()
    question.wait_for(state="detached")
    assert "counted" in node.pipes
    menu(page, pipe, "Delete…")
    question.get_by_role("button", name="Delete").click()
    pipe.wait_for(state="detached")
    assert "counted" not in node.pipes
    assert page.errors == []


@pytest.mark.long
def test_a_copy_of_a_pipe_writes_a_dataset_of_its_own_and_waits(panel, node, page):
    menu(page, row(panel, "pipe", "person-enriched"), "Duplicate…")
    page.get_by_role("dialog").get_by_role("textbox").fill("mine")
    page.get_by_role("dialog").get_by_role("button", name="Duplicate").click()
    row(panel, "pipe", "mine").wait_for()
    assert node.pipes["mine"].config["pump"]["mode"] == "manual"
    main_view(page, "mine: rules").locator(".cm-content").wait_for()
    assert page.errors == []


def test_a_file_that_a_system_offers_becomes_a_pipe(panel, node, page, tmp_path):
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "people.csv").write_text("nr,name\n1,Ada\n2,Bo\n")
    node.systems.add(
        {"_id": "drop", "type": "system:url", "url_pattern": f"{tmp_path / 'drop'}/%s"}
    )
    system = row(panel, "system", "drop")
    system.wait_for()
    menu(page, system, "Browse what it offers")
    view = main_view(page, "drop: offers")
    view.get_by_role("option", name=re.compile("people.csv")).click()
    view.get_by_text("Ada").first.wait_for()
    shot(page, "panel-offers")
    view.get_by_role("textbox", name="name of the pipe").fill("people")
    view.get_by_role("button", name="Create pipe and run it").click()
    row(panel, "dataset", "people").get_by_text("2", exact=True).wait_for()
    view.get_by_role("button", name="Show its runs").click()
    main_view(page, "people: runs")
    assert page.errors == []


@pytest.mark.long
def test_a_notebook_is_made_for_a_pipe(panel, people_lab, page):
    menu(page, row(panel, "pipe", "person-enriched"), "Open in notebook")
    page.locator(".jp-Notebook").get_by_text("Pipe person-enriched").wait_for(timeout=60_000)
    assert (people_lab.folder / "person-enriched.ipynb").exists()
    assert page.errors == []


@pytest.mark.long
def test_the_node_stops_and_starts_from_the_panel(panel, people_lab, page):
    panel.get_by_role("button", name="Stop", exact=True).click()
    panel.get_by_role("button", name="Start a node").click()
    row(panel, "dataset", "person").get_by_text("250").wait_for(timeout=60_000)
    assert people_lab.get("/sesam-interactive/node")["running"] is True
    assert page.errors == []
