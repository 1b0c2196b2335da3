"""Whole notebooks with magics: run by nbclient, exported by nbconvert, without a widget."""

import json
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

RULES = '[["copy", "_id"], ["add", "who", ["upper", "_S.name"]]]'


@pytest.fixture
def run(hub, node, monkeypatch):
    """Runs cells in a new kernel that is connected to the node; the notebook with its outputs."""
    monkeypatch.setenv("NODE", node.url)
    monkeypatch.setenv("JWT", node.token)
    for name in ("person", "dept", "person-named"):
        hub.pipes[name].run(progress=False)

    def run(*cells):
        notebook = made("%load_ext sesam_interactive", *cells)
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
        return notebook

    return run


def made(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])


def texts(notebook):
    """The plain text of each cell's outputs."""
    found = []
    for cell in notebook.cells[1:]:
        parts = [
            out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs
        ]
        found.append("\n".join(parts))
    return found


def test_every_output_is_useful_text_and_the_same_each_time(run):
    cells = (
        f"%%dtl person --limit 1\n{RULES}",
        f"%%dtl person --entity 1 --explain\n{RULES}",
        f"%%dtl --diff person-named\n{RULES}",
        f"out << person\n{RULES}".join(["%%dtl ", ""]),
        "len(out)",
        "%dtl help upper",
        "%sesam pipes",
    )
    first, again = texts(run(*cells)), texts(run(*cells))
    assert first == again
    assert first[0].startswith("person: 1 read, 1 emitted")
    assert "who ← upper(_S.name)" in first[1]
    assert "who: 3 added" in first[2]
    assert first[3:5] == ["", "3"]
    assert "Write each string in upper case" in first[5]
    assert "person-named" in first[6]


def test_a_trace_is_kept_in_the_notebook_for_views(run):
    (cell,) = run(f"%%dtl person --trace --entity 1\n{RULES}").cells[1:]
    data = cell.outputs[0]["data"]
    assert data["application/vnd.sesam.trace+json"]["format"] == "sesam-dtl-trace"
    assert "sets who" in data["text/plain"]
    assert "<table" in data["text/html"]


def test_a_mistake_ends_the_run_with_its_place_and_no_traceback(run):
    with pytest.raises(CellExecutionError) as caught:
        run('%%dtl person\n[\n  ["add", "who", ["uper", "_S.name"]]\n]')
    text = str(caught.value)
    assert 'unknown function "uper"; did you mean "upper"?' in text
    assert "line 2, column" in text
    assert "Traceback" not in text
    assert "magics/" not in text


@pytest.mark.parametrize(
    ("line", "said"),
    [("person --check", "not today"), ("person --expect {file}", "1 of 1 entities differ")],
)
def test_what_fails_makes_the_export_fail_too(run, hub, node, tmp_path, line, said):
    file = tmp_path / "one.json"
    file.write_text('[{"_id": "1", "n": 1}]')
    cell = '[["fail!", "not today"]]' if "check" in line else '[["copy", "_id"]]'
    line = line.format(file=file) + " --entity 1"
    notebook = tmp_path / "n.ipynb"
    nbformat.write(made("%load_ext sesam_interactive", f"%%dtl {line}\n{cell}"), notebook)
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", str(notebook)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert said in done.stderr
    assert node.token not in done.stderr


def test_an_exported_page_shows_results_without_scripts_of_ours(run, tmp_path):
    from nbconvert import HTMLExporter

    notebook = run(
        f"%%dtl person --limit 1\n{RULES}",
        f"%%dtl person --trace --limit 1\n{RULES}",
        f"%%dtl --diff person-named\n{RULES}",
    )
    page, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
    for text in ('+ "who": "ADA"', "sets who", "entity by entity"):
        assert text in page
    outputs = json.dumps([cell.outputs for cell in notebook.cells])
    assert "<script" not in outputs
