"""Notebook 01 as a user meets it: opened in JupyterLab, cells run by keyboard and eye."""

import pytest
from notebook_page import command, open_notebook, run_all, shot

pytestmark = pytest.mark.browser


@pytest.mark.long
def test_notebook_01_runs_in_jupyterlab_and_the_dtl_cell_shows_source_and_target(lab, page):
    open_notebook(page, lab, "01-connect-and-look.ipynb")
    command(page, "notebook:clear-all-cell-outputs")
    run_all(page)
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
