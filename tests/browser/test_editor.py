"""The editor of rules as a user meets it: types, sees values, is told of mistakes, saves."""

import pytest
from notebook_page import open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

EDIT = """import sesam_interactive
hub = sesam_interactive.connect()
editor = hub.pipes["person-enriched"].edit()
editor"""


@pytest.fixture
def editor(people_lab, page):
    open_cells(page, people_lab, EDIT, "print(editor.rules)")
    run_all(page)
    shown = output(page).locator(".sesam-editor")
    shown.locator(".sesam-sides").wait_for(timeout=60_000)
    yield shown
    assert page.errors == []


def type_rule(page, editor, text):
    """Write a rule behind the first one."""
    editor.locator(".cm-line", has_text='"copy"').click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(text)


def test_what_is_typed_is_seen_in_the_target_beside_it(page, editor):
    assert editor.locator(".dtl-inlay", has_text='name = "PERSON 0"').count() == 1
    shot(page, "editor")
    type_rule(page, editor, '["add", "city", ["upper", "_S.address.city"]],')
    row = editor.locator("tr.is-added", has_text="city")
    row.get_by_text('"OSLO"').wait_for(timeout=10_000)
    editor.locator(".dtl-inlay", has_text='city = "OSLO"').wait_for(timeout=10_000)
    editor.locator(".sesam-strip button").nth(1).click()
    row.get_by_text('"BERGEN"').wait_for(timeout=10_000)
    shot(page, "editor-typed")
    editor.locator(".dtl-names", has_text="d.title").click(position={"x": 12, "y": 6})
    page.keyboard.press("F2")
    panel = editor.get_by_role("dialog", name="rename")
    panel.get_by_role("textbox").fill("dep")
    shot(page, "editor-rename")
    page.keyboard.press("Enter")
    editor.locator(".dtl-dataset", has_text="dept dep").wait_for(timeout=10_000)


def test_a_mistake_is_marked_and_fixed_by_a_click_while_the_last_values_stay(page, editor):
    type_rule(page, editor, '["add", "x", ["uper", "_S.name"]],')
    editor.locator(".sesam-problems").get_by_text("unknown function").wait_for(timeout=10_000)
    assert editor.evaluate("one => one.classList.contains('is-stale')")
    assert editor.locator(".sesam-sides").get_by_text('"PERSON 0"', exact=True).count() == 1
    shot(page, "editor-problem")
    editor.get_by_role("button", name='Change to "upper"').click()
    editor.locator("tr.is-added", has_text="x").get_by_text('"PERSON 0"', exact=True).wait_for(
        timeout=10_000
    )


@pytest.mark.long
def test_keys_of_the_editor_do_not_reach_the_notebook(page, editor):
    cells = page.locator(".jp-CodeCell").count()
    editor.get_by_role("button", name="next entity").focus()
    page.keyboard.press("b")
    page.keyboard.press("a")
    assert page.locator(".jp-CodeCell").count() == cells


def test_saving_shows_the_difference_first(page, editor):
    type_rule(page, editor, '["add", "short", ["substring", 0, 3, "_S.name"]],')
    editor.locator("tr.is-added", has_text="short").wait_for(timeout=10_000)
    page.keyboard.press("Control+s")
    panel = editor.get_by_role("dialog")
    panel.locator(".is-added", has_text="substring").wait_for(timeout=20_000)
    shot(page, "editor-save")
    panel.get_by_role("button", name="Save to person-enriched").click()
    editor.get_by_text("Saved.").wait_for(timeout=20_000)
    editor.get_by_role("button", name="Save…").click()
    panel.get_by_text("nothing would change").wait_for(timeout=20_000)
