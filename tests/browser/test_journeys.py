"""A first day in JupyterLab, as one story: from an empty node to rules that are debugged."""

import pytest
from lab_server import Lab
from notebook_page import shot

pytestmark = pytest.mark.browser

PEOPLE = "nr,name,city\n1,Ada,Oslo\n2,Bo,Bergen\n3,Cy,Oslo\n"


@pytest.fixture
def empty_lab(tmp_path):
    """A JupyterLab that has no project, and no node yet; beside it a folder with a file."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "people.csv").write_text(PEOPLE)
    server = Lab(tmp_path / "lab", None)
    yield server
    server.close()


class Desk:
    """JupyterLab as somebody sees it: the panel, the view in front, menus and dialogs."""

    def __init__(self, page):
        self.page = page
        self.panel = page.locator(".sesam-side-panel")

    def row(self, kind, name):
        return self.panel.locator(f'[data-sesam-kind="{kind}"][data-sesam-name="{name}"]')

    def menu(self, kind, name, item):
        self.row(kind, name).click(button="right")
        self.page.get_by_role("menu").get_by_role("menuitem", name=item, exact=True).click()

    def view(self, title):
        """The view of a title, once it is in front."""
        tab = self.page.locator(".lm-DockPanel-tabBar .lm-mod-current", has_text=title)
        tab.wait_for(timeout=30_000)
        return self.page.locator(".sesam-view-widget:visible")

    def answer(self, text, button):
        dialog = self.page.locator(".jp-Dialog")
        dialog.locator("input").fill(text)
        dialog.get_by_role("button", name=button).click()


@pytest.fixture
def desk(empty_lab, page):
    page.goto(f"{empty_lab.url}/lab?token={empty_lab.token}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate("() => window.jupyterapp.restored")
    page.locator(".jp-LauncherCard").first.wait_for(timeout=60_000)
    page.get_by_role("tab", name="Sesam: node, pipes, datasets").click()
    return Desk(page)


def test_from_an_empty_node_to_rules_that_are_debugged(desk, page, tmp_path):
    start_a_node(desk)
    read_a_file(desk, tmp_path / "inbox")
    look_at_what_came(desk)
    write_rules(desk)
    run_them(desk)
    see_how_it_hangs_together(desk)
    debug_an_entity(desk)
    try_rules_in_a_notebook(desk)
    assert page.errors == []


def start_a_node(desk):
    desk.panel.get_by_role("button", name="Start a node").click()
    desk.panel.get_by_text("Nothing here yet").wait_for(timeout=60_000)
    shot(desk.page, "journey-empty")


def read_a_file(desk, folder):
    desk.panel.get_by_role("button", name="Add a folder of files").click()
    desk.answer(str(folder), "Add")
    offers = desk.view("inbox: offers")
    offers.get_by_role("option", name="people.csv").click()
    offers.get_by_text("Ada").first.wait_for(timeout=30_000)
    shot(desk.page, "journey-offers")
    offers.get_by_label("name of the pipe").fill("people")
    offers.get_by_role("button", name="Create pipe and run it").click()
    desk.row("dataset", "people").get_by_text("3", exact=True).wait_for(timeout=30_000)
    offers.get_by_role("button", name="Show its runs").click()
    runs = desk.view("people: runs")
    runs.get_by_text("ok", exact=True).wait_for(timeout=30_000)
    shot(desk.page, "journey-runs")


def look_at_what_came(desk):
    desk.row("dataset", "people").dblclick()
    grid = desk.view("people").locator(".sesam-grid")
    grid.get_by_text("Bergen").dblclick()
    detail = desk.page.locator(".sesam-detail:visible")
    detail.get_by_role("treeitem").filter(has_text="Bo").wait_for(timeout=30_000)
    shot(desk.page, "journey-grid")
    # A view that was closed is opened again.
    desk.page.locator(".lm-DockPanel-tabBar .lm-mod-current .lm-TabBar-tabCloseIcon").click()
    desk.row("dataset", "people").dblclick()
    desk.view("people").get_by_text("Bergen").wait_for(timeout=30_000)


def write_rules(desk):
    """A copy of the pipe gets rules: completed, mended by what is proposed, seen at work, saved."""
    desk.menu("pipe", "people", "Duplicate…")
    desk.answer("loud", "Duplicate")
    editor = desk.view("loud: rules")
    text = editor.locator(".cm-content")
    text.wait_for(timeout=60_000)
    keys = desk.page.keyboard
    text.click()
    keys.press("Control+a")
    keys.insert_text('[["copy", "*"],\n["add", "loud", ["uper", "_S.name"]],\n["add", "at", ')
    keys.type('["low')
    completion = desk.page.locator(".cm-tooltip-autocomplete li", has_text="lower").first
    completion.wait_for(timeout=30_000)
    # While the list of the last key is asked for the one before is seen; Enter is not for it.
    asked = "!document.querySelector('.cm-tooltip-autocomplete-disabled')"
    desk.page.wait_for_function(asked)
    shot(desk.page, "journey-completion")
    keys.press("Enter")
    keys.press("ArrowRight")  # past the quote, which was closed when it was opened
    keys.insert_text(', "_S.city"')
    keys.press("End")
    keys.insert_text("]]")
    editor.get_by_role("button", name='Change to "upper"').click(timeout=30_000)
    target = editor.locator(".sesam-sides section").nth(1)
    target.get_by_text('"ADA"', exact=True).wait_for(timeout=30_000)
    target.get_by_text('"oslo"', exact=True).wait_for()
    shot(desk.page, "journey-rules")
    editor.get_by_role("button", name="Save…").click()
    editor.get_by_role("button", name="Save to loud").click(timeout=30_000)
    editor.get_by_text("Saved.").wait_for(timeout=30_000)


def run_them(desk):
    desk.menu("pipe", "loud", "Run")
    desk.row("dataset", "loud").get_by_text("3", exact=True).wait_for(timeout=30_000)
    desk.menu("pipe", "loud", "Browse entities")
    desk.view("loud").locator(".sesam-grid").get_by_text("ADA", exact=True).wait_for(timeout=30_000)
    shot(desk.page, "journey-result")


def see_how_it_hangs_together(desk):
    desk.panel.get_by_role("button", name="Flow").click()
    flow = desk.view("Flow")
    flow.locator(".sesam-node[aria-label^='pipe loud:']").click(timeout=30_000)
    flow.locator(".sesam-flow-details").get_by_text("inbox").wait_for(timeout=30_000)
    shot(desk.page, "journey-flow")


def debug_an_entity(desk):
    desk.menu("pipe", "loud", "Debug…")
    trace = desk.view("loud: debugger").locator(".sesam-trace")
    trace.wait_for(timeout=60_000)
    trace.get_by_role("button", name="step into").click()
    trace.get_by_role("button", name="loud", exact=True).click()
    trace.locator(".sesam-causes").get_by_text("upper").first.wait_for(timeout=30_000)
    shot(desk.page, "journey-debugger")


def try_rules_in_a_notebook(desk):
    """Rules of a cell are seen at work while they are typed: no cell is run."""
    desk.menu("pipe", "loud", "Open in notebook")
    cell = desk.page.locator(".jp-CodeCell").filter(has_text="%%dtl").first
    rules = cell.locator(".cm-content")
    rules.click(timeout=60_000)
    keys = desk.page.keyboard
    keys.press("Alt+Shift+L")
    live = desk.page.locator(".sesam-live")
    target = live.locator(".sesam-sides section").nth(1)
    target.get_by_text('"ADA"', exact=True).wait_for(timeout=60_000)
    rules.locator("span", has_text="upper").last.dblclick()
    keys.type("lower")
    target.get_by_text('"ada"', exact=True).wait_for(timeout=30_000)
    shot(desk.page, "journey-notebook")
    keys.press("Alt+Shift+D")
    trace = desk.page.locator(".sesam-trace:visible")
    trace.get_by_role("button", name="step over").click(timeout=60_000)
    trace.get_by_text('loud = "ada"').wait_for(timeout=30_000)
    shot(desk.page, "journey-notebook-debugger")
