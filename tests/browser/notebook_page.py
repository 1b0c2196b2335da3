"""A notebook in a real JupyterLab: written, opened, run, looked at."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import nbformat

numbers = count()
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


def shot(page, name):
    """A screenshot into SCREENSHOTS, where a person asked for them."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/{name}.png")


def new_page(browser):
    """A page of its own; console errors and failed scripts are in its `errors`."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    opened.errors = []
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.on("console", lambda m: opened.errors.append(m.text) if m.type == "error" else None)
    return opened


def open_notebook(page, lab, name):
    """Open a notebook of the lab's `notebooks` folder and wait for its kernel."""
    # A workspace of its own: what another test had open is not opened again.
    workspace = name.removesuffix(".ipynb")
    page.goto(f"{lab.url}/lab/workspaces/{workspace}/tree/notebooks/{name}?token={lab.token}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_function(READY, timeout=60_000)


def write_cells(lab, *sources):
    """Write a new notebook with these code cells; gives its name."""
    name = f"cells-{next(numbers)}.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    content = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(content, lab.folder / "notebooks" / name)
    return name


def open_cells(page, lab, *sources):
    """Open a new notebook with these code cells, in a new kernel; nothing has run yet."""
    open_notebook(page, lab, write_cells(lab, *sources))


def command(page, name):
    """Carry out a command of JupyterLab and wait for its end."""
    page.evaluate("name => window.jupyterapp.commands.execute(name)", name)


def run_all(page):
    """Run every cell; ends when the last one has."""
    command(page, "notebook:run-all-cells")


def output(page, position=0):
    """The output of a code cell, as a locator."""
    return page.locator(".jp-CodeCell").nth(position).locator(".jp-OutputArea")
