"""Views and magics in Notebook 7, which the same server serves."""

import re
import time

import pytest
from notebook_page import shot, write_cells

pytestmark = pytest.mark.browser

CELLS = [
    "import sesam_interactive\nhub = sesam_interactive.connect()\nhub",
    "hub.datasets['person'].browse()",
    '%%dtl person-enriched --limit 2\n[["copy", "_id"], ["add", "loud", ["upper", "_S.name"]]]',
    "hub.pipes['person-enriched'].debug('7').view()",
]


def wait_for_kernel(lab):
    """Notebook 7 runs nothing, and says nothing, before its kernel is connected."""
    deadline = time.monotonic() + 60
    while True:
        kernels = [session["kernel"] for session in lab.get("/api/sessions")]
        if any(one["connections"] and one["execution_state"] == "idle" for one in kernels):
            return
        assert time.monotonic() < deadline, kernels
        time.sleep(0.1)


def test_views_and_cells_work_in_notebook_7(people_lab, page):
    name = write_cells(people_lab, *CELLS)
    page.goto(f"{people_lab.url}/notebooks/notebooks/{name}?token={people_lab.token}")
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    cells.first.wait_for(timeout=60_000)
    wait_for_kernel(people_lab)
    # While it starts, Notebook 7 complains of a setting of its own.
    its_own = list(page.errors)
    cells.first.locator(".cm-content").click()
    for _ in CELLS:
        page.keyboard.press("Shift+Enter")
    outputs = page.locator(".jp-OutputArea")
    cells.nth(0).get_by_text("Hub at").wait_for(timeout=60_000)
    grid = cells.nth(1).locator(".sesam [role=grid]")
    grid.get_by_text("Person 1", exact=True).wait_for(timeout=60_000)
    cells.nth(2).get_by_text("person-enriched: 2 read, 2 emitted").wait_for(timeout=60_000)
    cells.nth(2).get_by_text("PERSON 1").first.wait_for(timeout=30_000)
    cells.nth(3).locator(".sesam").get_by_text(re.compile(r"^0 of \d+$")).wait_for(timeout=60_000)
    assert outputs.get_by_text("Traceback").count() == 0
    cells.nth(3).scroll_into_view_if_needed()
    shot(page, "notebook-7")
    assert page.errors == its_own


def test_the_panel_and_views_are_there_beside_a_notebook(people_lab, page):
    name = write_cells(people_lab, "1 + 1")
    page.goto(f"{people_lab.url}/notebooks/notebooks/{name}?token={people_lab.token}")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate("() => window.jupyterapp.restored")
    page.evaluate("() => window.jupyterapp.commands.execute('sesam:panel')")
    panel = page.locator(".sesam-side-panel")
    row = panel.locator('[data-sesam-kind="dataset"][data-sesam-name="person"]')
    row.get_by_text("250").wait_for(timeout=30_000)
    row.dblclick()
    grid = page.locator(".sesam-main-view").get_by_role("grid")
    grid.get_by_text("Person 1", exact=True).wait_for(timeout=30_000)
    assert grid.bounding_box()["height"] > 150
    shot(page, "notebook-7-panel")
    assert not any("sesam" in error for error in page.errors), page.errors
