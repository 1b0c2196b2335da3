"""Notebooks made for pipes and datasets run from top to bottom, whatever the pipe is."""

import json

import nbformat
import pytest
from nbclient import NotebookClient

from sesam_interactive import ClientError

RULES = [
    ["copy", "*"],
    [
        "add",
        "dept",
        [
            "hops",
            {"datasets": ["dept d"], "where": ["eq", "_S.dept", "d._id"], "return": "d.title"},
        ],
    ],
]
DTL = {"type": "dtl", "rules": {"default": RULES}}


def components(folder):
    """A pipe of each kind; the url system `down` has nobody behind it."""
    person = {"type": "dataset", "dataset": "person"}
    merge = {"type": "merge", "version": 2, "identity": "first", "equality": []}
    url = {"type": "json", "system": "down", "url": "all"}
    csv = {"type": "csv", "system": "files", "url": "a.csv", "primary_key": "id"}
    endpoint = {"type": "csv_endpoint", "columns": ["_id", "name"]}
    braces = {"type": "dtl", "rules": {"default": [["add", "x", "{{y}}"], ["copy", "_id"]]}}
    children = {"type": "emit_children"}
    return [
        {"_id": "down", "type": "system:url", "url_pattern": "http://127.0.0.1:9/%s"},
        {"_id": "files", "type": "system:url", "url_pattern": f"file:{folder}/%s"},
        pipe("hopping", person, transform=DTL, description="With hops"),
        pipe("merged", {**merge, "datasets": ["person p", "dept d"]}),
        pipe("fetched", url),
        pipe("csv rows", csv, transform=DTL),
        pipe("published", person, sink=endpoint),
        pipe("braces", person, transform=braces),
        pipe("several", person, transform=[DTL, children]),
    ]


def pipe(name, source, **more):
    return {"_id": name, "type": "pipe", "source": source, "pump": {"mode": "manual"}, **more}


@pytest.fixture
def many(hub, tmp_path, node, monkeypatch):
    """The small project and a pipe of each kind; people and departments are loaded."""
    (tmp_path / "a.csv").write_text("id,dept\n1,x\n2,y\n")
    hub.connection.json("PUT", "/config", json=[*hub.config(), *components(tmp_path)])
    for name in ("person", "dept"):
        hub.pipes[name].run(progress=False)
    monkeypatch.setenv("NODE", node.url)
    monkeypatch.setenv("JWT", node.token)
    return hub


def run(file):
    """The outputs of a notebook by the ids of its cells, as text, after running it."""
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    client = NotebookClient(notebook, timeout=120, kernel_name="python3")
    client.execute()
    return {
        cell.id: "\n".join(
            output.get("text")
            or output.get("data", {}).get("text/plain")
            or output.get("evalue", "")
            for output in cell.outputs
        )
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def cells(file):
    return {cell.id: cell for cell in nbformat.read(file, as_version=4).cells}


def test_a_pipe_with_hops_is_looked_at_changed_and_tested(many, tmp_path):
    file = many.pipes["hopping"].notebook(tmp_path)
    assert file == tmp_path / "hopping.ipynb"
    told = run(file)
    assert "hopping" in told["flow"]
    assert "dept" in told["flow"]
    assert "Ada" in told["source"]
    assert told["sink"] == "'hopping is not there before the first run'"
    assert "Mathematics" in told["made"]
    assert "3 added" in told["diff"]
    assert told["test"] == "3 source entities make 3, without errors\n"
    assert "hopping" not in many.datasets
    dtl = cells(file)["dtl"].source
    assert dtl.startswith('%%dtl hopping --limit 20 -o made\n[\n  ["copy", "*"],\n')
    assert json.loads(dtl.partition("\n")[2]) == RULES


@pytest.mark.parametrize(
    ("name", "cell", "text"),
    [
        ("merged", "test", "source entities make"),
        pytest.param("csv rows", "made", "Mathematics", marks=pytest.mark.long),
        pytest.param("published", "published", "'Ada'", marks=pytest.mark.long),
        pytest.param("braces", "made", "{{y}}", marks=pytest.mark.long),
        pytest.param("several", "test", "without errors", marks=pytest.mark.long),
        pytest.param("inbox", "test", "0 of 0 entities", marks=pytest.mark.long),
    ],
)
def test_pipes_of_other_kinds_have_notebooks_that_run(many, tmp_path, name, cell, text):
    assert text in run(many.pipes[name].notebook(tmp_path))[cell]


def test_a_notebook_runs_on_where_the_system_of_the_pipe_is_down(many, tmp_path):
    file = many.pipes["fetched"].notebook(tmp_path)
    told = run(file)
    assert "127.0.0.1:9" in told["source"] or "fetched" in told["source"]
    assert "crm" in told["flow"] or "down" in told["flow"]
    assert cells(file)["source"].metadata["tags"] == ["raises-exception"]
    assert "tags" not in cells(file)["flow"].metadata


def test_a_dataset_has_a_notebook_of_its_own(many, tmp_path):
    told = run(many.datasets["person"].notebook(tmp_path / "people"))
    assert (tmp_path / "people.ipynb").exists()
    assert "person: 3 entities" in told["profile"]
    assert "hopping" in told["flow"]
    assert told["test"] == "3 of 3 entities looked at\n"


def test_a_notebook_holds_neither_token_nor_data(many, tmp_path):
    text = many.pipes["hopping"].notebook(tmp_path).read_text()
    assert many.url not in text
    assert "Ada" not in text


def test_an_existing_file_is_replaced_only_where_asked(many, tmp_path):
    file = tmp_path / "mine.ipynb"
    file.write_text("mine")
    with pytest.raises(ClientError, match=r"mine\.ipynb exists; overwrite=True replaces it"):
        many.pipes["hopping"].notebook(file)
    assert file.read_text() == "mine"
    many.pipes["hopping"].notebook(file, overwrite=True)
    assert file.read_text().startswith("{")
    assert [found.name for found in tmp_path.glob(".*")] == []


def test_the_same_pipe_gives_the_same_notebook(many, tmp_path):
    one = many.pipes["hopping"].notebook(tmp_path / "a").read_text()
    assert one == many.pipes["hopping"].notebook(tmp_path / "b").read_text()


def test_a_folder_that_is_not_there_is_told(many, tmp_path):
    with pytest.raises(ClientError, match="there is no folder"):
        many.pipes["hopping"].notebook(tmp_path / "no" / "x.ipynb")


def test_names_that_are_no_file_names_are_made_some(many, tmp_path):
    assert many.pipes["csv rows"].notebook(tmp_path).name == "csv-rows.ipynb"
