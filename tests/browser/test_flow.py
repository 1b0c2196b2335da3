"""The graph of pipes in a notebook: looked at, walked through, run from."""

import pytest
from notebook_page import open_cells, output, run_all, shot

import sesam_interactive
from sesam_interactive.client.managed import wait_for_node

pytestmark = pytest.mark.browser

FLOW = """import sesam_interactive
hub = sesam_interactive.connect()
hub.flow()"""
LATE = {
    "_id": "late",
    "type": "pipe",
    "pump": {"mode": "manual"},
    "source": {"type": "dataset", "dataset": "person-enriched"},
}


@pytest.fixture
def graph(people_lab, page):
    open_cells(page, people_lab, FLOW)
    run_all(page)
    shown = output(page).locator(".sesam-flow")
    shown.locator(".sesam-node").first.wait_for(timeout=60_000)
    yield shown
    assert page.errors == []


def node(graph, name):
    """A node, by its whole name."""
    return graph.locator(f".sesam-node[aria-label^='pipe {name}:']")


def test_the_graph_shows_pipes_and_a_click_tells_of_one(page, graph):
    shot(page, "flow")
    assert output(page).locator("[data-sesam-still]").is_hidden()
    node(graph, "person-enriched").click()
    details = graph.locator("aside")
    details.locator(".sesam-log tbody tr").first.wait_for(timeout=20_000)
    assert details.locator(".sesam-linked").first.inner_text().split() == [
        "from",
        "dept",
        "(hop)",
        "person",
    ]
    details.get_by_role("tab", name="preview").click()
    details.get_by_text('"PERSON 0"').first.wait_for(timeout=20_000)
    shot(page, "flow-preview")
    details.get_by_role("button", name="person", exact=True).click()
    details.locator("strong", has_text="person").wait_for()
    details.get_by_role("button", name="Run").click()
    details.locator(".sesam-log tbody tr").first.wait_for(timeout=20_000)


@pytest.mark.long
def test_keys_go_along_the_graph_and_a_search_finds(page, graph):
    graph.locator(".sesam-flow-canvas").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert graph.locator("aside strong").inner_text() == "person-enriched"
    page.keyboard.press("Escape")
    assert graph.locator("aside").count() == 0
    assert page.locator(".jp-CodeCell").count() == 1
    graph.get_by_role("searchbox").fill("dep")
    graph.get_by_text("1 found").wait_for()
    assert "is-dim" in node(graph, "person").get_attribute("class")
    page.keyboard.press("Enter")
    graph.locator("aside strong", has_text="dept").wait_for()


def test_what_comes_to_the_hub_comes_to_the_graph(page, graph, people_lab):
    hub = sesam_interactive.connect(*wait_for_node(people_lab.folder / "node"))
    hub.pipes.make("late").save(LATE)
    node(graph, "late").wait_for(timeout=30_000)
    shot(page, "flow-live")
    hub.connection.json("DELETE", "/pipes/late")
    node(graph, "late").wait_for(state="detached", timeout=30_000)
    hub.close()
