"""%%dtl as a person meets it in JupyterLab: results, traces, differences, the completion popup."""

import pytest
from notebook_page import open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

CONNECT = "import sesam_interactive\nhub = sesam_interactive.connect()"
RULES = """[
  ["copy", ["list", "_id", "address"]],
  ["add", "name", ["upper", "_S.name"]],
  ["add", "adult", ["gte", "_S.age", 18]],
  ["filter", ["neq", "_S.age", 3]],
  ["if", ["gt", "_S.age", 1], ["add", "department", ["first", ["hops", {
    "datasets": ["dept d"], "where": ["eq", "_S.dept", "d._id"], "return": "d.title"}]]]],
  ["add", "unknown", "_S.nam"],
]"""
CELLS = {
    "result": f"%%dtl person-enriched --limit 5\n{RULES}",
    "trace": f"%%dtl person-enriched --trace --entity 2\n{RULES}",
    "explain": f"%%dtl person-enriched --explain\n{RULES}",
    "diff": f"%%dtl --diff person-enriched\n{RULES}",
    "help": "%dtl help concat",
    "functions": "%dtl functions date",
    "status": "%sesam status",
    "pipes": "%sesam pipes",
    "log": "%sesam log person-enriched",
    "mistake": '%%dtl person-enriched\n[\n  ["add", "name", ["uper", "_S.name"]]\n]',
}


@pytest.mark.long
def test_results_traces_and_differences_are_readable_in_light_and_dark(people_lab, page):
    open_cells(page, people_lab, CONNECT, *CELLS.values())
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    run_all(page)
    shown = {name: output(page, at) for at, name in enumerate(CELLS, 1)}
    # An error ends the run: the mistake comes last.
    shown["mistake"].get_by_text("1 problem").wait_for(timeout=60_000)
    assert shown["result"].locator("th").all_text_contents()[:2] == ["source", "target"]
    assert '+ "adult": false' in shown["result"].text_content()
    assert "did you mean" in shown["result"].text_content()
    assert "filtered: nothing comes out" in shown["result"].text_content()
    assert "sets department" in shown["trace"].text_content()
    # The debugger's view is live, so the steps that stand for it are hidden.
    shown["trace"].scroll_into_view_if_needed()
    shown["trace"].locator(".sesam").first.wait_for(timeout=30_000)
    assert shown["trace"].locator("[data-sesam-still]").is_hidden()
    assert "department" in shown["explain"].text_content()
    assert "places differ" in shown["diff"].text_content()
    assert 'did you mean "upper"?' in shown["mistake"].text_content()
    assert "Traceback" not in shown["mistake"].text_content()
    for theme in ("Light", "Dark"):
        name = f"JupyterLab {theme}"
        page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})",
            name,
        )
        page.wait_for_function(
            "dark => document.body.dataset.jpThemeLight === String(!dark)", arg=theme == "Dark"
        )
        for what, area in shown.items():
            area.scroll_into_view_if_needed()
            assert area.evaluate("node => node.scrollWidth <= node.clientWidth + 1"), what
            shot(page, f"magics-{theme.lower()}-{what}")
    assert page.errors == []


def test_a_cell_completes_functions_and_properties_and_tells_of_them(people_lab, page):
    open_cells(page, people_lab, CONNECT, "%%dtl person\n")
    run_all(page)
    editor = page.locator(".jp-CodeCell").nth(1).locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type('[["add", "x", ["upp')
    page.keyboard.press("Tab")
    popup = page.locator(".jp-Completer")
    popup.get_by_text("upper").wait_for(timeout=30_000)
    page.keyboard.press("Enter")
    page.locator(".cm-content", has_text='["upper').wait_for(timeout=30_000)
    page.keyboard.press("Shift+Tab")
    tooltip = page.locator(".jp-Tooltip")
    tooltip.get_by_text("Write each string in upper case").wait_for(timeout=30_000)
    shot(page, "magics-inspect")
    page.keyboard.press("Escape")
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type('", "_S.')
    page.keyboard.press("Tab")
    popup.get_by_text("address").wait_for(timeout=30_000)
    names = popup.locator(".jp-Completer-match").all_text_contents()
    shot(page, "magics-complete")
    assert names == ["_id", "address", "age", "born", "dept", "name", "worth"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".cm-content", has_text="_S.address").wait_for(timeout=30_000)
    assert page.errors == []
