"""The views of JupyterLab for everybody: without a mouse, in both themes, in other languages."""

import json
import re

import pytest
from demo_project import ROOT
from notebook_page import shot

import sesam_interactive
from sesam_interactive.client.managed import wait_for_node

pytestmark = pytest.mark.browser

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# What is not ours is JupyterLab's to mend.
VIOLATIONS = """async () => {
  const include = [...document.querySelectorAll(".sesam")].filter((one) => one.checkVisibility());
  const { violations } = await axe.run({ include });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((one) => [id, one.html, one.failureSummary]));
}"""
# What data is, or DTL, or Python, is the same in all languages.
UNTRANSLATED = """() => {
  const data = `.sesam-title, .sesam-bar strong, .sesam-side-name, .sesam-side-url,
    .sesam-side-project, [data-sesam-kind=system], [role=gridcell], .sesam-sort-name,
    .sesam-tree, .sesam-entity, .sesam-choices, .cm-editor, .sesam-facts, .sesam-log td, code,
    pre, .sesam-node-name, .sesam-node.is-system, .sesam-offer-name, .sesam-offer td,
    .sesam-linked button, .sesam-frames, .sesam-problems span`;
  const found = new Set();
  const say = (text, what) => {
    const words = text.replace(/\\b_\\w+/g, "");
    if (/\\p{L}/u.test(words) && !text.includes("⟦")) found.add(`${what}: ${text.trim()}`);
  };
  for (const root of document.querySelectorAll(".sesam")) {
    if (!root.checkVisibility()) continue;
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { parentElement, data: text } = texts.currentNode;
      if (parentElement.checkVisibility() && !parentElement.closest(data)) say(text, "text");
    }
    for (const name of ["title", "aria-label", "placeholder", "aria-valuetext"]) {
      for (const one of root.querySelectorAll(`[${name}]`)) {
        if (one.checkVisibility() && !one.closest(data)) say(one.getAttribute(name), name);
      }
    }
  }
  return [...found];
}"""
RULES = {
    "_id": "person-enriched",
    "type": "pipe",
    "source": {"type": "dataset", "dataset": "person"},
    "transform": {"type": "dtl", "rules": {"default": [["copy", "_id"], ["ad", "x", 1]]}},
}
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"' + r"|'((?:[^'\\\n]|\\.)*)'")


@pytest.fixture
def drop(people_lab, tmp_path):
    """A folder with a file, as a system of the lab's node."""
    (tmp_path / "people.csv").write_text("nr,name\n1,Ada\n2,Bo\n")
    (people_lab.folder / "rules.conf.json").write_text(json.dumps(RULES, indent=2))
    address = wait_for_node(people_lab.folder / "node")
    with sesam_interactive.connect(*address, default=False) as hub:
        hub.systems.add({"_id": "drop", "type": "system:url", "url_pattern": f"{tmp_path}/%s"})
        yield "drop"
        hub.systems["drop"].delete()


def open_lab(page, lab, workspace):
    """JupyterLab with the panel open."""
    page.goto(f"{lab.url}/lab/workspaces/{workspace}?reset&token={lab.token}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate("() => window.jupyterapp.restored")
    # It takes the focus when it is there.
    page.locator(".jp-LauncherCard").first.wait_for(timeout=60_000)
    page.evaluate("() => window.jupyterapp.shell.activateById('sesam-interactive-panel')")
    page.locator('[data-sesam-kind="pipe"][data-sesam-name="person"]').wait_for(timeout=30_000)


def views(page, drop):
    """Open one view after the other, each with something in it; gives their names."""

    def shown(view, command, ready, **target):
        execute = "([name, args]) => window.jupyterapp.commands.execute(name, args)"
        page.evaluate(execute, [f"sesam:{command}", target])
        page.locator(ready).first.wait_for(timeout=30_000)
        return view

    yield "panel"
    shown("grid", "browse", ".sesam-row .sesam-k-string", kind="dataset", name="person")
    page.locator(".sesam-grid").focus()
    page.keyboard.press("Enter")
    page.locator(".sesam-detail .sesam-tree-line").first.wait_for(timeout=30_000)
    yield "grid"
    page.locator(".sesam-menu button").first.click()
    page.locator(".sesam-choices label").first.wait_for()
    yield "columns"
    page.keyboard.press("Escape")
    yield shown("editor", "edit", ".sesam-sides", kind="pipe", name="person-enriched")
    shown("flow", "flow", ".sesam-node")
    page.locator(".sesam-node").nth(1).click()
    page.locator(".sesam-flow-details .sesam-log").wait_for(timeout=30_000)
    yield "flow"
    yield shown("log", "log", ".sesam-log-view .sesam-log", kind="pipe", name="person-enriched")
    preview = ".sesam-preview-view .sesam-entity"
    yield shown("preview", "preview", preview, kind="pipe", name="person-enriched")
    yield shown("debugger", "debug", ".sesam-trace", kind="pipe", name="person-enriched")
    shown("offers", "offers", ".sesam-offers [role=option]", kind="system", name=drop)
    page.locator(".sesam-offers [role=option]").first.click()
    page.locator(".sesam-offer .sesam-entity").first.wait_for(timeout=30_000)
    yield "offers"
    page.evaluate(
        """async () => {
          const args = {path: "rules.conf.json", factory: "Editor"};
          await window.jupyterapp.commands.execute("docmanager:open", args);
        }"""
    )
    page.locator(".jp-FileEditor .sesam-dtl-editor .cm-content").click()
    yield shown("live", "live", ".sesam-live .sesam-problems")


def test_no_view_keeps_anybody_out(people_lab, page, drop):
    open_lab(page, people_lab, "accessible")
    page.add_script_tag(path=AXE)
    for theme in ("Light", "Dark"):
        change = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
        page.evaluate(change, f"JupyterLab {theme}")
        is_light = json.dumps(theme == "Light")
        page.locator(f"body[data-jp-theme-light={is_light}]").wait_for(state="attached")
        for name in views(page, drop):
            shot(page, f"accessible-{name}-{theme.lower()}")
            assert (name, theme, page.evaluate(VIOLATIONS)) == (name, theme, [])
        page.evaluate("() => window.jupyterapp.commands.execute('application:close-all')")
    assert page.errors == []


def test_every_word_is_said_in_the_readers_language(people_lab, page, drop):
    sources = [*(ROOT / "frontend/src").rglob("*.ts*"), *(ROOT / "labextension/src").rglob("*.ts*")]
    literals = {
        one or other for path in sources for one, other in LITERAL.findall(path.read_text())
    }
    words = {word: [f"⟦{word}⟧"] for word in (text.replace('\\"', '"') for text in literals)}
    head = {
        "domain": "sesam_interactive",
        "language": "xx",
        "plural_forms": "nplurals=1; plural=0;",
    }
    answer = {"data": {"sesam_interactive": words | {"": head}}, "message": ""}
    page.route(re.compile("/lab/api/translations/"), lambda route: route.fulfill(json=answer))
    open_lab(page, people_lab, "language")
    for name in views(page, drop):
        shot(page, f"language-{name}")
        told = page.evaluate(UNTRANSLATED)
        assert (name, told) == (name, [])
    assert page.locator(".lm-TabBar-tabLabel", has_text="⟦").count() > 0
    assert page.errors == []


def tab_to(page, selector, most):
    """Press Tab until what has the focus is of a selector; `most` times at most."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached")


def test_the_panel_and_the_grid_are_used_without_a_mouse(people_lab, page):
    open_lab(page, people_lab, "keyboard")
    keys = page.keyboard
    search = page.get_by_label("find a pipe, dataset or system")
    search.click()
    keys.type("person")
    # Past "Flow", what other tests have left failing, and the title of the pipes.
    tab_to(page, "[data-sesam-name=person]", 5)
    focused = "() => document.activeElement.dataset.sesamName"
    keys.press("ArrowDown")
    assert page.evaluate(focused) == "person-enriched"
    outline = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    keys.press("Shift+F10")
    page.locator(".lm-Menu-item", has_text="Browse entities").wait_for()
    keys.press("Escape")
    page.wait_for_function("() => document.activeElement.dataset.sesamName === 'person-enriched'")
    keys.press("ArrowDown")  # on into the datasets
    keys.press("Enter")
    grid = page.locator(".sesam-grid")
    grid.locator(".sesam-id", has_text="0").first.wait_for(timeout=30_000)
    page.wait_for_function("() => document.activeElement.closest('.sesam-view-widget')")
    tab_to(page, ".sesam-grid", 8)  # past the fields and menus above the rows
    keys.press("ArrowDown")
    keys.press("Enter")
    detail = page.locator(".sesam-detail")
    detail.get_by_role("treeitem").first.wait_for(timeout=30_000)
    tab_to(page, "[role=treeitem]", 60)  # past the heads and filters of all columns
    keys.press("ArrowDown")
    keys.press("ArrowLeft")
    assert detail.locator('[role=treeitem][aria-expanded="false"]').count() == 1
    keys.press("Escape")
    detail.wait_for(state="detached")
    page.wait_for_function("() => document.activeElement.matches('.sesam-grid')")
    assert page.errors == []
