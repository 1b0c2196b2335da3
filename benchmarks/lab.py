"""How long after a key the preview in JupyterLab shows what the rules now make.

    python benchmarks/lab.py [--keys 60]

Starts JupyterLab with the people of the browser tests, opens a notebook with a `%%dtl` cell and
the preview beside it, and types numbers into a constant of the rules, each when the value of the
one before is painted. Timed in the page: from the key to the frame after the value is there, both
in the panel and beside the text. Says the median and the 95th percentile, in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "tests")]

CELL = """%%dtl person-enriched
[
  ["copy", "_id"],
  ["add", "name", ["upper", "_S.name"]],
  ["add", "adult", ["gte", "_S.age", 18]],
  ["if", ["gt", "_S.age", 60],
    ["add", "discount", ["decimal", "0.25"]],
    ["add", "discount", null]],
  ["add", "department", ["first", ["hops", {
    "datasets": ["dept d"],
    "where": [["eq", "_S.dept", "d._id"]],
    "return": "d.title"
  }]]],
  ["add", "typed", 7]
]"""

# The value is there when both the panel and the line have it; painted is the frame after.
TYPE = """async value => {
  const notebook = [...window.jupyterapp.shell.widgets("main")].find(w => w.content?.activeCell);
  const {editor} = notebook.content.activeCell.editor;
  const text = editor.state.doc.toString();
  const at = text.lastIndexOf('"typed", ') + 9;
  const end = text.indexOf("]", at);
  const isThere = () =>
    [...document.querySelectorAll(".sesam-live .sesam-sides tr")]
      .some(tr => tr.textContent.includes("typed") && tr.textContent.includes(value)) &&
    [...document.querySelectorAll(".dtl-inlay")]
      .some(one => one.textContent === `typed = ${value}`);
  const begin = performance.now();
  editor.dispatch({changes: {from: at, to: end, insert: value}, userEvent: "input.type"});
  while (!isThere()) await new Promise(next => requestAnimationFrame(next));
  await new Promise(next => requestAnimationFrame(next));
  return performance.now() - begin;
}"""


def measured(keys: int) -> list[float]:
    import shutil

    from conftest import FLAGS, PIPES, Lab
    from notebook_page import command, new_page, open_cells
    from playwright.sync_api import sync_playwright

    import sesam_interactive
    from sesam_interactive.client.managed import wait_for_node

    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        project, place = folder / "project", folder / "lab"
        (project / "pipes").mkdir(parents=True)
        place.mkdir()
        for pipe in PIPES:
            manual = pipe | {"pump": {"mode": "manual"}}
            (project / "pipes" / f"{pipe['_id']}.conf.json").write_text(json.dumps(manual))
        lab = Lab(place, project)
        try:
            with sesam_interactive.connect(*wait_for_node(place / "node")) as hub:
                for name in ("dept", "person", "person-enriched"):
                    hub.pipes[name].run(progress=False)
            with sync_playwright() as playwright:
                chromium = shutil.which("chromium") or shutil.which("chromium-browser")
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                page = new_page(browser)
                open_cells(page, lab, CELL)
                page.locator(".jp-CodeCell .cm-content").click()
                command(page, "sesam:live")
                page.locator(".sesam-live .sesam-sides").wait_for(timeout=60_000)
                values = [str(1_000 + 7 * number) for number in range(keys + 5)]
                return [page.evaluate(TYPE, value) for value in values][5:]
        finally:
            lab.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=60)
    times = measured(parser.parse_args().keys)
    middle, most = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    print(f"{len(times)} keys: p50 {middle:.0f} ms, p95 {most:.0f} ms, most {max(times):.0f} ms")


if __name__ == "__main__":
    main()
