"""The grid as a user meets it: rows, keys, filters, a detail, what is new."""

import pytest
from notebook_page import open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

BROWSE = """import sesam_interactive
hub = sesam_interactive.connect()
hub.datasets["person"].browse()"""


@pytest.fixture
def grid(people_lab, page):
    """The grid of 250 people, in a notebook."""
    open_cells(page, people_lab, BROWSE)
    run_all(page)
    shown = output(page).locator(".sesam-grid-box")
    shown.get_by_text("Person 0", exact=True).wait_for(timeout=60_000)
    yield shown
    assert page.errors == []


def test_a_grid_shows_rows_with_types_and_scrolls_to_its_end(grid, page):
    grid.get_by_text("250 entities").wait_for()
    shot(page, "grid-top")
    assert "1900-03-01 12:00:00Z" in grid.inner_text()
    assert "~t" not in grid.inner_text()
    grid.get_by_role("grid").focus()
    page.keyboard.press("End")
    grid.get_by_text("Person 249", exact=True).wait_for()
    shot(page, "grid-end")
