"""Pictures in a real JupyterLab: live with plotly's own extension, still in HTML."""

import nbformat
import pytest
from nbconvert import HTMLExporter
from notebook_page import command, open_cells, output, run_all, shot

pytestmark = pytest.mark.browser

CELLS = (
    "import sesam_interactive\nhub = sesam_interactive.connect()\nhub.flow().plot()",
    'hub.datasets["person"].profile().plot()',
    'hub.overlap("person.dept", "dept._id").plot()',
    "hub.pipes.runs().plot()",
)


@pytest.mark.long
def test_pictures_are_drawn_from_no_network_and_stand_still_in_html(people_lab, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_cells(page, people_lab, *CELLS)
    run_all(page)
    for position in range(len(CELLS)):
        output(page, position).locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
    output(page).get_by_text("person-enriched").first.wait_for()
    shot(page, "plots")
    assert [
        url for url in asked if not url.startswith((people_lab.url, "data:", "blob:", "ws"))
    ] == []
    assert page.errors == []
    command(page, "docmanager:save")
    newest = max(
        (people_lab.folder / "notebooks").glob("cells-*.ipynb"), key=lambda f: f.stat().st_mtime
    )
    html, _ = HTMLExporter(template_name="basic").from_notebook_node(nbformat.read(newest, 4))
    assert html.count("data:image/svg+xml") >= 1
    assert "person.dept" in html
    assert "cdn" not in html
