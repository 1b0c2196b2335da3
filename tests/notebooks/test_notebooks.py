"""Every notebook runs from top to bottom in a real kernel, and shows what it says.

The first one works on the node that it finds; the others start nodes of their own.
"""

import os
import re
from pathlib import Path

import nbformat
import pytest
from demo_project import DEMO, NOTEBOOKS
from nbclient import NotebookClient

from sesam_interactive.client import ManagedNode

FIRST = NOTEBOOKS / "01-connect-and-look.ipynb"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))
LARGEST = 400_000

SHOWN = {
    "01-connect-and-look": ['unknown function "uper"; did you mean "upper"?', "saved"],
    "02-first-pipe": [
        'Run of "sales-company": ok, 64 read, 0 changed',
        'Run of "sales-company": ok, 64 read, 3 changed',
        "changed C2014 ['city: Bristol → Inverness']",
        'Run of "company": ok, 1 read, 1 changed',
        'fetched from the csv source over the system "sales"',
    ],
    "03-dtl-step-by-step": [
        '"loud": ["ROPE"]',
        'unknown function "datetime-prase"; did you mean "datetime-parse"?',
        'unknown dataset "webshop-acount"; did you mean "webshop-account"?',
        'expected "," or "]"',
        '"euros": "~f1864.88"',
        "a changed currency-rate entity re-runs the webshop-order entities",
        '["decimal", "_S.total"] = null',
        "2 of 2 entities differ from customers/expected/totals.json",
    ],
    "04-customer-360": [
        'Run of "customer": ok, 786 read, 786 changed',
        'Run of "ticket": ok, 1 read, 1 changed',
        'Run of "customer-360": ok, 1 read, 1 changed',
        "[['crm:10078'], ['shop:W-30890', 'desk:7083']]",
        "'$replaced': True",
    ],
    "05-debugging-a-wrong-number": [
        '"revenue" set by add = "~f4816.74"',
        '"euros" set by add = [{"amount": null, "eur": null}]',
        'coverage of pipe "customer-revenue", all 786 entities',
        "211 hits in all 786 source entities",
        "'new': '~f148.78'",
        "267 changed, 0 deleted, 271 unchanged, 0 errors",
        'Run of "customer-revenue": ok, 786 read, 267 changed',
        "(538, 0)",
    ],
    "06-a-project-with-tests": [
        'unknown transform "copi"; did you mean "copy"?',
        "the project customers has an error",
        "customers: 2 passed, 0 failed",
        "FAILED open-case-share.test.json",
        '-    "_id": "desk:7055",',
        "exit code 0",
        "newsletter-csv  changed",
    ],
    "07-notebooks-from-a-pipe": [
        "customer-360.ipynb",
        "['connect', 'flow', 'source', 'sink', 'dtl', 'made', 'diff', 'run-it', 'test']",
        "customer-360: 786 entities",
        "over a sample of 300 source entities",
        "ticket: 640 entities",
    ],
}
"""What the outputs of a notebook must hold."""


def execute(notebook: Path, timeout_s: int = 120, node: ManagedNode | None = None):
    """The executed notebook; fails at the first cell that raises and is not tagged for it."""
    content = nbformat.read(notebook, as_version=4)
    environment = {k: v for k, v in os.environ.items() if k not in ("NODE", "JWT")}
    if node is not None:
        environment |= {"NODE": node.url, "JWT": node.token}
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
            or "\n".join(output.get("traceback", ()))
        )
        for cell in content.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


def check(notebook: Path, shown: str) -> None:
    missing = [text for text in SHOWN[notebook.stem] if text not in shown]
    assert not missing, shown


def test_the_first_notebook_runs_from_top_to_bottom(tmp_path, demo_copy):
    with ManagedNode(tmp_path / "node", demo_copy) as node:
        check(FIRST, outputs(execute(FIRST, node=node)))


@pytest.mark.parametrize("notebook", ALL[1:3], ids=lambda path: path.stem)
def test_a_notebook_runs_on_a_node_of_its_own(notebook):
    check(notebook, outputs(execute(notebook)))


@pytest.mark.long
@pytest.mark.parametrize("notebook", ALL[3:], ids=lambda path: path.stem)
def test_a_later_notebook_runs_on_a_node_of_its_own(notebook):
    check(notebook, outputs(execute(notebook)))


@pytest.mark.long
def test_the_first_notebook_runs_over_all_flights(tmp_path, demo_data):
    with ManagedNode(tmp_path / "node", DEMO) as node:
        shown = outputs(execute(FIRST, 600, node))
    assert "336,776 changed" in shown


@pytest.mark.parametrize("notebook", ALL, ids=lambda path: path.stem)
def test_notebooks_are_committed_with_outputs_that_are_worth_reading(notebook):
    content = nbformat.read(notebook, as_version=4)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code), "it was not executed"
    check(notebook, outputs(content))
    text = notebook.read_text()
    assert len(text) < LARGEST
    for machine in (Path.home(), NOTEBOOKS.parent, "/tmp/"):
        assert str(machine) not in text


@pytest.mark.parametrize("notebook", ALL, ids=lambda path: path.stem)
def test_errors_are_shown_on_purpose_and_without_a_traceback(notebook):
    for cell in nbformat.read(notebook, as_version=4).cells:
        failed = [o for o in cell.get("outputs", ()) if o.output_type == "error"]
        assert bool(failed) == ("raises-exception" in cell.metadata.get("tags", ())), cell.source
        assert "Traceback" not in "".join(line for error in failed for line in error.traceback)


@pytest.mark.parametrize("notebook", ALL[:-1], ids=lambda path: path.stem)
def test_a_notebook_says_which_to_read_next(notebook):
    last = nbformat.read(notebook, as_version=4).cells[-1]
    assert last.cell_type == "markdown"
    named = re.findall(r"\((\d\d-[\w-]+\.ipynb)\)", last.source)
    assert named
    assert all(name > notebook.name for name in named)
