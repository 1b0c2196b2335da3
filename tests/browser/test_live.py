"""What rules make of real entities while they are typed into a cell or a file of JupyterLab."""

import json

import pytest
from notebook_page import command, open_cells, shot

pytestmark = pytest.mark.browser

CELL = """%%dtl person-enriched --entity 61
[
  ["copy", "_id"],
  ["add", "name", ["lower", "_S.name"]],
  ["add", "old", ["gt", "_S.age", "{{limit}}"]]
]"""
OTHER = '%%dtl dept\n[["copy", "*"],\n ["add", "n", ["length", "_S.title"]]]'


@pytest.fixture
def live(people_lab, page):
    """A notebook with rules in two cells, the cursor in the first, the preview beside it."""
    open_cells(page, people_lab, CELL, OTHER, "limit = 60")
    editor(page).click()
    command(page, "sesam:live")
    found = page.locator(".sesam-live")
    found.locator(".sesam-sides").get_by_text('"person 61"', exact=True).wait_for(timeout=30_000)
    yield found
    assert page.errors == []


def editor(page, position=0):
    return page.locator(".jp-CodeCell").nth(position).locator(".cm-content")


def type_behind(page, text, typed):
    """Put the cursor behind a text of the editor that has the focus, and type."""
    page.evaluate(
        """text => {
          const notebook = window.jupyterapp.shell.currentWidget.content ??
            [...window.jupyterapp.shell.widgets("main")].find(w => w.content?.activeCell).content;
          const editor = notebook.activeCell.editor;
          const at = editor.model.sharedModel.getSource().indexOf(text) + text.length;
          editor.editor.dispatch({selection: {anchor: at}});
          editor.focus();
        }""",
        text,
    )
    page.keyboard.type(typed)


def test_values_of_an_entity_change_while_its_rules_are_typed(live, page):
    page.locator(".dtl-inlay", has_text='name = "person 61"').wait_for()
    live.get_by_text("The value of {{limit}} is not known").wait_for()
    shot(page, "live")
    editor(page, 2).click()
    page.keyboard.press("Control+Enter")
    page.locator(".dtl-inlay", has_text="old = true").wait_for()
    assert live.get_by_text("is not known").count() == 0
    editor(page).click()
    type_behind(page, '["lower", "_S.name"]', '],\n["add", "in", "_S.dept"')
    live.locator(".sesam-sides tr.is-added", has_text="in").get_by_text('"d1"').wait_for()
    page.locator(".dtl-inlay", has_text='in = "d1"').wait_for()
    type_behind(page, '"_S.dept"', ', ["')
    page.locator(".sesam-live.is-stale").wait_for()
    live.get_by_label("problems").get_by_role("listitem").first.wait_for()
    assert live.locator(".sesam-sides").get_by_text('"person 61"', exact=True).is_visible(), (
        "it stays in sight"
    )
    page.locator(".sesam-dtl-editor.is-stale .dtl-inlay").first.wait_for()
    shot(page, "live-stale")
    editor(page, 1).click()
    live.locator(".sesam-sides").get_by_text("Department 0").first.wait_for()
    page.locator(".jp-CodeCell").nth(1).locator(".dtl-inlay", has_text="n = 12").wait_for()
    assert page.locator(".jp-CodeCell").nth(0).locator(".dtl-inlay").count() == 0
    # The magic taken away, it is no DTL any more.
    type_behind(page, "%", "x")
    page.locator(".jp-CodeCell").nth(1).locator(".dtl-inlay").first.wait_for(state="detached")


def test_a_preview_that_was_closed_takes_its_values_along_and_opens_again(live, page):
    page.locator(".dtl-inlay").first.wait_for()
    page.locator(".lm-TabBar-tab", has_text="DTL preview").locator(
        ".lm-TabBar-tabCloseIcon"
    ).click()
    page.locator(".dtl-inlay").first.wait_for(state="detached")
    editor(page).click()
    command(page, "sesam:live")
    live.locator(".sesam-sides").get_by_text('"person 61"', exact=True).wait_for()
    page.locator(".dtl-inlay").first.wait_for()


def test_rules_of_a_cell_are_debugged_beside_it_as_they_are_written(live, page):
    page.keyboard.press("Alt+Shift+D")
    trace = page.locator(".sesam-trace:visible")
    trace.get_by_text('a draft of pipe "person-enriched"').wait_for(timeout=30_000)
    trace.get_by_role("button", name="name", exact=True).click()
    trace.locator(".sesam-causes").first.get_by_text('"name" set by add').first.wait_for()
    shot(page, "live-debug")


@pytest.mark.long
def test_rules_in_a_file_have_values_beside_them(people_lab, page):
    rules = [["copy", "_id"], ["add", "name", ["upper", "_S.name"]]]
    pipe = {
        "_id": "person-enriched",
        "type": "pipe",
        "source": {"type": "dataset", "dataset": "person"},
        "transform": {"type": "dtl", "rules": {"default": rules}},
    }
    text = json.dumps([pipe], indent=2)
    (people_lab.folder / "notebooks" / "person.conf.json").write_text(text)
    url = f"{people_lab.url}/lab/workspaces/live-file?reset&token={people_lab.token}"
    page.goto(url)
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate(
        """async () => {
          await window.jupyterapp.restored;
          await window.jupyterapp.commands.execute(
            "docmanager:open", {path: "notebooks/person.conf.json", factory: "Editor"});
        }"""
    )
    page.locator(".cm-content").get_by_text("person-enriched").click()
    command(page, "sesam:live")
    live = page.locator(".sesam-live")
    live.locator(".sesam-sides").get_by_text('"PERSON 0"', exact=True).wait_for(timeout=30_000)
    page.locator(".dtl-inlay", has_text="PERSON 0").first.wait_for()
    shot(page, "live-file")
    assert page.errors == []
