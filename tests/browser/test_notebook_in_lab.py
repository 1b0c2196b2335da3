"""Notebook 01 as a user meets it: opened in JupyterLab, cells run by keyboard and eye."""

import os
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

READY = """async () => {
  const app = window.jupyterapp;
  await app.restored;
  const widget = app.shell.currentWidget;
  if (!widget || !widget.context || !widget.sessionContext) return false;
  await widget.context.ready;
  await widget.sessionContext.ready;
  await widget.sessionContext.session.kernel.info;
  return true;
}"""
RUN_ALL = """async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells'); }"""


def shot(page, name):
    """A screenshot into SCREENSHOTS, where a person asked for them."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png")


def open_notebook(page, lab, name):
    page.goto(f"{lab.url}/lab/tree/notebooks/{name}?token={lab.token}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_function(READY, timeout=60_000)


def test_notebook_01_runs_in_jupyterlab_and_the_dtl_cell_shows_source_and_target(lab, page):
    open_notebook(page, lab, "01-connect-and-look.ipynb")
    page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.evaluate(RUN_ALL)
    outputs = page.locator(".jp-OutputArea-output")
    outputs.get_by_text("1 problem").or_(outputs.get_by_text("2 problems")).first.wait_for(
        timeout=180_000
    )
    dtl = page.locator(".jp-CodeCell", has_text="airport-summary --yes")
    dtl.scroll_into_view_if_needed()
    result = dtl.locator(".jp-OutputArea-output")
    result.get_by_text("airport: 2 read, 1 emitted").wait_for(timeout=60_000)
    table = result.locator("table").first
    assert table.locator("th").all_inner_texts()[:2] == ["source", "target"]
    assert "John F Kennedy Intl" in table.locator("tbody tr").first.inner_text()
    shot(page, "dtl-cell")
    assert lab.get("/sesam-interactive/node")["running"] is True
    assert page.errors == []


def test_the_servers_node_state_needs_a_token(lab):
    import urllib.error
    import urllib.request

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{lab.url}/sesam-interactive/node", timeout=30)
    assert caught.value.code in (401, 403)
    caught.value.close()
