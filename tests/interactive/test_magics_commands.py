"""%dtl and %sesam: each in one line."""

import json

import pytest

from sesam_interactive import ClientError
from sesam_interactive.client import connected_hub
from sesam_interactive.magics.cell import CellError


@pytest.fixture
def loaded(hub):
    for name in ("person", "dept"):
        hub.pipes[name].run(progress=False)
    return hub


@pytest.fixture
def dtl(shell, loaded):
    return lambda line: repr(shell.run_line_magic("dtl", line))


@pytest.fixture
def sesam(shell, loaded):
    return lambda line: repr(shell.run_line_magic("sesam", line))


# -- %dtl ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["%dtl help concat", "%dtl? concat", "%dtl help ['concat',"])
def test_a_function_is_explained(shell, loaded, line):
    shown = shell.run_cell(line).result
    assert '["concat", VALUES(value-expression{>=1})]' in repr(shown)
    assert (
        '["concat", "Hello ", "_S.name", "!"]   of {"name": "Ada"}\n      → "Hello Ada!"'
        in repr(shown)
    )
    assert "<td" in shown._repr_html_()


def test_every_function_can_be_shown():
    from sesam_interactive.magics.reference import catalogue, function_help

    for name in catalogue():
        assert repr(function_help(name)).startswith(f"{name} (")
        function_help(name)._repr_html_()


def test_functions_are_found_by_a_word_and_a_misspelt_one_is_told(dtl):
    assert dtl("functions upper case").splitlines()[1].startswith("upper ")
    with pytest.raises(CellError, match='no function "concta"; did you mean "concat"'):
        dtl("help concta")
    with pytest.raises(CellError, match='no function has to do with "qqqq"'):
        dtl("functions qqqq")


def test_without_a_command_they_are_listed(dtl, sesam):
    assert "%dtl accept [FILE]" in dtl("")
    assert "%sesam run PIPE" in sesam("")


def test_the_last_cell_a_pipe_and_a_file_are_checked(shell, dtl, tmp_path):
    with pytest.raises(CellError, match="no %%dtl cell has run yet"):
        dtl("check")
    shell.run_cell_magic("dtl", "person", '[["copy", "_id"], ["add", "n", "_S.nam"]]')
    assert 'did you mean "name"?' in dtl("check")
    assert dtl("check person-named") == "no problems"
    file = tmp_path / "p.conf.json"
    file.write_text('{\n  "transform": {"type": "dtl", "rules": {"default": [["cpy", "*"]]}}\n}')
    with pytest.raises(CellError) as caught:
        dtl(f"check {file}")
    assert "line 2, column 55" in str(caught.value)
    assert 'did you mean "copy"' in str(caught.value)
    with pytest.raises(CellError, match="cannot be read"):
        dtl("check nowhere.json")


def test_the_last_cell_is_laid_out_as_the_next_one(shell, dtl):
    shell.run_cell_magic(
        "dtl", "person", '[["copy","_id"], // key\n["add","n",["upper","_S.name"]],]'
    )
    expected = '%%dtl person\n[\n  ["copy", "_id"], // key\n  ["add", "n", ["upper", "_S.name"]]\n]'
    assert dtl("format") == expected
    assert shell.rl_next_input == expected


def test_a_file_is_laid_out(dtl, tmp_path):
    file = tmp_path / "r.json"
    file.write_text('[["copy","_id"]]')
    assert dtl(f"format {file}") == '[\n  ["copy", "_id"]\n]'
    assert file.read_text() == '[["copy","_id"]]'
    dtl(f"format {file} --write")
    assert file.read_text() == '[\n  ["copy", "_id"]\n]\n'
    assert "laid out already" in dtl(f"format {file} --write")
    file.write_text('[["copy" "_id"]]')
    with pytest.raises(CellError, match="line 1, column 10"):
        dtl(f"format {file} --write")


def test_the_node_is_told_of_and_another_one_used(shell, dtl, node, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "sesam-interactive" / "profiles.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"same": {"node": node.url, "jwt": node.token}}))
    before = connected_hub()
    assert dtl("node").splitlines() == [f"connected to {node.url}/api", "profiles: same"]
    assert dtl("node same") == f"connected to {node.url}/api"
    with connected_hub() as other:
        assert other is not before
        assert node.token not in dtl("node")
        with pytest.raises(ClientError, match=r'no profile "sme" .*did you mean "same"'):
            dtl("node sme")
        with pytest.raises(ClientError, match="cannot reach the node"):
            dtl("node http://127.0.0.1:9")
        assert connected_hub() is other
    monkeypatch.setenv("JWT", node.token)
    assert dtl(f"node {node.url}") == f"connected to {node.url}/api"
    connected_hub().close()


def test_the_status_names_what_failed(shell, loaded, dtl):
    with pytest.raises(ClientError, match="not today"):
        loaded.pipes["failing"].run(progress=False)
    _, has, failed = dtl("status").splitlines()
    assert has.startswith("has      5 pipes, ")
    assert failed == "failed   failing"


# -- %sesam ----------------------------------------------------------------------------------------


def test_pipes_datasets_and_systems_are_listed_as_text_and_table(shell, loaded, sesam):
    head, *rows = [line.split() for line in sesam("datasets").splitlines()]
    assert head == ["dataset", "entities", "populated"]
    assert ["person", "3", "true"] in rows
    assert sesam("systems") == "systems: none"
    assert '<Pipe "person">' in sesam("pipes person")
    assert "<table>" in shell.run_line_magic("sesam", "pipes")._repr_html_()


def test_pipes_are_run_and_no_one_where_one_is_not_there(shell, loaded, sesam):
    assert "3 changed" in sesam("run person-named")
    with pytest.raises(ClientError, match='did you mean "person-named"'):
        sesam("run person person-name")
    assert len(shell.run_line_magic("sesam", "run person dept --full")) == 2
    with pytest.raises(CellError, match="expected %sesam run"):
        sesam("run")


def test_runs_are_told(sesam):
    sesam("run person-named")
    head, first, *_ = sesam("log person-named").splitlines()
    assert head.split() == ["when", "what", "read", "changed", "seconds", "message"]
    assert "completed" in first


def test_a_project_is_compared_and_uploaded(shell, loaded, sesam, project_folder):
    (project_folder / "pipes" / "dept.conf.json").unlink()
    config = json.loads((project_folder / "pipes" / "person-named.conf.json").read_text())
    config["transform"]["rules"]["default"][1] = ["add", "name", ["lower", "_S.name"]]
    (project_folder / "pipes" / "person-named.conf.json").write_text(json.dumps(config))
    (project_folder / "pipes" / "new.conf.json").write_text(
        json.dumps({"_id": "new", "type": "pipe", "source": {"type": "http_endpoint"}})
    )
    text = sesam(f"diff {project_folder}")
    for line in ("added new", "removed dept", '["lower", "_S.name"]'):
        assert line in text
    assert "5 components" in sesam(f"upload {project_folder}")
    assert '["lower", "_S.name"]' not in sesam(f"diff {project_folder}")
    with pytest.raises(ClientError, match="there is no project folder"):
        sesam("upload nowhere")
    with pytest.raises(CellError, match="which folder"):
        sesam("upload")


def test_the_kernels_own_node_is_started_and_stopped(shell, loaded, sesam, tmp_path, monkeypatch):
    with pytest.raises(ClientError, match="was not started by this kernel"):
        sesam("node stop")
    monkeypatch.setenv("SESAM_NODE_DATA", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("SESAM_NODE_DATA")
    assert "0 pipes, 0 datasets" in sesam("node start")
    assert "has stopped; its data stays in" in sesam("node stop")
    assert connected_hub() is None
    with pytest.raises(ClientError, match="not connected"):
        sesam("node stop")


def test_a_misspelt_command_is_told(sesam, dtl):
    with pytest.raises(CellError, match='there is no %sesam stauts; did you mean "status"'):
        sesam("stauts")
    with pytest.raises(CellError, match="invalid choice: 'hlp'"):
        dtl("hlp")


@pytest.mark.parametrize("line", ["%%dtl?", "%dtl?", "%sesam?"])
def test_the_options_are_shown_by_a_question_mark(shell, loaded, line, capsys):
    shell.run_cell(line)
    text = capsys.readouterr().out
    assert "usage:" in text or "::" in text
