"""DTL in JupyterLab's own editors: `%%dtl` cells and files of configuration."""

import json

import pytest
from notebook_page import open_cells, shot

pytestmark = pytest.mark.browser

CELL = '%%dtl person --limit 5\n[\n  ["copy", "_id"],\n  ["add", "name", ["upper", "_S.name"]]\n]'
FILE = {
    "_id": "person-enriched",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "person"},
    "transform": {"type": "dtl", "rules": {"default": [["copy", "*"], ["add", "x", 1]]}},
}


def cell(page, position=0):
    """The editor of a code cell, as a locator."""
    return page.locator(".jp-CodeCell").nth(position).locator(".cm-editor")


def open_file(page, lab, name, content):
    """Write a file of configuration and open it; gives its editor."""
    (lab.folder / name).write_text(json.dumps(content, indent=2))
    workspace = name.removesuffix(".conf.json")
    page.goto(f"{lab.url}/lab/workspaces/{workspace}/tree/{name}?token={lab.token}")
    found = page.locator(".jp-FileEditor .sesam-dtl-editor")
    found.wait_for(timeout=60_000)
    return found


def test_a_cell_is_dtl_as_soon_as_its_first_line_says_so(people_lab, page):
    open_cells(page, people_lab, CELL, "x = 1")
    cell(page).locator(".dtl-transform", has_text="copy").wait_for(timeout=30_000)
    assert cell(page).locator(".dtl-magic").inner_text() == "%%dtl"
    assert cell(page).locator(".dtl-call").inner_text() == '"upper"'
    shot(page, "dtl-cell")
    cell(page, 1).click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("%%dtl person\n")
    cell(page, 1).locator(".dtl-magic").wait_for()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Delete")
    cell(page, 1).locator(".dtl-magic").wait_for(state="detached")
    assert page.locator(".sesam-dtl-editor").count() == 1
    assert page.errors == []


def test_a_file_of_configuration_opens_as_text_in_the_language(people_lab, page):
    editor = open_file(page, people_lab, "person-enriched.conf.json", FILE)
    editor.locator(".dtl-transform", has_text="copy").wait_for(timeout=30_000)
    shot(page, "dtl-file")
    assert page.errors == []
