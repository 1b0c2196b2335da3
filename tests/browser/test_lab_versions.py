"""The wheel in each version of JupyterLab and Notebook that is promised: `make test-lab-versions`.

Each gets an environment of its own from the registry, so this is for hand and release, not for
every run. `LAB_VERSIONS` says which, as "4.2 4.6"; Notebook 7 has the same minor version. "lowest"
is the lowest version of all that the project asks for. With `LAB_ENVIRONMENTS` the environments are
kept in that folder and used again.
"""

from __future__ import annotations

import os
import re

import pytest
from demo_project import ROOT
from lab_environments import UV, environment_folder, run
from lab_server import lab_with_people
from notebook_page import command, open_cells, output, run_all, shot, write_cells

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(600)]

VERSIONS = os.environ.get("LAB_VERSIONS", "").split()
CELLS = [
    "import sesam_interactive\nhub = sesam_interactive.connect()\nhub",
    "hub.datasets['person'].browse()",
    '%%dtl person-enriched --limit 2\n[["copy", "_id"], ["add", "loud", ["upper", "_S.name"]]]',
    "hub.pipes['person-enriched'].debug('7').view()",
]

DTL = """%%dtl person-enriched --entity 61
[
  ["copy", "_id"],
  ["add", "name", ["uper", "_S.name"]]
]"""


@pytest.fixture(scope="session", params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture(scope="session")
def bin_folder(version, wheel, tmp_path_factory):
    """Where the programs of an environment are that has this version and the wheel."""
    with environment_folder(version, tmp_path_factory) as folder:
        python = folder / "bin" / "python"
        install = [UV, "pip", "install", "--quiet", "--python", python]
        if version == "lowest":
            extras = ("--extra", "node", "--extra", "lab", "--extra", "dtl")
            bounds = ("--resolution", "lowest-direct", "-r", ROOT / "pyproject.toml", *extras)
            run(*install, *bounds, "notebook>=7.2")
        else:
            notebook = f"notebook==7.{version.split('.')[1]}.*"
            run(*install, f"{wheel}[node,lab]", f"jupyterlab=={version}.*", notebook)
        # The same number of a version may be another wheel.
        run(*install, "--no-deps", "--reinstall-package", "sesam-interactive", wheel)
        yield python.parent


@pytest.fixture(scope="session")
def versioned_lab(bin_folder, tmp_path_factory):
    server = lab_with_people(tmp_path_factory, bin_folder / "python")
    yield server
    server.close()


def row(panel, kind, name):
    return panel.locator(f'[data-sesam-kind="{kind}"][data-sesam-name="{name}"]')


def open_panel(page):
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate("() => window.jupyterapp.restored")
    page.evaluate("() => window.jupyterapp.commands.execute('sesam:panel')")
    panel = page.locator(".sesam-side-panel")
    row(panel, "dataset", "person").get_by_text("250").wait_for(timeout=30_000)
    return panel


def open_view(page, panel, kind, name, item, label):
    """A view that is opened from the menu of a row."""
    row(panel, kind, name).click(button="right")
    page.locator(".lm-Menu").get_by_text(item, exact=True).click()
    page.locator(".lm-DockPanel-tabBar").get_by_text(label, exact=True).wait_for()
    return page.locator(".sesam-main-view:visible")


def test_the_extensions_are_listed_as_fit(version, bin_folder):
    listed = run(bin_folder / "jupyter", "labextension", "list")
    assert f"JupyterLab v{'4.2.0' if version == 'lowest' else version}" in listed
    assert re.search(r"sesam-interactive v\S+ .*enabled.*OK", listed), listed
    servers = run(bin_folder / "jupyter", "server", "extension", "list")
    assert re.search(r"sesam_interactive \S*enabled", servers), servers
    assert re.search(r"sesam_interactive \S* ?\S*OK", servers), servers


def test_the_panel_and_its_views(version, versioned_lab, page):
    page.goto(f"{versioned_lab.url}/lab/workspaces/views?reset&token={versioned_lab.token}")
    panel = open_panel(page)
    shot(page, f"lab-{version}-panel")
    grid = open_view(page, panel, "dataset", "person", "Browse entities", "person")
    grid.get_by_role("grid").get_by_text("Person 1", exact=True).wait_for()
    shot(page, f"lab-{version}-grid")
    editor = open_view(
        page, panel, "pipe", "person-enriched", "Edit rules", "person-enriched: rules"
    )
    editor.get_by_text("20 emitted").first.wait_for()
    editor.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" x")
    editor.locator(".cm-lintRange-error").first.wait_for()
    shot(page, f"lab-{version}-editor")
    log = open_view(page, panel, "pipe", "person", "Runs and log", "person: runs")
    log.get_by_role("table").first.wait_for()
    panel.get_by_role("button", name="Flow").click()
    page.locator(".sesam-main-view:visible").get_by_text("3 pipes").wait_for()
    shot(page, f"lab-{version}-flow")
    page.locator(".sesam-status-button").get_by_text("3 pipes").wait_for()
    assert page.errors == []


def test_cells_and_widgets(version, versioned_lab, page):
    open_cells(page, versioned_lab, *CELLS)
    run_all(page)
    try:
        cells_show(output(page, n) for n in range(len(CELLS)))
    finally:
        shot(page, f"lab-{version}-cells")
    assert page.errors == []
    versioned_lab.end_kernels()


def test_dtl_in_cells(version, versioned_lab, page):
    """Highlighting, a problem and its fix, completion, values beside the rules and in the panel."""
    open_cells(page, versioned_lab, DTL)
    rules = page.locator(".jp-CodeCell .cm-editor").first
    rules.locator(".cm-lintRange-error", has_text="uper").wait_for(timeout=30_000)
    rules.locator(".dtl-transform", has_text="copy").wait_for()
    rules.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("F8")
    if version == "4.6":
        # CodeMirror of earlier ones goes to the problem, and tells it where one points at it.
        page.locator(".cm-tooltip", has_text="did you mean").wait_for()
    page.keyboard.press("Control+.")
    rules.locator(".dtl-call", has_text='"upper"').wait_for()
    command(page, "sesam:live")
    live = page.locator(".sesam-live")
    live.get_by_text('"PERSON 61"', exact=True).first.wait_for(timeout=30_000)
    page.locator(".dtl-inlay", has_text='name = "PERSON 61"').wait_for()
    rules.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.type('["add", "y", ["lower", "_S.na')
    page.keyboard.press("Tab")
    page.locator(".jp-Completer-item", has_text="name").wait_for(timeout=30_000)
    shot(page, f"lab-{version}-dtl")
    page.keyboard.press("Escape")
    assert page.locator(".Toastify__toast--error").count() == 0
    assert page.errors == []
    versioned_lab.end_kernels()


def cells_show(outputs):
    hub, grid, result, trace = outputs
    hub.get_by_text("Hub at").wait_for(timeout=60_000)
    grid.locator(".sesam [role=grid]").get_by_text("Person 1", exact=True).wait_for(timeout=60_000)
    result.get_by_text("PERSON 1").first.wait_for(timeout=60_000)
    trace.locator(".sesam").get_by_text(re.compile(r"^0 of \d+$")).wait_for(timeout=60_000)


def test_notebook_7(version, versioned_lab, page):
    name = write_cells(versioned_lab, "1 + 1")
    page.goto(f"{versioned_lab.url}/notebooks/notebooks/{name}?token={versioned_lab.token}")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
    panel = open_panel(page)
    row(panel, "dataset", "person").dblclick()
    grid = page.locator(".sesam-main-view").get_by_role("grid")
    grid.get_by_text("Person 1", exact=True).wait_for(timeout=30_000)
    shot(page, f"notebook-7-{version}")
    assert not any("sesam" in error for error in page.errors), page.errors
    versioned_lab.end_kernels()
