"""The grid as a user meets it: rows, keys, filters, a detail, what is new, what is gone."""

import pytest
from notebook_page import command, open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

CONNECT = """import sesam_interactive
hub = sesam_interactive.connect()
"""
BROWSE = CONNECT + 'hub.datasets["person"].browse()'
BOX = (
    CONNECT
    + """
hub.connection.json("PUT", "/pipes/box/config?force=true", json={
    "_id": "box", "type": "pipe", "source": {"type": "http_endpoint"}})
def post(*entities):
    hub.connection.json("POST", "/receivers/box/entities", json=list(entities))
"""
)


def grid_of(page, position=0):
    return output(page, position).locator(".sesam-grid-box")


@pytest.fixture
def grid(people_lab, page):
    """The grid of 250 people, in a notebook."""
    open_cells(page, people_lab, BROWSE)
    run_all(page)
    shown = grid_of(page)
    shown.get_by_text("Person 0", exact=True).wait_for(timeout=60_000)
    yield shown
    assert page.errors == []


def ids(grid):
    return grid.locator(".sesam-rows .sesam-id").all_inner_texts()


def test_a_grid_shows_rows_with_types_and_keys_move_through_all_of_them(grid, page):
    grid.get_by_text("250 entities").wait_for()
    assert "1900-03-01 12:00:00Z" in grid.inner_text()
    assert "~t" not in grid.inner_text()
    table = grid.get_by_role("grid")
    assert table.get_attribute("aria-rowcount") == "251"
    table.focus()
    page.keyboard.press("End")
    grid.get_by_text("Person 249", exact=True).wait_for()
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    assert grid.locator(".sesam-chosen .sesam-id").inner_text() != "249"
    page.keyboard.press("Home")
    grid.get_by_text("Person 0", exact=True).wait_for()
    shot(page, "grid-top")


def test_columns_text_and_a_condition_choose_rows_and_a_click_sorts_them(grid, page):
    grid.get_by_label("filter age").fill(">80")
    grid.get_by_label("filter age").press("Enter")
    grid.get_by_text("18 matches").wait_for()
    grid.get_by_role("button", name="name", exact=True).click()
    grid.get_by_text("18 matches").wait_for()
    grid.locator(".sesam-rows .sesam-id", has_text="171").first.wait_for()
    assert ids(grid)[:2] == ["171", "172"]
    grid.get_by_label("find text").fill("BERGEN")
    grid.get_by_label("find text").press("Enter")
    grid.get_by_text("6 matches").wait_for()
    grid.get_by_label("DTL condition").fill('["eq", "_S.dept", "d1"]')
    grid.get_by_label("DTL condition").press("Enter")
    grid.get_by_text("1 match").wait_for()
    shot(page, "grid-filtered")


def test_a_wrong_condition_is_told_with_its_place_and_taken_back(grid, page):
    condition = grid.get_by_label("DTL condition")
    condition.fill('["gtt", "_S.age", 3]')
    condition.press("Enter")
    alert = grid.get_by_role("alert")
    alert.get_by_text('did you mean "gt"').wait_for()
    assert "$.where[0]" in alert.inner_text()
    shot(page, "grid-error")
    condition.fill('["gt", ')
    condition.press("Enter")
    grid.get_by_role("alert").get_by_text("no JSON").wait_for()
    grid.get_by_role("button", name="Clear filters").click()
    grid.get_by_text("250 entities").wait_for()


def test_enter_opens_an_entity_and_escape_closes_it(grid, page):
    grid.get_by_role("grid").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    detail = grid.locator(".sesam-detail")
    detail.get_by_role("treeitem", name="city").first.wait_for()
    assert detail.locator(".sesam-title").inner_text() == "1"
    page.keyboard.press("ArrowDown")
    detail.locator(".sesam-title", has_text="2").wait_for()
    detail.get_by_role("button", name="Open in debugger").click()
    detail.get_by_text('hub.pipes["person-enriched"].debug("2")').wait_for()
    shot(page, "grid-detail")
    detail.get_by_text("opened below").wait_for(timeout=60_000)
    output(page).get_by_text("person-enriched", exact=False).last.wait_for()
    output(page).locator(".sesam").nth(1).wait_for()
    shot(page, "grid-debugger")
    grid.get_by_role("grid").focus()
    page.keyboard.press("Escape")
    detail.wait_for(state="detached")


@pytest.mark.long
def test_what_refers_to_an_entity_is_told(people_lab, page):
    open_cells(page, people_lab, CONNECT + 'hub.datasets["dept"].browse()')
    run_all(page)
    grid = grid_of(page)
    grid.get_by_text("Department 1").dblclick(timeout=60_000)
    grid.get_by_role("button", name="What references this?").click()
    grid.get_by_text("63 of person").wait_for()
    shot(page, "grid-references")


@pytest.mark.long
def test_the_slash_key_goes_to_the_text_and_columns_are_chosen(grid, page):
    grid.get_by_role("grid").focus()
    page.keyboard.press("/")
    page.keyboard.type("Person 24")
    page.keyboard.press("Enter")
    grid.get_by_text("11 matches").wait_for()
    grid.get_by_role("button", name="Columns").click()
    grid.locator(".sesam-choices").get_by_text("_updated").click()
    grid.get_by_role("button", name="_updated").wait_for()
    shot(page, "grid-columns")
    page.keyboard.press("Escape")
    grid.locator(".sesam-popup").wait_for(state="detached")


@pytest.mark.long
def test_rows_become_a_frame_that_is_bound_to_a_name(people_lab, page):
    open_cells(page, people_lab, BROWSE, "print('rows', persons.shape)")
    command(page, "notebook:run-cell-and-select-next")
    grid = grid_of(page)
    grid.get_by_role("button", name="To frame").click(timeout=60_000)
    grid.get_by_text('hub.datasets["person"].to_polars()').wait_for()
    grid.get_by_label("name of the variable").fill("persons")
    grid.get_by_role("button", name="Bind").click()
    grid.get_by_text("persons: 250 rows").wait_for(timeout=60_000)
    shot(page, "grid-frame")
    # A click into an output chooses its cell.
    command(page, "notebook:move-cursor-down")
    command(page, "notebook:run-cell")
    output(page, 1).get_by_text("rows (250,").wait_for()


def test_what_is_new_waits_behind_a_bar_and_a_history_has_its_changes(people_lab, page):
    box = BOX + 'post(*({"_id": n, "v": 1, "note": None} for n in "abc"))\n'
    box += 'hub.datasets["box"].browse(height=300)'
    again = 'post({"_id": "a", "v": 2, "tags": ["x"]}, {"_id": "b", "_deleted": True})'
    open_cells(page, people_lab, box, again)
    command(page, "notebook:run-cell-and-select-next")
    grid = grid_of(page)
    grid.get_by_text("3 entities").wait_for(timeout=60_000)
    command(page, "notebook:run-cell-and-select-next")
    grid.get_by_text("2 new or changed").wait_for()
    assert ids(grid) == ["a", "b", "c"]
    shot(page, "grid-news")
    grid.get_by_role("button", name="Show").click()
    grid.get_by_text("2 entities").wait_for()
    assert ids(grid) == ["c", "a"]
    grid.locator(".sesam-id", has_text="a").dblclick()
    detail = grid.locator(".sesam-detail")
    detail.get_by_text("2 of 2").wait_for()
    detail.get_by_role("checkbox", name="changes").check()
    detail.locator("del", has_text="1").wait_for()
    shot(page, "grid-history")
    detail.get_by_role("button", name="older version").click()
    detail.get_by_text("1 of 2").wait_for()
    assert page.errors == []


@pytest.mark.long
def test_an_empty_dataset_says_so_and_one_that_is_deleted_too(people_lab, page):
    empty = BOX.replace("box", "bare") + 'hub.datasets["bare"].browse(height=240)'
    open_cells(page, people_lab, empty, 'hub.datasets["bare"].delete()')
    command(page, "notebook:run-cell-and-select-next")
    grid = grid_of(page)
    grid.get_by_text("The dataset is empty.").wait_for(timeout=60_000)
    shot(page, "grid-empty")
    command(page, "notebook:run-cell-and-select-next")
    grid.get_by_text("The dataset is gone").wait_for()
    shot(page, "grid-gone")


@pytest.fixture
def dark(page):
    yield lambda: theme(page, "JupyterLab Dark")
    theme(page, "JupyterLab Light")


def theme(page, name):
    page.evaluate(
        "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name
    )
    page.wait_for_selector(f'body[data-jp-theme-name="{name}"]', state="attached")


@pytest.mark.long
def test_a_grid_is_readable_on_dark(grid, dark, page):
    dark()
    grid.get_by_text("Person 3", exact=True).dblclick()
    grid.get_by_role("treeitem", name="city").first.wait_for()
    shot(page, "grid-dark")


@pytest.mark.long
def test_a_saved_grid_shows_its_first_rows_without_a_kernel(grid, page):
    command(page, "docmanager:save")
    command(page, "notebook:shutdown-kernel")
    page.reload()
    still = output(page).locator("[data-sesam-still]")
    still.get_by_text("250 entities, the first 20").wait_for(timeout=60_000)
    shot(page, "grid-still")
