"""Every notebook runs from top to bottom in a real kernel, against a node of its own."""

import os
from pathlib import Path

import nbformat
import pytest
from demo_project import DEMO, NOTEBOOKS
from nbclient import NotebookClient

from sesam_interactive.client import ManagedNode

ALL = sorted(NOTEBOOKS.glob("*.ipynb"))


def execute(notebook: Path, node: ManagedNode, timeout_s: int):
    """The executed notebook; fails at the first cell that raises and is not tagged for it."""
    content = nbformat.read(notebook, as_version=4)
    environment = os.environ | {"NODE": node.url, "JWT": node.token}
    client = NotebookClient(
        content, timeout=timeout_s, resources={"metadata": {"path": str(NOTEBOOKS)}}
    )
    client.execute(env=environment)
    return content


def outputs(content) -> str:
    return "\n".join(
        str(
            output.get("text")
            or output.get("data", {}).get("text/plain")
            or output.get("traceback")
        )
        for cell in content.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


@pytest.mark.parametrize("notebook", ALL, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(notebook, tmp_path, demo_copy):
    with ManagedNode(tmp_path / "node", demo_copy) as node:
        shown = outputs(execute(notebook, node, 120))
    assert 'unknown function "uper"; did you mean "upper"?' in shown
    assert "saved" in shown


@pytest.mark.long
@pytest.mark.parametrize("notebook", ALL, ids=lambda path: path.stem)
def test_a_notebook_runs_over_all_flights(notebook, tmp_path, demo_data):
    with ManagedNode(tmp_path / "node", DEMO) as node:
        shown = outputs(execute(notebook, node, 600))
    assert "336,776 changed" in shown


def test_notebooks_are_committed_with_outputs_that_are_worth_reading():
    for notebook in ALL:
        content = nbformat.read(notebook, as_version=4)
        code = [cell for cell in content.cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in code), f"{notebook.name} was not executed"
        text = notebook.read_text()
        assert str(Path.home()) not in text
        assert str(NOTEBOOKS.parent) not in text
