"""The client as people meet it in JupyterLab: tables, progress, await, errors without traceback."""

import pytest
from notebook_page import open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

WRONG = """hub.pipes.add({
    "_id": "x", "type": "pipe", "source": {"type": "datset"}, "pump": {"mode": 1},
})"""
CELLS = [
    "import sesam_interactive as sesam\nhub = sesam.connect()\nhub.pipes",
    "hub.pipes['dept'].run()",
    "await hub.aio.pipes['dept'].log(limit=2)",
    "hub.dtl.check([['ad', 'x', 1]])",
    WRONG,
]


def test_tables_runs_and_errors_are_shown(people_lab, page):
    open_cells(page, people_lab, *CELLS)
    run_all(page)
    output(page, 4).get_by_text("ClientError").first.wait_for(timeout=120_000)
    assert 'did you mean "add"?' in output(page, 3).inner_text()
    assert output(page, 0).locator("th").all_inner_texts()[:2] == ["pipe", "source"]
    assert "read" in output(page, 1).inner_text()
    assert output(page, 2).locator("table th").first.inner_text() == "time"
    error = output(page, 4).inner_text()
    assert error.startswith("ClientError: the configuration has")
    assert 'did you mean "dataset"?' in error
    assert "Traceback" not in error
    shot(page, "client-light")
    theme(page, "JupyterLab Dark", light=False)
    shot(page, "client-dark")
    theme(page, "JupyterLab Light", light=True)


def theme(page, name, *, light):
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
    )
    page.wait_for_selector(f"body[data-jp-theme-light={str(light).lower()}]", state="attached")
