"""The debugger in a notebook, and as a page of its own."""

import pytest
from notebook_page import new_page, open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

DEBUG = """import sesam_interactive
hub = sesam_interactive.connect()
session = hub.pipes["person-enriched"].debug(limit=80)
view = session.view()
view"""
WHERE = "print(session.entity, session.position, session.path)"
SAVE = "view.save('trace.html').name"


@pytest.fixture
def trace(people_lab, page):
    open_cells(page, people_lab, DEBUG, WHERE)
    run_all(page)
    shown = output(page).locator(".sesam-trace")
    shown.wait_for(timeout=60_000)
    yield shown
    assert page.errors == []


def test_keys_step_through_the_rules_and_the_session_goes_along(page, trace):
    trace.focus()
    for key in ("n", "n", "n"):
        page.keyboard.press(key)
    trace.locator("tr.is-added", has_text="adult").wait_for(timeout=10_000)
    assert trace.locator(".dtl-current").first.inner_text().startswith('["add", "adult"')
    shot(page, "trace")
    page.keyboard.press("b")
    page.keyboard.press("End")
    trace.get_by_text("the end", exact=True).wait_for()
    page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    end = trace.locator(".sesam-slider").get_attribute("max")
    output(page, 1).get_by_text(f"0 {end} ").wait_for(timeout=10_000)


def test_a_property_tells_what_made_it_and_a_bar_leads_to_entities(page, trace):
    trace.get_by_role("button", name="department").click()
    chain = trace.locator(".sesam-causes").first
    chain.get_by_text("dept d0").first.wait_for(timeout=10_000)
    shot(page, "trace-why")
    trace.locator(".dtl-bar[title^='decimal'], .dtl-bar[title^='add: ran 19']").first.click()
    trace.get_by_text("19 of 80").wait_for(timeout=10_000)
    chip = trace.locator(".sesam-chip").first
    assert chip.inner_text() == "61"
    chip.click()
    trace.locator(".dtl-inlay", has_text='discount = "~f0.25"').wait_for(timeout=10_000)
    shot(page, "trace-entities")


@pytest.mark.long
def test_another_source_is_tried_and_nothing_is_stored(page, trace):
    trace.get_by_role("button", name="edit age").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("99")
    page.keyboard.press("Enter")
    trace.get_by_text("What if _S.age were 99").wait_for(timeout=10_000)
    trace.locator(".sesam-output tr.is-changed", has_text="discount").wait_for(timeout=10_000)
    shot(page, "trace-what-if")
    trace.get_by_role("button", name="Back", exact=True).click()
    trace.locator(".sesam-output tr.is-same", has_text="discount").wait_for()
    assert trace.get_by_role("button", name="Back", exact=True).count() == 0


@pytest.mark.long
def test_entities_are_found_on_the_node_and_counted_in_the_margin(page, trace):
    trace.get_by_role("tab", name="entities").click()
    trace.get_by_label("find on the node").fill("_T.adult == false")
    page.keyboard.press("Enter")
    trace.get_by_text("Entities of which holds: _T.adult == false").wait_for(timeout=20_000)
    assert trace.get_by_role("option").first.inner_text() == "0"
    shot(page, "trace-found")
    trace.get_by_role("button", name="Back", exact=True).click()
    trace.get_by_label("margin").select_option("all")
    trace.get_by_text("all 250 entities").wait_for(timeout=20_000)
    shot(page, "trace-all")


def test_a_saved_trace_is_a_page_that_needs_no_kernel(page, people_lab):
    open_cells(page, people_lab, DEBUG, SAVE)
    run_all(page)
    output(page, 1).get_by_text("trace.html").wait_for(timeout=60_000)
    # Not the page that JupyterLab was in: what that still asks for is not asked by this one.
    page = new_page(page.context.browser)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{people_lab.folder}/notebooks/trace.html")
    trace = page.locator(".sesam-trace")
    trace.get_by_role("button", name="department").click()
    trace.locator(".sesam-causes").get_by_text("dept d0").first.wait_for(timeout=10_000)
    assert trace.get_by_role("button", name="edit age").count() == 0
    trace.focus()
    page.keyboard.press("n")
    trace.locator("tr.is-added", has_text="_id").wait_for()
    shot(page, "trace-page")
    assert [url for url in asked if not url.startswith("file:")] == []
    assert page.errors == []
