"""DTL in JupyterLab's own editors: `%%dtl` cells and files of configuration."""

import json

import pytest
from notebook_page import open_cells, shot

pytestmark = pytest.mark.browser

CELL = '%%dtl person --limit 5\n[\n  ["copy", "_id"],\n  ["add", "name", ["upper", "_S.name"]]\n]'
WRONG = """%%dtl person
[
  ["add", "x", ["uper", "_S.name"]],
  ["add", "z", ["apply", "tidy", "_S.address"]]
]"""
HOPS = {
    "datasets": ["dept d"],
    "where": [["eq", "_S.dept", "d._id"]],
    "return": "d.title",
}
FILE = {
    "_id": "person-enriched",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "person"},
    "pump": {"schedule_interval": "often"},
    "transform": {
        "type": "dtl",
        "rules": {"default": [["add", "x", ["uper", "a"]], ["add", "y", ["hops", HOPS]]]},
    },
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


def test_rules_are_completed_and_mended_by_keyboard(people_lab, page):
    open_cells(page, people_lab, WRONG, '%%dtl --name tidy\n[["copy", "*"]]')
    # The rule that another cell names is no problem.
    cell(page).locator(".cm-lintRange-error").wait_for(timeout=30_000)
    assert cell(page).locator(".cm-lintRange-error").all_inner_texts() == ['"uper"']
    cell(page).locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("F8")
    page.locator(".cm-tooltip", has_text="did you mean").wait_for()
    shot(page, "dtl-problem")
    page.keyboard.press("Control+.")
    cell(page).locator(".dtl-call", has_text='"upper"').wait_for()
    cell(page).locator(".cm-lintRange-error").wait_for(state="detached")
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.type('["add", "y", ["lower", "_S.na')
    page.keyboard.press("Tab")
    # One list, that of the node: neither words of the text nor names of Python.
    page.locator(".jp-Completer-item").wait_for(timeout=30_000)
    shot(page, "dtl-completion")
    assert page.locator(".jp-Completer-match").all_inner_texts() == ["name"]
    page.keyboard.press("Enter")
    page.keyboard.type('"]],')
    page.keyboard.press("Control+Home")
    page.keyboard.press("End")
    page.keyboard.type(" --exp")
    page.keyboard.press("Tab")
    page.locator(".jp-Completer-item").first.wait_for()
    assert page.locator(".jp-Completer-match").all_inner_texts() == ["--expect", "--explain"]
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Alt+F")
    cell(page).get_by_text('["add", "y", ["lower", "_S.name"]],', exact=True).wait_for()
    assert page.errors == []


def test_a_file_of_configuration_is_text_with_problems_and_names(people_lab, page):
    editor = open_file(page, people_lab, "person-enriched.conf.json", FILE)
    editor.locator(".cm-lintRange-error", has_text="uper").wait_for(timeout=30_000)
    # Not of the rules alone; the dataset that it reads is that of a pipe on the node.
    marked = editor.locator(".cm-lintRange").all_inner_texts()
    assert marked == ['"often"', '"uper"']
    editor.locator(".dtl-names", has_text="d.title").click(position={"x": 12, "y": 6})
    page.keyboard.press("F2")
    rename(page, "a.b")
    page.locator(".jp-Dialog", has_text="without dots").wait_for()
    shot(page, "dtl-rename")
    rename(page, "dep")
    editor.locator(".dtl-dataset", has_text="dept dep").wait_for()
    assert editor.locator(".dtl-names").all_inner_texts() == ['.dept"', '"dep._id"', '"dep.title"']
    shot(page, "dtl-file")
    assert page.errors == []


def rename(page, name):
    page.locator(".jp-Dialog input").fill(name)
    page.keyboard.press("Enter")
