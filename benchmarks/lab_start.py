"""How long the panel of JupyterLab takes to show the node, and what the extension costs the start.

Pairs of page loads with the extension and without it, one after the other, in one JupyterLab with
the demo's node, each in a fresh Chromium context (nothing cached). Prints medians in milliseconds:

    python benchmarks/lab_start.py [PAIRS]
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from sesam_interactive.client.managed import wait_for_node

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "browser"))

# The panel is opened as soon as the page stands, as a workspace that had it open would.
TIMES = """
window.times = {};
const timer = setInterval(() => {
  const app = window.jupyterapp;
  if (app === undefined) return;
  clearInterval(timer);
  app.restored.then(() => {
    window.times.restored = performance.now();
    try { app.shell.activateById("sesam-interactive-panel"); } catch {}
    const look = () => {
      const row = document.querySelector(".sesam-side-panel [data-sesam-kind]");
      if (!row?.checkVisibility()) return requestAnimationFrame(look);
      requestAnimationFrame(() => { window.times.row = performance.now(); });
    };
    look();
  });
}, 1);
"""


def load(browser, lab, *, with_extension):
    """Times of one load, in milliseconds from its beginning; and its requests of ours."""
    page_config = lab.folder / "jupyter_config_dir" / "labconfig" / "page_config.json"
    page_config.parent.mkdir(parents=True, exist_ok=True)
    disabled = {} if with_extension else {"sesam-interactive": True}
    page_config.write_text(json.dumps({"disabledExtensions": disabled}))
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked = []
    page.on("request", lambda r: asked.append(r.url) if "/sesam-interactive/" in r.url else None)
    page.add_init_script(TIMES)
    page.goto(f"{lab.url}/lab?reset&token={lab.token}")
    wanted = "row" if with_extension else "restored"
    page.wait_for_function(f"window.times.{wanted} !== undefined", timeout=120_000)
    times = page.evaluate("() => window.times")
    context.close()
    return times | {"requests": len(asked)}


def main():
    # The lab of the tests, found by the paths above.
    from conftest import FLAGS, Lab
    from demo_project import small_demo

    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder) / "lab", small_demo(Path(folder)))
        wait_for_node(lab.folder / "node")
        executable = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            load(browser, lab, with_extension=True)
            on, off = [], []
            for _ in range(pairs):
                on.append(load(browser, lab, with_extension=True))
                off.append(load(browser, lab, with_extension=False))
            browser.close()
        lab.close()
    costs = [one["restored"] - other["restored"] for one, other in zip(on, off, strict=True)]
    rows = sorted(one["row"] - one["restored"] for one in on)
    print(f"{pairs} pairs of loads, medians in ms")
    print(f"  JupyterLab stands, without  {statistics.median(o['restored'] for o in off):7.0f}")
    print(f"  JupyterLab stands, with     {statistics.median(o['restored'] for o in on):7.0f}")
    print(f"  what it costs, by pair      {statistics.median(costs):7.0f}")
    print(f"  from then to the first row  {statistics.median(rows):7.0f}  worst {rows[-1]:.0f}")
    print(f"  requests until then         {statistics.median(o['requests'] for o in on):7.0f}")


if __name__ == "__main__":
    main()
