"""What all views share: they show, they answer, they leave a still picture, they end."""

import pytest
from notebook_page import command, open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

SHOW = """from sesam_interactive.widgets.entity_tree import EntityTree
EntityTree({"_id": "7", "name": "Ada"})"""
COUNT = """import ipywidgets
from sesam_interactive.widgets.entity_tree import EntityTree
sum(isinstance(view, EntityTree) for view in ipywidgets.widgets.widget._instances.values())"""


@pytest.mark.long
def test_a_view_shows_and_hides_its_still_picture(people_lab, page):
    open_cells(page, people_lab, SHOW)
    run_all(page)
    shown = output(page)
    shown.locator(".sesam").get_by_text("Ada").wait_for(timeout=30_000)
    assert shown.locator("[data-sesam-still]").is_hidden()
    shot(page, "view")
    assert page.errors == []


@pytest.mark.parametrize("times", [10, pytest.param(100, marks=pytest.mark.long)])
def test_a_cell_that_is_run_again_leaves_no_view_behind(people_lab, page, times):
    open_cells(page, people_lab, SHOW, COUNT)
    for _ in range(times):
        run_all(page)
    output(page, 1).get_by_text("1", exact=True).wait_for(timeout=30_000)
    assert output(page).locator(".sesam").count() == 1
    assert page.errors == []


@pytest.mark.long
def test_a_notebook_without_a_kernel_shows_the_still_picture(people_lab, page):
    open_cells(page, people_lab, SHOW)
    run_all(page)
    output(page).locator(".sesam").wait_for(timeout=30_000)
    command(page, "docmanager:save")
    command(page, "notebook:shutdown-kernel")
    page.reload()
    output(page).locator("[data-sesam-still]").get_by_text('"name": "Ada"').wait_for(timeout=30_000)
